"""Whether a picture is like anything that a model was trained on, or "none of these".

Its features' mean cosine with those of the two training pictures most like it (Sun et al. 2022, "Out-of-Distribution
Detection with Deep Nearest Neighbors"), each feature cut at what few training pictures exceed (Sun et al. 2021, ReAct).
What most pictures that were held out reach is like enough. EXPERIMENTS.md compares it with other measures.
"""

from dataclasses import dataclass

import numpy as np

NEAREST = 2
CUT = 0.98  # quantile of the training pictures' features
LEFT_OUT = 0.035  # share of held-out pictures that are called unknown, though they are not
MOST = 2000  # training pictures that are kept to compare with
FEW = 20  # held-out pictures below which nothing can be said
COPY = 0.98  # cosine above which a training picture counts as a copy, which says nothing of new pictures
MARGIN = 1e-3  # of the threshold: what 16-bit floats and other runtimes may differ by
BLOCK = 1024


@dataclass(frozen=True)
class Known:
    """What a picture is compared with.

    Attributes:
        bank: cut and normalised features of training pictures, float16 (n, D).
        cut: no feature counts for more than this.
        threshold: a similarity below this is "none of these".
        rows: which of the training pictures are in the bank, int (n,), in its order.
    """

    bank: np.ndarray
    cut: float
    threshold: float
    rows: np.ndarray

    def similarity(self, features: np.ndarray) -> np.ndarray:
        """How like training pictures these are, float (N,), at most 1, of features (N, D)."""
        return _likeness(_unit(features, self.cut), self.bank.astype(np.float32))


def known(train: np.ndarray, valid: np.ndarray) -> Known | None:
    """What to compare with, and the threshold, from features (n, D) of training and of validation pictures.

    A training picture is held out by comparing it with all the others. None where there are too few pictures to say.
    """
    if len(train) <= NEAREST or len(train) + len(valid) < FEW:
        return None
    cut = float(np.quantile(train, CUT))
    rows = np.arange(len(train))
    if len(train) > MOST:
        rows = np.random.default_rng(0).permutation(len(train))[:MOST]
        train = train[rows]
    bank = _unit(train, cut).astype(np.float16)
    wide = bank.astype(np.float32)
    held_out = np.concatenate([_likeness(wide, wide, itself=True), _likeness(_unit(valid, cut), wide)])
    held_out = held_out[np.isfinite(held_out)]
    if len(held_out) < FEW:
        return None
    return Known(bank, cut, float(np.quantile(held_out, LEFT_OUT)) - MARGIN, rows)


def _unit(features: np.ndarray, cut: float) -> np.ndarray:
    clipped = np.minimum(features, cut)
    unit: np.ndarray = clipped / np.maximum(np.linalg.norm(clipped, axis=1, keepdims=True), 1e-12)
    return unit


def _likeness(unit: np.ndarray, bank: np.ndarray, itself: bool = False) -> np.ndarray:
    """The mean of the highest cosines of each row with the bank's, (n,).

    With `itself` the rows are the bank's own: neither they nor their copies count; -inf where nothing else is left.
    """
    means = [np.zeros(0, np.float32)]
    for start in range(0, len(unit), BLOCK):
        cosines = unit[start : start + BLOCK] @ bank.T
        if itself:
            rows = np.arange(len(cosines))
            cosines[rows, rows + start] = -np.inf
            cosines[cosines > COPY] = -np.inf
        means.append(np.partition(cosines, -NEAREST, axis=1)[:, -NEAREST:].mean(axis=1))
    return np.concatenate(means)
