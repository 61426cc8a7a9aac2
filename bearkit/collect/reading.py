"""The one place that decides what is a label and what a split, from all the paths of a source. It asks when unsure.

    label/x.jpg                   the label is the outermost folder
    train|valid|test/label/x.jpg  splits around labels, under their many names; also label/train/x.jpg
    around/label/x.jpg            a folder around everything is looked through, and that is said
    x.jpg                         pictures right in what was given are one label: its name

A table of labels (metadata.csv) counts too. What can be read in several ways is an error that names them.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from bearkit.collect.folder_names import generic
from bearkit.collect.folder_reader import FolderReader
from bearkit.collect.layout import Found, folder_name, label_of, left_out
from bearkit.collect.metadata import tables_of
from bearkit.collect.scheme import Files, How, Scheme, Unsure
from bearkit.collect.tidying import cleanings
from bearkit.errors import ImportSourceError


def understand(found: Sequence[Found], root: str, how: How) -> tuple[list[Found], list[str]]:
    """Give each file its label and split, or the reason why it has none.

    Args:
        found: the files of one source; those that have a label already, or a problem, stay as they are.
        root: the source's name; "" where it could be no label.
        how: what was said about it.

    Returns:
        The files, and sentences about how they were read.

    Raises:
        ImportSourceError: there are several ways to read the folders; its details are their labels and options.
    """
    rows = [n for n, one in enumerate(found) if one.inside is not None and one.label is None and not one.problem]
    if not rows:
        return list(found), []
    asked = [found[n] for n in rows]
    reader = _Reader(asked, Files.of(root, [one.place for one in asked], [one.name for one in asked]), how)
    scheme = reader.scheme()
    result, places = list(found), reader.files.places(scheme)
    for n, place in zip(rows, places, strict=True):
        result[n] = replace(found[n], label=place.label, split=place.split, problem=place.problem)
        if scheme.label_from == "metadata" and str(found[n].inside) in reader.tables:
            result[n] = left_out(found[n].origin, "the labels come from this table")
    return result, reader.notes + cleanings(place.written for place in places)


@dataclass
class _Reader:
    """Finds the scheme that the files of one source follow."""

    found: Sequence[Found]
    files: Files
    how: How
    notes: list[str] = field(default_factory=list)
    tables: list[str] = field(default_factory=list)

    def scheme(self) -> Scheme:
        """The clear one, or the one that was asked for."""
        if self.how.label_from == "metadata":
            if not self._take_tables(wide=False) and not self._take_tables(wide=True):
                raise ImportSourceError(
                    "no table of labels names these pictures",
                    hint="put a metadata.csv with the columns file_name,label beside them",
                )
            return self._by_table()
        if self.how.label_from in ("parent", "name"):
            return Scheme(self.how.label_from, self._asked_splits(self.how.label_from))
        if self.how.label_from == "folder":
            return self._by_folders()
        self._take_tables(wide=False)
        try:
            folders = self._by_folders()
        except Unsure as unsure:
            return self._or_table(unsure)
        return self._with_table(folders)

    def _by_folders(self) -> Scheme:
        reader = FolderReader(self.files, self.how)
        scheme = reader.scheme()
        self.notes = reader.notes
        return scheme

    def _asked_splits(self, label_from: str) -> str:
        """Where the splits are, when it was said where the labels are."""
        if self.how.splits is not None:
            return "any" if self.how.splits else ""
        try:
            return "any" if label_from == "name" or FolderReader(self.files, How()).scheme().splits else ""
        except Unsure:
            return ""

    def _take_tables(self, wide: bool) -> bool:
        tables, names = tables_of(self.found, self.files, wide)
        self.files, self.tables = replace(self.files, tables=tables), names
        return bool(tables)

    def _by_table(self) -> Scheme:
        self.notes.append(f"labels come from {', '.join(self.tables)}")
        return Scheme("metadata", "" if self.how.splits is False else "any")

    def _or_table(self, unsure: Unsure) -> Scheme:
        """A table that names every picture settles what the folders do not."""
        if not self.files.tables and not self._take_tables(wide=True):
            raise unsure
        scheme = Scheme("metadata", "" if self.how.splits is False else "any")
        if not self.files.counts(scheme)[2]:
            return self._by_table()
        raise Unsure(self.files, unsure.why, [*unsure.schemes, scheme], unsure.more)

    def _with_table(self, folders: Scheme) -> Scheme:
        """What the folders say, unless a table says it of every picture and does not contradict them."""
        labels = self.files.counts(folders)[0]
        one = len(labels) == 1  # of a folder around everything, perhaps
        if not self.files.tables and not (one and self._take_tables(wide=True)):
            return folders
        table = Scheme("metadata", "" if self.how.splits is False else "any")
        whole = not self.files.counts(table)[2]
        if folders.label_from != "root" and self._agree(folders):
            return replace(folders, label_from="metadata") if whole else folders
        if one and whole and (folders.label_from == "root" or generic(labels)):
            self.notes.clear()
            return self._by_table()
        raise Unsure(self.files, f"{', '.join(self.tables)} and the folders say different things", [folders, table])

    def _agree(self, folders: Scheme) -> bool:
        """Whether a table gives its pictures the folders' labels, up to what cannot be in a folder's name.

        As bearkit writes data sets, labels that would share a folder have numbers there: `cat-2`.
        """
        pairs = {
            (place.label or "", self.files.tables[path].label or "")
            for path, place in zip(self.files.paths, self.files.places(folders), strict=True)
            if path in self.files.tables and self.files.tables[path].label
        }
        one_to_one = len(pairs) == len({name for name, _ in pairs}) == len({label for _, label in pairs})
        return one_to_one and all(_is_folder_of(name, label) for name, label in pairs)


def _is_folder_of(name: str, label: str) -> bool:
    plain = label_of(folder_name(label))
    return re.fullmatch(re.escape(plain) + r"(-\d+)?", name) is not None
