"""Requests that wait are answered together: one run of the network for up to four pictures."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np

from bearkit.errors import BusyError
from bearkit.predict import Prediction, Predictor

TOGETHER = 4  # pictures in one run of the network: more are no faster (EXPERIMENTS.md)
WAITING = 128  # requests that may wait; the next one is told to come back


@dataclass
class Batcher:
    """A bounded queue in front of a Predictor. It belongs to the event loop that first asks it."""

    predictor: Predictor
    waiting: int = 0  # requests that are under way
    answered: int = 0
    _queue: "asyncio.Queue[tuple[np.ndarray, asyncio.Future[Prediction]]]" = field(default_factory=asyncio.Queue)
    _worker: "asyncio.Task[None] | None" = None
    _thread: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1, thread_name_prefix="network"))

    def admit(self) -> None:
        """Take one request in, before anything of it is read.

        Raises:
            BusyError: too many wait already.
        """
        if self.waiting >= WAITING:
            raise BusyError(f"{WAITING} pictures wait already", hint="try again in a moment")
        self.waiting += 1

    def leave(self) -> None:
        """One request is over."""
        self.waiting -= 1

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
