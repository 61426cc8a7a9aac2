"""How many of a finite set of images are wrong, estimated from a random sample of them."""

import numpy as np
from scipy.stats import hypergeom

CONFIDENCE = 0.95


def wrong_in_population(wrong: int, sampled: int, population: int, confidence: float = CONFIDENCE) -> tuple[int, int]:
    """Compute the exact interval of the number of wrong images in a population, by inverting the hypergeometric test.

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
    numbers = np.arange(wrong, population - (sampled - wrong) + 1)
    as_many = hypergeom.sf(wrong - 1, population, numbers, sampled) > tail  # P(X >= wrong)
    as_few = hypergeom.cdf(wrong, population, numbers, sampled) > tail
    possible = numbers[as_many & as_few]
    return int(possible[0]), int(possible[-1])
