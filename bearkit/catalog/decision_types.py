"""What can be decided about a picture, and how it is written down."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from bearkit.catalog.labels import valid_label
from bearkit.errors import ReviewError

ABOUT_LABELS = ("keep", "delete", "relabel", "label", "unlabel")
ACTIONS = (*ABOUT_LABELS, "beside")


@dataclass(frozen=True)
class DecisionContext:
    """How a decision came about.

    Attributes:
        run: whose model the reviewer saw.
        kind: the kind of suspect that the pictures were shown as; None for no matter which.
        view: what the reviewer had chosen to see.
        token: a name for this call: sent again with the same one, it is stored once.
        unless_since: what others decided after this row stands; the choices about those pictures are left out.
    """

    run: str | None = None
    kind: str | None = None
    view: str | None = None
    token: str | None = None
    unless_since: int | None = None


DEFAULT_CONTEXT = DecisionContext()


@dataclass(frozen=True)
class DecisionRequest:
    """What to decide about one picture.

    Attributes:
        image_id: which picture.
        action: one of ACTIONS; `relabel` and `label` are the same to say, and written down as what they are.
        to: the new label, or the other picture's id; for `keep`, the label that was on screen, if there was one.
        written: the new label as a person wrote it, where `to` was tidied already.
    """

    image_id: str
    action: str
    to: str | None = None
    written: str | None = field(default=None, repr=False, compare=False)


def to_row(choice: DecisionRequest, present: str) -> dict[str, Any]:
    """A choice as it is written down, where the picture's label is `present`.

    Raises:
        ReviewError: its label cannot be one.
    """
    action, to = choice.action, choice.to
    if action in ("keep", "relabel", "label") and to is not None:
        to = (
            present if to == present or not to.strip() else valid_label(to, ReviewError)
        )  # an old label may be a bad one
    if action == "keep":
        to = to or present
    elif action == "delete":
        to = None
    elif action == "unlabel":
        action, to = "unlabel" if present else "keep", ""
    elif action in ("relabel", "label"):
        action = "keep" if to == present else "relabel" if present else "label"
    return {"image_id": choice.image_id, "action": action, "from_label": present, "to_label": to}


def validate(choices: Sequence[DecisionRequest], reviewer: str) -> None:
    """See that these are decisions, by someone.

    Raises:
        ReviewError: they are not.
    """
    if not reviewer.strip():
        raise ReviewError("a decision needs a reviewer's name", hint="--reviewer NAME")
    for choice in choices:
        if choice.action not in ACTIONS:
            raise ReviewError(f"`{choice.action}` is no decision", hint="keep, delete, unlabel, or relabel:LABEL")
        if not isinstance(choice.to, str | None):
            raise ReviewError(f"{choice.to!r} is no text", hint="a label is a text, also where it is a number")
        if choice.action in ("relabel", "label") and not (choice.to or "").strip():
            raise ReviewError("a relabelled picture needs a label", hint="relabel:LABEL")
        if choice.action == "beside" and not choice.to:
            raise ReviewError("beside which picture?", hint="`bearkit duplicates --mend` says it for every copy")
        if choice.action == "beside" and choice.to == choice.image_id:
            raise ReviewError("a picture cannot be beside itself", hint="name the picture of which it is a copy")
