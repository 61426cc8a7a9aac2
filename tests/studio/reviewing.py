"""What the tests of the Review tab have in common: a project with wrong labels, and what one does on the page."""

from playwright.sync_api import expect

from bearkit.catalog.catalog import Catalog
from bearkit.catalog.decision_types import DecisionRequest
from bearkit.catalog.decisions import DecisionLog
from tests.studio.pages import SECONDS


def plant(project):
    """Give four of the 36 drawings a wrong label; what they should be."""
    ledger = DecisionLog(Catalog(project))
    wrong = {image.image_id: image.label for image in ledger.images()[::9]}
    other = {"disc": "square", "square": "star", "star": "disc"}
    ledger.decide(
        [DecisionRequest(one, "relabel", other[label]) for one, label in wrong.items()], "chance", kind="quality"
    )
    return wrong


def opened(browser, url, view="&n=6&rest=1", **options):
    """A new page on the Review tab."""
    page = browser.new_page(**options)
    page.goto(f"{url}?tab=review{view}")
    expect(page.locator(".rv-grid figure").first).to_be_visible(timeout=SECONDS)
    return page


def reopened(browser, running, view="&n=6&rest=1", **options):
    """The kept page on the Review tab."""
    page = browser.kept_page(running.url, f"?tab=review{view}", **options)
    expect(page.locator(".rv-busy")).to_have_count(0, timeout=SECONDS)
    expect(page.locator(".rv-grid figure").first).to_be_visible(timeout=SECONDS)
    return page


def ledger_of(running):
    return DecisionLog(Catalog(running.project))


def figures(page):
    return page.locator(".rv-grid figure")


def stored(page, count):
    """Wait until so many pictures of the page are stored."""
    expect(page.locator(".rv-grid figure[data-state=stored]")).to_have_count(count, timeout=SECONDS)


def next_page(page):
    """Confirm the page, and wait for another one."""
    first = figures(page).first.get_attribute("data-id")
    confirm(page)
    expect(page.locator(f".rv-grid figure[data-id='{first}']")).to_have_count(0, timeout=SECONDS)


def confirm(page):
    """Press Enter, once it counts."""
    expect(page.locator(".rv-confirm")).to_be_enabled(timeout=SECONDS)
    page.keyboard.press("Enter")


def relabel(page, label):
    """Give the current picture a label by its name."""
    page.keyboard.press("l")
    page.get_by_label("label of this picture").get_by_role("combobox").fill(label)
    page.keyboard.press("Enter")
