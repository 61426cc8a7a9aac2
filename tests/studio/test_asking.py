"""What the Data tab asks about a source, in a real browser."""

import pytest
from playwright.sync_api import expect

from bearkit import Project
from bearkit.catalog.catalog import Catalog
from bearkit.web import uploads
from tests.conftest import write_pictures
from tests.studio.pages import SECONDS, Studio, import_folder

BROKEN = b"PK\x03\x04 and no more"


@pytest.fixture
def studio(browser, tmp_path):
    project = Project(tmp_path / "project")
    running = Studio(project)
    page = browser.new_page()
    page.goto(running.url)
    yield page, project
    running.end()


def test_in_the_browser_no_button_of_an_old_question_is_left(studio, tmp_path):
    page, project = studio
    write_pictures(tmp_path, {"first": 3})
    write_pictures(tmp_path, {"second": 2}, start=50)
    no_labels = page.get_by_role("button", name="No labels yet")

    def asked(name):
        expect(page.get_by_text(f"{name}: All of these pictures would get one label")).to_be_visible(timeout=SECONDS)
        expect(no_labels).to_be_visible(timeout=SECONDS)

    def gone():
        expect(page.get_by_text("All of these pictures would get one label")).to_have_count(0, timeout=SECONDS)
        expect(no_labels).to_be_hidden(timeout=SECONDS)

    import_folder(page, tmp_path / "first")
    asked("first")
    import_folder(page, tmp_path / "nowhere")
    gone()
    import_folder(page, tmp_path / "first")
    asked("first")
    (tmp_path / "my bears.zip").write_bytes(BROKEN)
    page.locator("input[type=file]").first.set_input_files(tmp_path / "my bears.zip")
    toast = page.locator(".toast-body", has_text="cannot be opened as a zip")  # it goes by itself
    expect(toast).to_contain_text("my bears.zip", timeout=SECONDS)
    expect(toast).not_to_contain_text(uploads.PREFIX)
    gone()
    import_folder(page, tmp_path / "first")
    asked("first")
    page.get_by_role("tab", name="Links").click()
    page.get_by_role("button", name="Download the pictures").click()  # of no address
    gone()
    page.get_by_role("tab", name="Folder").click()
    import_folder(page, tmp_path / "first")
    asked("first")
    import_folder(page, tmp_path / "second")
    asked("second")
    page.get_by_role("button", name="One label: second").click()
    gone()
    expect(page.get_by_text("2 new pictures")).to_be_visible(timeout=SECONDS)
    assert [image.label for image in Catalog(project).images()] == ["second"] * 2
