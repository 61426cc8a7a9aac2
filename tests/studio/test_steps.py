"""The tabs' names say how far their step is; on a phone most tabs are in a menu, and links find them there."""

import re

import pytest
from playwright.sync_api import expect

from tests.studio.pages import Studio


@pytest.fixture
def running(shapes):
    studio = Studio(shapes)
    yield studio
    studio.end()


def test_on_a_phone_links_and_the_menu_open_tabs_whose_names_tell_their_state(browser, running):
    page = browser.new_page({"width": 390, "height": 844})
    page.goto(running.url)
    expect(page.get_by_role("tab", name="Data · 36")).to_be_visible()
    expect(page.get_by_role("tab", name="Review · next")).not_to_be_visible()
    page.get_by_role("link", name="36 pictures").click()
    expect(page.locator(".rv-grid figure").first).to_be_visible()
    expect(page.get_by_role("tab", name="Review · next")).to_have_attribute("aria-selected", "true")
    page.get_by_role("button", name="More tabs").first.click()
    page.locator(".overflow-dropdown button", has_text="Train").click()
    expect(page).to_have_url(re.compile("tab=train"))
    expect(page.locator(".bk-matrix")).to_be_visible()
    page.go_back()
    expect(page.locator(".rv-grid figure").first).to_be_visible()
