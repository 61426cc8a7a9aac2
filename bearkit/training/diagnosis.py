"""Diagnose a training from its table of epochs: what went wrong, the evidence, and one next step. It needs no torch.

Source: the four failures of fastai's lecture, with its warning: a validation loss that rises while the error still
improves is not overfitting, and a training loss below the validation loss is normal for a well-trained model.
"""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from bearkit.errors import ImportSourceError, ShapeError
from bearkit.training.epochs_table import read_epochs as read_epochs
from bearkit.training.epochs_table import read_table as read_table

HUGE_LOSS = 10.0  # nats; guessing among 20,000 labels costs 9.9
ROSE = 0.1  # the training diverged if its loss rose by more than this share
SLOW = 0.15  # the training hardly moved if its loss fell by less than this share
FALLING = 0.05  # there were too few epochs if the error fell by more than this share in the last one
RISEN = 1.2  # the validation loss has risen if it is this many times its lowest
APART = 0.75  # the losses went apart if the training loss is below this share of itself at the lowest validation loss
STALE = 0.75  # the error stopped improving if it was lowest before this share of the epochs
MOST_WRONG = 0.75  # an error above this is poor, whatever the number of labels
GUESSING = 0.9  # a model hardly learnt anything if its error is above this share of the error of guessing
ADVICE = {
    "lr_too_high": "The learning rate was too high: start over with one ten times lower.",
    "lr_too_low": "The learning rate was too low: start over with one ten or a hundred times higher.",
    "too_few_epochs": "There were too few epochs: train for more; if it is still slow then, raise the learning rate.",
    "overfitting": "The model overfitted: train for fewer epochs, or with more dropout, weight decay or pictures.",
    "fine": "The training went well. To improve the model, check its mistakes, then correct labels or add pictures.",
    "mostly_wrong": "Most validation pictures are wrong, though the losses look right: the labels cannot be told apart "
    "with these pictures. Import more of each label, check whether the labels are right, or train the body too.",
    "cannot_tell": "There are too few epochs to tell: train for at least four.",
}


@dataclass(frozen=True)
class Diagnosis:
    """What went wrong in a training, if anything.

    Attributes:
        verdict: a key of ADVICE.
        evidence: the numbers behind it, by name.
        advice: one next step, for people.
    """

    verdict: str
    evidence: dict[str, float]
    advice: str

    def as_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return asdict(self)


def diagnose(
    train_loss: Sequence[float],
    valid_loss: Sequence[float],
    error_rate: Sequence[float],
    valid_images: int | None = None,
    error_before: float | None = None,
    n_labels: int | None = None,
) -> Diagnosis:
    """Diagnose a training from its table of epochs. The rules are tried in order; the first that fits is the verdict.

    Args:
        train_loss: mean loss of each epoch's batches, in nats.
        valid_loss: validation loss after each epoch, in nats.
        error_rate: validation error rate after each epoch, in [0, 1].
        valid_images: number of validation images, to tell a rise of the error from chance; None if unknown.
        error_before: error rate of the model that this training started from; its losses are low from the start. None
            for a new head.
        n_labels: number of labels; guessing is right once in that many images. None if unknown.

    Raises:
        ShapeError: the columns differ in length.
        ImportSourceError: an error rate is not in [0, 1].

    >>> diagnose([24.9], [1184996224.0], [0.64]).verdict
    'lr_too_high'
    """
    if not len(train_loss) == len(valid_loss) == len(error_rate):
        raise ShapeError(f"{len(train_loss)}, {len(valid_loss)} and {len(error_rate)} epochs: the columns differ")
    if outside := [error for error in error_rate if math.isfinite(error) and not 0 <= error <= 1]:
        raise ImportSourceError(
            f"error_rate is a share between 0 and 1, not {outside[0]:g}",
            hint="divide percentages by 100; the error rate is 1 - accuracy",
        )
    if not error_rate:
        return _verdict("cannot_tell", epochs=0)
    values = [*train_loss, *valid_loss, *error_rate]
    numbers = {"train_loss": train_loss[-1], "valid_loss": valid_loss[-1], "error_rate": error_rate[-1]}
    if not all(map(math.isfinite, values)) or valid_loss[-1] > HUGE_LOSS:
        return _verdict("lr_too_high", **numbers)
    if error_before is not None and error_rate[-1] - error_before > 2 * _spread(error_before, valid_images):
        return _verdict("lr_too_high", error_rate_before=error_before, **numbers)  # high rates undid earlier training
    if len(error_rate) == 1:
        return _verdict("too_few_epochs" if error_before is None else "cannot_tell", epochs=1, **numbers)
    fell = 1 - train_loss[-1] / train_loss[0] if train_loss[0] else 0.0
    if fell < -ROSE:
        return _verdict("lr_too_high", train_loss_rose_by=-fell, **numbers)
    if fell < SLOW and train_loss[-1] > 0.9 * valid_loss[-1] and error_before is None:
        return _verdict("lr_too_low", train_loss_fell_by=fell, **numbers)
    improving = 1 - error_rate[-1] / error_rate[-2] if error_rate[-2] else 0.0
    if train_loss[-1] > valid_loss[-1] and improving > FALLING:
        return _verdict("too_few_epochs", error_fell_in_last_epoch_by=improving, **numbers)
    if overfit := _overfitting(train_loss, valid_loss, error_rate, valid_images):
        return _verdict("overfitting", **overfit, **numbers)
    if len(error_rate) < 4:
        return _verdict("cannot_tell", **numbers)
    poor = min(MOST_WRONG, GUESSING * (1 - 1 / n_labels)) if n_labels else MOST_WRONG
    return _verdict("mostly_wrong" if error_rate[-1] > poor else "fine", **numbers)


def _overfitting(
    train_loss: Sequence[float], valid_loss: Sequence[float], error_rate: Sequence[float], valid_images: int | None
) -> dict[str, float]:
    """Return the evidence of overfitting; empty if there is none.

    A model overfitted if the losses went apart, and the error got worse beyond chance or stopped improving.
    """
    best = min(range(len(error_rate)), key=lambda epoch: error_rate[epoch])
    lowest = min(range(len(valid_loss)), key=lambda epoch: valid_loss[epoch])
    risen = valid_loss[-1] / max(valid_loss[lowest], 1e-9)
    apart = risen > RISEN and train_loss[-1] < APART * train_loss[lowest]
    evidence = {"best_error_rate": error_rate[best], "best_epoch": float(best), "valid_loss_risen_to_times": risen}
    worse = error_rate[-1] - error_rate[best]
    beyond_chance = worse > 0.1 * error_rate[best] + 2 * _spread(error_rate[best], valid_images)
    stale = best < STALE * len(error_rate) and error_rate[-1] > 0
    return evidence if apart and (beyond_chance or stale) else {}


def _spread(error: float, n: int | None) -> float:
    """Compute the standard error of an error rate on n images; 1 % if n is unknown."""
    return math.sqrt(max(error, 1 / n) * max(0.0, 1 - error) / n) if n else 0.01


def _verdict(verdict: str, **evidence: float) -> Diagnosis:
    return Diagnosis(verdict, {name: round(float(value), 6) for name, value in evidence.items()}, ADVICE[verdict])
