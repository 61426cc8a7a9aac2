"""Sets of images that a figure counts: those of a label, a cell of the confusion matrix, conflicts, deleted images.

Each function returns the images of one kind of set (`SET_KINDS`), in an order that a person can follow.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from bearkit import runs
from bearkit.errors import ReviewError
from bearkit.evaluation.losses import losses
from bearkit.labelling.review_candidate import Candidate, label_reason
from bearkit.labelling.review_rankers import LazyCandidate, RankContext, as_candidate, lazy


def _any(context: RankContext) -> list[LazyCandidate]:
    """All images, in the order of the labels that they were imported with: a decision changes no place."""
    snapshot = context.snapshot

    def candidate(row: int) -> Candidate:
        return as_candidate(snapshot, row, "any", f"label `{snapshot.labels[row]}`" if snapshot.labels[row] else "")

    return lazy(candidate, np.flatnonzero(context.wanted))


def _mistakes(context: RankContext) -> list[LazyCandidate]:
    """Images that a run's model predicts wrongly under their present labels, the highest loss first.

    With a given and a predicted label these are the images of that cell of the confusion matrix.

    Raises:
        RunError: there is no such finished run.
        ReviewError: the run's model does not know the predicted label.
    """
    snapshot, view = context.snapshot, context.view
    run = runs.find_finished(context.index.project, view.run or snapshot.run)
    predictions = run.predictions()
    if view.predicted is not None and view.predicted not in predictions.vocab:
        known = ", ".join(map(str, predictions.vocab))
        raise ReviewError(f"the model of run {run.id} has no label `{view.predicted}`", hint=f"its labels: {known}")
    wanted = np.flatnonzero(context.wanted).tolist()
    labels = {snapshot.images[row].image_id: str(snapshot.labels[row]) for row in wanted}
    predictions = (predictions.only(view.split) if view.split else predictions).under(labels)
    probs, targets = predictions.probs, predictions.targets
    best = probs.argmax(axis=1) if len(targets) else targets
    chosen = best != targets
    if view.predicted is not None:
        is_predicted = predictions.vocab[best] == view.predicted
        chosen = is_predicted if view.label is not None else is_predicted & chosen
    loss = losses(probs, targets)

    def candidate(place: int) -> Candidate:
        row = snapshot.row_of[str(predictions.image_ids[place])]
        predicted, probability = str(predictions.vocab[best[place]]), float(probs[place, best[place]])
        return replace(
            as_candidate(snapshot, row, "mistake", label_reason(str(snapshot.labels[row]), predicted, probability)),
            split=str(predictions.splits[place]) or None,
            predicted=predicted,
            probability=probability,
            loss=float(loss[place]),
        )

    places = np.flatnonzero(chosen)
    return lazy(candidate, places[np.argsort(-loss[places], kind="stable")])


def _conflicts(context: RankContext) -> list[LazyCandidate]:
    """Images that were imported with several labels or in several splits."""
    snapshot = context.snapshot
    reasons = {
        snapshot.row_of[row["image_id"]]: f"imported as {', '.join([*row['labels'], *row['splits']])}"
        for row in context.index.catalog.conflicts()
        if row["image_id"] in snapshot.row_of
    }
    rows = sorted(row for row in reasons if context.wanted[row])
    return lazy(lambda row: as_candidate(snapshot, row, "conflict", reasons[row]), rows)


def _deleted(context: RankContext) -> list[LazyCandidate]:
    """Deleted images, the last one first."""
    snapshot, latest = context.snapshot, context.snapshot.history.latest
    decision = {int(row): latest[snapshot.images[row].image_id] for row in np.flatnonzero(context.wanted)}
    rows = sorted(decision, key=lambda row: -decision[row].id)
    return lazy(lambda row: as_candidate(snapshot, row, "deleted", f"deleted by {decision[row].reviewer}"), rows)


SETS: dict[str, Callable[[RankContext], list[LazyCandidate]]] = {
    "any": _any,
    "mistake": _mistakes,
    "conflict": _conflicts,
    "deleted": _deleted,
}
