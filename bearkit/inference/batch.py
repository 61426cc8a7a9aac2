"""Predict many files, folders, zips and web addresses, as rows and as a CSV file."""

import csv
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import Any, TextIO

from bearkit.core.parallel import Progress, no_progress, ordered_map
from bearkit.core.paths import resolve_path
from bearkit.core.streams import open_output
from bearkit.errors import BearkitError, DownloadError, ImageError
from bearkit.images import MAX_BYTES, read_file, small_jpeg
from bearkit.images.preprocessing import preprocess
from bearkit.inference.predictor import Predictor
from bearkit.sources import archive, folder, stream
from bearkit.sources.layout import SourceItem, readable_path
from bearkit.sources.web.address_text import is_address
from bearkit.sources.web.fetch import Limits, fetch
from bearkit.sources.zip_names import holds_zip, is_zip

TOP = 3  # likeliest labels in a row
DOWNLOAD = "download it first, and name the file"


def predict_files(
    predictor: Predictor,
    paths: Iterable[str | os.PathLike[str]],
    top: int = TOP,
    csv_file: Path | None = None,
    progress: Progress = no_progress,
    allow_private: bool = False,
) -> list[dict[str, Any]]:
    """Predict each image that the paths name. An image that cannot be used does not stop the others.

    Args:
        predictor: the model.
        paths: files, folders (with all files below them), zips, web addresses, and `-` for the bytes of standard input.
        top: number of likeliest labels in a row's `top`.
        csv_file: a file for a table of the rows: path, label, probability, known, similarity, error, and the
            probability of each label. `-` is standard output; a device or pipe works too.
        progress: called after each image.
        allow_private: also fetch addresses of your own network.

    Returns:
        One row for each image: its `path`, and `Prediction.as_dict(top)` or the `error` with its `hint`.
    """
    items = list_items(paths, allow_private)
    rows = []
    with nullcontext() if csv_file is None else open_output(csv_file) as file:  # fails now if it cannot be written
        for row, _ in predict_items(predictor, items, top):
            rows.append(row)
            progress("predicting", len(rows), len(items))
        if file is not None:
            write_csv(rows, predictor.vocab, file)
    return rows


def list_items(paths: Iterable[str | os.PathLike[str]], allow_private: bool = False) -> list[SourceItem]:
    """List the files that paths and addresses name, as `predict_files` takes them.

    What cannot be read is one item, whose reading raises the error.
    """
    limits = Limits(max_bytes=MAX_BYTES, allow_private=allow_private, robots=False)
    return [item for path in paths for item in _list_items(os.fspath(path), limits)]


def predict_items(
    predictor: Predictor, items: Iterable[SourceItem], top: int = TOP, side: int = 0
) -> Iterator[tuple[dict[str, Any], bytes]]:
    """Predict files, several at once, in their order.

    Args:
        predictor: the model.
        items: what `list_items` returns.
        top: number of likeliest labels in a row's `top`.
        side: pixels of the longer side of a small copy of each image; 0 for none.

    Yields:
        A row as in `predict_files`, and the small copy as JPEG; b"" for none.
    """
    return ordered_map(lambda item: _predict_row(predictor, item, top, side), items)


def write_csv(rows: Sequence[dict[str, Any]], vocab: Sequence[str], file: TextIO) -> None:
    """Write the rows of `predict_files` as a table with the probability of each label of the vocab."""
    names = ["path", "label", "probability", "known", "similarity", "error", *(f"p({label})" for label in vocab)]
    table = csv.DictWriter(file, names, extrasaction="ignore")
    table.writeheader()
    for row in rows:
        table.writerow(row | {f"p({label})": p for label, p in row.get("probs", {}).items()})


def _list_items(name: str, limits: Limits) -> list[SourceItem]:
    """List the files that a path or an address names. If that fails, there is one item; reading it raises the error."""
    path = Path(name)
    try:
        if not name.strip():
            resolve_path(name, "what to predict", ImageError)
        if is_address(name):
            return [_item(name, lambda: _fetch(name, limits))]
        if "://" in name:
            raise ImageError(f"bearkit fetches only http and https, not {name.partition(':')[0]}", hint=DOWNLOAD)
        if stream.is_stream(name):
            return [_item(name, lambda: stream.read(name, MAX_BYTES))]
        if path.is_dir():
            items = folder.list_files(path, labelled=False)
        elif is_zip(path) and holds_zip(path):
            items = archive.list_files(path, labelled=False)
        else:
            return [_item(str(path), lambda: read_file(path))]
        if not items:
            raise ImageError("it holds no files", hint="give pictures, a folder or a zip of them")
        return list(items)
    except BearkitError as error:
        return [_item(name, partial(_raise, error))]
    except OSError as error:  # such as a name that is too long, or no permission
        return [_item(name, partial(_raise, ImageError(f"cannot be read: {error.strerror or error}")))]


def _fetch(address: str, limits: Limits) -> bytes:
    try:
        return fetch(address, limits).data
    except DownloadError as error:
        error.hint = error.hint or DOWNLOAD
        raise


def _item(name: str, read: Callable[[], bytes]) -> SourceItem:
    return SourceItem(readable_path(name), readable_path(Path(name).name), "", None, read)


def _raise(error: BearkitError) -> bytes:
    raise error


def _predict_row(predictor: Predictor, item: SourceItem, top: int, side: int) -> tuple[dict[str, Any], bytes]:
    """Return the row of one image, and its small copy. Runs in a thread."""
    try:
        if item.problem:
            raise ImageError(item.problem)
        image = predictor.load_image(item.read())
        inputs = preprocess(image, predictor.config.preprocessing)
        row = {"path": item.origin, **predictor.predict_inputs(inputs[None])[0].as_dict(top)}
        return row, small_jpeg(image, side) if side else b""
    except BearkitError as error:
        return {"path": item.origin, **error.as_dict()}, b""
