"""What an import understood of its sources, before anything is copied: labels, splits, and what is left out."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from bearkit.sources.layout import SourceItem, look_like_images


@dataclass(frozen=True)
class Preview:
    """What would come. Files are known by their names only: none was opened yet.

    Attributes:
        labels: files of each label that look like pictures.
        splits: how many of them are given for train, valid or test.
        unlabelled: how many have no label.
        left_out: what is not tried, or does not look like a picture, each with its path and reason.
        notes: sentences about how the folders were read.
    """

    labels: dict[str, int] = field(default_factory=dict)
    splits: dict[str, int] = field(default_factory=dict)
    unlabelled: int = 0
    left_out: list[dict[str, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """Plain values, as the command line prints them."""
        return {"dry_run": True, **asdict(self)}


def make_preview(found: Sequence[SourceItem], notes: Sequence[str]) -> Preview:
    """What an import of these files would bring."""
    tried = [one for one in found if not one.problem]
    pictures = look_like_images([one.name for one in tried])
    come = [one for one, is_picture in zip(tried, pictures, strict=True) if is_picture]
    labels = Counter(one.label for one in come if one.label)
    out = [{"path": one.origin, "reason": one.problem} for one in found if one.problem]
    out += [
        {"path": one.origin, "reason": "its name is not a picture's; it is tried all the same"}
        for one, is_picture in zip(tried, pictures, strict=True)
        if not is_picture
    ]
    splits = Counter(one.split for one in come if one.split)
    return Preview(
        dict(sorted(labels.items())), dict(sorted(splits.items())), len(come) - labels.total(), out, list(notes)
    )
