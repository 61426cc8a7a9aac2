"""The studio's JavaScript modules: under which address they are served, and what a page does without them."""

import gradio as gr
import httpx
import pytest
from playwright.sync_api import expect

from bearkit.studio import modules
from bearkit.web.launch import NAMES, guard_arguments
from tests.processes import run_async
from tests.studio.pages import SECONDS


@pytest.fixture
def ask():
    """Asks Gradio's application behind the guard."""

    async def answer(path, headers):
        with gr.Blocks(analytics_enabled=False) as page:
            gr.HTML()
        page.allowed_paths, page.blocked_paths, page.max_file_size, page.favicon_path = [], [], None, None
        kwargs = guard_arguments(NAMES) | {"routes": [modules.route()]}
        transport = httpx.ASGITransport(gr.routes.App.create_app(page, app_kwargs=kwargs))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            return await client.get(path, headers=headers)

    return lambda path, **headers: run_async(answer(path, {name.replace("_", "-"): v for name, v in headers.items()}))


def test_a_module_is_javascript_that_browsers_keep_for_ever(ask):
    reply = ask(f"{modules.PLACE}outbox.js")
    assert reply.content == modules.FILES["outbox.js"]
    assert reply.headers["content-type"].startswith("text/javascript")
    assert reply.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert "default-src 'self'" in reply.headers["content-security-policy"]


@pytest.mark.parametrize(
    "path", ["/bearkit/0123456789abcdef/outbox.js", f"{modules.PLACE}modules.py", f"{modules.PLACE}..%2Fmodules.py"]
)
def test_another_version_and_other_files_are_not_served(ask, path):
    reply = ask(path)
    assert reply.status_code == 404
    assert reply.headers.get("cache-control", "no-store") == "no-store"


def test_pages_of_other_sites_may_not_import_modules(ask):
    assert ask(f"{modules.PLACE}outbox.js", sec_fetch_site="cross-site", sec_fetch_mode="cors").status_code == 403


def test_a_page_whose_modules_are_gone_asks_for_a_reload(browser, studio):
    page = browser.new_page()
    page.route("**/bearkit/*/outbox.js", lambda route: route.fulfill(status=404))
    page.goto(studio[0])
    expect(page.get_by_text("This part of the page did not load: reload the page.")).to_be_visible(timeout=SECONDS)


def test_a_page_below_a_path_finds_its_modules(browser, studio):
    page = browser.new_page()
    inner, seen = studio[0].rstrip("/"), []

    def pass_on(route):
        """Stand for a proxy that serves the studio below /bears."""
        asked = route.request.url.replace(f"{inner}/bears", inner)
        seen.append(route.request.url)
        if not route.request.is_navigation_request():
            return route.continue_(url=asked)
        response = route.fetch(url=asked)
        return route.fulfill(
            response=response, body=response.text().replace(f'"root":"{inner}"', f'"root":"{inner}/bears"')
        )

    page.route(f"{inner}/bears/**", pass_on)
    page.goto(f"{inner}/bears/")
    expect(page.locator("#outbox[role=status], #outbox [role=status]")).to_have_count(1, timeout=SECONDS)
    assert f"{inner}/bears{modules.PLACE}outbox.js" in seen
