"""A candidate: an image to review, and the reason, as text for people."""

from dataclasses import dataclass
from typing import Any

from bearkit.core.text import whole_percent

REVIEW_KINDS = ("label", "duplicate", "outlier", "quality", "unlabelled")
SET_KINDS = ("any", "mistake", "conflict", "deleted")
REVIEW_ORDERS = ("out-of-fold", "loss")


@dataclass(frozen=True)
class Candidate:
    """An image to review.

    Attributes:
        image_id: sha256 of the file.
        path: relative to the project; absolute for a linked file.
        split: train, valid or test; None for none.
        given: the current label; None for none.
        predicted: the label predicted by a head that was trained without this image (with the order `loss`, and for
            the kind `mistake`: by a run's model); for an image without a label it is the proposal. None with fewer than
            two labels, and for an image of an audit that waits for an answer.
        probability: of `predicted`.
        loss: cross-entropy of the current label in nats; None without a label.
        kind: one of `REVIEW_KINDS` or `SET_KINDS`.
        reason: why the image is here, for people.
        twin: for a near-duplicate, the id of the image it duplicates.
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
        """Return plain values, as the command line prints them."""
        return dict(vars(self))


def label_reason(given: str, predicted: str, probability: float) -> str:
    """Say why a label is in doubt.

    >>> label_reason("black", "teddy", 0.97)
    'given `black`, predicted `teddy` 97 %'
    >>> label_reason("teddy", "teddy", 0.4)
    'given `teddy`, also predicted, 40 %'
    """
    if given != predicted:
        return f"given `{given}`, predicted `{predicted}` {whole_percent(probability)}"
    return f"given `{given}`, also predicted, {whole_percent(probability)}"


def duplicate_reason(path: str, label: str | None, splits: tuple[str, str] | None) -> str:
    """Say which image this one duplicates, and how the two differ.

    Args:
        path: of the other image.
        label: of the other image, "" for none; None if both have the same label.
        splits: of this image and the other; None if both are in the same split.

    >>> duplicate_reason("images/teddy/1.jpg", "teddy", ("train", "valid"))
    'same picture as images/teddy/1.jpg, which has the label `teddy`; this one is in train, the other in valid'
    """
    text = f"same picture as {path}"
    if label is not None:
        text += f", which has the label `{label}`" if label else ", which has no label"
    own, other = splits or ("", "")
    return f"{text}; this one is in {own}, the other in {other}" if own and other else text
