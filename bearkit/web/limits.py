"""Limits on what visitors send to a page: files and bytes of a request, and bytes of all uploads together."""

import asyncio
import json
import math
import re
import shutil
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from python_multipart.multipart import parse_options_header
from starlette.formparsers import MultiPartException
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bearkit.web import routes, uploads

MIB = 2**20
FORM = 64 * 2**10  # bytes of an upload form in addition to its files
JSON_BYTES = 20 * MIB  # of a request that is not an upload
MOST_HELD = 200 * MIB  # of all such requests together
ADDRESS = re.compile(r"\s*[a-z][a-z0-9+.-]*:/|\s*[/\\]{2}", re.IGNORECASE)


@dataclass(frozen=True)
class Allowance:
    """How much visitors may upload.

    Attributes:
        files: in one request.
        bytes: in one request, all files together.
        kept: bytes of all uploads on the disk at once.
        seconds: age at which a file may be deleted if there is no room.
    """

    files: int = 1000
    bytes: float = math.inf
    kept: float = math.inf
    seconds: float = math.inf


OWNER = Allowance()  # on one's own machine, the disk is the limit
VISITOR = Allowance(files=4, bytes=20 * MIB, kept=1024 * MIB, seconds=600)
COLLECTOR = Allowance(files=500, bytes=500 * MIB, kept=4096 * MIB, seconds=6 * 3600)  # for a hosted studio


class Limits:
    """ASGI middleware that refuses too large requests before or while they arrive.

    Args:
        app: the application to guard.
        folder: the page's upload folder.
        allowed: the limits.
    """

    def __init__(self, app: ASGIApp, folder: Path, allowed: Allowance) -> None:
        self.app, self.folder, self.allowed = app, folder, allowed
        self._coming = 0.0  # bytes of uploads that are arriving
        self._held = 0  # bytes in memory of other requests

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] != "http" or scope["method"] != "POST" or routes.GRADIO not in scope["path"]:
            await self.app(scope, receive, send)
        elif routes.is_upload(scope["path"]):
            await self._upload(scope, receive, send)
        else:
            await self._small(scope, receive, send)

    async def _small(self, scope: Scope, receive: Receive, send: Send) -> None:
        body, before = bytearray(), 0
        try:
            if _length(scope) > JSON_BYTES:
                raise _TooLarge
            counted = _Counted(receive, JSON_BYTES)
            async for chunk in _chunks(counted):
                self._held, before = self._held + len(chunk), before + len(chunk)
                if self._held > MOST_HELD:
                    problem = "too much data is being sent at once"
                    await _refused(429, problem, "try again in a moment")(scope, receive, send)
                    return
                body += chunk
            if _names_an_address(bytes(body)):
                problem = "an address was sent instead of a file"
                await _refused(400, problem, "send the file itself")(scope, receive, send)
                return
            await self.app(scope, _replayed(bytes(body), receive), send)
        except _TooLarge:
            await _refused(413, f"that is more than {JSON_BYTES // MIB} MiB", "send less")(scope, receive, send)
        except ClientDisconnect:
            pass  # the client is gone, so there is nobody to answer
        finally:
            self._held -= before

    async def _upload(self, scope: Scope, receive: Receive, send: Send) -> None:
        most, length = self.allowed.bytes + FORM, _length(scope)
        if length > most:
            problem = f"the files are larger than {self.allowed.bytes / MIB:.0f} MiB together"
            await _refused(413, problem, "send fewer, or smaller ones")(scope, receive, send)
            return
        length = length or most  # a request of unknown length counts as the longest
        if math.isfinite(self.allowed.kept) and not await self._has_room(length):
            problem = "the server has no room for more uploads now"
            await _refused(429, problem, "try again in a few minutes")(scope, receive, send)
            return
        self._coming += length
        try:
            await self.app(scope, _Upload(receive, self.allowed.files, most, _boundary(scope)), send)
        finally:
            self._coming -= length

    async def _has_room(self, length: float) -> bool:
        for tidied in (False, True):
            used = await asyncio.to_thread(uploads.folder_size, self.folder)
            if used + self._coming + length <= self.allowed.kept:
                return True
            if not tidied:
                await asyncio.to_thread(remove_old_uploads, self.folder, self.allowed.seconds)
        return False


async def _chunks(receive: Receive) -> AsyncIterator[bytes]:
    """Yield the pieces of a request's body.

    Raises:
        ClientDisconnect: The client closed the connection.
    """
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        yield message.get("body", b"")
        more = message.get("more_body", False)


def _replayed(body: bytes, receive: Receive) -> Receive:
    """Return a `receive` that first repeats a body that was already read."""
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def messages() -> Message:
        return waiting.pop() if waiting else await receive()

    return messages


def _names_an_address(body: bytes) -> bool:
    """Return whether a JSON request has an address in place of a file, which Gradio would download at any size."""
    try:
        waiting = [json.loads(body)]
    except (ValueError, RecursionError):
        return False  # Gradio cannot read it either
    while waiting:
        value = waiting.pop()
        if isinstance(value, list):
            waiting += value
        elif isinstance(value, dict):
            waiting += value.values()
            if "meta" in value and isinstance(value.get("path"), str) and ADDRESS.match(value["path"]):
                return True
    return False


def remove_old_uploads(folder: Path, seconds: float) -> None:
    """Delete uploads older than `seconds`, also incomplete ones, which Gradio does not know of."""
    for path in folder.iterdir():
        with suppress(OSError):
            if time.time() - path.lstat().st_mtime > seconds:
                shutil.rmtree(path) if path.is_dir() else path.unlink()


class _TooLarge(Exception):
    """A request has more bytes than allowed."""


class _Counted:
    """A `receive` that raises `_TooLarge` after `most` bytes."""

    def __init__(self, receive: Receive, most: float) -> None:
        self.receive, self.most, self.n = receive, most, 0

    async def __call__(self) -> Message:
        message = await self.receive()
        self.n += len(message.get("body", b""))
        if self.n > self.most:
            raise _TooLarge
        return message


class _Upload(_Counted):
    """The same for an upload form. It raises MultiPartException, after which Gradio cleans up and answers 400."""

    def __init__(self, receive: Receive, files: int, most: float, boundary: bytes) -> None:
        super().__init__(receive, most)
        self.files, self.boundary, self._parts, self._end, self._over = files, boundary, 0, b"", False

    async def __call__(self) -> Message:
        try:
            message = await super().__call__()
        except _TooLarge:
            raise MultiPartException("The files are too large: more than the maximum allowed size.") from None
        if message["type"] == "http.disconnect" and not self._over:
            raise MultiPartException("The upload was interrupted.")
        self._over = self._over or not message.get("more_body", False)
        seen = self._end + message.get("body", b"")
        self._parts += seen.count(self.boundary)
        self._end = seen[-len(self.boundary) + 1 :]
        if self._parts > self.files + 1:  # the form ends with one more boundary
            raise MultiPartException(f"Too many files: at most {self.files} at once.")
        return message


def _headers(scope: Scope) -> dict[bytes, bytes]:
    return {name.lower(): value for name, value in scope["headers"]}


def _length(scope: Scope) -> float:
    """Return a request's length in bytes; 0 if it is unknown."""
    length = _headers(scope).get(b"content-length", b"")
    return int(length[:18]) if length.isdigit() else 0


def _boundary(scope: Scope) -> bytes:
    """Return the boundary between the parts of a form; bytes that never occur if the form names none."""
    _, options = parse_options_header(_headers(scope).get(b"content-type", b"").decode("latin-1"))
    return b"--" + (options.get(b"boundary") or b"\0" * 70)


def _refused(status: int, error: str, hint: str) -> Any:
    return JSONResponse({"error": error, "hint": hint}, status)
