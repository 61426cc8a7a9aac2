"""A real browser, and a studio to open in it."""

import shutil

import pytest
from playwright.sync_api import expect, sync_playwright

from bearkit import Project, import_images
from bearkit.labelling.label_queue import LabelQueue
from tests.conftest import drawings, write_drawings
from tests.studio.pages import SECONDS, Browser, Studio, is_outside
from tests.studio.reviewing import opened, plant, reopened

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
expect.set_options(timeout=SECONDS)  # five seconds otherwise, which a busy machine may need for a click
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
)


@pytest.fixture(scope="package")
def one_browser():
    if CHROMIUM is None:
        pytest.skip("no chromium on this machine; `make test` installs it when run as root on Debian")
    with sync_playwright() as playwright:
        yield Browser(playwright.chromium.launch(executable_path=CHROMIUM, args=list(QUIET)))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item):
    """Note that a test failed: the page that it leaves is not for the next one."""
    report = yield
    item.failed = getattr(item, "failed", False) or report.failed
    return report


@pytest.fixture
def browser(one_browser, request):
    """The browser of all tests; the pages that a test leaves open are closed, but for those that are kept."""
    one_browser.begin(request.node.path)
    yield one_browser
    one_browser.forget(request.node.failed)


@pytest.fixture(scope="package")
def one_studio(one_browser, tmp_path_factory):
    """The studio of all tests that need none of their own. A test begins with what it shows; see `Studio.show`."""
    running = Studio(Project(tmp_path_factory.mktemp("studio") / "shapes"))
    yield running
    one_browser.drop_kept()
    running.end()


@pytest.fixture
def start():
    """Starts a studio of a project, at a port, that ends with the test."""
    begun = []

    def begin(project, port=None):
        begun.append(Studio(project, port))
        return begun[-1]

    yield begin
    for running in begun:
        running.end()


@pytest.fixture
def studio(one_studio, tmp_path, with_body):
    """A studio of an empty project, and a folder of drawings; yields (url, tmp_path)."""
    write_drawings(tmp_path / "photos", 8)
    (tmp_path / "photos" / "disc" / "page.jpg").write_text("<html></html>")
    one_studio.show(with_body(Project(tmp_path / "shapes")).root)
    return one_studio.url, tmp_path


@pytest.fixture
def page(studio, browser):
    """The studio's page, in a browser that notes what it asks of other machines."""
    page = browser.new_page()
    page.asked_outside = []
    page.on("request", lambda request: page.asked_outside.append(request.url) if is_outside(request.url) else None)
    page.goto(studio[0])
    return page


@pytest.fixture(scope="session")
def suspicious(drawn, tmp_path_factory):
    """A project of 36 drawings of which four have a wrong label, and what they should be; to be copied."""
    project = Project(shutil.copytree(drawn.root, tmp_path_factory.mktemp("suspicious") / "shapes"))
    return project, plant(project)


@pytest.fixture
def reviewed(one_studio, suspicious):
    """A studio with four wrong labels, and what they should be, for a test that opens pages of its own."""
    project, wrong = suspicious
    one_studio.show(project.root)
    return one_studio, wrong


@pytest.fixture
def review(browser, reviewed):
    """The same with a page on the Review tab: six suspects."""
    running, wrong = reviewed
    return running, reopened(browser, running), wrong


@pytest.fixture
def own_review(browser, start, suspicious, tmp_path):
    """The same with a studio that the test may kill."""
    project, wrong = suspicious
    running = start(Project(shutil.copytree(project.root, tmp_path / "shapes")))
    return running, opened(browser, running.url), wrong


@pytest.fixture(scope="session")
def unlabelled(once, with_body):
    """A project of 36 drawings without labels, with features; to be copied."""

    def make(folder):
        project = with_body(Project(folder / "shapes"))
        (folder / "photos").mkdir()
        for _, name, content in drawings():
            if int("".join(c for c in name if c.isdigit())) < 12:
                (folder / "photos" / name).write_bytes(content)
        import_images(project, folder / "photos", labelled=False)
        assert LabelQueue(project).page().unlabelled == 36

    return Project(once("unlabelled", make) / "shapes")


@pytest.fixture
def running(one_studio, unlabelled):
    """A studio of the same project."""
    one_studio.show(unlabelled.root)
    return one_studio


@pytest.fixture
def own_running(start, unlabelled, tmp_path):
    """The same that the test may kill."""
    return start(Project(shutil.copytree(unlabelled.root, tmp_path / "shapes")))
