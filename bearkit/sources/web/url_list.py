"""Read URL lists: text with one URL a line, tables with a column of labels, JSON, and copied pieces of web pages."""

import csv
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bearkit.catalog.labels import clean_label, label_problem
from bearkit.core import json_text, text_table
from bearkit.core.text_table import Row, Table
from bearkit.errors import ImportSourceError
from bearkit.sources.web import url_json
from bearkit.sources.web.address_text import (  # fmt: skip
    ABOUT,
    ANOTHER,
    BEGINS,
    BULLET,
    CREDIT_COLUMNS,
    LABEL_COLUMNS,
    LONGEST,
    PLAIN,
    UNKNOWN,
    URL_COLUMNS,
    Credit,
    Line,
    addresses_in,
    count_missed,
    is_address,
    is_no_label,
)

HINT = "its first line must name the columns `url` and `label`"
NONE_YET = "--unlabelled for no label yet"
LIST_HINT = f"bearkit collect LABEL={{}}; {NONE_YET}; or {HINT}"
ANY_LABEL = "any"  # read in place of no label


@dataclass
class UrlList:
    """URLs to download with their labels, each URL once.

    Attributes:
        urls: the label of each URL.
        credits: licence and creator of each URL, where they are known.
        skipped: how many lines were left out, by reason.
        written: the labels as they were written, before they were tidied.
    """

    urls: dict[str, str] = field(default_factory=dict)
    credits: dict[str, Credit] = field(default_factory=dict)
    skipped: dict[str, int] = field(default_factory=dict)
    written: set[str] = field(default_factory=set)

    def add(self, url: str, label: str, credit: Credit = UNKNOWN) -> None:
        """Add the URL of one line, or count the line as skipped."""
        url, written, label = url.strip().strip("\"'"), label, clean_label(label)
        if not url:
            self.skip("blank")
        elif problem := label_problem(written):
            self.skip(problem)
        elif not is_address(url):
            self.skip("not an address")
        elif self.urls.get(url, label) != label:
            self.skip(f"listed under `{self.urls[url]}` too; it keeps that label")
        elif url in self.urls:
            self.skip("listed twice")
        else:
            self.urls[url] = label
            self.written.add(written)
            if credit != UNKNOWN:
                self.credits[url] = credit

    def credit(self, url: str) -> Credit:
        """Return licence and creator of a URL; UNKNOWN if they are not known."""
        return self.credits.get(url, UNKNOWN)

    def skip(self, reason: str) -> None:
        """Count a line that is left out."""
        self.skipped[reason] = self.skipped.get(reason, 0) + 1


def read_lists(sources: Sequence[tuple[str | None, Path]], most: int | None = None) -> UrlList:
    """Read URL lists.

    Args:
        sources: pairs of label and file; the label is None for a CSV with a column of labels, and "" for none yet.
        most: use at most this many lines of each label in each file, from its beginning.

    Raises:
        ImportSourceError: a file cannot be read, or gives no labels.
    """
    result = UrlList()
    for label, path in sources:
        n_lines: Counter[str] = Counter()
        for line in _read_file(ANY_LABEL if label == "" else label, path):
            if isinstance(line, str):
                result.skip(line)
                continue
            url, given, credit = line
            n_lines[given] += 1
            if most is None or n_lines[given] <= most:
                result.add(url, "" if label == "" else given, credit)
    return result


def _read_file(label: str | None, path: Path) -> list[Line]:
    """Return the URL of each line, or the reason why the line has none.

    Raises:
        ImportSourceError: the file cannot be read, or gives no labels.
    """
    text = text_table.read_text(path)
    if (value := json_text.parse_json(text)) is not None:
        lines = url_json.lines_in(value, label)
        if lines is None:
            raise ImportSourceError(f"{path} gives no labels", hint=LIST_HINT.format(path))
        return lines
    table = text_table.parse_table(text, path)
    url, label_column, *credit_columns = (table.first(names) for names in (URL_COLUMNS, LABEL_COLUMNS, *CREDIT_COLUMNS))
    columns = [url] if url else _url_columns(table)
    if not columns:  # no header: the file is a list, not a table
        return _read_lines(json_text.split_lines(text), label, path)
    if label_column is None and not label:
        if len(columns) > 1 and not any(map(is_no_label, columns)):
            return [line for row in table.rows for line in _read_labels_as_columns(row, table, columns)]
        raise ImportSourceError(
            f"{path} has no column of labels: {', '.join(table.columns)}",
            hint=f"a column `label`, or LABEL={path}; {NONE_YET}",
        )
    return [line for row in table.rows for line in _read_row(row, label, columns, label_column, credit_columns)]


def _url_columns(table: Table) -> list[str]:
    """Find columns that hold URLs, whatever their names; none if the first line holds URLs itself."""
    if len(table.columns) < 2 or any(map(BEGINS.search, table.columns)):
        return []
    names = []
    for name in table.columns:
        cells = [row.cells[name] for row in table.rows if row.cells[name]]
        if 2 * sum(is_address(addresses_in(cell)[0]) for cell in cells) > len(cells) and name not in ABOUT:
            names.append(name)
    return names


def _read_labels_as_columns(row: Row, table: Table, columns: Sequence[str]) -> list[Line]:
    """Read a row of a table with one column for each label: each cell is a URL with the column's label."""
    if row.extra:
        return ["more cells than columns"]
    lines: list[Line] = []
    for name in columns:
        if cell := row.cells[name]:
            lines += [(url, table.written.get(name, name), UNKNOWN) for url in addresses_in(cell)]
    n_other = sum(bool(BEGINS.search(row.cells[name])) for name in table.columns if name not in columns)
    return [*(lines or ["blank"]), *[ANOTHER] * n_other]


def _read_row(
    row: Row, label: str | None, columns: Sequence[str], label_column: str | None, credit_columns: Sequence[str | None]
) -> list[Line]:
    """Read a row of a table. A row with extra cells is left out: a separator inside its URL may have moved its cells.

    Args:
        row: the row.
        label: the label of all rows, or None to use the label column.
        columns: the columns that hold URLs.
        label_column: the column that holds the label, if there is one.
        credit_columns: the columns of licence, creator and page, each None if it is missing.
    """
    urls = [url for name in columns if row.cells[name] for url in addresses_in(row.cells[name])]
    if row.extra and not all(map(is_address, urls)):
        return ["not an address"]
    if row.extra and not label:
        return ["more cells than columns"]
    row_label = label or (row.cells[label_column] if label_column else "")
    credit = Credit(*(row.cells[name] if name else "" for name in credit_columns))
    other = [ANOTHER for name, cell in row.cells.items() if name not in (*columns, *ABOUT) and BEGINS.match(cell)]
    if not row_label:
        return [*["no label"] * max(1, len(urls)), *other]
    return [*((url, row_label, credit) for url in urls or [""]), *other]


def _read_lines(lines: Sequence[str], label: str | None, path: Path) -> list[Line]:
    """Read lines with one or several URLs each; comments are left out."""
    if not label:
        raise ImportSourceError(f"{path} gives no labels", hint=LIST_HINT.format(path))
    is_table = path.suffix.lower() in (".csv", ".tsv")
    filled = [line[:LONGEST] for line in lines if line.strip()]
    separator = text_table.guess_separator(filled) if is_table else "\t"
    return [line for text in lines for line in _read_line(text, label, separator)]


def _read_line(text: str, label: str, separator: str) -> list[Line]:
    """Read a line of text. Most lines hold one URL."""
    bare = text.strip("\ufeff \t\r\n")
    if PLAIN.fullmatch(bare):
        return [(bare, label, UNKNOWN)]
    if bare.startswith(("#", "//")):
        return ["a comment"]
    if bare in ("[", "]", "],", "{", "}", "},"):  # brackets of JSON
        return ["blank"]
    bare = BULLET.sub("", bare, count=1) if BULLET.match(bare) else bare
    urls = addresses_in(bare)
    if len(urls) == 1 and len(bare) < LONGEST:
        cells = next(csv.reader([bare], delimiter=separator), [])
        urls = [url for cell in cells for url in addresses_in(cell) if is_address(url)] or urls
    return [*((url, label, UNKNOWN) for url in urls), *[ANOTHER] * count_missed(bare, urls)]
