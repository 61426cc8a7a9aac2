"""Protect a Gradio server: pages of other sites must not call it, and nobody may download through it."""

import ipaddress
import os
from collections.abc import Collection
from typing import Any
from urllib.parse import urlsplit

from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bearkit.web import headers, routes

API = "/api"
WATCHED = ("document", "iframe", "")  # destinations of a link that someone follows to look at a page
OTHERS = "refused: sent from another site"


class OriginGuard:
    """ASGI middleware that refuses foreign host names (DNS rebinding), other sites' requests and unneeded routes.

    Args:
        app: the application to guard.
        hosts: the host names of this server; None for a public server.
        framed: whether the Hub may show the page in a frame, as it does with a Space.
        public: whether pages of other sites may call and embed it.
    """

    def __init__(self, app: ASGIApp, hosts: Collection[str] | None, framed: bool = False, public: bool = False) -> None:
        self.app, self.hosts, self.public = app, None if hosts is None else frozenset(hosts), public
        self.headers = headers.page_headers(framed, public)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse a request with 403, or pass it on and add security headers to the response."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        asked = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        problem = self._problem(scope, asked)
        if scope["type"] != "http":  # a web socket: our pages open none
            await send({"type": "websocket.close", "code": 1008})
        elif problem:
            sending = _with_headers(send, self.headers, file=False)
            await _refused(problem, scope["path"], asked)(scope, receive, sending)
        else:
            await self.app(scope, receive, _with_headers(send, self.headers, routes.is_file(scope["path"])))

    def _problem(self, scope: Scope, asked: dict[str, str]) -> str:
        """Return why a request is refused; "" if it is served."""
        if self.hosts is not None and _host(f"//{asked.get('host', '')}") not in self.hosts:
            return "this server answers only under its own address"
        problem = routes.refusal(scope["path"])
        return problem if problem or self.public else self._foreign(scope, asked)

    def _foreign(self, scope: Scope, asked: dict[str, str]) -> str:
        """Return why a request of another site's page is refused; "" for our own, and for followed links."""
        site, origin = asked.get("sec-fetch-site"), asked.get("origin")
        if site in ("cross-site", "same-site") and not _followed(scope, asked):
            return OTHERS
        if origin is None or (self.hosts is None and site in ("same-origin", "none")):
            return ""  # behind a tunnel the host differs; the browser's own statement is reliable
        names = [asked.get("host")]
        if self.hosts is None and _behind_proxy(scope):
            names.append(asked.get("x-forwarded-host"))
        return "" if _place(origin) in names else OTHERS


def _followed(scope: Scope, asked: dict[str, str]) -> bool:
    """Return whether a request comes from a followed link to a page."""
    to_look = scope["method"] in ("GET", "HEAD") and asked.get("sec-fetch-mode") == "navigate"
    return to_look and asked.get("sec-fetch-dest", "") in WATCHED and routes.GRADIO not in scope["path"]


def _behind_proxy(scope: Scope) -> bool:
    """Return whether the request comes through our own proxy, whose forwarded headers a page cannot forge."""
    peer = (scope.get("client") or ("",))[0]
    try:
        return bool(os.environ.get("SPACE_ID")) or ipaddress.ip_address(peer).is_loopback
    except ValueError:
        return False


def _refused(problem: str, path: str, asked: dict[str, str]) -> Response:
    """Return the 403 response: JSON for programs, plain text for people."""
    if path == API or path.startswith(f"{API}/") or "json" in asked.get("accept", ""):
        error = {"error": problem, "hint": "open it in the browser under the address that bearkit printed"}
        return JSONResponse(error, status_code=403)
    return PlainTextResponse(problem, status_code=403)


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _place(origin: str) -> str:
    """Return the host and port of an origin; "" if it has none, as `null`."""
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return ""


def _with_headers(send: Send, more: headers.Headers, file: bool) -> Any:
    """Return a `send` that adds headers, or for a file replaces them."""

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            before = list(message.get("headers", []))
            shown = file and message["status"] < 400
            message = {**message, "headers": headers.file_headers(before) if shown else [*before, *more]}
        await send(message)

    return sending
