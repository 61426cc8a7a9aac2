"""Probabilities that mean what they say: a temperature, fitted on pictures that were set aside."""

import numpy as np
from scipy.optimize import minimize_scalar

MAX_TEMPERATURE = 20.0  # the range that is looked at is 1 / MAX_TEMPERATURE to MAX_TEMPERATURE


def fit_temperature(logits: np.ndarray, targets: np.ndarray) -> float:
    """What to divide logits by, so that of the pictures of which a model is 80 % sure about 80 % are right.

    Guo et al. 2017, "On Calibration of Modern Neural Networks": the temperature of least loss. With few pictures, and
    no mistake among them, that would be 0, and every probability 1; so each target gives away what one more picture
    could (Platt 1999): 1 / (n + 2) goes to all labels alike.

    Args:
        logits: float (N, C), of pictures that were not trained on.
        targets: int (N,), their labels.

    Returns:
        Above 1: the model was too sure; below 1: not sure enough. 1 without pictures.
    """
    n, n_labels = logits.shape
    if n == 0:
        return 1.0
    given = np.full((n, n_labels), 1 / (n + 2) / n_labels)
    given[np.arange(n), targets] += 1 - 1 / (n + 2)

    def loss(log_t: float) -> float:
        scaled = logits / np.exp(log_t)
        scaled = scaled - scaled.max(axis=1, keepdims=True)
        return float((given * (np.log(np.exp(scaled).sum(axis=1, keepdims=True)) - scaled)).sum() / n)

    limit = float(np.log(MAX_TEMPERATURE))
    return float(np.exp(minimize_scalar(loss, bounds=(-limit, limit), method="bounded").x))


def is_at_bound(temperature: float) -> bool:
    """Whether a temperature lies at the end of the range that is looked at: the best one may lie beyond it.

    >>> is_at_bound(19.9999), is_at_bound(0.8)
    (True, False)
    """
    return bool(abs(np.log(temperature)) > 0.99 * np.log(MAX_TEMPERATURE))


def calibration_error(probs: np.ndarray, targets: np.ndarray, bins: int = 15) -> float:
    """How far probabilities are from what came true, in 0..1: the expected calibration error (Naeini et al. 2015).

    Args:
        probs: float (N, C).
        targets: int (N,).
        bins: of equal width, over the probability of the predicted label.
    """
    sure, right = probs.max(axis=1), probs.argmax(axis=1) == targets
    place = np.minimum((sure * bins).astype(int), bins - 1)
    gaps = [abs(sure[place == b].mean() - right[place == b].mean()) * (place == b).mean() for b in np.unique(place)]
    return float(np.sum(gaps))
