'''Search for images: ask several providers, one after the other, until there are enough.

Openverse and Wikimedia Commons give the licence and creator of each image, which are stored with it. ddgs (an extra)
finds more, without licences. If a provider fails, the failure is reported and the next one is asked.

A provider is a class that is created without arguments and has the method of `Provider`. This one searches a museum,
whose server answers `{"paintings": [{"image": URL, "title": ..., "artist": ...}]}`:

    >>> from urllib.parse import urlencode
    >>> from bearkit.sources.web.address_text import Credit
    >>> from bearkit.sources.web.search import SearchHit, fetch_json
    >>> class Museum:
    ...     """Paintings of the museum."""
    ...     def search(self, query, most, limits):
    ...         answer = fetch_json(f"https://museum.example/search?{urlencode({'q': query, 'n': most})}", limits)
    ...         for row in answer["paintings"][:most]:
    ...             yield SearchHit(
    ...                 url=row["image"],
    ...                 thumbnail=row["image"],                        # a small copy to show, or ""
    ...                 title=row["title"],
    ...                 provider="museum",
    ...                 credit=Credit(license="CC0", creator=row["artist"], page=""),
    ...             )

Register it in the pyproject.toml of your package. Once the package is installed, `bearkit search` asks it after
bearkit's own providers, and `bearkit search bear="brown bear" --provider museum` asks it alone:

    [project.entry-points."bearkit.search_providers"]
    museum = "my_package.museum:Museum"
'''

import html
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from importlib.metadata import EntryPoint, entry_points
from itertools import count
from typing import Any, Protocol
from urllib.parse import urlencode

from bearkit.catalog.labels import stored
from bearkit.core.optional import import_optional
from bearkit.core.parallel import Progress, no_progress
from bearkit.errors import DownloadError, ImportSourceError, SearchError
from bearkit.sources.extensions import load_extension
from bearkit.sources.web.address_text import Credit, is_address
from bearkit.sources.web.fetch import Limits, fetch
from bearkit.sources.web.url_list import UrlList

GROUP = "bearkit.search_providers"
MOST = 150  # images for each label
WIDTH = 960  # pixels; Commons makes copies of this width, since its originals can be huge
TAGS = re.compile(r"<[^>]+>")


@dataclass(frozen=True)
class SearchHit:
    """One image that a provider found.

    Attributes:
        url: the image.
        thumbnail: a small copy of it, to show; "" if there is none.
        title: for people.
        provider: the name of the provider.
        credit: licence, creator and page, as far as the provider gives them.
    """

    url: str
    thumbnail: str
    title: str
    provider: str
    credit: Credit


@dataclass
class SearchReport:
    """Result of a search.

    Attributes:
        found: the images of each label, best first.
        failed: failures of providers, each with label, provider and reason.
    """

    found: dict[str, list[SearchHit]] = field(default_factory=dict)
    failed: list[dict[str, str]] = field(default_factory=list)

    def as_dict(self, whole: bool = True) -> dict[str, Any]:
        """Return plain values, as the command line prints them.

        Args:
            whole: whether to list every image; otherwise only the number of images of each label.
        """
        found = {label: [asdict(hit) for hit in hits] if whole else len(hits) for label, hits in self.found.items()}
        return {"found": found, "failed_providers": self.failed}

    def urls(self) -> UrlList:
        """Return the images as a URL list, for `collect_images`."""
        urls = UrlList()
        for label, hits in self.found.items():
            for hit in hits:
                urls.add(hit.url, label, hit.credit)
        return urls


class Provider(Protocol):
    """A service that can be searched for images."""

    def search(self, query: str, most: int, limits: Limits) -> Iterator[SearchHit]:
        """Search for images, and yield them best first; request the next page of results only when it is needed.

        Args:
            query: what the user searches for.
            most: the caller uses at most this many images.
            limits: limits of each request.

        Raises:
            DownloadError: the provider cannot be reached, or its answer is not a list of results.
            ImportSourceError: the provider cannot be used on this machine.
        """
        ...


class Openverse:
    """https://api.openverse.org: openly licensed images of Flickr, museums and others; needs no key."""

    PAGE = 20  # results on a page: the most without a key

    def __init__(self, address: str = "https://api.openverse.org") -> None:
        self.address = address

    def search(self, query: str, most: int, limits: Limits) -> Iterator[SearchHit]:
        """See `Provider.search`."""
        for page in count(1):
            parameters = {"q": query, "page": page, "page_size": self.PAGE}
            answer = fetch_json(f"{self.address}/v1/images/?{urlencode(parameters)}", limits)
            for row in _list(answer.get("results")):
                url, thumbnail, title = (str(row.get(key) or "") for key in ("url", "thumbnail", "title"))
                yield SearchHit(url, thumbnail, title, "openverse", self._credit(row))
            if page >= _number(answer.get("page_count")) or page * self.PAGE >= most:
                return

    @staticmethod
    def _credit(row: dict[str, Any]) -> Credit:
        version = f" {row['license_version']}" if row.get("license_version") else ""
        name = str(row.get("license") or "").upper()
        prefix = "CC " if name and name not in ("CC0", "PDM") else ""
        creator, page = str(row.get("creator") or ""), str(row.get("foreign_landing_url") or "")
        return Credit(f"{prefix}{name}{version}".strip(), creator, page)


class Commons:
    """https://commons.wikimedia.org, or another MediaWiki: images with licence and author."""

    PAGE = 50  # results on a page

    def __init__(self, address: str = "https://commons.wikimedia.org") -> None:
        self.address = address

    def search(self, query: str, most: int, limits: Limits) -> Iterator[SearchHit]:
        """See `Provider.search`."""
        parameters: dict[str, Any] = {
            "action": "query", "format": "json", "formatversion": 2,
            "generator": "search", "gsrnamespace": 6, "gsrsearch": f"filetype:bitmap {query}",
            "gsrlimit": min(self.PAGE, most), "prop": "imageinfo", "iiprop": "url|mime|extmetadata",
            "iiurlwidth": WIDTH, "iiextmetadatafilter": "LicenseShortName|Artist",
        }  # fmt: skip
        for _ in range(0, most, self.PAGE):
            answer = fetch_json(f"{self.address}/w/api.php?{urlencode(parameters)}", limits)
            if "error" in answer:
                raise DownloadError(f"it answered: {_mapping(answer['error']).get('info', 'an error')}")
            pages = _list(_mapping(answer.get("query")).get("pages"))
            for page in sorted(pages, key=lambda page: _number(page.get("index"))):
                title = str(page.get("title") or "").removeprefix("File:")
                for info in _list(page.get("imageinfo")):
                    url = str(info.get("thumburl") or info.get("url"))
                    yield SearchHit(url, url, title, "commons", self._credit(info))
            if "continue" not in answer:
                return
            parameters |= _mapping(answer["continue"])

    @staticmethod
    def _credit(info: dict[str, Any]) -> Credit:
        metadata = _mapping(info.get("extmetadata"))
        licence, artist = (
            _plain(str(_mapping(metadata.get(key)).get("value", ""))) for key in ("LicenseShortName", "Artist")
        )
        return Credit(licence, artist, str(info.get("descriptionurl") or ""))


class Ddgs:
    """The ddgs package (`pip install bearkit[search]`): results of search engines, whose licences are not known."""

    def search(self, query: str, most: int, limits: Limits) -> Iterator[SearchHit]:
        """See `Provider.search`."""
        ddgs, errors = import_optional("ddgs", "search"), import_optional("ddgs.exceptions", "search")
        try:
            rows = ddgs.DDGS(timeout=int(limits.seconds)).images(query, max_results=most)
        except errors.DDGSException as error:  # all of its errors, "no results" too
            raise DownloadError(f"ddgs: {error}") from error
        for row in rows:
            thumbnail, title, page = (str(row.get(key) or "") for key in ("thumbnail", "title", "url"))
            yield SearchHit(str(row.get("image")), thumbnail, title, "ddgs", Credit(page=page))


PROVIDERS: dict[str, type[Openverse] | type[Commons] | type[Ddgs]] = {
    "openverse": Openverse,
    "commons": Commons,
    "ddgs": Ddgs,
}  # bearkit's own, in the order in which they are asked; packages add others by entry points of GROUP


def provider_names() -> list[str]:
    """Return the names of all providers, in the order in which they are asked: bearkit's own, then packages'."""
    return [*PROVIDERS, *_extensions()]


def find_provider(text: str) -> tuple[str, Provider]:
    """Return a provider and its name.

    Args:
        text: the name; or NAME=ADDRESS for another server with the same interface (openverse and commons only).

    Raises:
        ImportSourceError: there is no such provider, or the one of a package cannot be loaded.
    """
    name, _, address = text.partition("=")
    kind = PROVIDERS.get(name)
    if kind in (Openverse, Commons) and is_address(address):
        return name, kind(address.rstrip("/"))
    if kind is not None and not address:
        return name, kind()
    if (entry := _extensions().get(name)) is not None and not address:
        return name, load_extension(entry, "search provider", "search without it: --provider openverse")
    raise ImportSourceError(
        f"there is no provider `{text}`",
        hint=f"one of {', '.join(provider_names())}; openverse=https://… or commons=https://… for a server of your own",
    )


def search_images(
    queries: Sequence[tuple[str, str]],
    most: int = MOST,
    providers: Sequence[str] = (),
    limits: Limits | None = None,
    progress: Progress = no_progress,
) -> SearchReport:
    """Search for images of each label. Nothing is downloaded: see `collect_images`.

    Args:
        queries: pairs of label and query; several queries of one label add up.
        most: images for each label.
        providers: names, in the order in which they are asked; all of `provider_names()` if empty.
        limits: limits of each request to a provider.
        progress: called after each query.

    Raises:
        ImportSourceError: a provider is not known or cannot be loaded, or a query is empty.
        SearchError: every request to every provider failed.
    """
    chosen = [find_provider(text) for text in providers or provider_names()]
    if not queries or any(not query.strip() or not label.strip() for label, query in queries):
        raise ImportSourceError("there is nothing to search for", hint='LABEL="what to search for"')
    for label, _ in queries:
        stored(label, ImportSourceError)  # refuse a bad label before any provider is asked
    report = SearchReport()
    for number, (label, query) in enumerate(queries, start=1):
        hits = {hit.url: hit for hit in report.found.get(label, [])}
        for name, provider in chosen:
            if len(hits) >= most:
                break
            try:
                for hit in provider.search(query, most - len(hits), limits or Limits()):
                    if is_address(hit.url) and len(hits) < most:
                        hits.setdefault(hit.url, hit)
            except Exception as error:
                report.failed.append({"label": label, "provider": name, "reason": _reason(error, name)})
        report.found[label] = list(hits.values())
        progress("searching", number, len(queries))
    if len(report.failed) == len(chosen) * len(queries) and not any(report.found.values()):
        reasons = "; ".join(sorted({f"{row['provider']}: {row['reason']}" for row in report.failed}))
        raise SearchError(
            f"every provider failed: {reasons}",
            hint="try again later, or give a list: bearkit collect LABEL=urls.txt",
        )
    return report


def fetch_json(url: str, limits: Limits) -> dict[str, Any]:
    """Request a URL whose answer is a JSON object.

    Raises:
        DownloadError: the server cannot be reached, or its answer is not a JSON object.
    """
    try:
        answer = json.loads(fetch(url, limits).data)
    except ValueError as error:
        raise DownloadError("its answer is not JSON") from error
    if not isinstance(answer, dict):
        raise DownloadError("its answer is not a list of results")
    return answer


def _extensions() -> dict[str, EntryPoint]:
    """The providers of packages, by name."""
    entries = sorted(entry_points(group=GROUP), key=lambda entry: entry.name)
    return {entry.name: entry for entry in entries if entry.name not in PROVIDERS}


def _reason(error: Exception, name: str) -> str:
    """Return why a provider failed.

    Raises:
        Exception: the error is a bug in one of bearkit's own providers.
    """
    if isinstance(error, DownloadError | ImportSourceError):
        return f"{error}{f' ({error.hint})' if error.hint else ''}"
    if name in PROVIDERS:
        raise error
    return f"unexpected: {error!r}"


def _number(value: Any) -> int:
    return value if isinstance(value, int) else 0


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[dict[str, Any]]:
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []


def _plain(text: str) -> str:
    """Convert HTML to text on one line.

    >>> _plain('<a href="//x">Ann &amp;  Bo</a>')
    'Ann & Bo'
    """
    return " ".join(html.unescape(TAGS.sub("", text)).split())
