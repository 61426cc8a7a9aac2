"""From pictures without labels to a training, by browser alone; and the address of each tab."""

import re

import pytest
from playwright.sync_api import expect

from bearkit import Project
from bearkit.catalog.catalog import Catalog
from bearkit.catalog.decisions import DecisionLog
from tests.conftest import picture, write_pictures
from tests.studio.pages import SECONDS, Studio, import_folder, shoot
from tests.studio.reviewing import figures, relabel, stored


@pytest.fixture
def empty(browser, tmp_path):
    """A studio of no project yet, its page, and a folder of four pictures."""
    write_pictures(tmp_path, {"photos": 4})
    running = Studio(Project(tmp_path / "project"))
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    page.goto(running.url)
    yield running, page, tmp_path / "photos"
    running.end()


def shown(page, text):
    expect(page.get_by_text(text).filter(visible=True).first).to_be_visible(timeout=SECONDS)


def labels(running):
    return [image.label for image in DecisionLog(Catalog(running.project)).images()]


def test_a_flat_folder_is_asked_about_and_its_pictures_are_labelled_one_by_one(empty):
    running, page, folder = empty
    import_folder(page, folder)
    shown(page, "All of these pictures would get one label, `photos`")
    shoot(page, "data-7-asked")
    page.get_by_role("button", name="No labels yet").click()
    shown(page, "4 new pictures")
    shown(page, "4 pictures, none labelled yet")
    assert labels(running) == [""] * 4
    page.get_by_role("tab", name="Train").click()
    expect(page.get_by_role("button", name="Train: label some pictures first")).to_be_disabled(timeout=SECONDS)
    shown(page, "None of the 4 pictures has a label")
    expect(page.get_by_role("tabpanel").get_by_role("link", name="Label")).to_have_attribute("href", "?tab=label")
    page.get_by_role("tab", name="Review").click()
    shown(page, "Label some pictures one by one")
    expect(figures(page)).to_have_count(4, timeout=SECONDS)
    for label in ("bear", "owl"):
        relabel(page, label)
    stored(page, 2)
    expect(page.locator(".bk-head span")).to_have_text("4 pictures · 2 labels: bear, owl", timeout=SECONDS)
    assert sorted(labels(running)) == ["", "", "bear", "owl"]
    page.get_by_role("tab", name="Train").click()
    expect(page.get_by_role("button", name="Train: needs a second picture of bear, owl")).to_be_disabled(
        timeout=SECONDS
    )


def test_folders_that_can_be_read_in_several_ways_are_asked_about(empty):
    running, page, _ = empty
    source = running.project.root.parent / "pets"
    for split, start in (("train", 0), ("test", 50)):
        (source / split).mkdir(parents=True)
        for n in range(6):
            (source / split / f"{'cat' if n % 2 else 'dog'}.{n}.png").write_bytes(picture(start + n, kind="PNG"))
    import_folder(page, source)
    shown(page, "What are the labels?")
    page.get_by_role("button", name="Labels: cat 6, dog 6 · splits: test 6, train 6").click()
    shown(page, "12 new pictures")
    assert sorted(set(labels(running))) == ["cat", "dog"]
    expect(page.get_by_role("button", name="No labels yet")).to_be_hidden(timeout=SECONDS)


def test_one_label_can_be_said_and_taken_away_again(empty):
    running, page, folder = empty
    import_folder(page, folder)
    page.get_by_role("button", name="One label: photos").click()
    shown(page, "4 pictures · 1 label: photos")
    assert labels(running) == ["photos"] * 4
    page.locator(".dt-grid figure").first.click()
    expect(page.locator(".rv-facts")).to_be_in_viewport(timeout=SECONDS)
    page.get_by_role("button", name="No label", exact=True).click()
    shown(page, "1 picture: label removed.")
    expect(page.locator(".dt-grid figcaption").filter(has_text=re.compile("^no label$"))).to_have_count(
        1, timeout=SECONDS
    )
    assert labels(running).count("") == 1
    page.get_by_role("tab", name="Train").click()
    expect(page.get_by_role("button", name="Train: needs a second label besides photos")).to_be_disabled(
        timeout=SECONDS
    )


def test_the_address_names_the_tab_a_reload_stays_and_back_goes_back(review):
    _, page, _ = review
    for name in ("Predict", "Publish"):
        page.get_by_role("tab", name=name).click()
        expect(page).to_have_url(re.compile(f"tab={name.lower()}"))
    page.reload()
    expect(page.get_by_role("tab", name="Publish")).to_have_attribute("aria-selected", "true", timeout=SECONDS)
    page.go_back()
    expect(page.get_by_role("tab", name="Predict")).to_have_attribute("aria-selected", "true", timeout=SECONDS)
    page.go_back()
    expect(page.locator(".rv-grid")).to_be_focused(timeout=SECONDS)


def test_an_answer_never_stands_beside_a_file_that_is_no_picture(review, tmp_path):
    running, page, _ = review
    page.get_by_role("tab", name="Predict").click()
    shown(page, "Drop a picture.")
    drop = page.locator("[role=tabpanel]:visible input[type=file]").first
    drop.set_input_files(next((running.project.images / "star").glob("*.png")))
    shown(page, re.compile("sure, in|unlike the training"))
    (tmp_path / "page.jpg").write_text("<html></html>")
    page.get_by_label("Remove Image").or_(page.get_by_label("Clear")).first.click()
    drop.set_input_files(tmp_path / "page.jpg")
    expect(page.get_by_text(re.compile("sure, in|unlike the training"))).to_have_count(0, timeout=SECONDS)
    shown(page, "web page")
    expect(page.get_by_text(re.compile("sure, in|unlike the training"))).to_have_count(0)
