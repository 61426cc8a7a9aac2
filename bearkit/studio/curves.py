"""A run's events as tables for plots: losses, error and learning rate, over all its stages.

Numbers are floats even in an empty table: LinePlot decides from the column's type whether an axis is numeric.
"""

from typing import Any

import pandas as pd

from bearkit.training.config import TrainConfig
from bearkit.training.schedule import SCHEDULES

LOSSES = {"train_loss": "training", "valid_loss": "validation"}
STAGES = ("frozen", "unfrozen")
POINTS = 60  # of the learning rate curve, for each stage
DASH = 0.1  # epochs: length of the line that stands for a single number
MOST_EPOCHS = 150  # in a plot; longer stages are thinned out
# "~g" writes the ticks 0, 0.5 and 1 as they are; "d" rounds them to 0, 1, 1. A tick of 0 is "0", not "0.000000".
PLOT: dict[str, Any] = {"show_label": False, "buttons": [], "x_axis_format": "~g", "y_axis_format": "~g"}


def plan(config: TrainConfig) -> dict[str, int]:
    """Return {stage: epochs} of the stages that a configuration asks for."""
    return {name: n for name, n in zip(STAGES, (config.epochs, config.unfreeze), strict=True) if n}


def number_epochs(config: TrainConfig, epochs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return at most `MOST_EPOCHS` epoch events with `at`, their number among the epochs of all stages, from 1."""
    first = {"frozen": 0, "unfrozen": config.epochs}
    events = [event | {"at": first[event["stage"]] + event["epoch"] + 1} for event in epochs]
    step = -(-len(events) // MOST_EPOCHS) or 1
    return events[::-1][::step][::-1]  # from the end, so that the last epoch stays


def _points(epochs: list[dict[str, Any]]) -> list[tuple[float, dict[str, Any]]]:
    """Return (x, event) of each epoch; a single one becomes a short line, since a line plot shows no single point."""
    if len(epochs) == 1:
        return [(epochs[0]["at"] + half, epochs[0]) for half in (-DASH / 2, DASH / 2)]
    return [(event["at"], event) for event in epochs]


def losses(epochs: list[dict[str, Any]]) -> pd.DataFrame:
    """Return the losses in long form; an empty row of each kind comes first, since LinePlot then fixes its colours."""
    rows: list[dict[str, Any]] = [{"epoch": 0, "loss": None, "pictures": name} for name in LOSSES.values()]
    rows += [
        {"epoch": at, "loss": event[key], "pictures": name}
        for at, event in _points(epochs)
        for key, name in LOSSES.items()
    ]
    return pd.DataFrame(rows).astype({"epoch": float, "loss": float})


def errors(epochs: list[dict[str, Any]]) -> pd.DataFrame:
    """Return the validation error (percent) after each epoch."""
    rows = [{"epoch": at, "error": 100 * event["error_rate"]} for at, event in _points(epochs)]
    return pd.DataFrame(rows, columns=["epoch", "error"]).astype({"epoch": float, "error": float})


def rates(config: TrainConfig, done: float) -> pd.DataFrame:
    """Return the head's learning rate so far.

    Args:
        config: of the training.
        done: epochs of all stages that are done.

    >>> rates(TrainConfig(epochs=2, lr=0.003, schedule="flat"), 2).rate.unique().tolist()
    [0.003]
    """
    rows, before, schedule = [], 0.0, SCHEDULES[config.schedule]
    for name, n_epochs in plan(config).items():
        highest = config.lr if name == "frozen" else config.lr_unfrozen[1]
        for point in range(POINTS):
            at = before + n_epochs * point / POINTS
            if at <= done:
                rows.append({"epoch": at, "rate": schedule(point / POINTS, highest)[0]})
        before += n_epochs
    return pd.DataFrame(rows, columns=["epoch", "rate"]).astype({"epoch": float, "rate": float})


def error_curves(chosen: dict[str, list[dict[str, Any]]]) -> pd.DataFrame:
    """Return the validation error (percent) of several runs in long form, from {run: numbered epochs}."""
    rows = [
        {"epoch": at, "error": 100 * event["error_rate"], "run": run}
        for run, epochs in chosen.items()
        for at, event in _points(epochs)
    ]
    return pd.DataFrame(rows, columns=["epoch", "error", "run"]).astype({"epoch": float, "error": float})
