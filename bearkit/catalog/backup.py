"""A copy of the catalogue beside it, to go back to: `catalog.db.bak`, at most a day old."""

import os
import sqlite3
import time
from contextlib import closing, suppress
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

from bearkit.core.atomic import atomic_write

MAX_AGE_SECONDS = 24 * 3600  # that a copy serves


def backup_path(catalog: Path) -> Path:
    """Where the copy is."""
    return catalog.with_name(f"{catalog.name}.bak")


def backup_time(catalog: Path) -> datetime | None:
    """When the copy was made, if there is one."""
    try:
        return datetime.fromtimestamp(backup_path(catalog).stat().st_mtime)
    except OSError:
        return None


def back_up(catalog: Path, size: int | None = None) -> None:
    """Copy a catalogue. One that is damaged, or empty, is not copied.

    It never stands in the way of what is about to be written: on a full disk there is no new copy.

    Args:
        catalog: its file.
        size: how many bytes it has: it is only copied where the copy is a day old, or not half as large. At once where
            left out.
    """
    if size is None or _is_due(catalog, size):
        with suppress(OSError, sqlite3.Error, _NotWorthIt), atomic_write(backup_path(catalog)) as part:
            _copy(catalog, part)


def _is_due(catalog: Path, size: int) -> bool:
    try:
        copy = backup_path(catalog).stat()
        return abs(time.time() - copy.st_mtime) > MAX_AGE_SECONDS or 2 * copy.st_size < size
    except OSError:
        return True


class _NotWorthIt(Exception):
    """What would be copied is damaged, or holds no pictures."""


def _copy(catalog: Path, part: Path) -> None:
    source = sqlite3.connect(f"file:{quote(os.fsencode(catalog))}?mode=ro", uri=True)
    with closing(source), closing(sqlite3.connect(part)) as target:
        source.backup(target)
        target.execute("PRAGMA journal_mode=DELETE")  # one file, with nothing beside it
        pictures = target.execute("SELECT count(*) FROM images").fetchone()[0]
        if not pictures or target.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
            raise _NotWorthIt
