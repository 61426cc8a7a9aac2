"""Which images each reviewer looks at now, so that two people at once get different pages."""

import threading
import time
from collections.abc import Callable, Collection

SECONDS = 120.0  # a page that nobody stored for so long is given to others too


class HandedOut:
    """Remembers the newest page of each reviewer for a while. Its methods may be called from several threads.

    Args:
        seconds: for how long.
        clock: the time in seconds.
    """

    def __init__(self, seconds: float = SECONDS, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds, self._clock = seconds, clock
        self._lock = threading.Lock()
        self._pages: dict[str, tuple[float, frozenset[str]]] = {}

    def give(self, reviewer: str, image_ids: Collection[str]) -> None:
        """Note a reviewer's new page; their page before is given up.

        >>> pages = HandedOut()
        >>> pages.give("ann", ["a", "b"])
        >>> sorted(pages.to_others("ben")), sorted(pages.to_others("ann"))
        (['a', 'b'], [])
        """
        with self._lock:
            self._pages[reviewer] = self._clock(), frozenset(image_ids)

    def give_up(self, reviewer: str, image_ids: Collection[str]) -> None:
        """Forget a reviewer's page, since they have closed it; a newer one, perhaps in another window, stays theirs.

        >>> pages = HandedOut()
        >>> pages.give("ann", ["a", "b"])
        >>> pages.give_up("ann", ["b", "a"])
        >>> pages.to_others("ben")
        set()
        """
        with self._lock:
            if reviewer in self._pages and self._pages[reviewer][1] == frozenset(image_ids):
                del self._pages[reviewer]

    def to_others(self, reviewer: str) -> set[str]:
        """Return the ids of the images that other reviewers look at."""
        with self._lock:
            now = self._clock()
            self._pages = {
                name: (since, ids) for name, (since, ids) in self._pages.items() if now - since < self._seconds
            }
            return {image_id for name, (_, ids) in self._pages.items() if name != reviewer for image_id in ids}
