"""Schedule downloads: many hosts in parallel, at most 8 requests to one host, so that a slow host delays no other."""

import threading
from collections import OrderedDict, deque
from collections.abc import Iterable
from urllib.parse import urlsplit

from bearkit.sources.web.ssrf import is_public

MAX_PER_HOST = 8  # requests to one host at once


class HostScheduler:
    """Hands out URLs to threads, and limits how many of one host are in progress at once.

    Args:
        urls: the URLs to download.
        per_host: the limit for one host. Hosts with a private address belong to the user, and have no limit.
    """

    def __init__(self, urls: Iterable[str], per_host: int = MAX_PER_HOST) -> None:
        self._per_host = per_host
        self._waiting: dict[str, deque[str]] = {}
        for url in urls:
            self._waiting.setdefault(_host(url), deque()).append(url)
        self._ready = OrderedDict.fromkeys(self._waiting)  # hosts that may be asked: a queue with fast `in`
        self._busy: dict[str, int] = {}  # requests in progress, by host
        self._changed = threading.Condition()
        self._stopped = False

    def next(self) -> str | None:
        """Return the next URL, and wait until a host is free; None if there is nothing left to start."""
        with self._changed:
            while not self._ready:
                if self._stopped or not self._waiting:
                    return None
                self._changed.wait()
            if self._stopped:
                return None
            host, _ = self._ready.popitem(last=False)
            url = self._waiting[host].popleft()
            self._busy[host] = self._busy.get(host, 0) + 1
            if not self._waiting[host]:
                del self._waiting[host]
                if not self._waiting:
                    self._changed.notify_all()
            elif self._busy[host] < self._per_host or _is_private(host):
                self._ready[host] = None
            return url

    def done(self, url: str) -> None:
        """Report that the download of a URL has ended."""
        host = _host(url)
        with self._changed:
            self._busy[host] -= 1
            if host in self._waiting and host not in self._ready:
                self._ready[host] = None
                self._changed.notify()

    @property
    def idle(self) -> bool:
        """Return whether no download is in progress."""
        with self._changed:
            return not any(self._busy.values())

    def stop(self) -> None:
        """Hand out no more URLs."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()


def _host(url: str) -> str:
    return urlsplit(url).hostname or ""


def _is_private(host: str) -> bool:
    try:
        return host == "localhost" or not is_public(host)
    except ValueError:
        return False
