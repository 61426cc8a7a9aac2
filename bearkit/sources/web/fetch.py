"""Fetch one address, whatever the other side does: it ends in time, takes no more than it may, and says why it failed.

Names are resolved here and connected to as they were checked, at every redirect anew. The deadline is of the whole
fetch: when it is over the socket is shut down from outside, so that a server that sends a byte a second holds nobody.
Proxies of the environment are not used, since behind one nothing could be checked.
"""

import socket
import threading
import time
import zlib
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError

from bearkit.errors import DownloadError
from bearkit.sources.web.ssrf import resolved, unused_proxies

AGENT = "bearkit (+https://pypi.org/project/bearkit; collects pictures for a classifier)"
CONNECT_SECONDS, SILENCE_SECONDS = 10.0, 10.0  # to connect; without a byte
TIMEOUTS = (CONNECT_SECONDS, SILENCE_SECONDS)
REDIRECTS, TRIES = 5, 3
BACKOFF_SECONDS = 1.0  # before the second try; twice as long before the third
CHUNK = 64 * 1024
LARGE = 4 * 2**20  # bytes; of bodies above this only a few come at once, so that 32 huge ones do not fill the memory
LARGE_AT_ONCE = 4
MOVED = (301, 302, 303, 307, 308)
WORDS = {401: "needs a login", 403: "forbidden", 404: "not found", 410: "gone", 429: "too many requests"}


@dataclass(frozen=True)
class Limits:
    """What a fetch may cost.

    Attributes:
        seconds: of the whole fetch: lookups, redirects, tries and waits together.
        max_bytes: of the answer, unpacked.
        allow_private: also machines that are not public.
        robots: leave what says `X-Robots-Tag: noai` or `noimageai`.
    """

    seconds: float = 30.0
    max_bytes: int = 50 * 2**20
    allow_private: bool = False
    robots: bool = True


@dataclass(frozen=True)
class Fetched:
    """What came, from where in the end."""

    data: bytes
    address: str


def fetch(url: str, limits: Limits) -> Fetched:
    """The bytes at an address; tried again, with pauses, where the server is only busy.

    Raises:
        DownloadError: why not, in words that are the same for the same cause.
    """
    ends = time.monotonic() + limits.seconds
    for number in range(TRIES):
        try:
            with _Attempt(ends, limits) as attempt:
                return attempt.get(url)
        except DownloadError as error:
            pause = error.after if error.after is not None else BACKOFF_SECONDS * 2**number
            if not error.again or number == TRIES - 1 or time.monotonic() + pause >= ends:
                raise
            time.sleep(pause)
    raise AssertionError("the last try returns or raises")


class _Attempt:
    """One try, with a watch that ends it in time."""

    def __init__(self, ends: float, limits: Limits) -> None:
        self.ends, self.limits = ends, limits
        self._open: list[socket.socket] = []
        self._lock = threading.Lock()
        self._watch = threading.Timer(max(0.0, ends - time.monotonic()), self._end)
        self._watch.daemon = True

    def __enter__(self) -> "_Attempt":
        _here.attempt = self
        self._watch.start()
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._watch.cancel()
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
    def over(self) -> bool:  # by the clock, since a busy machine may let the watch come late
        return time.monotonic() >= self.ends

    @property
    def left(self) -> float:
        return max(0.1, self.ends - time.monotonic())

    def connect(self, host: str, port: int) -> socket.socket:
        """A socket to a checked address of this host; its twin stays with the watch, TLS takes the first one over."""
        error: OSError | None = None
        for family, address in resolved(host, port, self.limits.allow_private, self.left):
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
                if self.over:  # just now: nobody would end this one
                    sock.close()
                    raise self.too_slow()
                self._open.append(sock.dup())
            return sock
        assert error is not None
        raise error

    def get(self, url: str) -> Fetched:
        try:
            return self._follow(url)
        except DownloadError:
            raise
        except (requests.RequestException, HTTPError, OSError, ValueError, zlib.error) as error:
            if self.over:
                raise self.too_slow() from None
            raise _worded(error) from error

    def too_slow(self) -> DownloadError:
        return DownloadError(f"took longer than {self.limits.seconds:g} s")

    def _follow(self, url: str) -> Fetched:
        for _ in range(REDIRECTS + 1):
            if self.over:
                raise self.too_slow()
            if urlsplit(url).scheme.lower() not in ("http", "https"):
                raise DownloadError("refused: neither http nor https")
            if any(ord(char) < 32 or 127 <= ord(char) < 160 for char in url):  # no terminal shall obey one
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
            raise DownloadError(f"{status} {word}", again=busy, after=_pause(answer) if busy else None)
        if self.limits.robots and _unwilling(answer.headers.get("X-Robots-Tag", "")):
            raise DownloadError("its server asks that it is not used for AI", hint="--ignore-robots, if you may")
        length = answer.headers.get("Content-Length", "")
        if length.isdecimal() and (len(length) > 18 or int(length) > self.limits.max_bytes):
            raise self._too_big()

    def _body(self, answer: requests.Response) -> bytes:
        """The answer's bytes, unpacked here so that a small one cannot become a huge one."""
        packed = answer.headers.get("Content-Encoding", "").lower() in ("gzip", "x-gzip", "deflate")
        unpack = zlib.decompressobj(zlib.MAX_WBITS | 32) if packed else None
        parts, size = [], 0
        with ExitStack() as turns:
            while chunk := answer.raw.read(CHUNK, decode_content=False):
                part = unpack.decompress(chunk, self.limits.max_bytes - size + 1) if unpack else chunk
                if size <= LARGE < size + len(part):
                    if not _large.acquire(timeout=self.left):
                        raise DownloadError("too many huge pictures came at once: try it again")
                    turns.callback(_large.release)
                size += len(part)
                if size > self.limits.max_bytes:
                    raise self._too_big()
                parts.append(part)
            return b"".join(parts)

    def _too_big(self) -> DownloadError:
        return DownloadError(f"more than {self.limits.max_bytes // 2**20} MiB")


_large = threading.BoundedSemaphore(LARGE_AT_ONCE)
_here = threading.local()  # the attempt of this thread, for the connections that urllib3 opens in it


def _current() -> _Attempt:
    attempt: _Attempt = _here.attempt
    return attempt


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
        """None: requests would read the whole body of a redirect, unpacked, to follow it or to tell where it leads."""


def _session() -> requests.Session:
    """A session of one question: no proxies, nothing kept."""
    session = _Session()
    session.trust_env = False
    about = {"User-Agent": AGENT, "Accept": "image/*,*/*;q=0.5", "Accept-Encoding": "identity", "Connection": "close"}
    session.headers.update(about)
    for scheme in ("http://", "https://"):
        session.mount(scheme, _Adapter(pool_connections=1, pool_maxsize=1))
    return session


def _unwilling(tag: str) -> bool:
    """Whether an X-Robots-Tag keeps pictures from what learns; one that names another robot is not meant.

    >>> [_unwilling(tag) for tag in ("noindex", "noindex, noai", "googlebot: noimageai", "bearkit: noimageai")]
    [False, True, False, True]
    """
    for part in tag.lower().split(","):
        agent, _, rule = part.strip().rpartition(":")
        if rule.strip() in ("noai", "noimageai") and agent.strip() in ("", "bearkit"):
            return True
    return False


def _pause(answer: requests.Response) -> float | None:
    """The seconds that a busy server asks for: a number or a date."""
    asked = answer.headers.get("Retry-After", "").strip()
    if asked.isdecimal():
        return float(asked)
    try:
        return max(0.0, parsedate_to_datetime(asked).timestamp() - time.time())
    except (TypeError, ValueError):
        return None


def _worded(error: Exception) -> DownloadError:
    """What libraries say of a failure, in words of ours."""
    if isinstance(error, requests.exceptions.SSLError):
        certificate = "certificate" in str(error).lower()
        return DownloadError("its certificate is not valid" if certificate else "no safe connection can be made to it")
    if isinstance(error, zlib.error):
        return DownloadError("its packed answer is damaged")
    if isinstance(error, requests.Timeout | TimeoutError):
        return DownloadError(f"silent for {SILENCE_SECONDS:g} s", unused_proxies(), again=True)
    if isinstance(
        error, requests.exceptions.InvalidURL | requests.exceptions.InvalidSchema | UnicodeError | ValueError
    ):
        return DownloadError("not an address")
    if "refused" in str(error).lower():
        return DownloadError("the connection was refused", unused_proxies())
    return DownloadError("the connection broke off", unused_proxies(), again=True)
