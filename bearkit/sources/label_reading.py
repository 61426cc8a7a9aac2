"""Decide which folders of a source are labels and which are splits, from the paths of all files.

    label/x.jpg                   the outermost folder is the label
    train|valid|test/label/x.jpg  folders of splits, under their usual names, hold the labels; also label/train/x.jpg
    around/label/x.jpg            a folder around everything is ignored, and a note says so
    x.jpg                         images directly in the source: one label, or none yet? An error asks, unless the
                                  project has a label of the source's name

Labels are also read from tables (metadata.csv). If there are several ways to read a source, an error lists them.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from bearkit.catalog.labels import clean_label
from bearkit.core.text import count
from bearkit.errors import ImportSourceError
from bearkit.sources.folder_labels import FolderReader
from bearkit.sources.folder_names import all_generic, batch_kind, quoted, same_name
from bearkit.sources.label_notes import tidying_notes
from bearkit.sources.label_tables import Tables, label_counts, read_tables
from bearkit.sources.layout import SourceItem, folder_name, left_out_item
from bearkit.sources.scheme import AmbiguousLayoutError, PathLabel, ReadingOptions, Scheme, SourceFiles

NEARLY_ALL = 0.9  # share of the images that a table must name to decide alone


def read_labels(
    items: Sequence[SourceItem], root: str, how: ReadingOptions, known: Collection[str] = ()
) -> tuple[list[SourceItem], list[str]]:
    """Give each file its label and split, or the reason why it has none.

    Args:
        items: the files of one source; files with a label or a problem do not change.
        root: the source's name; "" if it cannot be a label.
        how: the user's options.
        known: labels of the project; a source named like one of them may be all of that label.

    Returns:
        The files, and sentences about how they were read.

    Raises:
        AmbiguousLayoutError: there are several ways to read the folders; its details are their labels and options.
        ImportSourceError: no table has labels, though the user asked for one.
    """
    rows = [n for n, item in enumerate(items) if item.inside is not None and item.label is None and not item.problem]
    if not rows:
        return list(items), []
    asked = [items[n] for n in rows]
    reader = _Reader(asked, SourceFiles.of(root, [item.place for item in asked], [item.name for item in asked]), how)
    scheme = reader.scheme()
    if how == ReadingOptions():
        _ask_about_one_label(reader.files, scheme, known)
    used = {name: "the splits come from this table" for name in reader.tables.split_by if scheme.splits}
    if scheme.label_from == "metadata":
        used |= dict.fromkeys(reader.tables.used, "the labels come from this table")
    result, places = list(items), reader.files.places(scheme)
    for n, place in zip(rows, places, strict=True):
        result[n] = replace(items[n], label=place.label, split=place.split, problem=place.problem)
        if reason := used.get(str(items[n].inside)):
            result[n] = left_out_item(items[n].origin, reason)
    notes = [*reader.notes, *reader.tables.notes, *tidying_notes(place.written for place in places)]
    return result, notes


def _ask_about_one_label(files: SourceFiles, scheme: Scheme, known: Collection[str]) -> None:
    """Ask whether the pictures of a flat folder or zip have one label or none yet.

    Raises:
        AmbiguousLayoutError: the only label is the name of the source, and the project does not have it.
    """
    labels = list(files.counts(scheme)[0])
    if len(labels) != 1 or labels[0] in known:
        return
    if scheme.label_from == "root" or (scheme.label_from == "folder" and same_name(labels[0], files.root)):
        why = f"no folders are there for labels, only {count(sum(files.counted), 'picture')}"
        raise AmbiguousLayoutError(files, why, [replace(scheme, label_from="root"), Scheme("none")])


@dataclass
class _Reader:
    """Finds the scheme that the files of one source follow.

    Attributes:
        items: the files of the source.
        files: their paths.
        how: the user's options.
        notes: sentences about the reading, which `scheme` adds.
        tables: the labels and splits in tables, which `scheme` reads.
    """

    items: Sequence[SourceItem]
    files: SourceFiles
    how: ReadingOptions
    notes: list[str] = field(default_factory=list)
    tables: Tables = field(default_factory=Tables)

    def scheme(self) -> Scheme:
        """Return the scheme that the user chose, or the one that is clear."""
        self.tables = read_tables(self.items, self.files)
        given = {} if self.how.splits is False else self.tables.splits
        self.files = replace(self.files, tables=self.tables.labels, given=given)
        scheme = self._with_splits(self._asked() if self.how.label_from else self._decided())
        if scheme.label_from == "metadata":
            self.notes.append(f"labels come from {', '.join(self.tables.used)}")
        if scheme.splits and given:
            by = (f"{name}{f' ({columns})' if columns else ''}" for name, columns in self.tables.split_by.items())
            self.notes.append(f"splits come from {', '.join(by)}")
        return scheme

    def _asked(self) -> Scheme:
        """Return the scheme that the user chose."""
        label_from = str(self.how.label_from)
        if label_from == "folder":
            return self._by_folders()
        if label_from == "metadata":
            if not self.files.tables:
                raise ImportSourceError(
                    ". ".join(["no table of labels names these pictures", *self.tables.notes]),
                    hint="put a metadata.csv with the columns file_name,label next to them",
                )
            return self._table
        return Scheme(label_from, self._asked_splits(label_from))

    def _by_folders(self) -> Scheme:
        reader = FolderReader(self.files, self.how)
        scheme = reader.scheme()
        self.notes = reader.notes
        return scheme

    def _asked_splits(self, label_from: str) -> str:
        """Return where the splits are if the user chose where the labels are."""
        if self.how.splits is not None:
            return "any" if self.how.splits else ""
        try:
            return "any" if label_from == "name" or FolderReader(self.files, ReadingOptions()).scheme().splits else ""
        except AmbiguousLayoutError:
            return ""

    def _with_splits(self, scheme: Scheme) -> Scheme:
        """Return the scheme with the splits from a table, if it has none."""
        return replace(scheme, splits="table") if self.files.given and not scheme.splits else scheme

    @property
    def _table(self) -> Scheme:
        return Scheme("metadata", "" if self.how.splits is False else "any")

    def _decided(self) -> Scheme:
        """Return the scheme of the folders or of a table, if one is clear and the other does not contradict it."""
        try:
            folders = self._by_folders()
        except AmbiguousLayoutError as unsure:
            if self._table_says_all():
                return self._table
            table = [self._table] if self.files.tables else []
            raise self._unsure(unsure.why, [*unsure.schemes, *table], unsure.more) from None
        labels = self.files.counts(folders)[0]
        dull = folders.label_from == "root" or all_generic(labels) or bool(batch_kind(labels))
        if not self.files.tables:
            if dull and self.tables.guess:
                raise self._unsure(f"a table names these pictures, but {self.tables.guess}", [folders])
            return folders
        if folders.label_from != "root" and self._agree(folders):
            return self._agreed(folders)
        if self._table_says_all() and (dull or self.tables.ours):
            self.notes.clear()
            return self._table
        if not dull and not self.tables.sure:
            self.tables.notes.append(f"{self.tables.called} is not used for labels")
            return folders
        if not dull and not self.tables.hub and (why := self._says_little(labels)):
            self.tables.notes.append(f"{self.tables.called} is not used: {why}")
            return folders
        raise self._unsure(f"{self.tables.called} and the folders say different things", [folders, self._table])

    def _unsure(self, why: str, ways: Sequence[Scheme], more: str = "") -> AmbiguousLayoutError:
        return AmbiguousLayoutError(self.files, why, [self._with_splits(one) for one in ways], more, self.tables.notes)

    def _named(self) -> tuple[int, int, int]:
        """Count the images, those that a table names, and those with a label in a table."""
        paths = [path for path, counts in zip(self.files.paths, self.files.counted, strict=True) if counts]
        named = [self.files.tables[path] for path in paths if path in self.files.tables]
        return len(paths), len(named), sum(bool(place.label) for place in named)

    def _table_says_all(self) -> bool:
        """Return whether a table names nearly all images; a table by bearkit decides even if images were added."""
        n, named, labelled = self._named()
        nearly = named >= NEARLY_ALL * n or self.tables.ours
        return self.tables.sure and nearly and 2 * labelled >= named > 0

    def _says_little(self, folders: Mapping[str, int]) -> str:
        """Return why a table that contradicts the folders has no labels; "" if it may have some."""
        n, _, labelled = self._named()
        given = label_counts(self.files.tables)
        numbers = all(path.stem.isdigit() for path in self.files.tables)
        if numbers and given.total() == len(given) and set(given) == set(folders):
            return "it lists the labels"
        if given.total() >= 10 and 2 * len(given) > given.total():
            return "nearly each picture has a label of its own in it"
        return f"it gives {labelled} of {n} pictures a label, other ones than the folders" if labelled < n / 10 else ""

    def _agreed(self, folders: Scheme) -> Scheme:
        """Return the scheme for a table's labels.

        An image that the table does not name gets the label that the table has for the other images of its folder.
        """
        places = dict(zip(self.files.paths, self.files.places(folders), strict=True))
        says = dict(self._pairs(folders))
        counted = [path for path, counts in zip(self.files.paths, self.files.counted, strict=True) if counts]
        left = {path: label for path in counted if path not in self.files.tables and (label := places[path].label)}
        if any(folder != label for folder, label in says.items()) and not says.keys() >= set(left.values()):
            new = quoted(set(left.values()) - says.keys())
            why = f"{self.tables.called} names no picture in the folders {new}, and calls others by other names"
            raise self._unsure(why, [self._table, folders])
        more = {path: PathLabel(says.get(label, label), None) for path, label in left.items()}
        self.files = replace(self.files, tables={**self.files.tables, **more})
        if more:
            self.tables.notes.append(
                f"{count(len(more), 'picture')} that {self.tables.called} does not name: "
                f"the label is that of the folder: {quoted(map(str, more))}"
            )
        return replace(folders, label_from="metadata")

    def _pairs(self, folders: Scheme) -> set[tuple[str, str]]:
        """Return (the folder's label, the table's label) of each image that has both."""
        return {
            (place.label or "", clean_label(self.files.tables[path].label or ""))
            for path, place in zip(self.files.paths, self.files.places(folders), strict=True)
            if path in self.files.tables and self.files.tables[path].label
        }

    def _agree(self, folders: Scheme) -> bool:
        """Return whether the table's labels are those of the folders, except for characters that no folder can have.

        In data sets by bearkit, labels that would share a folder have folders with numbers: `cat-2`.
        """
        pairs = self._pairs(folders)
        one_to_one = len(pairs) == len({name for name, _ in pairs}) == len({label for _, label in pairs})
        return one_to_one and all(_is_folder_of(name, label) for name, label in pairs)


def _is_folder_of(name: str, label: str) -> bool:
    plain = clean_label(folder_name(label))
    return re.fullmatch(re.escape(plain) + r"(-\d+)?", name) is not None
