"""The cleaned pictures as a folder for others, and the decisions as a table."""

import csv
import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

from bearkit.catalog.catalog import Catalog
from bearkit.catalog.decisions import DecisionLog
from bearkit.catalog.schema import Decision, ImageRecord, SourceRecord
from bearkit.core.atomic import atomic_folder, is_occupied
from bearkit.core.parallel import ordered_map
from bearkit.core.project import Project
from bearkit.datasets import dataset, layouts
from bearkit.datasets.layouts import Row
from bearkit.datasets.seed import project_seed
from bearkit.errors import ImageError, NoImagesError, ReviewError
from bearkit.images import read_verified
from bearkit.sources.layout import file_name

FORMATS = ("folder", "imagefolder", "csv")
CREDIT = ("license", "creator", "page")  # whose a picture is, where its source said it
CARD = """# {title}

{n} pictures with {n_labels} labels, exported with bearkit{split}.

```python
{usage}
```
"""
USAGE = """from datasets import load_dataset

pictures = load_dataset({folder})"""
TABLES = """from datasets import Features, Value, load_dataset

columns = {columns}
texts = Features(dict.fromkeys(columns, Value("string")))  # or 007 would be the number 7
labels = load_dataset({folder}, "labels", features=texts)"""


def _as_it_is(row: Row) -> Row:
    return row


def export_dataset(
    project: Project,
    folder: Path,
    form: str = "folder",
    seed: int | None = None,
    clean: Callable[[Row], Row] = _as_it_is,
) -> dict[str, Any]:
    """Write what a review left of the pictures; the project stays as it is.

    Args:
        project: whose pictures.
        folder: a new folder, or an empty one. It appears whole.
        form: `folder` has one folder a label, `imagefolder` the Hub's layout (a split, a label, and a metadata.jsonl
            with where each picture came from), `csv` only tables: labels.csv and decisions.csv. Each has a README.md
            that tells `datasets.load_dataset` how to read it.
        seed: whose split; the project's if left out.
        clean: makes of each row of metadata what others may know.

    Returns:
        folder, images (how many), labels (how many pictures of each), seed; and what was left out: missing (paths
        whose file is gone, was changed, or lies outside of the project), unlabelled (how many); renamed: labels that
        cannot be the name of a folder, with the name of theirs.

    Raises:
        ReviewError: there is something in the folder, or there is no such format.
        DatasetError: nothing is left.
    """
    if form not in FORMATS:
        raise ReviewError(f"there is no format `{form}`", hint=f"--format {'|'.join(FORMATS)}")
    if is_occupied(folder):
        raise ReviewError(f"{folder} is there already", hint="name a new folder; nothing is written over")
    catalog = Catalog(project)
    seed = project_seed(catalog) if seed is None else seed
    split, every = dataset.splits(catalog, seed), DecisionLog(catalog).images()
    labelled = [image for image in every if image.label]
    places = _places(labelled, form, split)
    with atomic_folder(folder) as part:
        there = list(ordered_map(partial(_given, catalog, places, None if form == "csv" else part), labelled))
        images = [image for image, given in zip(labelled, there, strict=True) if given]
        _see_that_there_are_some(images, labelled)
        rows = [clean(row) for row in _rows(catalog, images, places, split)]
        front = layouts.with_fingerprint(_written(catalog, rows, part, form), rows)
        labels = dict(sorted(Counter(row["label"] for row in rows).items()))
        layouts.write_card(part, front, _card(folder.name, form, seed, rows, len(labels)))
    return {
        "folder": str(folder),
        "images": len(images),
        "missing": [image.path for image, given in zip(labelled, there, strict=True) if not given],
        "unlabelled": len(every) - len(labelled),
        "labels": labels,
        "renamed": {label: file_name(label) for label in labels if form == "folder" and file_name(label) != label},
        "seed": seed,
    }


def _see_that_there_are_some(images: Sequence[ImageRecord], labelled: Sequence[ImageRecord]) -> None:
    """See that something can be written.

    Args:
        images: the pictures that have a label and their file.
        labelled: those that have a label.
    """
    if labelled and not images:
        raise NoImagesError(
            f"not one of the {len(labelled)} pictures with a label has its file (the first: {labelled[0].path})",
            hint="import them again: `bearkit import FOLDER`",
        )
    if not images:
        raise NoImagesError("there is no picture with a label", hint="`bearkit import FOLDER`")


def _card(title: str, form: str, seed: int, rows: Sequence[Row], n_labels: int) -> str:
    """The text of the README.md: what it is, and how it is loaded."""
    words = f", split under seed {seed}" if form != "folder" else ""
    usage = (TABLES if form == "csv" else USAGE).format(folder=json.dumps(f"./{title}"), columns=list(rows[0]))
    return CARD.format(title=title, n=len(rows), n_labels=n_labels, split=words, usage=usage)


def _places(images: Sequence[ImageRecord], form: str, split: Mapping[str, str]) -> dict[str, PurePosixPath]:
    """Where each picture goes in the folder; in tables, where it is in the project."""
    if form == "csv":
        return {image.image_id: PurePosixPath(image.path) for image in images}
    labels = {image.label for image in images}
    if form == "folder":
        layouts.check_folders_distinct(labels)
        return {image.image_id: layouts.place(image, file_name(image.label), None) for image in images}
    of = layouts.label_folders(labels)
    return {image.image_id: layouts.place(image, of[image.label], split[image.image_id]) for image in images}


def _given(catalog: Catalog, places: Mapping[str, PurePosixPath], to: Path | None, image: ImageRecord) -> bool:
    """Whether a picture can be given away; it is copied to its place in `to`, if there is one."""
    if to is None:
        return catalog.project.has_picture(image.path)
    try:
        data = read_verified(catalog.path(image), image.image_id)
    except ImageError:
        return False
    target = to / places[image.image_id]
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(data)
    return True


def _rows(
    catalog: Catalog, images: Sequence[ImageRecord], places: Mapping[str, PurePosixPath], split: Mapping[str, str]
) -> list[Row]:
    """What is known of each picture; "" where nothing is. `file_name` is its place."""
    came_with = {image.image_id: image.label for image in catalog.images()}
    decided = DecisionLog(catalog).current()
    came_from: dict[str, SourceRecord] = {}
    for source in sorted(catalog.origins(), key=lambda one: not (one.license or one.creator)):
        came_from.setdefault(str(source.image_id), source)
    rows = []
    for image in images:
        decision, first = decided.get(image.image_id), came_from.get(image.image_id)
        rows.append(
            {
                "file_name": places[image.image_id].as_posix(),
                "label": image.label,
                "split": split[image.image_id],
                "image_id": image.image_id,
                "imported_as": came_with[image.image_id],
                "origin": first.origin if first else "",
                **{name: getattr(first, name, None) or "" for name in CREDIT},
                "reviewed_by": decision.reviewer if decision else "",
                "reviewed": decision.time if decision else "",
            }
        )
    return rows


def _written(catalog: Catalog, rows: Sequence[Row], to: Path, form: str) -> dict[str, Any]:
    """Write the tables that belong to a format; what its card tells programs of them."""
    if form == "folder":
        return layouts.folder_front(row["file_name"].partition("/")[0] for row in rows)
    if form == "imagefolder":
        of_split: dict[str, list[Row]] = {}
        for row in rows:  # in metadata, a picture's file is named as it lies beside it
            top, _, inside = row["file_name"].partition("/")
            of_split.setdefault(top, []).append(row | {"file_name": inside})
        layouts.write_metadata(of_split, to)
        return layouts.imagefolder_front(of_split, rows[0])
    tables = {"labels": rows, "decisions": _decisions(catalog)}
    for name, own in tables.items():
        if own:
            _write(own, to / f"{name}.csv")
    return layouts.tables_front({name: list(own[0]) for name, own in tables.items() if own})


def _decisions(catalog: Catalog) -> list[Row]:
    """What became of each picture that somebody decided about."""
    decided, beside = DecisionLog(catalog).current(), DecisionLog(catalog).same_split_as()
    came = {image.image_id: image for image in catalog.images()}
    decided = {one: row for one, row in decided.items() if one in came}  # rows of pictures may have been damaged
    said = [_decision(row, came[one].path, came[one].label) for one, row in decided.items()]
    if said:
        said += [_row(one, came[one].path, f"beside:{other}") for one, other in beside.items() if one in came]
    return said


def _decision(decision: Decision, path: str, came_with: str) -> Row:
    """What became of a picture, as `bearkit review decide --from` reads it."""
    action = "delete" if decision.action == "delete" else "keep"
    if action == "keep" and decision.to_label != came_with:
        action = f"relabel:{decision.to_label}" if decision.to_label else "unlabel"
    return _row(str(decision.image_id), path, action, came_with, decision.reviewer, decision.time)


def _row(image_id: str, path: str, action: str, came_with: str = "", reviewer: str = "", time: str = "") -> Row:
    about = {"image_id": image_id, "path": path, "action": action, "imported_as": came_with}
    return about | {"reviewer": reviewer, "time": time}


def _write(rows: Sequence[Row], path: Path) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
