"""The Predict tab in a real browser: one picture, many at once, and a wrong prediction that is corrected."""

import csv
import re
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import expect

from bearkit import Predictor, export_model
from bearkit.catalog.catalog import Catalog
from bearkit.catalog.decisions import DecisionLog
from bearkit.inference.batch import predict_files
from bearkit.studio.predict_many import MOST_SHOWN
from tests.conftest import drawings
from tests.studio.pages import SECONDS, shoot


@pytest.fixture
def trained_studio(one_studio, trained):
    one_studio.show(trained.project.root)
    return one_studio


@pytest.fixture
def predicting(browser, trained_studio):
    """The kept page on the Predict tab of a trained project, for one picture; yields (page, project)."""
    page = browser.kept_page(trained_studio.url, "?tab=predict")
    expect(page.get_by_label("Model").first).to_have_value(re.compile("^run 001"), timeout=SECONDS)
    page.get_by_role("tab", name="One picture").click()
    return page, trained_studio.project


@pytest.fixture
def predict_page(browser, trained_studio):
    """A new page, for a test that gives one picture after another, or looks at the answer to the first."""
    page = browser.new_page()
    page.goto(f"{trained_studio.url}?tab=predict")
    expect(page.get_by_label("Model").first).to_have_value(re.compile("^run 001"), timeout=SECONDS)
    return page


@pytest.fixture
def strangers(tmp_path):
    """A folder of six drawings that the project does not have, and a file that is no image."""
    folder = tmp_path / "new"
    folder.mkdir()
    for label, name, content in drawings():
        if int("".join(c for c in name if c.isdigit())) in (14, 15):
            (folder / f"{label} {name}").write_bytes(content)
    (folder / "page.jpg").write_text("<html></html>")
    return folder


def labels(project):
    return {image.image_id: image.label for image in DecisionLog(Catalog(project)).images()}


def test_a_folder_becomes_a_grid_and_a_table_and_joins_the_data(predicting, trained, strangers, tmp_path):
    page, project = predicting
    page.get_by_role("tab", name="Many pictures").click()
    page.get_by_label("Or a folder or .zip").fill(str(strangers))
    page.get_by_role("button", name="Predict", exact=True).click()
    page.get_by_text("6 pictures predicted, 1 file not.").wait_for()
    expected = predict_files(Predictor(export_model(trained.project, tmp_path / "model")), [strangers])
    for row in expected:
        if "error" not in row:
            image = page.get_by_alt_text(re.compile(f": {re.escape(Path(row['path']).name)}$"))
            assert image.get_attribute("alt").startswith(row["label"] if row["known"] else "none of these")
    page.get_by_text("Not predicted (1)").click()
    expect(page.get_by_role("cell", name="page.jpg")).to_be_visible()
    shoot(page, "predict-many")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download the table (CSV)").click()
    with Path(download.value.path()).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["path"], row["label"]) for row in rows] == [(row["path"], row.get("label", "")) for row in expected]
    assert all(row["error"] for row in rows if row["path"].endswith("page.jpg"))
    before = labels(project)
    page.get_by_role("button", name="Add these pictures to the data").click()
    page.get_by_text("6 new pictures").wait_for()
    added = labels(project)
    assert len(added) == len(before) + 6
    assert {added[image_id] for image_id in added.keys() - before.keys()} == {""}
    expect(page.get_by_role("link", name="Label", exact=True)).to_have_attribute("href", "?tab=label")


def test_dropped_pictures_are_predicted_at_once(predicting, strangers):
    page, _ = predicting
    page.get_by_role("tab", name="Many pictures").click()
    pictures = sorted(strangers.glob("*.png"))[:2]
    page.locator("[role=tabpanel]:visible input[type=file]").last.set_input_files(pictures)
    page.get_by_text("2 pictures predicted.").wait_for()
    expect(page.locator("section figure img")).to_have_count(2)
    expect(page.get_by_role("button", name="Stop", exact=True)).to_be_hidden()


def test_what_is_predicted_before_a_stop_is_shown(predicting, strangers, tmp_path):
    page, _ = predicting
    many, picture = tmp_path / "many", sorted(strangers.glob("*.png"))[0]
    many.mkdir()
    for number in range(4000):
        (many / f"{number}.png").hardlink_to(picture)
    page.get_by_role("tab", name="Many pictures").click()
    page.get_by_label("Or a folder or .zip").fill(str(many))
    page.get_by_role("button", name="Predict", exact=True).click()
    page.get_by_role("button", name="Stop", exact=True).click()
    stopped = page.get_by_text(re.compile(r"Stopped: \d+ pictures? predicted\."))
    n = int(re.search(r"\d+", stopped.inner_text())[0])
    assert 0 < n < 4000
    expect(page.locator("section figure img")).to_have_count(min(n, MOST_SHOWN))


def test_a_wrong_prediction_is_corrected_and_joins_the_data(predicting, strangers):
    page, project = predicting
    picture = sorted(strangers.glob("*.png"))[0]
    page.locator("[role=tabpanel]:visible input[type=file]").first.set_input_files(picture)
    field = page.get_by_label("Wrong? Choose or type the right label")
    expect(field).to_be_visible(timeout=SECONDS)
    before = labels(project)
    page.get_by_role("button", name="Add the picture to the data").click()
    page.get_by_text("no label was given").wait_for()
    assert labels(project) == before
    field.fill("hexagon")
    page.get_by_role("button", name="Add the picture to the data").click()
    page.get_by_text("Added as hexagon.").wait_for()
    (added,) = labels(project).keys() - before.keys()
    assert labels(project)[added] == "hexagon"
    field.fill("octagon")  # it is in the data now, so this is a decision
    page.get_by_role("button", name="Add the picture to the data").click()
    page.get_by_text("it is octagon now. Its label was hexagon.").wait_for()
    assert labels(project)[added] == "octagon"
    shoot(page, "predict-corrected")


def test_why_on_the_predict_page(predict_page, trained):
    page = predict_page
    picture = sorted(trained.project.images.rglob("*.png"))[0]
    page.locator("[role=tabpanel]:visible input[type=file]").first.set_input_files(picture)
    page.get_by_text(" sure").wait_for()
    page.get_by_role("button", name="Why?", exact=True).click()
    heat = page.get_by_alt_text("heat map")
    heat.wait_for()
    assert heat.get_attribute("src").startswith("data:image/jpeg")
    assert page.locator(".bk-near img").count() == 0
    page.get_by_label("Also show similar training pictures").check()
    page.get_by_role("button", name="Why?", exact=True).click()
    page.get_by_text("Most similar training pictures:").wait_for()
    assert page.locator(".bk-near img").count() == 6
    shoot(page, "predict-why")


def test_a_picture_that_browsers_do_not_show_is_shown_as_it_was_read(predict_page, trained, tmp_path):
    drawing = Image.open(sorted(trained.project.images.rglob("*.png"))[0]).convert("RGB")
    page = predict_page
    for kind, name in (("TGA", "a.tga"), ("JPEG2000", "a.jp2"), ("PNG", "a.png")):
        drawing.save(tmp_path / name, kind)
        page.locator("[role=tabpanel]:visible input[type=file]").set_input_files(tmp_path / name)
        page.get_by_text(" sure").wait_for()
        shown = page.get_by_alt_text("your picture")
        if kind == "PNG":
            expect(shown).to_have_count(0)
        else:
            shown.wait_for()
            assert shown.evaluate("image => image.naturalWidth") > 100
            frame = page.locator(".bk-frame img").bounding_box()
            assert min(frame["width"], frame["height"]) > 100  # no broken image
            shoot(page, f"predict-{kind}")
            page.get_by_label("Remove Image").or_(page.get_by_label("Clear")).first.click()
            expect(shown).to_have_count(0)
