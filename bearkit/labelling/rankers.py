"""Suspects of each kind, in order. A finder gets the pictures that are wanted, and words only what is shown."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from bearkit import runs
from bearkit.evaluation import near_duplicates as duplicates
from bearkit.evaluation import outliers
from bearkit.evaluation.label_issues import rank_label_issues
from bearkit.evaluation.losses import losses
from bearkit.labelling.candidate import Candidate, duplicate_reason, label_reason, percent
from bearkit.labelling.snapshot import ReviewIndex, Snapshot

RANK = {"": 0, "train": 1, "valid": 2, "test": 3}  # of splits: what was set aside stays there
Later = Callable[[], Candidate]  # a suspect that is worded when it is shown


@dataclass(frozen=True)
class RankContext:
    """What to find suspects among.

    Attributes:
        material: what was worked out.
        state: where things stand.
        wanted: the pictures to choose from, bool (N,).
        order: of wrong labels: `out-of-fold`, or `loss` for the fitted model's.
    """

    material: ReviewIndex
    state: Snapshot
    wanted: np.ndarray
    order: str = "out-of-fold"


def wrong_labels(asked: RankContext) -> list[Later]:
    """By the loss of a head that has not seen the picture; or of the fitted model, as the lecture's widget does it."""
    state, by_model = asked.state, asked.order == "loss"
    probs, said_of = _model_probs(asked) if by_model else (state.judged, state.present)
    rows = np.flatnonzero(asked.wanted & said_of & (state.targets >= 0))
    rows = rows[rank_label_issues(probs[rows], state.targets[rows])]

    def word(row: int) -> Candidate:
        said = int(probs[row].argmax())
        reason = label_reason(str(state.labels[row]), state.vocab[said], float(probs[row, said]))
        return _suspect(state, row, "label", reason, probs)

    return _later(word, rows)


def near_duplicates(asked: RankContext) -> list[Later]:
    """Of each group of copies all but the best: with a label, then set aside, then the largest."""
    state = asked.state
    twins: dict[int, int] = {}
    for group in copies(asked.material, state):
        best = max(
            group, key=lambda row: (state.targets[row] >= 0, RANK[str(state.splits[row])], _pixels(state, row), -row)
        )
        twins |= {row: best for row in group if row != best and asked.wanted[row]}

    def same(values: np.ndarray, row: int) -> bool:
        return bool(values[row] == values[twins[row]])

    def word(row: int) -> Candidate:
        best = twins[row]
        label = str(state.labels[best]) if not same(state.labels, row) else None
        splits = None if same(state.splits, row) else (str(state.splits[row]), str(state.splits[best]))
        reason = duplicate_reason(state.images[best].path, label, splits)
        return replace(_suspect(state, row, "duplicate", reason), twin=state.images[best].image_id)

    return _later(word, sorted(twins, key=lambda row: (same(state.labels, row), same(state.splits, row), row)))


def copies(material: ReviewIndex, state: Snapshot) -> list[list[int]]:
    """Groups of near-duplicates among the present pictures, as rows."""
    pairs = material.look().pairs
    rows = state.rows_of([one for pair in pairs for one in pair]).reshape(-1, 2)
    rows = rows[(rows >= 0).all(axis=1)]
    return duplicates.groups(rows[state.present[rows].all(axis=1)], len(state.images))


def strangers(asked: RankContext) -> list[Later]:
    """Pictures that are like nothing else under their label, the strangest first."""
    state, seen = asked.state, np.flatnonzero(asked.state.seen)
    far = np.zeros(len(state.images))
    far[seen] = outliers.outlier_scores(state.features[seen], state.targets[seen])
    rows = np.flatnonzero(asked.wanted & (far > outliers.FAR))

    def word(row: int) -> Candidate:
        return _suspect(state, row, "outlier", f"like nothing else in `{state.labels[row]}`")

    return _later(word, rows[np.argsort(-far[rows], kind="stable")])


def poor(asked: RankContext) -> list[Later]:
    """Blurred, dark, tiny pictures and the like, those of one problem together."""
    state = asked.state
    found = asked.material.look().problems
    problems = {state.row_of[image_id]: what for image_id, what in found.items() if image_id in state.row_of}
    rows = sorted((row for row in problems if asked.wanted[row]), key=lambda row: (problems[row], row))
    return _later(lambda row: _suspect(state, row, "quality", problems[row]), rows)


def unlabelled(asked: RankContext) -> list[Later]:
    """Pictures without a label: those of one predicted label first, the surest first; then those of the next.

    With fewer than two labels nothing can be predicted: then they come as they are.
    """
    state = asked.state
    rows = np.flatnonzero(asked.wanted & (state.targets < 0))
    if state.probs is None:
        return _later(lambda row: _suspect(state, row, "unlabelled", "no prediction yet"), rows)
    probs = state.probs
    said, sure = probs[rows].argmax(axis=1), probs[rows].max(axis=1)

    def word(row: int) -> Candidate:
        best = int(probs[row].argmax())
        return _suspect(state, row, "unlabelled", f"predicted `{state.vocab[best]}` {percent(float(probs[row, best]))}")

    return _later(word, rows[np.lexsort((-sure, said))])


FINDERS: dict[str, Callable[[RankContext], list[Later]]] = {
    "label": wrong_labels,
    "duplicate": near_duplicates,
    "outlier": strangers,
    "quality": poor,
    "unlabelled": unlabelled,
}


def _later(word: Callable[[int], Candidate], rows: np.ndarray | list[int]) -> list[Later]:
    return [lambda row=int(row): word(row) for row in rows]  # type: ignore[misc]


def _suspect(state: Snapshot, row: int, kind: str, reason: str, probs: np.ndarray | None = None) -> Candidate:
    image, target = state.images[row], state.targets[row : row + 1]
    split, given = str(state.splits[row]) or None, str(state.labels[row]) or None
    probs = state.probs if probs is None else probs
    if probs is None:
        return Candidate(image.image_id, image.path, split, given, None, None, None, kind, reason)
    said = probs[row : row + 1]
    best = int(said[0].argmax())
    loss = float(losses(said, target)[0]) if target[0] >= 0 else None
    sure = float(said[0, best])
    return Candidate(image.image_id, image.path, split, given, state.vocab[best], sure, loss, kind, reason)


def _pixels(state: Snapshot, row: int) -> int:
    return state.images[row].width * state.images[row].height


def _model_probs(asked: RankContext) -> tuple[np.ndarray, np.ndarray]:
    """What the newest finished run's model says, float32 (N, C), and of which pictures it says something, bool (N,)."""
    state, said = asked.state, runs.finished(asked.material.project).predictions()
    rows = state.rows_of([str(image_id) for image_id in said.image_ids])
    here = rows >= 0
    probs = np.zeros_like(state.judged)
    for column, label in enumerate(said.vocab.tolist()):
        if label in state.vocab:
            probs[rows[here], state.vocab.index(label)] = said.probs[here, column]
    known = np.zeros(len(state.images), dtype=bool)
    known[rows[here]] = True
    return probs, known
