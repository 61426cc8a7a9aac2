"""Keep a server's log small, and free of control characters, whatever clients send."""

import logging
import threading
import time

EACH = 10  # records of one kind in a minute
KINDS = 256  # kinds that are counted separately at once
MINUTE = 60.0
NOISY = ("uvicorn.error", "asyncio", "bearkit.serve")


class LogLimit(logging.Filter):
    """A logging filter: at most `EACH` records of a kind a minute, with control characters escaped."""

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.Lock()
        self._seen: dict[tuple[str, str], tuple[float, int]] = {}  # {kind: (start of its minute, records in it)}

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether to write a record; the first one after a gap says how many were left out."""
        left_out = self._left_out(record)
        if left_out is None:
            return False
        more = f" ({left_out} more like this were not written)" if left_out else ""
        record.msg, record.args = escape_controls(record.getMessage()) + more, ()
        if record.exc_info:
            record.exc_text = escape_controls(logging.Formatter().formatException(record.exc_info))
        return True

    def _left_out(self, record: logging.LogRecord) -> int | None:
        """Return how many records of this kind were left out before this one; None to leave this one out too."""
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


LOG_LIMIT = LogLimit()


def limit_logs() -> None:
    """Add the filter to the loggers of a server."""
    for name in NOISY:
        logging.getLogger(name).addFilter(LOG_LIMIT)


def escape_controls(text: str) -> str:
    r"""Return text with control characters escaped, which a terminal would obey.

    >>> escape_controls("a\x1b[31mb")
    'a\\x1b[31mb'
    """
    return "".join(c if c.isprintable() or c in "\n\t" else c.encode("unicode_escape").decode() for c in text)
