'''Search for images: ask several providers, one after the other, until there are enough.

Openverse and Wikimedia Commons give the licence and creator of each image, which are stored with it. ddgs (an extra)
finds more, without licences. If a provider fails, the failure is reported and the next one is asked.

A provider is a class that is created without arguments and has the method of `Provider`, which is defined in
`bearkit.sources.web.providers`. This one searches a museum, whose server answers
`{"paintings": [{"image": URL, "title": ..., "artist": ...}]}`:

    >>> from urllib.parse import urlencode
    >>> from bearkit.sources.web.address_text import Credit
    >>> from bearkit.sources.web.providers import SearchHit, fetch_json
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

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from bearkit.catalog.labels import valid_label
from bearkit.core.parallel import Progress, no_progress
from bearkit.errors import DownloadError, ImportSourceError, SearchError
from bearkit.sources.extensions import load_extension
from bearkit.sources.web.address_text import is_address
from bearkit.sources.web.fetch import Limits
from bearkit.sources.web.providers import Commons, Ddgs, Openverse, Provider, SearchHit
from bearkit.sources.web.url_list import UrlList

GROUP = "bearkit.search_providers"
MOST = 150  # images for each label


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


PROVIDERS: dict[str, Callable[..., Provider]] = {
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
        queries: pairs of label and query; several queries of one label add up. The label is "" for none yet.
        most: images for each label, and for each query without one.
        providers: names, in the order in which they are asked; all of `provider_names()` if empty.
        limits: limits of each request to a provider.
        progress: called after each query.

    Raises:
        ImportSourceError: a provider is not known or cannot be loaded, or a query is empty.
        SearchError: every request to every provider failed.
    """
    chosen = [find_provider(text) for text in providers or provider_names()]
    if not queries or any(not query.strip() for _, query in queries):
        raise ImportSourceError("there is nothing to search for", hint="name what to search for, for each label")
    for label, _ in queries:
        valid_label(label, ImportSourceError)  # refuse a bad label before any provider is asked
    report = SearchReport()
    for number, (label, query) in enumerate(queries, start=1):
        hits = {hit.url: hit for hit in report.found.get(label, [])}
        wanted = most if label else most + len(hits)
        for name, provider in chosen:
            if len(hits) >= wanted:
                break
            try:
                for hit in provider.search(query, wanted - len(hits), limits or Limits()):
                    if is_address(hit.url) and len(hits) < wanted:
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
