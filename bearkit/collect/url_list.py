"""Lists of addresses as people have them: a line each, tables with a column of labels, JSON, pieces of web pages."""

import csv
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

from bearkit import text_table
from bearkit.collect.layout import label_of, label_problem
from bearkit.errors import ImportSourceError
from bearkit.text_table import Row, Table

URL_COLUMNS = (
    "url", "image_url", "imageurl", "image url", "img_url", "urls", "image", "link", "address", "href", "src", "source",
)  # fmt: skip
LABEL_COLUMNS = ("label", "class", "category", "query", "labels", "class_name", "tag")
CREDIT_COLUMNS = (("license", "licence"), ("creator", "author"), ("page", "source_page", "foreign_landing_url"))
COPIED = (  # an address in a piece of a web page, of Markdown, of code
    re.compile(r"""<.*?\b(?:src|href)\s*=\s*(["'])(?P<url>https?://.*?)\1""", re.IGNORECASE),
    re.compile(r"""!?\[[^\]]*\]\(\s*(?P<url>https?://\S+?)(?:\s+["'].*["'])?\s*\)[.,;]*$""", re.IGNORECASE),
    re.compile(r"""["']?\w+["']?\s*[:=]\s*(["'])(?P<url>https?://.*?)\1""", re.IGNORECASE),
)
PLAIN = re.compile(r"https?://[^\s\"'`<>“”‘’«»()\[\]{}\\,;|#&\x00-\x1f\x7f-\x9f]+")  # nothing to clean: most addresses
LONGEST = 16_000  # characters of an address and what is around it; servers refuse longer ones
QUOTES = "\"'`<>“”‘’«» \t"
BULLET = re.compile(r"(?:[-*+•]|\d+[.)])\s+")
PICTURE = r"\.(?:jpe?g|png|gif|webp|bmp|tiff?|avif|heic)"
SUFFIX = re.compile(f"{PICTURE}$", re.IGNORECASE)
COLUMNS_FOLLOW = re.compile(rf"(https?://\S+?{PICTURE})\s*[,;|\t][^/=]*$", re.IGNORECASE)  # of a table without a header
HINT = "its first line must name the columns `url` and `label`"


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


def is_address(text: str) -> bool:
    """Whether this can be asked for at all.

    >>> is_address("https://example.org/a.jpg?w=1"), is_address("data:image/png;base64,xx"), is_address("a bear")
    (True, False, False)
    """
    try:
        parts = urlsplit(text)
        return parts.scheme.lower() in ("http", "https") and bool(parts.hostname) and _is_plain(text.strip())
    except ValueError:
        return False


def _is_plain(text: str) -> bool:
    """Without spaces, and without what could do something to a terminal."""
    return text.isprintable() and " " not in text


def cleaned(text: str) -> str:
    """An address without what was copied along with it; the same text, where there is none in it.

    >>> cleaned('"https://e.org/c.jpg",'), cleaned("<https://e.org/c.jpg>"), cleaned("![bear](https://e.org/c.jpg)")
    ('https://e.org/c.jpg', 'https://e.org/c.jpg', 'https://e.org/c.jpg')
    >>> cleaned("https://e.org/my photo.jpg"), cleaned("https://e.org/c.jpg  # a bear"), cleaned("- https://e.org/c.jpg")
    ('https://e.org/my%20photo.jpg', 'https://e.org/c.jpg', 'https://e.org/c.jpg')
    """
    if PLAIN.fullmatch(text) or len(text) > LONGEST:
        return text
    text = text.strip("\ufeff\u200b \t\r\n").replace("\\/", "/").replace("&amp;", "&")
    text = BULLET.sub("", text, count=1) if BULLET.match(text) else text
    copied = next((found for pattern in COPIED if (found := pattern.match(text))), None)
    text = copied["url"] if copied else COLUMNS_FOLLOW.sub(r"\1", re.sub(r"(?<!\s)\s+#.*$", "", text))
    before = ""
    while text != before:
        before, text = text, text.rstrip(",; \t").strip(QUOTES).lstrip("[({")
        for opening, closing in ("[]", "()", "{}"):
            if text.endswith(closing) and opening not in text:
                text = text.removesuffix(closing)
    return _without_spaces(text)


def _without_spaces(text: str) -> str:
    """Spaces inside an address as %20, unless other words follow the address."""
    first, space, _ = text.partition(" ")
    if not space or not is_address(first) or "\t" in text or "://" in text[len(first) :]:
        return text
    words_follow = SUFFIX.search(urlsplit(first).path) and not SUFFIX.search(PurePosixPath(text.partition("?")[0]).name)
    return text if words_follow else text.replace(" ", "%20")


def _rows(label: str | None, path: Path) -> list[tuple[str, str, Credit] | str]:
    """What each line asks for, or why it asks for nothing.

    Raises:
        ImportSourceError: the file cannot be read, or says nothing of labels.
    """
    text = text_table.read_text(path)
    values = text_table.json_values(text)
    if values is not None and all(isinstance(value, str) for value in values):
        return _lines(values, label, path)
    table = text_table.table(text, path)
    url, of, *about = (table.first(names) for names in (URL_COLUMNS, LABEL_COLUMNS, *CREDIT_COLUMNS))
    url = url or _column_of_addresses(table)
    if url is None:  # it has no header
        return _lines(text.splitlines(), label, path)
    if of is None and not label:
        raise ImportSourceError(
            f"{path} has no column of labels: {', '.join(table.columns)}", hint=f"a column `label`, or LABEL={path}"
        )
    return [_row(row, label, url, of, about) for row in table.rows]


def _column_of_addresses(table: Table) -> str | None:
    """A column of another name that holds addresses; None where there is none, or the header is no header."""
    if len(table.columns) < 2 or any(is_address(cleaned(name)) for name in table.columns):
        return None
    n = {name: sum(is_address(cleaned(row.cells[name])) for row in table.rows) for name in table.columns}
    return next((name for name in table.columns if 2 * n[name] > len(table.rows)), None)


def _row(
    row: Row, label: str | None, url: str, of: str | None, about: Sequence[str | None]
) -> tuple[str, str, Credit] | str:
    """What a row of a table asks for; why nothing, where a separator inside its address moved its columns."""
    if row.extra and not is_address(cleaned(row.cells[url])):
        return "not an address"
    if row.extra and not label:
        return "more cells than columns"
    named = label or (row.cells[of] if of else "")
    if not named:
        return "no label"
    return cleaned(row.cells[url]), named, Credit(*(row.cells[name] if name else "" for name in about))


def _lines(lines: Sequence[str], label: str | None, path: Path) -> list[tuple[str, str, Credit] | str]:
    """An address a line; comments are left out."""
    if not label:
        raise ImportSourceError(f"{path} says nothing of labels", hint=f"bearkit collect LABEL={path}, or {HINT}")
    is_table = path.suffix.lower() in (".csv", ".tsv")
    separator = text_table.separator_of([line for line in lines if line.strip()]) if is_table else "\t"
    return [line for text in lines for line in _line(text, label, separator)]


def _line(text: str, label: str, separator: str) -> list[tuple[str, str, Credit] | str]:
    """What a line asks for: mostly one address."""
    bare = text.strip("\ufeff \t\r\n")
    if PLAIN.fullmatch(bare):
        return [(bare, label, UNKNOWN)]
    if bare.startswith(("#", "//")):
        return ["a comment"]
    if bare in ("[", "]", "],", "{", "}", "},"):  # of JSON
        return ["blank"]
    bare = BULLET.sub("", bare, count=1) if BULLET.match(bare) else bare
    cells = next(csv.reader([bare], delimiter=separator), [])
    bare = next((cell for cell in cells if is_address(cleaned(cell))), bare)
    return [(cleaned(part), label, UNKNOWN) for part in re.split(r"[,;]?(?<!\s)\s+(?=https?://)", bare)]
