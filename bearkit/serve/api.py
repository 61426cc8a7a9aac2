"""The API: a picture in, what the model says of it out, as JSON; every error is an object with a hint."""

import asyncio
import json
import logging
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from typing import Any

from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from bearkit.errors import BearkitError, BusyError, DownloadError, ImageError
from bearkit.inference.predictor import Predictor
from bearkit.serve.batching import Batcher
from bearkit.serve.openapi import described, page
from bearkit.sources.web.fetch import Limits, fetch
from bearkit.web.launch import MOST_BYTES

MOST_HELD = 200 * 2**20  # bytes of all requests that wait
MOST_OF_ONE = 120 * 2**20  # of them from one address
SMALL, ROOM_FOR_SMALL = 2**20, 50 * 2**20  # bytes of a small request, and what is left for such
SENDING_SECONDS = 30.0  # that a client may take to send its picture, or we to fetch it
WAITING_ADDRESSES = 64  # requests that wait for pictures by their addresses
FETCHING = 8  # pictures that are fetched by their addresses at once
URL_SECONDS = 10.0  # to fetch a picture by its address
METHODS = {
    "/api": "GET, HEAD",
    "/api/predict": "POST",
    "/api/health": "GET, HEAD",
    "/api/openapi.json": "GET, HEAD",
}
DECODING = 2  # pictures that are decoded at once; the network needs the processor too


class RequestError(BearkitError):
    """A request that cannot be answered; `status` says whose fault it is."""

    def __init__(self, status: int, message: str, hint: str) -> None:
        super().__init__(message, hint)
        self.status = status

    def __reduce__(self) -> tuple[type["RequestError"], tuple[int, str, str]]:
        return RequestError, (self.status, str(self), self.hint)


class Api:
    """The routes of one model."""

    def __init__(self, predictor: Predictor, allow_private: bool = False) -> None:
        self.predictor, self.batcher = predictor, Batcher(predictor)
        self.limits = Limits(seconds=URL_SECONDS, max_bytes=MOST_BYTES, allow_private=allow_private)
        self._decoding, self._fetching = asyncio.Semaphore(DECODING), asyncio.Semaphore(FETCHING)
        self._fetchers = ThreadPoolExecutor(FETCHING, thread_name_prefix="fetch")  # of their own: they may wait long
        self._named = 0  # requests that wait for an address
        self._held: Counter[str] = Counter()  # bytes of requests that are under way, by client

    def routes(self) -> list[Route]:
        """POST /api/predict, GET /api/health, and what describes them."""
        return [
            Route("/api/predict", _answered(self.predict), methods=["POST"]),
            Route("/api/health", _answered(self.health)),
            Route("/api/openapi.json", _answered(self.openapi)),
            Route("/api", self.page),
            Route("/api/{rest:path}", Refused()),
            Route("/api", Refused()),
        ]

    async def predict(self, request: Request) -> dict[str, Any]:
        """A row for the picture, as `bearkit predict` gives it.

        Raises:
            RequestError: there is no picture in the request; ImageError: it is none; BusyError: too many wait.
        """
        request.state.held = 0
        try:
            top = _top(request.query_params.get("top", "3"))
            async with asyncio.timeout(SENDING_SECONDS):
                name, data = await self._picture(request)
            with self.batcher.place(_client(request)):
                async with self._decoding:
                    inputs = await asyncio.to_thread(self.predictor.to_input, data)
                del data
                found = await self.batcher.predict(inputs)
            return {"predictions": [{"path": name, **found.as_dict(top)}]}
        finally:
            self._hold(request, -request.state.held)

    async def health(self, _: Request) -> dict[str, Any]:
        """That it answers, and as which model."""
        about = self.predictor.config.about
        return {
            "status": "ok",
            "labels": self.predictor.vocab,
            "error_rate": about.get("error_rate"),
            "threshold": self.predictor.threshold,
            "version": version("bearkit"),
            "waiting": self.batcher.waiting,
            "answered": self.batcher.answered,
        }

    async def openapi(self, _: Request) -> dict[str, Any]:
        """The description of the API for programs."""
        return described(self.predictor.vocab)

    async def page(self, request: Request) -> Response:
        """The same for people."""
        return HTMLResponse(page(self.predictor.vocab, str(request.base_url).rstrip("/")))

    async def _picture(self, request: Request) -> tuple[str, bytes]:
        """The name and the bytes of the picture that a request brings or names."""
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind == "multipart/form-data":
            return await self._uploaded(request)
        if kind == "application/json":
            url = _url(await self._body(request))
            data = await self._fetched(url)
            self._hold(request, len(data))
            return url, data
        if kind.startswith("image/") or kind == "application/octet-stream":
            return "picture", _not_empty(await self._body(request))
        raise RequestError(
            415, f"`{kind or 'nothing'}` is no way to send a picture", 'a form with a file, or {"url": ...}'
        )

    async def _fetched(self, url: str) -> bytes:
        """The picture at an address; slow servers keep others waiting only who name addresses too."""
        if self._named >= WAITING_ADDRESSES:
            raise BusyError(
                f"{WAITING_ADDRESSES} addresses are asked already", hint="try again, or send the file itself"
            )
        self._named += 1
        try:
            async with self._fetching:
                loop = asyncio.get_running_loop()
                return (await loop.run_in_executor(self._fetchers, fetch, url, self.limits)).data
        except DownloadError as error:
            why = f"that address gives no picture: {error}"
            raise RequestError(400, why, "another address, or the file itself") from error
        finally:
            self._named -= 1

    async def _uploaded(self, request: Request) -> tuple[str, bytes]:
        """The first file of a form."""
        try:
            form = await MultiPartParser(request.headers, self._bounded(request), max_files=1, max_fields=20).parse()
        except (MultiPartException, ValueError, KeyError) as error:
            why = f"the form cannot be read: {getattr(error, 'message', error)}"
            raise RequestError(400, why, "curl -F file=@picture.jpg ADDRESS/api/predict") from error
        try:
            files = [value for value in form.values() if isinstance(value, UploadFile)]
            if not files:
                hint = "curl -F file=@picture.jpg ADDRESS/api/predict"
                raise RequestError(400, "there is no file in the form", hint)
            return files[0].filename or "picture", _not_empty(await files[0].read())
        finally:
            await form.close()

    async def _body(self, request: Request) -> bytes:
        return b"".join([chunk async for chunk in self._bounded(request)])

    async def _bounded(self, request: Request) -> AsyncGenerator[bytes]:
        """The request's bytes, never more than the limit, and of all requests together not more than the memory."""
        length = request.headers.get("content-length", "")
        if length.isdecimal() and int(length[:18]) > MOST_BYTES:
            raise _too_large()
        async for chunk in request.stream():
            self._hold(request, len(chunk))
            yield chunk

    def _hold(self, request: Request, n_bytes: int) -> None:
        """Count bytes that a request brought, until it is over."""
        client = _client(request)
        request.state.held += n_bytes
        self._held[client] += n_bytes
        if request.state.held > MOST_BYTES:
            raise _too_large()
        small = request.state.held <= SMALL  # a picture as they are sent mostly: large ones leave it some room
        most = MOST_HELD if small else MOST_HELD - ROOM_FOR_SMALL
        if n_bytes > 0 and (self._held.total() > most or (not small and self._held[client] > MOST_OF_ONE)):
            raise BusyError("too many large pictures wait already", hint="try again in a moment")
        self._held += Counter()  # forgets those of whom nothing is held


class Refused:
    """Answers what is asked in a way that the API does not know: 405 where there is another one, else 404."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Say what there is."""
        ways = METHODS.get(scope["path"].rstrip("/"))
        said, hint = f"there is no {scope['path']}", f"there are {', '.join(METHODS)}"
        if ways:
            said, hint = f"{scope['path']} takes no {scope['method']}", f"use {ways}"
        known = {"Allow": ways} if ways else {}
        await JSONResponse({"error": said, "hint": hint}, 405 if ways else 404, known)(scope, receive, send)


def _client(request: Request) -> str:
    return request.client.host if request.client else ""


def _too_large() -> RequestError:
    return RequestError(413, f"the request is larger than {MOST_BYTES // 2**20} MiB", "send the picture smaller")


def _not_empty(data: bytes) -> bytes:
    if not data:
        raise RequestError(400, "the picture is empty: 0 bytes came", "send the file's bytes")
    return data


def _url(body: bytes) -> str:
    try:
        url = json.loads(body)["url"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise RequestError(400, "the JSON names no picture", '{"url": "https://..."}') from error
    if not isinstance(url, str):
        raise RequestError(400, "`url` is no text", '{"url": "https://..."}')
    return url


def _top(text: str) -> int:
    if not text.isdecimal() or len(text) > 6 or not int(text):
        raise RequestError(400, f"top={text[:20]} is no number of labels", "top=3")
    return int(text)


def _said(error: BearkitError) -> dict[str, Any]:
    """The error as an object; without a hint that says nothing."""
    return {key: value for key, value in error.as_dict().items() if value}


def _answered(ask: Callable[[Request], Awaitable[dict[str, Any]]]) -> Callable[[Request], Awaitable[Response]]:
    """A route whose answers, and errors, are JSON."""

    async def route(request: Request) -> Response:
        try:
            return JSONResponse(await ask(request))
        except BusyError as error:
            return JSONResponse(error.as_dict(), 429, {"Retry-After": "1"})
        except RequestError as error:
            return JSONResponse(error.as_dict(), error.status)
        except ImageError as error:
            return JSONResponse({"hint": "send a whole JPEG, PNG or WebP", **_said(error)}, 422)
        except TimeoutError:
            hint = "send it faster, or smaller"
            return JSONResponse({"error": f"no picture came in {SENDING_SECONDS:g} s", "hint": hint}, 408)
        except ClientDisconnect:
            return Response(status_code=400)  # nobody is there to read it
        except Exception as error:  # BearkitErrors that should not be, and bugs: an object all the same
            logging.getLogger("bearkit.serve").exception("an unexpected failure")
            hint = "try another picture; the server's log has the details"
            return JSONResponse({"error": f"unexpected: {type(error).__name__}", "hint": hint}, 500)

    return route
