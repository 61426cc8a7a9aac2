"""A file of events: one JSON object a line, appended by one process and followed by others."""

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
# What an event must hold besides its name and time; a line without it is left out, as one that a kill cut off.
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
    """Write one event down, on a line of its own even where a kill cut off the line before."""
    line = json.dumps({"event": kind, "time": round(time.time(), 3), **fields}) + "\n"
    with os.fdopen(open_without_links(path, os.O_RDWR | os.O_CREAT | os.O_APPEND), "a+b") as file:
        if file.seek(0, 2):
            file.seek(-1, 2)
            line = line if file.read(1) == b"\n" else "\n" + line
        file.write(line.encode())


def read(path: Path) -> list[Event]:
    """Everything that happened so far; a line that cannot be read is left out."""
    return _follower(path).events()


def count_unreadable(path: Path) -> int:
    """How many lines are no events."""
    return _follower(path).bad_lines()


class _Follower:
    """Reads only what is new since its last look."""

    def __init__(self, path: Path) -> None:
        self._path, self._lock = path, threading.Lock()
        self._forget()

    def _forget(self) -> None:
        self._seen = 0, 0, -1  # device, inode, bytes
        self._offset, self._bad, self._tail = 0, 0, b""
        self._events: list[Event] = []
        self._last: list[Event] = []  # a last line that has no end yet

    def events(self) -> list[Event]:
        """All events."""
        with self._lock:
            self._look()
            return self._events + self._last

    def bad_lines(self) -> int:
        """How many lines are no events; one that is still being written counts too."""
        with self._lock:
            tail = self._look()
            return self._bad + bool(tail and not self._last)

    def _look(self) -> bytes:
        """Read what is new; the last line as far as it goes."""
        try:
            stat = self._path.stat()
            if not S_ISREG(stat.st_mode):
                raise FileNotFoundError(self._path)  # a pipe would hang whoever looks
            if (stat.st_dev, stat.st_ino, stat.st_size) == self._seen:
                return self._tail
            with self._path.open("rb") as file:
                return self._read(file)
        except OSError:  # there is none yet, or it cannot be read
            self._forget()
            return b""

    def _read(self, file: BinaryIO) -> bytes:
        stat = os.fstat(file.fileno())
        if (stat.st_dev, stat.st_ino) != self._seen[:2] or stat.st_size < self._offset:
            self._forget()  # another file, or begun anew
        file.seek(self._offset)
        new = file.read()
        self._seen = stat.st_dev, stat.st_ino, self._offset + len(new)
        whole, newline, self._tail = new.rpartition(b"\n")
        self._offset += len(whole) + len(newline)
        lines = [line for line in whole.splitlines() if line.strip()]
        found = [event for line in lines if (event := _parsed(line))]
        self._events += found
        self._bad += len(lines) - len(found)
        self._last = [event] if (event := _parsed(self._tail)) else []
        return self._tail


@lru_cache(maxsize=256)
def _follower(path: Path) -> _Follower:
    return _Follower(path)


def _parsed(line: bytes) -> Event | None:
    try:
        event = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(event, dict) or not isinstance(event.get("time"), NUMBER):
        return None
    kind = event.get("event")
    wanted = FIELDS.get(kind, {}) if isinstance(kind, str) else None
    right = wanted is not None and all(isinstance(event.get(name), of) for name, of in wanted.items())
    return event if right else None
