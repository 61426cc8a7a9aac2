"""The server of a static demo that is tried before it is published."""

import pytest
import requests

from bearkit.studio.demo_server import DemoServer


@pytest.fixture
def url(tmp_path):
    (tmp_path / "index.html").write_text("<title>bears</title>")
    (tmp_path / "classifier.mjs").write_text("export {};")
    server = DemoServer(tmp_path)
    yield server.url
    server.close()


def test_browsers_on_this_machine_get_the_files_each_time_anew(url):
    page = requests.get(url, timeout=10)
    assert (page.status_code, page.text) == (200, "<title>bears</title>")
    module = requests.get(f"{url}classifier.mjs", timeout=10)
    assert "javascript" in module.headers["content-type"]
    assert module.headers["cache-control"] == "no-store"


def test_a_page_of_another_site_that_leads_to_this_machine_gets_nothing(url):
    reply = requests.get(url, headers={"Host": "evil.example"}, timeout=10)
    assert reply.status_code == 403
    assert "bears" not in reply.text
