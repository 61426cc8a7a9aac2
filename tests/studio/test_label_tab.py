"""The Label tab in a real browser: from nothing to a labelled set, by keys, mouse and touch."""

import re
from collections import Counter

from playwright.sync_api import expect

from bearkit.catalog.catalog import Catalog
from bearkit.catalog.decision_types import DecisionRequest
from bearkit.catalog.label_set import add_label, describe_label, label_set
from bearkit.labelling.label_actions import label_images
from tests.studio.labelling import (
    give,
    labels_of,
    loaded,
    log_of,
    next_page,
    open_label,
    pictures,
    press,
    reopen_label,
    select_by_keys,
    shape_of,
    shown_ids,
    steps,
    type_label,
)
from tests.studio.pages import FOLLOW, PHONE, SECONDS, port_of, shoot

TWICE = """() => [1, 2].forEach(() => document.activeElement.dispatchEvent(
    new KeyboardEvent("keydown", { key: "1", bubbles: true })))"""


def test_with_keys_alone_from_drawings_without_a_label_to_the_next_step(running, browser):
    page, truth, pages = reopen_label(browser, running), shape_of(running.project), 0
    expect(page.locator(".lb-name")).to_have_text("Look-alikes: what are they?")
    shoot(page, "label-1-look-alikes")
    while pictures(page).count():
        pages += 1
        assert pages < 12
        label_page(page, truth)
    assert labels_of(running) == truth
    assert len(steps(running)) == pages  # one step a page
    assert {row["kind"] for row in log_of(running).history()} == {"label"}
    expect(page.locator(".lb .rv-done")).to_have_text("Every picture has a label. The next step: Train.")
    expect(page.locator(".lb-progress")).to_have_text("36 of 36 labelled")
    expect(page.get_by_role("tab", name="Label", exact=True)).to_be_visible()  # no longer "Label · 36 left"
    expect(page.get_by_role("tab", name="Train · next")).to_be_visible()
    shoot(page, "label-2-done")
    page.locator(".lb .rv-done a").click()
    expect(page.get_by_role("button", name="Train: about")).to_be_enabled(timeout=SECONDS)


def label_page(page, truth):
    """Give every picture of a page its true label: those that are different first, then the page."""
    ids, proposed = shown_ids(page), proposals(page)
    common = Counter(truth[one] for one in ids).most_common(1)[0][0]
    for label in sorted({*truth.values()}):
        wrong = [n for n, one in enumerate(ids) if truth[one] == label != (proposed.get(one) or common)]
        if wrong:
            select_by_keys(page, wrong)
            give(page, label)
    next_page(page, lambda: page.keyboard.press("Enter") if proposed else give(page, common))


def proposals(page):
    """The proposed label of each picture, from the heading above it."""
    return {
        figure.get_attribute("data-id"): group.get_attribute("aria-label")
        for group in page.locator(".lb-group[aria-label]").all()
        for figure in group.locator("figure").all()
    }


def test_clicks_select_exceptions_and_a_range_and_one_undo_takes_the_page_back(running, browser):
    page = reopen_label(browser, running)
    ids = shown_ids(page)
    pictures(page).nth(1).click()
    pictures(page).nth(3).click(modifiers=["Shift"])
    pictures(page).nth(2).click()  # not this one
    expect(page.locator(".lb .lb-picked")).to_have_count(2)
    type_label(page, "square")
    pictures(page).nth(4).click()
    page.keyboard.press("x")
    pictures(page).nth(5).click()
    page.keyboard.press("d")
    pictures(page).nth(0).click()
    page.keyboard.press("d")
    page.keyboard.press("u")  # the last choice, which is not stored yet
    expect(pictures(page).nth(0)).to_have_attribute("data-choice", "")
    assert steps(running) == {}  # nothing is stored before the page is
    shoot(page, "label-3-exceptions")
    next_page(page, lambda: type_label(page, "disc"))
    (step,) = steps(running).values()
    given = {ids[1]: ("label", "square"), ids[3]: ("label", "square"), ids[4]: ("keep", ""), ids[5]: ("delete", None)}
    assert step == dict.fromkeys(ids, ("label", "disc")) | given
    expect(page.locator(".lb-label .lb-text")).to_have_text(["disc", "square", "Another label …"])
    expect(page.locator(".lb-label kbd")).to_have_text(["1", "2", "l"])
    page.keyboard.press("u")
    expect(page.get_by_text("Undone:")).to_be_visible(timeout=SECONDS)
    loaded(page)
    assert sorted(shown_ids(page)) == sorted(ids)  # the page is back, and so are its exceptions
    chosen = {one: page.locator(f".lb figure[data-id='{one}']").get_attribute("data-choice") for one in ids}
    assert {one: action for one, action in chosen.items() if action} == {
        one: action for one, (action, _) in given.items()
    }
    assert steps(running) == {}
    assert {*labels_of(running).values()} == {""}
    page.keyboard.press("r")
    expect(page.get_by_text("Redone:")).to_be_visible(timeout=SECONDS)
    assert list(steps(running).values()) == [step]


def test_no_filter_and_no_button_above_or_below_the_grid_loses_choices_that_are_not_stored(running, browser):
    ids = list(shape_of(running.project))
    label_images(running.project, {ids[0]: "one", ids[20]: "two"}, "ben")
    page = reopen_label(browser, running)
    shown = shown_ids(page)
    pictures(page).nth(2).click()
    page.keyboard.press("d")
    for name, value, before in (("Per page", "48", "12"), ("Order", "random", "auto"), ("Only", "two", "")):
        page.get_by_label(name, exact=True).select_option(value)
        expect(page.get_by_label(name, exact=True)).to_have_value(before)
        expect(page.locator(".lb .rv-hint")).to_have_text("Enter stores your choices first; u takes them back.")
    for name in ("Audit: label 34 at random", "Accept the rest: 34 pictures"):
        page.get_by_role("button", name=name).click()
    expect(pictures(page).nth(2)).to_have_attribute("data-choice", "delete")
    assert shown_ids(page) == shown and len(steps(running)) == 1
    shoot(page, "label-6-choices-stay")
    press(page, "Enter")
    assert next(iter(steps(running).values()))[shown[2]] == ("delete", None)
    page.get_by_label("Order", exact=True).select_option("random")
    expect(page).to_have_url(re.compile("by=random"))


def test_what_was_left_for_later_comes_when_nothing_else_is_left(running, browser):
    page = reopen_label(browser, running, "&many=48&by=random")
    later = shown_ids(page)[:3]
    pictures(page).nth(0).click()
    pictures(page).nth(2).click(modifiers=["Shift"])
    page.keyboard.press("x")
    type_label(page, "drawing")
    expect(pictures(page)).to_have_count(3, timeout=SECONDS)
    assert sorted(shown_ids(page)) == sorted(later)
    expect(page.locator(".lb-progress")).to_have_text("33 of 36 labelled")


def test_two_people_get_different_pages_hear_when_none_is_left_and_get_the_page_of_who_goes(running, browser):
    ann = open_label(browser, running, "&many=12&by=random")
    ben = open_label(browser, running, "&many=12&by=random", name="ben")
    mine, his = shown_ids(ann), shown_ids(ben)
    assert len(mine) == len(his) == 12 and not {*mine} & {*his}
    next_page(ann, lambda: type_label(ann, "one"))
    rest = {*shown_ids(ann)}
    assert len(rest) == 12 and not rest & {*his}
    next_page(ben, lambda: type_label(ben, "two"))
    rows = {row["image_id"]: (row["reviewer"], row["to_label"]) for row in log_of(running).history()}
    assert rows == dict.fromkeys(mine, ("ann", "one")) | dict.fromkeys(his, ("ben", "two"))

    told = ben.locator(".lb .rv-done")
    expect(told).to_contain_text("Others look at the 12 pictures that are left.")
    with ben.expect_request(lambda request: "next_page" in (request.post_data or "")):
        ben.get_by_role("button", name="Look again").click()
    expect(told).to_contain_text("Others look at the 12 pictures that are left.")
    type_label(ann, "one")
    for page in (ann, ben):
        expect(page.locator(".lb .rv-done")).to_contain_text("Every picture has a label.", timeout=SECONDS)

    ann.keyboard.press("u")  # one's own last step
    expect(ann.get_by_text("Undone:")).to_be_visible(timeout=SECONDS)
    loaded(ann)
    assert {*shown_ids(ann)} == rest
    assert {labels_of(running)[one] for one in his} == {"two"}

    ben.get_by_label("Per page", exact=True).select_option("24")
    expect(told).to_contain_text("Others look at the 12 pictures that are left.")
    ann.close()
    expect(pictures(ben)).to_have_count(12, timeout=SECONDS)  # a page that is not given up comes after two minutes
    assert {*shown_ids(ben)} == rest
    loaded(ben)
    press(ben, "1")
    assert labels_of(running) == dict.fromkeys([*mine, *rest], "one") | dict.fromkeys(his, "two")


def test_what_is_labelled_offline_waits_in_words_and_is_stored_once(running, browser):
    page = reopen_label(browser, running)
    ids = shown_ids(page)
    page.context.set_offline(True)
    type_label(page, "disc")
    expect(page.locator(".lb .rv-saved")).to_have_text("1 waiting", timeout=SECONDS)
    expect(pictures(page).first).to_have_attribute("data-state", "waiting", timeout=SECONDS)
    expect(pictures(page).first.locator(".rv-state")).to_have_text("disc (waiting)")
    expect(page.get_by_text("The next page is waiting: this browser is offline")).to_be_visible(timeout=SECONDS)
    assert steps(running) == {}
    page.context.set_offline(False)
    expect(page.locator(f".lb figure[data-id='{ids[0]}']")).to_have_count(0, timeout=SECONDS)
    assert list(steps(running).values()) == [dict.fromkeys(ids, ("label", "disc"))]


def test_a_page_survives_that_the_studio_is_killed_and_the_browser_reloaded(own_running, start, browser):
    page = open_label(browser, own_running)
    ids = shown_ids(page)
    own_running.process.kill()
    own_running.process.join()
    type_label(page, "disc")
    expect(page.locator(".lb .rv-saved")).to_have_text("1 waiting", timeout=SECONDS)
    page.goto("about:blank")
    again = start(own_running.project, port_of(own_running))
    page.goto(f"{again.url}?tab=label&many=12")
    loaded(page)
    expect(page.locator(".lb-progress")).to_have_text(f"{len(ids)} of 36 labelled", timeout=SECONDS)
    assert list(steps(own_running).values()) == [dict.fromkeys(ids, ("label", "disc"))]


def test_a_label_is_shown_as_it_was_typed_and_has_a_key_from_then_on(running, browser):
    page = reopen_label(browser, running)
    first = len(shown_ids(page))
    next_page(page, lambda: type_label(page, "<b>x</b>"))
    expect(page.locator(".lb-label").first).to_have_text(f"<b>x</b>{first}1")
    expect(page.locator(".lb b", has_text=re.compile("^x$"))).to_have_count(0)
    press(page, "1")
    assert [{*step.values()} for step in steps(running).values()] == [{("label", "<b>x</b>")}] * 2
    pictures(page).first.click()
    type_label(page, '"><img src=x onerror=alert(1)>')
    expect(pictures(page).first.locator(".lb-will")).to_have_text('"><img src=x onerror=alert(1)>')
    page.keyboard.press("?")
    expect(page.locator(".rv-help")).to_contain_text('"><img src=x onerror=alert(1)>')
    expect(page.locator(".lb img[src=x]")).to_have_count(0)


def test_the_field_for_a_label_completes_it_and_gives_nothing_while_it_is_empty(running, browser):
    catalog = Catalog(running.project)
    for label in ("black bear", "square", "squirrel"):
        add_label(catalog, label)
    page = reopen_label(browser, running)
    field, offered = page.locator(".lb .rv-palette input"), page.locator(".lb .rv-palette li")
    page.keyboard.press("Enter")  # nothing is proposed: it asks
    expect(field).to_be_focused()
    expect(offered.locator("[aria-selected=true]")).to_have_count(0)
    page.keyboard.press("Enter")
    expect(field).not_to_be_visible()
    assert steps(running) == {}
    page.keyboard.press("l")
    field.fill("bear")
    expect(offered).to_have_text(["New label: bear", re.compile("black bear")])
    field.fill("squ")
    expect(offered).to_have_text([re.compile("square"), re.compile("squirrel"), "New label: squ"])
    page.keyboard.press("ArrowDown")
    next_page(page, lambda: page.keyboard.press("Enter"))
    assert {*next(iter(steps(running).values())).values()} == {("label", "squirrel")}


def test_keys_do_nothing_while_one_types_and_a_second_enter_stores_nothing(running, browser):
    page = reopen_label(browser, running)
    name = page.locator(".lb .rv-name")
    name.fill("")
    name.press_sequentially("xdu1?")
    expect(name).to_have_value("xdu1?")
    name.press("Tab")
    page.locator(".lb .rv-grid").focus()
    next_page(page, lambda: type_label(page, "disc"))
    assert {row["reviewer"] for row in log_of(running).history()} == {"xdu1?"}
    page.evaluate("document.querySelector('.lb .rv-grid').focus()")
    page.evaluate(TWICE)
    expect(page.get_by_text("Ignored: the next page is still loading.")).to_be_visible(timeout=SECONDS)
    loaded(page)
    assert len(steps(running)) == 2


def test_the_label_set_gives_keys_meanings_and_hides_retired_labels(running, browser):
    catalog = Catalog(running.project)
    add_label(catalog, "disc", key="z", description="round, without corners", colour="#0a7")
    add_label(catalog, "square")
    add_label(catalog, "blob")
    describe_label(catalog, "blob", retired=True)
    page = reopen_label(browser, running)
    expect(page.locator(".lb-label .lb-text")).to_have_text(["disc", "square", "Another label …"])
    disc = page.locator(".lb-label").first
    expect(disc.locator("kbd")).to_have_text("z")
    expect(disc.locator(".lb-dot")).to_have_css("background-color", "rgb(0, 170, 119)")
    disc.hover()
    expect(disc.locator(".lb-about")).to_have_text("round, without corners")
    page.keyboard.press("9")
    expect(page.get_by_text("Key 9 has no label yet: press l and type one.")).to_be_visible()
    press(page, "z")
    assert {*next(iter(steps(running).values())).values()} == {("label", "disc")}


def test_an_audit_is_blind_and_the_rest_is_accepted_and_taken_back_as_one_step(running, browser):
    page, truth = open_label(browser, running), shape_of(running.project)
    for _ in range(2):
        label_page(page, truth)
    expect(page.locator(".lb-sentence")).to_contain_text("That is the model's own guess", timeout=SECONDS)
    audit = page.get_by_role("button", name=re.compile(r"Audit: label \d+ at random"))
    left = sum(not label for label in labels_of(running).values())
    audit.click()
    expect(page.locator(".lb-name")).to_have_text("Audit: what are they?", timeout=SECONDS)
    loaded(page)
    expect(page).to_have_url(re.compile("audit=1"))
    assert proposals(page) == {}
    shoot(page, "label-4-audit")
    page.keyboard.press("1")  # the picture that one looks at, and not the page
    expect(page.locator(".lb figure[data-choice=label]")).to_have_count(1)
    page.keyboard.press("u")
    expect(page.locator(".lb figure[data-choice=label]")).to_have_count(0)
    expect(pictures(page).first).to_have_class(re.compile("cur"))
    half = shown_ids(page)[: left // 2]
    for one in half:
        give(page, truth[one])
    page.keyboard.press("Enter")
    expect(page.locator(f".lb figure[data-id='{half[0]}']")).to_have_count(0, timeout=SECONDS)
    page.reload()  # and the audit goes on
    expect(page.locator(".lb-name")).to_have_text("Audit: what are they?", timeout=SECONDS)
    loaded(page)
    page.get_by_role("button", name="Leave the audit").click()
    expect(page.get_by_role("button", name="Go on with the audit")).to_be_visible(timeout=SECONDS)
    accept = page.get_by_role("button", name=re.compile("Accept the rest: "))
    expect(accept).to_have_text(f"Accept the rest: {left - len(half)} pictures", timeout=SECONDS)
    sure = page.get_by_label("which proposals")
    sure.select_option("of at least 50 %")
    expect(page.locator(".lb-sentence")).to_contain_text("with at least 50 %", timeout=SECONDS)
    sure.select_option("of any probability")
    expect(accept).to_have_text(f"Accept the rest: {left - len(half)} pictures", timeout=SECONDS)
    accept.click()
    expect(page.get_by_text("The model labelled")).to_be_visible(timeout=SECONDS)
    loaded(page)
    given = {row["reviewer"] for row in log_of(running).history() if row["kind"] == "accepted"}
    assert given == {"model"}
    assert "" not in labels_of(running).values()
    waiting = left - len(half)  # the model is not asked whether it is right
    expect(page.locator(".lb-sentence")).to_contain_text(f"{waiting} of the {left} images of the audit have no answer")
    shoot(page, "label-5-accepted")
    page.get_by_role("button", name=re.compile("Take back the model's")).click()
    expect(page.get_by_text(re.compile(r"Undone: \d+ labelled"))).to_be_visible(timeout=SECONDS)
    loaded(page)
    assert sum(not label for label in labels_of(running).values()) == left - len(half)
    page.keyboard.press("r")  # the model's step, not one's own
    expect(page.get_by_text(re.compile(r"Redone: \d+ labelled"))).to_be_visible(timeout=SECONDS)
    assert "" not in labels_of(running).values()
    loaded(page)
    page.keyboard.press("u")
    expect(page.get_by_text(re.compile(r"Undone: \d+ labelled"))).to_be_visible(timeout=SECONDS)
    assert sum(not label for label in labels_of(running).values()) == left - len(half)


def test_the_order_one_label_and_more_like_this_are_kept_in_the_address(running, browser):
    page, truth = reopen_label(browser, running), shape_of(running.project)
    for _ in range(2):
        label_page(page, truth)
    page.get_by_label("Order", exact=True).select_option("random")
    expect(page.locator(".lb-why")).to_contain_text("at random", timeout=SECONDS)
    loaded(page)
    label = next(iter(proposals(page).values()))
    page.get_by_label("Only", exact=True).select_option(label)
    expect(page.locator(".lb-name")).to_have_text(label, timeout=SECONDS)
    loaded(page)
    expect(page).to_have_url(re.compile(f"by=random.*proposed={label}|proposed={label}.*by=random"))
    page.reload()
    expect(page.locator(".lb-name")).to_have_text(label, timeout=SECONDS)
    loaded(page)
    chosen = pictures(page).last
    like = chosen.get_attribute("data-id")
    chosen.click()
    page.keyboard.press("L")
    expect(page.locator(".lb-why")).to_contain_text("the images most like the chosen one", timeout=SECONDS)
    assert like in shown_ids(page)
    page.get_by_role("button", name="Back to the order").click()
    expect(page.locator(".lb-why")).to_contain_text("at random", timeout=SECONDS)


def test_a_phone_has_large_buttons_and_needs_no_keys(running, browser):
    add_label(Catalog(running.project), "disc")
    page = reopen_label(browser, running, **PHONE)
    for button in page.locator(".lb button:visible").all():
        assert button.bounding_box()["height"] >= 44, button.inner_text()
    pictures(page).nth(1).tap()
    page.get_by_role("button", name="Later", exact=False).first.tap()
    expect(pictures(page).nth(1)).to_have_attribute("data-choice", "keep")
    shoot(page, "label-6-phone")
    first = shown_ids(page)
    next_page(page, lambda: page.get_by_role("button", name="give the label disc").tap())
    assert Counter(step[0] for step in next(iter(steps(running).values())).values()) == {
        "label": len(first) - 1,
        "keep": 1,
    }
    for part in (".lb .rv-grid", ".lb-set", ".lb .rv-foot", ".lb .rv-confirm", ".lb-rest", ".lb .rv-bar"):
        box = page.locator(part).bounding_box()
        assert box is None or box["x"] + box["width"] <= 390, part


def test_examples_are_chosen_in_both_grids_and_shown_beside_the_labels_and_in_the_help(running, browser):
    """By default the first ones that a person confirmed; a chosen one takes their place."""
    catalog = Catalog(running.project)
    images = log_of(running).images()
    shapes = shape_of(running.project)
    discs = [image.image_id for image in images if shapes[image.image_id] == "disc"]
    stars = [image.image_id for image in images if shapes[image.image_id] == "star"]
    for ids, name in ((discs[:5], "disc"), (stars[:2], "star")):
        log_of(running).decide([DecisionRequest(one, "label", name) for one in ids], "ann", kind="label")
    page = reopen_label(browser, running)
    shown = page.locator(".lb-label", has_text="disc").locator(".lb-examples img")
    expect(shown).to_have_count(3)
    assert [discs[n][:12] in shown.nth(n).get_attribute("src") for n in range(3)] == [True] * 3
    page.evaluate(FOLLOW, f"?tab=review&kind=any&label=disc&at={discs[4]}")
    expect(page.locator(f".rv figure.cur[data-id='{discs[4]}']")).to_be_visible(timeout=SECONDS)
    page.keyboard.press("E")
    expect(page.get_by_text("This picture is an example of disc")).to_be_visible(timeout=SECONDS)
    assert {row["label"]: row["examples"] for row in label_set(catalog)}["disc"] == (discs[4],)
    page.evaluate(FOLLOW, "?tab=label&many=12")
    expect(shown).to_have_count(1)
    loaded(page)
    assert discs[4][:12] in shown.first.get_attribute("src")
    shoot(page, "14-label-examples")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="keys").get_by_alt_text("example of star")).to_have_count(2)
    page.keyboard.press("Escape")
    first, second, *_ = shown_ids(page)
    page.keyboard.press("E")
    expect(page.get_by_text("becomes an example of its label when the page is stored")).to_be_visible()
    page.keyboard.press("ArrowRight")
    for message in ("becomes an example", "will be no example"):
        page.keyboard.press("E")
        expect(page.locator(".lb .rv-hint")).to_contain_text(message)
    assert first not in examples(catalog), "a proposal is no label yet"
    press(page, "1" if proposals(page)[first] == "star" else "2")  # a label that was not proposed
    expect(page.locator(f".lb-examples img[src*='{first[:12]}']")).to_have_count(1)
    assert (examples(catalog).get(first), second in examples(catalog)) == (labels_of(running)[first], False)


def examples(catalog):
    """The label that an image is an example of, by image id."""
    return {one: row["label"] for row in label_set(catalog) for one in row["examples"]}
