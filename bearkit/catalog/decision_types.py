"""The decisions that a person can make about an image, their checks, and their rows in the catalogue."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from bearkit.catalog.labels import valid_label
from bearkit.errors import ReviewError

ABOUT_LABELS = ("keep", "delete", "relabel", "label", "unlabel")
ACTIONS = (*ABOUT_LABELS, "beside")
ACCEPTED = "accepted"  # the kind of decisions by which images got the label that the model proposed


@dataclass(frozen=True)
class DecisionContext:
    """The circumstances of a decision.

    Attributes:
        run: id of the run whose predictions the reviewer saw.
        kind: kind of candidate that the images were shown as; None for a decision that counts for every kind.
        view: the reviewer's filter of the page.
        token: id of this call; a call that is sent twice with one token is stored once.
        unless_since: id of the newest row that the reviewer knew. Requests about images that others decided about
            after it are left out.
    """

    run: str | None = None
    kind: str | None = None
    view: str | None = None
    token: str | None = None
    unless_since: int | None = None


DEFAULT_CONTEXT = DecisionContext()


@dataclass(frozen=True)
class DecisionRequest:
    """A decision to make about one image.

    Attributes:
        image_id: the image.
        action: one of ACTIONS. `relabel` and `label` mean the same here; the row has `label` if there was no label.
        to: the new label; for `beside` the id of the other image; for `keep` the label on screen, if known.
        written: the new label as the person typed it, if `to` was cleaned already.
    """

    image_id: str
    action: str
    to: str | None = None
    written: str | None = field(default=None, repr=False, compare=False)


def to_row(request: DecisionRequest, current: str) -> dict[str, Any]:
    """Make the catalogue's row of a decision.

    Args:
        request: the decision.
        current: the image's current label, "" for none.

    Returns:
        The columns `image_id`, `action`, `from_label` and `to_label`.

    Raises:
        ReviewError: the new label is not valid.
    """
    action, to = request.action, request.to
    if action in ("keep", "relabel", "label") and to is not None:
        # An old label may be invalid, and stays.
        to = current if to == current or not to.strip() else valid_label(to, ReviewError)
    if action == "keep":
        to = to or current
    elif action == "delete":
        to = None
    elif action == "unlabel":
        action, to = "unlabel" if current else "keep", ""
    elif action in ("relabel", "label"):
        action = "keep" if to == current else "relabel" if current else "label"
    return {"image_id": request.image_id, "action": action, "from_label": current, "to_label": to}


def validate(requests: Sequence[DecisionRequest], reviewer: str) -> None:
    """Check that decisions can be stored.

    Raises:
        ReviewError: there is no reviewer, an action is unknown, or its label or other image is missing.
    """
    if not reviewer.strip():
        raise ReviewError("a decision needs a reviewer's name", hint="--reviewer NAME")
    for request in requests:
        if request.action not in ACTIONS:
            raise ReviewError(f"unknown action `{request.action}`", hint="keep, delete, unlabel, or relabel:LABEL")
        if not isinstance(request.to, str | None):
            raise ReviewError(f"{request.to!r} is not a text", hint='a label is a text: "7", not 7')
        if request.action in ("relabel", "label") and not (request.to or "").strip():
            raise ReviewError("a relabelled picture needs a label", hint="relabel:LABEL")
        if request.action == "beside" and not request.to:
            raise ReviewError(
                "`beside` needs the id of another picture", hint="`bearkit duplicates --mend` sets it for every copy"
            )
        if request.action == "beside" and request.to == request.image_id:
            raise ReviewError("a picture cannot be beside itself", hint="name the picture of which it is a copy")
