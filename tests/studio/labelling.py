"""What the tests of the Label tab have in common: drawings without labels, and what one does on the page."""

import re
from pathlib import Path

from playwright.sync_api import expect

from bearkit.catalog.catalog import Catalog
from bearkit.catalog.decisions import DecisionLog
from tests.studio.pages import SECONDS

NAME = "name => localStorage.getItem('bearkit-reviewer') || localStorage.setItem('bearkit-reviewer', name)"


def reopen_label(browser, running, view="&many=12", **options):
    """The kept page on the Label tab."""
    empty = "&by=&proposed=&like=&audit=" + ("" if "&map=" in view else "&map=")
    page = browser.kept_page(running.url, f"?tab=label{empty}{view}", **options)
    expect(page.locator(".lb .lb-progress, .lb .rv-done").first).to_be_visible(timeout=SECONDS)
    loaded(page)
    return page


def open_label(browser, running, view="&many=12", name="ann", **options):
    """A new page on the Label tab, with a reviewer's name."""
    page = browser.new_page(**options)
    page.add_init_script(f"({NAME})('{name}')")
    page.goto(f"{running.url}?tab=label{view}")
    expect(page.locator(".lb .lb-progress, .lb .rv-done").first).to_be_visible(timeout=SECONDS)
    loaded(page)
    return page


def loaded(page):
    """Wait until a page is there and can be stored."""
    expect(page.locator(".lb figure, .lb .rv-done, .lb [role=alert]").first).to_be_attached(timeout=SECONDS)
    expect(page.locator(".lb.rv-busy")).to_have_count(0, timeout=SECONDS)
    if pictures(page).count():
        expect(page.locator(".lb .rv-confirm")).to_be_enabled(timeout=SECONDS)


def pictures(page):
    return page.locator(".lb figure")


def shown_ids(page):
    return [figure.get_attribute("data-id") for figure in pictures(page).all()]


def next_page(page, act):
    """Do what stores the page, and wait for the next one."""
    before = shown_ids(page)
    act()
    expect(page.locator(f".lb figure[data-id='{before[0]}']")).to_have_count(0, timeout=SECONDS)
    loaded(page)


def press(page, key):
    """Press a key that stores the page, and wait for the next one."""
    next_page(page, lambda: page.keyboard.press(key))


def type_label(page, label):
    page.keyboard.press("l")
    page.locator(".lb .rv-palette input").fill(label)
    page.keyboard.press("Enter")


def give(page, label):
    """Give a label by its key; a label that is new by its name."""
    key = (
        page.locator(".lb-label").filter(has=page.locator(".lb-text", has_text=re.compile(f"^{label}$"))).locator("kbd")
    )
    if key.count():
        page.keyboard.press(key.inner_text())
    else:
        type_label(page, label)


def select_by_keys(page, places):
    """Move to pictures of the page, by their numbers, and select them."""
    for place in places:
        here = int(page.locator(".lb figure.cur").get_attribute("id").removeprefix("lb-"))
        for _ in range(abs(place - here)):
            page.keyboard.press("ArrowRight" if place > here else "ArrowLeft")
        page.keyboard.press("k")


def log_of(running):
    """The decisions of a studio's project."""
    return DecisionLog(Catalog(running.project))


def labels_of(running):
    """The label of each image, by image id; deleted images are left out."""
    return {image.image_id: image.label for image in log_of(running).images()}


def shape_of(project):
    """What each drawing shows, by image id: the name of its file without the number."""
    images = DecisionLog(Catalog(project)).images()
    return {image.image_id: Path(image.path).stem.rstrip("0123456789") for image in images}


def steps(running):
    """The decisions of each step that counts, the newest first: {step: {image_id: (action, label)}}."""
    found = {}
    for row in log_of(running).history():
        if row["image_id"] and not row["undone"]:
            found.setdefault(row["step"], {})[row["image_id"]] = row["action"], row["to_label"]
    return found
