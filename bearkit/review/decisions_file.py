"""Decisions from a CSV: our own, or another tool's list of cleaned labels.

    image_id or path, action          keep, delete, relabel:LABEL; what `bearkit export-dataset --format csv` writes
    name, label                       fastai's cleaned.csv: a file and its label now; deleted pictures are not listed
    path, is_label_issue, predicted_label       cleanlab's issues, where a path was kept beside them
    image, choice                     Label Studio's CSV export; its uploads have a prefix before the file's name

A picture is known by its id, or by a path: in the project, where it was imported from, or the end of either if that
fits one picture only.
"""

import bisect
import csv
import io
import json
import re
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from bearkit.catalog.catalog import Catalog
from bearkit.catalog.choices import Choice
from bearkit.catalog.ledger import Ledger
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
        absent: how many pictures of the project no row is about.
    """

    choices: list[Choice]
    unmatched: list[str]
    absent: int


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
    present = {image.image_id: image.label for image in Ledger(catalog).images()}
    choices, unmatched, seen = [], [], set()
    for line, row in rows:
        image_id = find(row[picture])
        if image_id is None:
            unmatched.append(row[picture])
            continue
        seen.add(image_id)
        action = row["action"] if "action" in columns else _from_label(row, str(label), present.get(image_id, ""))
        if action:
            choices.append(_choice(image_id, action, f"line {line} of {path}"))
    return DecisionsFile(choices, unmatched, len(set(present) - seen))


def choice(image_id: str, action: str) -> Choice:
    """The choice that `keep`, `delete` or `relabel:LABEL` stands for.

    >>> choice("abc", "relabel:polar bear")
    Choice(image_id='abc', action='relabel', to='polar bear')
    """
    return _choice(image_id, action, "")


def _choice(image_id: str, action: str, where: str) -> Choice:
    word, _, label = (part.strip() for part in action.partition(":"))
    word = {"label": "relabel"}.get(word, word)
    if word not in ("keep", "delete", "unlabel", "relabel", "beside") or (word in ("relabel", "beside")) != bool(label):
        at = f"{where}: " if where else ""
        raise ReviewError(f"{at}`{action}` is no decision", hint="keep, delete, unlabel, or relabel:LABEL")
    return Choice(image_id, word, label or None)


def _from_label(row: dict[str, str], column: str, present: str) -> str:
    """The action of a row that names a label; "" for one that says nothing new: it may be that nobody looked."""
    if row.get("is_label_issue", "true").strip().lower() in ("false", "0", ""):
        return ""
    label = row[column].strip()
    if label.startswith('{"choices"'):  # Label Studio's way for several choices
        chosen = json.loads(label)["choices"]
        label = chosen[0] if len(chosen) == 1 else ""
    return f"relabel:{label}" if label and label != present else ""


def _table(path: Path) -> tuple[list[str], list[tuple[int, dict[str, str]]]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ReviewError(f"{path} cannot be read: {error}", hint="a CSV in UTF-8") from error
    try:
        reader: csv.DictReader[Any] = csv.DictReader(io.StringIO(text, newline=""))
        columns = [name.strip() for name in reader.fieldnames or []]
        reader.fieldnames = columns
        return columns, [(reader.line_num, {key: value or "" for key, value in row.items() if key}) for row in reader]
    except csv.Error as error:
        raise ReviewError(f"{path} is no CSV: {error}", hint=HINT) from error


class Finder:
    """Finds a picture by what people call it: its id, at least six characters of it, or a path or the end of one.

    A path that names a folder is never taken for the same file name in another folder.
    """

    def __init__(self, catalog: Catalog) -> None:
        images = catalog.images()
        self.ids = sorted(image.image_id for image in images)
        self.ends: dict[tuple[str, ...], set[str]] = defaultdict(set)
        names = [(image.path, image.image_id) for image in images]
        names += [(source.origin, str(source.image_id)) for source in catalog.origins()]
        for name, image_id in names:
            parts = _parts(name)
            for n in {1, 2, 3, len(parts)}:
                self.ends[parts[-n:]].add(image_id)

    def __call__(self, name: str) -> str | None:
        """The id of the picture of this name; None where none, or several, fit."""
        name = name.strip()
        place = bisect.bisect_left(self.ids, name)
        begun = [one for one in self.ids[place : place + 2] if one.startswith(name)] if len(name) >= 6 else []
        if len(begun) == 1:
            return begun[0]
        if uploaded := re.fullmatch(r"/data/upload/(?:.*/)?[0-9a-f]{8}-([^/]+)", name):  # by Label Studio
            name = uploaded.group(1)
        parts = _parts(name.partition("?d=")[2] or name)  # Label Studio's way to name a local file
        for n in (len(parts), 3, 2):
            found = self.ends.get(parts[-n:], set()) if n <= len(parts) else set()
            if len(found) == 1:
                return next(iter(found))
        return None


def _parts(name: str) -> tuple[str, ...]:
    return PurePosixPath(name.replace("\\", "/")).parts
