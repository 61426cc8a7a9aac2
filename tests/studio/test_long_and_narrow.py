"""What strains a page: labels of hundreds of letters, a narrow screen, an empty project, a single epoch."""

import re

import pytest
from playwright.sync_api import expect

from bearkit import Project
from bearkit.catalog.catalog import Catalog
from bearkit.catalog.decision_types import DecisionRequest
from bearkit.catalog.decisions import DecisionLog
from bearkit.errors import ReviewError
from bearkit.studio import curves, html, import_html, mistakes
from bearkit.studio.review import ReviewTab
from bearkit.studio.shared_index import SharedIndex
from bearkit.training.config import TrainConfig
from bearkit.web.prediction_html import cut, note
from tests.gradio_parts import made
from tests.studio.pages import SECONDS, TOUCH
from tests.studio.reviewing import figures, reopened, stored

LONG = "A very long label " * 16 + "of 300 letters"


def box(locator):
    found = locator.bounding_box()
    return found["x"], found["y"], found["x"] + found["width"], found["y"] + found["height"]


def test_on_a_phone_the_large_picture_leaves_its_tile_and_the_buttons_in_sight(reviewed, browser):
    running, _ = reviewed
    page = reopened(browser, running, **TOUCH)
    figures(page).nth(4).click()
    for key in (" ", "ArrowRight"):
        page.keyboard.press(key)
        expect(page.locator(".rv-big")).to_be_visible(timeout=SECONDS)
        large, foot = page.locator(".rv-side"), page.locator(".rv-foot")
        tile = page.locator("figure.cur")
        expect(tile).to_be_in_viewport(ratio=0.99)
        expect(page.locator(".rv-confirm")).to_be_in_viewport(ratio=0.99)
        assert box(tile)[3] <= box(large)[1]
        assert box(large)[3] <= box(foot)[1] + 1
    tile.get_by_role("button", name="keep").click()
    stored(page, 1)


def test_a_label_of_hundreds_of_letters_breaks_no_page(reviewed, browser):
    running, _ = reviewed
    ledger = DecisionLog(Catalog(running.project))
    one = ledger.images()[0]
    ledger.decide([DecisionRequest(one.image_id, "relabel", LONG)], "chance", kind="quality")
    for size in ({"viewport": {"width": 1280, "height": 800}}, TOUCH):
        page = reopened(browser, running, "&n=50&rest=1", **size)
        wide = "document.documentElement.scrollWidth <= innerWidth"
        tile = page.locator(f"figure[data-id='{one.image_id}']")
        label = tile.locator(f"b[title='{LONG}']")
        assert box(label)[3] - box(label)[1] < 40  # a line
        key = label.locator("xpath=following-sibling::kbd")
        assert box(tile)[0] <= box(key)[0] <= box(key)[2] <= box(tile)[2]
        assert box(tile)[3] - box(tile)[1] < 320
        assert page.evaluate(wide)
        expect(page.locator(".bk-head span")).to_contain_text("A very long label A very long…", timeout=SECONDS)
        page.get_by_role("tab", name="Data").click()
        cell = page.locator(f"td .bk-cut[title='{LONG}']")
        expect(cell).to_be_visible(timeout=SECONDS)
        assert box(cell)[3] - box(cell)[1] < 100
        assert page.evaluate(wide)


def test_long_texts_are_whole_in_the_title_and_short_ones_have_none():
    assert cut("cat") == "cat"
    assert cut("<b>") == "&lt;b&gt;"
    assert f'title="{LONG}"' in cut(LONG)
    assert "<script" not in cut(f"<script>{LONG}")
    shown = re.sub("<.*?>", "", html.counts(2, ["cat", LONG]))
    assert shown == "2 pictures · 2 labels: cat, A very long label A very long…"
    matrix = mistakes.confusion_matrix(["cat", LONG], [[1, 0], [0, 1]], "001")
    assert matrix.count(f'title="{LONG}"') == 2


def test_an_empty_projects_review_says_what_to_do_in_the_studio(tmp_path):
    project = Project(tmp_path / "none")
    tab = made(ReviewTab, project, SharedIndex(project))
    with pytest.raises(ReviewError, match="no pictures to review yet") as raised:
        tab.suspects({"kind": "label", "split": "", "label": "", "order": "out-of-fold", "n": "20"})
    assert raised.value.hint == "Import some in the Data tab"
    assert not (tmp_path / "none").exists()


def test_the_advice_of_a_fetch_names_the_button_that_helps():
    report = {"saved": 0, "duplicates": 0, "failed": 1, "skipped": 0, "waiting": 0, "seconds": 1.0}
    said = import_html.download_status(False, 1, 1, report | {"reasons": {"an address of a private network": 1}}, "")
    for words in (import_html.RETRY, import_html.OWN_NETWORK):
        assert note(words).split(">")[1].split("<")[0] in said
    told = import_html.download_status(
        False, 1, 1, report | {"reasons": {"an address of a private network": 1}}, "", True
    )
    assert import_html.OWN_NETWORK not in told, "visitors of a hosted studio see no such checkbox"


def test_one_epoch_is_drawn_as_a_line_around_its_place():
    event = {"stage": "frozen", "epoch": 0, "train_loss": 0.5, "valid_loss": 0.7, "error_rate": 0.25}
    epochs = curves.number_epochs(TrainConfig(epochs=1), [event])
    errors = curves.errors(epochs)
    assert errors["error"].tolist() == [25, 25]
    assert errors["epoch"].mean() == 1
    assert errors["epoch"].nunique() == 2
    drawn = curves.losses(epochs).dropna()
    assert drawn.groupby("pictures")["loss"].unique().map(list).to_dict() == {"training": [0.5], "validation": [0.7]}
    assert len(drawn) == 4
    assert len(curves.error_curves({"001": epochs})) == 2
    two = curves.number_epochs(TrainConfig(epochs=2), [event, event | {"epoch": 1}])
    assert curves.errors(two)["epoch"].tolist() == [1, 2]
