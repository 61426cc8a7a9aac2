"""The REST API: it takes an image and returns the prediction as JSON. Every error is an object with a hint."""

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
from bearkit.serve.openapi import openapi, page
from bearkit.sources.web.fetch import Limits, fetch
from bearkit.web.launch import MOST_BYTES

MAX_HELD = 200 * 2**20  # bytes in memory of all open requests
MAX_HELD_BY_CLIENT = 120 * 2**20  # of them from one client
SMALL, RESERVED_FOR_SMALL = 2**20, 50 * 2**20  # size of a small request, and the memory reserved for small ones, bytes
SENDING_SECONDS = 30.0  # limit for a client to send its image, or for the server to download it
MAX_WAITING_URLS = 64  # requests that wait for a download
DOWNLOADS = 8  # at the same time
URL_SECONDS = 10.0  # limit for one download
METHODS = {
    "/api": "GET, HEAD",
    "/api/predict": "POST",
    "/api/health": "GET, HEAD",
    "/api/openapi.json": "GET, HEAD",
}
DECODERS = 2  # images decoded at the same time; the network needs the processor too


URL_HINT = 'send {"url": "https://..."}'
FORM_HINT = "try: curl -F file=@picture.jpg ADDRESS/api/predict"


class RequestError(BearkitError):
    """A request that cannot be answered; `status` is the HTTP status."""

    def __init__(self, status: int, message: str, hint: str) -> None:
        super().__init__(message, hint)
        self.status = status

    def __reduce__(self) -> tuple[type["RequestError"], tuple[int, str, str]]:
        return RequestError, (self.status, str(self), self.hint)


class Api:
    """The routes of one model.

    Args:
        predictor: the model.
        allow_private: allow downloads from servers in the server's own network.
    """

    def __init__(self, predictor: Predictor, allow_private: bool = False) -> None:
        self.predictor, self.batcher = predictor, Batcher(predictor)
        self.limits = Limits(seconds=URL_SECONDS, max_bytes=MOST_BYTES, allow_private=allow_private)
        self._decoding, self._downloading = asyncio.Semaphore(DECODERS), asyncio.Semaphore(DOWNLOADS)
        self._downloaders = ThreadPoolExecutor(DOWNLOADS, thread_name_prefix="fetch")  # they may block for long
        self._waiting_urls = 0  # requests that wait for a download
        self._held: Counter[str] = Counter()  # bytes of open requests, by client

    def routes(self) -> list[Route]:
        """Return the routes: POST /api/predict, GET /api/health, and the descriptions of the API."""
        return [
            Route("/api/predict", _as_json(self.predict), methods=["POST"]),
            Route("/api/health", _as_json(self.health)),
            Route("/api/openapi.json", _as_json(self.openapi)),
            Route("/api", self.page),
            Route("/api/{rest:path}", Refused()),
            Route("/api", Refused()),
        ]

    async def predict(self, request: Request) -> dict[str, Any]:
        """Return the row of an image, as `bearkit predict --json` prints it.

        Raises:
            RequestError: there is no image in the request.
            ImageError: the image cannot be read.
            BusyError: too many requests are waiting.
        """
        request.state.held = 0
        try:
            top = _top(request.query_params.get("top", "3"))
            async with asyncio.timeout(SENDING_SECONDS):
                name, data = await self._image(request)
            with self.batcher.place(_client(request)):
                async with self._decoding:
                    inputs = await asyncio.to_thread(self.predictor.to_input, data)
                del data
                prediction = await self.batcher.predict(inputs)
            return {"predictions": [{"path": name, **prediction.as_dict(top)}]}
        finally:
            self._hold(request, -request.state.held)

    async def health(self, _: Request) -> dict[str, Any]:
        """Return the state of the server, and which model it serves."""
        return {
            "status": "ok",
            "labels": self.predictor.vocab,
            "error_rate": self.predictor.config.info.error_rate,
            "threshold": self.predictor.threshold,
            "version": version("bearkit"),
            "waiting": self.batcher.waiting,
            "answered": self.batcher.answered,
        }

    async def openapi(self, _: Request) -> dict[str, Any]:
        """Return the description of the API for programs."""
        return openapi(self.predictor.vocab)

    async def page(self, request: Request) -> Response:
        """Return the description of the API for people."""
        return HTMLResponse(page(self.predictor.vocab, str(request.base_url).rstrip("/")))

    async def _image(self, request: Request) -> tuple[str, bytes]:
        """Return the name and the bytes of the image that a request contains, or names by its URL."""
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind == "multipart/form-data":
            return await self._uploaded(request)
        if kind == "application/json":
            url = _url(await self._body(request))
            data = await self._download(url)
            self._hold(request, len(data))
            return url, data
        if kind.startswith("image/") or kind == "application/octet-stream":
            return "picture", _not_empty(await self._body(request))
        raise RequestError(
            415,
            f"unsupported content type `{kind or 'none'}`",
            'send a form with a file, or the JSON {"url": "https://..."}',
        )

    async def _download(self, url: str) -> bytes:
        """Download an image. Slow servers delay only other downloads, and no uploads."""
        if self._waiting_urls >= MAX_WAITING_URLS:
            raise BusyError(
                f"{MAX_WAITING_URLS} downloads are waiting already", hint="try again, or send the file itself"
            )
        self._waiting_urls += 1
        try:
            async with self._downloading:
                loop = asyncio.get_running_loop()
                return (await loop.run_in_executor(self._downloaders, fetch, url, self.limits)).data
        except DownloadError as error:
            message = f"the picture cannot be downloaded: {error}"
            raise RequestError(400, message, "use another address, or send the file itself") from error
        finally:
            self._waiting_urls -= 1

    async def _uploaded(self, request: Request) -> tuple[str, bytes]:
        """Return the name and the bytes of the first file in a form."""
        try:
            form = await MultiPartParser(request.headers, self._bounded(request), max_files=1, max_fields=20).parse()
        except (MultiPartException, ValueError, KeyError) as error:
            message = f"the form cannot be read: {getattr(error, 'message', error)}"
            raise RequestError(400, message, FORM_HINT) from error
        try:
            files = [value for value in form.values() if isinstance(value, UploadFile)]
            if not files:
                raise RequestError(400, "there is no file in the form", FORM_HINT)
            return files[0].filename or "picture", _not_empty(await files[0].read())
        finally:
            await form.close()

    async def _body(self, request: Request) -> bytes:
        """Read the body of a request."""
        return b"".join([chunk async for chunk in self._bounded(request)])

    async def _bounded(self, request: Request) -> AsyncGenerator[bytes]:
        """Yield the body in chunks, within the limits for one request and for all open requests."""
        length = request.headers.get("content-length", "")
        if length.isdecimal() and int(length[:18]) > MOST_BYTES:
            raise _too_large()
        async for chunk in request.stream():
            self._hold(request, len(chunk))
            yield chunk

    def _hold(self, request: Request, n_bytes: int) -> None:
        """Count bytes that a request holds in memory; a negative number releases them.

        Raises:
            RequestError: the request is too large.
            BusyError: the open requests hold too much memory.
        """
        client = _client(request)
        request.state.held += n_bytes
        self._held[client] += n_bytes
        if request.state.held > MOST_BYTES:
            raise _too_large()
        small = request.state.held <= SMALL
        limit = MAX_HELD if small else MAX_HELD - RESERVED_FOR_SMALL
        if n_bytes > 0 and (self._held.total() > limit or (not small and self._held[client] > MAX_HELD_BY_CLIENT)):
            raise BusyError("too many large pictures are waiting already", hint="try again in a moment")
        self._held += Counter()  # drops clients that hold nothing


class Refused:
    """Answers requests that the API does not serve: 405 if the address takes other methods, else 404."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        methods = METHODS.get(scope["path"].rstrip("/"))
        message, hint = f"there is no {scope['path']}", f"use one of {', '.join(METHODS)}"
        if methods:
            message, hint = f"{scope['path']} does not take {scope['method']}", f"use {methods}"
        headers = {"Allow": methods} if methods else {}
        await JSONResponse({"error": message, "hint": hint}, 405 if methods else 404, headers)(scope, receive, send)


def _client(request: Request) -> str:
    return request.client.host if request.client else ""


def _too_large() -> RequestError:
    return RequestError(413, f"the request is larger than {MOST_BYTES // 2**20} MiB", "send a smaller picture")


def _not_empty(data: bytes) -> bytes:
    if not data:
        raise RequestError(400, "the picture is empty: 0 bytes arrived", "send the bytes of the file")
    return data


def _url(body: bytes) -> str:
    try:
        url = json.loads(body)["url"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise RequestError(400, "the JSON names no picture", URL_HINT) from error
    if not isinstance(url, str):
        raise RequestError(400, "`url` is not a text", URL_HINT)
    return url


def _top(text: str) -> int:
    if not text.isdecimal() or len(text) > 6 or not int(text):
        raise RequestError(400, f"top={text[:20]} is not a number of labels", "use a number such as top=3")
    return int(text)


def _without_empty(error: BearkitError) -> dict[str, Any]:
    """Return the error as an object without empty values: an ImageError may have no hint."""
    return {key: value for key, value in error.as_dict().items() if value}


def _as_json(answer: Callable[[Request], Awaitable[dict[str, Any]]]) -> Callable[[Request], Awaitable[Response]]:
    """Turn a function into a route whose answers and errors are JSON."""

    async def route(request: Request) -> Response:
        try:
            return JSONResponse(await answer(request))
        except BusyError as error:
            return JSONResponse(error.as_dict(), 429, {"Retry-After": "1"})
        except RequestError as error:
            return JSONResponse(error.as_dict(), error.status)
        except ImageError as error:
            return JSONResponse({"hint": "send a whole JPEG, PNG or WebP", **_without_empty(error)}, 422)
        except TimeoutError:
            hint = "send it faster, or smaller"
            return JSONResponse({"error": f"no picture arrived in {SENDING_SECONDS:g} s", "hint": hint}, 408)
        except ClientDisconnect:
            return Response(status_code=400)  # nobody reads it
        except Exception as error:  # a bug: the answer is an object all the same
            logging.getLogger("bearkit.serve").exception("an unexpected failure")
            hint = "try another picture; the server's log has the details"
            return JSONResponse({"error": f"unexpected: {type(error).__name__}", "hint": hint}, 500)

    return route
