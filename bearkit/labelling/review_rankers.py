"""Rankers: find the candidates of each kind and order them. A candidate's text is made only when it is shown."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from bearkit import runs
from bearkit.core.text import whole_percent
from bearkit.evaluation import near_duplicates, outliers
from bearkit.evaluation.label_issues import rank_label_issues
from bearkit.evaluation.losses import losses
from bearkit.labelling.image_index import ImageIndex
from bearkit.labelling.review_candidate import Candidate, duplicate_reason, label_reason
from bearkit.labelling.review_view import View
from bearkit.labelling.snapshot import Snapshot

SPLIT_PRIORITY = {"": 0, "train": 1, "valid": 2, "test": 3}  # of near-duplicates, the one with the highest stays
LazyCandidate = Callable[[], Candidate]


@dataclass(frozen=True)
class RankContext:
    """What a ranker works on.

    Attributes:
        index: computes near-duplicates and image quality.
        snapshot: the images, labels and predictions.
        wanted: the images to choose from, bool (N,).
        view: what was asked for.
        blind: ids of the images of an audit that wait for an answer: people label them without seeing a proposal.
    """

    index: ImageIndex
    snapshot: Snapshot
    wanted: np.ndarray
    view: View
    blind: frozenset[str]


def _label_errors(context: RankContext) -> list[LazyCandidate]:
    """Labelled images, the highest out-of-fold loss first; with `loss`, the fitted model's, as in the fastai course."""
    snapshot = context.snapshot
    if context.view.order == "loss":
        probs, predicted = _model_probs(context)
    else:
        probs, predicted = snapshot.oof_probs, snapshot.present
    rows = np.flatnonzero(context.wanted & predicted & (snapshot.targets >= 0))
    rows = rows[rank_label_issues(probs[rows], snapshot.targets[rows])]

    def candidate(row: int) -> Candidate:
        best = int(probs[row].argmax())
        reason = label_reason(str(snapshot.labels[row]), snapshot.vocab[best], float(probs[row, best]))
        return as_candidate(snapshot, row, "label", reason, probs)

    return lazy(candidate, rows)


def _near_duplicates(context: RankContext) -> list[LazyCandidate]:
    """All images but the best of each group of near-duplicates.

    The best has a label, then the split with the highest priority, then the most pixels. Candidates whose label
    differs from the best come first, then those in another split.
    """
    snapshot = context.snapshot

    def quality(row: int) -> tuple[bool, int, int, int]:
        image = snapshot.images[row]
        priority = SPLIT_PRIORITY[str(snapshot.splits[row])]
        return bool(snapshot.targets[row] >= 0), priority, image.width * image.height, -row

    best_of: dict[int, int] = {}
    for group in duplicate_groups(context.index, snapshot):
        best = max(group, key=quality)
        best_of |= {row: best for row in group if row != best and context.wanted[row]}

    def is_same(values: np.ndarray, row: int) -> bool:
        return bool(values[row] == values[best_of[row]])

    def candidate(row: int) -> Candidate:
        best = best_of[row]
        label = str(snapshot.labels[best]) if not is_same(snapshot.labels, row) else None
        splits = None if is_same(snapshot.splits, row) else (str(snapshot.splits[row]), str(snapshot.splits[best]))
        reason = duplicate_reason(snapshot.images[best].path, label, splits)
        return replace(as_candidate(snapshot, row, "duplicate", reason), twin=snapshot.images[best].image_id)

    rows = sorted(best_of, key=lambda row: (is_same(snapshot.labels, row), is_same(snapshot.splits, row), row))
    return lazy(candidate, rows)


def duplicate_groups(index: ImageIndex, snapshot: Snapshot) -> list[list[int]]:
    """Return groups of near-duplicates among the images that are not deleted, as rows of the snapshot."""
    pairs = index.pixel_stats().pairs
    rows = snapshot.rows_of([image_id for pair in pairs for image_id in pair]).reshape(-1, 2)
    rows = rows[(rows >= 0).all(axis=1)]
    return near_duplicates.groups(rows[snapshot.present[rows].all(axis=1)], len(snapshot.images))


def _outliers(context: RankContext) -> list[LazyCandidate]:
    """Images unlike all others of their label, the highest outlier score first."""
    snapshot, labelled = context.snapshot, np.flatnonzero(context.snapshot.labelled)
    score = np.zeros(len(snapshot.images))
    score[labelled] = outliers.outlier_scores(snapshot.features[labelled], snapshot.targets[labelled])
    rows = np.flatnonzero(context.wanted & (score > outliers.FAR))

    def candidate(row: int) -> Candidate:
        return as_candidate(snapshot, row, "outlier", f"unlike the other pictures of `{snapshot.labels[row]}`")

    return lazy(candidate, rows[np.argsort(-score[rows], kind="stable")])


def _low_quality(context: RankContext) -> list[LazyCandidate]:
    """Blurred, dark or tiny images and the like, grouped by problem."""
    snapshot = context.snapshot
    by_id = context.index.pixel_stats().problems
    problems = {snapshot.row_of[image_id]: text for image_id, text in by_id.items() if image_id in snapshot.row_of}
    rows = sorted((row for row in problems if context.wanted[row]), key=lambda row: (problems[row], row))
    return lazy(lambda row: as_candidate(snapshot, row, "quality", problems[row]), rows)


def _unlabelled(context: RankContext) -> list[LazyCandidate]:
    """Images without a label, grouped by proposed label, the most probable first within each group; blind ones last.

    With fewer than two labels nothing can be proposed, and they come in the order of the snapshot.
    """
    snapshot = context.snapshot
    rows = np.flatnonzero(context.wanted & (snapshot.targets < 0))
    if snapshot.probs is None:
        return lazy(lambda row: as_candidate(snapshot, row, "unlabelled", "no proposal yet"), rows)
    probs = snapshot.probs
    best, highest, blind = probs[rows].argmax(axis=1), probs[rows].max(axis=1), snapshot.mask_of(context.blind)[rows]
    best[blind] = highest[blind] = 0  # their order says nothing either

    def candidate(row: int) -> Candidate:
        if snapshot.images[row].image_id in context.blind:
            return as_candidate(snapshot, row, "unlabelled", "drawn at random for the audit")
        label = int(probs[row].argmax())
        reason = f"proposed `{snapshot.vocab[label]}` {whole_percent(float(probs[row, label]))}"
        return as_candidate(snapshot, row, "unlabelled", reason)

    return lazy(candidate, rows[np.lexsort((-highest, best, blind))])


RANKERS: dict[str, Callable[[RankContext], list[LazyCandidate]]] = {
    "label": _label_errors,
    "duplicate": _near_duplicates,
    "outlier": _outliers,
    "quality": _low_quality,
    "unlabelled": _unlabelled,
}


def lazy(candidate: Callable[[int], Candidate], rows: np.ndarray | Sequence[int]) -> list[LazyCandidate]:
    """Describe each row only when it is shown."""
    return [lambda row=int(row): candidate(row) for row in rows]  # type: ignore[misc]


def as_candidate(snapshot: Snapshot, row: int, kind: str, reason: str, probs: np.ndarray | None = None) -> Candidate:
    """Describe one image. `probs`, float32 (N, C), are the out-of-fold ones if left out."""
    image, target = snapshot.images[row], snapshot.targets[row : row + 1]
    split, label = str(snapshot.splits[row]) or None, str(snapshot.labels[row]) or None
    probs = snapshot.probs if probs is None else probs
    if probs is None:
        return Candidate(image.image_id, image.path, split, label, None, None, None, kind, reason)
    own = probs[row : row + 1]
    best = int(own[0].argmax())
    loss = float(losses(own, target)[0]) if target[0] >= 0 else None
    probability = float(own[0, best])
    return Candidate(image.image_id, image.path, split, label, snapshot.vocab[best], probability, loss, kind, reason)


def _model_probs(context: RankContext) -> tuple[np.ndarray, np.ndarray]:
    """The predictions of the newest finished run's model, float32 (N, C), and which images have one, bool (N,)."""
    snapshot = context.snapshot
    predictions = runs.find_finished(context.index.project, snapshot.run).predictions()
    rows = snapshot.rows_of([str(image_id) for image_id in predictions.image_ids])
    known = rows >= 0
    probs = np.zeros_like(snapshot.oof_probs)
    for column, label in enumerate(predictions.vocab.tolist()):
        if label in snapshot.vocab:
            probs[rows[known], snapshot.vocab.index(label)] = predictions.probs[known, column]
    predicted = np.zeros(len(snapshot.images), dtype=bool)
    predicted[rows[known]] = True
    return probs, predicted
