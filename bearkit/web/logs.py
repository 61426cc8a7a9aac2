"""A server's log stays small and plain, whatever its clients send."""

import logging
import threading
import time

EACH = 10  # lines of one kind in a minute
KINDS = 256  # kinds that are told apart at once
MINUTE = 60.0
NOISY = ("uvicorn.error", "asyncio", "bearkit.serve")


class Bounded(logging.Filter):
    """Lets through some records of a kind a minute, without characters that a terminal would obey."""

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.Lock()
        self._seen: dict[tuple[str, str], tuple[float, int]] = {}  # when its minute began, and how many came in it

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether a record is written; the first after others were left out says how many."""
        left_out = self._left_out(record)
        if left_out is None:
            return False
        more = f" ({left_out} more like this were not written)" if left_out else ""
        record.msg, record.args = plain(record.getMessage()) + more, ()
        if record.exc_info:
            record.exc_text = plain(logging.Formatter().formatException(record.exc_info))
        return True

    def _left_out(self, record: logging.LogRecord) -> int | None:
        kind, now = (record.name, str(record.msg)[:40]), time.monotonic()
        with self._lock:
            if kind not in self._seen and len(self._seen) >= KINDS:
                self._seen.clear()
            began, n = self._seen.get(kind, (now, 0))
            if now - began > MINUTE:
                self._seen[kind] = (now, 1)
                return max(0, n - EACH)
            self._seen[kind] = (began, n + 1)
            return 0 if n < EACH else None


BOUNDED = Bounded()


def keep_small() -> None:
    """Bound the logs of what serves."""
    for name in NOISY:
        logging.getLogger(name).addFilter(BOUNDED)


def plain(text: str) -> str:
    r"""Text with escapes for what a terminal would obey.

    >>> plain("a\x1b[31mb")
    'a\\x1b[31mb'
    """
    return "".join(c if c.isprintable() or c in "\n\t" else c.encode("unicode_escape").decode() for c in text)
