"""Answers to the grids of the tabs: thumbnails, the large view of an image, undo and redo."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from bearkit.catalog.catalog import Catalog
from bearkit.catalog.decisions import DecisionLog
from bearkit.catalog.label_set import example_ids, toggle_example
from bearkit.catalog.schema import Decision, ImageRecord
from bearkit.core.project import Project
from bearkit.images import thumbnails
from bearkit.labelling.image_query import ListedImage
from bearkit.labelling.snapshot import Snapshot
from bearkit.studio import html


def thumbnail_urls(
    project: Project, images: Sequence[ImageRecord] | Sequence[ListedImage], side: int = thumbnails.SIDE
) -> list[str | None]:
    """Return the address of each image's small copy; None if its file is missing."""
    paths = thumbnails.thumbnails(project, [(image.image_id, image.path) for image in images], side)
    return [f"/gradio_api/file={quote(str(path))}" if path else None for path in paths]


def large_picture(
    project: Project, snapshot: Snapshot, row: int, near: Sequence[ImageRecord], log: DecisionLog
) -> dict[str, Any]:
    """Return what the large view of an image shows.

    Args:
        project: whose image.
        snapshot: of now.
        row: the image's row in the snapshot.
        near: the most similar images.
        log: the project's decisions.
    """
    image = snapshot.images[row]
    large = thumbnail_urls(project, [image], thumbnails.LARGE)[0]
    label = {one.image_id: str(snapshot.labels[snapshot.row_of[one.image_id]]) for one in near}
    return {
        **_picture(image, str(snapshot.labels[row]), large),
        "example": image.image_id in example_ids(log.catalog),
        "split": str(snapshot.splits[row]) or "no split",
        "width": image.width,
        "height": image.height,
        "neighbours": [
            _picture(one, label[one.image_id], url)
            for one, url in zip(near, thumbnail_urls(project, near), strict=True)
        ],
        "decisions": [in_words(decision) for decision in log.of_image(image.image_id)],
    }


def mark_example(catalog: Catalog, request: dict[str, Any]) -> dict[str, Any]:
    """Make an image an example of a label, or no example any more.

    Args:
        catalog: of the project.
        request: `image_id` and `label`; and `wanted`, if it shall stay an example that is one already.

    Returns:
        `example`, whether it is one now.
    """
    label, image_id = str(request["label"]), str(request["image_id"])
    return {"example": toggle_example(catalog, label, image_id, bool(request.get("wanted")))}


def undo_or_redo(log: DecisionLog, action: str, reviewer: str, by: str | None = None) -> dict[str, Any]:
    """Undo or redo a reviewer's last step.

    Args:
        log: the project's decisions.
        action: "undo" or "redo".
        reviewer: whose step.
        by: who asks for it, if it is not the reviewer.

    Returns:
        `rows`, for each image of the step: its action and its label (`to`) in that step, and the decision that is valid
        `now`; and `message`, a sentence about the step.

    Raises:
        ReviewError: There is nothing to undo or to redo.
    """
    rows = {"undo": log.undo, "redo": log.redo}[action](1, reviewer, by)
    now = log.current()
    return {
        "rows": [
            {
                "image_id": row.image_id,
                "action": row.action,
                "to": row.to_label,
                "now": _as_shown(now.get(str(row.image_id))),
            }
            for row in rows
        ],
        "message": html.step_message(action, [row.action for row in rows]),
    }


def _picture(image: ImageRecord, label: str, url: str | None) -> dict[str, Any]:
    return {"path": image.path, "given": label, "url": url}


def in_words(decision: Decision) -> str:
    """Say what was decided, and by whom."""
    to = f" as {decision.to_label}" if decision.action in ("label", "relabel") else ""
    return f"{html.DONE.get(decision.action, decision.action)}{to}, by {decision.reviewer}"


def _as_shown(decision: Decision | None) -> dict[str, Any] | None:
    """Return the valid decision about an image as the page shows it."""
    if decision is None:
        return None
    return {"id": decision.id, "action": decision.action, "to": decision.to_label, "by": decision.reviewer}
