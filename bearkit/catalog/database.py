"""The file of a catalogue: opened once a process, for reading alone where it may not be written, its errors worded."""

import atexit
import os
import shlex
import shutil
import sqlite3
import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import sqlalchemy as sa

from bearkit.catalog.backup import back_up, backup_time
from bearkit.core.project import Project
from bearkit.errors import BearkitError, BusyError, ProjectError, ReadOnlyError

BUSY_SECONDS = 30  # that one waits for another program's transaction
MAX_OPEN = 8  # files that a process holds open
SIDE_FILES = ("-wal", "-shm")  # what SQLite keeps beside a file while it is open
MIN_FREE_BYTES = 256 * 1024  # bytes, for a file of 32 KiB beside it and a few pages
DAMAGED = ("SQLITE_CORRUPT", "SQLITE_NOTADB", "SQLITE_ERROR", "SQLITE_MISMATCH")


@dataclass(frozen=True)
class _Opened:
    """A file, as it was when it was opened, and how."""

    engine: sa.Engine
    file: tuple[int, int]  # device, inode
    mode: str  # rw, ro, or immutable: no locks, and nothing beside the file

    @property
    def read_only(self) -> bool:
        return self.mode != "rw"


_opened: OrderedDict[Path, _Opened] = OrderedDict()  # by path, the one that was used last at the end
_lock = threading.Lock()


def new_engine(path: Path) -> sa.Engine:
    """An engine for a new file; the caller disposes it."""
    return _engine(path, "rwc")


def set_aside_remains(path: Path) -> None:
    """Keep a new file apart from what a file that was moved away left beside it: SQLite would mix the two up."""
    for suffix in SIDE_FILES:
        remains = path.with_name(path.name + suffix)
        if remains.exists():
            remains.replace(path.with_name(f"{path.name}.moved{suffix}"))


@contextmanager
def connection(project: Project, write: bool = False) -> Iterator[sa.Connection]:
    """One transaction on a project's catalogue; what SQLite says against it is worded here.

    Args:
        project: whose.
        write: whether it will write; then it is alone from its beginning.

    Raises:
        ProjectError: the file is gone, or is damaged.
        ReadOnlyError: it would have to be written, and may only be read.
        BusyError: another program writes, the disk is full, or the file was replaced meanwhile.
    """
    if write:
        project.require_writable()
        if is_full(project):
            raise _full(project)
    opened = _open(project)
    try:
        with opened.engine.connect() as connection:
            connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")
            if write:
                back_up(project.catalog, _size(connection))
            yield connection
            connection.commit()
    except sa.exc.DatabaseError as error:
        raise translate_error(project, error.orig) from error
    if write and _file(project.catalog) != opened.file:
        raise BusyError(
            f"{project.catalog} was moved away or replaced while something was written into it",
            hint="look whether it is the right one, and do it once more",
        )


def _size(connection: sa.Connection) -> int:
    """Bytes of the whole catalogue; the file alone may lag behind."""
    pages, bytes_each = (connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("page_count", "page_size"))
    return int(pages or 0) * int(bytes_each or 0)


def is_read_only(project: Project) -> bool:
    """Whether the catalogue is open for reading alone."""
    return _open(project).read_only


def _open(project: Project) -> _Opened:
    """The file as it is there now."""
    path = project.catalog
    try:
        stat = path.stat()
    except FileNotFoundError:
        raise ProjectError(f"{path} is gone", hint=f"was it moved away? {recovery_hint(project)}") from None
    if not stat.st_size:
        raise ProjectError(f"{path} is empty: 0 bytes", hint=recovery_hint(project))
    file, mode = (stat.st_dev, stat.st_ino), open_mode(project)
    with _lock:
        known = _opened.pop(path, None)
        if known is not None and (known.file, known.mode) != (file, mode):
            known.engine.dispose()
            known = None
        _opened[path] = known or _Opened(_engine(path, mode), file, mode)
        while len(_opened) > MAX_OPEN:
            _opened.popitem(last=False)[1].engine.dispose()
        return _opened[path]


def _file(path: Path) -> tuple[int, int] | None:
    try:
        stat = path.stat()
    except FileNotFoundError:
        return None
    return stat.st_dev, stat.st_ino


def open_mode(project: Project) -> str:
    """How the file may be opened: rw, ro, or immutable, where nothing can be made beside it."""
    if not project.read_only and not is_full(project):
        return "rw"
    wal = project.catalog.with_name(project.catalog.name + "-wal")
    return "ro" if wal.exists() and wal.stat().st_size else "immutable"


def _engine(path: Path, mode: str) -> sa.Engine:
    url = sqlite_uri(path, mode)

    def connect() -> sqlite3.Connection:
        # The driver's own transactions begin too late: at the first write, after what was read to decide on it.
        return sqlite3.connect(url, uri=True, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)

    if mode == "rw":
        return sa.create_engine("sqlite://", creator=connect, poolclass=sa.QueuePool, max_overflow=-1)
    # Without locks nobody tells what others wrote: the file is opened anew each time.
    return sa.create_engine("sqlite://", creator=connect, poolclass=sa.NullPool)


def sqlite_uri(path: Path, mode: str) -> str:
    """A file as SQLite's driver wants it, with `uri=True`."""
    how = "mode=ro&immutable=1" if mode == "immutable" else f"mode={mode}"
    return f"file:{quote(os.fsencode(path))}?{how}"


def close_all() -> None:
    """Close every file."""
    with _lock:
        while _opened:
            _opened.popitem()[1].engine.dispose()


def _forget() -> None:
    """In a forked process: leave the parent's connections alone, which SQLite cannot share."""
    global _lock
    _lock = threading.Lock()
    while _opened:
        _opened.popitem()[1].engine.dispose(close=False)


atexit.register(close_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)


def recovery_hint(project: Project) -> str:
    """What helps where a catalogue cannot be read."""
    place = f"-p {shlex.quote(str(project.root))}"
    if when := backup_time(project.catalog):
        return f"a copy of {when:%Y-%m-%d %H:%M} is kept: `bearkit doctor --mend {place}` goes back to it"
    return (
        f"`bearkit doctor {place}` tells more; no copy of it is kept yet, so move it away and import the pictures "
        "again: they are untouched in images/"
    )


def translate_error(project: Project, error: sqlite3.Error | BaseException | None) -> BearkitError:
    """What SQLite said, as an error for people."""
    path, name, said = project.catalog, getattr(error, "sqlite_errorname", ""), str(error)
    if name.startswith("SQLITE_FULL") or (name.startswith("SQLITE_IOERR") and is_full(project)):
        return _full(project)
    if name.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN")):
        return ReadOnlyError(
            f"{path} cannot be opened: {said}",
            hint="the project may only be read, and was left open by another program: open it once where it may be "
            "written, or copy it to a folder of yours",
        )
    if "no such table" in said:
        hint = (
            f"is it another program's? Move it away, or name another project with `-p`. Else {recovery_hint(project)}"
        )
        return ProjectError(f"{path} is no catalogue of bearkit's: {said}", hint=hint)
    if name.startswith(DAMAGED) or "decode" in said or not isinstance(error, sqlite3.OperationalError):
        return ProjectError(f"{path} cannot be read as a catalogue: {said}", hint=recovery_hint(project))
    hint = "is another program writing? Nothing is lost: try again"
    return BusyError(f"{path} cannot be used just now: {said}", hint)


def is_full(project: Project) -> bool:
    """Whether the disk has no room left for what SQLite keeps beside an open file."""
    return shutil.disk_usage(project.root).free < MIN_FREE_BYTES


def _full(project: Project) -> BusyError:
    return BusyError(f"the disk of {project.catalog} is full", hint="make room, and try again: nothing is lost")
