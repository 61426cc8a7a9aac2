"""Batch the waiting requests: one run of the network predicts up to four images."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np

from bearkit.errors import BusyError
from bearkit.inference.predictor import Prediction, Predictor

BATCH_SIZE = 4  # images in one run of the network: larger batches are not faster (EXPERIMENTS.md)
MAX_WAITING = 128  # images; a request beyond is refused with status 429
SHARE = 96  # of them from one client, so that others get a place


@dataclass
class Batcher:
    """A bounded queue in front of a Predictor, for one event loop.

    Attributes:
        predictor: the model.
        waiting: images that have a place and no prediction yet.
        answered: images predicted so far.
    """

    predictor: Predictor
    waiting: int = 0
    answered: int = 0
    _waiting_by_client: "Counter[str]" = field(default_factory=Counter)
    _queue: "asyncio.Queue[tuple[np.ndarray, asyncio.Future[Prediction]]]" = field(default_factory=asyncio.Queue)
    _worker: "asyncio.Task[None] | None" = None
    _thread: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1, thread_name_prefix="network"))

    @contextmanager
    def place(self, client: str) -> Iterator[None]:
        """Reserve a place in the queue for an image that has arrived completely.

        Args:
            client: the address of the client.

        Raises:
            BusyError: too many images are waiting.
        """
        if self.waiting >= MAX_WAITING:
            raise BusyError(f"{MAX_WAITING} pictures are waiting already", hint="try again in a moment")
        if self._waiting_by_client[client] >= SHARE:
            raise BusyError(f"{SHARE} pictures of yours are waiting already", hint="try again in a moment")
        self.waiting += 1
        self._waiting_by_client[client] += 1
        try:
            yield
        finally:
            self.waiting -= 1
            self._waiting_by_client[client] -= 1
            self._waiting_by_client += Counter()  # drops clients with nothing waiting

    async def predict(self, inputs: np.ndarray) -> Prediction:
        """Predict one image in the next batch.

        Args:
            inputs: the preprocessed image, float32 (3, size, size).
        """
        if self._worker is None or self._worker.done():
            self._worker = asyncio.create_task(self._work())
        answer: asyncio.Future[Prediction] = asyncio.get_running_loop().create_future()
        self._queue.put_nowait((inputs, answer))
        prediction = await answer
        self.answered += 1
        return prediction

    async def _work(self) -> None:
        """Predict batches of the queue, for ever."""
        while True:
            batch = [await self._queue.get()]
            while len(batch) < BATCH_SIZE and not self._queue.empty():
                batch.append(self._queue.get_nowait())
            try:
                inputs = np.stack([image for image, _ in batch])
                loop = asyncio.get_running_loop()
                predictions = await loop.run_in_executor(self._thread, self.predictor.predict_inputs, inputs)
            except Exception as error:  # each waiting request must get it
                for _, answer in batch:
                    if not answer.done():
                        answer.set_exception(error)
                continue
            for (_, answer), prediction in zip(batch, predictions, strict=True):
                if not answer.done():  # the request may have been cancelled
                    answer.set_result(prediction)
