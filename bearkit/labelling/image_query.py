"""Which images the Data tab shows, and in which order: filters, a search, a sort. Pure functions of listed images."""

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from bearkit.catalog.schema import SPLITS
from bearkit.errors import ReviewError

SHOWN = ("", "unlabelled", "deleted")  # "" shows all that are not deleted
WITHOUT_SPLIT = "none"
SOURCES = ("web", "hub", "dropped", "camera", "files")
SORTS = ("newest", "oldest", "label", "name", "doubt", "likeness")
BY_MODEL = ("doubt", "likeness")  # these sorts need the images' features
NUMBER = re.compile(r"(\d+)")


@dataclass(frozen=True)
class ImageQuery:
    """Filters, a search text and an order; an empty filter takes all images.

    Attributes:
        show: one of `SHOWN`.
        label: only images with this label.
        split: only images of this split, or those without one (`none`).
        source: only images that came in this way, one of `SOURCES`.
        text: only images that each of these words fits: a part of the label, the path or an origin, or the beginning of
            the image id.
        sort: one of `SORTS`.
        near: for `likeness`, the id of the image that the others are compared with.

    Raises:
        ReviewError: a filter or the sort is unknown, or `likeness` has no image to compare with.
    """

    show: str = ""
    label: str = ""
    split: str = ""
    source: str = ""
    text: str = ""
    sort: str = "newest"
    near: str = ""

    def __post_init__(self) -> None:
        allowed = {"show": SHOWN, "split": ("", *SPLITS, WITHOUT_SPLIT), "source": ("", *SOURCES), "sort": SORTS}
        for name, words in allowed.items():
            if getattr(self, name) not in words:
                hint = f"one of {', '.join(filter(None, words))}"
                raise ReviewError(f"there is no {name} `{getattr(self, name)}`", hint=hint)
        if self.sort == "likeness" and not self.near:
            raise ReviewError("no picture is chosen to compare with", hint="open a picture, and choose “Like this”")


@dataclass(frozen=True, slots=True)
class ListedImage:
    """One image as it was imported.

    Attributes:
        image_id: its id.
        path: of its file, relative to the project.
        label: as imported; "" for none.
        name: the last part of its first origin.
        source: one of `SOURCES`.
        added: when it was imported, ISO 8601 in UTC.
        searched: what a search looks into, as `folded` returns it.
    """

    image_id: str
    path: str
    label: str
    name: str
    source: str
    added: str
    searched: str


def folded(text: str) -> str:
    """Return a text without differences of case and of how letters are composed.

    >>> folded("Straße") == folded("STRASSE")
    True
    """
    return unicodedata.normalize("NFC", text).casefold()


def source_of(origin: str) -> str:
    """Return the way in which an image came, one of `SOURCES`.

    >>> source_of("https://example.org/a.jpg"), source_of("camera/2026-11-26"), source_of("/home/me/bears/a.jpg")
    ('web', 'camera', 'files')
    """
    ways = {"http://": "web", "https://": "web", "hf://": "hub", "dropped/": "dropped", "camera/": "camera"}
    return next((way for start, way in ways.items() if origin.startswith(start)), "files")


def by_number(name: str) -> list[str | int]:
    """Return a key that sorts names as people do: `a2` before `a10`."""
    return [int(part) if n % 2 else part for n, part in enumerate(NUMBER.split(folded(name)))]


def matching(
    query: ImageQuery,
    images: Iterable[ListedImage],
    labels: Mapping[str, str],
    deleted: Iterable[str],
    splits: Callable[[], Mapping[str, str]],
) -> list[ListedImage]:
    """Return the images that fit the filters and the search, in their order.

    Args:
        query: the filters.
        images: all images, deleted ones included.
        labels: the present label of the images that a decision was made about, by image id.
        deleted: ids of the deleted images.
        splits: returns the split of the images that have one, by image id; called only for a filter by split.
    """
    gone = set(deleted)
    found = [one for one in images if (one.image_id in gone) == (query.show == "deleted")]
    if query.show == "unlabelled":
        found = [one for one in found if not labels.get(one.image_id, one.label)]
    if query.label:
        found = [one for one in found if labels.get(one.image_id, one.label) == query.label]
    if query.source:
        found = [one for one in found if one.source == query.source]
    if query.split:
        assigned, wanted = splits(), "" if query.split == WITHOUT_SPLIT else query.split
        found = [one for one in found if assigned.get(one.image_id, "") == wanted]
    for word in folded(query.text).split():
        found = [
            one
            for one in found
            if word in one.searched
            or one.image_id.startswith(word)
            or word in folded(labels.get(one.image_id, one.label))
        ]
    return found


def in_order(sort: str, images: list[ListedImage], labels: Mapping[str, str]) -> list[ListedImage]:
    """Sort images by what the catalogue knows of them.

    Args:
        sort: `newest`, `oldest`, `label` or `name`.
        images: sorted by name.
        labels: as for `matching`.
    """
    if sort == "label":  # those without a label come last
        return sorted(images, key=lambda one: _label_place(labels.get(one.image_id, one.label)))
    if sort == "name":
        return images
    return sorted(images, key=lambda one: one.added, reverse=sort == "newest")


def _label_place(label: str) -> tuple[bool, str, str]:
    return not label, folded(label), label
