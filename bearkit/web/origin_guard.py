"""What Gradio leaves open: other sites' pages must not reach a local server, and nobody may fetch through it."""

import ipaddress
import os
from collections.abc import Collection
from typing import Any
from urllib.parse import urlsplit

from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bearkit.web import headers, routes

API = "/api"
WATCHED = ("document", "iframe", "")  # where a browser shows a page that somebody followed a link to
OTHERS = "refused: sent from another site"


class OriginGuard:
    """ASGI middleware: refuse foreign host names (DNS rebinding), other sites' requests and Gradio's open routes.

    Args:
        app: what it guards.
        hosts: the host names under which this server is known; None for a public one.
        framed: whether the Hub may show it in a frame, as it does with a Space.
        public: whether pages of other sites may ask it too, and show it.
    """

    def __init__(self, app: ASGIApp, hosts: Collection[str] | None, framed: bool = False, public: bool = False) -> None:
        self.app, self.hosts, self.public = app, None if hosts is None else frozenset(hosts), public
        self.headers = headers.of_page(framed, public)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 403, or pass on and add headers."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        asked = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        problem = self._problem(scope, asked)
        if scope["type"] != "http":  # a web socket, which no page of ours opens
            await send({"type": "websocket.close", "code": 1008})
        elif problem:
            sending = _with_headers(send, self.headers, file=False)
            await _refused(problem, scope["path"], asked)(scope, receive, sending)
        else:
            await self.app(scope, receive, _with_headers(send, self.headers, routes.is_file(scope["path"])))

    def _problem(self, scope: Scope, asked: dict[str, str]) -> str:
        if self.hosts is not None and _host(f"//{asked.get('host', '')}") not in self.hosts:
            return "this is only served under its own address"
        problem = routes.refusal(scope["path"])
        return problem if problem or self.public else self._foreign(scope, asked)

    def _foreign(self, scope: Scope, asked: dict[str, str]) -> str:
        """Whether another site's page asks, and not for a page to look at."""
        site, origin = asked.get("sec-fetch-site"), asked.get("origin")
        if site in ("cross-site", "same-site") and not _followed(scope, asked):
            return OTHERS
        if origin is None or (self.hosts is None and site in ("same-origin", "none")):
            return ""  # behind a tunnel the host is another, and the browser knows better
        names = [asked.get("host")]
        if self.hosts is None and _behind_proxy(scope):
            names.append(asked.get("x-forwarded-host"))
        return "" if _place(origin) in names else OTHERS


def _followed(scope: Scope, asked: dict[str, str]) -> bool:
    """Whether somebody follows a link to a page."""
    to_look = scope["method"] in ("GET", "HEAD") and asked.get("sec-fetch-mode") == "navigate"
    return to_look and asked.get("sec-fetch-dest", "") in WATCHED and routes.GRADIO not in scope["path"]


def _behind_proxy(scope: Scope) -> bool:
    """Whether a proxy of our own asks, so that pages cannot invent what it says."""
    peer = (scope.get("client") or ("",))[0]
    try:
        return bool(os.environ.get("SPACE_ID")) or ipaddress.ip_address(peer).is_loopback
    except ValueError:
        return False


def _refused(problem: str, path: str, asked: dict[str, str]) -> Response:
    """Programs get an object, as everywhere in the API."""
    if path == API or path.startswith(f"{API}/") or "json" in asked.get("accept", ""):
        said = {"error": problem, "hint": "open it in the browser under the address that bearkit printed"}
        return JSONResponse(said, status_code=403)
    return PlainTextResponse(problem, status_code=403)


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _place(origin: str) -> str:
    """Host and port of an origin; "" for those without, as `null`."""
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return ""


def _with_headers(send: Send, more: headers.Headers, file: bool) -> Any:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            before = list(message.get("headers", []))
            shown = file and message["status"] < 400
            message = {**message, "headers": headers.of_file(before) if shown else [*before, *more]}
        await send(message)

    return sending
