"""One process at a time, the others in a queue."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import filelock

WAIT_SECONDS = 0.2  # between two looks


@contextmanager
def in_turn(lock_file: Path, is_next: Callable[[], bool], waiting: Callable[[], None]) -> Iterator[None]:
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


def _acquired(lock: filelock.BaseFileLock) -> bool:
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout:
        return False
    return True
