"""Estimate how many wrong labels remain, from the ones that reviewers found so far."""

import numpy as np
from scipy.special import expit, log_expit

# Normal priors, (mean, standard deviation): how much rarer wrong labels are than a head believes, in log odds; and the
# logarithm of how much a head's doubt counts.
PRIOR_SHIFT = (-2.0, 1.5)
PRIOR_LOG_SLOPE = (0.4, 0.4)
BINS = 60  # of the images, by doubt
DRAWS = 2000  # from the posterior, for the interval


def estimate_label_noise(
    probs_of_given: np.ndarray, decided: np.ndarray, was_wrong: np.ndarray
) -> tuple[float, list[int]]:
    """Estimate how many of the images that nobody reviewed have a wrong label, with a 95 % interval.

    A head that has not seen an image gives its label the probability p. The model is a logistic regression on the
    head's doubt: P(label is wrong) = expit(a + b logit(1 - p)), where a = 0 and b = 1 would take the head at its word.
    The decisions so far give a posterior of a and b, computed on a grid. EXPERIMENTS.md has how often the interval
    contains the true number.

    Args:
        probs_of_given: out-of-fold probability of each image's label before the review, float (N,).
        decided: whether the image was reviewed, bool (N,).
        was_wrong: whether its label was wrong, bool (N,); not used for images that were not reviewed.

    Returns:
        The expected number, and the interval [low, high] in whole images.

    >>> estimate_label_noise(np.full(100, 0.999), np.zeros(100, bool), np.zeros(100, bool))[0] < 5
    True
    """
    if decided.all():
        return 0.0, [0, 0]
    doubt, (undecided, wrong, right) = _binned(probs_of_given, decided, was_wrong)
    odds, weights = _posterior(doubt, wrong, right)
    probs = expit(odds)  # that a label is wrong, (points of the grid, bins)
    rng = np.random.default_rng(0)
    draws = rng.binomial(undecided, probs[rng.choice(len(weights), DRAWS, p=weights)]).sum(axis=1)
    low, high = np.quantile(draws, [0.025, 0.975])
    return float(weights @ (probs @ undecided)), [int(np.floor(low)), int(np.ceil(high))]


def _binned(
    probs_of_given: np.ndarray, decided: np.ndarray, was_wrong: np.ndarray
) -> tuple[np.ndarray, tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Group images by their doubt, logit(1 - p), into bins of about equal size.

    Returns:
        The mean doubt of each bin, float (BINS,), and how many of its images are undecided, wrong and right, each int
        (BINS,).
    """
    p = np.clip(probs_of_given.astype(np.float64), 1e-6, 1 - 1e-6)
    doubt = np.log((1 - p) / p)
    edges = np.quantile(doubt, np.linspace(0, 1, BINS + 1))
    bin_of = np.clip(np.searchsorted(edges, doubt, side="right") - 1, 0, BINS - 1)
    undecided, wrong, right = (
        np.bincount(bin_of[rows], minlength=BINS) for rows in (~decided, decided & was_wrong, decided & ~was_wrong)
    )
    total = np.bincount(bin_of, minlength=BINS)
    mean_doubt = np.bincount(bin_of, doubt, minlength=BINS) / np.maximum(total, 1)
    return mean_doubt, (undecided, wrong, right)


def _posterior(doubt: np.ndarray, wrong: np.ndarray, right: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Compute the posterior of shift and slope on a grid.

    Returns:
        The log odds that a label is wrong at each point of the grid, float (G, BINS), and the points' weights, which
        sum to 1, float (G,).
    """
    shift, log_slope = np.meshgrid(np.linspace(-9, 4, 79), np.linspace(-2, 1.5, 36), indexing="ij")
    odds = shift[..., None] + np.exp(log_slope)[..., None] * doubt  # (shifts, slopes, bins)
    log_posterior = (log_expit(odds) * wrong + log_expit(-odds) * right).sum(axis=-1)
    for grid, (mean, spread) in ((shift, PRIOR_SHIFT), (log_slope, PRIOR_LOG_SLOPE)):
        log_posterior -= (grid - mean) ** 2 / (2 * spread**2)
    weights = np.exp(log_posterior - log_posterior.max()).ravel()
    weights /= weights.sum()
    return odds.reshape(-1, BINS), weights
