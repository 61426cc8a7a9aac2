"""Predictions of many files, folders, zips and addresses, as rows and as a CSV."""

import csv
import os
from collections.abc import Callable, Iterable, Sequence
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import Any, TextIO

from bearkit.core.parallel import Progress, no_progress, ordered_map
from bearkit.core.paths import resolve_path
from bearkit.core.streams import open_output
from bearkit.errors import BearkitError, DownloadError, ImageError
from bearkit.images import MAX_BYTES, read_file
from bearkit.inference.predictor import Predictor
from bearkit.sources import archive, folder, stream
from bearkit.sources.layout import SourceItem, readable_path
from bearkit.sources.web.address_text import is_address
from bearkit.sources.web.fetch import Limits, fetch
from bearkit.sources.zip_names import holds_zip, is_zip

TOP = 3  # labels that a row names
DOWNLOAD = "download it first, and name the file"


def predict_files(
    predictor: Predictor,
    paths: Iterable[str | os.PathLike[str]],
    top: int = TOP,
    csv_file: Path | None = None,
    progress: Progress = no_progress,
    allow_private: bool = False,
) -> list[dict[str, Any]]:
    """A row for each picture: what the model says of it, or the `error` that made it unusable.

    Args:
        predictor: the model.
        paths: files, folders (everything below them), zips, addresses, and `-` for the bytes of standard input.
        top: how many labels each row names as its likeliest.
        csv_file: where to write them as a table too: path, label, probability, known, similarity, error, and a column
            for each label; `-` is standard output, and a device or pipe is written to.
        progress: told after each picture.
        allow_private: fetch addresses of your own network too.
    """
    limits = Limits(max_bytes=MAX_BYTES, allow_private=allow_private, robots=False)
    found = [one for path in paths for one in _files(os.fspath(path), limits)]
    rows = []
    with nullcontext() if csv_file is None else open_output(csv_file) as file:  # what cannot be written fails at once
        for row in ordered_map(lambda one: _row(predictor, one, top), found):
            rows.append(row)
            progress("predicting", len(rows), len(found))
        if file is not None:
            _write_csv(rows, predictor.vocab, file)
    return rows


def _write_csv(rows: Sequence[dict[str, Any]], vocab: Sequence[str], file: TextIO) -> None:
    names = ["path", "label", "probability", "known", "similarity", "error", *(f"p({label})" for label in vocab)]
    table = csv.DictWriter(file, names, extrasaction="ignore")
    table.writeheader()
    for row in rows:
        table.writerow(row | {f"p({label})": p for label, p in row.get("probs", {}).items()})


def _files(name: str, limits: Limits) -> list[SourceItem]:
    """What a path or an address stands for; what cannot be had is one file, and reading it raises why."""
    path = Path(name)
    try:
        if not name.strip():
            resolve_path(name, "what to predict", ImageError)
        if is_address(name):
            return [_one(name, lambda: _fetched(name, limits))]
        if "://" in name:
            raise ImageError(f"bearkit fetches only http and https, not {name.partition(':')[0]}", hint=DOWNLOAD)
        if stream.is_stream(name):
            return [_one(name, lambda: stream.read(name, MAX_BYTES))]
        if path.is_dir():
            found = folder.list_files(path, labelled=False)
        elif is_zip(path) and holds_zip(path):
            found = archive.list_files(path, labelled=False)
        else:
            return [_one(str(path), lambda: read_file(path))]
        if not found:
            raise ImageError("it holds no files", hint="give pictures, a folder or a zip of them")
        return list(found)
    except BearkitError as error:
        return [_one(name, partial(_refuse, error))]
    except OSError as error:  # a name that is too long, no permission
        return [_one(name, partial(_refuse, ImageError(f"cannot be read: {error.strerror or error}")))]


def _fetched(address: str, limits: Limits) -> bytes:
    try:
        return fetch(address, limits).data
    except DownloadError as error:
        error.hint = error.hint or DOWNLOAD
        raise


def _one(name: str, read: Callable[[], bytes]) -> SourceItem:
    return SourceItem(readable_path(name), readable_path(Path(name).name), "", None, read)


def _refuse(error: BearkitError) -> bytes:
    raise error


def _row(predictor: Predictor, found: SourceItem, top: int) -> dict[str, Any]:
    """What the model says of a file; runs in a thread."""
    try:
        if found.problem:
            raise ImageError(found.problem)
        return {"path": found.origin, **predictor.predict(found.read()).as_dict(top)}
    except BearkitError as error:
        return {"path": found.origin, **error.as_dict()}
