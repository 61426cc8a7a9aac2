"""Where files of visitors lie: a folder a page, in one of this process; what killed processes left is deleted."""

import atexit
import os
import re
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

import filelock

PREFIX = "bearkit-uploads-"
LOCK = ".lock"  # held as long as its process lives
OLDER = re.compile(r"bearkit-([a-z0-9_]{8}|preflight-[a-z0-9_]{8})")  # names without a lock
OLD_SECONDS = 2 * 86400
VARIABLE = "GRADIO_TEMP_DIR"  # read by Gradio when a page is made, and when a file is checked
_locks: list[filelock.BaseFileLock] = []


@contextmanager
def folder_of_page() -> Iterator[Path]:
    """A private folder, in which a page keeps its uploads when it is built and launched inside.

    Gradio serves all of it to every visitor of that page, and takes files from anywhere in the process's folder.
    """
    parent = _of_process()
    mine = Path(tempfile.mkdtemp(dir=parent))
    os.environ[VARIABLE] = str(mine)
    try:
        yield mine
    finally:
        os.environ[VARIABLE] = str(parent)


def inside(path: str) -> Path | None:
    """What is left of an upload's path below its page's folder; None for any other file."""
    parts = Path(path).parts
    parent = _of_process().parts
    return Path(*parts[len(parent) + 1 :]) if parts[: len(parent)] == parent and len(parts) > len(parent) + 1 else None


def as_given(text: str) -> str:
    """A text in which uploads have the names that people gave them, in place of paths that only this machine knows."""
    below = re.escape(str(_of_process()))
    return re.sub(rf"{below}[\\/][^\\/]+[\\/]([0-9a-f]{{40,}}[\\/])?", "", text)


def size(folder: Path) -> int:
    """The bytes of all files below."""
    total = 0
    for path in folder.rglob("*"):
        with suppress(OSError):
            total += path.lstat().st_size
    return total


@cache
def _of_process() -> Path:
    sweep()
    made = Path(tempfile.mkdtemp(prefix=".bearkit-"))
    lock = filelock.FileLock(made / LOCK, thread_local=False)
    lock.acquire(timeout=0)
    _locks.append(lock)
    folder = made.with_name(PREFIX + made.name.removeprefix(".bearkit-"))
    try:
        made.rename(folder)  # others see it only once it is locked
    except OSError:  # Windows renames no folder with an open file in it
        folder = made
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def sweep() -> None:
    """Delete the folders of processes that are gone."""
    for path in Path(tempfile.gettempdir()).glob("bearkit-*"):
        with suppress(OSError):
            if _is_ours(path) and (_is_left(path) if path.name.startswith(PREFIX) else _is_old(path)):
                shutil.rmtree(path, ignore_errors=True)


def _is_ours(path: Path) -> bool:
    """Whether it is a folder, no link, of this user."""
    found = path.lstat()
    return stat.S_ISDIR(found.st_mode) and (os.name != "posix" or found.st_uid == os.getuid())


def _is_left(path: Path) -> bool:
    """Whether nobody holds its lock."""
    lock = filelock.FileLock(path / LOCK, thread_local=False)
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout:
        return False
    lock.release()
    return True


def _is_old(path: Path) -> bool:
    """Whether it is named as older versions name theirs, and nothing was added for long."""
    newest = max([path.lstat().st_mtime, *(one.lstat().st_mtime for one in path.iterdir())])
    return OLDER.fullmatch(path.name) is not None and time.time() - newest > OLD_SECONDS
