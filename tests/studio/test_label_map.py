"""The map of the Label tab in a real browser: a lasso, a click, keys and touch lead to the same grid."""

import math
import re
import shutil
from dataclasses import dataclass

import numpy as np
import pytest
from playwright.sync_api import expect

from bearkit import Project
from bearkit.labelling import label_actions
from bearkit.labelling.image_map import ImageMap
from bearkit.labelling.label_queue import LabelQueue
from tests.studio.labelling import (
    give,
    labels_of,
    loaded,
    next_page,
    open_label,
    pictures,
    press,
    reopen_label,
    shape_of,
    shown_ids,
    steps,
)
from tests.studio.pages import PHONE, SECONDS, shoot

CANVAS = ".lb-canvas canvas"
PIXEL = """async ([left, top]) => {
    for (let frame = 0; frame < 2; frame++) await new Promise(requestAnimationFrame);  // what changed is drawn then
    const canvas = document.querySelector('.lb-canvas canvas'), scale = canvas.width / canvas.clientWidth;
    return [...canvas.getContext('2d').getImageData(Math.round(left * scale), Math.round(top * scale), 1, 1).data];
}"""


@dataclass
class Dots:
    """The dots of a map as they lie on the page."""

    page: object
    positions: dict

    def at(self, image_id):
        """The place of a dot on the canvas, in CSS pixels."""
        canvas = self.page.locator(CANVAS)
        width, height = canvas.evaluate("one => [one.clientWidth, one.clientHeight]")
        values = np.array([*self.positions.values()])
        wide, high = 2 * np.abs(values - 0.5).max(axis=0)
        scale = min((width - 24) / wide, (height - 24) / high)
        x, y = self.positions[image_id]
        return (x - 0.5) * scale + width / 2, (y - 0.5) * scale + height / 2

    def on_page(self, left, top):
        box = self.page.locator(CANVAS).bounding_box()
        edge = self.page.locator(CANVAS).evaluate("one => one.clientLeft")
        return box["x"] + edge + left, box["y"] + edge + top

    def colour(self, image_id):
        """The red, green and blue in the middle of a dot."""
        return self.page.evaluate(PIXEL, self.at(image_id))[:3]

    def around(self, many, of):
        """The corners of a lasso around `many` of these dots and no other, and their ids; where most room is."""
        places = {image_id: np.array(self.at(image_id)) for image_id in self.positions}
        best = None
        for one in of:
            near = sorted((float(np.linalg.norm(places[one] - place)), other) for other, place in places.items())
            inside = {other for _, other in near[:many]}
            room = near[many][0] - near[many - 1][0]
            if inside <= set(of) and (best is None or room > best[0]):
                best = room, places[one], (near[many][0] + near[many - 1][0]) / 2, inside
        _, (left, top), radius, inside = best
        turns = [2 * math.pi * n / 24 for n in range(25)]
        return [(left + radius * math.cos(one), top + radius * math.sin(one)) for one in turns], inside

    def lasso(self, *corners):
        """Draw a lasso through these places of the canvas."""
        self.page.mouse.move(*self.on_page(*corners[0]))
        self.page.mouse.down()
        for corner in corners[1:]:
            self.page.mouse.move(*self.on_page(*corner))
        self.page.mouse.up()


@pytest.fixture(scope="module")
def mapped(unlabelled, tmp_path_factory):
    """A project where three drawings of two kinds have their label, these labels, and the map of its drawings."""
    project = Project(shutil.copytree(unlabelled.root, tmp_path_factory.mktemp("mapped") / "shapes"))
    queue, shapes = LabelQueue(project), shape_of(project)
    known = {shape: [one for one in shapes if shapes[one] == shape][:3] for shape in ("disc", "star")}
    given = {image_id: shape for shape, ids in known.items() for image_id in ids}
    label_actions.label_images(project, given, "ben")
    snapshot = queue.index.snapshot()
    values = ImageMap(queue).positions(snapshot).values.tolist()
    places = {image.image_id: place for image, place in zip(snapshot.images, values, strict=True)}
    return project, given, places


@pytest.fixture
def two_labels(one_studio, mapped):
    """A studio of the same project."""
    project, one_studio.given, one_studio.positions = mapped
    one_studio.show(project.root)
    return one_studio


def open_map(browser, running, view="&many=12&map=1", **options):
    """The kept page with the map, as it is at first."""
    page = reopen_label(browser, running, view, **options)
    expect(page.locator(".lb-says")).to_contain_text("36 pictures: 6 labelled, 30 with a proposal", timeout=SECONDS)
    return page, Dots(page, running.positions)


def colour_of(page, label):
    mark = page.locator(".lb-only").filter(has_text=label).locator(".lb-dot")
    return [int(value) for value in re.findall(r"\d+", mark.evaluate("one => getComputedStyle(one).backgroundColor"))]


def test_three_dots_in_a_lasso_are_shown_stored_and_coloured_also_after_a_reload(two_labels, browser):
    page, dots = open_map(browser, two_labels)
    corners, three = dots.around(3, [one for one in dots.positions if one not in two_labels.given])
    hues = {label: colour_of(page, label) for label in ("disc", "star")}
    for image_id, label in two_labels.given.items():
        assert dots.colour(image_id) == hues[label]
    assert not {tuple(dots.colour(one)) for one in three} & {tuple(one) for one in hues.values()}  # they are hollow
    shoot(page, "map-1-proposals")
    dots.lasso(*corners)
    expect(page.locator(".lb-why")).to_contain_text("3 pictures: chosen on the map")
    loaded(page)
    assert {*shown_ids(page)} == three
    expect(page.locator(".lb-only").filter(has_text="disc")).to_contain_text("3 + ")
    press(page, "Enter")
    stored = {image_id: label for image_id, (_, label) in next(iter(steps(two_labels).values())).items()}
    assert stored.keys() == three
    assert {*stored.values()} <= hues.keys()
    expect(page.get_by_text("These were all the pictures that you chose on the map.")).to_be_visible()
    expect(page.locator(".lb-says")).to_contain_text("36 pictures: 9 labelled, 27 with a proposal, 0 with neither.")
    for again in (False, True):
        if again:
            page.reload()
            loaded(page)
            expect(page.locator(".lb-says")).to_contain_text("9 labelled", timeout=SECONDS)
        for image_id, label in stored.items():
            assert dots.colour(image_id) == hues[label]
    shoot(page, "map-2-stored")


def test_a_large_lasso_comes_in_pages_and_leaves_labels_as_they_are(two_labels, browser):
    page, dots = open_map(browser, two_labels)
    before = labels_of(two_labels)
    width, height = page.locator(CANVAS).evaluate("one => [one.clientWidth, one.clientHeight]")
    dots.lasso((2, 2), (width - 2, 2), (width - 2, height - 2), (2, height - 2))
    expect(page.locator(".lb-why")).to_contain_text("12 of 36 pictures chosen on the map")
    loaded(page)
    seen = shown_ids(page)
    for left in ("12 of 24 pictures", "12 pictures"):
        press(page, "Enter")
        expect(page.locator(".lb-why")).to_contain_text(left)
        seen += shown_ids(page)
    assert sorted(seen) == sorted(before)
    assert {*seen[-6:]} == two_labels.given.keys()
    for one in two_labels.given:
        expect(page.locator(f".lb figure[data-id='{one}'] .lb-will")).to_have_text("labelled")
    expect(page.locator(".lb .rv-confirm")).to_contain_text("6 of 12 pictures")
    page.locator(f".lb figure[data-id='{seen[-1]}']").click()
    other = {"disc": "star", "star": "disc"}[two_labels.given[seen[-1]]]
    give(page, other)  # a label stays, unless one gives another
    press(page, "Enter")
    after = labels_of(two_labels)
    assert {one: label for one, label in after.items() if before[one]} == two_labels.given | {seen[-1]: other}
    assert all(after.values())


def test_a_key_for_a_whole_page_of_the_map_leaves_the_labels_that_people_gave(two_labels, browser):
    page, dots = open_map(browser, two_labels, "&many=48&map=1")
    before = labels_of(two_labels)
    width, height = page.locator(CANVAS).evaluate("one => [one.clientWidth, one.clientHeight]")
    dots.lasso((2, 2), (width - 2, 2), (width - 2, height - 2), (2, height - 2))
    expect(page.locator(".lb figure")).to_have_count(36)
    loaded(page)
    press(page, "1")
    expect(page.get_by_role("tab", name="Train · next")).to_be_visible()
    after = labels_of(two_labels)
    assert {one: label for one, label in after.items() if before[one]} == two_labels.given
    assert len({label for one, label in after.items() if not before[one]} - {""}) == 1
    assert all(after.values())


def test_a_click_a_legend_and_keys_show_what_lies_near(two_labels, browser):
    page = open_label(browser, two_labels, "&many=12")  # it zooms: no other test gets this page
    dots = Dots(page, two_labels.positions)
    expect(page.locator(CANVAS)).not_to_be_visible()
    page.keyboard.press("M")
    expect(page.locator(CANVAS)).to_be_focused()
    expect(page).to_have_url(re.compile("map=1"))
    expect(page.locator(".lb-says")).to_contain_text("6 labelled, 30 with a proposal")
    one = next(iter(two_labels.given))
    page.mouse.move(*dots.on_page(*dots.at(one)))
    expect(page.locator(".lb-card")).to_contain_text(two_labels.given[one], timeout=SECONDS)
    assert page.locator(".lb-card img").evaluate("one => one.decode().then(() => one.naturalWidth)") > 0
    page.mouse.wheel(0, -600)  # what is under the mouse stays there
    expect(page.locator(".lb-card")).to_contain_text(two_labels.given[one])
    page.mouse.click(*dots.on_page(*dots.at(one)))
    expect(page.locator(".lb-why")).to_contain_text("12 pictures: chosen on the map", timeout=SECONDS)
    loaded(page)
    assert one in shown_ids(page)
    page.get_by_role("button", name="Back to the order").click()
    expect(page.locator(".lb-why")).not_to_contain_text("chosen on the map", timeout=SECONDS)
    loaded(page)
    page.get_by_role("button", name="All", exact=True).click()
    only = page.locator(".lb-only").filter(has_text="star")
    only.click()
    expect(only).to_have_attribute("aria-pressed", "true")
    page.locator(CANVAS).focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowUp")
    expect(page.locator(".lb-says")).to_contain_text("Nearest to the cursor: ")
    expect(page.locator(".lb-says")).not_to_contain_text("disc")
    shoot(page, "map-3-keys")
    page.keyboard.press("Enter")
    expect(page.locator(".lb-why")).to_contain_text("chosen on the map", timeout=SECONDS)
    loaded(page)
    assert {two_labels.given.get(image_id, "star") for image_id in shown_ids(page)} == {"star"}
    page.locator(CANVAS).focus()
    page.keyboard.press("Escape")
    expect(only).to_have_attribute("aria-pressed", "false")
    page.keyboard.press("Escape")
    expect(page.locator(".lb-why")).not_to_contain_text("chosen on the map", timeout=SECONDS)
    page.keyboard.press("M")
    expect(page.locator(CANVAS)).not_to_be_visible()
    expect(page).not_to_have_url(re.compile("map=1"))


def test_on_a_phone_a_tap_shows_a_picture_and_a_second_one_those_near_it(two_labels, browser):
    page, dots = open_map(browser, two_labels, **PHONE)
    one = next(iter(two_labels.given))
    page.locator(CANVAS).scroll_into_view_if_needed()
    page.touchscreen.tap(*dots.on_page(*dots.at(one)))
    expect(page.locator(".lb-card")).to_be_visible(timeout=SECONDS)
    shoot(page, "map-4-phone")
    page.touchscreen.tap(*dots.on_page(*dots.at(one)))
    expect(page.locator(".lb-why")).to_contain_text("chosen on the map", timeout=SECONDS)
    loaded(page)
    for button in page.locator(".lb-map button:visible").all():
        assert button.bounding_box()["height"] >= 44, button.inner_text()
    box = page.locator(".lb-map").bounding_box()
    assert box["x"] + box["width"] <= 390


def test_what_is_chosen_on_the_map_can_be_undone_and_another_reviewer_may_label_it_too(two_labels, browser):
    page, dots = open_map(browser, two_labels)
    corners, three = dots.around(3, [one for one in dots.positions if one not in two_labels.given])
    dots.lasso(*corners)
    expect(pictures(page)).to_have_count(3)
    loaded(page)
    next_page(page, lambda: page.keyboard.press("Enter"))
    page.keyboard.press("u")
    expect(page.get_by_text("Undone:")).to_be_visible(timeout=SECONDS)
    loaded(page)
    assert {*shown_ids(page)} == three
    expect(page.locator(".lb-says")).to_contain_text("6 labelled, 30 with a proposal", timeout=SECONDS)
    assert labels_of(two_labels).keys() >= three
    assert not any(labels_of(two_labels)[one] for one in three)


def test_the_only_label_on_the_map_stays_the_same_when_a_label_comes_before_it(two_labels, browser):
    page, dots = open_map(browser, two_labels)
    only = page.locator(".lb-only[aria-pressed=true] .lb-text")
    page.locator(".lb-only").filter(has_text="disc").click()
    expect(only).to_have_text(["disc"])
    hue, (disc, star) = colour_of(page, "disc"), (of_label(two_labels, label) for label in ("disc", "star"))
    assert dots.colour(disc) == hue and dots.colour(star) != hue
    other = next(one for one in dots.positions if one not in two_labels.given)
    label_actions.label_images(two_labels.project, {other: "ball"}, "ben")
    for _ in range(2):
        page.keyboard.press("M")  # opens the map anew
    expect(page.locator(".lb-only .lb-text")).to_have_text(["ball", "disc", "star"])
    expect(only).to_have_text(["disc"])
    assert dots.colour(disc) == colour_of(page, "disc") and dots.colour(other) != colour_of(page, "ball")
    label_actions.merge_labels(two_labels.project, ["disc"], "star", "ben")
    for _ in range(2):
        page.keyboard.press("M")
    expect(page.locator(".lb-only .lb-text")).to_have_text(["ball", "star"])
    expect(only).to_have_count(0)
    assert dots.colour(other) == colour_of(page, "ball"), "all are shown again"


def of_label(running, label):
    return next(image_id for image_id, given in running.given.items() if given == label)
