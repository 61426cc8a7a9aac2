"""Append events to a file, one JSON object a line, and follow a file that another process appends to."""

import json
import os
import threading
import time
from functools import lru_cache
from pathlib import Path
from stat import S_ISREG
from typing import Any, BinaryIO

from bearkit.core.atomic import open_without_links

Event = dict[str, Any]
NUMBER = (int, float)
# Fields that an event needs besides its name and time. A line without them is ignored: a kill may have cut it off.
FIELDS: dict[str, dict[str, Any]] = {
    "started": {"pid": int},
    "features": {"done": int, "total": int},
    "step": {"stage": str, "epoch": int, "batch": int, "batches": int, "loss": NUMBER, "lr": NUMBER},
    "epoch": {
        "stage": str, "epoch": int, "train_loss": NUMBER, "valid_loss": NUMBER, "error_rate": NUMBER, "seconds": NUMBER
    },
    "failed": {"error": str, "hint": str},
    "died": {"error": str, "hint": str},
}  # fmt: skip


def append(path: Path, kind: str, **fields: Any) -> None:
    """Append one event with the current time, on a line of its own even if a kill cut off the line before.

    Args:
        path: the file; created if there is none, but a link is not followed.
        kind: name of the event, such as "epoch".
        fields: further values of the JSON object.

    Raises:
        OSError: the file cannot be written, or is a link.
    """
    line = json.dumps({"event": kind, "time": round(time.time(), 3), **fields}) + "\n"
    with os.fdopen(open_without_links(path, os.O_RDWR | os.O_CREAT | os.O_APPEND), "a+b") as file:
        if file.seek(0, 2):
            file.seek(-1, 2)
            line = line if file.read(1) == b"\n" else "\n" + line
        file.write(line.encode())


def read(path: Path) -> list[Event]:
    """Return all events of a file, in order; lines that are not events are ignored. No file: no events."""
    return _follower(path).events()


def count_unreadable(path: Path) -> int:
    """Count the lines of a file that are not events."""
    return _follower(path).bad_lines()


class _Follower:
    """Reads a growing file: each call reads only the bytes that were added since the last one."""

    def __init__(self, path: Path) -> None:
        self._path, self._lock = path, threading.Lock()
        self._reset()

    def _reset(self) -> None:
        self._seen = 0, 0, -1  # device, inode, size in bytes
        self._offset, self._bad, self._tail = 0, 0, b""
        self._events: list[Event] = []
        self._last: list[Event] = []  # the event of a last line without a line end, if that is one already

    def events(self) -> list[Event]:
        """Return all events so far."""
        with self._lock:
            self._update()
            return self._events + self._last

    def bad_lines(self) -> int:
        """Count the lines that are not events; a line that is still being written counts too."""
        with self._lock:
            tail = self._update()
            return self._bad + bool(tail and not self._last)

    def _update(self) -> bytes:
        """Read the new bytes. Return the last line if it has no line end yet."""
        try:
            stat = self._path.stat()
            if not S_ISREG(stat.st_mode):
                raise FileNotFoundError(self._path)  # reading a pipe would never return
            if (stat.st_dev, stat.st_ino, stat.st_size) == self._seen:
                return self._tail
            with self._path.open("rb") as file:
                return self._read(file)
        except OSError:  # there is no file yet, or it cannot be read
            self._reset()
            return b""

    def _read(self, file: BinaryIO) -> bytes:
        stat = os.fstat(file.fileno())
        if (stat.st_dev, stat.st_ino) != self._seen[:2] or stat.st_size < self._offset:
            self._reset()  # another file, or the same one written again
        file.seek(self._offset)
        new = file.read()
        self._seen = stat.st_dev, stat.st_ino, self._offset + len(new)
        complete, newline, self._tail = new.rpartition(b"\n")
        self._offset += len(complete) + len(newline)
        lines = [line for line in complete.splitlines() if line.strip()]
        events = [event for line in lines if (event := _parse(line))]
        self._events += events
        self._bad += len(lines) - len(events)
        self._last = [event] if (event := _parse(self._tail)) else []
        return self._tail


@lru_cache(maxsize=256)
def _follower(path: Path) -> _Follower:
    return _Follower(path)


def _parse(line: bytes) -> Event | None:
    """Parse one line; None if it is not an event with all of its fields."""
    try:
        event = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(event, dict) or not isinstance(event.get("time"), NUMBER):
        return None
    kind = event.get("event")
    if not isinstance(kind, str):
        return None
    complete = all(isinstance(event.get(name), types) for name, types in FIELDS.get(kind, {}).items())
    return event if complete else None
