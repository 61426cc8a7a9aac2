"""What the tests of the Label tab have in common: drawings without labels, and what one does on the page."""

from playwright.sync_api import expect

from bearkit.catalog.catalog import Catalog
from bearkit.catalog.decisions import DecisionLog
from tests.studio.pages import SECONDS

WIDE = {"width": 1280, "height": 900}


def open_label(browser, running, view="&many=12", name="ann", **options):
    """A page on the Label tab, with a reviewer's name."""
    page = browser.new_context(**({"viewport": WIDE} | options)).new_page()
    page.set_default_timeout(SECONDS)
    page.add_init_script(
        f"localStorage.getItem('bearkit-reviewer') || localStorage.setItem('bearkit-reviewer', '{name}')"
    )
    page.goto(f"{running.url}?tab=label{view}")
    expect(page.locator(".lb .lb-progress, .lb .rv-done").first).to_be_visible(timeout=SECONDS)
    loaded(page)
    return page


def loaded(page):
    """Wait until a page is there and can be stored."""
    expect(page.locator(".lb.rv-busy")).to_have_count(0, timeout=SECONDS)
    if page.locator(".lb figure").count():
        expect(page.locator(".lb .rv-confirm")).to_be_enabled(timeout=SECONDS)


def pictures(page):
    return page.locator(".lb figure")


def shown_ids(page):
    return [figure.get_attribute("data-id") for figure in pictures(page).all()]


def press(page, key):
    """Press a key that stores the page, and wait for the next one."""
    before = shown_ids(page)
    page.keyboard.press(key)
    expect(page.locator(f".lb figure[data-id='{before[0]}']")).to_have_count(0, timeout=SECONDS)
    loaded(page)


def type_label(page, label):
    page.keyboard.press("l")
    page.locator(".lb .rv-palette input").fill(label)
    page.keyboard.press("Enter")


def log_of(running):
    return DecisionLog(Catalog(running.project))


def labels_of(running):
    """The label of each image, by image id; deleted images are left out."""
    return {image.image_id: image.label for image in log_of(running).images()}


def shape_of(running):
    """What each drawing shows, by image id, from its file's name."""
    return {
        image.image_id: image.path.rpartition("/")[2].rstrip("0123456789.pngj") for image in log_of(running).images()
    }
