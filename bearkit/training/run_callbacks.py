"""The callbacks of every run: one saves its checkpoints, the other writes its event log."""

import math
import time
from collections.abc import Callable
from dataclasses import asdict, astuple, dataclass, field, replace
from typing import Any

from bearkit.errors import RunError
from bearkit.runs import RESUME, Run
from bearkit.training import checkpoint
from bearkit.training.callbacks import Callback, Epoch, Fit, Step
from bearkit.training.checkpoint import CheckpointMetadata
from bearkit.training.head import StateDict

STEP_SECONDS = 1.0  # between two step events of a run


@dataclass
class Checkpoints(Callback):
    """Saves a stage's weights after its best epoch and its last one, and what it needs to resume after each epoch.

    Attributes:
        run: the run that trains.
        stage: name of the stage, like stage-1.
        state: gives the weights to save.
        about: what does not change from epoch to epoch.
        resumable: whether to save after each epoch what the stage needs to resume.
        clock: `time.perf_counter()` when the stage began in this process.
    """

    run: Run
    stage: str
    state: Callable[[], StateDict]
    about: CheckpointMetadata
    resumable: bool
    clock: float
    _best: float = field(default=math.inf, init=False)
    _seconds_before: float = field(default=0.0, init=False)  # of the epochs before an interruption

    def before_fit(self, fit: Fit) -> None:
        """Continue with the best error and the seconds of the epochs before an interruption."""
        self._best = min((row.error_rate for row in fit.rows), default=math.inf)
        self._seconds_before = sum(row.seconds for row in fit.rows)

    def after_epoch(self, fit: Fit, row: Epoch) -> None:
        """Save the weights if they are the best so far, and what the stage needs to resume."""
        if row.error_rate < self._best:
            self._best = row.error_rate
            self._write(f"{self.stage}-best", self.state(), fit)
        if self.resumable:
            self._write(RESUME, fit.setup.state(), fit, tuple(astuple(row) for row in fit.rows))

    def after_fit(self, fit: Fit) -> None:
        """Save the weights of the last epoch: the stage is finished.

        Raises:
            RunError: there was no epoch.
        """
        if not fit.rows:
            raise RunError(f"a callback stopped {self.stage} before its first epoch", hint="stop it in `after_epoch`")
        fit.setup.model.to("cpu")
        self._write(self.stage, self.state(), fit)

    def _write(self, name: str, state: StateDict, fit: Fit, rows: tuple[tuple[float, ...], ...] = ()) -> None:
        seconds = round(self._seconds_before + time.perf_counter() - self.clock, 3)
        last = fit.rows[-1]
        about = replace(self.about, epoch=last.epoch, error_rate=last.error_rate, seconds=seconds, rows=rows)
        checkpoint.write(self.run.folder / f"{name}.safetensors", state, about)


class RunLog(Callback):
    """Writes an event for each epoch, and for a batch about once a second.

    Args:
        run: the run that trains.
        stage: name of the stage, like stage-1.
        kind: frozen or unfrozen.
    """

    def __init__(self, run: Run, stage: str, kind: str) -> None:
        self.run, self.stage, self.kind = run, stage, kind
        self._logged: set[int] = set()
        self._last = time.monotonic()

    def before_fit(self, fit: Fit) -> None:
        """Write the events of epochs that were saved, but not logged, before an interruption."""
        self._logged = {event["epoch"] for event in epoch_events(self.run, self.stage)}
        for row in fit.rows:
            self.after_epoch(fit, row)

    def after_batch(self, fit: Fit, step: Step) -> None:
        """Write a step event, unless the last one was just written."""
        if time.monotonic() - self._last > STEP_SECONDS:
            self._last = time.monotonic()
            self.run.event("step", stage=self.kind, checkpoint=self.stage, **asdict(step))

    def after_epoch(self, fit: Fit, row: Epoch) -> None:
        """Write the epoch's event, once: a frozen stage that was interrupted trains its epochs again."""
        if row.epoch not in self._logged:
            self.run.event("epoch", stage=self.kind, checkpoint=self.stage, **asdict(row))


def epoch_events(run: Run, stage: str) -> list[dict[str, Any]]:
    """Return the events of a stage's epochs, in order."""
    return [
        event for event in run.events() if event["event"] == "epoch" and event.get("checkpoint", "stage-1") == stage
    ]
