"""The studio in a real browser, from an empty project to a prediction."""

import re
import time
import urllib.request
from urllib.error import HTTPError

import pytest
from PIL import Image
from playwright.sync_api import expect

from bearkit import Project, import_images, runs
from tests.conftest import write_drawings
from tests.processes import Served
from tests.studio.pages import SECONDS, import_folder, shoot


def wait_for_fields(page, *labels):
    """Wait until Gradio has set the first values of a fold: a frame after the last field is made.

    On a busy machine the code of one kind of field arrives long after another's, whose value is set anew then.
    """
    for label in labels:  # one of each kind
        expect(page.get_by_label(label).first).to_be_visible()
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")


@pytest.fixture(scope="module")
def imported(tmp_path_factory, with_body):
    """A project of 24 drawings that nothing was trained on, to be copied."""
    folder = tmp_path_factory.mktemp("imported")
    project = with_body(Project(folder / "shapes"))
    import_images(project, write_drawings(folder / "photos", 8))
    return project


@pytest.fixture
def own(one_studio, imported):
    """A studio of the drawings."""
    one_studio.show(imported.root)
    return one_studio


def open_train(browser, running):
    """A page on the Train tab of the drawings."""
    page = browser.new_page()
    page.goto(running.url)
    expect(page.get_by_text("24 pictures · 3 labels")).to_be_visible(timeout=SECONDS)
    page.get_by_role("tab", name="Train").click()
    return page


def open_choices(browser, running):
    """The same with the choices open."""
    page = open_train(browser, running)
    page.get_by_role("button", name=re.compile("^Settings")).click()
    wait_for_fields(page, "Start from", "Epochs: classifier only", "File with its weights")
    return page


AT_ONCE = """async (fold, name) => {  // no person is as quick: a click, and the field is written to once it can be seen
  const field = () => [...document.querySelectorAll('input')].find((one) => one.ariaLabel === name);
  const seen = () => field()?.checkVisibility({ visibilityProperty: true });
  const { port1, port2 } = new MessageChannel();
  const later = () => new Promise((done) => { port1.onmessage = done; port2.postMessage(0); });  // no frame goes by
  fold.click();
  while (!seen()) await later();
  field().value = '27';
  field().dispatchEvent(new InputEvent('input', { bubbles: true }));
  for (let frame = 0; frame < 20; frame++) await new Promise(requestAnimationFrame);
  return field().value;
}"""


@pytest.mark.slow(20)
def test_from_an_empty_project_to_a_prediction(page, studio):
    _, folder = studio
    expect(page.get_by_text("no pictures yet", exact=True)).to_be_visible(timeout=SECONDS)
    expect(page.get_by_role("button", name="sample birds")).to_be_visible()
    shoot(page, "1-empty")
    page.get_by_role("tab", name="Review").click()
    expect(page.get_by_text("there are no pictures to review yet")).to_be_visible(timeout=SECONDS)
    page.get_by_role("tab", name="Label").click()
    page.get_by_role("link", name="Bring pictures in on the Data tab").click()
    expect(page).to_have_url(re.compile("tab=data"))
    expect(page.locator(".lb")).not_to_be_visible(timeout=SECONDS)

    import_folder(page, folder / "photos")
    expect(page.get_by_text("24 new pictures, 1 rejected")).to_be_visible(timeout=SECONDS)
    expect(page.get_by_text("24 pictures · 3 labels: disc, square, star")).to_be_visible(timeout=SECONDS)
    expect(page.get_by_role("row", name="disc, train: 6 pictures disc, valid: 2 pictures")).to_be_visible()
    page.get_by_role("link", name="1 rejected").click()
    expect(page.get_by_role("cell", name="page.jpg")).to_be_visible()
    page.get_by_text("Rejected files (1)").click()
    expect(page.get_by_role("cell", name="page.jpg")).not_to_be_visible()
    page.get_by_text("Rejected files (1)").click()
    expect(page.get_by_text("not a picture that can be read: it is a web page")).to_be_visible()
    shoot(page, "2-data")
    page.get_by_role("tab", name="Review").click()
    expect(page.locator(".rv-progress")).to_contain_text("0 decided", timeout=SECONDS)

    page.get_by_role("tab", name="Train").click()
    page.get_by_role("button", name="Train: about").click()
    expect(page.get_by_text("validation pictures wrong")).to_be_visible(timeout=SECONDS)
    expect(page.get_by_role("row", name=re.compile("^frozen 14 "))).to_be_visible()
    expect(page.locator(".bk-matrix")).to_contain_text("star")
    expect(
        page.get_by_text(re.compile("^(Mistakes, worst first|No mistakes on the validation pictures)"))
    ).to_be_visible()
    shoot(page, "3-train")

    page.get_by_role("tab", name="Predict").click()
    expect(page.get_by_text("Drop a picture.")).to_be_visible(timeout=SECONDS)
    picture = next((folder / "photos" / "star").glob("*.png"))
    page.locator("input[type=file]").last.set_input_files(picture)
    expect(page.get_by_text("sure,")).to_be_visible(timeout=SECONDS)
    expect(page.get_by_text("from bearkit import Predictor")).to_be_visible()
    shoot(page, "4-predict")
    assert page.asked_outside == []


@pytest.mark.slow(25)
def test_a_training_outlives_its_page_is_begun_with_and_compared_and_another_is_stopped(browser, own):
    page = open_train(browser, own)
    page.get_by_role("button", name="Train: about").click()
    while not runs.list_usable(own.project):  # the page's button Stop is there for a moment only
        page.wait_for_timeout(20)
    page.close()
    page = open_choices(browser, own)
    expect(page.get_by_text("validation pictures wrong")).to_be_visible(timeout=SECONDS)
    expect(page.get_by_text("run 001, trained in")).to_be_visible(timeout=SECONDS)

    page.get_by_label("Start from").click()
    page.get_by_role("option", name="run 001, stage-1", exact=True).click()
    page.get_by_label("Epochs: classifier only").fill("2")
    page.get_by_role("button", name="Train: about").click()
    expect(page.get_by_text("run 002, trained in")).to_be_visible(timeout=SECONDS)
    page.get_by_text("The same on the command line").click()
    expect(page.get_by_text("--start 001/stage-1")).to_be_visible()

    page.get_by_role("button", name="Compare runs").click()
    # The last two runs are chosen already, the older one first.
    expect(page.get_by_role("row", name=re.compile("^Epochs: classifier only.* 15 2$"))).to_be_visible(timeout=SECONDS)
    expect(page.get_by_role("row", name=re.compile("^error rate "))).to_be_visible()
    page.get_by_text("What could go wrong").click()
    shoot(page, "7-compare")

    page.get_by_label("Epochs: classifier only").fill("20000")
    page.get_by_role("button", name="Train: about").click()
    expect(page.get_by_text("of 20000")).to_be_visible(timeout=SECONDS)
    page.get_by_role("button", name="Stop", exact=True).click()
    expect(page.get_by_text("Run 003 was stopped")).to_be_visible(timeout=SECONDS)


def unfreeze(page, epochs, size):
    """Ask for unfrozen epochs on small pictures."""
    page.get_by_label("Epochs: whole network").fill(str(epochs))
    page.get_by_role("button", name="Advanced settings").click()
    wait_for_fields(page, "Weight decay", "Whole network: sizes in pixels", "Show rare labels")
    page.get_by_label("Whole network: sizes in pixels").fill(str(size))


@pytest.mark.slow(30)
def test_an_unfrozen_training_outlives_its_page_answers_others_and_stops_at_once(browser, own):
    page = open_choices(browser, own)
    unfreeze(page, 500, 64)
    page.get_by_role("button", name="Train: about").click()
    expect(page.get_by_text(re.compile(r"Whole network \(unfrozen\): epoch \d+ of 500"))).to_be_visible(timeout=SECONDS)
    page.close()
    again = browser.new_page()
    again.goto(own.url)
    expect(again.get_by_text("24 pictures · 3 labels")).to_be_visible(timeout=SECONDS)
    again.get_by_role("tab", name="Train").click()
    expect(
        again.get_by_text(re.compile(r"Whole network \(unfrozen\): epoch ([3-9]|\d\d+) of 500.* left"))
    ).to_be_visible(timeout=SECONDS)
    expect(again.get_by_role("row", name=re.compile("^unfrozen 1 "))).to_be_visible()
    again.get_by_text("The same on the command line").click()
    expect(again.get_by_text("bearkit train -p")).to_be_visible()
    shoot(again, "5-unfrozen-live")
    again.get_by_role("button", name="Queue another training").click()
    run = runs.list_usable(own.project)[0]
    assert run.state == "running", "the page is answered beside it"
    again.get_by_role("button", name="Stop", exact=True).click()
    while run.state != "stopped":
        time.sleep(0.02)
    kinds = [event["event"] for event in run.events()]
    assert kinds[kinds.index("stop") :].count("epoch") <= 1


@pytest.mark.slow(20)
def test_the_settings_of_a_training_and_what_is_told_about_wrong_ones(browser, own, tmp_path):
    page = open_train(browser, own)
    fold = page.get_by_role("button", name=re.compile("^Settings"))
    assert fold.evaluate(AT_ONCE, "Epochs: classifier only (body frozen)") == "27", "it stays"
    wait_for_fields(page, "Start from", "Epochs: classifier only", "File with its weights")
    presets_set_the_epochs_and_the_estimate_and_follow_them(page)
    random_changes_are_shown_on_the_projects_pictures(page)
    empty_fields_are_told(page)
    a_rate_is_found_and_a_click_puts_it_into_the_form(page)
    errors_are_told_with_what_helps(page, tmp_path)


def presets_set_the_epochs_and_the_estimate_and_follow_them(page):
    fast, better = (page.get_by_role("radio", name=re.compile(f"^{name}")) for name in ("Fast", "Better"))
    epochs, button = page.get_by_label("Epochs: whole network"), page.get_by_role("button", name="Train: about")
    expect(fast).to_be_checked()
    estimate = button.inner_text()
    better.check()
    expect(epochs).to_have_value("6")
    expect(button).not_to_have_text(estimate)
    epochs.fill("3")
    expect(better).not_to_be_checked()
    expect(fast).not_to_be_checked()
    epochs.fill("0")
    expect(fast).to_be_checked()
    expect(button).to_have_text(estimate)


def random_changes_are_shown_on_the_projects_pictures(page):
    page.get_by_role("button", name="Advanced settings").click()
    page.get_by_label("strong").check()
    page.get_by_role("button", name="Preview the changes").click()
    image = page.locator("[role=tabpanel]:visible img[src*='/file=']").last
    expect(image).to_be_visible(timeout=SECONDS)
    shoot(page, "8-tricks")


def empty_fields_are_told(page):
    page.get_by_label("Epochs: classifier only").fill("")
    page.get_by_role("button", name="Train: about").click()
    expect(page.get_by_text("“Epochs: classifier only (body frozen)” is empty")).to_be_visible(timeout=SECONDS)
    page.get_by_label("Epochs: classifier only").fill("2.5")
    page.get_by_role("button", name="Train: about").click()
    expect(page.get_by_text("must be a whole number, not 2.5")).to_be_visible(timeout=SECONDS)
    page.get_by_label("Epochs: classifier only").fill("15")


def a_rate_is_found_and_a_click_puts_it_into_the_form(page):
    page.get_by_role("button", name="Find a learning rate").click()
    page.get_by_role("button", name="For the classifier").click()
    valley = page.get_by_role("button", name=re.compile("^valley "))
    expect(valley).to_be_visible(timeout=SECONDS)
    shoot(page, "6-lr-finder")
    rate = float(valley.inner_text().split()[1])
    valley.click()
    expect(page.get_by_label("Learning rate, classifier only", exact=True)).not_to_have_value("0.003")
    found = float(page.get_by_label("Learning rate, classifier only", exact=True).input_value())
    assert found == pytest.approx(rate, rel=0.05)
    page.get_by_role("button", name="For the whole network").click()
    expect(page.get_by_text("nothing was trained here yet")).to_be_visible(timeout=SECONDS)


def errors_are_told_with_what_helps(page, folder):
    page.get_by_role("tab", name="Data").click()
    import_folder(page, "/nowhere/<b>at all</b>")
    told = page.locator(".toast-body", has_text="does not exist")
    expect(told).to_be_visible(timeout=SECONDS)
    expect(told).to_contain_text("Hint:")
    expect(page.get_by_text("<b>at all</b>").first).to_be_visible()
    page.get_by_role("tab", name="Predict").click()
    (folder / "page.jpg").write_text("<html></html>")
    page.locator("input[type=file]").last.set_input_files(folder / "page.jpg")
    expect(page.get_by_text("there is no model yet")).to_be_visible(timeout=SECONDS)


def answer(url, **headers):
    """The status that the studio answers to a request with these headers."""
    data = b"{}" if headers.pop("post", None) else None
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data=data, headers=headers), timeout=30) as response:
            return response.status, dict(response.headers)
    except HTTPError as error:
        return error.code, dict(error.headers)


@pytest.mark.slow
def test_other_sites_cannot_reach_it_and_only_thumbnails_are_served(own, imported):
    url, project = own.url, own.project
    status, headers = answer(url)
    assert status == 200
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert answer(url, Host="evil.example")[0] == 403
    assert answer(f"{url}gradio_api/upload", post=True, Origin="http://evil.example")[0] == 403
    assert answer(f"{url}gradio_api/upload", post=True, **{"Sec-Fetch-Site": "cross-site"})[0] == 403
    assert answer(f"{url}gradio_api/upload", post=True, Origin=url.rstrip("/"))[0] != 403
    # and only thumbnails of the project are served
    source = imported.root.parent / "photos" / "disc" / "disc00.png"
    assert source.exists() and project.catalog.exists()
    assert answer(f"{url}gradio_api/file={source}")[0] == 403
    assert answer(f"{url}gradio_api/file={project.catalog}")[0] in (403, 404)


def test_a_served_model_has_the_same_page(browser, trained, tmp_path):
    running = Served(trained.model)
    page = browser.new_page(viewport={"width": 390, "height": 844})
    page.goto(running.url)
    expect(page.get_by_role("heading", name="disc / square / star")).to_be_visible()
    path = next((trained.project.images / "star").glob("*.png"))
    page.locator("input[type=file]").set_input_files(path)
    expect(page.locator(".bk-big")).to_have_text("star")
    expect(page.get_by_text(re.compile("sure, in"))).to_be_visible()
    shoot(page, "9-served")
    noise = tmp_path / "noise.png"
    Image.effect_noise((300, 300), 90).convert("RGB").save(noise)
    assert str(trained.project.root.parent) not in page.content()
    page.reload()
    page.locator("input[type=file]").set_input_files(noise)
    expect(page.locator(".bk-big")).to_have_text("none of these")
    shoot(page, "9-none-of-these")
    running.end()
