"""Write files and folders that appear whole or not at all, and only where this user may write."""

import getpass
import hashlib
import os
import shutil
import tempfile
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from bearkit.core.parallel import ordered_map
from bearkit.core.paths import resolve_path

SYNC_THREADS = 16  # threads: they only wait, and the disk takes what waits at once


def is_writable(path: Path) -> bool:
    """Whether this user may write to a file or into a folder; if there is none yet, whether it may be made."""
    while not path.exists() and path != path.parent:
        path = path.parent
    return os.access(path, os.W_OK, effective_ids=os.access in os.supports_effective_ids)


def writable_cache(path: Path) -> Path:
    """Where a cache is written: in its place, or in this user's own cache where that may only be read."""
    return path if is_writable(path) else user_cache(path)


def user_cache(path: Path) -> Path:
    """Its place in this user's own cache."""
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    if not is_writable(home):
        home = Path(tempfile.gettempdir()) / f"cache-{getpass.getuser()}"
    return home / "bearkit" / hashlib.sha256(os.fsencode(path.parent)).hexdigest()[:16] / path.name


@contextmanager
def atomic_write(path: Path, durable: bool = True) -> Iterator[Path]:
    """Write a file so that it appears whole or not at all: yields a temporary name, renamed to `path` at the end.

    A link of that name is replaced, not followed: in somebody else's project it may lead anywhere. For a file that a
    person names there is `named`.

    Args:
        path: the file; its folder is made when it is not there.
        durable: also after a power cut, which costs a few milliseconds. Not for what is made again at no cost, nor for
            many files at once, which `settle` makes durable together.

    >>> import tempfile
    >>> target = Path(tempfile.mkdtemp()) / "a" / "b.txt"
    >>> with whole(target) as part:
    ...     _ = part.write_text("done")
    ...     target.exists()
    False
    >>> target.read_text()
    'done'
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{uuid.uuid4().hex[:12]}.part{path.suffix}")
    try:
        yield part
        if durable:
            sync_file(part)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def sync_file(file: Path) -> None:
    """Wait until a file's content is on the disk."""
    with suppress(FileNotFoundError), file.open("rb" if os.name == "posix" else "rb+") as opened:
        os.fsync(opened.fileno())


def open_without_links(path: Path, flags: int) -> int:
    """Open a file that bearkit writes into, and not what a link of its name leads to: the project may be anybody's.

    Raises:
        OSError: it is a link, or cannot be opened.
    """
    return os.open(path, flags | getattr(os, "O_NOFOLLOW", 0), 0o666)


def sync_files(files: Iterable[Path]) -> None:
    """Make files durable that `whole` wrote without it: together it costs a tenth of one after the other."""
    for _ in ordered_map(sync_file, files, SYNC_THREADS):
        pass


def is_occupied(folder: Path) -> bool:
    """Whether something is there that must not be written over: a file, or a folder that is not empty."""
    folder = resolve_path(folder, "the folder to write")
    return folder.exists() and (not folder.is_dir() or any(folder.iterdir()))


@contextmanager
def atomic_folder(folder: Path) -> Iterator[Path]:
    """Write a folder so that it appears whole or not at all, as `whole` does a file; it is new, or empty."""
    folder = resolve_path(folder, "the folder to write")
    folder.parent.mkdir(parents=True, exist_ok=True)
    part = folder.parent / f".{uuid.uuid4().hex[:12]}.part"
    part.mkdir()
    try:
        yield part
        sync_files(path for path in part.rglob("*") if path.is_file())
        if folder.exists():
            folder.rmdir()
        part.rename(folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)
