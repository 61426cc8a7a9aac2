"""Lists of addresses: `.txt` with one a line, as the lecture's browser step gives it, or `.csv` with a label column."""

import csv
import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from bearkit.collect.layout import label_of
from bearkit.errors import ImportSourceError

URL_COLUMNS = ("url", "image_url", "image", "link", "address")
LABEL_COLUMNS = ("label", "class", "category", "query")
CREDIT_COLUMNS = (("license", "licence"), ("creator", "author"), ("page", "source_page", "foreign_landing_url"))


@dataclass(frozen=True)
class Credit:
    """Whose a picture is, as far as is known: its licence, who made it, the page where it is shown."""

    license: str = ""
    creator: str = ""
    page: str = ""


UNKNOWN = Credit()


@dataclass
class UrlList:
    """What a file asks for: addresses with their labels, each once, and what was left out and why."""

    urls: dict[str, str] = field(default_factory=dict)  # url: label
    credits: dict[str, Credit] = field(default_factory=dict)  # url: whose it is, where that is known
    skipped: dict[str, int] = field(default_factory=dict)  # reason: how many lines

    def take(self, url: str, label: str, credit: Credit = UNKNOWN) -> None:
        """Take one line."""
        url, label = url.strip().strip("\"'"), label_of(label)
        if not url:
            self.skip("blank")
        elif not is_address(url):
            self.skip("not an address")
        elif self.urls.get(url, label) != label:
            self.skip(f"listed under `{self.urls[url]}` too, kept there")
        elif url in self.urls:
            self.skip("listed twice")
        else:
            self.urls[url] = label
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
        try:
            text = path.expanduser().read_text(encoding="utf-8-sig", errors="replace")
        except OSError as error:
            raise ImportSourceError(f"{path} cannot be read: {error.strerror}", hint="LABEL=FILE") from error
        try:
            lines = _table(text, label, path) if path.suffix.lower() == ".csv" else _lines(text, label, path)
        except csv.Error as error:
            raise ImportSourceError(
                f"{path} cannot be read as CSV: {error}", hint="LABEL=FILE.txt, a line each"
            ) from error
        taken: Counter[str] = Counter()
        for line in lines:
            taken[line[1]] += 1
            if most is None or taken[line[1]] <= most:
                result.take(*line)
    return result


def is_address(text: str) -> bool:
    """Whether this can be asked for at all.

    >>> is_address("https://example.org/a.jpg?w=1"), is_address("data:image/png;base64,xx"), is_address("a bear")
    (True, False, False)
    """
    try:
        parts = urlsplit(text)
        return parts.scheme.lower() in ("http", "https") and bool(parts.hostname) and " " not in text.strip()
    except ValueError:
        return False


def _lines(text: str, label: str | None, path: Path) -> list[tuple[str, str, Credit]]:
    if not label:
        raise ImportSourceError(f"{path} says nothing of labels", hint=f"bearkit collect LABEL={path}")
    return [(line, label, UNKNOWN) for line in text.splitlines()]


def _table(text: str, label: str | None, path: Path) -> list[tuple[str, str, Credit]]:
    rows = csv.DictReader(io.StringIO(text, newline=""))
    columns = {(name or "").strip().lower(): name for name in rows.fieldnames or []}
    url, of, *about = (
        next((columns[name] for name in names if name in columns), None)
        for names in (URL_COLUMNS, LABEL_COLUMNS, *CREDIT_COLUMNS)
    )
    if url is None:  # no header: a list in the first column, as some tools write it
        return _lines("\n".join(row[0] for row in csv.reader(io.StringIO(text, newline="")) if row), label, path)
    if of is None and not label:
        raise ImportSourceError(
            f"{path} has no column of labels: {', '.join(columns)}", hint=f"a column `label`, or LABEL={path}"
        )
    return [
        (
            row[url] or "",
            label or (row[of] if of else "") or "",
            Credit(*((row[name] if name else "") or "" for name in about)),
        )
        for row in rows
    ]
