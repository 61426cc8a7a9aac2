"""Locks between processes, which the system releases when a process dies; and a queue in front of one."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import filelock

if sys.platform != "win32":
    import fcntl

WAIT_SECONDS = 0.2  # between two looks


@contextmanager
def queued_lock(lock_file: Path, is_next: Callable[[], bool], waiting: Callable[[], None]) -> Iterator[None]:
    """Hold a lock inside, once it is this process's turn; the system releases it when the process dies.

    Args:
        lock_file: what is held.
        is_next: whether nobody who waits comes first.
        waiting: called before each further look; may raise to give up.
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
    """Whether a living process holds a lock. Only reads, and those who look do not see each other."""
    if not lock_file.is_file():  # nobody has made it yet; a pipe of its name would hang whoever looks
        return False
    try:
        with lock_file.open("rb") as file:
            if sys.platform == "win32":
                return not _acquired(filelock.FileLock(lock_file))
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)  # released where the file is closed
            return False
    except BlockingIOError:
        return True
    except OSError:  # nobody has made it yet, or it is hidden from this user
        return False


def _acquired(lock: filelock.BaseFileLock) -> bool:
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout:
        return False
    return True
