"""A scheme reads labels and splits from the paths of files."""

import re
import shlex
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from bearkit.catalog.labels import clean_label, label_problem
from bearkit.errors import ImportSourceError
from bearkit.sources.folder_names import split_of
from bearkit.sources.layout import look_like_images
from bearkit.sources.table_columns import most_held_out

LABEL_FROM = ("folder", "parent", "name", "metadata")
ONE_OR_NONE = "--label NAME for one label, --unlabelled for none yet"
SHOWN = 6  # labels named in a question
Dirs = tuple[str, ...]


@dataclass(frozen=True)
class ReadingOptions:
    """The user's options for reading labels and splits; None if the user did not choose.

    Attributes:
        label_from: `folder` (the outermost folder), `parent` (the folder that holds the file), `name` (the beginning of
            the file's name) or `metadata` (a table with the columns file_name and label).
        splits: whether folders named train, valid, test and the like are splits.

    Raises:
        ImportSourceError: `label_from` is none of these.
    """

    label_from: str | None = None
    splits: bool | None = None

    def __post_init__(self) -> None:
        if self.label_from not in (None, *LABEL_FROM):
            text = f"labels cannot be read from `{self.label_from}`"
            raise ImportSourceError(text, hint=f"--label-from {', '.join(LABEL_FROM)}")


@dataclass(frozen=True)
class PathLabel:
    """The label and split of a file, read from its path or a table.

    Attributes:
        label: the label; None if there is none.
        split: train, valid or test; None if there is none.
        problem: why there is no label.
        written: the label before it was tidied.
    """

    label: str | None
    split: str | None
    problem: str = ""
    written: str = ""


@dataclass(frozen=True)
class Scheme:
    """How labels and splits are read.

    Attributes:
        label_from: one of LABEL_FROM; "root": the name of the source is the label of all files; or "none": no labels.
        splits: which folder names the split: the "first" one, or "any"; "table" if only a table has splits; "" for no
            splits.
        around: the folders around everything, outside of the splits.
        inside: the folders between the split's folder and the labels.
    """

    label_from: str = "folder"
    splits: str = ""
    around: Dirs = ()
    inside: Dirs = ()

    def options(self, root: str) -> str:
        """Return the command-line options that choose this scheme; `root` is the name of the source."""
        if self.label_from == "none":
            return "--unlabelled"
        if self.label_from == "root":
            return f"--label {shlex.quote(root)} (or another name)"
        return f"--label-from {self.label_from} {'--splits' if self.splits else '--no-splits'}"


@dataclass(frozen=True)
class SourceFiles:
    """The files of one source, with their paths in it.

    Attributes:
        root: the name of the source; "" if it cannot be a label.
        paths: the paths of all files.
        counted: whether each file can be an image; only these decide how the folders are read.
        tables: labels from tables among the files, by path.
        given: splits from such tables, by path. If a folder names another split, the one further from training is used.
    """

    root: str
    paths: Sequence[PurePosixPath]
    counted: Sequence[bool]
    tables: Mapping[PurePosixPath, PathLabel] = field(default_factory=dict)
    given: Mapping[PurePosixPath, str] = field(default_factory=dict)

    @classmethod
    def of(cls, root: str, paths: Sequence[PurePosixPath], names: Sequence[str]) -> "SourceFiles":
        """Make it of paths, and of the files' names, which tell whether they can be images."""
        return cls(root, paths, look_like_images(names))

    @property
    def dirs(self) -> list[Dirs]:
        """The folders around each file that can be an image."""
        return [path.parts[:-1] for path, counts in zip(self.paths, self.counted, strict=True) if counts]

    def places(self, scheme: Scheme) -> list[PathLabel]:
        """Return the label and split of each file under a scheme."""
        return [self._place(path, scheme) for path in self.paths]

    def counts(self, scheme: Scheme) -> tuple[Counter[str], Counter[str], int]:
        """Count the images of each label, of each split, and the images that are left out."""
        places = [place for place, counts in zip(self.places(scheme), self.counted, strict=True) if counts]
        labels = Counter(place.label for place in places if place.label is not None)
        splits = Counter(place.split for place in places if place.label is not None and place.split)
        return labels, splits, len(places) - labels.total()

    def _place(self, path: PurePosixPath, scheme: Scheme) -> PathLabel:
        dirs, split = path.parts[:-1], None
        if dirs[: len(scheme.around)] != scheme.around:
            return PathLabel(None, None, _outside(dirs, scheme.around))
        dirs = dirs[len(scheme.around) :]
        if scheme.splits == "first":
            if not dirs or split_of(dirs[0]) is None:
                return PathLabel(None, None, "it is outside of the folders of the splits")
            split, where, dirs = split_of(dirs[0]), dirs[0], dirs[1:]
        elif scheme.splits == "any":
            where = next((name for name in dirs if split_of(name)), "")
            split = split_of(where)
            dirs = dirs[: dirs.index(where)] + dirs[dirs.index(where) + 1 :] if where else dirs
        if dirs[: len(scheme.inside)] != scheme.inside:
            return PathLabel(None, split, _outside(dirs, scheme.inside))
        dirs = dirs[len(scheme.inside) :]
        if scheme.label_from in ("folder", "parent") and not dirs:
            return PathLabel(None, split, f"it is in no label's folder{f' inside {where}' if split else ''}")
        return self._labelled(path, dirs, split, scheme)

    def _labelled(self, path: PurePosixPath, dirs: Dirs, split: str | None, scheme: Scheme) -> PathLabel:
        split = most_held_out([split, self.given.get(path)]) if scheme.splits else None
        if scheme.label_from == "metadata":
            given = self.tables.get(path, PathLabel(None, None, "no table of labels names it"))
            label, problem = given.label or "", given.problem or "the table gives it no label"
        elif scheme.label_from == "name":
            label, problem = label_in_name(path.name), "its name begins with no label"
        else:
            label, problem = (
                {"root": self.root, "folder": dirs[0] if dirs else "", "parent": dirs[-1] if dirs else ""}[
                    scheme.label_from
                ],
                "it is in no label's folder",
            )
        if not label:
            return PathLabel(None, split, problem)
        problem = label_problem(label)
        return PathLabel(None if problem else clean_label(label), split, problem, label)


def label_in_name(name: str) -> str:
    """Return the label that a file's name begins with: the text before a number, or before a separator.

    >>> [label_in_name(name) for name in ("cat.0.jpg", "great_pyrenees_173.jpg", "owl-left.png", "0001.jpg")]
    ['cat', 'great_pyrenees', 'owl', '']
    """
    stem = PurePosixPath(name).stem
    match = re.match(r"(\D*?)[\W_]*\d", stem)
    return match[1] if match else re.split(r"[\W_]", stem, maxsplit=1)[0]


def list_counts(counts: Mapping[str, int], numbers: bool = True) -> str:
    """List labels with their counts; after SHOWN of them, only the number of the others.

    >>> list_counts({"black": 4, "teddy": 5})
    'black 4, teddy 5'
    """
    rows = [f"{name} {n}" if numbers else f"`{name}`" for name, n in sorted(counts.items())]
    rest = f" and {len(rows) - SHOWN} more" if len(rows) > SHOWN else ""
    return ", ".join(rows[:SHOWN]) + rest


class NoLabelsError(ImportSourceError):
    """A source has images, and nothing that gives them labels."""


class AmbiguousLayoutError(ImportSourceError):
    """The folders can be read in several ways; the error lists them, with the labels and options of each.

    Args:
        files: the files of the source.
        why: what is ambiguous.
        schemes: the possible readings.
        more: other options for the hint.
        notes: sentences about tables that are not read, and why.
    """

    def __init__(
        self, files: SourceFiles, why: str, schemes: Sequence[Scheme], more: str = "", notes: Sequence[str] = ()
    ) -> None:
        self.why, self.schemes, self.more = why, list(schemes), more
        ways = "; or ".join(_in_words(files, scheme) for scheme in schemes)
        options = [f"{scheme.options(files.root)} for {_in_words(files, scheme, short=True)}" for scheme in schemes]
        reason = f"{why[:1].upper()}{why[1:]}{f': {ways}' if ways else ''}"
        super().__init__(
            ". ".join([f"{files.root or 'the source'} can be read in several ways. {reason}", *map(_sentence, notes)]),
            hint=f"say which: {'; '.join([*options, *filter(None, [more])])} (--dry-run only shows it)",
            readings=[_as_dict(files, scheme) for scheme in schemes],
        )


def _sentence(note: str) -> str:
    return note[:1].upper() + note[1:]


def _in_words(files: SourceFiles, scheme: Scheme, short: bool = False) -> str:
    """Describe the labels and splits that a scheme gives the files."""
    if scheme.label_from == "none":
        return "no label yet"
    labels, splits, left = files.counts(scheme)
    text = f"{'label' if len(labels) == 1 else 'labels'} {list_counts(labels, numbers=not short)}"
    text += f" (splits {list_counts(splits)})" if splits and not short else ""
    return f"{text} ({left} left out)" if left and not short else text


def _as_dict(files: SourceFiles, scheme: Scheme) -> dict[str, Any]:
    """Return the labels, the splits and the options of a scheme for scripts."""
    labels, splits, left = files.counts(scheme) if scheme.label_from != "none" else ({}, {}, 0)
    counts = {"labels": dict(sorted(labels.items())), "splits": dict(sorted(splits.items())), "left_out": left}
    return {"options": scheme.options(files.root), **counts}


def _outside(dirs: Dirs, around: Dirs) -> str:
    where = "/".join(around)
    return f"it is outside of {where}, which holds the labels" if dirs else "it is in no label's folder"
