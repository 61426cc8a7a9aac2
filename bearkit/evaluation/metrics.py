"""Metrics of a model: error rate with its interval, confusion matrix, precision and recall. Arrays in, arrays out."""

import numpy as np
from scipy.special import betaincinv

from bearkit.errors import ShapeError


def error_rate(probs: np.ndarray, targets: np.ndarray) -> float:
    """Compute the share of images whose most probable label is not the given one: 1 - accuracy.

    Args:
        probs: float (N, C).
        targets: index of each given label, int (N,), in [0, C).

    Raises:
        ShapeError: `probs` and `targets` have different N.

    >>> error_rate(np.array([[0.9, 0.1], [0.8, 0.2]]), np.array([0, 1]))
    0.5
    """
    check_shapes(probs, targets)
    return float((probs.argmax(axis=1) != targets).mean())


def error_interval(wrong: int, total: int, confidence: float = 0.95) -> tuple[float, float]:
    """Compute the exact interval of an error rate (Clopper and Pearson 1934) of `wrong` errors in `total` images.

    Args:
        wrong: number of errors.
        total: number of images.
        confidence: how often the interval contains the true error rate, in (0, 1).

    >>> low, high = error_interval(4, 83)
    >>> f"between {low:.1%} and {high:.0%}"
    'between 1.3% and 12%'
    """
    tail = (1 - confidence) / 2
    low = float(betaincinv(wrong, total - wrong + 1, tail)) if wrong else 0.0
    high = float(betaincinv(wrong + 1, total - wrong, 1 - tail)) if wrong < total else 1.0
    return low, high


def error_with_interval(probs: np.ndarray, targets: np.ndarray) -> tuple[float, tuple[float, float]]:
    """Compute the error rate and its exact 95 % interval, of probabilities (N, C) and targets (N,).

    Raises:
        ShapeError: `probs` and `targets` have different N.
    """
    error = error_rate(probs, targets)
    return error, error_interval(round(error * len(targets)), len(targets))


def confusion_matrix(probs: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Count how often each given label (rows) was predicted as each label (columns), int (C, C).

    Args:
        probs: float (N, C).
        targets: index of each given label, int (N,), in [0, C).

    Raises:
        ShapeError: `probs` and `targets` have different N.

    >>> confusion_matrix(np.array([[0.9, 0.1], [0.8, 0.2]]), np.array([0, 1])).tolist()
    [[1, 0], [1, 0]]
    """
    check_shapes(probs, targets)
    n_labels = probs.shape[1]
    cells = targets * n_labels + probs.argmax(axis=1)
    return np.bincount(cells, minlength=n_labels**2).reshape(n_labels, n_labels)


def most_confused(matrix: np.ndarray, min_count: int = 1) -> list[tuple[int, int, int]]:
    """List the errors in a confusion matrix as (given, predicted, count), largest count first.

    Args:
        matrix: int (C, C), rows given, columns predicted.
        min_count: smaller counts are left out.

    >>> most_confused(np.array([[5, 1], [3, 9]]))
    [(1, 0, 3), (0, 1, 1)]
    """
    cells = [(int(g), int(p), int(matrix[g, p])) for g, p in np.argwhere(matrix >= min_count) if g != p]
    return sorted(cells, key=lambda cell: -cell[2])


def precision_recall(matrix: np.ndarray) -> list[tuple[float | None, float | None]]:
    """Compute (precision, recall) of each label from a confusion matrix.

    Precision is the share of the label's predictions that are right, None if it was never predicted. Recall is the
    share of its images that were predicted as it, None if it has no images.

    Args:
        matrix: int (C, C), rows given, columns predicted.

    >>> precision_recall(np.array([[1, 0], [1, 0]]))
    [(0.5, 1.0), (None, 0.0)]
    """
    right, predicted, given = matrix.diagonal(), matrix.sum(axis=0), matrix.sum(axis=1)
    share = [[float(r / n) if n else None for r, n in zip(right, total, strict=True)] for total in (predicted, given)]
    return list(zip(*share, strict=True))


def check_shapes(probs: np.ndarray, targets: np.ndarray) -> None:
    """Check that there are as many rows of probabilities as targets.

    Raises:
        ShapeError: `probs` is not (N, C), or `targets` is not (N,).
    """
    if probs.ndim != 2 or targets.shape != probs.shape[:1]:
        raise ShapeError(
            f"probs of shape {probs.shape} and targets of shape {targets.shape} do not fit together",
            hint="probs must be (N, C) and targets (N,)",
        )
