"""Pictures that are like nothing else under their label."""

import numpy as np

NEAREST = 3  # pictures that one is compared with
FAR = 2.5  # robust standard deviations below the label's middle
FEW = 8  # pictures of a label below which nothing can be said
BLOCK = 1024


def outlier_scores(features: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """How far each picture is from those most like it under its label, in robust standard deviations, float (N,).

    Likeness is the mean cosine of standardised features with the nearest three; the middle and the spread of a label
    are its median and median absolute deviation (Iglewicz and Hoaglin 1993). 0 where a label has fewer than 8 pictures.

    Args:
        features: float32 (N, D).
        targets: given labels, int (N,).
    """
    spread = np.maximum(features.std(axis=0), 1e-6)
    unit = (features - features.mean(axis=0)) / spread
    unit /= np.maximum(np.linalg.norm(unit, axis=1, keepdims=True), 1e-6)
    result = np.zeros(len(targets))
    for target in np.unique(targets):
        rows = np.flatnonzero(targets == target)
        if len(rows) < FEW:
            continue
        alike = _likeness(unit[rows])
        middle = np.median(alike)
        deviation = 1.4826 * np.median(np.abs(alike - middle))
        result[rows] = (middle - alike) / max(float(deviation), 1e-6)
    return result


def _likeness(unit: np.ndarray) -> np.ndarray:
    """The mean cosine of each row with the three most like it, (n,)."""
    means = []
    for start in range(0, len(unit), BLOCK):
        cosines = unit[start : start + BLOCK] @ unit.T
        cosines[np.arange(len(cosines)), np.arange(start, start + len(cosines))] = -1  # not with itself
        means.append(np.partition(cosines, -NEAREST, axis=1)[:, -NEAREST:].mean(axis=1))
    return np.concatenate(means)
