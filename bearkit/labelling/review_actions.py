"""What a reviewer can do: decide about images, rename labels, handle near-duplicates. Used by commands and browser."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from bearkit.catalog.catalog import Catalog
from bearkit.catalog.decision_types import DecisionRequest
from bearkit.catalog.decisions import RENAMED, DecisionLog, labels_of
from bearkit.catalog.label_set import rename_in_set
from bearkit.catalog.labels import clean_label, describe_look_alikes, visible_label
from bearkit.catalog.labels import valid_label as stored_label
from bearkit.catalog.schema import Decision
from bearkit.core.project import Project
from bearkit.core.text import count
from bearkit.errors import ReviewError
from bearkit.labelling.decisions_csv import parse_decision, read_decisions
from bearkit.labelling.image_finder import ImageFinder
from bearkit.labelling.review_queue import ReviewQueue
from bearkit.labelling.review_rankers import SPLIT_PRIORITY
from bearkit.sources.label_notes import tidying_notes


def decide_one(project: Project, image: str, action: str, reviewer: str, kind: str | None = None) -> dict[str, Any]:
    """Store one decision.

    Args:
        project: whose image.
        image: its id, the beginning of its id, or its path.
        action: `keep`, `delete`, `unlabel` or `relabel:LABEL`.
        reviewer: who decides.
        kind: the kind of candidate that the image was shown as.

    Returns:
        See `store_decisions`.

    Raises:
        ReviewError: no image, or several, match `image`.
        ReviewError: the action is unknown, or its label is not allowed.
    """
    catalog = Catalog(project)
    image_id = _find(catalog, image)
    request = parse_decision(image_id, action)
    if request.action == "beside":
        request = replace(request, to=_find(catalog, str(request.to)))
    return store_decisions(catalog, [request], reviewer, kind)


def _find(catalog: Catalog, name: str) -> str:
    """The id of the image with this name.

    Raises:
        ReviewError: no image matches, or several do.
    """
    image_id = ImageFinder(catalog)(name)
    if image_id is None:
        raise ReviewError(
            f"there is no picture `{name}`, or more than one",
            hint="give its id, at least six characters of it, or its path; `bearkit review next` lists them",
        )
    return image_id


def decide_file(project: Project, path: Path, reviewer: str) -> dict[str, Any]:
    """Store the decisions of a CSV file, all or none.

    Returns:
        See `store_decisions`.

    Raises:
        ReviewError: the file cannot be read, or lacks a column.
        ReviewError: it is not clear what a row asks for.
        ReviewError: no row is about an image of this project.
    """
    catalog = Catalog(project)
    file = read_decisions(catalog, path)
    if file.unmatched and not file.requests:
        raise ReviewError(
            f"no row of {path} is about a picture of this project; the first is `{file.unmatched[0]}`",
            hint="does the file belong to another project?",
        )
    result = store_decisions(catalog, file.requests, reviewer)
    return result | {"unmatched": file.unmatched, "absent": file.absent}


def store_decisions(
    catalog: Catalog, requests: Sequence[DecisionRequest], reviewer: str, kind: str | None = None
) -> dict[str, Any]:
    """Store decisions as one step.

    Returns:
        "stored": the rows; "new_labels": labels that were not in use before; "notes": sentences about likely mistakes;
        "unmatched" and "absent": of a file, here empty.

    Raises:
        ReviewError: there is no such image, or a decision is not valid.
    """
    log = DecisionLog(catalog)
    with catalog.connection(write=True):  # nobody else decides between the two reads
        before = log.images()
        rows = log.decide(requests, reviewer, kind)
    known = labels_of(before)
    new = sorted(given_labels(rows) - {*known})
    notes = label_notes(requests, new, known) + _restored(rows, {image.image_id for image in before})
    return {"stored": [asdict(row) for row in rows], "new_labels": new, "notes": notes, "unmatched": [], "absent": 0}


def _restored(rows: Iterable[Decision], present: Collection[str]) -> list[str]:
    """A sentence about images that were deleted before these decisions and no longer are."""
    restored = {row.image_id for row in rows if row.action not in ("delete", "beside")} - {*present}
    return [f"{count(len(restored), 'picture')} that had been deleted came back"] if restored else []


def given_labels(rows: Iterable[Decision]) -> set[str]:
    """Return the labels that these decisions give to images."""
    return {row.to_label for row in rows if row.to_label and row.action != "beside"}


def label_notes(requests: Iterable[DecisionRequest], new: Collection[str], known: Collection[str]) -> list[str]:
    """Return sentences about labels that people typed: those that were cleaned, and new ones that look like another.

    Args:
        requests: the decisions.
        new: labels that were not in use before.
        known: labels that were.
    """
    written = (one.written or one.to or "" for one in requests if one.action in ("relabel", "label"))
    return tidying_notes(written) + describe_look_alikes(new, known)


def merge_labels(project: Project, old: Sequence[str], new: str, reviewer: str) -> dict[str, Any]:
    """Give one label to all images of some labels, as one step. It does not count as a review of those images.

    Args:
        project: whose images.
        old: the labels to replace.
        new: the label to give; it may be in use already, which merges the labels.
        reviewer: who decides.

    Returns:
        What `store_decisions` returns, with the new rows in "stored"; and "label": the label as it is stored.

    Raises:
        ReviewError: the new label is empty or not allowed.
        ReviewError: no image has one of the old labels.
    """
    if not new.strip():
        raise ReviewError("the new label is empty", hint="type a name, or choose a label to merge them into")
    catalog, label = Catalog(project), stored_label(new, ReviewError)
    replaced = {*old, *map(clean_label, old)} - {"", label}
    with catalog.connection(write=True):  # nobody else relabels one of them in between
        images = DecisionLog(catalog).images()
        ids = [image.image_id for image in images if image.label in replaced]
        if not ids:
            raise ReviewError("no picture would change", hint="choose the labels to rename, and another name")
        for one in sorted(replaced):
            rename_in_set(catalog, one, label)
        requests = [DecisionRequest(image_id, "relabel", label, written=new) for image_id in ids]
        result = store_decisions(catalog, requests, reviewer, RENAMED)
    unused = [one for one in old if not {one, clean_label(one)} & {*labels_of(images)}]
    result["notes"] += [f"no picture had the label `{visible_label(one)}`" for one in unused]
    return {"label": label, **result}


def take_labels_away(project: Project, labels: Sequence[str], reviewer: str) -> int:
    """Remove the label of all images of some labels, as one step. It does not count as a review of those images.

    Returns:
        The number of images that changed.

    Raises:
        ReviewError: no image has one of these labels.
    """
    return take_labels_off(Catalog(project), labels, reviewer)


def take_labels_off(catalog: Catalog, labels: Sequence[str], reviewer: str) -> int:
    """Do what `take_labels_away` does, also inside a transaction of this catalogue."""
    log = DecisionLog(catalog)
    with catalog.connection(write=True):
        ids = [image.image_id for image in log.images() if image.label and image.label in labels]
        if not ids:
            raise ReviewError("no picture has these labels", hint="choose the labels to take away")
        return len(log.decide([DecisionRequest(image_id, "unlabel") for image_id in ids], reviewer, kind=RENAMED))


def find_duplicates(queue: ReviewQueue, mend: bool, reviewer: str) -> dict[str, Any]:
    """Find groups of near-duplicates, and put the images of a group into one split if asked to.

    Args:
        queue: of the project.
        mend: move each image into the split of the one with the highest priority in its group (test, then valid), so
            that no model trains on a near-duplicate of a validation image.
        reviewer: who decides.

    Returns:
        "groups": lists of image ids; "across_splits": the number of groups in several splits; "mended": the number of
        images moved to another split.
    """
    groups, split = queue.duplicates()
    across = [group for group in groups if len({split[one] for one in group if split[one]}) > 1]
    requests = []
    for group in across if mend else []:
        best = max(group, key=lambda one: SPLIT_PRIORITY.get(split[one], 0))
        requests += [DecisionRequest(one, "beside", best) for one in group if split[one] not in ("", split[best])]
    if requests:
        queue.index.decision_log.decide(requests, reviewer, kind="duplicate")
    return {"groups": groups, "across_splits": len(across), "mended": len(requests)}
