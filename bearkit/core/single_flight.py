"""One computation for all who ask at the same time."""

import threading
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

T = TypeVar("T")


class _Flight(Generic[T]):
    """A computation that has not begun yet, and then what came of it."""

    def __init__(self) -> None:
        self.done = False
        self.result: T | None = None
        self.error: Exception | None = None


class SingleFlight(Generic[T]):
    """Computes what several threads ask for once for all of them.

    A thread that asks while a computation is under way waits for the next one, which is for all who came meanwhile: so
    nobody gets what was begun before they asked, and however many ask, two computations are all that each waits for.
    """

    def __init__(self) -> None:
        self._mutex = threading.Lock()
        self._turns: dict[Hashable, threading.Lock] = {}
        self._next: dict[Hashable, _Flight[T]] = {}

    def get(self, key: Hashable, compute: Callable[[], T]) -> T:
        """What `compute` gives, begun after this was asked; what it raises, all who wait for it get."""
        with self._mutex:
            turn = self._turns.setdefault(key, threading.Lock())
            flight = self._next.setdefault(key, _Flight())
        with turn:
            if not flight.done:
                with self._mutex:
                    del self._next[key]
                try:
                    flight.result = compute()
                except Exception as error:  # every kind is for those who asked
                    flight.error = error
                flight.done = True
        if flight.error is not None:
            raise flight.error
        return flight.result  # type: ignore[return-value]  # it is done
