"""What a server of ours lets through: its own page and programs; no other site, no address, nothing that runs."""

import gradio as gr
import httpx
import pytest
import safehttpx

from bearkit.web.launch import NAMES, guard_arguments
from bearkit.web.routes import refusal
from tests.conftest import picture
from tests.processes import run_async
from tests.servers import Handler, serving

ATTACK = b"<script>document.title = 'theirs'</script>"
LOCAL, LAN, SPACE, PUBLIC = ((NAMES,), {}), ((None,), {}), ((None,), {"framed": True}), ((None,), {"public": True})
FOLLOWED = {"sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}


class Attacker(Handler):
    """Its picture is a web page."""

    def give_x(self, *_):
        self.give(ATTACK, kind="text/html")


@pytest.fixture
def attacker(monkeypatch):
    """A server on this machine that passes for a public one."""

    async def public(_):
        return "127.0.0.1"

    monkeypatch.setattr(safehttpx, "async_validate_url", public)
    with serving(handler=Attacker) as server:
        yield server


@pytest.fixture
def ask(tmp_path, monkeypatch):
    """Asks Gradio's own application, behind the guard if it has arguments for it."""
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))

    async def answer(path, guard, method, headers, allowed):
        with gr.Blocks(analytics_enabled=False) as page:
            gr.Image()
        page.allowed_paths, page.blocked_paths, page.max_file_size, page.favicon_path = allowed, [], None, None
        kwargs = guard_arguments(*guard[0], **guard[1]) if guard else {}
        transport = httpx.ASGITransport(gr.routes.App.create_app(page, app_kwargs=kwargs))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            return await client.request(method, path, headers=headers)

    def call(path, guard=None, method="GET", allowed=(), **headers):
        said = {name.replace("_", "-"): value for name, value in headers.items()}
        return run_async(answer(path, guard, method, said, [str(one) for one in allowed]))

    return call


def test_another_sites_script_runs_here_through_gradio_alone_and_not_behind_the_guard(ask, attacker):
    address = f"/gradio_api/file={attacker.url}/x.png"
    alone = ask(address)
    assert (alone.status_code, alone.content) == (200, ATTACK)
    assert alone.headers["content-type"].startswith("text/html")
    assert alone.headers["content-disposition"] == "inline"
    n_asked = len(attacker.asked)
    for guard in (LOCAL, LAN, SPACE, PUBLIC):
        assert ask(address, guard).status_code == 403
    assert len(attacker.asked) == n_asked


@pytest.mark.parametrize(
    "path",
    [
        "/gradio_api/file=http://example.org/x.png",
        "/gradio_api/file=HTTPS://example.org/x.png",
        "/gradio_api/file=http%3A//example.org/x.png",
        "/gradio_api/file=http%253A%252F%252Fexample.org/x.png",
        "/gradio_api/file=http:/example.org/x.png",
        "/gradio_api/file=//example.org/x.png",
        "/gradio_api/file=\\\\example.org\\x.png",
        "/gradio_api/file=/\\example.org/x.png",
        "/gradio_api/file= http://example.org/x.png",
        "/gradio_api/file=\thttp://example.org/x.png",
        "/gradio_api/file=ht\ntp://example.org/x.png",
        "/gradio_api/file=/\t/example.org/x.png",
        "/gradio_api/file=data:text/html,x",
        "/gradio_api/file=ftp://example.org/x.png",
        "/gradio_api/file=file:///etc/hostname",
        "/gradio_api/file=",
        "/gradio_api/file=x.png",
        "/gradio_api/%66ile=http://example.org/x.png",
        "/GRADIO_API/FILE=http://example.org/x.png",
        "/gradio_api/file/http://example.org/x.png",
        "/gradio_api/file/tmp/x.png",
        "/gradio_api/proxy=https://a.hf.space/x.png",
        "/file=http://example.org/x.png",
        "/file=/tmp/x.png",
        "/proxy=http://example.org/",
        "/gradio_api/custom_component/x/client/component/index.js",
        "/gradio_api/deep_link",
        "/gradio_api/vibe-code",
        "/gradio_api/stream/a/b/1/playlist.m3u8",
        "/gradio_api/" + "%25" * 8 + "66ile=http://example.org/",
    ],
)
def test_no_spelling_of_an_address_reaches_gradio(path):
    assert refusal(path).startswith("refused")


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/api/predict",
        "/assets/index.js",
        "/theme.css",
        "/gradio_api/queue/join",
        "/gradio_api/heartbeat/a",
        "/gradio_api/file=/tmp/bearkit/a b/50%.png",
        "/gradio_api/file=/tmp/http:/Bär.png",
        "/login/callback",
    ],
)
def test_what_the_pages_need_is_let_through(path):
    assert refusal(path) == ""


@pytest.mark.parametrize(
    ("path", "guard", "method", "headers", "status"),
    [
        ("/gradio_api/config", LOCAL, "GET", {"sec_fetch_site": "cross-site"}, 403),
        ("/gradio_api/info", LOCAL, "GET", {"sec_fetch_site": "same-site", "sec_fetch_mode": "no-cors"}, 403),
        ("/gradio_api/info", LOCAL, "GET", {"sec_fetch_site": "cross-site", **FOLLOWED}, 403),
        ("/gradio_api/info", LOCAL, "GET", {"sec_fetch_site": "same-origin"}, 200),
        ("/gradio_api/info", LOCAL, "GET", {}, 200),
        ("/config", LOCAL, "GET", {"sec_fetch_site": "cross-site", **FOLLOWED}, 200),
        ("/config", LOCAL, "GET", {"sec_fetch_site": "cross-site", "sec_fetch_mode": "no-cors"}, 403),
        ("/config", LOCAL, "GET", {"sec_fetch_site": "cross-site", **FOLLOWED, "sec_fetch_dest": "object"}, 403),
        ("/", LOCAL, "GET", {"host": "evil.example"}, 403),
        ("/gradio_api/reset", LOCAL, "POST", {"origin": "http://evil.example"}, 403),
        ("/gradio_api/reset", LOCAL, "POST", {"origin": "null"}, 403),
        ("/gradio_api/reset", LOCAL, "POST", {"origin": "http://127.0.0.1:9", "sec_fetch_site": "same-site"}, 403),
        ("/gradio_api/reset", LAN, "POST", {"origin": "http://evil.example", "host": "10.0.0.7:7860"}, 403),
        ("/gradio_api/reset", LAN, "POST", {"origin": "null", "host": "10.0.0.7:7860"}, 403),
        ("/gradio_api/info", LAN, "GET", {"origin": "http://evil.example", "host": "10.0.0.7:7860"}, 403),
        ("/gradio_api/reset", LAN, "POST", {"origin": "http://10.0.0.7:7860", "host": "10.0.0.7:7860"}, 422),
        ("/gradio_api/reset", LAN, "POST", {"origin": "https://x.gradio.live", "sec_fetch_site": "same-origin"}, 422),
        ("/gradio_api/reset", SPACE, "POST", {"origin": "https://a.hf.space", "host": "10.1.1.1"}, 403),
        ("/gradio_api/reset", SPACE, "POST", {"origin": "https://a.hf.space", "x_forwarded_host": "a.hf.space"}, 422),
        ("/gradio_api/reset", PUBLIC, "POST", {"origin": "http://anyone.example", "sec_fetch_site": "cross-site"}, 422),
    ],
)  # fmt: skip
@pytest.mark.slow
def test_other_sites_may_link_to_a_page_and_nothing_else(ask, path, guard, method, headers, status):
    assert ask(path, guard, method, **headers).status_code == status  # 422: Gradio has it, and misses its body


def test_only_pictures_are_shown_and_no_file_has_the_pages_rights(ask, tmp_path):
    (tmp_path / "a.png").write_bytes(picture(1, kind="PNG"))
    (tmp_path / "a.svg").write_bytes(b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>")
    (tmp_path / "a.html").write_bytes(ATTACK)
    shown = ask(f"/gradio_api/file={tmp_path}/a.png", LOCAL)
    assert (shown.status_code, shown.headers["content-type"]) == (200, "image/png")
    assert shown.headers["content-security-policy"] == "sandbox; default-src 'none'"
    for name in ("a.svg", "a.html"):
        assert (
            ask(f"/gradio_api/file={tmp_path}/{name}", allowed=[tmp_path]).headers["content-disposition"][:6]
            == "inline"
        )
        for part in ({}, {"range": "bytes=0-9", "content_type": "text/html"}):
            saved = ask(f"/gradio_api/file={tmp_path}/{name}", LOCAL, allowed=[tmp_path], **part).headers
            assert saved.get_list("content-type") == ["application/octet-stream"]
            assert (saved["content-disposition"], saved["x-content-type-options"]) == ("attachment", "nosniff")


def test_a_pages_own_policy_keeps_others_out_of_it(ask):
    policy = ask("/config", LOCAL).headers["content-security-policy"]
    for part in ("default-src 'self'", "object-src 'none'", "frame-ancestors 'none'"):
        assert part in policy
    assert (
        "https://huggingface.co" in ask("/config", SPACE).headers["content-security-policy"].partition("frame-anc")[2]
    )
    assert "frame-ancestors" not in ask("/config", PUBLIC).headers["content-security-policy"]


def test_a_program_that_is_refused_gets_an_object(ask):
    for reply in (
        ask("/api/health", LOCAL, host="evil.example"),
        ask("/", LOCAL, host="e.org", accept="application/json"),
    ):
        assert reply.status_code == 403
        assert set(reply.json()) == {"error", "hint"}
