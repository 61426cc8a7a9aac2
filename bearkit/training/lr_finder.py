"""The LR finder: trains one batch at each of a hundred rising rates, then restores everything.

Source: Smith 2017, "Cyclical learning rates for training neural networks", as fastai has it.
"""

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from bearkit.core.atomic import atomic_write
from bearkit.core.parallel import Progress, no_progress
from bearkit.core.project import Project
from bearkit.evaluation import figures
from bearkit.training import lr_curve, warm_start
from bearkit.training.config import TrainConfig
from bearkit.training.cpu_speedups import cpu_speedups
from bearkit.training.head import seeded_alone
from bearkit.training.loop import Batch, TrainSetup, seeded
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


def find_rate(project: Project, config: TrainConfig, frozen: bool, plot: Path, progress: Progress) -> LRCurve:
    """Run the finder on the model that a training with this configuration would start from; save curve and drawing.

    Args:
        project: the project with the images.
        config: its `start` names the stage to begin with, if any.
        frozen: whether the head alone learns.
        plot: file of the drawing; the curve's numbers are saved next to it, as .npz.
        progress: called after each step.

    Raises:
        RunError: the labels have changed since the stage was trained.
    """
    start = warm_start.starting_point(project, config)
    data, features, _ = warm_start.load_features(project, config, start, progress)
    warm_start.check_labels(start.about, data)
    if frozen:
        with seeded_alone(config.seed):
            curve = lr_find(warm_start.head_setup(config, data, features, start), progress)
    else:
        with seeded(config.seed), cpu_speedups():
            setup, _ = warm_start.finetune_setup(project, config, data, start, progress)
            curve = lr_find(setup, progress)
    with atomic_write(plot.with_suffix(".npz")) as part:
        np.savez(part, lrs=curve.lrs, losses=curve.losses)
    with atomic_write(plot) as part:
        figure = figures.lr_curve(curve.lrs, curve.losses, curve.smoothed, curve.suggestions, curve.reason)
        figure.savefig(part, dpi=120)
    return curve


def _endless(trainee: TrainSetup) -> Iterator[Batch]:
    while True:
        yield from trainee.batches(0.0)
