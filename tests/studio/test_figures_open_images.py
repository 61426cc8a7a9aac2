"""Figures that open their images, in a real browser: a click on a number shows exactly the images that it counts."""

import re

import pytest
from playwright.sync_api import expect

from bearkit import Interpretation
from tests.studio.labelling import labels_of
from tests.studio.pages import SECONDS, shoot
from tests.studio.reviewing import confirm, figures, relabel, stored


@pytest.fixture
def running(one_studio, confused):
    one_studio.show(confused.root)
    return one_studio


def opened(browser, running, tab, **options):
    page = browser.new_page(**options)
    page.goto(f"{running.url}?tab={tab}")
    return page


def shown(page):
    expect(page.locator(".rv-busy")).to_have_count(0, timeout=SECONDS)
    return [figure.get_attribute("data-id") for figure in figures(page).all()]


def mistakes(running):
    """The cells of the newest run's matrix that are mistakes: {name of the link: ids of the images}."""
    predictions = Interpretation.from_run(running.project).predictions
    pairs = zip(
        predictions.image_ids.tolist(),
        predictions.vocab[predictions.targets].tolist(),
        predictions.vocab[predictions.probs.argmax(axis=1)].tolist(),
        strict=True,
    )
    cells = {}
    for image_id, given, predicted in pairs:
        if given != predicted:
            cells.setdefault((given, predicted), set()).add(image_id)
    return cells


def cell(page, given, predicted):
    return page.get_by_role("link", name=re.compile(f"^{given} predicted as {predicted}: "))


def test_a_cell_opens_its_images_a_correction_is_counted_and_back_and_reload_keep_the_set(browser, running):
    (given, predicted), members = max(mistakes(running).items(), key=lambda item: len(item[1]))
    page = opened(browser, running, "train")
    expect(cell(page, given, predicted)).to_have_text(str(len(members)))
    cell(page, given, predicted).click()
    n = len(members)
    heading = page.get_by_text(f"{given} predicted as {predicted}: {n} picture{'s' if n > 1 else ''}", exact=True)
    expect(heading).to_be_visible()
    assert {*shown(page)} == members
    address = page.url
    shoot(page, "15-set")
    page.reload()
    expect(heading).to_be_visible()
    assert {*shown(page)} == members
    first = shown(page)[0]
    relabel(page, predicted)
    stored(page, 1)
    assert labels_of(running)[first] == predicted
    page.go_back()
    rest = [] if n == 1 else [expect(cell(page, given, predicted)).to_have_text(str(n - 1))]
    expect(cell(page, given, predicted)).to_have_count(len(rest))
    expect(page.get_by_text("1 picture was corrected since this training")).to_be_visible()
    shoot(page, "15-matrix-corrected")
    page.go_forward()
    expect(page).to_have_url(address)
    expect(page.locator(f".rv figure[data-id='{first}']")).to_have_count(0)
    assert {*shown(page)} == members - {first}
    page.locator("#review").get_by_role("button", name="Undo (u)").click()
    expect(heading).to_be_visible()
    assert {*shown(page)} == members
    assert labels_of(running)[first] == given


def test_counts_of_labels_the_line_above_and_a_mistake_open_their_images(browser, running):
    page = opened(browser, running, "data")
    page.get_by_role("link", name=re.compile("^disc, train: ")).click()
    expect(page.locator(".rv-heading")).to_contain_text("disc, train: ")
    project = running.project
    in_train = Interpretation.from_run(project, split="train").predictions
    assert {*shown(page)} == {one for one in in_train.image_ids.tolist() if labels_of(running)[one] == "disc"}
    page.locator(".bk-head").get_by_role("link", name="36 pictures").click()
    expect(page.locator(".rv-heading")).to_have_text("All pictures: 36 pictures")
    assert page.url.count("label=") == page.url.count("split=") == 0
    page.locator(".bk-head").get_by_role("link", name="star", exact=True).click()
    expect(page.locator(".rv-heading")).to_contain_text("star: ")
    assert {*shown(page)} == {one for one, label in labels_of(running).items() if label == "star"}
    page.get_by_role("tab", name=re.compile("^Train")).click()  # the worst mistake opens all mistakes at its place
    top = Interpretation.from_run(running.project).top_losses(100, mistakes=True)
    page.locator(".bk-pictures a").nth(1).click()
    expect(page.locator(".rv figure.cur")).to_have_attribute("data-id", top[1]["image_id"])
    assert shown(page) == [row["image_id"] for row in top]


def test_pages_of_a_set_go_on_after_corrections_to_its_end(browser, running):
    page = opened(browser, running, "review&kind=any&label=square&n=4")
    whole = [one for one, label in labels_of(running).items() if label == "square"]
    expect(page.locator(".rv-turns")).to_contain_text(f"1 to 4 of {len(whole)}")
    seen = shown(page)
    page.keyboard.press("d")
    stored(page, 1)
    confirm(page)
    expect(page.locator(f".rv figure[data-id='{seen[0]}']")).to_have_count(0)
    expect(page.locator(".rv-turns")).to_contain_text(f"4 to 7 of {len(whole) - 1}")
    seen += shown(page)
    page.get_by_role("button", name="earlier pictures").click()
    expect(page.locator(".rv-turns")).to_contain_text(f"1 to 4 of {len(whole) - 1}")
    assert shown(page)[:3] == seen[1:4]
    expect(figures(page).first).to_contain_text("kept, by")
    deleted = seen[0]
    page.locator(".rv-progress").get_by_role("link", name="1 deleted").click()
    expect(page.locator(".rv-heading")).to_have_text("Deleted: 1 picture")
    assert shown(page) == [deleted]
    page.keyboard.press("k")
    stored(page, 1)
    assert labels_of(running)[deleted] == "square"


def test_on_a_phone_the_matrix_scrolls_by_itself_and_a_number_is_large_enough_to_touch(browser, running):
    page = opened(browser, running, "train", viewport={"width": 390, "height": 844}, has_touch=True)
    (given, predicted), members = next(iter(mistakes(running).items()))
    box = cell(page, given, predicted).bounding_box()
    assert min(box["width"], box["height"]) >= 24
    cell(page, given, predicted).tap()
    expect(page.locator(".rv-heading")).to_contain_text(f"{given} predicted as {predicted}")
    assert {*shown(page)} == members
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.evaluate("document.querySelector('.rv').scrollWidth <= document.querySelector('.rv').clientWidth")
    shoot(page, "15-set-narrow")
