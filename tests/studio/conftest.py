"""A real browser, and a studio to open in it."""

import shutil

import pytest
from playwright.sync_api import expect, sync_playwright

from bearkit import Project, import_images
from bearkit.labelling.label_queue import LabelQueue
from tests.conftest import drawings, write_drawings
from tests.studio.pages import SECONDS, Browser, Studio, is_outside
from tests.studio.reviewing import as_at_first, opened

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


@pytest.fixture
def browser(one_browser):
    """The browser of all tests; the pages that a test leaves open are closed."""
    yield one_browser
    one_browser.forget()


@pytest.fixture
def studio(tmp_path, with_body):
    """A studio of an empty project, and a folder of drawings; yields (url, tmp_path)."""
    write_drawings(tmp_path / "photos", 8)
    (tmp_path / "photos" / "disc" / "page.jpg").write_text("<html></html>")
    running = Studio(with_body(Project(tmp_path / "shapes")))
    yield running.url, tmp_path
    running.end()


@pytest.fixture
def page(studio, browser):
    """The studio's page, in a browser that notes what it asks of other machines."""
    page = browser.new_page()
    page.asked_outside = []
    page.on("request", lambda request: page.asked_outside.append(request.url) if is_outside(request.url) else None)
    page.goto(studio[0])
    return page


@pytest.fixture(scope="module")
def shared_review(drawn, tmp_path_factory):
    """One studio for the tests that leave its pictures as they are: decisions are taken back before each."""
    project = Project(shutil.copytree(drawn.root, tmp_path_factory.mktemp("shared") / "shapes"))
    running = Studio(project)
    yield running
    running.end()


@pytest.fixture
def reviewed(shared_review):
    """The shared studio with four wrong labels, and what they should be, for a test that opens pages of its own."""
    return shared_review, as_at_first(shared_review)


@pytest.fixture
def review(browser, reviewed):
    """The same with a page on the Review tab: six suspects."""
    running, wrong = reviewed
    return running, opened(browser, running.url), wrong


@pytest.fixture
def own_review(browser, shapes):
    """The same with a studio that the test may kill, and pictures that it may add to."""
    running = Studio(shapes)
    wrong = as_at_first(running)
    yield running, opened(browser, running.url), wrong
    running.end()


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
def running(unlabelled, tmp_path):
    """A studio of the same project, for one test alone."""
    studio = Studio(Project(shutil.copytree(unlabelled.root, tmp_path / "shapes")))
    yield studio
    studio.end()
