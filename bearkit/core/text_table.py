"""Read text files of other tools: lists and tables in any common encoding, with any common separator.

URL lists, decisions and tables of epochs all come through here: CSV (`,` `;` tab `|`), JSON arrays and JSON lines.
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

MAX_BYTES = 200 * 2**20  # size of a list or table
MAX_CELL = 64 * 2**20  # characters in one cell; the csv module's own limit is 128 KiB
BOMS = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
KINDS = (  # other files that people give instead of a text file, by their first bytes
    (b"PK\x03\x04", "it is a spreadsheet (.xlsx) or a zip file"),
    (b"\xd0\xcf\x11\xe0", "it is a spreadsheet (.xls)"),
    (b"\x1f\x8b", "it is packed (gzip)"),
    (b"%PDF", "it is a PDF"),
    (b"SQLite format 3", "it is a database"),
)
SEPARATORS = (",", ";", "\t", "|")
YES, NO = ("true", "t", "yes", "y", "1"), ("false", "f", "no", "n", "0", "none", "null", "nan", "na", "n/a", "-", "")
URL = re.compile(r"([a-zA-Z][a-zA-Z0-9+.-]+):/{1,2}(.+)")  # `Path` reduces two slashes to one


@dataclass(frozen=True)
class Row:
    """One row of a table.

    Attributes:
        line: line number in the file, from 1; for JSON, the number of the record.
        cells: {column: text}, without surrounding space; "" where the row is shorter than the header.
        extra: cells after the last column; often caused by a separator in a text without quotes.
    """

    line: int
    cells: dict[str, str]
    extra: tuple[str, ...] = ()


@dataclass(frozen=True)
class Table:
    """A table of text cells.

    Attributes:
        columns: names of the columns, in lower case.
        rows: the rows, in order.
        written: {column: its name as written in the file}.
        broken: numbers of the lines that could not be read, if `parse_table(..., some=True)` allowed them.
        whole: whether the text ends with a line break; a file that is still being written may not.
    """

    columns: list[str]
    rows: list[Row]
    written: Mapping[str, str] = field(default_factory=dict)
    broken: Sequence[int] = ()
    whole: bool = True

    def first(self, names: Sequence[str]) -> str | None:
        """Return the first of these names that is a column of the table; None if none is."""
        return next((name for name in names if name in self.columns), None)


def read_text(path: Path) -> str:
    """Read the text of a file in any common encoding (see `decode_text`); `-` is standard input.

    Raises:
        ImportSourceError: the file cannot be read, or is not text.
    """
    if url := URL.match(str(path)):
        raise ImportSourceError(
            f"{url[1]}://{url[2]} is an address, not a file", hint="download it first, and name the file"
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
            f"{path} cannot be read: {kind or 'it is not text'}", hint="save it as CSV or as plain text, in UTF-8"
        )
    return text


def decode_text(data: bytes) -> str:
    """Decode bytes to text, guessing the encoding.

    It is the encoding of the byte order mark, else UTF-16 if every other byte is zero, else UTF-8, else cp1252 (Windows
    in western Europe).

    Raises:
        UnicodeDecodeError: the bytes do not fit their byte order mark.

    >>> decode_text("Bär".encode("utf-16")), decode_text("Bär".encode("cp1252")), decode_text("a;b".encode("utf-16-le"))
    ('Bär', 'Bär', 'a;b')
    """
    for mark, encoding in BOMS:
        if data.startswith(mark):
            return data.decode(encoding)
    head = data[:4096]
    if head[1::2].count(0) > 0.3 * len(head) and not head[::2].count(0):
        return data.decode("utf-16-le")
    if head[::2].count(0) > 0.3 * len(head) and not head[1::2].count(0):
        return data.decode("utf-16-be")
    with suppress(UnicodeDecodeError):
        return data.decode("utf-8")
    text = data.decode("utf-8", errors="replace")
    bad = text.count("\N{REPLACEMENT CHARACTER}")
    if sum(char > "\x7f" for char in text) <= 2 * bad:  # at most half of the special characters are valid UTF-8
        with suppress(UnicodeDecodeError):
            return data.decode("cp1252")
    return text


def read_table(path: Path) -> Table:
    """Read a table from a file: CSV with a header, or JSON objects whose keys are the columns.

    Raises:
        ImportSourceError: the file cannot be read, or is not a table.
    """
    return parse_table(read_text(path), path)


def parse_table(text: str, path: Path, some: bool = False) -> Table:
    """Parse a table: CSV with a header, or JSON objects whose keys are the columns.

    Args:
        text: content of the file.
        path: path of the file, for the error.
        some: accept broken JSON lines, and list them in `Table.broken`.

    Raises:
        ImportSourceError: the text is not a table.
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
    """Make a table of objects whose keys are the columns."""
    return _of_records(list(enumerate(records, start=1)))


def _of_records(records: Sequence[tuple[int, dict[str, Any]]], broken: Sequence[int] = ()) -> Table:
    rows = [Row(n, {_name(key): _cell(value) for key, value in record.items()}) for n, record in records]
    written = {_name(key): str(key).strip() for _, record in records for key in record}
    columns = list(dict.fromkeys(key for row in rows for key in row.cells))
    full = [Row(row.line, {name: row.cells.get(name, "") for name in columns}) for row in rows]
    return Table(columns, full, written, broken)


def _of_json_lines(text: str) -> Table:
    """Parse JSON lines, and leave out the broken ones."""
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
    """Parse a CSV. Skips comments and empty lines above the header, and reads Excel's `sep=;` line."""
    lines = io.StringIO(text, newline="").readlines()
    n_skipped, separator = 0, ""
    for line in lines:
        stripped = line.strip("\ufeff\r\n")
        if stripped.lower().startswith("sep=") and len(stripped) == 5:
            separator = stripped[4]
        elif stripped.strip(",;| \t") and not stripped.startswith("#"):
            break
        n_skipped += 1
    body = lines[n_skipped:]
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
            by_column = dict(zip(columns, trimmed + [""] * len(columns), strict=False))
            extra = tuple(cell for cell in trimmed[len(columns) :] if cell)
            rows.append(Row(n_skipped + reader.line_num, by_column, extra))
    written = {_name(cell): cell.strip().strip("\ufeff") for cell in header}
    return Table(columns, rows, written, whole=text.endswith(("\n", "\r")))


def guess_separator(lines: Sequence[str]) -> str:
    r"""Guess the separator of a CSV: the one that gives the most rows as many cells as the first row, then most cells.

    >>> guess_separator(["path;action", "a,b.jpg;keep"]), guess_separator(["url\tlabel"]), guess_separator(["url"])
    (';', '\t', ',')
    """

    def quality(separator: str) -> tuple[float, int]:
        counts = [len(cells) for cells in csv.reader(lines[:20], delimiter=separator, skipinitialspace=True) if cells]
        share = sum(count == counts[0] for count in counts) / len(counts) if counts else 0.0
        return (share if counts and counts[0] > 1 else 0.0), (counts[0] if counts else 0)

    return max(SEPARATORS, key=quality)


def _name(text: str) -> str:
    return str(text).strip().strip("\ufeff").lower()


def parse_bool(text: str) -> bool | None:
    """Parse a cell as yes or no; an empty cell is False, and any other text is None.

    >>> parse_bool("True"), parse_bool("1.0"), parse_bool(""), parse_bool("maybe")
    (True, True, False, None)
    """
    word = text.strip().lower()
    value = parse_number(word)
    word = f"{value:g}" if value is not None and value == value else word  # 1.0 is 1
    return word in YES if word in (*YES, *NO) else None


def parse_number(text: str) -> float | None:
    """Parse a cell as a number, with a point or a comma, also `nan` and `inf`; None for any other text.

    >>> parse_number("0.5"), parse_number("1e400"), parse_number("0,5"), parse_number("many")
    (0.5, inf, 0.5, None)
    """
    try:
        return float(text.replace(",", ".") if text.count(",") == 1 and "." not in text else text)
    except ValueError:
        return None
