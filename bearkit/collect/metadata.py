"""Tables of labels among the pictures: the Hub's metadata.csv and metadata.jsonl, and CSVs that are like them."""

import csv
import io
import json
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath
from typing import Any

from bearkit.collect.folder_names import split_of
from bearkit.collect.layout import Found
from bearkit.collect.scheme import Files, Place
from bearkit.errors import ImageError

HUB_TABLES = ("metadata.csv", "metadata.jsonl")
ENDINGS = (".csv", ".tsv", ".jsonl")
MOST = 50  # tables that are looked at
FILE_COLUMNS = ("file_name", "filename", "file", "image_path", "path", "image_name", "image", "image_id", "id", "name")
LABEL_COLUMNS = ("label", "class", "class_name", "category", "species", "breed", "target")


def tables_of(found: Sequence[Found], files: Files, wide: bool) -> tuple[dict[PurePosixPath, Place], list[str]]:
    """The labels that tables give to the pictures, and the names of those tables.

    Args:
        found: the files of the source, tables among them.
        files: the same files.
        wide: any CSV counts that names pictures and labels; otherwise only the Hub's metadata files.
    """
    pictures = {path for path, counts in zip(files.paths, files.counted, strict=True) if counts}
    by_name: dict[str, list[PurePosixPath]] = {}
    for path in pictures if wide else ():
        for name in {path.name, path.stem}:
            by_name.setdefault(name, []).append(path)
    result: dict[PurePosixPath, Place] = {}
    names = []
    for one in [one for one in found if _is_table(one, wide)][:MOST]:
        rows = _rows(one)
        taken = len(result)
        for name, label, split in _columns(rows):
            path = one.place.parent / name.replace("\\", "/").removeprefix("./")
            if path not in pictures and "/" not in name.replace("\\", "/"):  # a path names no other folder's file
                same = by_name.get(PurePosixPath(name).name, [])
                path = same[0] if len(same) == 1 else path
            if path in pictures:
                place = Place(label, split_of(split), "" if label else f"{one.place} gives it no label")
                other = result.setdefault(path, place)
                if other.label != label:
                    result[path] = Place(None, None, f"it has two labels in the table: `{other.label}` and `{label}`")
        if len(result) > taken:
            names.append(str(one.place))
    return result, names


def _is_table(one: Found, wide: bool) -> bool:
    name = one.place.name.casefold()
    return name.endswith(ENDINGS) if wide else name in HUB_TABLES


def _rows(one: Found) -> list[dict[str, Any]]:
    """The rows of a table; none where it cannot be read as one."""
    try:
        data = one.read()
        text = data.decode("utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig", "replace")
        if one.place.suffix.lower() == ".jsonl":
            return [row for row in _json_lines(text) if isinstance(row, dict)]
        first = text.partition("\n")[0]
        return list(csv.DictReader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=first.count)))
    except (ImageError, csv.Error, ValueError):
        return []


def _json_lines(text: str) -> Iterator[Any]:
    return (json.loads(line) for line in text.splitlines() if line.strip())


def _columns(rows: Sequence[dict[str, Any]]) -> Iterator[tuple[str, str, str]]:
    """File, label and split of each row, where it is clear which columns they are."""
    columns = {str(name).strip().casefold(): name for name in rows[0]} if rows else {}
    file = next((columns[name] for name in FILE_COLUMNS if name in columns), None)
    labels = [columns[name] for name in LABEL_COLUMNS if name in columns]
    if file is None or not labels or (len(labels) > 1 and "label" not in columns):
        return
    for row in rows:
        name, label, split = (row.get(key) for key in (file, labels[0], columns.get("split", "split")))
        if name:
            yield str(name), "" if label is None else str(label).strip(), str(split or "")
