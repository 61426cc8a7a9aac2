"""The tabs' names say how far their step is; on a phone all of them are in sight. Pages are light or dark."""

import re

import pytest
from playwright.sync_api import expect


@pytest.fixture
def running(one_studio, drawn):
    one_studio.show(drawn.root)
    return one_studio


def test_on_a_phone_all_tabs_are_in_sight_and_their_names_tell_their_state(browser, running):
    page = browser.new_page({"width": 390, "height": 844})
    page.goto(running.url)
    for name in ("Data · 36", "Label", "Train", "Review · next", "Predict", "Publish"):
        tab = page.get_by_role("tab", name=re.compile(f"^{name}"))
        expect(tab).to_be_in_viewport(ratio=1)
        assert tab.bounding_box()["height"] >= 44
    expect(page.get_by_role("button", name="More tabs")).to_have_count(0)
    page.get_by_role("link", name="36 pictures").click()
    expect(page.locator(".rv-grid figure").first).to_be_visible()
    expect(page.get_by_role("tab", name="Review · next")).to_have_attribute("aria-selected", "true")
    page.get_by_role("tab", name=re.compile("^Train")).click()
    expect(page).to_have_url(re.compile("tab=train"))
    expect(page.locator(".bk-matrix")).to_be_visible()
    page.go_back()
    expect(page.locator(".rv-grid figure").first).to_be_visible()


def test_the_choice_between_light_and_dark_outlives_a_reload(browser, running):
    page = browser.new_page(color_scheme="light")
    page.goto(running.url)
    body = page.locator("body")
    page.get_by_role("button", name="Switch to dark").click()
    expect(body).to_have_class(re.compile(r"\bdark\b"))
    page.reload()
    expect(body).to_have_class(re.compile(r"\bdark\b"))
    page.get_by_role("button", name="Switch to light").click()
    expect(body).not_to_have_class(re.compile(r"\bdark\b"))
    expect(page.get_by_role("button", name="Switch to dark")).to_be_visible()
