"""Export the reviewed images as a folder, and the labels and decisions as tables."""

import csv
import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, Literal, assert_never, cast, get_args

from bearkit.catalog import label_set_file
from bearkit.catalog.catalog import Catalog
from bearkit.catalog.decisions import DecisionLog
from bearkit.catalog.labels import TO_LABEL
from bearkit.catalog.schema import Decision, ImageRecord, SourceRecord
from bearkit.core.atomic import atomic_folder, is_occupied
from bearkit.core.project import Project
from bearkit.datasets import dataset, layouts
from bearkit.datasets.copies import Copies, Rewrite, copy_files
from bearkit.datasets.layouts import Row
from bearkit.datasets.seed import project_seed
from bearkit.errors import NoImagesError, ReviewError
from bearkit.sources.layout import file_name

Form = Literal["folder", "imagefolder", "csv"]
FORMATS = get_args(Form)
CREDIT = ("license", "creator", "page")  # columns with the rights of an image, if its source named them
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
    rewrite: Rewrite | None = None,
) -> dict[str, Any]:
    """Export the images with the labels that they have after the review. The project does not change.

    Args:
        project: the project with the images.
        folder: a new or empty folder. It appears once all files are written.
        form: `folder` has one folder for each label; `imagefolder` is the Hub's layout: folders SPLIT/LABEL, and a
            metadata.jsonl with the origin of each image; `csv` has only the tables labels.csv and decisions.csv. Each
            has a README.md that tells `datasets.load_dataset` how to read it, and a label_set.json that says what the
            labels mean (see `bearkit.catalog.label_set_file`).
        seed: chooses the validation images; the project's seed if left out.
        clean: removes from a row of metadata what must not be published.
        rewrite: removes from a file what must not be published; raises an ImageError if it cannot. With it, each row of
            metadata has `sha256`, that of the written file.

    Returns:
        `folder`, `images` (their number), `labels` (number of images by label), `seed`; `missing` (paths of images left
        out since their file is gone, was changed, or lies outside of the project); `unlabelled` (number of images left
        out since they have no label); `unconfirmed` (number of images left out since they are set aside for validation
        and only the model gave them a label); `renamed` (folder names of labels that cannot be one). With
        `rewrite` also `changed` (number of files that were changed) and `refused` (paths of images whose files must
        stay out).

    Raises:
        ReviewError: the folder is not empty, or there is no such format.
        NoImagesError: no image has a label and a file.
    """
    if form not in FORMATS:
        raise ReviewError(f"there is no format `{form}`", hint=f"--format {'|'.join(FORMATS)}")
    form = cast("Form", form)
    if is_occupied(folder):
        raise ReviewError(f"{folder} is there already", hint="name a new folder; nothing is written over")
    catalog = Catalog(project)
    seed = project_seed(catalog) if seed is None else seed
    split, all_images = dataset.splits(catalog, seed), DecisionLog(catalog).images()
    labelled = [image for image in all_images if image.label and image.image_id in split]
    n_unlabelled = sum(not image.label for image in all_images)
    places = _places(labelled, form, split)
    with atomic_folder(folder) as part:
        copies = copy_files(catalog, labelled, places, None if form == "csv" else part, rewrite)
        images = [image for image in labelled if image.image_id in copies.ids]
        _check_not_empty(copies, labelled, n_unlabelled)
        rows = [clean(row) for row in _rows(catalog, images, places, split)]
        if rewrite:
            rows = [row | {"sha256": copies.ids[row["image_id"]]} for row in rows]
        front = layouts.with_fingerprint(_write_tables(catalog, rows, part, form), rows)
        labels = dict(sorted(Counter(row["label"] for row in rows).items()))
        text = label_set_file.label_set_text(catalog, copies.ids)
        (part / label_set_file.NAME).write_text(text, encoding="utf-8")
        layouts.write_card(part, front, _card(folder.name, form, seed, rows, len(labels)))
    return {
        "folder": str(folder),
        "images": len(images),
        "missing": copies.missing,
        "unlabelled": n_unlabelled,
        "unconfirmed": len(all_images) - len(labelled) - n_unlabelled,
        "labels": labels,
        "renamed": {label: file_name(label) for label in labels if form == "folder" and file_name(label) != label},
        "seed": seed,
        **({"changed": copies.n_changed, "refused": copies.refused} if rewrite else {}),
    }


def _check_not_empty(copies: Copies, labelled: Sequence[ImageRecord], n_unlabelled: int) -> None:
    """Check that there are images to export.

    Args:
        copies: the copies of the images that have a label.
        labelled: the images that have a label.
        n_unlabelled: images without one, for the hint.

    Raises:
        NoImagesError: there are none.
    """
    if copies.ids:
        return
    if copies.refused and not copies.missing:
        raise NoImagesError(
            f"none of the {len(labelled)} pictures can be published (the first: {labelled[0].path}): "
            "the place where it was taken cannot be removed from its file",
            hint="save it again as JPEG, or publish the places too: --keep-location",
        )
    if labelled:
        raise NoImagesError(
            f"the files of all {len(labelled)} pictures with a label are missing (the first: {labelled[0].path})",
            hint="import them again: `bearkit import FOLDER`",
        )
    raise NoImagesError(
        "there is no picture with a label",
        hint=TO_LABEL if n_unlabelled else "bring some in: `bearkit import FOLDER`",
    )


def _card(title: str, form: str, seed: int, rows: Sequence[Row], n_labels: int) -> str:
    """Return the text of the README.md: the content of the data set, and how to load it."""
    words = f", split under seed {seed}" if form != "folder" else ""
    usage = (TABLES if form == "csv" else USAGE).format(folder=json.dumps(f"./{title}"), columns=list(rows[0]))
    return CARD.format(title=title, n=len(rows), n_labels=n_labels, split=words, usage=usage)


def _places(images: Sequence[ImageRecord], form: Form, split: Mapping[str, str]) -> dict[str, PurePosixPath]:
    """Return each image's path in the exported folder, {image_id: path}; for `csv`, its path in the project."""
    labels = {image.label for image in images}
    match form:
        case "csv":
            return {image.image_id: PurePosixPath(image.path) for image in images}
        case "folder":
            layouts.check_folders_distinct(labels)
            return {image.image_id: layouts.place(image, file_name(image.label), None) for image in images}
        case "imagefolder":
            at = layouts.label_folders(labels)
            return {image.image_id: layouts.place(image, at[image.label], split[image.image_id]) for image in images}
    assert_never(form)


def _rows(
    catalog: Catalog, images: Sequence[ImageRecord], places: Mapping[str, PurePosixPath], split: Mapping[str, str]
) -> list[Row]:
    """Return the metadata of each image; unknown values are empty texts. `file_name` is its place."""
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


def _write_tables(catalog: Catalog, rows: Sequence[Row], to: Path, form: Form) -> dict[str, Any]:
    """Write the metadata and tables of a format. Returns the front matter that describes them."""
    match form:
        case "folder":
            return layouts.folder_front(row["file_name"].partition("/")[0] for row in rows)
        case "imagefolder":
            return _write_metadata(rows, to)
        case "csv":
            return _write_csv(catalog, rows, to)
    assert_never(form)


def _write_metadata(rows: Sequence[Row], to: Path) -> dict[str, Any]:
    by_split: dict[str, list[Row]] = {}
    for row in rows:  # file names in metadata are relative to the split's folder
        split, _, relative = row["file_name"].partition("/")
        by_split.setdefault(split, []).append(row | {"file_name": relative})
    layouts.write_metadata(by_split, to)
    return layouts.imagefolder_front(by_split, rows[0])


def _write_csv(catalog: Catalog, rows: Sequence[Row], to: Path) -> dict[str, Any]:
    tables = {"labels": rows, "decisions": _decisions(catalog)}
    tables = {name: table for name, table in tables.items() if table}
    for name, table in tables.items():
        _write(table, to / f"{name}.csv")
    return layouts.tables_front({name: list(table[0]) for name, table in tables.items()})


def _decisions(catalog: Catalog) -> list[Row]:
    """Return one row for each image with a decision: the decision that holds now."""
    decided, beside = DecisionLog(catalog).current(), DecisionLog(catalog).same_split_as()
    came = {image.image_id: image for image in catalog.images()}
    rows = [
        _decision(decision, came[image_id].path, came[image_id].label)
        for image_id, decision in decided.items()
        if image_id in came  # it is not if the catalogue was damaged
    ]
    if rows:
        rows += [_row(i, came[i].path, f"beside:{other}") for i, other in beside.items() if i in came]
    return rows


def _decision(decision: Decision, path: str, came_with: str) -> Row:
    """Return the row of a decision, in the format that `bearkit review decide --from` reads."""
    action = "delete" if decision.action == "delete" else "keep"
    if action == "keep" and decision.to_label != came_with:
        action = f"relabel:{decision.to_label}" if decision.to_label else "unlabel"
    return _row(str(decision.image_id), path, action, came_with, decision.reviewer, decision.time)


def _row(image_id: str, path: str, action: str, came_with: str = "", reviewer: str = "", time: str = "") -> Row:
    row = {"image_id": image_id, "path": path, "action": action, "imported_as": came_with}
    return row | {"reviewer": reviewer, "time": time}


def _write(rows: Sequence[Row], path: Path) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
