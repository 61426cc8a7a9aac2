"""Tables among the pictures that give them labels and splits: the Hub's metadata, and tables that are like it."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from bearkit.catalog.labels import clean_label
from bearkit.core.text import count
from bearkit.core.text_table import Row, Table
from bearkit.errors import ImageError, ImportSourceError
from bearkit.sources import table_columns, table_files
from bearkit.sources.folder_names import quoted
from bearkit.sources.image_names import ImageIndex
from bearkit.sources.layout import SourceItem
from bearkit.sources.scheme import PathLabel, SourceFiles

HUB_TABLES = ("metadata.csv", "metadata.jsonl", "metadata.parquet")
ENDINGS = (".csv", ".tsv", ".jsonl", ".ndjson", ".parquet", ".json")
OTHER_ENDINGS = (".xlsx", ".xls", ".ods", ".feather")  # tables that cannot be read
MOST = 50  # tables that are looked at
SAID = 5  # tables that are named one by one, if they are not used
NO_TABLE = "JSON of something else"
Labels = dict[PurePosixPath, list[tuple[str, str, str]]]  # each row about a picture: label, why none, where


@dataclass
class Tables:
    """What the tables of one source say.

    Attributes:
        labels: of each picture that a table names; an empty text where it has none, with the reason.
        splits: of each picture that a table gives one.
        used: the names of the tables that give labels.
        split_by: the tables that give splits, each with its columns.
        hub: whether one of them has the name that the Hub looks for.
        ours: whether bearkit wrote them.
        sure: whether it is clear which of their columns are labels.
        guess: which column may be the labels, where it is not clear.
        notes: sentences about what of them is used, and what not.
    """

    labels: dict[PurePosixPath, PathLabel] = field(default_factory=dict)
    splits: dict[PurePosixPath, str] = field(default_factory=dict)
    used: list[str] = field(default_factory=list)
    split_by: dict[str, str] = field(default_factory=dict)
    hub: bool = False
    ours: bool = False
    sure: bool = True
    guess: str = ""
    notes: list[str] = field(default_factory=list)

    @property
    def called(self) -> str:
        """The tables that give labels, for a sentence."""
        return f"the table{'s' if len(self.used) > 1 else ''} {', '.join(self.used)}"


@dataclass
class _TableReading:
    """What one table says of the pictures."""

    name: str
    labels: Labels = field(default_factory=dict)
    splits: dict[PurePosixPath, str] = field(default_factory=dict)
    columns: Sequence[str] = ()
    sure: bool = True
    ours: bool = False
    unclear: bool = False
    why: str = ""  # it gives no labels
    notes: list[str] = field(default_factory=list)


def read_tables(found: Sequence[SourceItem], files: SourceFiles) -> Tables:
    """What the tables among the files of a source say of its pictures.

    Args:
        found: the files of the source, tables among them.
        files: the same files.
    """
    tables = [one for one in found if one.place.name.casefold().endswith((*ENDINGS, *OTHER_ENDINGS))]
    if not tables:
        return Tables()
    counted = [path for path, counts in zip(files.paths, files.counted, strict=True) if counts]
    pictures = ImageIndex(files.root, [path for path in counted if path not in {one.place for one in tables}])
    every = [read for one in tables[:MOST] if (read := _read(one, pictures)).why != NO_TABLE]
    _split_by_names(every)
    result = _together(every)
    if len(tables) > MOST:
        result.notes.append(f"{len(tables) - MOST} tables more are not looked at")
    return result


def _together(every: Sequence[_TableReading]) -> Tables:
    """All of the tables as one; those whose columns are clear, if there are any."""
    result = Tables(sure=any(one.labels and one.sure for one in every) or not any(one.labels for one in every))
    used = [one for one in every if one.labels and one.sure == result.sure]
    rows: Labels = {}
    for one in used:
        for path, said in one.labels.items():
            rows.setdefault(path, []).extend(said)
    result.labels = {path: _place(said) for path, said in rows.items()}
    if not label_counts(result.labels):
        for one in used:
            one.unclear, one.why = True, "it gives no picture one label"
        used, result.labels = [], {}
    result.used = [one.name for one in used]
    result.hub = any(PurePosixPath(one.name).name.casefold() in HUB_TABLES for one in used)
    result.ours = bool(used) and all(one.ours for one in used)
    for one in every:
        for path, split in one.splits.items():
            result.splits[path] = str(table_columns.most_held_out([split, result.splits.get(path)]))
        if one.splits:
            result.split_by[one.name] = " and ".join(f"`{column}`" for column in one.columns)
        guess = [one.why] if one in used and not one.sure else []
        result.notes += [f"the table {one.name}: {note}" for note in [*guess, *one.notes]]
    unused = [one for one in every if one not in used and not (one.splits and not one.unclear)]
    result.notes += [f"the table {one.name} is not used: {one.why}" for one in unused[:SAID]]
    if len(unused) > SAID:
        result.notes.append(f"{len(unused) - SAID} tables more are not used: {quoted(o.name for o in unused[SAID:])}")
    result.guess = "; ".join(f"{one.name}: {one.why}" for one in every if one.unclear)
    return result


def _place(said: Sequence[tuple[str, str, str]]) -> PathLabel:
    """What all rows about a picture come to: rows with equal labels are one, rows without one say nothing."""
    labels: dict[str, tuple[str, str]] = {}
    for label, _, where in said:
        if label:
            labels.setdefault(clean_label(label), (label, where))
    if len(labels) == 1:
        return PathLabel(next(iter(labels.values()))[0], None)
    if not labels:
        return PathLabel(
            "", None, next((problem for _, problem, _ in said if problem), f"{said[0][2]} gives it no label")
        )
    different = ", ".join(f"`{label}` ({where})" for label, where in list(labels.values())[:4])
    return PathLabel("", None, f"its rows give it different labels: {different}")


def _read(one: SourceItem, pictures: ImageIndex) -> _TableReading:
    """What a table says of the pictures, or why nothing."""
    result = _TableReading(str(one.place))
    if one.place.name.casefold().endswith(OTHER_ENDINGS):
        result.why = "save it as CSV"
        return result
    try:
        table = table_files.read_table(one)
    except (ImageError, ImportSourceError, ValueError) as error:
        hint = getattr(error, "hint", "")
        result.why = f"{str(error).removeprefix(f'{one.place} ')}{f' ({hint})' if hint else ''}"
        return result
    table = _with_header(table, pictures, one.place.parent)
    file, names = _file_column(table, pictures, one.place.parent)
    if not names and one.place.suffix.casefold() == ".json":
        result.why = NO_TABLE
        return result
    if not names:
        columns = ", ".join(f"`{table.written.get(name, name)}`" for name in table.columns[:8])
        result.why = f"no row of it names a picture here (columns {columns or 'none'})"
        return result
    if "submission" in one.place.stem.casefold():
        result.why = "its name says that it is an answer to be handed in"
        return result
    result.ours = set(table.columns) >= table_columns.OURS
    _take(result, table, file, names)
    result.notes += _strange(table, file, pictures, one.place.parent, names)
    return result


def _take(result: _TableReading, table: Table, file: str, names: Mapping[int, PurePosixPath]) -> None:
    """Read labels and splits of a table's rows, {line: picture}."""
    labels = table_columns.find_labels(table, file)
    splits = table_columns.find_splits(table, {file, *labels.columns})
    result.why, result.unclear, result.sure = labels.why, labels.unclear, labels.sure
    result.notes += splits.notes
    last = _cut_off(table, labels)
    for row in table.rows:
        path = names.get(row.line)
        if path is None:
            continue
        where = f"line {row.line} of {result.name}"
        if labels.of is not None:
            label, problem = labels.of(row)
            if row.extra:
                label, problem = "", f"{where} has more cells than there are columns"
            elif "\n" in label or "\r" in label:
                label, problem = "", f"{where} has a quotation mark that does not end"
            elif row is last:
                label, problem = "", f"{where} is the last one and cut off: `{label}`"
            result.labels.setdefault(path, []).append((label, problem, where))
        if split := splits.of(row):
            result.splits[path] = str(table_columns.most_held_out([split, result.splits.get(path)]))
    result.columns = splits.columns if result.splits else ()


def _cut_off(table: Table, labels: table_columns.LabelColumns) -> Row | None:
    """The last row of a text that ends within a line, where its label is the beginning of another one."""
    if table.whole or not table.rows or labels.of is None or len(labels.columns) != 1:
        return None
    last, (column,) = table.rows[-1], labels.columns
    others = {row.cells[column] for row in table.rows[:-1]}
    label = last.cells[column]
    begun = label and label not in others and any(other.startswith(label) for other in others)
    return last if begun or (column == table.columns[-1] and len(table.columns) > 2 and not label) else None


def _strange(
    table: Table, file: str, pictures: ImageIndex, home: PurePosixPath, names: Mapping[int, PurePosixPath]
) -> Iterator[str]:
    """Sentences about rows and lines that say nothing of any picture."""
    if table.broken:
        yield f"{count(len(table.broken), 'line')} that cannot be read, the first is line {table.broken[0]}"
    left = [row for row in table.rows if row.line not in names and row.cells[file]]
    several = [row for row in left if pictures.find(row.cells[file], home)]
    none = [row for row in left if row not in several]
    for kind, what in ((several, "may mean several pictures"), (none, "without a picture here")):
        if kind:
            first = f"`{kind[0].cells[file][:80]}` in line {kind[0].line}"
            yield f"{count(len(kind), 'row')} {what}, the first is {first}"


def _file_column(table: Table, pictures: ImageIndex, home: PurePosixPath) -> tuple[str, dict[int, PurePosixPath]]:
    """The column that names the most pictures, and the picture of each line where that is clear."""
    best: tuple[str, dict[int, PurePosixPath]] = ("", {})
    n_best = 0
    known = [name for word in table_columns.FILES for name in table.columns if table_columns.plain_name(name) == word]
    others = [name for name in table.columns if table_columns.plain_name(name) not in table_columns.LABELS]
    for column in dict.fromkeys([*known, *others]):
        names, anything = {}, set()
        for row in table.rows:
            if row.cells[column] and len(row.cells[column]) < 4096:
                fits = pictures.find(row.cells[column], home)
                anything.update(fits)
                if len(fits) == 1:
                    names[row.line] = fits[0]
        n = len(set(names.values()))
        if n > 1.1 * n_best:
            best, n_best = (column, names), n
    return best


def _with_header(table: Table, pictures: ImageIndex, home: PurePosixPath) -> Table:
    """The same; a first line that names a picture is no header, and of two columns the other one is the label."""
    first = [table.written.get(name, name) for name in table.columns]
    at = next((n for n, cell in enumerate(first) if pictures.find(cell, home)), None)
    if at is None or len(first) < 2:
        return table
    names = {column: f"column {n}" for n, column in enumerate(table.columns, start=1)}
    names[table.columns[at]] = "file"
    if len(first) == 2 and table_columns.has_few_values(table, table.columns[1 - at]):  # and no captions or credits
        names[table.columns[1 - at]] = "label"
    rows = [Row(1, dict(zip(names.values(), first, strict=True)))]
    rows += [Row(row.line, {names[name]: row.cells[name] for name in names}, row.extra) for row in table.rows]
    return Table(list(names.values()), rows, broken=table.broken, whole=table.whole)


def _split_by_names(every: Sequence[_TableReading]) -> None:
    """Splits that the names of tables say (train.csv, test.csv), where they give labels under several of them."""
    words = {one.name: table_columns.split_word(PurePosixPath(one.name).stem) for one in every if one.labels}
    if len(set(words.values()) - {None}) < 2:
        return
    for one in every:
        if (word := words.get(one.name)) and not one.splits:
            one.splits = dict.fromkeys(one.labels, word)


def label_counts(labels: Mapping[PurePosixPath, PathLabel]) -> Counter[str]:
    """How many pictures tables give each label."""
    return Counter(place.label for place in labels.values() if place.label)
