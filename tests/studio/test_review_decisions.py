"""Decisions of the Review tab that meet a lost connection, a reload, a killed studio, slow answers, another tab."""

import re

import pytest
from playwright.sync_api import expect

from bearkit.catalog.catalog import Catalog
from bearkit.catalog.settings import catalog_name
from bearkit.studio.outbox import Outbox
from tests.studio.pages import OUTBOX, SECONDS, port_of
from tests.studio.reviewing import figures, ledger_of, opened, reopened, stored

SERVER = "**/component_server/**"


def saved(page):
    expect(page.locator(".rv-saved")).to_have_text("All saved", timeout=SECONDS)
    expect(page.locator("#outbox .bk-bad")).to_have_count(0)


def rows(running, n):
    """The last decisions: picture and action, the newest first."""
    return [(row["image_id"], row["action"]) for row in ledger_of(running).history(n)]


def test_what_is_decided_offline_is_sent_by_itself_and_no_alarm_stays(review):
    running, page, _ = review
    first, second = (figures(page).nth(n).get_attribute("data-id") for n in range(2))
    before = len(ledger_of(running).history())
    page.context.set_offline(True)
    page.keyboard.press("d")
    page.keyboard.press("k")
    expect(page.locator(".rv-saved")).to_have_text("2 waiting", timeout=SECONDS)
    expect(page.get_by_text("2 decisions waiting: this browser is offline")).to_be_visible(timeout=SECONDS)
    page.context.set_offline(False)
    stored(page, 2)
    saved(page)
    assert rows(running, 2) == [(second, "keep"), (first, "delete")]
    assert len(ledger_of(running).history()) == before + 2


def test_what_waits_survives_that_the_studio_is_killed_and_the_page_reloaded(own_review, start):
    running, page, _ = own_review
    ids = [figures(page).nth(n).get_attribute("data-id") for n in range(3)]
    before = len(ledger_of(running).history())
    running.process.kill()
    running.process.join()
    for key in "dkd":
        page.keyboard.press(key)
    expect(page.locator(".rv-saved")).to_have_text("3 waiting", timeout=SECONDS)
    asked = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    page.goto("about:blank")  # nobody asks whether to leave: nothing is lost
    again = start(running.project, port_of(running))
    page.goto(again.url)  # not even on the Review tab
    expect(page.locator(".bk-head span")).to_contain_text("34 pictures", timeout=SECONDS)
    assert rows(running, 3) == [(ids[2], "delete"), (ids[1], "keep"), (ids[0], "delete")]
    assert len(ledger_of(running).history()) == before + 3
    assert page.evaluate("Object.keys(localStorage).filter(key => key.startsWith('bearkit-waiting')).length") == 0
    assert asked == []


def test_what_a_closed_tab_left_is_sent_by_another_one(reviewed, browser):
    running, _ = reviewed
    page = opened(browser, running.url)
    first = figures(page).first.get_attribute("data-id")
    page.route(SERVER, lambda route: route.abort())
    page.keyboard.press("d")
    expect(page.locator(".rv-saved")).to_have_text("1 waiting", timeout=SECONDS)
    other = page.context.new_page()
    page.close()
    other.goto(f"{running.url}?tab=review&n=6&rest=1")
    expect(other.locator(".rv-progress")).to_contain_text("1 deleted", timeout=SECONDS)
    assert rows(running, 1) == [(first, "delete")]
    expect(other.locator(f"figure[data-id='{first}']")).to_have_count(0)


def until(page, holds):
    """Wait for a condition of this process, which Playwright's handlers change."""
    for _ in range(SECONDS // 20):
        if holds():
            return
        page.wait_for_timeout(20)
    raise AssertionError("it did not come")


def test_an_answer_to_an_earlier_decision_does_not_call_the_later_one_stored(review):
    running, page, _ = review
    first = figures(page).first
    held = []
    page.route(SERVER, lambda route: held.append(route) if "choices" in route.request.post_data else route.continue_())
    page.wait_for_function(f"async () => !({OUTBOX}).problem")  # or both decisions would go in one request
    page.keyboard.press("d")
    until(page, lambda: held)
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("k")
    expect(first).to_have_attribute("data-action", "keep")
    held.pop(0).continue_()
    until(page, lambda: held)  # the answer to the first came: now the second is asked
    expect(first).to_have_attribute("data-state", "pending")
    held.pop(0).continue_()
    expect(first).to_have_attribute("data-state", "stored", timeout=SECONDS)
    assert [action for _, action in rows(running, 2)] == ["keep", "delete"]


def test_fifty_keys_in_a_moment_are_stored_in_order(reviewed, browser):
    running, _ = reviewed
    page = reopened(browser, running, "&n=50&rest=1")
    ids = [figure.get_attribute("data-id") for figure in figures(page).all()][:30]
    keys = ["k", "d", "1"] * 10
    page.evaluate(
        """keys => keys.forEach(key => document.activeElement.dispatchEvent(
            new KeyboardEvent("keydown", { key, bubbles: true })))""",
        keys,
    )
    stored(page, 30)
    saved(page)
    assert [one for one, _ in rows(running, 30)] == ids[::-1]


def test_decisions_of_another_catalogue_are_not_stored_here(shapes):
    outbox = Outbox.__new__(Outbox)
    outbox.project = shapes
    catalog = Catalog(shapes)
    one = {"image_id": catalog.images()[0].image_id, "action": "delete", "to": None}
    asked = {"reviewer": "ann", "token": "t", "kind": "label", "view": "/", "since": 0, "choices": [one]}
    (other,) = outbox.store({"decisions": [asked | {"project": "of another"}]})["answers"]
    assert other["again"] and "another project" in other["error"]
    for wrong in (
        {},
        asked,
        asked | {"project": catalog_name(catalog), "choices": [{"image_id": 1, "action": "keep"}]},
    ):
        (answer,) = outbox.store({"decisions": [wrong]})["answers"]
        assert "not a decision" in answer["error"] and "again" not in answer
    right = asked | {"project": catalog_name(catalog)}
    first, second = outbox.store({"decisions": [right, right]})["answers"]  # the same token: stored once
    assert first["stored"] == second["stored"] == [one["image_id"]]
    head = re.sub("<[^>]*>", "", outbox.counts({})["head"])
    assert head == "35 pictures · 3 labels: disc, square, star"


def test_two_browsers_have_names_of_their_own_and_take_back_only_their_own_steps(review, browser):
    running, ann, _ = review
    ben = opened(browser, running.url)
    names = [page.get_by_label("Your name", exact=True).input_value() for page in (ann, ben)]
    assert all(re.fullmatch(r"reviewer-[0-9a-f]{4}", name) for name in names)
    if names[0] == names[1]:
        pytest.skip("two of 65,536 names were the same")
    for page in (ann, ben):
        page.keyboard.press("d")
        stored(page, 1)
    ann.get_by_role("tab", name="Data").click()
    undo = ann.locator("#pictures").get_by_role("button", name="Undo", exact=True)
    undo.click()
    expect(ann.get_by_text("Undone: 1 deleted.")).to_be_visible(timeout=SECONDS)
    undo.click()
    expect(ann.get_by_text(f"there is nothing of {names[0]} to undo")).to_be_visible(timeout=SECONDS)
