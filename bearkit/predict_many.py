"""Predictions of many files, folders and zips, as rows and as a CSV."""

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from bearkit.collect import archive, folder
from bearkit.collect.layout import Found, readable
from bearkit.errors import BearkitError, ImageError, NoImagesError
from bearkit.images import read_file
from bearkit.parallel import Progress, no_progress, ordered_map
from bearkit.predict import Predictor
from bearkit.project import whole

TOP = 3  # labels that a row names


def predict_files(
    predictor: Predictor,
    paths: Iterable[Path],
    top: int = TOP,
    csv_file: Path | None = None,
    progress: Progress = no_progress,
) -> list[dict[str, Any]]:
    """A row for each picture: what the model says of it, or the `error` that made it unusable.

    Args:
        predictor: the model.
        paths: files, folders (everything below them) and zips.
        top: how many labels each row names as its likeliest.
        csv_file: where to write them as a table too: path, label, probability, known, similarity, error, and a column
            for each label.
        progress: told after each picture.

    Raises:
        NoImagesError: a folder or zip holds no file at all.
    """
    found = [one for path in paths for one in _files(Path(path))]
    rows = []
    for row in ordered_map(lambda one: _row(predictor, one, top), found):
        rows.append(row)
        progress("predicting", len(rows), len(found))
    if csv_file is not None:
        _write_csv(rows, predictor.vocab, csv_file)
    return rows


def _write_csv(rows: Sequence[dict[str, Any]], vocab: Sequence[str], path: Path) -> None:
    names = ["path", "label", "probability", "known", "similarity", "error", *(f"p({label})" for label in vocab)]
    with whole(path) as part, part.open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, names, extrasaction="ignore")
        table.writeheader()
        for row in rows:
            table.writerow(row | {f"p({label})": p for label, p in row.get("probs", {}).items()})


def _files(path: Path) -> list[Found]:
    if path.is_dir():
        found = folder.find(path, labelled=False)
    elif path.suffix.lower() == ".zip" and path.is_file():
        found = archive.find(path, labelled=False)
    else:
        return [Found(readable(str(path)), readable(path.name), "", None, lambda: read_file(path))]
    if not found:
        raise NoImagesError(f"{path} holds no files", hint="give pictures, a folder or a zip of them")
    return found


def _row(predictor: Predictor, found: Found, top: int) -> dict[str, Any]:
    """What the model says of a file; runs in a thread."""
    try:
        if found.problem:
            raise ImageError(found.problem)
        return {"path": found.origin, **predictor.predict(found.read()).as_dict(top)}
    except BearkitError as error:
        return {"path": found.origin, **error.as_dict()}
