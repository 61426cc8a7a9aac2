"""What a person can do while labelling: name images, have the proposals audited, accept them for the rest."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bearkit.catalog.catalog import Catalog
from bearkit.catalog.decision_types import ACCEPTED, DecisionContext, DecisionRequest
from bearkit.catalog.decisions import DecisionLog
from bearkit.catalog.label_set import add_label, label_set, remove_from_set, rename_in_set
from bearkit.catalog.labels import valid_label
from bearkit.core import text_table
from bearkit.core.project import Project
from bearkit.datasets.seed import project_seed
from bearkit.errors import ImportSourceError, ReviewError
from bearkit.labelling.audit import RestEstimate, draw_audit, estimate_rest, read_audit
from bearkit.labelling.image_finder import ImageFinder
from bearkit.labelling.label_orders import LabelState
from bearkit.labelling.label_queue import LabelQueue
from bearkit.labelling.review_actions import merge_labels, take_labels_off
from bearkit.labelling.snapshot import Snapshot

MODEL = "model"  # the reviewer of decisions that nobody made
NAME_COLUMNS = ("image_id", "path")
NEEDS_LABELS = "label some images of at least two labels first: `bearkit label next`, or the Label tab of the studio"


def label_request(image_id: str, label: str) -> DecisionRequest:
    """Return the decision that gives an image a label; with no label, the image is left for later."""
    return DecisionRequest(image_id, "label", label, written=label) if label else DecisionRequest(image_id, "keep")


def label_images(
    project: Project, labels: dict[str, str], reviewer: str, context: DecisionContext | None = None
) -> dict[str, Any]:
    """Give images their labels, as one step.

    Args:
        project: whose images.
        labels: the label by image id; "" leaves an image for later.
        reviewer: who decides.
        context: see `DecisionLog.decide`.

    Returns:
        "stored": the number of decisions; "step": the step that `bearkit review undo` reverts.

    Raises:
        ReviewError: there is no such image, or a text cannot be a label.
    """
    requests = [label_request(image_id, label) for image_id, label in labels.items()]
    rows = DecisionLog(Catalog(project)).decide(requests, reviewer, context=context or DecisionContext(kind="label"))
    return {"stored": len(rows), "step": rows[0].step if rows else None}


def label_one(project: Project, image: str, label: str, reviewer: str) -> dict[str, Any]:
    """Give one image a label. See `label_images`.

    Args:
        project: whose image.
        image: its id, the beginning of its id, or its path.
        label: as a person typed it.
        reviewer: who decides.
    """
    image_id = ImageFinder(Catalog(project))(image)
    if image_id is None:
        raise ReviewError(
            f"there is no image `{image}`, or more than one",
            hint="give its id, at least six characters of it, or its path; `bearkit label next` lists them",
        )
    return label_images(project, {image_id: label}, reviewer)


def label_from_table(project: Project, path: Path, reviewer: str) -> dict[str, Any]:
    """Give images the labels of a CSV file, all or none. See `label_images`.

    Args:
        project: whose images.
        path: with the columns `image_id` or `path`, and `label`; an empty label leaves the image for later. Labels are
            taken as they are written, `None` and `007` included.
        reviewer: who decides.

    Returns:
        See `label_images`; and "unmatched": names in the file that are no image of the project.

    Raises:
        ReviewError: the file cannot be read, or lacks a column.
        ReviewError: two rows give an image different labels.
        ReviewError: no row is about an image of the project.
    """
    try:
        table = text_table.read_table(path)
    except ImportSourceError as error:
        raise ReviewError(str(error), hint=error.hint) from error
    name_column = table.first(NAME_COLUMNS)
    if name_column is None or "label" not in table.columns:
        columns = ", ".join(table.columns) or "(none)"
        raise ReviewError(f"{path} has the columns {columns}", hint="columns `image_id` or `path`, and `label`")
    find, labels, unmatched = ImageFinder(Catalog(project)), dict[str, str](), []
    for row in table.rows:
        name, label = row.cells[name_column], row.cells["label"]
        image_id = find(name)
        if image_id is None:
            unmatched.append(name)
        elif labels.setdefault(image_id, label) != label:
            raise ReviewError(
                f"line {row.line} of {path} gives `{name}` the label `{label}`, another line `{labels[image_id]}`",
                hint="keep one line for each image",
            )
    if unmatched and not labels:
        raise ReviewError(
            f"no row of {path} is about an image of this project; the first is `{unmatched[0]}`",
            hint="does the file belong to another project?",
        )
    return {**label_images(project, labels, reviewer), "unmatched": unmatched}


def rename_label(project: Project, old: str, new: str, reviewer: str) -> None:
    """Rename a label, also on all its images, as one step.

    Raises:
        ReviewError: there is no label `old`, or there is one with the new name already.
    """
    catalog = Catalog(project)
    counts = {row["label"]: row["images"] for row in label_set(catalog)}
    if old not in counts:
        raise ReviewError(f"there is no label `{old}`", hint="`bearkit labels` lists them")
    if valid_label(new, ReviewError) in counts:
        raise ReviewError(
            f"there is a label `{new}` already", hint=f"to merge them: bearkit labels merge {old} --to {new}"
        )
    if counts[old]:
        merge_labels(project, [old], new, reviewer)
    else:
        with catalog.connection(write=True):
            rename_in_set(catalog, old, valid_label(new, ReviewError))
            add_label(catalog, new)


def remove_label(project: Project, label: str, reviewer: str) -> int:
    """Take a label away from all its images, as one step, and out of the set of labels.

    Args:
        project: whose label.
        label: the label.
        reviewer: who decides.

    Returns:
        The number of images that had it.

    Raises:
        ReviewError: there is no such label.
    """
    catalog = Catalog(project)
    with catalog.connection(write=True):
        counts = {row["label"]: row["images"] for row in label_set(catalog)}
        if label not in counts:
            raise ReviewError(f"there is no label `{label}`", hint="`bearkit labels` lists them")
        remove_from_set(catalog, label)
        return take_labels_off(catalog, [label], reviewer) if counts[label] else 0


def audit_proposals(queue: LabelQueue, n: int, new: bool = False) -> dict[str, Any]:
    """Go on with the project's audit, or draw one.

    Args:
        queue: of the project.
        n: images of a new audit.
        new: draw a new audit although there is one.

    Returns:
        "images": those that are to be labelled, without proposals; "estimate": for all images without a label, None
        while fewer than two labels exist.
    """
    catalog, snapshot = queue.index.catalog, queue.index.snapshot()
    known = read_audit(catalog)
    if new or not known.sample or len(snapshot.images) > known.n_images:
        known = draw_audit(catalog, snapshot, n, project_seed(catalog))
    rows = snapshot.rows_of(known.pending(snapshot)).tolist()
    images = [{"image_id": snapshot.images[row].image_id, "path": snapshot.images[row].path} for row in rows]
    estimate = estimate_for_rest(queue)
    return {"images": images, "estimate": estimate.as_dict() if estimate else None}


def estimate_for_rest(queue: LabelQueue, min_probability: float = 0.0) -> RestEstimate | None:
    """Estimate how many proposals for the images without a label are wrong. See `estimate_proposals`."""
    snapshot = queue.index.snapshot()
    return estimate_proposals(queue, snapshot, queue.state(snapshot), min_probability)


def estimate_proposals(
    queue: LabelQueue, snapshot: Snapshot, state: LabelState, min_probability: float = 0.0
) -> RestEstimate | None:
    """Estimate how many proposals of a state are wrong; None with fewer than two labels.

    Args:
        queue: of the project.
        snapshot: of the moment that the estimate is for.
        state: of the same moment.
        min_probability: only images whose proposal is at least as probable.
    """
    if state.probs is None:
        return None
    return estimate_rest(read_audit(queue.index.catalog), snapshot, state, state.probs.max(axis=1) >= min_probability)


def acceptable_rows(snapshot: Snapshot, state: LabelState, min_probability: float) -> list[int]:
    """Return the rows of the images without a label whose proposal is at least as probable; none without proposals."""
    if state.probs is None:
        return []
    sure: np.ndarray = state.probs.max(axis=1) >= min_probability
    return np.flatnonzero(snapshot.unlabelled & sure).tolist()


def accept_proposals(queue: LabelQueue, min_probability: float = 0.0) -> dict[str, Any]:
    """Give the images without a label the label that is proposed, as one step by the reviewer `model`.

    These images are never used for validation, and the review shows them like any other.

    Args:
        queue: of the project.
        min_probability: leave out images whose proposal is less probable.

    Returns:
        "accepted": the number of images; "expected_error": the share of wrong labels among them; "interval": its 95 %
        interval; "audited" and "note": what the estimate rests on.

    Raises:
        ReviewError: fewer than two labels exist, or no image is left.
    """
    snapshot = queue.index.snapshot()
    state = queue.state(snapshot)
    estimate = estimate_proposals(queue, snapshot, state, min_probability)
    if state.probs is None or estimate is None:
        raise ReviewError("nothing can be proposed yet", hint=NEEDS_LABELS)
    rows = acceptable_rows(snapshot, state, min_probability)
    if not rows:
        raise ReviewError("there is no image to accept a proposal for", hint="`bearkit label next` shows what is left")
    requests = [
        DecisionRequest(snapshot.images[row].image_id, "label", snapshot.vocab[int(state.probs[row].argmax())])
        for row in rows
    ]
    stored = _accept(queue, requests, snapshot.history.newest_id)
    return {
        "accepted": stored,
        "expected_error": estimate.expected_error,
        "interval": list(estimate.interval),
        "audited": estimate.audited,
        "note": estimate.note,
    }


def _accept(queue: LabelQueue, requests: Sequence[DecisionRequest], since: int) -> int:
    """Store the model's labels; what people decided after `since` stands."""
    context = DecisionContext(kind=ACCEPTED, unless_since=since)
    return len(queue.index.decision_log.decide(requests, MODEL, context=context))
