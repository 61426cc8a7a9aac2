"""What the folders around a picture say about it: `label/x.jpg`, or `train|valid|test/label/x.jpg`."""

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

SPLIT_FOLDERS = {"train": "train", "valid": "valid", "val": "valid", "validation": "valid", "test": "test"}
LITTER = {"__MACOSX", "Thumbs.db", "desktop.ini"}  # what systems leave in folders; so are names that start with a dot


@dataclass(frozen=True)
class Found:
    """One file that an importer found: the whole interface between where pictures come from and the project.

    `read` gives its bytes (or raises ImageError); `problem` says why it cannot even be tried.
    """

    origin: str  # where it is, for people: a path, or ARCHIVE!member
    name: str  # its file name
    label: str | None
    split: str | None
    read: Callable[[], bytes]
    problem: str = ""


@dataclass(frozen=True)
class Place:
    """What a path says: a label and perhaps a split, or why it says neither."""

    label: str | None
    split: str | None
    problem: str = ""


def is_litter(path: PurePosixPath) -> bool:
    """Files that an operating system put there and nobody wants to hear about.

    >>> is_litter(PurePosixPath("__MACOSX/black/._1.jpg")), is_litter(PurePosixPath("black/1.jpg"))
    (True, False)
    """
    return any(part in LITTER or part.startswith(".") for part in path.parts)


def places(paths: Sequence[PurePosixPath], root_name: str, labelled: bool = True) -> list[Place]:
    """Read label and split off each path, relative to what was given; not `labelled`, they all have the label "".

    A single folder around everything is looked through (zips often have one). Pictures right in the folder that was
    given, with no folders beside them, take that folder's name as their label.

    >>> [p.label for p in places([PurePosixPath("bears/black/1.jpg"), PurePosixPath("bears/teddy/2.jpg")], "bears.zip")]
    ['black', 'teddy']
    >>> places([PurePosixPath("val/black/1.jpg")], "bears")
    [Place(label='black', split='valid', problem='')]
    """
    if not labelled:
        return [Place("", None)] * len(paths)
    parts = [path.parts for path in paths]
    while _is_wrapped(parts):
        root_name, parts = parts[0][0], [p[1:] for p in parts]
    if parts and all(len(p) == 1 for p in parts):
        return [Place(_label(root_name), None)] * len(parts)
    has_splits = any(len(p) > 2 and p[0].lower() in SPLIT_FOLDERS for p in parts)
    return [_place(p, has_splits) for p in parts]


def _is_wrapped(parts: list[tuple[str, ...]]) -> bool:
    """Whether one folder, itself no label and no split, holds all the rest."""
    tops = {p[0].lower() for p in parts}
    return len(tops) == 1 and all(len(p) > 2 for p in parts) and tops.isdisjoint(SPLIT_FOLDERS)


def _place(parts: tuple[str, ...], has_splits: bool) -> Place:
    if not has_splits:
        if len(parts) < 2:
            return Place(None, None, "it is in no label's folder")
        return Place(_label(parts[0]), None)
    split = SPLIT_FOLDERS.get(parts[0].lower())
    if split is None:
        return Place(None, None, "it is outside of train, valid and test, which are beside it")
    if len(parts) < 3:
        return Place(None, split, f"it is in no label's folder inside {parts[0]}")
    return Place(_label(parts[1]), split)


def readable(path: str) -> str:
    """A path as text that can be stored and shown: bytes that are no UTF-8 become backslash escapes."""
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def label_of(name: str) -> str:
    """A name as a label: one form of each accented letter, no space around it."""
    return unicodedata.normalize("NFC", name).strip()


def _label(folder: str) -> str:
    return label_of(folder) or folder
