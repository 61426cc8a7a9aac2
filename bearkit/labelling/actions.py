"""What people do in a review, the same for the command line and the browser."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from bearkit.catalog.catalog import Catalog
from bearkit.catalog.decision_types import DecisionRequest
from bearkit.catalog.decisions import RENAMED, DecisionLog, labels_of
from bearkit.catalog.labels import label_of, look_alikes, shown
from bearkit.catalog.labels import stored as stored_label
from bearkit.catalog.schema import Decision
from bearkit.core.project import Project
from bearkit.core.text import count
from bearkit.errors import ReviewError
from bearkit.labelling import decisions_csv
from bearkit.labelling.decisions_csv import Finder
from bearkit.labelling.queue import Queue
from bearkit.labelling.rankers import RANK
from bearkit.sources.label_notes import cleanings


def decide_one(project: Project, image: str, action: str, reviewer: str, kind: str | None = None) -> dict[str, Any]:
    """Store one decision: `keep`, `delete` or `relabel:LABEL` about a picture's id, the beginning of one, or its path.

    Raises:
        ReviewError: there is no such picture, or the action is none.
    """
    catalog = Catalog(project)
    image_id = _one(catalog, image)
    made = decisions_csv.choice(image_id, action)
    if made.action == "beside":
        made = replace(made, to=_one(catalog, str(made.to)))
    return stored(catalog, [made], reviewer, kind)


def _one(catalog: Catalog, image: str) -> str:
    """The id of the picture that a person calls so."""
    image_id = Finder(catalog)(image)
    if image_id is None:
        raise ReviewError(
            f"there is no picture `{image}`, or more than one",
            hint="its id, at least six characters of it, or its path; `bearkit review next` lists them",
        )
    return image_id


def decide_file(project: Project, path: Path, reviewer: str) -> dict[str, Any]:
    """Store the decisions of a CSV, all of them or none.

    Raises:
        ReviewError: it cannot be read, has no such columns, or is about no picture of this project.
    """
    catalog = Catalog(project)
    found = decisions_csv.read(catalog, path)
    if found.unmatched and not found.choices:
        raise ReviewError(
            f"{path} names no picture of this project; its first is `{found.unmatched[0]}`",
            hint="is it another project's?",
        )
    return stored(catalog, found.choices, reviewer) | {"unmatched": found.unmatched, "absent": found.absent}


def stored(
    catalog: Catalog, choices: Sequence[DecisionRequest], reviewer: str, kind: str | None = None
) -> dict[str, Any]:
    """Store decisions; the rows, which labels there were not before, and notes about what may not be meant."""
    ledger = DecisionLog(catalog)
    with catalog.connection(write=True):  # nobody else decides between what is compared
        there = ledger.images()
        rows = ledger.decide(choices, reviewer, kind)
    known = labels_of(there)
    new = sorted(given_labels(rows) - {*known})
    notes = label_notes(choices, new, known) + _back(rows, {image.image_id for image in there})
    return {"stored": [asdict(row) for row in rows], "new_labels": new, "notes": notes, "unmatched": [], "absent": 0}


def _back(rows: Iterable[Decision], there: Collection[str]) -> list[str]:
    """A sentence about pictures that were deleted, and are not any more."""
    back = {row.image_id for row in rows if row.action not in ("delete", "beside")} - {*there}
    return [f"{count(len(back), 'picture')} that had been deleted came back"] if back else []


def given_labels(rows: Iterable[Decision]) -> set[str]:
    """The labels that pictures have by these decisions."""
    return {row.to_label for row in rows if row.to_label and row.action != "beside"}


def label_notes(choices: Iterable[DecisionRequest], new: Collection[str], known: Collection[str]) -> list[str]:
    """Sentences about labels that people wrote: those that were tidied, and new ones that look like another one.

    Args:
        choices: what they decided.
        new: the labels that there were not before.
        known: those that there were.
    """
    written = (one.written or one.to or "" for one in choices if one.action in ("relabel", "label"))
    return cleanings(written) + look_alikes(new, known)


def merge_labels(project: Project, old: Sequence[str], new: str, reviewer: str) -> dict[str, Any]:
    """Give every picture of some labels one label, which may be there already: one step, that one undo takes back.

    It does not count as a review of those pictures.

    Returns:
        What `stored` returns, with the new rows in `stored`; and `label`, the label as it is stored.

    Raises:
        ReviewError: no label was given, it cannot be one, or no picture has one of the old ones.
    """
    if not new.strip():
        raise ReviewError("the new label is empty", hint="type a name, or choose a label to merge them into")
    catalog, label = Catalog(project), stored_label(new, ReviewError)
    named = {*old, *map(label_of, old)}
    with catalog.connection(write=True):  # who relabels one of them meanwhile comes before, or after
        images = DecisionLog(catalog).images()
        found = [image.image_id for image in images if image.label in named and image.label not in ("", label)]
        if not found:
            raise ReviewError("no picture would change", hint="choose the labels to rename, and another name")
        result = stored(
            catalog, [DecisionRequest(one, "relabel", label, written=new) for one in found], reviewer, RENAMED
        )
    nobody = [one for one in old if not {one, label_of(one)} & {*labels_of(images)}]
    result["notes"] += [f"no picture had the label `{shown(one)}`" for one in nobody]
    return {"label": label, **result}


def take_labels_away(project: Project, labels: Sequence[str], reviewer: str) -> int:
    """Let every picture of some labels have none: one step, that one undo takes back.

    It does not count as a review of those pictures.

    Returns:
        How many pictures changed.

    Raises:
        ReviewError: no picture has one of these labels.
    """
    catalog = Catalog(project)
    ledger = DecisionLog(catalog)
    with catalog.connection(write=True):
        found = [image.image_id for image in ledger.images() if image.label and image.label in labels]
        if not found:
            raise ReviewError("no picture has these labels", hint="choose the labels to take away")
        return len(ledger.decide([DecisionRequest(one, "unlabel") for one in found], reviewer, kind=RENAMED))


def find_duplicates(queue: Queue, mend: bool, reviewer: str) -> dict[str, Any]:
    """Groups of near-duplicates, and how many of them lie in several splits.

    Args:
        queue: of the project.
        mend: put the copies of a picture that was set aside into its split, so that no model trains on them.
        reviewer: in whose name.
    """
    groups, split = queue.duplicates()
    across = [group for group in groups if len({split[one] for one in group if split[one]}) > 1]
    moves = []
    for group in across if mend else []:
        best = max(group, key=lambda one: RANK.get(split[one], 0))
        moves += [DecisionRequest(one, "beside", best) for one in group if split[one] not in ("", split[best])]
    if moves:
        queue.material.ledger.decide(moves, reviewer, kind="duplicate")
    return {"groups": groups, "across_splits": len(across), "mended": len(moves)}
