"""What a table of epochs says went wrong, with the numbers it was read from and one next step. No torch in here.

Source: the lecture's four failures. Its warning is kept: a validation loss that rises while the error still improves is
not overfitting, and a training loss below the validation loss is what a well-trained model shows.
"""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from bearkit.errors import ImportSourceError, ShapeError
from bearkit.training.epochs_table import read_epochs as read_epochs
from bearkit.training.epochs_table import read_table as read_table

HUGE_LOSS = 10.0  # nats; guessing among 20,000 labels costs 9.9
ROSE = 0.1  # a training loss that rose by more over the whole run diverges
SLOW = 0.15  # a training loss that fell by less over the whole run hardly moved
FALLING = 0.05  # an error that still falls by this share in the last epoch is not done
RISEN = 1.2  # a validation loss this many times its best has risen
APART = 0.75  # of what it was when the validation loss was lowest: by then the training loss has run away
STALE = 0.75  # the error has stopped improving when its best was reached in this first part of the epochs
MOST_WRONG = 0.75  # an error above this is poor, however many labels there are
GUESSING = 0.9  # of the error of guessing, above which a model has hardly learnt anything
ADVICE = {
    "lr_too_high": "The learning rate was too high: start over with one ten times lower.",
    "lr_too_low": "The learning rate was too low: start over with one ten or a hundred times higher.",
    "too_few_epochs": "There were too few epochs: train for more; if it is still slow then, raise the learning rate.",
    "overfitting": "It overfitted: train for fewer epochs, or with more dropout, weight decay or pictures.",
    "fine": "The training went well. What is left to gain is in the pictures: look at the top losses.",
    "mostly_wrong": "Most validation pictures are wrong, though the losses look right: the labels cannot be told apart "
    "with these pictures. Import more of each label, look whether the labels are right, or train the body too.",
    "cannot_tell": "So few epochs say nothing: train for at least four.",
}


@dataclass(frozen=True)
class Diagnosis:
    """A verdict (a key of ADVICE), the numbers that it rests on, and one next step."""

    verdict: str
    evidence: dict[str, float]
    advice: str

    def as_dict(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


def diagnose(
    train_loss: Sequence[float],
    valid_loss: Sequence[float],
    error_rate: Sequence[float],
    valid_images: int | None = None,
    error_before: float | None = None,
    n_labels: int | None = None,
) -> Diagnosis:
    """Read a table of epochs.

    Args:
        train_loss: mean loss of each epoch's batches, in nats.
        valid_loss: validation loss after each epoch, in nats.
        error_rate: validation error after each epoch.
        valid_images: how many pictures that error is about: a rise of a few of them says nothing.
        error_before: of the model that this training went on from, whose losses are low from the start; None for a new
            head.
        n_labels: how many labels there are: guessing is right for one picture in so many.

    Raises:
        ShapeError: the columns differ in length.
        ImportSourceError: an error rate is no share.

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
    every = [*train_loss, *valid_loss, *error_rate]
    numbers = {"train_loss": train_loss[-1], "valid_loss": valid_loss[-1], "error_rate": error_rate[-1]}
    if not all(map(math.isfinite, every)) or valid_loss[-1] > HUGE_LOSS:
        return _verdict("lr_too_high", **numbers)
    if error_before is not None and error_rate[-1] - error_before > 2 * _spread(error_before, valid_images):
        return _verdict("lr_too_high", error_rate_before=error_before, **numbers)  # it forgot what it knew
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
    """The evidence that the error got worse, or stopped improving while the losses went apart; empty where neither."""
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
    """The standard error of an error rate on n pictures; 1 % where n is not known."""
    return math.sqrt(max(error, 1 / n) * max(0.0, 1 - error) / n) if n else 0.01


def _verdict(verdict: str, **evidence: float) -> Diagnosis:
    return Diagnosis(verdict, {name: round(float(value), 6) for name, value in evidence.items()}, ADVICE[verdict])
