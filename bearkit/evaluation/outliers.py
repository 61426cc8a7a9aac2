"""Outliers: images unlike all others with their label."""

import numpy as np

NEAREST = 3  # images that each image is compared with
FAR = 2.5  # an image with a higher score is an outlier
MIN_IMAGES = 8  # labels with fewer images get no scores
BLOCK = 1024  # rows compared at once


def outlier_scores(features: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Score how unlike the other images of its label each image is, in robust standard deviations.

    The similarity of an image is the mean cosine of its standardised features with those of its three nearest images.
    Its score is the modified z-score of the similarity within the label, with the median and the median absolute
    deviation (Iglewicz and Hoaglin 1993); dissimilar images have high scores.

    Args:
        features: float32 (N, D).
        targets: index of each given label, int (N,).

    Returns:
        Scores, float (N,); 0 for labels with fewer than MIN_IMAGES images.
    """
    spread = np.maximum(features.std(axis=0), 1e-6)
    unit = (features - features.mean(axis=0)) / spread
    unit /= np.maximum(np.linalg.norm(unit, axis=1, keepdims=True), 1e-6)
    scores = np.zeros(len(targets))
    for target in np.unique(targets):
        rows = np.flatnonzero(targets == target)
        if len(rows) < MIN_IMAGES:
            continue
        similarity = _similarity(unit[rows])
        median = np.median(similarity)
        deviation = 1.4826 * np.median(np.abs(similarity - median))  # of a normal distribution: its standard deviation
        scores[rows] = (median - similarity) / max(float(deviation), 1e-6)
    return scores


def _similarity(unit: np.ndarray) -> np.ndarray:
    """Average the cosines of each row with its NEAREST nearest other rows, (n,)."""
    means = []
    for start in range(0, len(unit), BLOCK):
        cosines = unit[start : start + BLOCK] @ unit.T
        cosines[np.arange(len(cosines)), np.arange(start, start + len(cosines))] = -1  # a row is no neighbour of itself
        means.append(np.partition(cosines, -NEAREST, axis=1)[:, -NEAREST:].mean(axis=1))
    return np.concatenate(means)
