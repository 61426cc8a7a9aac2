"""Decisions from a table: our own, or another tool's list of cleaned labels.

    image_id or path, action          keep, delete, relabel:LABEL; what `bearkit export-dataset --format csv` writes
    name, label                       fastai's cleaned.csv: a file and its label now; deleted pictures are not listed
    path, is_label_issue, predicted_label       cleanlab's issues, where a path was kept beside them
    filepath, ground_truth            FiftyOne's CSV export
    image, choice                     Label Studio's CSV export; its uploads have a prefix before the file's name

A picture is known by its id, or by a path: in the project, where it was imported from, or the end of either if that
fits one picture only. A row that does not clearly ask for a change changes nothing, or is an error. Rows about one
picture (Label Studio writes one for each annotator) that ask for the same are one; those that differ are an error.
"""

import bisect
import json
import unicodedata
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from urllib.parse import unquote

from bearkit.catalog.catalog import Catalog
from bearkit.catalog.decision_types import DecisionRequest
from bearkit.catalog.decisions import DecisionLog
from bearkit.catalog.labels import label_of, label_problem
from bearkit.core import text_table
from bearkit.core.text import count
from bearkit.core.text_table import Row, Table
from bearkit.errors import ImportSourceError, ReviewError
from bearkit.sources.image_names import of_label_studio

PICTURE = (  # columns, the first there is
    "image_id", "path", "filepath", "file_path", "image_path", "img_path", "name", "file_name", "filename", "file",
    "image", "img", "photo", "picture", "url", "image_url", "origin",
)  # fmt: skip
LABEL = (  # what a person wrote, the first there is
    "corrected_label", "cleaned_label", "new_label", "choice", "label", "ground_truth", "ground_truth.label",
)  # fmt: skip
GUESS = ("predicted_label", "suggested_label", "predictions.label")  # what a model says
ISSUE = "is_label_issue"
EMPTY = ("", "none", "null", "nan", "na", "n/a", "<na>", "-")  # how tools write that there is no label
SHOWN = 3  # pictures that an error names
OWN_PREDICTIONS = {"label", "probability", "known", "similarity"}  # columns of `bearkit predict --csv`
HINT = "columns `image_id` or `path`, and `action` (keep, delete, relabel:LABEL) or `label`"


@dataclass(frozen=True)
class DecisionsFile:
    """What a table asks for.

    Attributes:
        choices: one a row that changes or confirms something.
        unmatched: what rows called a picture that the project does not have, or has more than once.
        absent: how many pictures of the project no row is about.
    """

    choices: list[DecisionRequest]
    unmatched: list[str]
    absent: int


def read(catalog: Catalog, path: Path) -> DecisionsFile:
    """Read decisions from a CSV, or from JSON objects.

    Raises:
        ReviewError: it cannot be read, or lacks a column, or what a row asks for is not clear, or two rows about one
            picture ask for different things.
    """
    try:
        table = text_table.read_table(path)
    except ImportSourceError as error:
        raise ReviewError(str(error), hint=error.hint) from error
    picture, label = table.first(PICTURE), _label_column(table, path)
    if picture is None or ("action" not in table.columns and label is None):
        raise ReviewError(f"{path} has the columns {', '.join(table.columns) or '(none)'}", hint=HINT)
    find = Finder(catalog)
    ledger = DecisionLog(catalog)
    present = {image.image_id: image.label for image in ledger.images()}
    deleted = {one: row.from_label or "" for one, row in ledger.present().items() if row.action == "delete"}
    now = deleted | present
    labels = {image.label for image in catalog.images()} | set(present.values())
    asked: dict[str, list[_Asked]] = defaultdict(list)
    unmatched: list[str] = []
    for row in table.rows:
        where = f"line {row.line} of {path}"
        if row.extra:
            raise ReviewError(
                f"{where} has {len(row.extra)} more cells than there are columns: `{row.extra[0]}`",
                hint="put quotes around a text that holds the separator",
            )
        image_id = find(row.cells[picture])
        if image_id is None:
            unmatched.append(row.cells[picture])
            continue
        rows, label_now = asked[image_id], now.get(image_id, "")
        action = _action(row, label, label_now, labels, where)
        choice = _choice(image_id, action, where) if action else None
        if choice is not None and choice.action == "beside":
            other = find(str(choice.to))
            if other is None:
                unmatched.append(str(choice.to))
                continue
            choice = replace(choice, to=other)
        rows.append(_Asked(row.line, choice, _outcome(row, label, choice, label_now)))
    paths = {image.image_id: image.path for image in catalog.images()}
    _no_conflicts({paths[image_id]: every for image_id, every in asked.items()}, path)
    choices = [choice for every in asked.values() for choice in _each_once(every)]
    return DecisionsFile(choices, unmatched, len(present.keys() - asked.keys()))


@dataclass(frozen=True)
class _Asked:
    """What a row asks for, and what its picture would be then: a label or a word, "" where it says nothing of that."""

    line: int
    choice: DecisionRequest | None
    outcome: str


def _outcome(row: Row, column: str | None, choice: DecisionRequest | None, present: str) -> str:
    """What a row says that its picture is; also where that is what it is already."""
    if choice is not None and choice.action == "beside":
        return ""
    if choice is not None:
        return {"delete": "deleted", "unlabel": "without a label"}.get(choice.action, f"`{choice.to or present}`")
    if "action" in row.cells or column is None:
        return ""
    if ISSUE in row.cells:
        return f"`{present}`" if row.cells[ISSUE].lower() not in EMPTY else ""
    said = label_of(row.cells[column])
    if said.startswith(("{", "[")):
        said = label_of(_one_choice(said, ""))
    return f"`{said}`" if said and said == present else ""


def _no_conflicts(asked: Mapping[str, Sequence[_Asked]], path: Path) -> None:
    """See that no two rows about a picture contradict each other.

    Raises:
        ReviewError: they do: nobody can say which of them is right.
    """
    conflicts = []
    for image, every in asked.items():
        rows = {one.outcome: one.line for one in reversed(every) if one.outcome}
        if len(rows) > 1:
            conflicts.append((image, sorted((line, outcome) for outcome, line in rows.items())))
    if not conflicts:
        return
    said = []
    for row in conflicts[:SHOWN]:
        what = ", ".join(f"{says} in line {line}" for line, says in row[1])
        said.append(f"{row[0]} is {what}")
    more = f"; and {len(conflicts) - SHOWN} more" if len(conflicts) > SHOWN else ""
    raise ReviewError(
        f"rows of {path} contradict each other about {count(len(conflicts), 'picture')}: {'; '.join(said)}{more}",
        hint="nothing was stored: leave one row for each picture, or make its rows say the same",
        conflicts=[{"path": image, "lines": [line for line, _ in every]} for image, every in conflicts],
    )


def _each_once(asked: Sequence[_Asked]) -> list[DecisionRequest]:
    """What the rows about one picture ask for, without what is said again."""
    choices = [one.choice for one in asked if one.choice is not None]
    main = [one for one in choices if one.action != "beside"][:1]
    return [*main, *dict.fromkeys(one for one in choices if one.action == "beside")]


def choice(image_id: str, action: str) -> DecisionRequest:
    """The choice that `keep`, `delete` or `relabel:LABEL` stands for.

    >>> choice("abc", "relabel:polar bear")
    DecisionRequest(image_id='abc', action='relabel', to='polar bear')
    """
    return _choice(image_id, action, "")


def _choice(image_id: str, action: str, where: str) -> DecisionRequest:
    word, _, label = (part.strip() for part in action.partition(":"))
    word = {"label": "relabel"}.get(word.lower(), word.lower())
    at = f"{where}: " if where else ""
    if word not in ("keep", "delete", "unlabel", "relabel", "beside") or (word in ("relabel", "beside")) != bool(label):
        raise ReviewError(f"{at}`{action}` is no decision", hint="keep, delete, unlabel, or relabel:LABEL")
    if word == "relabel" and (problem := label_problem(label)):
        raise ReviewError(f"{at}this cannot be a label: {problem}", hint="name a label with letters that can be seen")
    written = action.partition(":")[2]
    return DecisionRequest(image_id, word, label_of(label) if word == "relabel" else label or None, written)


def _label_column(table: Table, path: Path) -> str | None:
    """Which column says what a picture's label is now; a model's guesses only where another column says which are used.

    Raises:
        ReviewError: it is a table of predictions: nobody has decided anything.
    """
    written, guessed = table.first(LABEL), table.first(GUESS)
    if ISSUE in table.columns and guessed and written not in LABEL[:3]:
        return guessed  # `label` is the given one then
    predictions = set(table.columns) >= OWN_PREDICTIONS or (written is None and guessed)
    if predictions and "action" not in table.columns:
        raise ReviewError(
            f"{path} holds predictions, and no column says which of them are to be labels",
            hint=f"add a column `{ISSUE}` (true or false) or `action`, or call the labels `corrected_label`",
        )
    return written


def _action(row: Row, column: str | None, present: str, labels: Collection[str], where: str) -> str:
    """What a row asks for; "" for nothing: nobody may have looked, or it names the label that the picture has."""
    if "action" in row.cells:
        return "" if row.cells["action"].lower() in EMPTY else row.cells["action"]
    assert column is not None
    if ISSUE in row.cells and not _is_yes(row.cells, where):
        return ""
    label = row.cells[column]
    if label.startswith(("{", "[")):  # Label Studio's way for several choices
        label = _one_choice(label, where)
    if label == present:  # of an older bearkit, it may be one that could not come today
        return ""
    if problem := label_problem(label.strip()):
        raise ReviewError(f"{where}: this cannot be a label: {problem}", hint="leave the cell empty, or name a label")
    written, label = label, label_of(label)
    if not label or label == label_of(present) or (label.lower() in EMPTY and label not in labels):
        return ""
    if "\N{REPLACEMENT CHARACTER}" in label:
        raise ReviewError(f"{where}: the label `{label}` has letters that cannot be read", hint="save it in UTF-8")
    if column in GUESS and label not in labels:
        raise ReviewError(
            f"{where}: `{label}` in the column `{column}` is no label of this project",
            hint=f"write the name of a label instead of its number; there are {', '.join(sorted(labels)[:5])}",
        )
    return f"relabel:{written}"


def _is_yes(cells: Mapping[str, str], where: str) -> bool:
    """Whether a row is marked as an issue.

    Raises:
        ReviewError: it says neither yes nor no.
    """
    answer = text_table.yes_or_no(cells[ISSUE])
    if answer is None:
        raise ReviewError(f"{where}: `{cells[ISSUE]}` in the column `{ISSUE}` is no yes or no", hint="true or false")
    return answer


def _one_choice(text: str, where: str) -> str:
    """The label of `{"choices": [LABEL]}` or `[LABEL]`; "" where there are none or several."""
    try:
        value = json.loads(text)
        chosen = value["choices"] if isinstance(value, dict) else value
        return str(chosen[0]).strip() if len(chosen) == 1 else ""
    except (ValueError, KeyError, TypeError) as error:
        raise ReviewError(f"{where}: `{text}` is no label", hint="a name, or Label Studio's choices") from error


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
        written = of_label_studio(name)
        for parts in dict.fromkeys((_parts(written), _parts(unquote(written)))):
            for n in (len(parts), 3, 2):
                found = self.ends.get(parts[-n:], set()) if n <= len(parts) else set()
                if len(found) == 1:
                    return next(iter(found))
        return None


def _parts(name: str) -> tuple[str, ...]:
    return PurePosixPath(unicodedata.normalize("NFC", name).replace("\\", "/")).parts
