"""Read decisions from a table: bearkit's own, or another tool's list of corrected labels.

    image_id or path, action          keep, delete, relabel:LABEL; written by `bearkit export-dataset --format csv`
    name, label                       fastai's cleaned.csv: a file and its current label; deleted images are not listed
    path, is_label_issue, predicted_label       cleanlab's issues, saved with a path for each row
    filepath, ground_truth            FiftyOne's CSV export
    image, choice                     Label Studio's CSV export; uploads have a prefix before the file name

`ImageFinder` finds a row's image by id or path. A row that does not clearly ask for a change changes nothing, or is an
error. Rows about one image (Label Studio writes one for each annotator) that agree are one decision; rows that differ
are an error.
"""

import json
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bearkit.catalog.catalog import Catalog
from bearkit.catalog.decision_types import DecisionRequest
from bearkit.catalog.decisions import DecisionLog
from bearkit.catalog.labels import clean_label, label_problem
from bearkit.core import text_table
from bearkit.core.text import count
from bearkit.core.text_table import Row, Table
from bearkit.errors import ImportSourceError, ReviewError
from bearkit.labelling.image_finder import ImageFinder

IMAGE_COLUMNS = (  # the first that a table has names the image
    "image_id", "path", "filepath", "file_path", "image_path", "img_path", "name", "file_name", "filename", "file",
    "image", "img", "photo", "picture", "url", "image_url", "origin",
)  # fmt: skip
CORRECTED_COLUMNS = ("corrected_label", "cleaned_label", "new_label")
LABEL_COLUMNS = (*CORRECTED_COLUMNS, "choice", "label", "ground_truth", "ground_truth.label")  # written by a person
PREDICTED_COLUMNS = ("predicted_label", "suggested_label", "predictions.label")  # written by a model
ISSUE_COLUMN = "is_label_issue"
EMPTY = ("", "none", "null", "nan", "na", "n/a", "<na>", "-")  # how tools write that there is no label
MAX_CONFLICTS_NAMED = 3  # in an error
BEARKIT_PREDICTIONS = {"label", "probability", "known", "similarity"}  # columns of `bearkit predict --csv`
ACTIONS_HINT = "keep, delete, unlabel, or relabel:LABEL"
HINT = "columns `image_id` or `path`, and `action` (keep, delete, relabel:LABEL) or `label`"


@dataclass(frozen=True)
class DecisionsFile:
    """The contents of a table of decisions.

    Attributes:
        requests: one for each row that changes or confirms something.
        unmatched: names in the table that match no image of the project, or several.
        absent: the number of the project's images that no row is about.
    """

    requests: list[DecisionRequest]
    unmatched: list[str]
    absent: int


@dataclass(frozen=True)
class _ParsedRow:
    """What a row asks for.

    Attributes:
        line: of the file.
        request: None if the row asks for nothing.
        outcome: what the image would be, such as "`teddy`" or "deleted"; "" if the row says nothing about it. Rows
            about one image must not have different outcomes.
    """

    line: int
    request: DecisionRequest | None
    outcome: str


def read_decisions(catalog: Catalog, path: Path) -> DecisionsFile:
    """Read decisions from a CSV file, or from JSON objects.

    Raises:
        ReviewError: the file cannot be read.
        ReviewError: it lacks a column.
        ReviewError: it is not clear what a row asks for.
        ReviewError: two rows about one image ask for different things.
    """
    try:
        table = text_table.read_table(path)
    except ImportSourceError as error:
        raise ReviewError(str(error), hint=error.hint) from error
    image_column, label_column = table.first(IMAGE_COLUMNS), _label_column(table, path)
    if image_column is None or ("action" not in table.columns and label_column is None):
        raise ReviewError(f"{path} has the columns {', '.join(table.columns) or '(none)'}", hint=HINT)
    find, labels = ImageFinder(catalog), _Labels(catalog)
    parsed: dict[str, list[_ParsedRow]] = defaultdict(list)  # by image id
    unmatched: list[str] = []
    for row in table.rows:
        where = f"line {row.line} of {path}"
        if row.extra:
            raise ReviewError(
                f"{where} has {len(row.extra)} more cells than there are columns: `{row.extra[0]}`",
                hint="put quotes around a text that contains the separator",
            )
        image_id = find(row.cells[image_column])
        if image_id is None:
            unmatched.append(row.cells[image_column])
            continue
        rows, label = parsed[image_id], labels.current.get(image_id, "")
        action = _action(row, label_column, label, labels.used, where)
        request = _request(image_id, action, where) if action else None
        if request is not None and request.action == "beside":
            other = find(str(request.to))
            if other is None:
                unmatched.append(str(request.to))
                continue
            request = replace(request, to=other)
        rows.append(_ParsedRow(row.line, request, _outcome(row, label_column, request, label)))
    _check_conflicts({labels.paths[image_id]: rows for image_id, rows in parsed.items()}, path)
    requests = [request for rows in parsed.values() for request in _unique_requests(rows)]
    return DecisionsFile(requests, unmatched, len(labels.present - parsed.keys()))


class _Labels:
    """The labels of a project at this moment.

    Attributes:
        present: ids of the images that are not deleted.
        current: the label of each image by id; for a deleted image, its last one.
        used: all labels, those that images were imported with included.
        paths: of each image, by id.
    """

    def __init__(self, catalog: Catalog) -> None:
        log, imported = DecisionLog(catalog), catalog.images()
        labels = {image.image_id: image.label for image in log.images()}
        deleted = {one: row.from_label or "" for one, row in log.current().items() if row.action == "delete"}
        self.present = labels.keys()
        self.current = deleted | labels
        self.used = {image.label for image in imported} | set(labels.values())
        self.paths = {image.image_id: image.path for image in imported}


def _outcome(row: Row, label_column: str | None, request: DecisionRequest | None, label: str) -> str:
    """What the image would be after this row, also if it is that already."""
    if request is not None and request.action == "beside":
        return ""
    if request is not None:
        return {"delete": "deleted", "unlabel": "without a label"}.get(request.action, f"`{request.to or label}`")
    if "action" in row.cells or label_column is None:
        return ""
    if ISSUE_COLUMN in row.cells:
        return f"`{label}`" if row.cells[ISSUE_COLUMN].lower() not in EMPTY else ""
    cell = clean_label(row.cells[label_column])
    if cell.startswith(("{", "[")):
        cell = clean_label(_single_choice(cell, ""))
    return f"`{cell}`" if cell and cell == label else ""


def _check_conflicts(parsed: Mapping[str, Sequence[_ParsedRow]], path: Path) -> None:
    """Check that no two rows about one image contradict each other.

    Args:
        parsed: the rows about each image, by its path.
        path: of the table.

    Raises:
        ReviewError: two rows do: nobody can say which of them is right.
    """
    conflicts = []
    for image, rows in parsed.items():
        line_of = {row.outcome: row.line for row in reversed(rows) if row.outcome}  # the first line of each outcome
        if len(line_of) > 1:
            conflicts.append((image, sorted((line, outcome) for outcome, line in line_of.items())))
    if not conflicts:
        return
    texts = []
    for image, outcomes in conflicts[:MAX_CONFLICTS_NAMED]:
        texts.append(f"{image} is " + ", ".join(f"{outcome} in line {line}" for line, outcome in outcomes))
    more = f"; and {len(conflicts) - MAX_CONFLICTS_NAMED} more" if len(conflicts) > MAX_CONFLICTS_NAMED else ""
    raise ReviewError(
        f"rows of {path} contradict each other about {count(len(conflicts), 'picture')}: {'; '.join(texts)}{more}",
        hint="nothing was stored: leave one row for each picture, or make its rows agree",
        conflicts=[{"path": image, "lines": [line for line, _ in outcomes]} for image, outcomes in conflicts],
    )


def _unique_requests(rows: Sequence[_ParsedRow]) -> list[DecisionRequest]:
    """The requests about one image, without repetitions."""
    requests = [row.request for row in rows if row.request is not None]
    about_label = [request for request in requests if request.action != "beside"][:1]
    return [*about_label, *dict.fromkeys(request for request in requests if request.action == "beside")]


def parse_decision(image_id: str, action: str) -> DecisionRequest:
    """Parse `keep`, `delete`, `unlabel` or `relabel:LABEL`.

    Raises:
        ReviewError: it is none of these, or the label is not allowed.

    >>> parse_decision("abc", "relabel:polar bear")
    DecisionRequest(image_id='abc', action='relabel', to='polar bear')
    """
    return _request(image_id, action, "")


def _request(image_id: str, action: str, where: str) -> DecisionRequest:
    word, _, label = (part.strip() for part in action.partition(":"))
    word = {"label": "relabel"}.get(word.lower(), word.lower())
    prefix = f"{where}: " if where else ""
    if word not in ("keep", "delete", "unlabel", "relabel", "beside") or (word in ("relabel", "beside")) != bool(label):
        raise ReviewError(f"{prefix}`{action}` is not a decision", hint=ACTIONS_HINT)
    if word == "relabel" and (problem := label_problem(label)):
        raise ReviewError(f"{prefix}this cannot be a label: {problem}", hint="use a label with visible letters")
    written = action.partition(":")[2]
    return DecisionRequest(image_id, word, clean_label(label) if word == "relabel" else label or None, written)


def _label_column(table: Table, path: Path) -> str | None:
    """The column with the new labels. A model's predictions count only if another column says which to use.

    Raises:
        ReviewError: the table holds predictions only: nobody has decided anything.
    """
    written, predicted = table.first(LABEL_COLUMNS), table.first(PREDICTED_COLUMNS)
    if ISSUE_COLUMN in table.columns and predicted and written not in CORRECTED_COLUMNS:
        return predicted  # `label` is then the label before
    predictions = set(table.columns) >= BEARKIT_PREDICTIONS or (written is None and predicted)
    if predictions and "action" not in table.columns:
        raise ReviewError(
            f"{path} holds predictions, and no column says which of them to use as labels",
            hint=f"add a column `{ISSUE_COLUMN}` (true or false) or `action`, or call the labels `corrected_label`",
        )
    return written


def _action(row: Row, label_column: str | None, label: str, used: Collection[str], where: str) -> str:
    """The action that a row asks for; "" for none: the cell is empty, or names the current label.

    Args:
        row: of the table.
        label_column: the column with the new label.
        label: the image's current label.
        used: all labels of the project.
        where: the row's place, for errors.

    Raises:
        ReviewError: it is not clear what the row asks for.
    """
    if "action" in row.cells:
        return "" if row.cells["action"].lower() in EMPTY else row.cells["action"]
    assert label_column is not None
    if ISSUE_COLUMN in row.cells and not _is_issue(row.cells, where):
        return ""
    written = row.cells[label_column]
    if written.startswith(("{", "[")):  # how Label Studio writes choices
        written = _single_choice(written, where)
    if written == label:  # an older bearkit may have stored a label that is not allowed today
        return ""
    if problem := label_problem(written.strip()):
        raise ReviewError(f"{where}: this cannot be a label: {problem}", hint="leave the cell empty, or name a label")
    new = clean_label(written)
    if not new or new == clean_label(label) or (new.lower() in EMPTY and new not in used):
        return ""
    if "\N{REPLACEMENT CHARACTER}" in new:
        raise ReviewError(f"{where}: the label `{new}` has letters that cannot be read", hint="save it in UTF-8")
    if label_column in PREDICTED_COLUMNS and new not in used:
        raise ReviewError(
            f"{where}: `{new}` in the column `{label_column}` is no label of this project",
            hint=f"write the label's name instead of its number; labels: {', '.join(sorted(used)[:5])}",
        )
    return f"relabel:{written}"


def _is_issue(cells: Mapping[str, str], where: str) -> bool:
    """Whether a row is marked as a label issue.

    Raises:
        ReviewError: the cell is neither true nor false.
    """
    answer = text_table.parse_bool(cells[ISSUE_COLUMN])
    if answer is None:
        raise ReviewError(
            f"{where}: `{cells[ISSUE_COLUMN]}` in the column `{ISSUE_COLUMN}` is neither true nor false",
            hint="write true or false",
        )
    return answer


def _single_choice(text: str, where: str) -> str:
    """The label of `{"choices": [LABEL]}` or `[LABEL]`; "" for no choice or several.

    Raises:
        ReviewError: the text is not of this form.
    """
    try:
        value = json.loads(text)
        choices = value["choices"] if isinstance(value, dict) else value
        return str(choices[0]).strip() if len(choices) == 1 else ""
    except (ValueError, KeyError, TypeError) as error:
        raise ReviewError(f"{where}: `{text}` is not a label", hint="a name, or Label Studio's choices") from error
