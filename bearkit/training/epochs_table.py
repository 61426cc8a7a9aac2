"""Read a table of epochs as training tools write it: fastai, Keras, Lightning, timm, the Hugging Face Trainer, YOLO."""

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from bearkit.core import text_table
from bearkit.core.text_table import Table
from bearkit.errors import ImportSourceError

TRAIN_LOSS = (
    "train_loss", "loss", "training_loss", "train_loss_epoch", "train/loss", "loss/train", "train loss",
    "training loss",
)  # fmt: skip
VALID_LOSS = (
    "valid_loss", "val_loss", "validation_loss", "eval_loss", "test_loss", "val_loss_epoch", "val/loss", "valid/loss",
    "eval/loss", "loss/val", "loss/valid", "valid loss", "val loss", "validation loss",
)  # fmt: skip
ERROR = ("error_rate", "valid_error", "val_error", "eval_error", "validation_error", "valid_error_rate", "error")
ACCURACY = (
    "val_accuracy", "valid_accuracy", "validation_accuracy", "eval_accuracy", "val_acc", "valid_acc", "eval_acc",
    "val_categorical_accuracy", "val_sparse_categorical_accuracy", "val_binary_accuracy", "val_acc_epoch",
    "val_accuracy_epoch", "val/acc", "val/accuracy", "valid/accuracy", "eval/accuracy", "metrics/accuracy_top1",
    "validation accuracy",
)  # fmt: skip
# Names such as `val_multiclass_acc`; not those of top-5 accuracies.
OTHER_ACCURACY = re.compile(r"(?!.*(?:top|5))(?:val|valid|validation|eval|test)[_/ ].*acc(?:uracy)?")
PERCENT = ("eval_top1", "val_top1", "eval_acc1", "val_acc1", "test_acc1", "eval_prec1")  # accuracies in percent
FASTAI_ACCURACY = ("accuracy", "acc")  # of the validation images, if the loss is called valid_loss
HINT = (
    "it needs a training loss (train_loss, loss), a validation loss (valid_loss, val_loss, eval_loss), and error_rate "
    "or a validation accuracy (val_accuracy, eval_accuracy, eval_top1)"
)
Columns = tuple[list[float], list[float], list[float]]
EPOCH = ("epoch", "epochs", "ep", "epoch_number", "epoch_idx", "current_epoch")
MOST_NAMED = 5  # epochs named in a note


@dataclass(frozen=True)
class _Row:
    """A row of the table.

    Attributes:
        epoch: its epoch and -1; for a row without an epoch, the epoch of the row before and the row's own number, so
            that it is an epoch of its own.
        cells: its numbers by column.
        line: its line in the file.
    """

    epoch: tuple[int, int]
    cells: dict[str, float]
    line: int


def read_table(path: Path) -> Columns:
    """Read a table of epochs as `read_epochs` does, without the notes."""
    return read_epochs(path)[0]


def read_epochs(path: Path) -> tuple[Columns, list[str]]:
    """Read a table of epochs from CSV, JSON or JSON lines.

    If an epoch has several rows, as in logs of steps, its training loss is their mean, and of its other numbers the
    last counts. Accuracies become error rates. A column `epoch` gives the order; if epochs are repeated, the later
    rows count.

    Returns:
        train_loss, valid_loss and error_rate, one number an epoch each; and notes on how the table was read.

    Raises:
        ImportSourceError: the file cannot be read, has no such columns, or a cell is not a number.
    """
    table = text_table.read_table(path)
    train, valid = _fullest(table, TRAIN_LOSS), _fullest(table, VALID_LOSS)
    error, share_of = _error(table, valid)
    if train is None or valid is None or error is None:
        needed = ("a training loss", train), ("a validation loss", valid), ("an error rate or accuracy", error)
        raise ImportSourceError(
            f"{path} is not a table of epochs: it has no column of {', '.join(n for n, column in needed if not column)}"
            f"; its columns are {', '.join(table.columns) or '(none)'}",
            hint=HINT,
        )
    names, notes = (train, valid, error), list[str]()
    rows = _epochs(_without_repeated(_rows(table, path, names), error, notes), names, notes)
    if not rows:
        raise ImportSourceError(f"{path} has no epoch with all of {train}, {valid} and {error}", hint=HINT)
    losses, valid_losses, rates = (list(column) for column in zip(*rows, strict=True))
    if error not in PERCENT and (outside := [rate for rate in rates if math.isfinite(rate) and not 0 <= rate <= 1]):
        raise ImportSourceError(
            f"{path}: {error} is a share between 0 and 1, not {outside[0]:g}", hint="divide percentages by 100"
        )
    return (losses, valid_losses, [share_of(rate) for rate in rates]), notes


def _fullest(table: Table, names: Sequence[str]) -> str | None:
    """Return the column with the most filled cells among these names, the first of equals; None if there is none."""
    present = [name for name in names if name in table.columns]
    return max(present, key=lambda name: sum(bool(row.cells[name]) for row in table.rows), default=None)


def _error(table: Table, valid: str | None) -> tuple[str | None, Callable[[float], float]]:
    """Return the column of the error rate or accuracy, and the function from its values to error rates."""
    if error := _fullest(table, ERROR):
        return error, lambda rate: rate
    others = [name for name in table.columns if OTHER_ACCURACY.fullmatch(name) and name not in PERCENT]
    accuracy = _fullest(table, (*ACCURACY, *(FASTAI_ACCURACY if valid == "valid_loss" else ()), *others))
    if accuracy:
        return accuracy, lambda share: 1 - share
    return _fullest(table, PERCENT), lambda percent: 1 - percent / 100


def _rows(table: Table, path: Path, names: tuple[str, str, str]) -> list[_Row]:
    """Read the numbers and the epoch of each row.

    Raises:
        ImportSourceError: a row has more cells than there are columns, or a cell is not a number.
    """
    epoch_column = table.first(EPOCH)
    rows: list[_Row] = []
    for number, row in enumerate(table.rows):
        if row.extra:
            raise ImportSourceError(
                f"{path} is not a table of epochs: line {row.line} has more cells than there are columns",
                hint="where a comma is the decimal point, separate the columns with ;",
            )
        value = text_table.parse_number(row.cells[epoch_column]) if epoch_column else None
        epoch_before = rows[-1].epoch[0] if rows else -1
        has_epoch = value is not None and math.isfinite(value)
        # In logs of steps an epoch may be a fraction: 0.5 is within the epoch that ends at 1.
        epoch = (math.ceil(float(value or 0) - 1e-6), -1) if has_epoch else (epoch_before, number)
        cells = {name: _number(row.cells[name], name, row.line, path) for name in names if row.cells[name]}
        rows.append(_Row(epoch, cells, row.line))
    return rows


def _without_repeated(rows: Sequence[_Row], error: str, notes: list[str]) -> list[_Row]:
    """Drop rows of epochs that later rows repeat: a training was appended, or resumed from an earlier epoch.

    Epochs that appear once stay, in whatever order they are.
    """
    earlier: list[_Row] = []  # of earlier trainings
    current: list[_Row] = []
    for row in rows:
        if current and row.epoch < current[-1].epoch:
            earlier, current = earlier + current, []
        current.append(row)
        if error in row.cells and any(other.epoch == row.epoch and error in other.cells for other in earlier):
            first = min(other.epoch for other in current)
            remaining = [other for other in earlier if other.epoch < first]
            notes.append(
                f"from line {current[0].line} on, the table repeats epochs from epoch {first[0]}: "
                f"the {len(earlier) - len(remaining)} earlier rows of these epochs are left out"
            )
            earlier = remaining
    return earlier + current


def _epochs(rows: Sequence[_Row], names: tuple[str, str, str], notes: list[str]) -> list[tuple[float, float, float]]:
    """Merge the rows of each epoch, in the order of epochs: (train loss, valid loss, error) of each complete epoch.

    In the last epochs two empty losses are NaN, which pandas writes as empty cells: the training diverged. Any other
    empty cell is a gap, and its epoch is left out with a note.
    """
    if [row.epoch for row in rows] != sorted(row.epoch for row in rows):
        notes.append("the rows are not in the order of their epochs: they were sorted")
    groups: dict[tuple[int, int], list[dict[str, float]]] = {}
    for row in sorted(rows, key=lambda row: row.epoch):
        groups.setdefault(row.epoch, []).append(row.cells)
    log_of_steps = any(len(cells) > 1 for cells in groups.values())
    train, valid, error = names
    merged: list[tuple[float, float, float]] = []
    gaps: dict[int, list[str]] = {}
    for (epoch, _), rows_of_epoch in groups.items():
        losses = [cells[train] for cells in rows_of_epoch if train in cells]
        last = {name: value for cells in rows_of_epoch for name, value in cells.items()}
        diverged = not losses and valid not in last
        if error not in last or not (merged or (losses and valid in last)):
            if not log_of_steps and last:
                gaps[epoch] = [name for name in names if name not in last]
            continue
        if not log_of_steps and not diverged and (lacks := [name for name in (train, valid) if name not in last]):
            gaps[epoch] = lacks
            continue
        before = merged[-1] if log_of_steps and merged else (math.nan, math.nan)
        loss = sum(losses) / len(losses) if losses else before[0]
        merged.append((loss, last.get(valid, before[1]), last[error]))
    last_finite = max((n for n, row in enumerate(merged) if not math.isnan(row[0] + row[1])), default=len(merged))
    complete = [
        row for n, row in enumerate(merged) if n >= last_finite or log_of_steps or not math.isnan(row[0] + row[1])
    ]
    notes += [f"epoch {epoch} has no {', '.join(lacks)}: it is left out" for epoch, lacks in gaps.items()]
    _note_missing_epochs([epoch for epoch, _ in groups], notes)
    return complete


def _note_missing_epochs(epochs: Sequence[int], notes: list[str]) -> None:
    """Add a note that names the epochs missing between others; logs of every fifth epoch miss none."""
    steps = [after - before for before, after in pairwise(epochs) if after > before]
    if not steps or max(steps) == min(steps):
        return
    missing = [
        str(epoch) for before, after in pairwise(epochs) for epoch in range(before + min(steps), after, min(steps))
    ]
    more = f" and {len(missing) - MOST_NAMED} more" if len(missing) > MOST_NAMED else ""
    if missing:
        notes.append(f"epochs {', '.join(missing[:MOST_NAMED])}{more} are missing")


def _number(text: str, name: str, line: int, path: Path) -> float:
    value = text_table.parse_number(text.removesuffix("%").strip())
    if value is None:
        raise ImportSourceError(
            f"{path} is not a table of epochs: `{text}` in the column `{name}`, line {line}, is not a number",
            hint=HINT,
        )
    return value
