"""Decide how the folders around images are read: as labels or splits. If that is not clear, raise a question."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import NoReturn

from bearkit.sources.folder_names import GENERIC, all_generic, batch_kind, is_series, quoted, same_name, split_of
from bearkit.sources.scheme import ONE_OR_NONE, AmbiguousLayoutError, Dirs, ReadingOptions, Scheme, SourceFiles


@dataclass
class FolderReader:
    """Finds the scheme that the folders of one source follow.

    Attributes:
        files: the files of the source.
        how: the user's options.
        notes: sentences about the reading, which `scheme` adds.
    """

    files: SourceFiles
    how: ReadingOptions
    notes: list[str] = field(default_factory=list)

    def scheme(self) -> Scheme:
        """Return the scheme.

        Raises:
            AmbiguousLayoutError: the folders can be read in several ways.
        """
        dirs, splits = self.files.dirs, self.how.splits
        filed = [parts for parts in dirs if parts]
        if not dirs:
            return Scheme()
        if not filed:
            return self._flat(splits)
        loose = len(dirs) - len(filed)
        if loose >= len(filed):
            why = f"{loose} pictures are next to the folders, {len(filed)} in them"
            self._or_outermost(why, [Scheme("folder")], ONE_OR_NONE)
        around = self._around(filed, splits)
        rest = [parts[len(around) :] for parts in filed]
        where, inside = self._splits(rest, around, splits), Dirs()
        if where:
            rest = [parts for parts in (_stripped(parts, where) for parts in rest) if parts]
            if not rest:
                self._ask_flat_splits(around)
            inside = self._around(rest, splits=False, before=Scheme("folder", where, around))
            rest = [
                parts[len(inside) :] for parts in rest if parts[: len(inside)] == inside and len(parts) > len(inside)
            ]
        elif split_of(self.files.root):
            self._say(f"the pictures get no split, though their folder is named `{self.files.root}`")
        scheme = Scheme("folder", where, around, inside)
        if what := batch_kind(names := {parts[0] for parts in rest}):
            deeper = [Scheme("parent", "any" if scheme.splits else "")] if any(len(parts) > 1 for parts in rest) else []
            self._or_outermost(f"{quoted(names)} are {what}", [scheme, *deeper, *self._by_name()], ONE_OR_NONE)
        self._check_splits(scheme, splits)
        self._check_nested(rest, scheme)
        return scheme

    def _flat(self, splits: bool | None) -> Scheme:
        root, n = self.files.root, len(self.files.dirs)
        if not root:
            self._ask(
                f"{n} pictures are in no folder, so there are no folders for labels", self._by_name(), ONE_OR_NONE
            )
        if split_of(root) and splits is not False:
            why = f"{n} pictures are directly in a folder named `{root}`, in no label's folder"
            self._ask(why, self._by_name(), ONE_OR_NONE)
        self._say(f"the pictures are directly in `{root}`: they get its name as their label")
        return Scheme("root")

    def _around(self, dirs: Sequence[Dirs], splits: bool | None, before: Scheme | None = None) -> Dirs:
        """Return the folders around everything that are clearly not labels."""
        around: Dirs = ()
        while True:
            n = len(around)
            tops, inner = (
                {parts[n] for parts in dirs if len(parts) > n},
                {parts[n + 1] for parts in dirs if len(parts) > n + 1},
            )
            top = next(iter(tops))
            if len(tops) > 1 or not inner or (splits is not False and split_of(top)):
                return around
            ends = all(len(parts) <= n + 2 for parts in dirs)
            if ends and all_generic(inner) and not (splits is not False and any(map(split_of, inner))):
                return around
            clear = top.casefold() in GENERIC or same_name(top, self.files.root)
            words = splits is not False and all(map(split_of, inner))
            loose = any(len(parts) == n + 1 for parts in dirs)
            by_folder = replace(before, inside=around) if before else Scheme("folder", around=around)
            ways = [by_folder, Scheme("parent", "any" if by_folder.splits else "")]
            unsure = not clear and not words and (is_series(inner) or (len(inner) == 1 and ends))
            if loose and is_series(inner):
                return around
            if words and ends and not clear:
                self._or_outermost(f"`{top}` holds only the splits", [replace(by_folder, splits="any")], ONE_OR_NONE)
                return around
            if loose or unsure:
                why = f"`{top}` holds {'pictures, and' if loose else 'only'} folders of pictures"
                self._or_outermost(why, ways, ONE_OR_NONE)
                return around
            self._say(f"`{top}` is a folder around everything, and is ignored")
            around = (*around, top)

    def _splits(self, dirs: Sequence[Dirs], around: Dirs, splits: bool | None) -> str:
        """Return which folders are splits: the "first" ones, "any", or "" for none."""
        tops, deep = {parts[0] for parts in dirs}, {parts[0] for parts in dirs if len(parts) > 1}
        words = {top for top in tops if split_of(top)}
        if splits is False:
            return ""
        if splits is True:
            return "first" if words else "any"
        if words == tops:
            return "first" if deep else self._ask_flat_splits(around)
        labels = Scheme("folder", "", around)
        if words:
            if len({split_of(top) for top in words & deep}) > 1:
                return "first"
            if words & deep or len({split_of(top) for top in words}) > 1:
                why = f"{quoted(words)} may be splits, or labels like {quoted(tops - words)}"
                self._ask(why, [labels, replace(labels, splits="first")])
            return ""
        second = {parts[1] for parts in dirs if len(parts) > 1}
        if all(len(parts) > 1 and split_of(parts[1]) for parts in dirs):
            return "any"
        if len({split_of(name) for name in second} - {None}) > 1:
            why = f"{quoted({name for name in second if split_of(name)})} may be splits inside the labels"
            self._ask(why, [labels, replace(labels, splits="any")])
        return ""

    def _check_splits(self, scheme: Scheme, splits: bool | None) -> None:
        """Ask if the folders in the splits do not look like labels."""
        if not scheme.splits or splits is True:
            return
        labels: dict[str, set[str]] = defaultdict(set)
        for place, counts in zip(self.files.places(scheme), self.files.counted, strict=True):
            if counts and place.label is not None:
                labels[str(place.split)].add(place.label)
        if all_generic(set().union(*labels.values())):
            self._ask_flat_splits(scheme.around)
        for split, own in labels.items():
            others = set().union(*(theirs for name, theirs in labels.items() if name != split))
            if others and own.isdisjoint(others):
                ways = [scheme, Scheme("folder", "", scheme.around)]
                self._ask(f"no label of {split} is a label of the other splits too", ways)

    def _check_nested(self, dirs: Sequence[Dirs], scheme: Scheme) -> None:
        """Ask if the folders inside the labels could be the labels."""
        rows: dict[str, list[Dirs]] = defaultdict(list)
        for parts in dirs:
            rows[parts[0]].append(parts[1:])
        inner = {top: names for top, below in rows.items() if (names := _first_fork(below))}
        if not inner:
            return
        names = set().union(*inner.values())
        if len({parts[0] for parts in dirs}) > 1 and not is_series(names) and not all_generic(names):
            shared = sum(n > 1 for n in Counter(name for own in inner.values() for name in own).values())
            nested = all(len(parts) > 1 for parts in dirs) and any(len(own) > 1 for own in inner.values())
            if shared > 1 or nested:
                why = f"{quoted(inner)} hold folders: {quoted(names)}"
                self._or_outermost(why, [scheme, Scheme("parent", "any" if scheme.splits else "")])
        self._say(f"folders inside a label's folder count for that label: {quoted(inner)}")

    # --- questions

    def _by_name(self) -> list[Scheme]:
        """Return the scheme by file names if it gives labels with several images each."""
        by_name = Scheme("name", "" if self.how.splits is False else "any")
        labels, _, left = self.files.counts(by_name)
        left += any(map(split_of, labels))
        return [by_name] if 2 <= len(labels) <= labels.total() // 2 and not left else []

    def _ask_flat_splits(self, around: Dirs) -> NoReturn:
        dirs = [parts[len(around) :] for parts in self.files.dirs if parts[: len(around)] == around]
        folders = {parts[0] for parts in dirs if parts}
        why = f"the pictures are directly in {quoted(folders)}, in no label's folder"
        self._ask(why, [Scheme("folder", "", around), *self._by_name()], f"{ONE_OR_NONE}, with --splits")

    def _ask(self, why: str, ways: list[Scheme], more: str = "") -> NoReturn:
        raise AmbiguousLayoutError(self.files, why, ways, more)

    def _or_outermost(self, why: str, ways: list[Scheme], more: str = "") -> None:
        """Ask, unless the user chose the outermost folders as labels."""
        if self.how.label_from != "folder":
            self._ask(why, ways, more)

    def _say(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(text)


def _first_fork(dirs: Sequence[Dirs]) -> set[str]:
    """Return the names of the folders inside a folder, below levels that have a single folder."""
    while all(dirs) and len({parts[0] for parts in dirs}) == 1 and any(len(parts) > 1 for parts in dirs):
        dirs = [parts[1:] for parts in dirs]
    return {parts[0] for parts in dirs if parts}


def _stripped(dirs: Dirs, where: str) -> Dirs:
    """Return the folders without the split's folder; () for a file outside of the splits."""
    if where == "first":
        return dirs[1:] if split_of(dirs[0]) else ()
    at = next((n for n, name in enumerate(dirs) if split_of(name)), None)
    return dirs if at is None else dirs[:at] + dirs[at + 1 :]
