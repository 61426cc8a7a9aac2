"""Requests that wait are answered together: one run of the network for up to four pictures."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np

from bearkit.errors import BusyError
from bearkit.inference.predictor import Prediction, Predictor

TOGETHER = 4  # pictures in one run of the network: more are no faster (EXPERIMENTS.md)
WAITING = 128  # pictures that may wait; the next one is told to come back
SHARE = 96  # of them from one address, so that others find a place


@dataclass
class Batcher:
    """A bounded queue in front of a Predictor. It belongs to the event loop that first asks it."""

    predictor: Predictor
    waiting: int = 0  # pictures that are under way
    answered: int = 0
    _of: "Counter[str]" = field(default_factory=Counter)
    _queue: "asyncio.Queue[tuple[np.ndarray, asyncio.Future[Prediction]]]" = field(default_factory=asyncio.Queue)
    _worker: "asyncio.Task[None] | None" = None
    _thread: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1, thread_name_prefix="network"))

    @contextmanager
    def place(self, client: str) -> Iterator[None]:
        """A place for a picture that is all there: one that is still being sent takes none.

        Args:
            client: whose, as its address.

        Raises:
            BusyError: too many wait already.
        """
        if self.waiting >= WAITING:
            raise BusyError(f"{WAITING} pictures wait already", hint="try again in a moment")
        if self._of[client] >= SHARE:
            raise BusyError(f"{SHARE} pictures of yours wait already", hint="try again in a moment")
        self.waiting += 1
        self._of[client] += 1
        try:
            yield
        finally:
            self.waiting -= 1
            self._of[client] -= 1
            self._of += Counter()  # forgets those of whom nothing waits

    async def predict(self, inputs: np.ndarray) -> Prediction:
        """What the model says of one picture that is ready, float32 (3, size, size)."""
        if self._worker is None or self._worker.done():
            self._worker = asyncio.create_task(self._work())
        answer: asyncio.Future[Prediction] = asyncio.get_running_loop().create_future()
        self._queue.put_nowait((inputs, answer))
        found = await answer
        self.answered += 1
        return found

    async def _work(self) -> None:
        while True:
            batch = [await self._queue.get()]
            while len(batch) < TOGETHER and not self._queue.empty():
                batch.append(self._queue.get_nowait())
            try:
                inputs = np.stack([one for one, _ in batch])
                loop = asyncio.get_running_loop()
                found = await loop.run_in_executor(self._thread, self.predictor.predict_inputs, inputs)
            except Exception as error:  # whoever waits must hear of it
                for _, answer in batch:
                    if not answer.done():
                        answer.set_exception(error)
                continue
            for (_, answer), prediction in zip(batch, found, strict=True):
                if not answer.done():  # its request may have gone away
                    answer.set_result(prediction)
