"""Open the catalogue's SQLite file: once in a process, read-only if needed, with errors for people."""

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

BUSY_SECONDS = 30  # how long to wait for another program's transaction
MAX_OPEN = 8  # files that one process keeps open
SIDE_FILES = ("-wal", "-shm")  # suffixes of the files that SQLite keeps next to an open file
MIN_FREE_BYTES = 256 * 1024  # for the 32 KiB of -shm, and a few pages of -wal
DAMAGED = ("SQLITE_CORRUPT", "SQLITE_NOTADB", "SQLITE_ERROR", "SQLITE_MISMATCH")


@dataclass(frozen=True)
class _Opened:
    """An open file, and its identity when it was opened."""

    engine: sa.Engine
    file: tuple[int, int]  # device, inode
    mode: str  # rw, ro, or immutable: without locks and side files

    @property
    def read_only(self) -> bool:
        return self.mode != "rw"


_opened: OrderedDict[Path, _Opened] = OrderedDict()  # by path; the last used file is last
_lock = threading.Lock()


def new_engine(path: Path) -> sa.Engine:
    """Return an engine that creates a new file; the caller disposes it."""
    return _engine(path, "rwc")


def set_aside_remains(path: Path) -> None:
    """Rename the side files that an earlier file of this name left: SQLite would read them as part of a new file."""
    for suffix in SIDE_FILES:
        side_file = path.with_name(path.name + suffix)
        if side_file.exists():
            side_file.replace(path.with_name(f"{path.name}.moved{suffix}"))


@contextmanager
def connection(project: Project, write: bool = False) -> Iterator[sa.Connection]:
    """Open one transaction on a project's catalogue, and translate SQLite's errors.

    Args:
        project: the project.
        write: whether it will write; then no other program can write from the start of the transaction.

    Raises:
        ProjectError: the file is gone, or damaged.
        ReadOnlyError: it has to write, and the file is read-only.
        BusyError: another program is writing, the disk is full, or the file was replaced meanwhile.
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
            hint="check that it is the right file, and try again",
        )


def _size(connection: sa.Connection) -> int:
    """Return the size of the catalogue in bytes; the file alone may not contain the latest changes yet."""
    pages, bytes_each = (connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("page_count", "page_size"))
    return int(pages or 0) * int(bytes_each or 0)


def is_read_only(project: Project) -> bool:
    """Return whether the catalogue is open for reading only."""
    return _open(project).read_only


def _open(project: Project) -> _Opened:
    """Return the open catalogue file; opens it again if it was replaced, or if its permissions changed."""
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
    """Return the device and inode of a file, None if it does not exist."""
    try:
        stat = path.stat()
    except FileNotFoundError:
        return None
    return stat.st_dev, stat.st_ino


def open_mode(project: Project) -> str:
    """Return how the file can be opened: `rw`, `ro`, or `immutable` if SQLite cannot create its side files."""
    if not project.read_only and not is_full(project):
        return "rw"
    wal = project.catalog.with_name(project.catalog.name + "-wal")
    return "ro" if wal.exists() and wal.stat().st_size else "immutable"


def _engine(path: Path, mode: str) -> sa.Engine:
    url = sqlite_uri(path, mode)

    def connect() -> sqlite3.Connection:
        # The driver itself would start a transaction at the first write, after the reads that the write depends on.
        return sqlite3.connect(url, uri=True, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)

    if mode == "rw":
        return sa.create_engine("sqlite://", creator=connect, poolclass=sa.QueuePool, max_overflow=-1)
    # An immutable file has no locks, so that changes are not noticed: each transaction opens it again.
    return sa.create_engine("sqlite://", creator=connect, poolclass=sa.NullPool)


def sqlite_uri(path: Path, mode: str) -> str:
    """Return the URI of a file for `sqlite3.connect(..., uri=True)`."""
    options = "mode=ro&immutable=1" if mode == "immutable" else f"mode={mode}"
    return f"file:{quote(os.fsencode(path))}?{options}"


def close_all() -> None:
    """Close all open catalogues of this process."""
    with _lock:
        while _opened:
            _opened.popitem()[1].engine.dispose()


def _forget() -> None:
    """Drop the parent's connections in a forked process, without closing them: SQLite cannot share them."""
    global _lock
    _lock = threading.Lock()
    while _opened:
        _opened.popitem()[1].engine.dispose(close=False)


atexit.register(close_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)


def recovery_hint(project: Project) -> str:
    """Return a hint for a catalogue that cannot be read."""
    option = f"-p {shlex.quote(str(project.root))}"
    if when := backup_time(project.catalog):
        return f"there is a backup of {when:%Y-%m-%d %H:%M}: `bearkit doctor --mend {option}` restores it"
    return (
        f"`bearkit doctor {option}` tells more; there is no backup yet, so move it away and import the pictures "
        "again: they are untouched in images/"
    )


def translate_error(project: Project, error: sqlite3.Error | BaseException | None) -> BearkitError:
    """Translate an error of SQLite into one of bearkit's, with a hint."""
    path, name, message = project.catalog, getattr(error, "sqlite_errorname", ""), str(error)
    if name.startswith("SQLITE_FULL") or (name.startswith("SQLITE_IOERR") and is_full(project)):
        return _full(project)
    if name.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN")):
        return ReadOnlyError(
            f"{path} cannot be opened: {message}",
            hint="the project is read-only, and another program did not close it: open it once where it may be "
            "written, or copy it to a folder of yours",
        )
    if "no such table" in message:
        hint = (
            f"is it another program's? Move it away, or name another project with `-p`. Else {recovery_hint(project)}"
        )
        return ProjectError(f"{path} is not a catalogue of bearkit's: {message}", hint=hint)
    if name.startswith(DAMAGED) or "decode" in message or not isinstance(error, sqlite3.OperationalError):
        return ProjectError(f"{path} cannot be read as a catalogue: {message}", hint=recovery_hint(project))
    hint = "is another program writing? Nothing is lost: try again"
    return BusyError(f"{path} cannot be used at the moment: {message}", hint)


def is_full(project: Project) -> bool:
    """Return whether the disk has no room for SQLite's side files."""
    return shutil.disk_usage(project.root).free < MIN_FREE_BYTES


def _full(project: Project) -> BusyError:
    return BusyError(f"the disk of {project.catalog} is full", hint="make room, and try again: nothing is lost")
