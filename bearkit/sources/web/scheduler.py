"""Who is asked next: many hosts at once, few questions to each, and a slow one holds up nobody else."""

import threading
from collections import OrderedDict, deque
from collections.abc import Iterable
from urllib.parse import urlsplit

from bearkit.sources.web.ssrf import is_public

MAX_PER_HOST = 8  # questions to one host at once


class HostScheduler:
    """Hands out addresses to threads, and never more than a few of one host at once.

    Args:
        urls: what there is to do.
        each: how many of one host at once; hosts that are named by a private address are your own, and take any number.
    """

    def __init__(self, urls: Iterable[str], each: int = MAX_PER_HOST) -> None:
        self.each = each
        self._waiting: dict[str, deque[str]] = {}
        for url in urls:
            self._waiting.setdefault(_host(url), deque()).append(url)
        self._ready = OrderedDict.fromkeys(self._waiting)  # a queue that knows at once whether a host is in it
        self._busy: dict[str, int] = {}
        self._changed = threading.Condition()
        self._stopped = False

    def next(self) -> str | None:
        """The next address, once its host has a turn free; None when there is nothing left to begin."""
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
            elif self._busy[host] < self.each or _is_own(host):
                self._ready[host] = None
            return url

    def done(self, url: str) -> None:
        """Give the turn back."""
        host = _host(url)
        with self._changed:
            self._busy[host] -= 1
            if host in self._waiting and host not in self._ready:
                self._ready[host] = None
                self._changed.notify()

    @property
    def idle(self) -> bool:
        """Whether nothing is under way."""
        with self._changed:
            return not any(self._busy.values())

    def stop(self) -> None:
        """Hand out nothing more."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()


def _host(url: str) -> str:
    return urlsplit(url).hostname or ""


def _is_own(host: str) -> bool:
    try:
        return host == "localhost" or not is_public(host)
    except ValueError:
        return False
