"""Probabilities for every picture from heads that did not train on it: what finds wrong labels."""

import dataclasses

import numpy as np

from bearkit.training.config import TrainConfig
from bearkit.training.head import DEFAULTS, Sides, predict_probs, train_head


def folds(targets: np.ndarray, n_folds: int, seed: int) -> np.ndarray:
    """Which fold each picture is in, int (N,): random, and each label spread evenly over all of them.

    >>> np.bincount(folds(np.array([0] * 6 + [1] * 4), 2, seed=0)).tolist()
    [5, 5]
    """
    rng = np.random.default_rng(seed)
    shuffled = rng.permutation(len(targets))
    by_label = shuffled[np.argsort(targets[shuffled], kind="stable")]
    result = np.empty(len(targets), dtype=np.int64)
    result[by_label] = np.arange(len(targets)) % n_folds
    return result


def out_of_fold_probs(
    features: np.ndarray,
    targets: np.ndarray,
    n_labels: int,
    config: TrainConfig = DEFAULTS,
    n_folds: int = 5,
) -> np.ndarray:
    """Probabilities, float32 (N, C), each row by a head fitted on the other folds.

    Args:
        features: float32 (N, V, D).
        targets: given labels, int64 (N,).
        n_labels: C.
        config: how each head is fitted.
        n_folds: how many heads; a fold's pictures are predicted by the head of the others.
    """
    fold = folds(targets, n_folds, config.seed)
    probs = np.empty((len(targets), n_labels), np.float32)
    nothing = features[:0, 0], targets[:0]
    for k in range(n_folds):
        rest = fold != k
        sides = Sides(features[rest], targets[rest], *nothing, n_labels)
        head = train_head(sides, dataclasses.replace(config, seed=config.seed + k))
        probs[~rest] = predict_probs(head, features[~rest, 0])
    return probs
