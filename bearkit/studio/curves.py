"""A run's events as tables for plots: losses, error and learning rate, over all its stages.

Numbers are floats even in an empty table: LinePlot decides by the first one whether an axis counts or names.
"""

from typing import Any

import pandas as pd

from bearkit.training.config import TrainConfig
from bearkit.training.schedule import one_cycle

LOSSES = {"train_loss": "training", "valid_loss": "validation"}
STAGES = ("frozen", "unfrozen")
POINTS = 60  # of the rate, for each stage
DASH = 0.1  # epochs: how long a line is that stands for one number
MOST_EPOCHS = 150  # in a plot; longer stages are thinned out


def plan(config: TrainConfig) -> dict[str, int]:
    """The stages that were asked for, with their epochs."""
    return {name: n for name, n in zip(STAGES, (config.epochs, config.unfreeze), strict=True) if n}


def numbered(config: TrainConfig, epochs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Epoch events with `at`: their place among the epochs of all stages, from 1; thinned out where they are many."""
    first = {"frozen": 0, "unfrozen": config.epochs}
    every = [event | {"at": first[event["stage"]] + event["epoch"] + 1} for event in epochs]
    step = -(-len(every) // MOST_EPOCHS) or 1
    return every[::-1][::step][::-1]


def _drawn(epochs: list[dict[str, Any]]) -> list[tuple[float, dict[str, Any]]]:
    """Where each epoch is drawn. A single one is a short line around its place: of one point nothing would be seen."""
    if len(epochs) == 1:
        return [(epochs[0]["at"] + half, epochs[0]) for half in (-DASH / 2, DASH / 2)]
    return [(event["at"], event) for event in epochs]


def losses(epochs: list[dict[str, Any]]) -> pd.DataFrame:
    """Losses in long form; an empty row of each kind first, since LinePlot fixes its colours at the start."""
    rows: list[dict[str, Any]] = [{"epoch": 0, "loss": None, "pictures": name} for name in LOSSES.values()]
    rows += [
        {"epoch": at, "loss": event[key], "pictures": name}
        for at, event in _drawn(epochs)
        for key, name in LOSSES.items()
    ]
    return pd.DataFrame(rows).astype({"epoch": float, "loss": float})


def errors(epochs: list[dict[str, Any]]) -> pd.DataFrame:
    """The error in percent after each epoch."""
    rows = [{"epoch": at, "error": 100 * event["error_rate"]} for at, event in _drawn(epochs)]
    return pd.DataFrame(rows, columns=["epoch", "error"]).astype({"epoch": float, "error": float})


def rates(config: TrainConfig, done: float) -> pd.DataFrame:
    """The head's learning rate so far; `done` is in epochs of all stages."""
    rows, before = [], 0.0
    for name, n_epochs in plan(config).items():
        highest = config.lr if name == "frozen" else config.lr_unfrozen[1]
        for point in range(POINTS):
            at = before + n_epochs * point / POINTS
            if at <= done:
                rows.append({"epoch": at, "rate": one_cycle(point / POINTS, highest)[0]})
        before += n_epochs
    return pd.DataFrame(rows, columns=["epoch", "rate"]).astype({"epoch": float, "rate": float})


def compared(chosen: dict[str, list[dict[str, Any]]]) -> pd.DataFrame:
    """The validation error of several runs, {run: numbered epochs}, in long form."""
    rows = [
        {"epoch": at, "error": 100 * event["error_rate"], "run": run}
        for run, epochs in chosen.items()
        for at, event in _drawn(epochs)
    ]
    return pd.DataFrame(rows, columns=["epoch", "error", "run"]).astype({"epoch": float, "error": float})
