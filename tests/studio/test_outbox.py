"""Decisions that wait in the browser: those of another project, and a browser that keeps nothing."""

import json
import re

from playwright.sync_api import expect

from bearkit import Project
from bearkit.sources.importing import import_images
from tests.conftest import write_pictures
from tests.studio.pages import REVIEWER, SECONDS, port_of
from tests.studio.reviewing import figures, ledger_of, stored

WAITING = "Object.keys(localStorage).filter(key => key.startsWith('bearkit-waiting:'))"
KEEP = """kept => {
    for (const [key, text] of Object.entries(kept)) localStorage.setItem(`bearkit-waiting:${key}`, text);
}"""
FULL = """() => {
    for (let size = 1 << 20; size >= 1; size >>= 1) {
        try {
            for (let i = 0; ; i += 1) localStorage.setItem(`fill-${size}-${i}`, 'x'.repeat(size));
        } catch { /* full */ }
    }
}"""
FORBIDDEN = """Object.defineProperty(window, 'localStorage', {
    get() { throw new DOMException('Access is denied for this document.', 'SecurityError'); }
})"""
ONLY_OPEN = "Keep this page open until it is saved: this browser cannot store it"


def test_decisions_of_another_project_are_told_of_and_sent_once_it_is_open(own_review, start, tmp_path):
    running, page, _ = own_review
    first = figures(page).first.get_attribute("data-id")
    before = len(ledger_of(running).history())
    running.process.kill()
    running.process.join()
    page.keyboard.press("d")
    expect(page.locator(".rv-saved")).to_have_text("1 waiting", timeout=SECONDS)
    page.goto("about:blank")
    import_images(Project(tmp_path / "pets"), write_pictures(tmp_path / "source", {"cat": 2, "dog": 2}))
    other = start(Project(tmp_path / "pets"), port_of(running))
    page.goto(other.url)
    told = page.get_by_text("1 decision of the project “shapes” waits in this browser. To send it, open the studio")
    expect(told).to_contain_text(f"at this address, {other.url.rstrip('/')}", timeout=SECONDS)
    page.reload()
    expect(told).to_be_visible(timeout=SECONDS)
    assert ledger_of(other).history() == []
    other.end()
    page.goto("about:blank")
    again = start(running.project, port_of(running))
    page.goto(again.url)
    expect(page.locator(".bk-head span")).to_contain_text("35 pictures", timeout=SECONDS)
    expect(told).to_have_count(0)
    assert [row["image_id"] for row in ledger_of(again).history(1)] == [first]
    assert len(ledger_of(again).history()) == before + 1
    assert page.evaluate(WAITING) == []


def opened_with(browser, url, kept):
    """A page whose browser has kept these texts, by project, tab and number."""
    page = browser.new_page()
    page.add_init_script(f"({KEEP})({json.dumps(kept)})")
    page.goto(f"{url}?tab=review&n=6&rest=1")
    return page


def decision(number, called):
    choices = [{"image_id": str(number), "action": "keep", "to": None}]
    return json.dumps({"called": called, "choices": choices})


def test_decisions_of_another_project_can_be_discarded_it_asks_once_and_another_tab_hears_of_it(reviewed, browser):
    running, _ = reviewed
    kept = {f"f00:1-2:0000000{n}": decision(n, "bears") for n in range(9)}
    kept |= {f"ba5:1-2:0000000{n}": decision(n, None) for n in range(3)}
    page = opened_with(browser, running.url, kept)
    other = page.context.new_page()
    other.goto(running.url)
    words = "9 decisions of the project “bears” wait in this browser. To send them, open"
    tabs = [(tab.get_by_text(words), tab.get_by_text("3 decisions of another project wait")) for tab in (page, other)]
    for line in (*tabs[0], *tabs[1]):
        expect(line).to_be_visible(timeout=SECONDS)
    (bears, _), asked = tabs[0], []
    page.once("dialog", lambda dialog: (asked.append(dialog.message), dialog.dismiss()))
    bears.get_by_role("button", name="Discard").click()
    expect(bears).to_be_visible()
    assert len(page.evaluate(WAITING)) == 12
    page.once("dialog", lambda dialog: (asked.append(dialog.message), dialog.accept()))
    bears.get_by_role("button", name="Discard").click()
    for theirs, others in tabs:
        expect(theirs).to_have_count(0, timeout=SECONDS)
        expect(others).to_be_visible()
    assert len(page.evaluate(WAITING)) == 3
    assert asked == ["Discard 9 decisions? This cannot be undone."] * 2
    expect(figures(page).first).to_be_visible()
    page.keyboard.press("k")  # the page is as alive as before
    stored(page, 1)


def test_what_cannot_be_read_stops_nothing(reviewed, browser):
    running, _ = reviewed
    unreadable = ("{", "null", "[]", '{"choices": 1}')
    kept = {f"f00:1-2:0000000{n}": text for n, text in enumerate(unreadable)}
    page = opened_with(browser, running.url, kept)
    expect(page.get_by_text("4 decisions of another project wait in this browser.")).to_be_visible(timeout=SECONDS)
    expect(figures(page).first).to_be_visible(timeout=SECONDS)


def test_a_browser_that_is_full_says_that_the_page_must_stay_open(review):
    running, page, _ = review
    page.evaluate(FULL)
    before = len(ledger_of(running).history())
    page.context.set_offline(True)
    page.keyboard.press("d")
    expect(page.get_by_text(ONLY_OPEN)).to_be_visible(timeout=SECONDS)
    asked = []
    page.once("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))
    page.evaluate("setTimeout(() => location.reload())")
    while not asked:
        page.wait_for_timeout(20)
    assert asked == ["beforeunload"]
    page.context.set_offline(False)
    stored(page, 1)
    expect(page.get_by_text(ONLY_OPEN)).to_have_count(0)
    assert len(ledger_of(running).history()) == before + 1


def test_a_browser_that_forbids_storage_can_review(browser, reviewed):
    running, _ = reviewed
    page = browser.new_page()
    page.add_init_script(FORBIDDEN)
    page.goto(f"{running.url}?tab=review&n=6&rest=1")
    expect(figures(page).first).to_be_visible(timeout=SECONDS)
    name = page.get_by_label("Your name", exact=True)
    assert re.fullmatch("reviewer-[0-9a-f]{4}", name.input_value())
    assert page.evaluate(REVIEWER) == name.input_value()
    name.fill("ann")
    name.press("Tab")
    page.keyboard.press("k")
    stored(page, 1)
    assert page.evaluate(REVIEWER) == "ann"
    assert [row["reviewer"] for row in ledger_of(running).history(1)] == ["ann"]
    page.context.set_offline(True)
    page.keyboard.press("k")
    expect(page.get_by_text(ONLY_OPEN)).to_be_visible(timeout=SECONDS)
    page.context.set_offline(False)
    stored(page, 2)
