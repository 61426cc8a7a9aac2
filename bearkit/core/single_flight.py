"""Share one computation between the threads that ask for it at the same time."""

import threading
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

T = TypeVar("T")


class _Flight(Generic[T]):
    """One shared computation: waiting to start, then its result or error."""

    def __init__(self) -> None:
        self.done = False
        self.result: T | None = None
        self.error: Exception | None = None


class SingleFlight(Generic[T]):
    """Computes a value once for all threads that ask for it at the same time.

    A result is never older than the request: a thread that asks during a computation waits for the next one, which
    all threads share that asked in the meantime. So a thread waits for two computations at most.
    """

    def __init__(self) -> None:
        self._mutex = threading.Lock()
        self._turns: dict[Hashable, threading.Lock] = {}
        self._next: dict[Hashable, _Flight[T]] = {}

    def get(self, key: Hashable, compute: Callable[[], T]) -> T:
        """Return the result of a `compute()` that starts after this call.

        Args:
            key: threads with the same key share a computation.
            compute: its error is raised in all threads that wait for it.
        """
        with self._mutex:
            turn = self._turns.setdefault(key, threading.Lock())
            flight = self._next.setdefault(key, _Flight())
        with turn:
            if not flight.done:
                with self._mutex:
                    del self._next[key]
                try:
                    flight.result = compute()
                except Exception as error:  # any error is raised in all waiting threads
                    flight.error = error
                flight.done = True
        if flight.error is not None:
            raise flight.error
        return flight.result  # type: ignore[return-value]  # not None, because it is done
