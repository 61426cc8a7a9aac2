"""The keys of the Review tab: what each means, when it counts, and what one sees."""

import re

from playwright.sync_api import expect

from tests.studio.pages import SECONDS
from tests.studio.reviewing import confirm, figures, ledger_of, relabel, reopened, stored

SERVER = "**/component_server/**"


def asked(route):
    """What a page asks of the studio, as text."""
    return route.request.post_data


def test_l_stores_nothing_before_enter_and_escape_leaves(review):
    running, page, _ = review
    before = len(ledger_of(running).history())
    field = page.get_by_label("label of this picture").get_by_role("combobox")
    page.keyboard.press("l")
    expect(field).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("option", name="star", exact=False).last).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Escape")
    expect(page.locator(".rv-palette")).not_to_be_visible()
    expect(page.locator(".rv-grid")).to_be_focused()
    assert len(ledger_of(running).history()) == before
    page.keyboard.press("l")
    field.fill("squ")
    page.keyboard.press("Enter")
    stored(page, 1)
    assert ledger_of(running).history(1)[0]["to_label"] == "square"
    assert len(ledger_of(running).history()) == before + 1


def test_a_question_mark_shows_the_keys_and_escape_leaves_them(review):
    running, page, _ = review
    before = len(ledger_of(running).history())
    keys = page.locator(".rv-help")
    page.keyboard.press("?")
    expect(keys).to_be_visible()
    expect(keys.get_by_role("row")).to_contain_text(["Enterkeep the rest, next page", "kkeep: the label is right"])
    expect(keys).to_contain_text("1disc")
    page.keyboard.press("d")  # keys of the page do nothing below it
    page.keyboard.press("Escape")
    expect(keys).not_to_be_visible()
    expect(page.locator(".rv-grid")).to_be_focused()
    assert len(ledger_of(running).history()) == before
    page.get_by_role("button", name="?", exact=True).click()
    expect(keys).to_be_visible()
    keys.get_by_role("button", name="Close (Esc)").click()
    expect(keys).not_to_be_visible()


def test_a_digit_keeps_its_label_when_labels_come_and_the_page_is_reloaded(review):
    running, page, _ = review
    relabel(page, "aardvark")  # before the others in the alphabet
    stored(page, 1)
    expect(page.locator(".rv-keys")).to_contain_text("1 disc 2 square 3 star 4 aardvark")
    page.reload()
    expect(page.locator(".rv-keys")).to_contain_text("1 disc 2 square 3 star 4 aardvark", timeout=SECONDS)
    expect(figures(page).first.locator("kbd").first).to_have_text(re.compile("[1-4]"))
    page.keyboard.press("4")
    stored(page, 1)
    assert ledger_of(running).history(1)[0]["to_label"] == "aardvark"
    page.keyboard.press("9")
    expect(page.get_by_text("Key 9 has no label yet")).to_be_visible()


def test_the_page_says_which_label_was_stored_and_what_it_looks_like(review):
    running, page, _ = review
    relabel(page, "owl\u3164")  # it ends in a letter that nobody sees
    stored(page, 1)
    expect(page.locator(".rv-hint")).to_have_text("`owl\\u3164` is stored as `owl`.")
    expect(figures(page).first.locator(".rv-state")).to_have_text("owl")
    relabel(page, "ow\u200bl")  # the same label, and no new one
    stored(page, 2)
    relabel(page, "st\u0430r")
    stored(page, 3)
    expect(page.locator(".rv-hint")).to_contain_text(
        "looks like `star`, and is another label: one of them has CYRILLIC"
    )
    said = [row["to_label"] for row in ledger_of(running).history(3)]
    assert said == ["st\u0430r", "owl", "owl"]


def test_a_label_that_cannot_be_one_is_told_discarded_and_not_offered_again(review):
    running, page, _ = review
    before = len(ledger_of(running).history())
    relabel(page, "\x1bowl")
    expect(page.locator("#outbox")).to_contain_text("1 decision not saved: this cannot be a label", timeout=SECONDS)
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Discard").click()
    expect(page.locator("#outbox .bk-bad")).to_have_count(0)
    page.keyboard.press("l")
    page.get_by_label("label of this picture").get_by_role("combobox").fill("ow")
    expect(page.locator("#rv-label-list li")).to_have_text(["New label: ow"])
    page.keyboard.press("Escape")
    assert len(ledger_of(running).history()) == before


def test_a_label_is_taken_away_and_undo_brings_it_back(review):
    running, page, _ = review
    image_id = figures(page).first.get_attribute("data-id")
    page.keyboard.press("l")
    page.keyboard.press("ArrowUp")  # the last one of the list
    page.keyboard.press("Enter")
    stored(page, 1)
    expect(page.get_by_text("label removed")).to_be_visible()
    label = {image.image_id: image.label for image in ledger_of(running).images()}
    assert label[image_id] == ""
    page.keyboard.press("u")
    stored(page, 0)
    label = {image.image_id: image.label for image in ledger_of(running).images()}
    assert label[image_id] != ""


def test_keys_work_once_the_tab_is_clicked_and_after_a_button(review):
    _, page, _ = review
    page.get_by_role("tab", name="Data").click()
    expect(page.locator(".rv-grid")).not_to_be_visible()
    page.get_by_role("tab", name="Review").click()
    expect(page.locator(".rv-grid")).to_be_focused(timeout=SECONDS)
    page.keyboard.press("k")
    stored(page, 1)
    page.get_by_role("button", name="Undo (u)").click()
    stored(page, 0)
    page.keyboard.press("k")
    stored(page, 1)
    page.evaluate("document.activeElement.blur()")  # on nothing at all
    page.keyboard.press("k")
    stored(page, 2)


ENTER_AS_A_PAGE_COMES = """() => new Promise((done) => {
  const key = { key: 'Enter', bubbles: true };
  const enter = () => document.activeElement.dispatchEvent(new KeyboardEvent('keydown', key));
  const shown = new MutationObserver(() => { shown.disconnect(); enter(); done(); });
  enter();
  shown.observe(document.querySelector('.rv-grid'), { childList: true });
})"""


def test_a_second_enter_within_a_second_confirms_nothing(review):
    running, page, _ = review
    before = len(ledger_of(running).history())
    expect(page.locator(".rv-confirm")).to_be_enabled(timeout=SECONDS)
    page.evaluate(ENTER_AS_A_PAGE_COMES)
    expect(page.get_by_text("Look at the page first: Enter works after one second")).to_be_visible()
    assert len(ledger_of(running).history()) == before + 6


def test_keys_are_refused_in_words_while_the_next_page_loads(review):
    running, page, _ = review
    held = []
    confirm_ready = page.locator(".rv-confirm")
    expect(confirm_ready).to_be_enabled(timeout=SECONDS)
    page.route(SERVER, lambda route: held.append(route) if "rest" in asked(route) else route.continue_())
    page.keyboard.press("Enter")
    page.keyboard.press("d")
    expect(page.get_by_text("Ignored: the next page is still loading.")).to_be_visible()
    while not held:
        page.wait_for_timeout(20)
    held.pop().continue_()
    expect(page.locator(".rv-busy")).to_have_count(0, timeout=SECONDS)
    assert "delete" not in [row["action"] for row in ledger_of(running).history(6)]


def test_the_large_picture_is_in_sight_from_the_last_row(reviewed, browser):
    running, _ = reviewed
    page = reopened(browser, running, "&n=50&rest=1")
    page.set_viewport_size({"width": 1280, "height": 800})
    for _ in range(40):
        page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    big = page.locator(".rv-big")
    expect(big).to_be_in_viewport(ratio=0.9, timeout=SECONDS)
    expect(page.locator("figure.cur")).to_be_in_viewport(ratio=0.9)
    expect(page.locator(".rv-confirm")).to_be_in_viewport()


def test_a_review_ends_when_no_label_is_in_doubt(reviewed, browser):
    running, _ = reviewed
    page = reopened(browser, running, "&n=50")
    confirm(page)
    expect(page.get_by_text("Done: no suspicious labels left")).to_be_visible(timeout=SECONDS)
    expect(page.get_by_text("suspicious labels (0)")).to_have_count(1)
    expect(figures(page)).to_have_count(0)
    expect(page.get_by_text("Every label was checked.")).to_be_visible()
