"""Folders of uploads: one for each page, inside one for this process; folders of killed processes are deleted."""

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
LOCK = ".lock"  # held while the process runs
OLDER = re.compile(r"bearkit-([a-z0-9_]{8}|preflight-[a-z0-9_]{8})")  # folders of older versions, which have no lock
OLD_SECONDS = 2 * 86400
VARIABLE = "GRADIO_TEMP_DIR"  # Gradio reads it when it builds a page, and when it checks a file
_locks: list[filelock.BaseFileLock] = []


@contextmanager
def upload_folder() -> Iterator[Path]:
    """Make a private folder for the uploads of a page that is built and launched inside this context.

    Gradio serves all files in it to every visitor of the page, and accepts files from the whole process's folder.
    """
    parent = _of_process()
    mine = Path(tempfile.mkdtemp(dir=parent))
    os.environ[VARIABLE] = str(mine)
    try:
        yield mine
    finally:
        os.environ[VARIABLE] = str(parent)


def path_below_upload(path: str) -> Path | None:
    """Return an upload's path below its page's folder; None for any other file."""
    parts = Path(path).parts
    parent = _of_process().parts
    return Path(*parts[len(parent) + 1 :]) if parts[: len(parent)] == parent and len(parts) > len(parent) + 1 else None


def with_given_names(text: str) -> str:
    """Replace the paths of uploads in a text by the names that people gave the files."""
    below = re.escape(str(_of_process()))
    return re.sub(rf"{below}[\\/][^\\/]+[\\/]([0-9a-f]{{40,}}[\\/])?", "", text)


def folder_size(folder: Path) -> int:
    """Return the bytes of all files in a folder and below."""
    total = 0
    for path in folder.rglob("*"):
        with suppress(OSError):
            total += path.lstat().st_size
    return total


@cache
def _of_process() -> Path:
    """Make and lock the folder of this process; it is deleted when the process ends."""
    remove_stale_folders()
    made = Path(tempfile.mkdtemp(prefix=".bearkit-"))
    lock = filelock.FileLock(made / LOCK, thread_local=False)
    lock.acquire(timeout=0)
    _locks.append(lock)
    folder = made.with_name(PREFIX + made.name.removeprefix(".bearkit-"))
    try:
        made.rename(folder)  # other processes see it only after it is locked
    except OSError:  # Windows cannot rename a folder with an open file in it
        folder = made
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def remove_stale_folders() -> None:
    """Delete the folders of processes that have ended."""
    for path in Path(tempfile.gettempdir()).glob("bearkit-*"):
        with suppress(OSError):
            if _is_ours(path) and (_is_left(path) if path.name.startswith(PREFIX) else _is_old(path)):
                shutil.rmtree(path, ignore_errors=True)


def _is_ours(path: Path) -> bool:
    """Return whether a path is a folder of this user, and not a link."""
    found = path.lstat()
    return stat.S_ISDIR(found.st_mode) and (os.name != "posix" or found.st_uid == os.getuid())


def _is_left(path: Path) -> bool:
    """Return whether no process holds a folder's lock."""
    lock = filelock.FileLock(path / LOCK, thread_local=False)
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout:
        return False
    lock.release()
    return True


def _is_old(path: Path) -> bool:
    """Return whether an older version of bearkit made a folder, and nothing was added for `OLD_SECONDS`."""
    newest = max([path.lstat().st_mtime, *(one.lstat().st_mtime for one in path.iterdir())])
    return OLDER.fullmatch(path.name) is not None and time.time() - newest > OLD_SECONDS
