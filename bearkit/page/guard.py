"""What Gradio leaves open on a local server: other sites' pages must not reach it, by name or by form."""

from collections.abc import Collection
from typing import Any
from urllib.parse import urlsplit

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEADERS = [(b"x-content-type-options", b"nosniff"), (b"referrer-policy", b"same-origin")]
NO_FRAME = (b"x-frame-options", b"DENY")


class Guard:
    """ASGI middleware: refuse foreign host names (DNS rebinding) and writes from other origins (CSRF).

    Args:
        app: what it guards.
        hosts: the host names under which this server is known; None for a public one.
        framed: whether others may show it in a frame, as the Hub does with a Space.
    """

    def __init__(self, app: ASGIApp, hosts: Collection[str] | None, framed: bool = False) -> None:
        self.app, self.hosts = app, None if hosts is None else frozenset(hosts)
        self.headers = HEADERS if framed else [*HEADERS, NO_FRAME]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 403, or pass on and add headers."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
        elif problem := self._problem(scope):
            await PlainTextResponse(problem, status_code=403)(scope, receive, send)
        else:
            await self.app(scope, receive, _with_headers(send, self.headers))

    def _problem(self, scope: Scope) -> str:
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        if self.hosts is not None and _host(f"//{headers.get('host', '')}") not in self.hosts:
            return "this is only served under its own address"
        if scope["method"] in ("GET", "HEAD", "OPTIONS"):
            return ""
        origin = headers.get("origin") if self.hosts is not None else None  # behind a tunnel the host is another
        foreign = origin is not None and urlsplit(origin).netloc != headers.get("host")
        return "refused: sent from another site" if foreign or headers.get("sec-fetch-site") == "cross-site" else ""


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _with_headers(send: Send, headers: list[tuple[bytes, bytes]]) -> Any:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message.get("headers", []), *headers]}
        await send(message)

    return sending
