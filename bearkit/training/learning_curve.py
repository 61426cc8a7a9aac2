"""Is there enough data? The error of heads that learnt from a part of the pictures, from a tenth to all of them."""

import dataclasses
from dataclasses import dataclass
from typing import Any

import numpy as np

from bearkit.core.parallel import Progress, no_progress
from bearkit.evaluation import metrics
from bearkit.training.config import TrainConfig
from bearkit.training.head import DEFAULTS, TrainValidFeatures, predict_probs, train_head

FRACTIONS = (0.1, 0.25, 0.5, 0.75, 1.0)
N_FOLDS = 5  # draws: each picture is checked in one of them, by heads that did not learn from it
RESAMPLES = 2000  # of the pictures, for the interval of a gain
WORTH = 0.1  # a doubling that takes away this share of the errors is worth collecting for


@dataclass(frozen=True)
class LearningCurve:
    """How the error falls with the number of pictures.

    Attributes:
        images: training pictures at each fraction, int (F,).
        wrong: whether each picture was predicted wrongly there, bool (F, N).
        targets: the given labels, int (N,).
        vocab: their names.
    """

    images: list[int]
    wrong: np.ndarray
    targets: np.ndarray
    vocab: list[str]

    @property
    def points(self) -> list[dict[str, Any]]:
        """A row for each fraction."""
        n = self.wrong.shape[1]
        return [
            {
                "fraction": fraction,
                "images": images,
                "error_rate": float(wrong.mean()),
                "interval": list(metrics.error_interval(int(wrong.sum()), n)),
            }
            for fraction, images, wrong in zip(FRACTIONS, self.images, self.wrong, strict=True)
        ]

    @property
    def verdict(self) -> str:
        """Would more pictures help, and of which label? One sentence or two."""
        half, whole = self.wrong[FRACTIONS.index(0.5)], self.wrong[-1]
        before, after = float(half.mean()), float(whole.mean())
        low, high = _gain_interval(half, whole)
        doubled = f"from {self.images[2]} to {self.images[-1]} pictures the error went from {before:.1%} to {after:.1%}"
        if not whole.any():
            return "No picture is predicted wrongly any more: more of the same kind would hardly help."
        if low > 0:
            return f"More pictures would help: {doubled}. {self._which()}"
        if high < WORTH * before:
            return f"More pictures of the same kind would hardly help: {doubled}."
        return f"Cannot tell whether more pictures would help: {doubled}, which may be chance. {self._which()}"

    def _which(self) -> str:
        """The label with the highest error, if that is beyond chance above the error of all."""
        counts = np.bincount(self.targets, minlength=len(self.vocab))
        wrong = np.bincount(self.targets, weights=self.wrong[-1], minlength=len(self.vocab)).astype(int)
        worst = int(np.argmax(wrong / np.maximum(counts, 1)))
        low, _ = metrics.error_interval(int(wrong[worst]), int(counts[worst]))
        if low <= self.wrong[-1].mean():
            return "No label stands out as the one that needs them."
        return f"Most of all of `{self.vocab[worst]}`: {wrong[worst]} of its {counts[worst]} are predicted wrongly."


def learning_curve(
    features: np.ndarray,
    targets: np.ndarray,
    vocab: list[str],
    config: TrainConfig = DEFAULTS,
    progress: Progress = no_progress,
) -> LearningCurve:
    """Train heads on parts of the pictures, and check each picture with heads that did not learn from it.

    Args:
        features: float32 (N, V, D).
        targets: given labels, int64 (N,).
        vocab: their names.
        config: how each head is trained.
        progress: told after each head.
    """
    fold = folds(targets, N_FOLDS, config.seed)
    wrong = np.zeros((len(FRACTIONS), len(targets)), bool)
    images = np.zeros(len(FRACTIONS))
    for k in range(N_FOLDS):
        rest = _label_by_label(np.flatnonzero(fold != k), targets, config.seed + k)
        checked = fold == k
        for n, fraction in enumerate(FRACTIONS):
            part = rest[: max(len(vocab), round(fraction * len(rest)))]
            sides = TrainValidFeatures(features[part], targets[part], features[:0, 0], targets[:0], len(vocab))
            head = train_head(sides, dataclasses.replace(config, seed=config.seed + k))
            wrong[n, checked] = predict_probs(head, features[checked, 0]).argmax(1) != targets[checked]
            images[n] += len(part) / N_FOLDS
            progress("trying with fewer pictures", k * len(FRACTIONS) + n + 1, N_FOLDS * len(FRACTIONS))
    return LearningCurve([round(n) for n in images], wrong, targets, vocab)


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


def _label_by_label(rows: np.ndarray, targets: np.ndarray, seed: int) -> np.ndarray:
    """The rows in an order of which every beginning has all labels in about their shares.

    >>> targets = np.array([0] * 8 + [1] * 2)
    >>> targets[_label_by_label(np.arange(10), targets, seed=0)][:5].tolist()
    [0, 1, 0, 0, 0]
    """
    rng = np.random.default_rng(seed)
    rows = rng.permutation(rows)
    position = np.empty(len(rows))
    for label in np.unique(targets[rows]):
        of_label = np.flatnonzero(targets[rows] == label)
        position[of_label] = np.arange(len(of_label)) / len(of_label)
    return rows[np.lexsort((targets[rows], position))]


def _gain_interval(before: np.ndarray, after: np.ndarray) -> tuple[float, float]:
    """The 95 % bootstrap interval of how much the error fell, over the pictures; bool (N,) and (N,)."""
    gains = before.astype(float) - after
    rng = np.random.default_rng(0)
    means = [gains[rng.integers(0, len(gains), len(gains))].mean() for _ in range(RESAMPLES)]
    low, high = np.quantile(means, (0.025, 0.975))
    return float(low), float(high)
