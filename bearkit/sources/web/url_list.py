"""Lists of addresses as people have them: a line each, tables with a column of labels, JSON, pieces of web pages."""

import csv
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bearkit.catalog.labels import label_of, label_problem
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
    is_address,
    is_no_label,
    lost,
)

HINT = "its first line must name the columns `url` and `label`"


@dataclass
class UrlList:
    """What a file asks for: addresses with their labels, each once, and what was left out and why."""

    urls: dict[str, str] = field(default_factory=dict)  # url: label
    credits: dict[str, Credit] = field(default_factory=dict)  # url: whose it is, where that is known
    skipped: dict[str, int] = field(default_factory=dict)  # reason: how many lines
    written: set[str] = field(default_factory=set)  # the labels, before they were tidied

    def take(self, url: str, label: str, credit: Credit = UNKNOWN) -> None:
        """Take one line."""
        url, written, label = url.strip().strip("\"'"), label, label_of(label)
        if not url:
            self.skip("blank")
        elif problem := label_problem(written):
            self.skip(problem)
        elif not is_address(url):
            self.skip("not an address")
        elif self.urls.get(url, label) != label:
            self.skip(f"listed under `{self.urls[url]}` too, kept there")
        elif url in self.urls:
            self.skip("listed twice")
        else:
            self.urls[url] = label
            self.written.add(written)
            if credit != UNKNOWN:
                self.credits[url] = credit

    def credit(self, url: str) -> Credit:
        """Whose an address is."""
        return self.credits.get(url, UNKNOWN)

    def skip(self, reason: str) -> None:
        """Count one line that is left out."""
        self.skipped[reason] = self.skipped.get(reason, 0) + 1


def read(sources: Sequence[tuple[str | None, Path]], most: int | None = None) -> UrlList:
    """Read lists, one after the other.

    Args:
        sources: label and file; no label for a CSV that has a column of them.
        most: take only so many lines of each label in each file, the first ones.

    Raises:
        ImportSourceError: a file cannot be read, or says nothing of labels.
    """
    result = UrlList()
    for label, path in sources:
        taken: Counter[str] = Counter()
        for line in _rows(label, path):
            if isinstance(line, str):
                result.skip(line)
                continue
            taken[line[1]] += 1
            if most is None or taken[line[1]] <= most:
                result.take(*line)
    return result


def _rows(label: str | None, path: Path) -> list[Line]:
    """What each line asks for, or why it asks for nothing.

    Raises:
        ImportSourceError: the file cannot be read, or says nothing of labels.
    """
    text = text_table.read_text(path)
    if (value := json_text.json_of(text)) is not None:
        lines = url_json.lines_in(value, label)
        if lines is None:
            raise ImportSourceError(f"{path} says nothing of labels", hint=f"bearkit collect LABEL={path}, or {HINT}")
        return lines
    table = text_table.table(text, path)
    url, of, *about = (table.first(names) for names in (URL_COLUMNS, LABEL_COLUMNS, *CREDIT_COLUMNS))
    columns = [url] if url else _columns_of_addresses(table)
    if not columns:  # it has no header
        return _lines(json_text.lines_of(text), label, path)
    if of is None and not label:
        if len(columns) > 1 and not any(map(is_no_label, columns)):
            return [line for row in table.rows for line in _of_sheet(row, table, columns)]
        raise ImportSourceError(
            f"{path} has no column of labels: {', '.join(table.columns)}", hint=f"a column `label`, or LABEL={path}"
        )
    return [line for row in table.rows for line in _row(row, label, columns, of, about)]


def _columns_of_addresses(table: Table) -> list[str]:
    """Columns of other names that hold addresses; none where the header is no header."""
    if len(table.columns) < 2 or any(map(BEGINS.search, table.columns)):
        return []
    found = []
    for name in table.columns:
        cells = [row.cells[name] for row in table.rows if row.cells[name]]
        if 2 * sum(is_address(addresses_in(cell)[0]) for cell in cells) > len(cells) and name not in ABOUT:
            found.append(name)
    return found


def _of_sheet(row: Row, table: Table, columns: Sequence[str]) -> list[Line]:
    """What a row asks for whose columns are labels: each cell an address of the column's label."""
    if row.extra:
        return ["more cells than columns"]
    lines: list[Line] = []
    for name in columns:
        if cell := row.cells[name]:
            lines += [(one, table.written.get(name, name), UNKNOWN) for one in addresses_in(cell)]
    out = sum(bool(BEGINS.search(row.cells[name])) for name in table.columns if name not in columns)
    return [*(lines or ["blank"]), *[ANOTHER] * out]


def _row(
    row: Row, label: str | None, columns: Sequence[str], of: str | None, about: Sequence[str | None]
) -> list[Line]:
    """What a row of a table asks for; why nothing, where a separator inside its address moved its columns."""
    found = [one for name in columns if row.cells[name] for one in addresses_in(row.cells[name])]
    if row.extra and not all(map(is_address, found)):
        return ["not an address"]
    if row.extra and not label:
        return ["more cells than columns"]
    named = label or (row.cells[of] if of else "")
    credit = Credit(*(row.cells[name] if name else "" for name in about))
    out = [ANOTHER for name, cell in row.cells.items() if name not in (*columns, *ABOUT) and BEGINS.match(cell)]
    if not named:
        return [*["no label"] * max(1, len(found)), *out]
    return [*((one, named, credit) for one in found or [""]), *out]


def _lines(lines: Sequence[str], label: str | None, path: Path) -> list[Line]:
    """An address a line, or several; comments are left out."""
    if not label:
        raise ImportSourceError(f"{path} says nothing of labels", hint=f"bearkit collect LABEL={path}, or {HINT}")
    is_table = path.suffix.lower() in (".csv", ".tsv")
    some = [line[:LONGEST] for line in lines if line.strip()]
    separator = text_table.separator_of(some) if is_table else "\t"
    return [line for text in lines for line in _line(text, label, separator)]


def _line(text: str, label: str, separator: str) -> list[Line]:
    """What a line asks for: mostly one address."""
    bare = text.strip("\ufeff \t\r\n")
    if PLAIN.fullmatch(bare):
        return [(bare, label, UNKNOWN)]
    if bare.startswith(("#", "//")):
        return ["a comment"]
    if bare in ("[", "]", "],", "{", "}", "},"):  # of JSON
        return ["blank"]
    bare = BULLET.sub("", bare, count=1) if BULLET.match(bare) else bare
    found = addresses_in(bare)
    if len(found) == 1 and len(bare) < LONGEST:
        cells = next(csv.reader([bare], delimiter=separator), [])
        found = [one for cell in cells for one in addresses_in(cell) if is_address(one)] or found
    return [*((one, label, UNKNOWN) for one in found), *[ANOTHER] * lost(bare, found)]
