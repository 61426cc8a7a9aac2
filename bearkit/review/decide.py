"""What people do in a review, the same for the command line and the browser."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bearkit.catalog.catalog import Catalog
from bearkit.catalog.choices import Choice
from bearkit.catalog.ledger import RENAMED, Ledger
from bearkit.errors import ReviewError
from bearkit.project import Project
from bearkit.review import decisions_file
from bearkit.review.decisions_file import Finder
from bearkit.review.finders import RANK
from bearkit.review.queue import Queue


def decide_one(project: Project, image: str, action: str, reviewer: str, kind: str | None = None) -> dict[str, Any]:
    """Store one decision: `keep`, `delete` or `relabel:LABEL` about a picture's id, the beginning of one, or its path.

    Raises:
        ReviewError: there is no such picture, or the action is none.
    """
    catalog = Catalog(project)
    image_id = Finder(catalog)(image)
    if image_id is None:
        raise ReviewError(
            f"there is no picture `{image}`, or more than one",
            hint="its id, at least six characters of it, or its path; `bearkit review next` lists them",
        )
    return stored(catalog, [decisions_file.choice(image_id, action)], reviewer, kind)


def decide_file(project: Project, path: Path, reviewer: str) -> dict[str, Any]:
    """Store the decisions of a CSV, all of them or none.

    Raises:
        ReviewError: it cannot be read, has no such columns, or is about no picture of this project.
    """
    catalog = Catalog(project)
    found = decisions_file.read(catalog, path)
    if found.unmatched and not found.choices:
        raise ReviewError(
            f"{path} names no picture of this project; its first is `{found.unmatched[0]}`",
            hint="is it another project's?",
        )
    return stored(catalog, found.choices, reviewer) | {"unmatched": found.unmatched, "absent": found.absent}


def stored(catalog: Catalog, choices: Sequence[Choice], reviewer: str, kind: str | None = None) -> dict[str, Any]:
    """Store decisions; the rows, and which labels there were not before."""
    ledger = Ledger(catalog)
    known = {image.label for image in ledger.images()}
    rows = ledger.decide(choices, reviewer, kind)
    new = sorted({str(row.to_label) for row in rows if row.to_label and row.action != "beside"} - known)
    return {"stored": [asdict(row) for row in rows], "new_labels": new, "unmatched": [], "absent": 0}


def rename_labels(project: Project, old: Sequence[str], new: str, reviewer: str) -> int:
    """Give every picture of some labels one label, which may be there already: one step, that one undo takes back.

    It does not count as a review of those pictures.

    Returns:
        How many pictures changed.

    Raises:
        ReviewError: no label was given, or no picture has one of them.
    """
    if not new.strip():
        raise ReviewError("the new label is empty", hint="type a name, or choose a label to merge them into")
    ledger = Ledger(Catalog(project))
    found = [image.image_id for image in ledger.images() if image.label in old and image.label != new.strip()]
    if not found:
        raise ReviewError("no picture would change", hint="choose the labels to rename, and another name")
    return len(ledger.decide([Choice(one, "relabel", new) for one in found], reviewer, kind=RENAMED))


def take_labels_away(project: Project, labels: Sequence[str], reviewer: str) -> int:
    """Let every picture of some labels have none: one step, that one undo takes back.

    It does not count as a review of those pictures.

    Returns:
        How many pictures changed.

    Raises:
        ReviewError: no picture has one of these labels.
    """
    ledger = Ledger(Catalog(project))
    found = [image.image_id for image in ledger.images() if image.label and image.label in labels]
    if not found:
        raise ReviewError("no picture has these labels", hint="choose the labels to take away")
    return len(ledger.decide([Choice(one, "unlabel") for one in found], reviewer, kind=RENAMED))


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
        moves += [Choice(one, "beside", best) for one in group if split[one] not in ("", split[best])]
    if moves:
        queue.material.ledger.decide(moves, reviewer, kind="duplicate")
    return {"groups": groups, "across_splits": len(across), "mended": len(moves)}
