"""Map a function over many items with a few threads: results in order, and only a few in memory at a time."""

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
Progress = Callable[[str, int, int], None]  # name of the work, number of items done, number of all items


def no_progress(what: str, done: int, total: int) -> None:
    """A `Progress` that does nothing."""


def cores() -> int:
    """Return how many processors this process may use, by its CPU affinity and its container's quota."""
    affinity = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, math.ceil(min(quota(), affinity)))


def quota(root: Path = CGROUP) -> float:
    """Return the CPU quota of the control group, in processors (`docker run --cpus`); infinite without a limit."""
    try:
        if (version_2 := root / "cpu.max").exists():
            limit, period = version_2.read_text().split()[:2]
        else:
            limit, period = ((root / "cpu" / f"cpu.cfs_{name}_us").read_text() for name in ("quota", "period"))
        return math.inf if limit.strip() in ("max", "-1") else max(int(limit) / int(period), 0.01)
    except (OSError, ValueError, ZeroDivisionError):
        return math.inf


def ordered_map(function: Callable[[T], R], items: Iterable[T], workers: int | None = None) -> Iterator[R]:
    """Map a function over items with threads, and yield the results in order.

    Args:
        function: called with one item.
        items: read only as fast as the results are taken; at most 2 x `workers` of them are in work.
        workers: number of threads; one for each processor if left out.

    >>> list(ordered_map(str, range(5)))
    ['0', '1', '2', '3', '4']
    """
    workers = workers or cores()
    items = iter(items)
    with ThreadPoolExecutor(workers) as pool:
        pending: deque[Future[R]] = deque(pool.submit(function, item) for item in islice(items, 2 * workers))
        try:
            while pending:
                result = pending.popleft().result()
                pending.extend(pool.submit(function, item) for item in islice(items, 1))
                yield result
        finally:
            pool.shutdown(cancel_futures=True)
