"""Calibrated probabilities: temperature scaling, fitted on validation images."""

import numpy as np
from scipy.optimize import minimize_scalar

MAX_TEMPERATURE = 20.0  # temperatures from 1 / MAX_TEMPERATURE to MAX_TEMPERATURE are tried


def fit_temperature(logits: np.ndarray, targets: np.ndarray) -> float:
    """Find the temperature to divide logits by, so that a probability of 80 % is right in 80 % of cases.

    It minimises the cross-entropy (Guo et al. 2017, "On Calibration of Modern Neural Networks"). With few images and no
    error among them, the minimum would be at 0, where every probability is 1. So the targets are softened as Platt
    (1999) does: 1 / (n + 2) of each is spread over all labels.

    Args:
        logits: float (N, C), of images that the model was not trained on.
        targets: index of each given label, int (N,), in [0, C).

    Returns:
        Above 1 for an overconfident model, below 1 for an underconfident one; 1 without images.
    """
    n, n_labels = logits.shape
    if n == 0:
        return 1.0
    soft_targets = np.full((n, n_labels), 1 / (n + 2) / n_labels)
    soft_targets[np.arange(n), targets] += 1 - 1 / (n + 2)

    def loss(log_t: float) -> float:
        scaled = logits / np.exp(log_t)
        scaled = scaled - scaled.max(axis=1, keepdims=True)
        return float((soft_targets * (np.log(np.exp(scaled).sum(axis=1, keepdims=True)) - scaled)).sum() / n)

    limit = float(np.log(MAX_TEMPERATURE))
    return float(np.exp(minimize_scalar(loss, bounds=(-limit, limit), method="bounded").x))


def is_at_bound(temperature: float) -> bool:
    """Return whether a temperature is at an end of the range that is tried; the best one may then be outside it.

    >>> is_at_bound(19.9999), is_at_bound(0.8)
    (True, False)
    """
    return bool(abs(np.log(temperature)) > 0.99 * np.log(MAX_TEMPERATURE))


def calibration_error(probs: np.ndarray, targets: np.ndarray, bins: int = 15) -> float:
    """Compute the expected calibration error (Naeini et al. 2015): the mean gap between confidence and accuracy.

    Args:
        probs: float (N, C), rows sum to 1.
        targets: index of each given label, int (N,), in [0, C).
        bins: number of bins of equal width over the probability of the predicted label.

    Returns:
        The error, in [0, 1].
    """
    confidence, correct = probs.max(axis=1), probs.argmax(axis=1) == targets
    bin_of = np.minimum((confidence * bins).astype(int), bins - 1)
    gaps = [
        abs(confidence[bin_of == b].mean() - correct[bin_of == b].mean()) * (bin_of == b).mean()
        for b in np.unique(bin_of)
    ]
    return float(np.sum(gaps))
