"""The learning curve: the error of heads trained on a tenth to all of the images. It shows whether more would help."""

import dataclasses
from dataclasses import dataclass
from typing import Any

import numpy as np

from bearkit.core.parallel import Progress, no_progress
from bearkit.evaluation import metrics
from bearkit.training.config import TrainConfig
from bearkit.training.head import DEFAULTS, TrainValidFeatures, predict_probs, train_head

FRACTIONS = (0.1, 0.25, 0.5, 0.75, 1.0)
N_FOLDS = 5
RESAMPLES = 2000  # of the bootstrap, for the interval of a gain
MIN_GAIN = 0.1  # twice the images are worth collecting if they remove this share of the errors


@dataclass(frozen=True)
class LearningCurve:
    """How the error falls with the number of training images.

    Attributes:
        images: number of training images at each of the F fractions.
        wrong: whether each image was predicted wrongly, at each fraction, bool (F, N).
        targets: index of each given label, int (N,).
        vocab: the labels.
    """

    images: list[int]
    wrong: np.ndarray
    targets: np.ndarray
    vocab: list[str]

    @property
    def points(self) -> list[dict[str, Any]]:
        """A row for each fraction: `fraction`, `images`, `error_rate` and its 95 % `interval`."""
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
        """One or two sentences: whether more images would help, and of which label."""
        half, full = self.wrong[FRACTIONS.index(0.5)], self.wrong[-1]
        before, after = float(half.mean()), float(full.mean())
        low, high = _gain_interval(half, full)
        doubled = f"from {self.images[2]} to {self.images[-1]} pictures the error went from {before:.1%} to {after:.1%}"
        if not full.any():
            return "No picture is predicted wrongly any more: more of the same kind would hardly help."
        if low > 0:
            return f"More pictures would help: {doubled}. {self._worst_label()}"
        if high < MIN_GAIN * before:
            return f"More pictures of the same kind would hardly help: {doubled}."
        return f"Cannot tell whether more pictures would help: {doubled}, which may be chance. {self._worst_label()}"

    def _worst_label(self) -> str:
        """Name the label with the highest error in a sentence, if its error is above the average beyond chance."""
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
    """Train heads on parts of the images, and predict each image with heads that were not trained on it.

    Images are split into N_FOLDS folds. For each fold and each of FRACTIONS, a head is trained on that share of the
    other folds.

    Args:
        features: float32 (N, V, D).
        targets: index of each given label, int64 (N,).
        vocab: the labels.
        config: how each head is trained.
        progress: called after each head.
    """
    fold = folds(targets, N_FOLDS, config.seed)
    wrong = np.zeros((len(FRACTIONS), len(targets)), bool)
    images = np.zeros(len(FRACTIONS))
    for k in range(N_FOLDS):
        train_rows = _stratified_order(np.flatnonzero(fold != k), targets, config.seed + k)
        held_out = fold == k
        for n, fraction in enumerate(FRACTIONS):
            part = train_rows[: max(len(vocab), round(fraction * len(train_rows)))]
            data = TrainValidFeatures(features[part], targets[part], features[:0, 0], targets[:0], len(vocab))
            head = train_head(data, dataclasses.replace(config, seed=config.seed + k))
            wrong[n, held_out] = predict_probs(head, features[held_out, 0]).argmax(1) != targets[held_out]
            images[n] += len(part) / N_FOLDS
            progress("trying with fewer pictures", k * len(FRACTIONS) + n + 1, N_FOLDS * len(FRACTIONS))
    return LearningCurve([round(n) for n in images], wrong, targets, vocab)


def folds(targets: np.ndarray, n_folds: int, seed: int) -> np.ndarray:
    """Assign images to stratified random folds: each label is spread evenly over all folds.

    Args:
        targets: index of each given label, int (N,).
        n_folds: number of folds.
        seed: of the random order.

    Returns:
        The fold of each image, int (N,), in [0, n_folds).

    >>> np.bincount(folds(np.array([0] * 6 + [1] * 4), 2, seed=0)).tolist()
    [5, 5]
    """
    rng = np.random.default_rng(seed)
    shuffled = rng.permutation(len(targets))
    by_label = shuffled[np.argsort(targets[shuffled], kind="stable")]
    result = np.empty(len(targets), dtype=np.int64)
    result[by_label] = np.arange(len(targets)) % n_folds
    return result


def _stratified_order(rows: np.ndarray, targets: np.ndarray, seed: int) -> np.ndarray:
    """Order rows so that the first n of them, for any n, have the labels in about their shares.

    >>> targets = np.array([0] * 8 + [1] * 2)
    >>> targets[_stratified_order(np.arange(10), targets, seed=0)][:5].tolist()
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
    """Compute the 95 % bootstrap interval of the fall in error rate.

    Args:
        before: whether each image was predicted wrongly, bool (N,).
        after: the same of the better head, bool (N,).
    """
    gains = before.astype(float) - after
    rng = np.random.default_rng(0)
    means = [gains[rng.integers(0, len(gains), len(gains))].mean() for _ in range(RESAMPLES)]
    low, high = np.quantile(means, (0.025, 0.975))
    return float(low), float(high)
