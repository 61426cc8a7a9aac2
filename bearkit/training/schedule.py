"""Schedules of fastai 2.8: learning rate and momentum at each batch."""

import math
from collections.abc import Callable

START_DIV = 25.0  # the first rate is lr_max / 25
FINAL_DIV = 1e5  # the last one lr_max / 1e5
WARM_UP = 0.25  # the part of all batches in which the rate rises
MOMENTUM_HIGH, MOMENTUM_LOW = 0.95, 0.85
MOMENTUM_FLAT = 0.9  # of fastai's Adam, which its `fit` leaves as it is

Schedule = Callable[[float, float], tuple[float, float]]


def cosine(start: float, end: float, position: float) -> float:
    """Return the value between `start` and `end` on half a cosine, for a position in [0, 1].

    >>> [round(cosine(0, 1, position), 3) for position in (0, 0.25, 0.5, 1)]
    [0.0, 0.146, 0.5, 1.0]
    """
    return start + (1 - math.cos(math.pi * position)) * (end - start) / 2


def one_cycle(position: float, lr_max: float) -> tuple[float, float]:
    """Return learning rate and momentum at a position of the training: finished batches / all batches, in [0, 1).

    Source: Smith 2018, "A disciplined approach to neural network hyper-parameters", as fastai's `fit_one_cycle` has it.

    >>> one_cycle(0.25, 3e-3)
    (0.003, 0.85)
    """
    if position < WARM_UP:
        done = position / WARM_UP
        return cosine(lr_max / START_DIV, lr_max, done), cosine(MOMENTUM_HIGH, MOMENTUM_LOW, done)
    done = (position - WARM_UP) / (1 - WARM_UP)
    return cosine(lr_max, lr_max / FINAL_DIV, done), cosine(MOMENTUM_LOW, MOMENTUM_HIGH, done)


def flat(position: float, lr: float) -> tuple[float, float]:
    """Return the same learning rate and momentum at every position, as in fastai's `fit`.

    >>> flat(0.0, 3e-3), flat(0.9, 3e-3)
    ((0.003, 0.9), (0.003, 0.9))
    """
    return lr, MOMENTUM_FLAT


SCHEDULES: dict[str, Schedule] = {"one-cycle": one_cycle, "flat": flat}
