"""The cleaned pictures as a folder for others, and the decisions as a table."""

import csv
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bearkit.catalog.catalog import Catalog
from bearkit.catalog.ledger import Ledger
from bearkit.catalog.tables import Decision, ImageRecord, SourceRecord
from bearkit.collect.intake import file_name
from bearkit.dataset import dataset
from bearkit.errors import NoImagesError, ReviewError
from bearkit.project import Project, is_taken, whole_folder

FORMATS = ("folder", "imagefolder", "csv")
CREDIT = ("license", "creator", "page")  # whose a picture is, where its source said it
HUB_SPLITS = {"train": "train", "valid": "validation", "test": "test"}  # the Hub's words


def export_dataset(project: Project, folder: Path, form: str = "folder", seed: int = 42) -> dict[str, Any]:
    """Write what a review left of the pictures; the project stays as it is.

    Args:
        project: whose pictures.
        folder: a new folder, or an empty one. It appears whole.
        form: `folder` has one folder a label, `imagefolder` the Hub's layout (a split, a label, and a metadata.csv
            with where each picture came from), `csv` only tables: labels.csv and decisions.csv.
        seed: whose split.

    Raises:
        ReviewError: there is something in the folder, or there is no such format.
        DatasetError: nothing is left.
    """
    if form not in FORMATS:
        raise ReviewError(f"there is no format `{form}`", hint=f"--format {'|'.join(FORMATS)}")
    if is_taken(folder):
        raise ReviewError(f"{folder} is there already", hint="name a new folder; nothing is written over")
    catalog = Catalog(project)
    split = dataset.splits(catalog, seed)
    labelled = [image for image in Ledger(catalog).images() if image.label]
    images = [image for image in labelled if catalog.path(image).is_file()]
    there = {image.path for image in images}
    missing = [image.path for image in labelled if image.path not in there]
    if not images:
        raise NoImagesError("there is no picture with a label", hint="`bearkit import FOLDER`")
    _check_folders({image.label for image in images})
    with whole_folder(folder) as part:
        if form != "csv":
            _copy(catalog, images, split if form == "imagefolder" else None, part)
        if form != "folder":
            _tables(catalog, images, split, part, form)
    return {"folder": str(folder), "images": len(images), "missing": missing}


def _check_folders(labels: set[str]) -> None:
    """Labels whose folders would be one cannot be told apart again."""
    seen: dict[str, str] = {}
    for label in sorted(labels):
        other = seen.setdefault(file_name(label).casefold(), label)
        if other != label:
            raise ReviewError(f"labels `{other}` and `{label}` would share a folder", hint="relabel one of them")


def _copy(catalog: Catalog, images: Sequence[ImageRecord], split: dict[str, str] | None, to: Path) -> None:
    """Copy pictures to [split/]label/."""
    for image in images:
        target = to / _place(image, split)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(catalog.path(image), target)


def _place(image: ImageRecord, split: dict[str, str] | None) -> Path:
    """Where a picture goes. Part of its id is in the name: names of two pictures may be the same."""
    own = Path(image.path)
    name = f"{own.stem}-{image.image_id[:8]}{own.suffix}"
    inside = Path(file_name(image.label)) / name
    return Path(HUB_SPLITS[split[image.image_id]]) / inside if split is not None else inside


def _tables(catalog: Catalog, images: Sequence[ImageRecord], split: dict[str, str], to: Path, form: str) -> None:
    came_with = {image.image_id: image.label for image in catalog.images()}
    decided = Ledger(catalog).present()
    came_from: dict[str, SourceRecord] = {}
    for source in sorted(catalog.origins(), key=lambda one: not (one.license or one.creator)):
        came_from.setdefault(str(source.image_id), source)
    rows: dict[str, list[dict[str, Any]]] = {}
    for image in images:
        decision = decided.get(image.image_id)
        where = _place(image, split) if form == "imagefolder" else Path(image.path)
        top = where.parts[0] if form == "imagefolder" else ""
        rows.setdefault(top, []).append(
            {
                "file_name": (Path(*where.parts[1:]) if top else where).as_posix(),
                "label": image.label,
                "split": split[image.image_id],
                "image_id": image.image_id,
                "imported_as": came_with[image.image_id],
                "origin": came_from[image.image_id].origin if image.image_id in came_from else "",
                **{name: getattr(came_from.get(image.image_id), name, None) or "" for name in CREDIT},
                "reviewed_by": decision.reviewer if decision else "",
                "reviewed": decision.time if decision else "",
            }
        )
    for top, of_split in rows.items():
        _write(of_split, to / top / "metadata.csv" if top else to / "labels.csv")
    if form == "csv" and decided:
        path = {image.image_id: image.path for image in catalog.images()}
        said = [_decision(one, path[image_id], came_with[image_id]) for image_id, one in decided.items()]
        beside = Ledger(catalog).beside().items()
        said += [_row(image_id, path[image_id], f"beside:{other}") for image_id, other in beside]
        _write(said, to / "decisions.csv")


def _decision(decision: Decision, path: str, came_with: str) -> dict[str, Any]:
    """What became of a picture, as `bearkit review decide --from` reads it."""
    action = "delete" if decision.action == "delete" else "keep"
    if action == "keep" and decision.to_label != came_with:
        action = f"relabel:{decision.to_label}" if decision.to_label else "unlabel"
    return _row(str(decision.image_id), path, action, came_with, decision.reviewer, decision.time)


def _row(
    image_id: str, path: str, action: str, came_with: str = "", reviewer: str = "", time: str = ""
) -> dict[str, Any]:
    about = {"image_id": image_id, "path": path, "action": action, "imported_as": came_with}
    return about | {"reviewer": reviewer, "time": time}


def _write(rows: Sequence[dict[str, Any]], path: Path) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
