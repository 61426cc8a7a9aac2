"""Decisions from a CSV: our own, or another tool's list of cleaned labels.

    image_id or path, action          keep, delete, relabel:LABEL; what `bearkit export-dataset --format csv` writes
    name, label                       fastai's cleaned.csv: a file and its label now; deleted pictures are not listed
    path, is_label_issue, predicted_label       cleanlab's issues, where a path was kept beside them
    image, choice                     Label Studio's CSV export; its uploads have a prefix before the file's name

A picture is known by its id, or by a path: in the project, where it was imported from, or the end of either if that
fits one picture only.
"""

import csv
import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from bearkit.catalog.catalog import Catalog
from bearkit.catalog.ledger import Choice, Ledger
from bearkit.errors import ReviewError

PICTURE = ("image_id", "path", "name", "file_name", "filename", "file", "image")  # columns, the first there is
LABEL = ("corrected_label", "cleaned_label", "choice", "label", "predicted_label")
HINT = "columns `image_id` or `path`, and `action` (keep, delete, relabel:LABEL) or `label`"


@dataclass(frozen=True)
class DecisionsFile:
    """What a CSV asks for.

    Attributes:
        choices: one a row that changes or confirms something.
        unmatched: what rows called a picture that the project does not have, or has more than once.
        absent: pictures of the project that no row is about.
    """

    choices: list[Choice]
    unmatched: list[str]
    absent: list[str]


def read(catalog: Catalog, path: Path) -> DecisionsFile:
    """Read decisions from a CSV.

    Raises:
        ReviewError: it cannot be read, or lacks a column, or a row's action is none.
    """
    columns, rows = _table(path)
    picture = next((name for name in PICTURE if name in columns), None)
    label = next((name for name in LABEL if name in columns), None)
    if picture is None or ("action" not in columns and label is None):
        raise ReviewError(f"{path} has the columns {', '.join(columns) or '(none)'}", hint=HINT)
    find = Finder(catalog)
    choices, unmatched, seen = [], [], set()
    for line, row in rows:
        image_id = find(row[picture])
        if image_id is None:
            unmatched.append(row[picture])
            continue
        seen.add(image_id)
        action = row["action"] if "action" in columns else _from_label(row, str(label))
        if action:
            choices.append(_choice(image_id, action, f"line {line} of {path}"))
    absent = [image.image_id for image in Ledger(catalog).images() if image.image_id not in seen]
    return DecisionsFile(choices, unmatched, absent)


def choice(image_id: str, action: str) -> Choice:
    """The choice that `keep`, `delete` or `relabel:LABEL` stands for.

    >>> choice("abc", "relabel:polar bear")
    Choice(image_id='abc', action='relabel', to='polar bear')
    """
    return _choice(image_id, action, "")


def _choice(image_id: str, action: str, where: str) -> Choice:
    word, _, label = (part.strip() for part in action.partition(":"))
    word = {"label": "relabel"}.get(word, word)
    if word not in ("keep", "delete", "relabel") or (word == "relabel") != bool(label):
        at = f"{where}: " if where else ""
        raise ReviewError(f"{at}`{action}` is no decision", hint="keep, delete, or relabel:LABEL")
    return Choice(image_id, word, label or None)


def _from_label(row: dict[str, str], column: str) -> str:
    """The action of a row that names a label; "" for one that says nothing."""
    if row.get("is_label_issue", "true").strip().lower() in ("false", "0", ""):
        return ""
    label = row[column].strip()
    if label.startswith("{"):  # Label Studio's way for several choices
        chosen = json.loads(label).get("choices", [])
        label = chosen[0] if len(chosen) == 1 else ""
    return f"relabel:{label}" if label else ""


def _table(path: Path) -> tuple[list[str], Iterator[tuple[int, dict[str, str]]]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ReviewError(f"{path} cannot be read: {error}", hint="a CSV in UTF-8") from error
    reader: csv.DictReader[Any] = csv.DictReader(text.splitlines())
    columns = [name.strip() for name in reader.fieldnames or []]
    reader.fieldnames = columns
    return columns, ((reader.line_num, {key: value or "" for key, value in row.items() if key}) for row in reader)


class Finder:
    """Finds a picture by what people call it."""

    def __init__(self, catalog: Catalog) -> None:
        images = catalog.images()
        self.ids = [image.image_id for image in images]
        self.ends: dict[str, set[str]] = defaultdict(set)
        names = [(image.path, image.image_id) for image in images]
        names += [(source.origin, str(source.image_id)) for source in catalog.origins()]
        for name, image_id in names:
            parts = PurePosixPath(name).parts
            for n in range(1, min(len(parts), 4) + 1):
                self.ends["/".join(parts[-n:])].add(image_id)
            self.ends[name].add(image_id)

    def __call__(self, name: str) -> str | None:
        """The id of the picture of this id, beginning of one, or path; None where none, or several, fit."""
        name = name.strip().replace("\\", "/")
        if len(name) >= 6 and len(found := [one for one in self.ids if one.startswith(name)]) == 1:
            return found[0]
        if len(found_by_end := self.ends.get(name, set())) == 1:
            return next(iter(found_by_end))
        parts = PurePosixPath(name.partition("?d=")[2] or name).parts
        ends = ["/".join(parts[-n:]) for n in range(min(len(parts), 4), 0, -1)]
        if parts and parts[-1][8:9] == "-":  # Label Studio: 1a2b3c4d-name.jpg
            ends.append(parts[-1][9:])
        return next((next(iter(ids)) for end in ends if len(ids := self.ends.get(end, set())) == 1), None)
