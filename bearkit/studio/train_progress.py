"""How a training stands, in words and as a table, read from its run's events."""

from typing import Any

from bearkit.core import text
from bearkit.runs import Run
from bearkit.studio import curves, html
from bearkit.training.config import TrainConfig
from bearkit.web.prediction_html import note

TABLE = ("stage", "epoch", "train_loss", "valid_loss", "error_rate", "seconds")
MAX_ROWS = 30  # of the table, the last ones


def table(epochs: list[dict[str, Any]]) -> str:
    """The table of epochs, and the time that they took together."""
    if not epochs:
        return ""
    rows = [
        [e["stage"], e["epoch"], *(f"{e[key]:.4f}" for key in TABLE[2:5]), f"{e['seconds']:.2f}"]
        for e in epochs[-MAX_ROWS:]
    ]
    total = html.duration(sum(e["seconds"] for e in epochs))
    return html.table(TABLE, rows) + f'<div class="bk-quiet">{text.count(len(epochs), "epoch")} in {total}</div>'


def epochs_done(events: list[dict[str, Any]], config: TrainConfig) -> float:
    """How far a training is, in epochs of all its stages."""
    last = next((event for event in reversed(events) if event["event"] in ("epoch", "step")), None)
    if last is None:
        return -1.0
    before = 0 if last["stage"] == "frozen" else config.epochs
    part = 1.0 if last["event"] == "epoch" else last["batch"] / last["batches"]
    return float(before + last["epoch"] + part)


def sentence(run: Run, state: str, events: list[dict[str, Any]], config: TrainConfig) -> str:
    """One sentence about where the training is, and how long it will still take."""
    if state == "stopped":
        return note(f"Run {run.id}: Stopped; what was learnt is kept.")
    if state == "failed":
        failure = next(event for event in reversed(events) if event["event"] == "failed")
        return note(f"Run {run.id}: {failure['error']}. {failure['hint']}", good=False)
    if state == "interrupted":
        why = f": {run.failure}" if run.failure else ""
        return note(f"Run {run.id} was cut off{why}. Nothing is lost: go on where it stopped.", good=False)
    if state == "finished":
        return note("Next: try it on a picture, in the Predict tab.")
    if state == "waiting":
        return note(f"Run {run.id} waits for the training before it.")
    told = [event for event in events if event["event"] in ("features", "epoch", "step")]
    last: dict[str, Any] = told[-1] if told else {}
    if last.get("event") == "features":
        return note(f"Looking at each picture once: {last['done']} of {last['total']}")
    if last.get("event") in ("epoch", "step"):
        return note(_epoch(last, events, config))
    return note("Starting …")


def _epoch(last: dict[str, Any], events: list[dict[str, Any]], config: TrainConfig) -> str:
    name, n_epochs = last["stage"], curves.plan(config)[last["stage"]]
    done = last["epoch"] + (1 if last["event"] == "epoch" else last["batch"] / last["batches"])
    text = f"{name.capitalize()}: epoch {min(int(done) + 1, n_epochs)} of {n_epochs}"
    resumed = max((n for n, event in enumerate(events) if event["event"] == "resume"), default=0)
    events = events[resumed:]  # the time between does not count
    first = next((e["time"] for e in events if e["event"] == "step" and e["stage"] == name), last["time"])
    begun = next((e for e in events if e["event"] in ("step", "epoch") and e["stage"] == name), last)
    at_first = begun["epoch"] + (1 if begun["event"] == "epoch" else begun["batch"] / begun["batches"])
    if done > at_first and (spent := last["time"] - first) > 1:
        text += f"; about {html.duration((n_epochs - done) * spent / (done - at_first))} left"
    if name == "frozen" and config.unfreeze:
        text += f"; then {config.unfreeze} with the body unfrozen"
    return text
