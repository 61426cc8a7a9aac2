"""Preview an import: its labels and splits, and the files that it leaves out."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from bearkit.sources.layout import SourceItem, look_like_images


@dataclass(frozen=True)
class Preview:
    """What an import would bring, by the names of the files: none is opened.

    Attributes:
        labels: files of each label that look like pictures.
        splits: how many of them the source gives for train, valid or test.
        unlabelled: files without a label that look like pictures.
        left_out: files that are not read, or do not look like pictures, each with its path and reason.
        notes: sentences about how the folders were read.
    """

    labels: dict[str, int] = field(default_factory=dict)
    splits: dict[str, int] = field(default_factory=dict)
    unlabelled: int = 0
    left_out: list[dict[str, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """Return plain values, as the command line prints them."""
        return {"dry_run": True, **asdict(self)}


def make_preview(items: Sequence[SourceItem], notes: Sequence[str]) -> Preview:
    """Return the preview of an import of these files."""
    readable = [item for item in items if not item.problem]
    image_like = look_like_images([item.name for item in readable])
    images = [item for item, is_image in zip(readable, image_like, strict=True) if is_image]
    labels = Counter(item.label for item in images if item.label)
    splits = Counter(item.split for item in images if item.split)
    left_out = [{"path": item.origin, "reason": item.problem} for item in items if item.problem]
    left_out += [
        {"path": item.origin, "reason": "its name is not that of a picture; the import tries to read it"}
        for item, is_image in zip(readable, image_like, strict=True)
        if not is_image
    ]
    return Preview(
        dict(sorted(labels.items())), dict(sorted(splits.items())), len(images) - labels.total(), left_out, list(notes)
    )
