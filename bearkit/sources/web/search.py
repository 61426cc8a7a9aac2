"""Search: pictures for a query from several providers, one tried after the other until there are enough.

Openverse and Wikimedia Commons tell licence and creator of each picture, which are kept; ddgs (an extra) finds more
and says nothing of either. Providers break: one that fails is told, and the next one asked.
"""

import html
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from itertools import count
from typing import Any, Protocol
from urllib.parse import urlencode

from bearkit.catalog.labels import stored
from bearkit.core.optional import import_optional
from bearkit.core.parallel import Progress, no_progress
from bearkit.errors import DownloadError, ImportSourceError, SearchError
from bearkit.sources.web.address_text import Credit, is_address
from bearkit.sources.web.fetch import Limits, fetch
from bearkit.sources.web.url_list import UrlList

MOST = 150  # pictures a label
SIDE = 960  # pixels: the width that is asked of Commons, whose originals are huge
TAGS = re.compile(r"<[^>]+>")


@dataclass(frozen=True)
class SearchHit:
    """One picture that was found, and who made it, as far as the provider says."""

    url: str
    thumbnail: str
    title: str
    provider: str
    credit: Credit


@dataclass
class SearchReport:
    """What was found for each label, and which providers failed and why."""

    found: dict[str, list[SearchHit]] = field(default_factory=dict)
    failed: list[dict[str, str]] = field(default_factory=list)  # label, provider, reason

    def as_dict(self, whole: bool = True) -> dict[str, Any]:
        """Plain values, as the command line prints them; every picture, or only how many there are of each label."""
        found = {label: [asdict(hit) for hit in hits] if whole else len(hits) for label, hits in self.found.items()}
        return {"found": found, "failed_providers": self.failed}

    def urls(self) -> UrlList:
        """What was found, as a list of addresses to collect."""
        asked = UrlList()
        for label, hits in self.found.items():
            for hit in hits:
                asked.take(hit.url, label, hit.credit)
        return asked


class Provider(Protocol):
    """Where pictures can be searched."""

    def search(self, query: str, most: int, limits: Limits) -> Iterator[SearchHit]:
        """Up to so many pictures, the likeliest first, page by page as they are asked for.

        Raises:
            DownloadError: it could not be reached, or answered something else than results.
            ImportSourceError: it cannot be used here.
        """
        ...


class Openverse:
    """https://api.openverse.org: openly licensed pictures of Flickr, museums and others; no key is needed."""

    PAGE = 20  # the most that it gives to who has no key

    def __init__(self, address: str = "https://api.openverse.org") -> None:
        self.address = address

    def search(self, query: str, most: int, limits: Limits) -> Iterator[SearchHit]:
        """See `Provider.search`."""
        for page in count(1):
            asked = {"q": query, "page": page, "page_size": self.PAGE}
            answer = _json(f"{self.address}/v1/images/?{urlencode(asked)}", limits)
            for row in _list(answer.get("results")):
                version = f" {row['license_version']}" if row.get("license_version") else ""
                name = str(row.get("license") or "").upper()
                licence = f"CC {name}{version}" if name and name not in ("CC0", "PDM") else f"{name}{version}"
                credit = Credit(
                    licence.strip(), str(row.get("creator") or ""), str(row.get("foreign_landing_url") or "")
                )
                yield SearchHit(
                    str(row.get("url")),
                    str(row.get("thumbnail") or ""),
                    str(row.get("title") or ""),
                    "openverse",
                    credit,
                )
            if page >= _number(answer.get("page_count")) or page * self.PAGE >= most:
                return


class Commons:
    """https://commons.wikimedia.org, or any MediaWiki: pictures with licence and author."""

    PAGE = 50

    def __init__(self, address: str = "https://commons.wikimedia.org") -> None:
        self.address = address

    def search(self, query: str, most: int, limits: Limits) -> Iterator[SearchHit]:
        """See `Provider.search`."""
        asked: dict[str, Any] = {
            "action": "query", "format": "json", "formatversion": 2,
            "generator": "search", "gsrnamespace": 6, "gsrsearch": f"filetype:bitmap {query}",
            "gsrlimit": min(self.PAGE, most), "prop": "imageinfo", "iiprop": "url|mime|extmetadata",
            "iiurlwidth": SIDE, "iiextmetadatafilter": "LicenseShortName|Artist",
        }  # fmt: skip
        for _ in range(0, most, self.PAGE):
            answer = _json(f"{self.address}/w/api.php?{urlencode(asked)}", limits)
            if "error" in answer:
                raise DownloadError(f"it answered: {_mapping(answer['error']).get('info', 'an error')}")
            pages = _list(_mapping(answer.get("query")).get("pages"))
            for page in sorted(pages, key=lambda page: _number(page.get("index"))):
                for info in _list(page.get("imageinfo")):
                    about = {
                        key: str(_mapping(value).get("value", ""))
                        for key, value in _mapping(info.get("extmetadata")).items()
                    }
                    credit = Credit(
                        _plain(about.get("LicenseShortName", "")), _plain(about.get("Artist", "")),
                        str(info.get("descriptionurl") or ""),
                    )  # fmt: skip
                    small = str(info.get("thumburl") or info.get("url"))
                    title = str(page.get("title") or "").removeprefix("File:")
                    yield SearchHit(small, small, title, "commons", credit)
            if "continue" not in answer:
                return
            asked |= _mapping(answer["continue"])


class Ddgs:
    """The ddgs package (`pip install bearkit[search]`): what search engines find, of whatever licence."""

    def search(self, query: str, most: int, limits: Limits) -> Iterator[SearchHit]:
        """See `Provider.search`."""
        ddgs, errors = import_optional("ddgs", "search"), import_optional("ddgs.exceptions", "search")
        try:
            rows = ddgs.DDGS(timeout=int(limits.seconds)).images(query, max_results=most)
        except errors.DDGSException as error:  # of every kind, "no results" too
            raise DownloadError(f"ddgs: {error}") from error
        for row in rows:
            credit = Credit("", "", str(row.get("url") or ""))
            yield SearchHit(
                str(row.get("image")), str(row.get("thumbnail") or ""), str(row.get("title") or ""), "ddgs", credit
            )


PROVIDERS: dict[str, type[Openverse] | type[Commons] | type[Ddgs]] = {
    "openverse": Openverse,
    "commons": Commons,
    "ddgs": Ddgs,
}


def find_provider(text: str) -> tuple[str, Provider]:
    """A provider by name, or NAME=ADDRESS for a server of your own.

    Raises:
        ImportSourceError: there is none of this name.
    """
    name, _, address = text.partition("=")
    kind = PROVIDERS.get(name)
    if kind is None or (address and (kind is Ddgs or not is_address(address))):
        raise ImportSourceError(
            f"there is no provider `{text}`",
            hint=f"one of {', '.join(PROVIDERS)}; NAME=https://… for a server of your own",
        )
    return name, kind(address.rstrip("/")) if address else kind()  # type: ignore[call-arg]


def search_images(
    queries: Sequence[tuple[str, str]],
    most: int = MOST,
    providers: Sequence[str] = (),
    limits: Limits | None = None,
    progress: Progress = no_progress,
) -> SearchReport:
    """Find pictures for each label; nothing is downloaded yet.

    Args:
        queries: label, and what to search for; several queries for a label add up.
        most: pictures a label.
        providers: which ones, in the order in which they are asked; none: all of them.
        limits: of each question to a provider.
        progress: told after each label.

    Raises:
        ImportSourceError: a provider's name is unknown, or a query empty.
        SearchError: every provider failed.
    """
    chosen = [find_provider(text) for text in providers or PROVIDERS]
    empty = [label for label, query in queries if not query.strip() or not label.strip()]
    if empty or not queries:
        raise ImportSourceError("there is nothing to search for", hint='LABEL="what to search for"')
    for label, _ in queries:
        stored(label, ImportSourceError)  # before anybody is asked
    report = SearchReport()
    for number, (label, query) in enumerate(queries, start=1):
        found = {hit.url: hit for hit in report.found.get(label, [])}
        for name, one in chosen:
            if len(found) >= most:
                break
            try:
                for hit in one.search(query, most - len(found), limits or Limits()):
                    if is_address(hit.url) and len(found) < most:
                        found.setdefault(hit.url, hit)
            except (DownloadError, ImportSourceError) as error:
                hint = f" ({error.hint})" if error.hint else ""
                report.failed.append({"label": label, "provider": name, "reason": f"{error}{hint}"})
        report.found[label] = list(found.values())
        progress("searching", number, len(queries))
    if len(report.failed) == len(chosen) * len(queries) and not any(report.found.values()):
        told = "; ".join(sorted({f"{row['provider']}: {row['reason']}" for row in report.failed}))
        raise SearchError(
            f"no provider could be asked: {told}",
            hint="try again later, or give a list: bearkit collect LABEL=urls.txt",
        )
    return report


def _json(url: str, limits: Limits) -> dict[str, Any]:
    """What a provider answers.

    Raises:
        DownloadError: it could not be reached, or answered something else than JSON.
    """
    try:
        answer = json.loads(fetch(url, limits).data)
    except ValueError as error:
        raise DownloadError("it answered no JSON") from error
    if not isinstance(answer, dict):
        raise DownloadError("it answered something else than results")
    return answer


def _number(value: Any) -> int:
    return value if isinstance(value, int) else 0


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[dict[str, Any]]:
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []


def _plain(text: str) -> str:
    """Commons' HTML as text, on one line.

    >>> _plain('<a href="//x">Ann &amp;  Bo</a>')
    'Ann & Bo'
    """
    return " ".join(html.unescape(TAGS.sub("", text)).split())
