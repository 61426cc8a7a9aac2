"""Callbacks: code of your own that runs while a model trains.

    class Printer(Callback):
        def after_epoch(self, fit, row):
            print(row.epoch, row.error_rate)

    Learner(project, callbacks=[Printer()]).fit_one_cycle()

A callback may change what it sees: `fit.setup.model` is the model that trains, and `fit.stop()` ends the stage after
this batch or epoch. bearkit's own early stopping, checkpoints and event log are callbacks too.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # so that importing this needs no torch
    from bearkit.training.loop import TrainSetup


@dataclass(frozen=True)
class Epoch:
    """One row of the table that people watch while a model trains.

    Attributes:
        epoch: its number, from 0.
        train_loss: mean cross-entropy of the epoch's batches in nats, with dropout and label smoothing.
        valid_loss: cross-entropy on the validation images in nats, after the epoch, with the same label smoothing.
        error_rate: 1 - accuracy on the validation images.
        seconds: how long the epoch and its validation took.
    """

    epoch: int
    train_loss: float
    valid_loss: float
    error_rate: float
    seconds: float


@dataclass(frozen=True)
class Step:
    """One batch that was trained on.

    Attributes:
        epoch: its number, from 0.
        batch: number of batches done in this epoch, 1 to `batches`.
        batches: number of batches in an epoch.
        loss: mean cross-entropy of the batch, in nats.
        lr: learning rate of the last layer group.
    """

    epoch: int
    batch: int
    batches: int
    loss: float
    lr: float


@dataclass
class Fit:
    """One stage that trains, as its callbacks see it.

    Attributes:
        setup: the model, its optimiser and its batches.
        epochs: number of epochs that the schedule is made for.
        rows: one row for each epoch that is done; those of before an interruption are among them.
        stopped: whether the stage ends here.
    """

    setup: "TrainSetup"
    epochs: int
    rows: list[Epoch] = field(default_factory=list)
    stopped: bool = False

    def stop(self) -> None:
        """End the stage. Called after a batch, it ends the epoch too, which is validated as it is."""
        self.stopped = True


class Callback:
    """Does nothing at each event of a training. A subclass overrides the events that it needs.

    An exception in a callback ends the training; the run can be resumed after its last saved epoch.
    """

    def before_fit(self, fit: Fit) -> None:
        """Run once before the first epoch of a stage, or before the first one after an interruption."""

    def before_epoch(self, fit: Fit, epoch: int) -> None:
        """Run before the first batch of each epoch."""

    def after_batch(self, fit: Fit, step: Step) -> None:
        """Run after each step of the optimiser."""

    def after_epoch(self, fit: Fit, row: Epoch) -> None:
        """Run after each epoch and its validation; not where there are no validation images."""

    def after_fit(self, fit: Fit) -> None:
        """Run once after the last epoch, with the model in eval mode; not after an exception."""


class EarlyStopping(Callback):
    """Ends a stage after `patience` epochs without a lower error rate; never if `patience` is 0."""

    def __init__(self, patience: int) -> None:
        self.patience = patience

    def before_fit(self, fit: Fit) -> None:
        """Stop if the stage was interrupted after the epoch that it should end with."""
        self._check(fit)

    def after_epoch(self, fit: Fit, row: Epoch) -> None:
        """Stop if the lowest error rate is too many epochs ago."""
        self._check(fit)

    def _check(self, fit: Fit) -> None:
        errors = [row.error_rate for row in fit.rows]
        if self.patience and errors and len(errors) - 1 - errors.index(min(errors)) >= self.patience:
            fit.stop()


class FunctionCallback(Callback):
    """Calls plain functions: `on_epoch` with each row, `on_step` after each batch."""

    def __init__(
        self, on_epoch: Callable[[Epoch], None] | None = None, on_step: Callable[[Step], None] | None = None
    ) -> None:
        self.on_epoch, self.on_step = on_epoch, on_step

    def after_batch(self, fit: Fit, step: Step) -> None:
        """Call `on_step`."""
        if self.on_step is not None:
            self.on_step(step)

    def after_epoch(self, fit: Fit, row: Epoch) -> None:
        """Call `on_epoch`."""
        if self.on_epoch is not None:
            self.on_epoch(row)
