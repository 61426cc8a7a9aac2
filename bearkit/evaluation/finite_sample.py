"""How many of a finite set of images are wrong, estimated from a random sample of them."""

from bisect import bisect_left

import numpy as np
from scipy.special import gammaln

CONFIDENCE = 0.95


def wrong_in_population(wrong: int, sampled: int, population: int, confidence: float = CONFIDENCE) -> tuple[int, int]:
    """Compute the exact interval of the number of wrong images in a population, by inverting the hypergeometric test.

    Both tails change in one direction with that number, so each end is found by bisection: also with a million images.

    Args:
        wrong: images of the sample that are wrong.
        sampled: images of the sample, drawn at random without putting back.
        population: images that the sample was drawn from, the sample included.
        confidence: how often, at least, the interval contains the true number, in (0, 1).

    Returns:
        The least and the greatest number that are compatible with the sample.

    >>> wrong_in_population(0, 50, 100)
    (0, 5)
    >>> wrong_in_population(2, 10, 10)
    (2, 2)
    """
    tail = (1 - confidence) / 2
    numbers = range(wrong, population - (sampled - wrong) + 1)

    def at_least(number: int) -> bool:  # P(X >= wrong), which grows with the number, is not too small
        return bool(_probabilities(number, sampled, population)[wrong:].sum() > tail)

    def too_many(number: int) -> bool:  # P(X <= wrong), which falls, is too small
        return bool(_probabilities(number, sampled, population)[: wrong + 1].sum() <= tail)

    return numbers[bisect_left(numbers, True, key=at_least)], numbers[bisect_left(numbers, True, key=too_many) - 1]


def _probabilities(wrong: int, sampled: int, population: int) -> np.ndarray:
    """The hypergeometric probabilities of 0 to `sampled` wrong images in a sample, float64 (sampled + 1,)."""
    drawn = np.arange(sampled + 1)
    possible = (drawn <= wrong) & (sampled - drawn <= population - wrong)
    k = np.where(possible, drawn, min(wrong, sampled))
    with np.errstate(divide="ignore", invalid="ignore"):
        log = _log_choose(wrong, k) + _log_choose(population - wrong, sampled - k) - _log_choose(population, sampled)
    return np.where(possible, np.exp(log), 0.0)


def _log_choose(n: int, k: np.ndarray | int) -> np.ndarray:
    """The logarithm of the binomial coefficient."""
    result: np.ndarray = gammaln(n + 1) - gammaln(np.add(k, 1)) - gammaln(np.subtract(n + 1, k))
    return result
