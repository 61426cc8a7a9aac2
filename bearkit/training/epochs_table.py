"""Read a table of epochs as training tools write it: fastai, Keras, Lightning, timm, the Hugging Face Trainer, YOLO."""

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
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
OTHER_ACCURACY = re.compile(r"(?!.*(?:top|5))(?:val|valid|validation|eval|test)[_/ ].*acc(?:uracy)?")
PERCENT = ("eval_top1", "val_top1", "eval_acc1", "val_acc1", "test_acc1", "eval_prec1")  # accuracies in percent
FASTAI_ACCURACY = ("accuracy", "acc")  # of the validation pictures, where the loss is called valid_loss
HINT = (
    "it needs a loss of training (train_loss, loss), a loss of validation (valid_loss, val_loss, eval_loss), and "
    "error_rate or an accuracy of validation (val_accuracy, eval_accuracy, eval_top1)"
)
Columns = tuple[list[float], list[float], list[float]]
EPOCH = ("epoch", "epochs", "ep", "epoch_number", "epoch_idx", "current_epoch")
MOST_NAMED = 5  # epochs in a sentence


@dataclass(frozen=True)
class _Row:
    """A row: its epoch (and its number, where it names none), the numbers that it has, its line."""

    epoch: tuple[int, int]
    cells: dict[str, float]
    line: int


def read_table(path: Path) -> Columns:
    """What `read_epochs` reads, without its notes."""
    return read_epochs(path)[0]


def read_epochs(path: Path) -> tuple[Columns, list[str]]:
    """train_loss, valid_loss and error_rate of a CSV, of JSON or of JSON lines, one number an epoch.

    Where an epoch has several rows, as in logs of steps, its training loss is their mean, and the last of the others
    counts. Accuracies become error rates. A column `epoch` gives the order; what a later row tells anew counts.

    Returns:
        The three columns, and sentences about how the table was read.

    Raises:
        ImportSourceError: it cannot be read, or its columns are not known, or a cell is no number.
    """
    table = text_table.read_table(path)
    train, valid = _fullest(table, TRAIN_LOSS), _fullest(table, VALID_LOSS)
    error, share_of = _error(table, valid)
    if train is None or valid is None or error is None:
        needed = ("a training loss", train), ("a validation loss", valid), ("an error rate or accuracy", error)
        raise ImportSourceError(
            f"{path} is not a table of epochs: it has no column of {', '.join(n for n, found in needed if not found)}; "
            f"its columns are {', '.join(table.columns) or '(none)'}",
            hint=HINT,
        )
    names, notes = (train, valid, error), list[str]()
    rows = _epochs(_last_training(_rows(table, path, names), error, notes), names, notes)
    if not rows:
        raise ImportSourceError(f"{path} has no epoch with all of {train}, {valid} and {error}", hint=HINT)
    losses, valid_losses, rates = (list(column) for column in zip(*rows, strict=True))
    if error not in PERCENT and (outside := [rate for rate in rates if math.isfinite(rate) and not 0 <= rate <= 1]):
        raise ImportSourceError(
            f"{path}: {error} is a share between 0 and 1, not {outside[0]:g}", hint="divide percentages by 100"
        )
    return (losses, valid_losses, [share_of(rate) for rate in rates]), notes


def _fullest(table: Table, names: Sequence[str]) -> str | None:
    """The column of these names with the most numbers, the first of several."""
    there = [name for name in names if name in table.columns]
    return max(there, key=lambda name: sum(bool(row.cells[name]) for row in table.rows), default=None)


def _error(table: Table, valid: str | None) -> tuple[str | None, Callable[[float], float]]:
    """The column that tells the error, and how it becomes an error rate."""
    if error := _fullest(table, ERROR):
        return error, lambda rate: rate
    others = [name for name in table.columns if OTHER_ACCURACY.fullmatch(name) and name not in PERCENT]
    accuracy = _fullest(table, (*ACCURACY, *(FASTAI_ACCURACY if valid == "valid_loss" else ()), *others))
    if accuracy:
        return accuracy, lambda share: 1 - share
    return _fullest(table, PERCENT), lambda percent: 1 - percent / 100


def _rows(table: Table, path: Path, names: tuple[str, str, str]) -> list[_Row]:
    """The numbers of each row, with its epoch; a row that names none is by itself, after the one before it."""
    named_by = table.first(EPOCH)
    found: list[_Row] = []
    for number, row in enumerate(table.rows):
        if row.extra:
            raise ImportSourceError(
                f"{path} is not a table of epochs: line {row.line} has more cells than there are columns",
                hint="where a comma is the decimal point, separate the columns with ;",
            )
        named = text_table.number(row.cells[named_by]) if named_by else None
        before = found[-1].epoch[0] if found else -1
        known = named is not None and math.isfinite(named)
        epoch = (math.ceil(float(named or 0) - 1e-6), -1) if known else (before, number)
        cells = {name: _number(row.cells[name], name, row.line, path) for name in names if row.cells[name]}
        found.append(_Row(epoch, cells, row.line))
    return found


def _last_training(rows: Sequence[_Row], error: str, notes: list[str]) -> list[_Row]:
    """Without what a later row says anew: of a training that was appended, or that went on from an earlier epoch.

    Epochs that are told once, in whatever order, stay.
    """
    before: list[_Row] = []  # of earlier trainings
    now: list[_Row] = []
    for row in rows:
        if now and row.epoch < now[-1].epoch:
            before, now = before + now, []
        now.append(row)
        if error in row.cells and any(one.epoch == row.epoch and error in one.cells for one in before):
            first = min(one.epoch for one in now)
            kept = [one for one in before if one.epoch < first]
            notes.append(
                f"from line {now[0].line} on, the epochs are told anew from epoch {first[0]}: "
                f"the {len(before) - len(kept)} earlier rows of these epochs are left out"
            )
            before = kept
    return before + now


def _epochs(rows: Sequence[_Row], names: tuple[str, str, str], notes: list[str]) -> list[tuple[float, float, float]]:
    """The numbers of each epoch that has all of them, by the number of the epoch.

    Where the last epochs have neither loss, both are nan: so pandas writes it. Another empty cell is a gap.
    """
    if [row.epoch for row in rows] != sorted(row.epoch for row in rows):
        notes.append("the rows are not in the order of their epochs: they were sorted")
    groups: dict[tuple[int, int], list[dict[str, float]]] = {}
    for row in sorted(rows, key=lambda row: row.epoch):
        groups.setdefault(row.epoch, []).append(row.cells)
    several = any(len(cells) > 1 for cells in groups.values())
    train, valid, error = names
    found: list[tuple[float, float, float]] = []
    gaps: dict[int, list[str]] = {}
    for (epoch, _), every in groups.items():
        losses = [cells[train] for cells in every if train in cells]
        last = {name: value for cells in every for name, value in cells.items()}
        diverged = not losses and valid not in last
        if error not in last or not (found or (losses and valid in last)):
            if not several and last:
                gaps[epoch] = [name for name in names if name not in last]
            continue
        if not several and not diverged and (lacks := [name for name in (train, valid) if name not in last]):
            gaps[epoch] = lacks
            continue
        before = found[-1] if several and found else (math.nan, math.nan)
        loss = sum(losses) / len(losses) if losses else before[0]
        found.append((loss, last.get(valid, before[1]), last[error]))
    ends = max((n for n, row in enumerate(found) if not math.isnan(row[0] + row[1])), default=len(found))
    finite = [row for n, row in enumerate(found) if n >= ends or several or not math.isnan(row[0] + row[1])]
    notes += [f"epoch {epoch} has no {', '.join(lacks)}: it is left out" for epoch, lacks in gaps.items()]
    _tell_holes([epoch for epoch, _ in groups], notes)
    return finite


def _tell_holes(epochs: Sequence[int], notes: list[str]) -> None:
    """Name epochs that are missing between others; in logs of every fifth epoch none are."""
    steps = [after - before for before, after in zip(epochs, epochs[1:], strict=False) if after > before]
    if not steps or max(steps) == min(steps):
        return
    missing = [
        str(epoch)
        for before, after in zip(epochs, epochs[1:], strict=False)
        for epoch in range(before + min(steps), after, min(steps))
    ]
    more = f" and {len(missing) - MOST_NAMED} more" if len(missing) > MOST_NAMED else ""
    if missing:
        notes.append(f"epochs {', '.join(missing[:MOST_NAMED])}{more} are missing")


def _number(text: str, name: str, line: int, path: Path) -> float:
    value = text_table.number(text.removesuffix("%").strip())
    if value is None:
        raise ImportSourceError(
            f"{path} is not a table of epochs: `{text}` in the column `{name}`, line {line}, is no number", hint=HINT
        )
    return value
