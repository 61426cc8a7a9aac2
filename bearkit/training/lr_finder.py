"""The LR finder: one batch at each of a hundred rising rates, and everything as it was before.

Source: Smith 2017, "Cyclical learning rates for training neural networks", as fastai has it.
"""

import math
from collections.abc import Iterator

import numpy as np

from bearkit.core.parallel import Progress, no_progress
from bearkit.training import lr_curve
from bearkit.training.loop import Batch, TrainSetup
from bearkit.training.lr_curve import LRCurve
from bearkit.training.schedule import MOMENTUM_HIGH

START, END, STEPS = 1e-7, 10.0, 100
DIVERGED = 4.0  # times the lowest loss: the sweep ends
MEMORY = 0.7  # of the running loss that this is decided on


def lr_find(trainee: TrainSetup, progress: Progress = no_progress) -> LRCurve:
    """Try rates from START to END, and read the curve.

    Layer groups keep the ratio of their rates. Weights, buffers, optimiser and random state are afterwards bit for bit
    what they were, also after an exception or a stop.

    Args:
        trainee: what is about to learn.
        progress: told after each step.
    """
    rates = np.geomspace(START, END, STEPS)
    losses: list[float] = []
    running, lowest = math.nan, math.inf
    before = trainee.state()
    try:
        trainee.model.train()
        for number, (rate, batch) in enumerate(zip(rates, _endless(trainee), strict=False), start=1):
            losses.append(trainee.step(batch, float(rate), MOMENTUM_HIGH))
            running = losses[-1] if number == 1 else MEMORY * running + (1 - MEMORY) * losses[-1]
            lowest = min(lowest, running)
            progress("trying learning rates", number, STEPS)
            if not running < DIVERGED * lowest:
                break
    finally:
        trainee.load(before)
        trainee.model.eval()
    return lr_curve.suggest(rates[: len(losses)], np.array(losses))


def _endless(trainee: TrainSetup) -> Iterator[Batch]:
    while True:
        yield from trainee.batches(0.0)
