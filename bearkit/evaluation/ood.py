"""Whether a picture is like anything that a model was trained on, or "none of these".

Its features' mean cosine with those of the two training pictures most like it (Sun et al. 2022, "Out-of-Distribution
Detection with Deep Nearest Neighbors"), each feature cut at what few training pictures exceed (Sun et al. 2021, ReAct).
Pictures of a common label are more alike than those of a rare one, so each label has an allowance that is added to the
cosines with its pictures: with it, most held-out pictures of every label reach the same threshold.
EXPERIMENTS.md compares it with other measures.
"""

from dataclasses import dataclass

import numpy as np

NEAREST = 2
CUT = 0.98  # quantile of the training pictures' features
LEFT_OUT = 0.035  # share of each label's held-out pictures that are called unknown, though they are not
MOST = 2000  # training pictures that are kept to compare with
FEW = 20  # held-out pictures below which nothing can be said
ENOUGH = 60  # held-out pictures of a label whose own quantile is believed; with fewer, partly the shape of all labels
PRIOR = 3  # how many pictures the spread of all labels counts for, beside a label's own
COPY = 0.98  # cosine above which a training picture counts as a copy, which says nothing of new pictures
MARGIN = 1e-3  # of the threshold: what 16-bit floats and other runtimes may differ by
UNSURE = 2  # held-out pictures of a label for which half of its allowance is given: of two, little can be told
COMMON = 0.2  # share of the difference between labels of ENOUGH pictures that is allowed for: more lets in strangers
BLOCK = 1024


@dataclass(frozen=True)
class OODDetector:
    """What a picture is compared with.

    Attributes:
        bank: cut and normalised features of training pictures, float16 (n, D).
        cut: no feature counts for more than this.
        threshold: a similarity below this is "none of these".
        rows: which of the training pictures are in the bank, int (n,), in its order; one that is alone there for its
            label comes twice.
        allowance: what is added to the cosine with each picture of the bank, at most 0, float32 (n,).
    """

    bank: np.ndarray
    cut: float
    threshold: float
    rows: np.ndarray
    allowance: np.ndarray

    def similarity(self, features: np.ndarray) -> np.ndarray:
        """How like training pictures these are, float (N,), at most 1, of features (N, D)."""
        unit, bank = _unit(features, self.cut), self.bank.astype(np.float32)
        blocks = [unit[start : start + BLOCK] @ bank.T + self.allowance for start in range(0, len(unit), BLOCK)]
        return np.concatenate([np.zeros(0, np.float32), *(_nearest(block).mean(axis=1) for block in blocks)])


def fit_ood_detector(
    train: np.ndarray, valid: np.ndarray, targets: tuple[np.ndarray, np.ndarray] | None = None
) -> OODDetector | None:
    """What to compare with, and the threshold. A training picture is held out by comparing it with all the others.

    Args:
        train: features of training pictures, float (n, D).
        valid: those of validation pictures, float (m, D).
        targets: the labels of both, int (n,) and (m,); None for one label.

    Returns:
        None where there are too few pictures to say.
    """
    if len(train) <= NEAREST or len(train) + len(valid) < FEW:
        return None
    of_train, of_valid = targets or (np.zeros(len(train), int), np.zeros(len(valid), int))
    cut = float(np.quantile(train, CUT))
    rows, checked = _some_of_each(of_train), _some_of_each(of_valid)
    rows = np.concatenate([rows, _again(rows, of_train)])
    bank = _unit(train[rows], cut).astype(np.float16)
    wide, labels = bank.astype(np.float32), of_train[rows]
    names = np.unique(labels)
    tops = np.concatenate(
        [_tops(wide, wide, labels, names, True), _tops(_unit(valid[checked], cut), wide, labels, names)]
    )
    given = np.concatenate([labels, of_valid[checked]])
    of = np.where(np.isin(given, names), np.searchsorted(names, given), len(names))
    if np.isfinite(_nearest(tops.reshape(len(tops), -1)).mean(axis=1)).sum() < FEW:
        return None
    allowances, threshold = _allowances(tops, of)
    return OODDetector(
        bank, cut, threshold - MARGIN, rows, allowances[np.searchsorted(names, labels)].astype(np.float32)
    )


def _some_of_each(targets: np.ndarray) -> np.ndarray:
    """At most MOST rows, in order where that is all of them, and else as many of each label as there is room for."""
    if len(targets) <= MOST:
        return np.arange(len(targets))
    mixed = np.random.default_rng(0).permutation(len(targets))
    nth = np.zeros(len(targets), int)  # which of its label each is
    for label in np.unique(targets):
        mine = targets[mixed] == label
        nth[mine] = np.arange(mine.sum())
    return mixed[np.argsort(nth, kind="stable")[:MOST]]


def _again(rows: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """The rows that stand alone for their label, once more: else half of what is like them is another label's."""
    names, first, n_each = np.unique(targets[rows], return_index=True, return_counts=True)
    return np.repeat(rows[first], np.maximum(NEAREST - n_each, 0))


def _unit(features: np.ndarray, cut: float) -> np.ndarray:
    clipped = np.minimum(features, cut)
    unit: np.ndarray = clipped / np.maximum(np.linalg.norm(clipped, axis=1, keepdims=True), 1e-12)
    return unit


def _nearest(cosines: np.ndarray) -> np.ndarray:
    """The highest of each row, (n, NEAREST)."""
    return np.partition(cosines, -NEAREST, axis=1)[:, -NEAREST:]


def _tops(
    unit: np.ndarray, bank: np.ndarray, labels: np.ndarray, names: np.ndarray, itself: bool = False
) -> np.ndarray:
    """The highest cosines of each row with the bank's pictures of each label, float32 (n, C, NEAREST).

    -inf where a label has fewer. With `itself` the rows are the bank's own: neither they nor their copies count.
    """
    result = np.full((len(unit), len(names), NEAREST), -np.inf, np.float32)
    columns = [np.flatnonzero(labels == name) for name in names]
    for start in range(0, len(unit), BLOCK):
        cosines = unit[start : start + BLOCK] @ bank.T
        if itself:
            rows = np.arange(len(cosines))
            cosines[rows, rows + start] = -np.inf
            cosines[cosines > COPY] = -np.inf
        for n, mine in enumerate(columns):
            best = _nearest(cosines[:, mine]) if len(mine) > NEAREST else cosines[:, mine]
            result[start : start + BLOCK, n, : best.shape[1]] = best
    return result


def _allowances(tops: np.ndarray, of: np.ndarray) -> tuple[np.ndarray, float]:
    """What to add to the cosines with each label's pictures, at most 0, float (C,), and the threshold for all.

    Args:
        tops: the highest cosines of N held-out pictures with those of each label, (N, C, NEAREST).
        of: the label of each, int (N,); C for one that no training picture has.
    """
    own = np.full(len(tops), np.nan)
    trained = of < tops.shape[1]
    own[trained] = _mean_there(tops[np.flatnonzero(trained), of[trained]])
    by_label = [own[(of == label) & np.isfinite(own)] for label in range(tops.shape[1])]
    lows, n_each = _lows(by_label), np.array([len(values) for values in by_label])
    usual = np.average(lows, weights=n_each) if n_each.any() else 0.0
    allowances = (1 - (1 - COMMON) * np.minimum(1, n_each / ENOUGH)) * (usual - lows)
    allowances *= np.where(allowances > 0, n_each / (n_each + UNSURE), 1)  # or strangers come in by a few odd pictures
    allowances -= allowances.max()
    alike = _nearest((tops + allowances[:, None]).reshape(len(tops), -1)).mean(axis=1)
    told = np.isfinite(own)  # a held-out picture that is its label's only one says nothing of new ones
    told = told if told.sum() >= FEW else np.isfinite(alike)
    return allowances, float(np.quantile(alike[told], LEFT_OUT))


def _mean_there(cosines: np.ndarray) -> np.ndarray:
    """The mean of those of each row that are there, NaN where none is."""
    there = np.isfinite(cosines)
    n = there.sum(axis=1)
    total = np.where(there, cosines, 0).sum(axis=1)
    return np.where(n > 0, total / np.maximum(n, 1), np.nan)


def _lows(alike: list[np.ndarray]) -> np.ndarray:
    """What all but LEFT_OUT of each label's pictures reach, float (C,); of a label without any, what the loosest does.

    Of few pictures that cannot be read off: it is taken from their median and from how far the lower half lies below
    it on average, mixed with how far that is for other labels, as if what lies lower were ever rarer (exponential).
    """
    told = {label: values for label, values in enumerate(alike) if len(values)}
    excess = {label: np.median(values) - values[values < np.median(values)] for label, values in told.items()}
    usual = float(np.mean([below.mean() for below in excess.values() if len(below)] or [0.0]))
    result = np.full(len(alike), np.nan)
    for label, below in excess.items():
        values, n = told[label], len(told[label])
        spread = (below.sum() + PRIOR * usual) / (len(below) + PRIOR)
        guess = np.median(values) - spread * np.log(0.5 / LEFT_OUT)
        own = min(1.0, n / ENOUGH)
        result[label] = own * np.quantile(values, LEFT_OUT) + (1 - own) * guess
    loosest = np.nanmin(result) if told else 0.0
    return np.where(np.isnan(result), loosest, result)
