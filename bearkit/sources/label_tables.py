"""Read labels and splits from tables among the images: the Hub's metadata files, and similar tables."""

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
MAX_TABLES = 50  # tables that are read
MAX_NAMED = 5  # unused tables that are named with a reason
NO_TABLE = "JSON of something else"
Labels = dict[
    PurePosixPath, list[tuple[str, str, str]]
]  # (label, why it has none, line of the table), for each row about an image


@dataclass
class Tables:
    """The labels and splits in the tables of one source.

    Attributes:
        labels: of each image that a table names; an empty label with the reason if it has none.
        splits: of each image that has a split in a table.
        used: names of the tables with labels.
        split_by: columns with splits, by the name of their table.
        hub: whether one of the tables has a file name that the Hub reads as metadata.
        ours: whether bearkit wrote the tables.
        sure: whether it is clear which columns hold the labels.
        guess: if not, which columns may hold them.
        notes: sentences about the tables, columns and rows that are not used.
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
        """The names of the tables with labels, for a sentence."""
        return f"the table{'s' if len(self.used) > 1 else ''} {', '.join(self.used)}"


@dataclass
class _TableReading:
    """The labels and splits in one table.

    Attributes:
        name: path of the table in the source.
        labels: the rows about each image.
        splits: of each image that has one.
        columns: the columns with splits.
        sure: whether it is clear which column holds the labels.
        ours: whether bearkit wrote the table.
        unclear: whether the table has labels, but it is not clear in which column.
        why: why it has no labels, or why that is not certain.
        notes: sentences about rows and columns that are not used.
    """

    name: str
    labels: Labels = field(default_factory=dict)
    splits: dict[PurePosixPath, str] = field(default_factory=dict)
    columns: Sequence[str] = ()
    sure: bool = True
    ours: bool = False
    unclear: bool = False
    why: str = ""
    notes: list[str] = field(default_factory=list)


def read_tables(items: Sequence[SourceItem], files: SourceFiles) -> Tables:
    """Read the tables among the files of a source.

    Args:
        items: the files of the source, with the tables.
        files: the same files, with the information which of them can be images.
    """
    tables = [item for item in items if item.place.name.casefold().endswith((*ENDINGS, *OTHER_ENDINGS))]
    if not tables:
        return Tables()
    counted = [path for path, counts in zip(files.paths, files.counted, strict=True) if counts]
    pictures = ImageIndex(files.root, [path for path in counted if path not in {item.place for item in tables}])
    readings = [read for item in tables[:MAX_TABLES] if (read := _read(item, pictures)).why != NO_TABLE]
    _split_by_names(readings)
    result = _merge(readings)
    if len(tables) > MAX_TABLES:
        result.notes.append(f"{len(tables) - MAX_TABLES} more tables are not read")
    return result


def _merge(readings: Sequence[_TableReading]) -> Tables:
    """Merge the tables. If any table has a clear column of labels, only labels of such tables are used."""
    result = Tables(
        sure=any(reading.labels and reading.sure for reading in readings)
        or not any(reading.labels for reading in readings)
    )
    used = [reading for reading in readings if reading.labels and reading.sure == result.sure]
    rows: Labels = {}
    for reading in used:
        for path, own_rows in reading.labels.items():
            rows.setdefault(path, []).extend(own_rows)
    result.labels = {path: _place(own_rows) for path, own_rows in rows.items()}
    if not label_counts(result.labels):
        for reading in used:
            reading.unclear, reading.why = True, "no picture has exactly one label in it"
        used, result.labels = [], {}
    result.used = [reading.name for reading in used]
    result.hub = any(PurePosixPath(reading.name).name.casefold() in HUB_TABLES for reading in used)
    result.ours = bool(used) and all(reading.ours for reading in used)
    for reading in readings:
        for path, split in reading.splits.items():
            result.splits[path] = str(table_columns.most_held_out([split, result.splits.get(path)]))
        if reading.splits:
            result.split_by[reading.name] = " and ".join(f"`{column}`" for column in reading.columns)
        guess = [reading.why] if reading in used and not reading.sure else []
        result.notes += [f"the table {reading.name}: {note}" for note in [*guess, *reading.notes]]
    unused = [reading for reading in readings if reading not in used and not (reading.splits and not reading.unclear)]
    result.notes += [f"the table {reading.name} is not used: {reading.why}" for reading in unused[:MAX_NAMED]]
    if len(unused) > MAX_NAMED:
        rest = unused[MAX_NAMED:]
        result.notes.append(f"{len(rest)} more tables are not used: {quoted(reading.name for reading in rest)}")
    result.guess = "; ".join(f"{reading.name}: {reading.why}" for reading in readings if reading.unclear)
    return result


def _place(rows: Sequence[tuple[str, str, str]]) -> PathLabel:
    """Return the label of an image from all its rows. Rows without a label are ignored; the others must be equal."""
    labels: dict[str, tuple[str, str]] = {}
    for label, _, where in rows:
        if label:
            labels.setdefault(clean_label(label), (label, where))
    if len(labels) == 1:
        return PathLabel(next(iter(labels.values()))[0], None)
    if not labels:
        return PathLabel(
            "", None, next((problem for _, problem, _ in rows if problem), f"{rows[0][2]} gives it no label")
        )
    different = ", ".join(f"`{label}` ({where})" for label, where in list(labels.values())[:4])
    return PathLabel("", None, f"its rows give it different labels: {different}")


def _read(one: SourceItem, pictures: ImageIndex) -> _TableReading:
    """Read one table; if it has no labels, `why` of the result says so."""
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
        result.why = "its name says that it is a submission to a competition"
        return result
    result.ours = set(table.columns) >= table_columns.OURS
    _take(result, table, file, names)
    result.notes += _strange(table, file, pictures, one.place.parent, names)
    return result


def _take(result: _TableReading, table: Table, file: str, names: Mapping[int, PurePosixPath]) -> None:
    """Add the labels and splits of a table's rows to the result; `names` is {line: path of the image}."""
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
    """Return the last row if it is cut off: no line break follows, and its label is missing or begins another one."""
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
    """Yield sentences about lines that cannot be read, and rows that name no image, or several."""
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
    """Return the column that names the most images, and the image of each line that names exactly one."""
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
    """Return the table with names for its columns if it has no header, since its first line names an image.

    If there are two columns and the other one has few values, that is `label`.
    """
    first = [table.written.get(name, name) for name in table.columns]
    at = next((n for n, cell in enumerate(first) if pictures.find(cell, home)), None)
    if at is None or len(first) < 2:
        return table
    names = {column: f"column {n}" for n, column in enumerate(table.columns, start=1)}
    names[table.columns[at]] = "file"
    if len(first) == 2 and table_columns.has_few_values(
        table, table.columns[1 - at]
    ):  # else they may be captions or credits
        names[table.columns[1 - at]] = "label"
    rows = [Row(1, dict(zip(names.values(), first, strict=True)))]
    rows += [Row(row.line, {names[name]: row.cells[name] for name in names}, row.extra) for row in table.rows]
    return Table(list(names.values()), rows, broken=table.broken, whole=table.whole)


def _split_by_names(readings: Sequence[_TableReading]) -> None:
    """Take splits from the names of tables (train.csv, test.csv), if tables with labels have several such names."""
    words = {
        reading.name: table_columns.split_word(PurePosixPath(reading.name).stem)
        for reading in readings
        if reading.labels
    }
    if len(set(words.values()) - {None}) < 2:
        return
    for reading in readings:
        if (word := words.get(reading.name)) and not reading.splits:
            reading.splits = dict.fromkeys(reading.labels, word)


def label_counts(labels: Mapping[PurePosixPath, PathLabel]) -> Counter[str]:
    """Count the images of each label in the tables."""
    return Counter(place.label for place in labels.values() if place.label)
