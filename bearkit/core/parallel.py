"""Do something to many things with a few threads, in order, holding only a few results at a time."""

import math
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")
CGROUP = Path("/sys/fs/cgroup")
Progress = Callable[[str, int, int], None]  # what is being done, how many are done, of how many


def no_progress(what: str, done: int, total: int) -> None:
    """A Progress that nobody watches."""


def cores() -> int:
    """How many processors this process may use: those it is bound to, and no more than its container's quota."""
    bound = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, math.ceil(min(quota(), bound)))


def quota(root: Path = CGROUP) -> float:
    """How many processors' time the control group gives (`docker run --cpus`); infinite where nothing is said."""
    try:
        if (new := root / "cpu.max").exists():
            most, period = new.read_text().split()[:2]
        else:
            most, period = ((root / "cpu" / f"cpu.cfs_{name}_us").read_text() for name in ("quota", "period"))
        return math.inf if most.strip() in ("max", "-1") else max(int(most) / int(period), 0.01)
    except (OSError, ValueError, ZeroDivisionError):
        return math.inf


def ordered_map(function: Callable[[T], R], items: Iterable[T], workers: int | None = None) -> Iterator[R]:
    """`map` over threads: results in order, at most twice as many under way as there are workers.

    >>> list(ordered_map(str, range(5)))
    ['0', '1', '2', '3', '4']
    """
    workers = workers or cores()
    items = iter(items)
    with ThreadPoolExecutor(workers) as pool:
        waiting: deque[Future[R]] = deque(pool.submit(function, item) for item in islice(items, 2 * workers))
        try:
            while waiting:
                result = waiting.popleft().result()
                waiting.extend(pool.submit(function, item) for item in islice(items, 1))
                yield result
        finally:
            pool.shutdown(cancel_futures=True)
