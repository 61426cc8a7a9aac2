"""The Publish tab, the hosted studio and the reasons on the Predict page, in a real browser."""

import os
import re
import shutil
import subprocess
import sys
import zipfile

import gradio as gr
import pytest
import requests
from PIL import Image
from playwright.sync_api import expect

from bearkit import Predictor, export_model, import_images, push_space
from bearkit.core.project import Project
from bearkit.errors import PublishError
from bearkit.studio.publish import PublishTab
from bearkit.studio.publish_job import STOPPED, PublishJob
from tests.conftest import encoded
from tests.images.test_location import exif
from tests.studio.pages import SECONDS, Studio, is_outside, shoot


@pytest.fixture
def opened(browser, trained, tmp_path):
    """Opens the studio of a trained project, as the environment stands; a function of what follows the address."""
    shutil.copytree(trained.project.root, tmp_path / "shapes")
    running = []

    def open_page(query=""):
        running.append(Studio(Project(tmp_path / "shapes")))
        page = browser.new_page()
        page.wrong = []
        page.on("request", lambda request: page.wrong.append(request.url) if is_outside(request.url) else None)
        page.goto(running[-1].url + query)
        return page

    yield open_page
    for studio in running:
        studio.end()


def button(page, name):
    return page.get_by_role("button", name=name, exact=True)


def test_from_a_model_to_a_link(opened, with_hub, trained):
    server = with_hub()
    page = opened("?tab=publish")
    page.get_by_text("Signed in to Hugging Face as me.").wait_for()
    assert page.get_by_label("Name on the Hugging Face Hub").input_value() == "me/shapes"
    assert button(page, "Publish").is_disabled()
    button(page, "See what will be uploaded").click()
    page.get_by_text("all files are there, and the model answers").wait_for()
    page.get_by_text("model.onnx").wait_for()
    assert server.hub.repos == {}
    with page.expect_download() as download:
        button(page, "Download these files as a .zip").click()
    with zipfile.ZipFile(download.value.path()) as saved:
        assert saved.testzip() is None
        assert {"me_shapes/model.onnx", "me_shapes/README.md"} <= set(saved.namelist())
    page.get_by_role("button", name="Read the card").click()
    expect(page.get_by_role("heading", name="shapes", exact=True).last).to_be_visible()
    with page.expect_popup() as popup:
        page.get_by_role("link", name="Open the demo").click()
    demo, drawing = popup.value, sorted(trained.project.images.rglob("*.png"))[0]
    demo.locator("input[type=file]").set_input_files(drawing)
    expect(demo.locator("#label")).to_have_text(Predictor(trained.model).predict(drawing).label)
    demo.close()
    page.get_by_label("Private").check()  # no longer what was looked over
    expect(button(page, "Publish")).to_be_disabled(timeout=SECONDS)
    button(page, "See what will be uploaded").click()
    expect(button(page, "Publish")).to_be_enabled(timeout=SECONDS)
    shoot(page, "publish-looked-over")
    button(page, "Publish").click()
    page.get_by_role("link", name=f"{server.url}/spaces/me/shapes").wait_for()
    assert server.hub.repos["space", "me/shapes"].private
    shoot(page, "publish-done")
    page.get_by_label("Name on the Hugging Face Hub").fill(
        "me/other"
    )  # where it is stays true, but nothing can be published now
    expect(page.get_by_text("model.onnx", exact=True)).to_have_count(0, timeout=SECONDS)
    expect(page.get_by_role("link", name=f"{server.url}/spaces/me/shapes")).to_be_visible()
    expect(button(page, "Publish")).to_be_disabled()
    assert page.wrong == []


def test_what_was_looked_over_is_not_shown_under_another_choice(opened, with_hub):
    server = with_hub()
    page = opened("?tab=publish")
    page.get_by_text("Signed in to Hugging Face as me.").wait_for()
    look, name = button(page, "See what will be uploaded"), page.get_by_label("Name on the Hugging Face Hub")
    model = page.get_by_role("radio", name="Model, for timm")
    look.click()
    expect(button(page, "Publish")).to_be_enabled(timeout=SECONDS)
    changes = {
        "name": (lambda: name.fill("me/other"), lambda: name.fill("me/shapes")),
        "kind": (model.check, page.get_by_role("radio", name="Demo in the visitor").check),
        "private": (page.get_by_label("Private").check, page.get_by_label("Private").uncheck),
        "reload": (lambda: name.fill("me/other"), lambda: page.reload()),
    }
    for change, back in changes.values():
        change()
        page.get_by_text("Your last preview was of something else: 001, to me/shapes.").wait_for()
        expect(page.get_by_text("model.onnx", exact=True)).to_have_count(0)
        expect(page.get_by_text("the model answers as it did")).to_have_count(0)
        expect(button(page, "Publish")).to_be_disabled()
        back()  # what was looked over is chosen again
        page.get_by_text("model.onnx", exact=True).wait_for()
        expect(button(page, "Publish")).to_be_enabled(timeout=SECONDS)
    name.fill("me/a--b")
    look.click()
    page.get_by_text("`me/a--b` is not a valid name on the Hub: -- and .. are not allowed").wait_for()
    expect(button(page, "Publish")).to_be_disabled()
    page.get_by_text("Your last preview was of something else").wait_for()
    assert server.hub.repos == {}


def test_a_form_that_changes_while_it_is_looked_over_can_not_be_published(trained, with_hub):
    """The very handlers, as the page calls them: with what it says at that moment."""
    with_hub()
    tab = PublishTab.__new__(PublishTab)
    tab.project, tab.job, tab.hosted, tab.form = trained.project, PublishJob(), False, list(range(8))
    tab.live = []
    run = trained.learn.run.id
    page = dict(enumerate(("model", run, "me/shapes", None, False, None, False, True)))
    for _ in tab.preview(page):
        pass
    shown, _, publish, *_ = tab.status(page)
    assert "model.onnx" in shown and publish["interactive"]
    for field, value in ((0, "static"), (1, f"{run}/frozen"), (2, "me/other"), (3, "mit"), (4, True), (5, ["a.png"])):
        shown, _, publish, *_ = tab.status(page | {field: value})
        assert "model.onnx" not in shown and "something else" in shown, field
        assert publish == {"interactive": False, "value": "Publish", "__type__": "update"}
    with pytest.raises(gr.Error, match="preview it first"):
        list(tab.publish(page | {2: "me/other"}))
    assert tab.status(page | {2: " me/shapes ", 3: ""})[2]["interactive"]  # says the same


def test_pictures_are_only_published_by_who_says_so(opened, with_hub):
    server = with_hub()
    page = opened("?tab=publish")
    page.get_by_text("Signed in to Hugging Face as me.").wait_for()
    page.get_by_role("radio", name="Data set").click()
    page.get_by_text("No licence is known for any of the 36 pictures.").wait_for()
    button(page, "See what will be uploaded").click()
    page.get_by_text("publishing pictures needs their owners").wait_for()
    page.get_by_label("I may publish these pictures").check()
    button(page, "See what will be uploaded").click()
    page.locator("h4", has_text="40 files").wait_for()
    expect(button(page, "Publish")).to_be_enabled(timeout=SECONDS)
    button(page, "Publish").click()
    page.get_by_role("link", name=f"{server.url}/datasets/me/shapes").wait_for()
    assert ("dataset", "me/shapes") in server.hub.repos


def test_places_are_removed_unless_the_box_is_cleared(opened, with_hub, tmp_path):
    server = with_hub()
    (tmp_path / "here.jpg").write_bytes(encoded(Image.new("RGB", (64, 48), "red"), "JPEG", exif=exif()))
    (tmp_path / "stuck.bmp").write_bytes(encoded(Image.new("RGB", (64, 48), "lime"), "BMP") + exif().tobytes())
    for name in ("here.jpg", "stuck.bmp"):
        import_images(Project(tmp_path / "shapes"), tmp_path / name, label="disc")
    page = opened("?tab=publish")
    page.get_by_text("Signed in to Hugging Face as me.").wait_for()
    expect(page.get_by_label("Remove the places")).to_have_count(0)
    page.get_by_role("radio", name="Data set").click()
    page.get_by_text("Where a photograph was taken is removed from the published copy.").wait_for()
    expect(page.get_by_label("Remove the places where pictures were taken")).to_be_checked()
    page.get_by_label("I may publish these pictures").check()
    button(page, "See what will be uploaded").click()
    page.get_by_text("1 picture left out, because the place cannot be removed from the file").wait_for()
    shoot(page, "publish-places")
    page.get_by_label("Remove the places where pictures were taken").uncheck()
    page.get_by_text("At least 1 of the files contain the place where they were taken.").wait_for()
    expect(button(page, "Publish")).to_be_disabled(timeout=SECONDS)
    button(page, "See what will be uploaded").click()
    page.locator("h4", has_text="42 files").wait_for()
    expect(page.get_by_text("left out, because")).to_have_count(0)
    button(page, "Publish").click()
    page.get_by_role("link", name=f"{server.url}/datasets/me/shapes").wait_for()
    (here,) = [data for name, data in server.hub.of("dataset", "me/shapes").items() if "here" in name]
    assert here == (tmp_path / "here.jpg").read_bytes()


def test_without_a_login_and_with_a_hub_that_fails(opened, with_hub, monkeypatch):
    server = with_hub(token="hf_wrong")
    page = opened("?tab=publish")
    page.get_by_text("the Hub does not know you").wait_for()
    page.get_by_text("hf auth login").wait_for()
    button(page, "See what will be uploaded").click()
    page.get_by_text("the name on the Hub is empty").first.wait_for()
    page.get_by_label("Name on the Hugging Face Hub").fill("me/shapes")
    button(page, "See what will be uploaded").click()
    expect(page.get_by_role("button", name=re.compile(r"^Publish \(the Hub does not know you"))).to_be_disabled(
        timeout=SECONDS
    )
    expect(page.locator(".bk-bad")).to_have_count(0)  # that one is not signed in is no failure
    assert "hf_wrong" not in page.content()
    assert server.hub.repos == {}


def test_stop_leaves_nothing_on_the_hub(trained, tmp_path, with_hub, monkeypatch):
    """The very steps of the thread, with somebody who presses Stop while files go up."""
    server = with_hub()
    job, tab = PublishJob(), PublishTab.__new__(PublishTab)
    tab.project = trained.project
    wanted = tab._request("model", trained.learn.run.id, " me/shapes ", None, False, None, False, False)
    with pytest.raises(PublishError, match="preview it first"):
        job.publish(wanted, PublishTab._hub(_local(), None))
    job._preview(wanted)
    assert job.now.wanted == wanted
    assert {name for name, _ in job.now.files} >= {"model.onnx", "README.md"}
    job.stop()
    monkeypatch.setattr(job._stop, "clear", lambda: None)
    job._work(lambda: job._publish(wanted, PublishTab._hub(_local(), None)))
    assert job.now.failure == STOPPED
    assert server.hub.repos == {}


class _local:
    hosted = False


class _in_a_space:
    hosted = True


def test_in_a_space_nobody_publishes_with_its_own_token(monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "hf_of_the_space")
    with pytest.raises(PublishError, match="you are not signed in"):
        PublishTab._hub(_in_a_space(), None)

    class Visitor:
        token = "hf_of_the_visitor"

    assert PublishTab._hub(_in_a_space(), Visitor()).token == "hf_of_the_visitor"


def test_the_hosted_studio_only_predicts(opened, monkeypatch, trained):
    monkeypatch.setenv("SPACE_ID", "me/shapes")
    monkeypatch.setenv("GRADIO_SERVER_NAME", "127.0.0.1")
    monkeypatch.setenv("GRADIO_SERVER_PORT", "0")
    page = opened()
    page.get_by_text("Drop a picture.").wait_for()
    assert page.get_by_role("tab").count() == 0
    page.locator("input[type=file]").first.set_input_files(sorted(trained.project.images.rglob("*.png"))[0])
    page.get_by_text(" sure").wait_for()
    assert "x-frame-options" not in requests.get(page.url, timeout=60).headers  # the Hub shows it in a frame
    monkeypatch.setenv("BEARKIT_STUDIO", "all")
    page = opened()
    page.get_by_role("tab", name="Data").wait_for()
    assert page.get_by_role("tab").count() >= 5


def test_a_gradio_space_with_thumbnails_and_examples(browser, trained, tmp_path):
    model = export_model(trained.project, tmp_path / "model", thumbnails=True)
    drawings = sorted(trained.project.images.rglob("*.png"))
    push_space(model, "me/try", "gradio", examples=[drawings[-1]], thumbnails=True, dry_run=tmp_path / "space")
    words = {"cwd": tmp_path / "space", "env": os.environ | {"GRADIO_SERVER_PORT": "0"}}
    app = subprocess.Popen([sys.executable, "app.py"], stdout=subprocess.PIPE, text=True, **words)
    page = browser.new_page(viewport={"width": 390, "height": 844}, color_scheme="dark")
    try:
        page.goto(app.stdout.readline().split()[-1])
        page.get_by_text("Or try one of these").wait_for()
        page.locator(".gallery-item img, table img").first.click()
        page.locator(".bk-big", has_text=Predictor(model).predict(drawings[-1]).label).wait_for()
        button(page, "Why?").click()
        page.get_by_text("Most similar training pictures:").wait_for()
        assert page.locator(".bk-near img").count() == 6
        shoot(page, "demo-why-narrow")
    finally:
        app.terminate()
        app.communicate(timeout=60)
