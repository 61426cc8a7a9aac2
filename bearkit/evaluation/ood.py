"""Detect out-of-distribution images: images unlike everything that a model was trained on ("none of these").

The score is the mean cosine of an image's features with those of its two nearest training images (Sun et al. 2022,
"Out-of-Distribution Detection with Deep Nearest Neighbors"). Each feature is clipped at a high quantile first (Sun et
al. 2021, "ReAct"). Images of a frequent label have nearer neighbours than those of a rare one. So each label has an
allowance that is added to the cosines with its images; with it, most held-out images of every label reach the same
threshold. EXPERIMENTS.md compares this with other scores.
"""

from dataclasses import dataclass

import numpy as np

NEAREST = 2  # neighbours whose cosines are averaged
CLIP_QUANTILE = 0.98  # of all features of training images
FALSE_ALARMS = 0.035  # share of each label's held-out images that may be called unknown
MAX_BANK = 2000  # training images in the memory bank
MIN_HELD_OUT = 20  # with fewer held-out images there is no detector
ENOUGH = 60  # held-out images of a label for its own quantile to be used; with fewer, it is mixed with all labels'
PRIOR = 3  # how many images the spread of all labels counts for, in the spread of one label
COPY = 0.98  # a training image with a higher cosine is a copy, which tells nothing about new images
MARGIN = 1e-3  # the threshold is lower by this: 16-bit floats and other runtimes differ by less
UNSURE = 2  # with n held-out images a label gets n / (n + 2) of its allowance
COMMON = 0.2  # the part of its difference from the average that a frequent label gets; more accepts unknown images
BLOCK = 1024  # rows compared at once


@dataclass(frozen=True)
class OODDetector:
    """A memory bank of training images, and a threshold.

    Attributes:
        bank: clipped features of training images, normalised to length 1, float16 (n, D).
        cut: the value that features are clipped at.
        threshold: an image with a similarity below this is unknown.
        rows: row numbers of the training images in the bank, int (n,). If a label has one image, it appears twice.
        allowance: added to the cosine with each image of the bank, at most 0, float32 (n,).
    """

    bank: np.ndarray
    cut: float
    threshold: float
    rows: np.ndarray
    allowance: np.ndarray

    def similarity(self, features: np.ndarray) -> np.ndarray:
        """Compute the similarity of images to the training images, float (N,), at most 1, from features (N, D)."""
        unit, bank = _clipped_unit(features, self.cut), self.bank.astype(np.float32)
        blocks = [unit[start : start + BLOCK] @ bank.T + self.allowance for start in range(0, len(unit), BLOCK)]
        return np.concatenate([np.zeros(0, np.float32), *(_highest(block).mean(axis=1) for block in blocks)])


def fit_ood_detector(
    train: np.ndarray, valid: np.ndarray, targets: tuple[np.ndarray, np.ndarray] | None = None
) -> OODDetector | None:
    """Choose the memory bank, the allowances and the threshold.

    Held-out images set the threshold: the validation images, and each training image compared with all others.

    Args:
        train: features of training images, float (n, D).
        valid: features of validation images, float (m, D).
        targets: the labels of both, int (n,) and (m,); None if all have the same label.

    Returns:
        The detector; None if there are too few images.
    """
    if len(train) <= NEAREST or len(train) + len(valid) < MIN_HELD_OUT:
        return None
    train_targets, valid_targets = targets or (np.zeros(len(train), int), np.zeros(len(valid), int))
    clip = float(np.quantile(train, CLIP_QUANTILE))
    rows, valid_rows = _balanced_sample(train_targets), _balanced_sample(valid_targets)
    rows = np.concatenate([rows, _repeats(rows, train_targets)])
    bank = _clipped_unit(train[rows], clip).astype(np.float16)
    wide_bank, bank_labels = bank.astype(np.float32), train_targets[rows]
    labels = np.unique(bank_labels)
    tops = np.concatenate(
        [
            _top_cosines(wide_bank, wide_bank, bank_labels, labels, leave_one_out=True),
            _top_cosines(_clipped_unit(valid[valid_rows], clip), wide_bank, bank_labels, labels),
        ]
    )
    given = np.concatenate([bank_labels, valid_targets[valid_rows]])
    label_of = np.where(np.isin(given, labels), np.searchsorted(labels, given), len(labels))
    if np.isfinite(_highest(tops.reshape(len(tops), -1)).mean(axis=1)).sum() < MIN_HELD_OUT:
        return None
    allowances, threshold = _allowances(tops, label_of)
    allowance = allowances[np.searchsorted(labels, bank_labels)].astype(np.float32)
    return OODDetector(bank, clip, threshold - MARGIN, rows, allowance)


def _balanced_sample(targets: np.ndarray) -> np.ndarray:
    """Choose at most MAX_BANK rows, as evenly from all labels as possible; all rows, in order, if they are no more."""
    if len(targets) <= MAX_BANK:
        return np.arange(len(targets))
    shuffled = np.random.default_rng(0).permutation(len(targets))
    rank = np.zeros(len(targets), int)  # of each row within its label
    for label in np.unique(targets):
        of_label = targets[shuffled] == label
        rank[of_label] = np.arange(of_label.sum())
    return shuffled[np.argsort(rank, kind="stable")[:MAX_BANK]]


def _repeats(rows: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Return the rows that are alone with their label, to be repeated: so both neighbours can have that label."""
    _, first, n_each = np.unique(targets[rows], return_index=True, return_counts=True)
    return np.repeat(rows[first], np.maximum(NEAREST - n_each, 0))


def _clipped_unit(features: np.ndarray, clip: float) -> np.ndarray:
    """Clip features and scale each row to length 1."""
    clipped = np.minimum(features, clip)
    unit: np.ndarray = clipped / np.maximum(np.linalg.norm(clipped, axis=1, keepdims=True), 1e-12)
    return unit


def _highest(cosines: np.ndarray) -> np.ndarray:
    """Return the highest cosines of each row, (n, NEAREST)."""
    return np.partition(cosines, -NEAREST, axis=1)[:, -NEAREST:]


def _top_cosines(
    unit: np.ndarray, bank: np.ndarray, bank_labels: np.ndarray, labels: np.ndarray, leave_one_out: bool = False
) -> np.ndarray:
    """Find the highest cosines of each row with the bank's images of each label, float32 (n, C, NEAREST).

    Args:
        unit: clipped features of length 1, float (n, D).
        bank: the same of the memory bank, float32 (b, D).
        bank_labels: the label of each image of the bank, int (b,).
        labels: the C labels.
        leave_one_out: the rows are the bank's own; an image and its copies are no neighbours of it.

    Returns:
        The cosines; -inf where a label has fewer than NEAREST images.
    """
    result = np.full((len(unit), len(labels), NEAREST), -np.inf, np.float32)
    columns = [np.flatnonzero(bank_labels == label) for label in labels]
    for start in range(0, len(unit), BLOCK):
        cosines = unit[start : start + BLOCK] @ bank.T
        if leave_one_out:
            rows = np.arange(len(cosines))
            cosines[rows, rows + start] = -np.inf
            cosines[cosines > COPY] = -np.inf
        for n, of_label in enumerate(columns):
            top = _highest(cosines[:, of_label]) if len(of_label) > NEAREST else cosines[:, of_label]
            result[start : start + BLOCK, n, : top.shape[1]] = top
    return result


def _allowances(tops: np.ndarray, label_of: np.ndarray) -> tuple[np.ndarray, float]:
    """Compute each label's allowance and the common threshold.

    Args:
        tops: highest cosines of N held-out images with the bank's images of each label, (N, C, NEAREST).
        label_of: the label of each held-out image, int (N,); C for a label without training images.

    Returns:
        The allowances, at most 0, float (C,), and the threshold.
    """
    own = np.full(len(tops), np.nan)  # mean cosine with the nearest images of the image's own label
    in_bank = label_of < tops.shape[1]
    own[in_bank] = _finite_mean(tops[np.flatnonzero(in_bank), label_of[in_bank]])
    by_label = [own[(label_of == label) & np.isfinite(own)] for label in range(tops.shape[1])]
    lows, n_each = _low_quantiles(by_label), np.array([len(values) for values in by_label])
    typical = np.average(lows, weights=n_each) if n_each.any() else 0.0
    allowances = (1 - (1 - COMMON) * np.minimum(1, n_each / ENOUGH)) * (typical - lows)
    # A few odd images of a label must not let in unknown images that look like them.
    allowances *= np.where(allowances > 0, n_each / (n_each + UNSURE), 1)
    allowances -= allowances.max()
    similarity = _highest((tops + allowances[:, None]).reshape(len(tops), -1)).mean(axis=1)
    usable = np.isfinite(own)  # a held-out image without others of its label tells nothing about new images
    usable = usable if usable.sum() >= MIN_HELD_OUT else np.isfinite(similarity)
    return allowances, float(np.quantile(similarity[usable], FALSE_ALARMS))


def _finite_mean(cosines: np.ndarray) -> np.ndarray:
    """Average the finite values of each row; NaN if there are none."""
    finite = np.isfinite(cosines)
    n = finite.sum(axis=1)
    total = np.where(finite, cosines, 0).sum(axis=1)
    return np.where(n > 0, total / np.maximum(n, 1), np.nan)


def _low_quantiles(by_label: list[np.ndarray]) -> np.ndarray:
    """Estimate the FALSE_ALARMS quantile of each label's similarities, float (C,); the lowest for a label without any.

    Few images do not show that quantile. Then it is extrapolated: the values below the median are taken to be
    exponentially distributed. The scale of that distribution is the mean distance below the median, mixed with the
    other labels' (PRIOR).
    """
    similarities = {label: values for label, values in enumerate(by_label) if len(values)}
    below_median = {
        label: np.median(values) - values[values < np.median(values)] for label, values in similarities.items()
    }
    typical = float(np.mean([below.mean() for below in below_median.values() if len(below)] or [0.0]))
    result = np.full(len(by_label), np.nan)
    for label, below in below_median.items():
        values, n = similarities[label], len(similarities[label])
        scale = (below.sum() + PRIOR * typical) / (len(below) + PRIOR)
        extrapolated = np.median(values) - scale * np.log(0.5 / FALSE_ALARMS)
        own = min(1.0, n / ENOUGH)
        result[label] = own * np.quantile(values, FALSE_ALARMS) + (1 - own) * extrapolated
    lowest = np.nanmin(result) if similarities else 0.0
    return np.where(np.isnan(result), lowest, result)
