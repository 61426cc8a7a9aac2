"""Read a table of epochs as training tools write it: fastai, Keras, Lightning, timm, the Hugging Face Trainer, YOLO."""

import math
import re
from collections.abc import Callable, Sequence
from pathlib import Path

from bearkit import text_table
from bearkit.errors import ImportSourceError
from bearkit.text_table import Table

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


def read_table(path: Path) -> Columns:
    """train_loss, valid_loss and error_rate of a CSV, of JSON or of JSON lines, one number an epoch.

    Where an epoch has several rows, as in logs of steps, its training loss is their mean, and the last of the others
    counts. Accuracies become error rates.

    Raises:
        ImportSourceError: it cannot be read, or its columns are not known, or a cell is no number.
    """
    table = text_table.read_table(path)
    train, valid = _fullest(table, TRAIN_LOSS), _fullest(table, VALID_LOSS)
    error, share_of = _error(table, valid)
    if train is None or valid is None or error is None:
        names = ("a training loss", train), ("a validation loss", valid), ("an error rate or accuracy", error)
        raise ImportSourceError(
            f"{path} is not a table of epochs: it has no column of {', '.join(n for n, found in names if not found)}; "
            f"its columns are {', '.join(table.columns) or '(none)'}",
            hint=HINT,
        )
    rows = _epochs(table, path, (train, valid, error))
    if not rows:
        raise ImportSourceError(f"{path} has no epoch with all of {train}, {valid} and {error}", hint=HINT)
    losses, valid_losses, rates = (list(column) for column in zip(*rows, strict=True))
    if error not in PERCENT and (outside := [rate for rate in rates if math.isfinite(rate) and not 0 <= rate <= 1]):
        raise ImportSourceError(
            f"{path}: {error} is a share between 0 and 1, not {outside[0]:g}", hint="divide percentages by 100"
        )
    return losses, valid_losses, [share_of(rate) for rate in rates]


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


def _epochs(table: Table, path: Path, names: tuple[str, str, str]) -> list[tuple[float, float, float]]:
    """The numbers of each epoch that has all of them.

    An empty loss in a table with a row for each epoch is nan: so pandas writes it.
    """
    groups: dict[float, list[dict[str, float]]] = {}
    for number, row in enumerate(table.rows):
        if row.extra:
            raise ImportSourceError(
                f"{path} is not a table of epochs: line {row.line} has more cells than there are columns",
                hint="where a comma is the decimal point, separate the columns with ;",
            )
        named = text_table.number(row.cells.get("epoch", ""))
        epoch = math.ceil(named - 1e-6) if named is not None and math.isfinite(named) else number
        cells = {name: _number(row.cells[name], name, row.line, path) for name in names if row.cells[name]}
        groups.setdefault(epoch, []).append(cells)
    several = any(len(rows) > 1 for rows in groups.values())
    train, valid, error = names
    found: list[tuple[float, float, float]] = []
    for rows in groups.values():
        losses = [cells[train] for cells in rows if train in cells]
        last = {name: value for cells in rows for name, value in cells.items()}
        if error not in last or not (found or (losses and valid in last)):
            continue
        before = found[-1] if several and found else (math.nan, math.nan)
        loss = sum(losses) / len(losses) if losses else before[0]
        found.append((loss, last.get(valid, before[1]), last[error]))
    return found


def _number(text: str, name: str, line: int, path: Path) -> float:
    value = text_table.number(text.removesuffix("%").strip())
    if value is None:
        raise ImportSourceError(
            f"{path} is not a table of epochs: `{text}` in the column `{name}`, line {line}, is no number", hint=HINT
        )
    return value
