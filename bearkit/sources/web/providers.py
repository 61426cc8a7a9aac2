"""The search providers of bearkit: Openverse, Wikimedia Commons, and search engines through ddgs."""

import html
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any, Protocol
from urllib.parse import urlencode

from bearkit.core.optional import import_optional
from bearkit.errors import DownloadError
from bearkit.sources.web.address_text import Credit
from bearkit.sources.web.fetch import Limits, fetch

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
