"""Locks between processes, and a queue for one. The system releases a lock when its process dies."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import filelock

if sys.platform != "win32":
    import fcntl

WAIT_SECONDS = 0.2  # between two tries


@contextmanager
def queued_lock(lock_file: Path, is_next: Callable[[], bool], waiting: Callable[[], None]) -> Iterator[None]:
    """Wait for this process's turn, then hold a lock inside the block.

    Args:
        lock_file: the file to lock.
        is_next: returns whether this process is the first in the queue.
        waiting: called before each further try; it may raise to give up.
    """
    lock = filelock.FileLock(lock_file)
    while not (is_next() and _acquired(lock)):
        waiting()
        time.sleep(WAIT_SECONDS)
    try:
        yield
    finally:
        lock.release()


def is_held(lock_file: Path) -> bool:
    """Return whether a living process holds a lock. Writes nothing; two callers do not disturb each other."""
    if not lock_file.is_file():  # it does not exist yet; opening a pipe of this name would block for ever
        return False
    try:
        with lock_file.open("rb") as file:
            if sys.platform == "win32":
                return not _acquired(filelock.FileLock(lock_file))
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)  # released when the file is closed
            return False
    except BlockingIOError:
        return True
    except OSError:  # it does not exist yet, or this user may not read it
        return False


def _acquired(lock: filelock.BaseFileLock) -> bool:
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout:
        return False
    return True
