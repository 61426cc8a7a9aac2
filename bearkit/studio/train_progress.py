"""The progress of a training as a sentence and as a table, read from its run's events."""

from typing import Any

from bearkit.core import text
from bearkit.runs import Run
from bearkit.studio import curves, html
from bearkit.training.config import TrainConfig
from bearkit.web.prediction_html import note

TABLE = ("stage", "epoch", "train_loss", "valid_loss", "error_rate", "seconds")
MAX_ROWS = 30  # of the table: the last ones
STAGES = {"frozen": "Classifier only (frozen)", "unfrozen": "Whole network (unfrozen)"}


def table(epochs: list[dict[str, Any]]) -> str:
    """Return the last epochs as a table, and the total time of all."""
    if not epochs:
        return ""
    rows = [
        [e["stage"], e["epoch"], *(f"{e[key]:.4f}" for key in TABLE[2:5]), f"{e['seconds']:.2f}"]
        for e in epochs[-MAX_ROWS:]
    ]
    total = html.duration(sum(e["seconds"] for e in epochs))
    return html.table(TABLE, rows) + f'<div class="bk-quiet">{text.count(len(epochs), "epoch")} in {total}</div>'


def epochs_done(events: list[dict[str, Any]], config: TrainConfig) -> float:
    """Return how many epochs of all stages are done, with the share of the current one; -1 before the first step."""
    last = next((event for event in reversed(events) if event["event"] in ("epoch", "step")), None)
    if last is None:
        return -1.0
    before = 0 if last["stage"] == "frozen" else config.epochs
    part = 1.0 if last["event"] == "epoch" else last["batch"] / last["batches"]
    return float(before + last["epoch"] + part)


def sentence(run: Run, state: str, events: list[dict[str, Any]], config: TrainConfig) -> str:
    """Return one sentence about a run's state, and the time left while it is running; "" for a finished run."""
    if state == "stopped":
        return note(f"Run {run.id} was stopped. Its progress is saved.")
    if state == "failed":
        failure = next(event for event in reversed(events) if event["event"] == "failed")
        return note(f"Run {run.id}: {failure['error']}. {failure['hint']}", good=False)
    if state == "interrupted":
        why = f": {run.failure}" if run.failure else ""
        return note(f"Run {run.id} was interrupted{why}. Nothing is lost: press “Resume training”.", good=False)
    if state == "finished":
        return ""  # the result says what is next
    if state == "waiting":
        return note(f"Run {run.id} is waiting for the training before it.")
    progress = [event for event in events if event["event"] in ("features", "epoch", "step")]
    last: dict[str, Any] = progress[-1] if progress else {}
    if last.get("event") == "features":
        return note(f"Reading pictures: {last['done']} of {last['total']}")
    if last.get("event") in ("epoch", "step"):
        return note(_epoch(last, events, config))
    return note("Starting …")


def _epoch(last: dict[str, Any], events: list[dict[str, Any]], config: TrainConfig) -> str:
    """Return the stage and epoch of a running training, and the time left once it can be estimated."""
    stage, n_epochs = last["stage"], curves.plan(config)[last["stage"]]
    done = last["epoch"] + (1 if last["event"] == "epoch" else last["batch"] / last["batches"])
    sentence = f"{STAGES[stage]}: epoch {min(int(done) + 1, n_epochs)} of {n_epochs}"
    resumed = max((n for n, event in enumerate(events) if event["event"] == "resume"), default=0)
    events = events[resumed:]  # the pause before a resume takes no training time
    started = next((e["time"] for e in events if e["event"] == "step" and e["stage"] == stage), last["time"])
    first = next((e for e in events if e["event"] in ("step", "epoch") and e["stage"] == stage), last)
    done_at_first = first["epoch"] + (1 if first["event"] == "epoch" else first["batch"] / first["batches"])
    if done > done_at_first and (spent := last["time"] - started) > 1:
        sentence += f"; about {html.duration((n_epochs - done) * spent / (done - done_at_first))} left"
    if stage == "frozen" and config.unfreeze:
        sentence += f"; then {text.count(config.unfreeze, 'epoch')} of the whole network"
    return sentence
