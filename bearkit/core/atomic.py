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

SYNC_THREADS = 16  # they only wait: the disk writes many files at once


def is_writable(path: Path) -> bool:
    """Return whether this user may write to a file or folder, or create it if it does not exist."""
    while not path.exists() and path != path.parent:
        path = path.parent
    return os.access(path, os.W_OK, effective_ids=os.access in os.supports_effective_ids)


def writable_cache(path: Path) -> Path:
    """Return where to write a cache file: `path` if it is writable, else a place in this user's own cache."""
    return path if is_writable(path) else user_cache(path)


def user_cache(path: Path) -> Path:
    """Return the place for a file in this user's own cache, `~/.cache/bearkit/<hash of its folder>/<its name>`."""
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    if not is_writable(home):
        home = Path(tempfile.gettempdir()) / f"cache-{getpass.getuser()}"
    return home / "bearkit" / hashlib.sha256(os.fsencode(path.parent)).hexdigest()[:16] / path.name


@contextmanager
def atomic_write(path: Path, durable: bool = True) -> Iterator[Path]:
    """Write a file so that it appears whole or not at all.

    Yields a temporary path in the same folder, which is renamed to `path` at the end. A symbolic link at `path` is
    replaced and not followed, because a project from someone else may contain links to anywhere. Use `open_output`
    for a file that a person named.

    Args:
        path: the file to write; its folder is created if needed.
        durable: whether the file must survive a power cut, which costs a few milliseconds. Pass False for files that
            can be made again, and for many files at once (then call `sync_files` for all of them).

    >>> import tempfile
    >>> target = Path(tempfile.mkdtemp()) / "a" / "b.txt"
    >>> with atomic_write(target) as part:
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
    """Wait until the content of a file is on the disk; does nothing if the file is gone."""
    with suppress(FileNotFoundError), file.open("rb" if os.name == "posix" else "rb+") as opened:
        os.fsync(opened.fileno())


def open_without_links(path: Path, flags: int) -> int:
    """Open a file for `os.fdopen`, and refuse a symbolic link: a project from someone else may contain any link.

    Args:
        path: the file.
        flags: as for `os.open`, for example `os.O_WRONLY | os.O_CREAT`.

    Returns:
        The file descriptor.

    Raises:
        OSError: it is a link, or cannot be opened.
    """
    return os.open(path, flags | getattr(os, "O_NOFOLLOW", 0), 0o666)


def sync_files(files: Iterable[Path]) -> None:
    """Make files survive a power cut that `atomic_write(durable=False)` wrote; ten times faster than one by one."""
    for _ in ordered_map(sync_file, files, SYNC_THREADS):
        pass


def is_occupied(folder: Path) -> bool:
    """Return whether something at this path must not be overwritten: a file, or a folder that is not empty."""
    folder = resolve_path(folder, "the folder to write")
    return folder.exists() and (not folder.is_dir() or any(folder.iterdir()))


@contextmanager
def atomic_folder(folder: Path) -> Iterator[Path]:
    """Write a folder so that it appears whole or not at all, as `atomic_write` does for a file.

    Args:
        folder: a path where nothing is, or an empty folder.
    """
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
