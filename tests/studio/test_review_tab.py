"""The Review tab in a real browser: keys only, two people, kills, reloads, narrow screens."""

import re
import time

from playwright.sync_api import expect

from bearkit import Project, import_images
from tests.conftest import write_drawings
from tests.studio.pages import SECONDS, TOUCH, port_of, shoot
from tests.studio.reviewing import confirm, figures, ledger_of, next_page, opened, relabel, reopened, stored


def test_with_keys_alone_from_the_first_page_to_the_worst_is_over_and_a_comparison(review):
    running, page, wrong = review
    keys = {"disc": "1", "square": "2", "star": "3"}
    shoot(page, "9-review")
    pages = 0
    while not page.get_by_text("Done: no suspicious labels left (4 relabelled, 0 deleted)").is_visible():
        pages += 1
        assert pages < 7
        for n, figure in enumerate(figures(page).all()):
            said = re.search(r"given (\w+), predicted (disc|square|star)", figure.inner_text())
            if said:  # it is taken for something else
                page.keyboard.press(keys[said.group(2)])
                expect(figure).to_have_attribute("data-state", "stored", timeout=SECONDS)
                assert figure.get_attribute("data-action") == "relabel"
            elif n < figures(page).count() - 1:
                page.keyboard.press("ArrowRight")
        next_page(page)
    expect(page.get_by_text(re.compile("^Done: .* wrong labels? (is|are) probably left among"))).to_be_visible()
    expect(page.locator(".rv-progress")).to_have_text(re.compile(r"^\d+ decided, 4 relabelled, 0 deleted$"))
    shoot(page, "9-review-worst-is-over")
    now = {image.image_id: image.label for image in ledger_of(running).images()}
    assert {one: now[one] for one in wrong} == wrong
    page.get_by_role("button", name="Retrain and compare").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text(re.compile("Cannot tell|Better|The gain is")).first).to_be_visible(timeout=SECONDS)
    expect(page.get_by_role("row", name=re.compile(r"^run 00[2-9]"))).to_be_visible()
    shoot(page, "9-review-compared")


def test_keys_mouse_undo_redo_and_the_big_picture(review):
    running, page, _ = review
    grid = page.locator(".rv-grid")
    first, second, third = (figures(page).nth(n).get_attribute("data-id") for n in range(3))
    page.keyboard.press("d")
    stored(page, 1)
    page.keyboard.press("k")
    stored(page, 2)
    relabel(page, "square")
    stored(page, 3)
    actions = {row["image_id"]: row["action"] for row in ledger_of(running).history(3)}
    assert actions == {first: "delete", second: "keep", third: "relabel"}
    grid.focus()
    page.keyboard.press("u")
    stored(page, 2)
    page.keyboard.press("u")
    stored(page, 1)
    page.keyboard.press("r")
    stored(page, 2)
    expect(figures(page).first).to_have_attribute("data-id", first)
    assert [row["action"] for row in ledger_of(running).history(3)] == ["redo", "undo", "undo"]
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    big = page.locator(".rv-big")
    expect(big).to_be_visible(timeout=SECONDS)
    page.wait_for_function("image => image.complete && image.naturalWidth > 0", arg=big.element_handle())
    expect(page.locator(".rv-near figure")).to_have_count(6)
    shoot(page, "9-review-large")
    page.keyboard.press("Escape")
    expect(big).not_to_be_visible()


def test_a_link_opens_the_same_view_and_nothing_is_lost_by_switching_or_reloading(review, browser):
    """fastai's cleaner lost its flags when the label or the split was switched (fastai#3084, fastbook#359)."""
    running, page, _ = review
    deleted = figures(page).first.get_attribute("data-id")
    page.keyboard.press("d")
    stored(page, 1)
    bar = page.locator(".rv-bar")
    for name, value in (("Label", "star"), ("Split", "valid"), ("Split", ""), ("Label", "")):
        bar.get_by_label(name, exact=True).select_option(value)
        expect(page.locator(".rv-busy")).to_have_count(0, timeout=SECONDS)
    expect(page.locator(".rv-progress")).to_contain_text("1 deleted")
    bar.get_by_label("Label", exact=True).select_option("disc")
    expect(page).to_have_url(re.compile("label=disc"))
    expect(page.locator(".rv-busy")).to_have_count(0, timeout=SECONDS)
    shown = [figure.get_attribute("data-id") for figure in figures(page).all()]
    other = browser.new_page(color_scheme="dark")
    other.goto(page.url)
    expect(other.locator(f".rv-grid figure[data-id='{shown[0]}']")).to_be_visible(timeout=SECONDS)
    assert [figure.get_attribute("data-id") for figure in figures(other).all()] == shown
    shoot(other, "9-review-dark")
    page.reload()
    expect(page.locator(".rv-progress")).to_contain_text("1 deleted", timeout=SECONDS)
    assert deleted not in {image.image_id for image in ledger_of(running).images()}


def test_two_people_at_once_lose_no_decision_and_hear_of_each_other(review, browser):
    running, ann, _ = review
    ben = opened(browser, running.url)
    for page, name in ((ann, "ann"), (ben, "ben")):
        page.get_by_label("Your name", exact=True).fill(name)
        page.locator(".rv-grid").focus()
    for _ in range(6):
        ann.keyboard.press("k")
        ben.keyboard.press("d")
    stored(ann, 6)
    stored(ben, 6)
    rows = [(row["reviewer"], row["action"]) for row in ledger_of(running).history(12)]
    assert sorted(rows) == [("ann", "keep")] * 6 + [("ben", "delete")] * 6
    told = (
        ann.get_by_text(re.compile("before: .*by ben")).count()
        + ben.get_by_text(re.compile("before: .*by ann")).count()
    )
    assert told >= 6
    ben.keyboard.press("u")
    expect(ben.get_by_text("Undone: 1 deleted.")).to_be_visible(timeout=SECONDS)
    expect(ben.get_by_text("kept (ann)")).to_have_count(1)  # what ann said of it stands
    assert ledger_of(running).history(1)[0]["reviewer"] == "ben"


def test_a_killed_studio_has_stored_what_it_said_and_the_rest_is_sent_again(own_review, start):
    running, page, _ = own_review
    page.keyboard.press("k")
    page.keyboard.press("d")
    stored(page, 2)
    running.process.kill()
    running.process.join()
    told = {row["image_id"]: row["action"] for row in ledger_of(running).history(2)}
    assert list(told.values()) == ["delete", "keep"]
    page.keyboard.press("k")
    expect(page.get_by_text("1 decision waiting")).to_be_visible(timeout=SECONDS)
    expect(page.locator(".rv-grid figure[data-state=waiting]")).to_have_count(1)
    shoot(page, "9-review-not-stored")
    start(running.project, port_of(running))
    while len(ledger_of(running).history()) < 4 + 3:  # Gradio may load the page again before, so it does not tell
        time.sleep(0.05)
    expect(page.get_by_text("1 decision waiting")).to_have_count(0, timeout=SECONDS)
    assert len(ledger_of(running).history()) == 4 + 3


def test_pictures_without_a_label_are_accepted_a_page_at_a_time(review, tmp_path):
    running, page, _ = review
    import_images(running.project, write_drawings(tmp_path / "more", 14), labelled=False)
    page.get_by_label("Show", exact=True).select_option("unlabelled")
    expect(page.get_by_text("Proposed: disc")).to_be_visible(timeout=SECONDS)
    expect(figures(page)).to_have_count(2)
    shoot(page, "9-review-unlabelled")
    page.locator(".rv-grid").focus()
    for word in ("Proposed: square", "Proposed: star", "Nothing left to review here"):
        confirm(page)
        expect(page.get_by_text(word)).to_be_visible(timeout=SECONDS)
    assert len(ledger_of(running).images()) == 42
    assert all(image.label for image in ledger_of(running).images())


def test_files_are_moved_and_brought_back_from_the_page(review):
    running, page, _ = review
    page.keyboard.press("d")
    stored(page, 1)
    page.get_by_role("button", name="Apply to files").click()
    expect(page.get_by_text("3 files moved, 1 to trash/")).to_be_visible(timeout=SECONDS)
    assert len(list(running.project.trash.rglob("*.png"))) == 1
    page.get_by_role("button", name="Restore files").click()
    expect(page.get_by_text("4 files moved back")).to_be_visible(timeout=SECONDS)
    assert not running.project.trash.exists()


def test_labels_are_never_run_as_code(browser, one_studio, with_body, tmp_path):
    source = write_drawings(tmp_path / "photos", 4)
    (source / "star").rename(source / "<img src=x onerror=alert(1)>${alert(2)}")
    project = with_body(Project(tmp_path / "shapes"))
    import_images(project, source)
    one_studio.show(project.root)
    asked = []
    page = browser.new_page()
    page.on("dialog", lambda dialog: (asked.append(dialog.message), dialog.dismiss()))
    page.goto(f"{one_studio.url}?tab=review&n=6&rest=1")
    expect(page.get_by_text("<img src=x onerror=alert(1)>${alert(2)}").locator("visible=true").first).to_be_visible()
    page.keyboard.press("k")
    stored(page, 1)
    assert asked == []


def test_on_a_narrow_screen_it_works_by_touch(reviewed, browser):
    running, _ = reviewed
    phone = reopened(browser, running, **TOUCH)
    figures(phone).nth(1).tap()
    figures(phone).nth(1).get_by_role("button", name="delete").tap()
    stored(phone, 1)
    assert phone.evaluate("document.documentElement.scrollWidth") <= 390
    phone.get_by_role("button", name="Undo (u)").tap()
    stored(phone, 0)
    shoot(phone, "9-review-narrow-dark")
