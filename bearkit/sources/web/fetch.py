"""Download one URL with a hard deadline, a size limit and SSRF protection.

Each host name is resolved here, at every redirect again, and the connection goes to the address that was checked. The
deadline covers the whole download: at its end another thread shuts the socket down, so that a server that sends one
byte a second cannot delay the caller. Proxies of the environment are not used: behind a proxy, no address can be
checked.
"""

import socket
import threading
import time
import zlib
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError

from bearkit.errors import DownloadError
from bearkit.sources.web.headers import forbids_ai, retry_after
from bearkit.sources.web.ssrf import resolve, unused_proxies_hint

AGENT = "bearkit (+https://pypi.org/project/bearkit; collects pictures for a classifier)"
CONNECT_SECONDS, SILENCE_SECONDS = 10.0, 10.0  # at most: to connect; between two bytes
TIMEOUTS = (CONNECT_SECONDS, SILENCE_SECONDS)
REDIRECTS, TRIES = 5, 3
BACKOFF_SECONDS = 1.0  # before the second try; twice as long before the third
CHUNK = 64 * 1024
LARGE = 4 * 2**20  # bytes; only LARGE_AT_ONCE larger answers come at once, so that 32 of them cannot fill the memory
LARGE_AT_ONCE = 4
MOVED = (301, 302, 303, 307, 308)
WORDS = {401: "needs a login", 403: "forbidden", 404: "not found", 410: "gone", 429: "too many requests"}


@dataclass(frozen=True)
class Limits:
    """Limits of a download.

    Attributes:
        seconds: of the whole download: lookups, redirects, retries and pauses together.
        max_bytes: size of the answer after decompression.
        allow_private: whether addresses that are not public may be requested, such as those of the own network.
        robots: whether to refuse answers with `X-Robots-Tag: noai` or `noimageai`.
    """

    seconds: float = 30.0
    max_bytes: int = 50 * 2**20
    allow_private: bool = False
    robots: bool = True


@dataclass(frozen=True)
class Fetched:
    """The bytes of an answer, and the URL after all redirects."""

    data: bytes
    address: str


def fetch(url: str, limits: Limits) -> Fetched:
    """Download a URL. If the server is busy, try again after a pause.

    Raises:
        DownloadError: the download failed. Failures of one cause have the same message, apart from parentheses.
    """
    deadline = time.monotonic() + limits.seconds
    for number in range(TRIES):
        try:
            with _Attempt(deadline, limits) as attempt:
                return attempt.get(url)
        except DownloadError as error:
            pause = error.after if error.after is not None else BACKOFF_SECONDS * 2**number
            if not error.again or number == TRIES - 1 or time.monotonic() + pause >= deadline:
                raise
            time.sleep(pause)
    raise AssertionError("the last try returns or raises")


class _Attempt:
    """One try, with a timer that ends it at the deadline.


    Args:
        deadline: of time.monotonic(), in seconds.
        limits: limits of the download.
    """

    def __init__(self, deadline: float, limits: Limits) -> None:
        self.deadline, self.limits = deadline, limits
        self._open: list[socket.socket] = []
        self._lock = threading.Lock()
        self._timer = threading.Timer(max(0.0, deadline - time.monotonic()), self._end)
        self._timer.daemon = True

    def __enter__(self) -> "_Attempt":
        _thread.attempt = self
        self._timer.start()
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._timer.cancel()
        with self._lock:
            for sock in self._open:
                sock.close()
            self._open.clear()

    def _end(self) -> None:
        with self._lock:
            for sock in self._open:
                with suppress(OSError):
                    sock.shutdown(socket.SHUT_RDWR)

    @property
    def over(self) -> bool:  # by the clock, since a busy machine may let the timer come late
        return time.monotonic() >= self.deadline

    @property
    def left(self) -> float:
        """Return the seconds until the deadline, at least 0.1."""
        return max(0.1, self.deadline - time.monotonic())

    def connect(self, host: str, port: int) -> socket.socket:
        """Connect to a checked address of a host.

        TLS takes over the socket that is returned; a duplicate stays here, so that the timer can shut it down.

        Raises:
            DownloadError: the host has no address that may be requested, or the deadline is over.
            OSError: no address accepts the connection.
        """
        error: OSError | None = None
        for family, address in resolve(host, port, self.limits.allow_private, self.left):
            sock = socket.socket(family, socket.SOCK_STREAM)
            try:
                sock.settimeout(min(CONNECT_SECONDS, self.left))
                sock.connect(address)
                sock.settimeout(min(SILENCE_SECONDS, self.left))
            except OSError as refused:
                sock.close()
                error = refused
                continue
            with self._lock:
                if self.over:  # the timer has fired: it would not end this socket
                    sock.close()
                    raise self.too_slow()
                self._open.append(sock.dup())
            return sock
        assert error is not None
        raise error

    def get(self, url: str) -> Fetched:
        """Download a URL; every failure is a DownloadError."""
        try:
            return self._follow(url)
        except DownloadError:
            raise
        except (requests.RequestException, HTTPError, OSError, ValueError, zlib.error) as error:
            if self.over:
                raise self.too_slow() from None
            raise _as_download_error(error) from error

    def too_slow(self) -> DownloadError:
        """Return the error for a download that has reached its deadline."""
        return DownloadError(f"took longer than {self.limits.seconds:g} s")

    def _follow(self, url: str) -> Fetched:
        for _ in range(REDIRECTS + 1):
            if self.over:
                raise self.too_slow()
            if urlsplit(url).scheme.lower() not in ("http", "https"):
                raise DownloadError("refused: neither http nor https")
            if any(ord(char) < 32 or 127 <= ord(char) < 160 for char in url):  # they could control a terminal
                raise DownloadError("not an address")
            with _session() as session, session.get(url, stream=True, timeout=TIMEOUTS) as answer:
                if answer.status_code in MOVED and (to := answer.headers.get("Location")):
                    url = urljoin(url, to.encode("latin-1", "replace").decode("utf-8", "replace"))
                    continue
                self._check(answer)
                data = self._body(answer)
                if self.over:
                    raise self.too_slow()
                return Fetched(data, url)
        raise DownloadError(f"redirected more than {REDIRECTS} times")

    def _check(self, answer: requests.Response) -> None:
        status = answer.status_code
        if status != 200:
            word = WORDS.get(status, "the server failed" if status >= 500 else "no picture")
            busy = status == 429 or status >= 500
            pause = retry_after(answer.headers.get("Retry-After", ""), time.time()) if busy else None
            raise DownloadError(f"{status} {word}", again=busy, after=pause)
        if self.limits.robots and forbids_ai(answer.headers.get("X-Robots-Tag", "")):
            raise DownloadError("its server asks not to use it for AI", hint="--ignore-robots, if you have permission")
        length = answer.headers.get("Content-Length", "")
        if length.isdecimal() and (len(length) > 18 or int(length) > self.limits.max_bytes):
            raise self._too_big()

    def _body(self, answer: requests.Response) -> bytes:
        """Read the answer and decompress it here, where the size limit holds after decompression too."""
        packed = answer.headers.get("Content-Encoding", "").lower() in ("gzip", "x-gzip", "deflate")
        unpack = zlib.decompressobj(zlib.MAX_WBITS | 32) if packed else None
        parts, size = [], 0
        with ExitStack() as stack:
            while chunk := answer.raw.read(CHUNK, decode_content=False):
                part = unpack.decompress(chunk, self.limits.max_bytes - size + 1) if unpack else chunk
                if size <= LARGE < size + len(part):
                    if not _large.acquire(timeout=self.left):
                        raise DownloadError("too many large pictures at once: try again")
                    stack.callback(_large.release)
                size += len(part)
                if size > self.limits.max_bytes:
                    raise self._too_big()
                parts.append(part)
            return b"".join(parts)

    def _too_big(self) -> DownloadError:
        return DownloadError(f"more than {self.limits.max_bytes // 2**20} MiB")


_large = threading.BoundedSemaphore(LARGE_AT_ONCE)
_thread = threading.local()  # holds the attempt of this thread, for the connections that urllib3 opens


def _current() -> _Attempt:
    attempt: _Attempt = _thread.attempt
    return attempt


# Subclasses of requests and urllib3 that connect with `_Attempt.connect`


class _Checked(HTTPConnection):
    def _new_conn(self) -> socket.socket:
        return _current().connect(self._dns_host, self.port)


class _CheckedTLS(HTTPSConnection):
    def _new_conn(self) -> socket.socket:
        return _current().connect(self._dns_host, self.port)


class _CheckedPool(HTTPConnectionPool):
    ConnectionCls = _Checked


class _CheckedTLSPool(HTTPSConnectionPool):
    ConnectionCls = _CheckedTLS


class _Adapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _CheckedPool, "https": _CheckedTLSPool}


class _Session(requests.Session):
    def get_redirect_target(self, resp: requests.Response) -> None:
        """Return None: to follow a redirect, requests would read its whole body, without a size limit."""


def _session() -> requests.Session:
    """Return a session for one request, without proxies and without stored connections."""
    session = _Session()
    session.trust_env = False
    headers = {"User-Agent": AGENT, "Accept": "image/*,*/*;q=0.5", "Accept-Encoding": "identity", "Connection": "close"}
    session.headers.update(headers)
    for scheme in ("http://", "https://"):
        session.mount(scheme, _Adapter(pool_connections=1, pool_maxsize=1))
    return session


def _as_download_error(error: Exception) -> DownloadError:
    """Return the DownloadError for an error of a library."""
    if isinstance(error, requests.exceptions.SSLError):
        certificate = "certificate" in str(error).lower()
        return DownloadError("its certificate is not valid" if certificate else "no safe connection can be made to it")
    if isinstance(error, zlib.error):
        return DownloadError("its packed answer is damaged")
    if isinstance(error, requests.Timeout | TimeoutError):
        return DownloadError(f"silent for {SILENCE_SECONDS:g} s", unused_proxies_hint(), again=True)
    if isinstance(
        error, requests.exceptions.InvalidURL | requests.exceptions.InvalidSchema | UnicodeError | ValueError
    ):
        return DownloadError("not an address")
    if "refused" in str(error).lower():
        return DownloadError("the connection was refused", unused_proxies_hint())
    return DownloadError("the connection broke off", unused_proxies_hint(), again=True)
