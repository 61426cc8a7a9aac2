"""Back up the catalogue to `catalog.db.bak`, at most once a day."""

import os
import sqlite3
import time
from contextlib import closing, suppress
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

from bearkit.core.atomic import atomic_write

MAX_AGE_SECONDS = 24 * 3600  # an older backup is replaced


def backup_path(catalog: Path) -> Path:
    """Return the path of a catalogue's backup."""
    return catalog.with_name(f"{catalog.name}.bak")


def backup_time(catalog: Path) -> datetime | None:
    """Return when the backup was made; None if there is none."""
    try:
        return datetime.fromtimestamp(backup_path(catalog).stat().st_mtime)
    except OSError:
        return None


def back_up(catalog: Path, size: int | None = None) -> None:
    """Back up a catalogue, unless it is damaged or has no images. Errors are ignored, such as a full disk.

    Args:
        catalog: the catalogue's file.
        size: its size in bytes; then the backup is only made if the last one is a day old, or less than half as large.
            Without it the backup is always made.
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
    """The catalogue is damaged, or has no images."""


def _copy(catalog: Path, part: Path) -> None:
    source = sqlite3.connect(f"file:{quote(os.fsencode(catalog))}?mode=ro", uri=True)
    with closing(source), closing(sqlite3.connect(part)) as target:
        source.backup(target)
        target.execute("PRAGMA journal_mode=DELETE")  # a single file, without -wal and -shm
        n_images = target.execute("SELECT count(*) FROM images").fetchone()[0]
        if not n_images or target.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
            raise _NotWorthIt
