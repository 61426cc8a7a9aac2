"""How many wrong labels are left, as far as what was found so far tells."""

import numpy as np
from scipy.special import expit, log_expit

PRIOR_SHIFT = (-2.0, 1.5)  # mean and spread of how much rarer wrong labels are than a head believes, in log odds
PRIOR_SLOPE = (0.4, 0.4)  # of the logarithm of how much a head's doubt counts
BINS = 60
DRAWS = 2000


def estimate_label_noise(
    probs_of_given: np.ndarray, decided: np.ndarray, was_wrong: np.ndarray
) -> tuple[float, list[int]]:
    """Estimate how many of the pictures that nobody looked at have a wrong label, with a 95 % interval.

    A head that has not seen a picture gives its label some probability p. That a label is wrong is taken to have the
    probability expit(a + b logit(1 - p)): a = 0 and b = 1 would be what the head believes. What reviewers found says
    how far to believe it: a and b have a prior, and the decisions so far are the evidence (on a grid over both). How
    often the interval holds the truth is in EXPERIMENTS.md.

    Args:
        probs_of_given: out-of-fold probability of each picture's label before anyone looked, float (N,).
        decided: whether someone looked, bool (N,).
        was_wrong: and found it wrong, bool (N,); what stands where nobody looked does not matter.

    Returns:
        The estimate, and its interval.

    >>> estimate_label_noise(np.full(100, 0.999), np.zeros(100, bool), np.zeros(100, bool))[0] < 5
    True
    """
    if decided.all():
        return 0.0, [0, 0]
    p = np.clip(probs_of_given.astype(np.float64), 1e-6, 1 - 1e-6)
    doubt = np.log((1 - p) / p)
    edges = np.quantile(doubt, np.linspace(0, 1, BINS + 1))
    place = np.clip(np.searchsorted(edges, doubt, side="right") - 1, 0, BINS - 1)
    counts = [
        np.bincount(place[rows], minlength=BINS) for rows in (~decided, decided & was_wrong, decided & ~was_wrong)
    ]
    unseen, wrong, right = counts
    total = np.bincount(place, minlength=BINS)
    middle = np.bincount(place, doubt, minlength=BINS) / np.maximum(total, 1)
    shift, slope = np.meshgrid(np.linspace(-9, 4, 79), np.linspace(-2, 1.5, 36), indexing="ij")
    odds = shift[..., None] + np.exp(slope)[..., None] * middle  # (shifts, slopes, bins)
    log_posterior = (log_expit(odds) * wrong + log_expit(-odds) * right).sum(axis=-1)
    for grid, (mean, spread) in ((shift, PRIOR_SHIFT), (slope, PRIOR_SLOPE)):
        log_posterior -= (grid - mean) ** 2 / (2 * spread**2)
    weights = np.exp(log_posterior - log_posterior.max()).ravel()
    weights /= weights.sum()
    rng = np.random.default_rng(0)
    chosen = expit(odds.reshape(-1, BINS)[rng.choice(len(weights), DRAWS, p=weights)])
    draws = rng.binomial(unseen, chosen).sum(axis=1)
    expected = float(weights @ (expit(odds.reshape(-1, BINS)) @ unseen))
    low, high = np.quantile(draws, [0.025, 0.975])
    return expected, [int(np.floor(low)), int(np.ceil(high))]
