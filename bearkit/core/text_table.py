"""Read the text files of other tools: lists and tables in any common encoding and with any common separator.

Lists of addresses, decisions and tables of epochs are all read here: CSV (`,` `;` tab `|`), JSON arrays and JSON lines.
"""

import csv
import io
import json
import re
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bearkit.core.json_text import parse_json, parse_records, split_lines
from bearkit.core.paths import expand_user, resolve_path
from bearkit.errors import ImportSourceError

MAX_BYTES = 200 * 2**20  # of a list or table
MAX_CELL = 64 * 2**20  # characters of a cell; the csv module's own limit is 128 KiB
BOMS = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
KINDS = (  # what people name instead of a text file, by its first bytes
    (b"PK\x03\x04", "it is a spreadsheet (.xlsx) or a zip file"),
    (b"\xd0\xcf\x11\xe0", "it is a spreadsheet (.xls)"),
    (b"\x1f\x8b", "it is packed (gzip)"),
    (b"%PDF", "it is a PDF"),
    (b"SQLite format 3", "it is a database"),
)
SEPARATORS = (",", ";", "\t", "|")
YES, NO = ("true", "t", "yes", "y", "1"), ("false", "f", "no", "n", "0", "none", "null", "nan", "na", "n/a", "-", "")
ADDRESS = re.compile(r"([a-zA-Z][a-zA-Z0-9+.-]+):/{1,2}(.+)")  # Path makes one slash of two


@dataclass(frozen=True)
class Row:
    """A row of a table.

    Attributes:
        line: its number in the file, for people.
        cells: column: text, without space around it; "" where the row is shorter than the header.
        extra: what lies beyond the last column: often a separator inside a text without quotes.
    """

    line: int
    cells: dict[str, str]
    extra: tuple[str, ...] = ()


@dataclass(frozen=True)
class Table:
    """Columns, in lower case, and rows.

    Attributes:
        written: each column's name as it was written, where that is another one.
        broken: the lines that could not be read, where that was allowed.
        whole: whether the text ends with its last line; a file that was cut off does not.
    """

    columns: list[str]
    rows: list[Row]
    written: Mapping[str, str] = field(default_factory=dict)
    broken: Sequence[int] = ()
    whole: bool = True

    def first(self, names: Sequence[str]) -> str | None:
        """The first of these columns that the table has."""
        return next((name for name in names if name in self.columns), None)


def read_text(path: Path) -> str:
    """The text of a file; `-` is standard input.

    The encoding is that of its byte order mark, else UTF-16 where every other byte is empty, else UTF-8, else the one
    of Windows in western Europe (cp1252).

    Raises:
        ImportSourceError: it cannot be read, or it is no text.
    """
    if address := ADDRESS.match(str(path)):
        raise ImportSourceError(
            f"{address[1]}://{address[2]} is an address, not a file", hint="download it first, and name the file"
        )
    try:
        if str(path) == "-":
            data = sys.stdin.buffer.read(MAX_BYTES + 1)
        else:
            resolve_path(path, "the file", ImportSourceError)
            with expand_user(path).open("rb") as file:
                data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ImportSourceError(
            f"{path} cannot be read: {error.strerror or error}", hint="name a text file: CSV, or a line each"
        ) from error
    kind = next((kind for start, kind in KINDS if data.startswith(start)), "")
    kind = kind or (f"it has more than {MAX_BYTES // 2**20} MiB" if len(data) > MAX_BYTES else "")
    try:
        text = "" if kind else decode_text(data)
    except UnicodeDecodeError as error:
        kind = f"it is damaged ({error.reason})"
    if kind or "\0" in text:
        raise ImportSourceError(
            f"{path} cannot be read: {kind or 'it is no text'}", hint="save it as CSV or as plain text, in UTF-8"
        )
    return text


def decode_text(data: bytes) -> str:
    """Bytes as text, in the encoding that they seem to have.

    Raises:
        UnicodeDecodeError: they have a byte order mark, and are not what it says.

    >>> decoded("Bär".encode("utf-16")), decoded("Bär".encode("cp1252")), decoded("a;b".encode("utf-16-le"))
    ('Bär', 'Bär', 'a;b')
    """
    for mark, encoding in BOMS:
        if data.startswith(mark):
            return data.decode(encoding)
    begin = data[:4096]
    if begin[1::2].count(0) > 0.3 * len(begin) and not begin[::2].count(0):
        return data.decode("utf-16-le")
    if begin[::2].count(0) > 0.3 * len(begin) and not begin[1::2].count(0):
        return data.decode("utf-16-be")
    with suppress(UnicodeDecodeError):
        return data.decode("utf-8")
    text = data.decode("utf-8", errors="replace")
    bad = text.count("\N{REPLACEMENT CHARACTER}")
    if sum(char > "\x7f" for char in text) <= 2 * bad:  # what UTF-8 it has may be chance
        with suppress(UnicodeDecodeError):
            return data.decode("cp1252")
    return text


def read_table(path: Path) -> Table:
    """A table whose first line names its columns, or JSON objects whose keys do.

    Raises:
        ImportSourceError: it cannot be read, or it is no table.
    """
    return parse_table(read_text(path), path)


def parse_table(text: str, path: Path, some: bool = False) -> Table:
    """The same of a text that was read.

    Args:
        text: what the file holds.
        path: its name, for people.
        some: whether JSON lines may be broken: they are named in the table.

    Raises:
        ImportSourceError: it is no table.
    """
    records = parse_records(text)
    if records is not None and all(isinstance(record, dict) for record in records):
        return table_of_records(records)
    if some and text.lstrip("\ufeff \t\r\n").startswith("{"):
        return _of_json_lines(text)
    try:
        return _of_lines(text)
    except csv.Error as error:
        raise ImportSourceError(
            f"{path} cannot be read as CSV: {error}", hint="its first line must name the columns"
        ) from error


def table_of_records(records: Sequence[dict[str, Any]]) -> Table:
    """A table of objects whose keys are the columns."""
    return _of_records(list(enumerate(records, start=1)))


def _of_records(records: Sequence[tuple[int, dict[str, Any]]], broken: Sequence[int] = ()) -> Table:
    rows = [Row(n, {_name(key): _cell(value) for key, value in record.items()}) for n, record in records]
    written = {_name(key): str(key).strip() for _, record in records for key in record}
    columns = list(dict.fromkeys(key for row in rows for key in row.cells))
    full = [Row(row.line, {name: row.cells.get(name, "") for name in columns}) for row in rows]
    return Table(columns, full, written, broken)


def _of_json_lines(text: str) -> Table:
    """JSON lines, without those that are broken."""
    records, broken = [], []
    for number, line in enumerate(split_lines(text), start=1):
        value = parse_json(line)
        if isinstance(value, dict):
            records.append((number, value))
        elif line.strip():
            broken.append(number)
    return _of_records(records, broken)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else str(value).strip()


def _of_lines(text: str) -> Table:
    """A CSV; comments and empty lines above the header are passed over, and so is Excel's `sep=;`."""
    lines = io.StringIO(text, newline="").readlines()
    above, separator = 0, ""
    for line in lines:
        bare = line.strip("\ufeff\r\n")
        if bare.lower().startswith("sep=") and len(bare) == 5:
            separator = bare[4]
        elif bare.strip(",;| \t") and not bare.startswith("#"):
            break
        above += 1
    body = lines[above:]
    csv.field_size_limit(MAX_CELL)
    reader = csv.reader(body, delimiter=separator or guess_separator(body), skipinitialspace=True)
    header = next(reader, [])
    columns = [_name(cell) for cell in header]
    while columns and not columns[-1]:
        columns.pop()
    rows = []
    for cells in reader:
        trimmed = [cell.strip() for cell in cells]
        if any(trimmed):
            named = dict(zip(columns, trimmed + [""] * len(columns), strict=False))
            extra = tuple(cell for cell in trimmed[len(columns) :] if cell)
            rows.append(Row(above + reader.line_num, named, extra))
    written = {_name(cell): cell.strip().strip("\ufeff") for cell in header}
    return Table(columns, rows, written, whole=text.endswith(("\n", "\r")))


def guess_separator(lines: Sequence[str]) -> str:
    r"""What separates columns: the separator that makes the most columns of the first line, the same in those below.

    >>> separator_of(["path;action", "a,b.jpg;keep"]), separator_of(["url\tlabel"]), separator_of(["url"])
    (';', '\t', ',')
    """

    def quality(separator: str) -> tuple[float, int]:
        counts = [len(cells) for cells in csv.reader(lines[:20], delimiter=separator, skipinitialspace=True) if cells]
        alike = sum(count == counts[0] for count in counts) / len(counts) if counts else 0.0
        return (alike if counts and counts[0] > 1 else 0.0), (counts[0] if counts else 0)

    return max(SEPARATORS, key=quality)


def _name(text: str) -> str:
    return str(text).strip().strip("\ufeff").lower()


def parse_bool(text: str) -> bool | None:
    """A cell as yes or no, an empty one as no; None where it is neither.

    >>> yes_or_no("True"), yes_or_no("1.0"), yes_or_no(""), yes_or_no("maybe")
    (True, True, False, None)
    """
    word = text.strip().lower()
    value = parse_number(word)
    word = f"{value:g}" if value is not None and value == value else word  # 1.0 is 1
    return word in YES if word in (*YES, *NO) else None


def parse_number(text: str) -> float | None:
    """A cell as a number, also `nan` and `inf`, and with a comma for the point; None where it is none.

    >>> number("0.5"), number("1e400"), number("0,5"), number("many")
    (0.5, inf, 0.5, None)
    """
    try:
        return float(text.replace(",", ".") if text.count(",") == 1 and "." not in text else text)
    except ValueError:
        return None
