"""A suspect: a picture to look at, and why, in words."""

from dataclasses import dataclass
from typing import Any

KINDS = ("label", "duplicate", "outlier", "quality", "unlabelled")
ORDERS = ("out-of-fold", "loss")


@dataclass(frozen=True)
class Candidate:
    """A picture to look at.

    Attributes:
        given: its label at present; None for none.
        predicted: what a head that has not seen it says (in the order `loss`: the fitted model); None with one label.
        probability: how sure that is.
        loss: of the given label by it, in nats; None where there is no label.
        kind: one of KINDS.
        reason: why it is here, for people.
        twin: of a near-duplicate, the picture that it is a copy of.
    """

    image_id: str
    path: str
    split: str | None
    given: str | None
    predicted: str | None
    probability: float | None
    loss: float | None
    kind: str
    reason: str
    twin: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """Plain values, as the command line prints them."""
        return dict(vars(self))


def percent(share: float) -> str:
    """A share for people.

    >>> percent(0.971)
    '97 %'
    """
    return f"{100 * share:.0f} %"


def label_reason(given: str, predicted: str, probability: float) -> str:
    """Why a picture's label is in doubt.

    >>> label_reason("black", "teddy", 0.97)
    'given `black`, predicted `teddy` 97 %'
    """
    if given != predicted:
        return f"given `{given}`, predicted `{predicted}` {percent(probability)}"
    return f"given `{given}`, predicted so, {percent(probability)}"


def duplicate_reason(twin: str, label: str | None, splits: tuple[str, str] | None) -> str:
    """Why a picture is taken for a copy of another.

    Args:
        twin: the other one's path.
        label: the other one's label, where it is not the same.
        splits: of both, where they are not the same.

    >>> duplicate_reason("images/teddy/1.jpg", "teddy", ("train", "valid"))
    'same picture as images/teddy/1.jpg, which is labelled `teddy`; it is in train and that one in valid'
    """
    labelled = f", which is labelled `{label}`" if label else "" if label is None else ", which has no label"
    mine, other = splits or ("", "")
    return f"same picture as {twin}{labelled}" + (
        f"; it is in {mine} and that one in {other}" if mine and other else ""
    )
