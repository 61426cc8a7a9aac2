"""Download the images of URL lists into a project: many at once, with a row in the catalogue for each, none twice."""

import math
import queue
import threading
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

import filelock

from bearkit.catalog.schema import SourceRecord
from bearkit.core.parallel import Progress, no_progress
from bearkit.core.project import Project
from bearkit.errors import DownloadError, ImportSourceError
from bearkit.sources.decoded import DecodedSource, FetchRecord, decode_source
from bearkit.sources.ingest import Ingestor
from bearkit.sources.label_notes import look_alike_notes, tidying_notes
from bearkit.sources.layout import SourceItem
from bearkit.sources.web import url_list
from bearkit.sources.web.address_text import Credit
from bearkit.sources.web.fetch import SILENCE_SECONDS, Limits, fetch
from bearkit.sources.web.scheduler import HostScheduler
from bearkit.sources.web.ssrf import unused_proxies_hint
from bearkit.sources.web.url_list import UrlList

WORKERS = 32  # downloads at once
READY = 4  # downloaded images that wait to be stored; when as many wait, the workers wait too
STOP_SECONDS = 2.0  # after a stop, running downloads get this much time to end
UNREACHED = {  # reasons of failure for which an unused proxy may be the cause
    "there is no such host", "the name was not found in time", "the connection was refused", "the connection broke off",
    f"silent for {SILENCE_SECONDS:g} s",
}  # fmt: skip
OnFailure = Callable[[str, str], None]  # a URL, and why its download failed


@dataclass
class CollectReport:
    """Result of a collection.

    Attributes:
        tried: URLs that were requested: saved + duplicates + failed.
        saved: images that are new in the project.
        duplicates: images that the project has already.
        failed: URLs that gave no usable image.
        skipped: lines that were not requested, such as URLs that were downloaded before.
        waiting: URLs that were not requested because the collection was stopped.
        reasons: how many URLs failed or were skipped, by reason.
        seconds: duration of the whole call.
        hint: what may help with the failures.
        notes: sentences about labels that were tidied or look alike.
    """

    tried: int = 0
    saved: int = 0
    duplicates: int = 0
    failed: int = 0
    skipped: int = 0
    waiting: int = 0
    reasons: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    hint: str = ""
    notes: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """Return plain values, as the command line prints them; an empty hint and empty notes are left out."""
        return {key: value for key, value in asdict(self).items() if value or key not in ("hint", "notes")}


def collect_images(
    project: Project,
    sources: Sequence[tuple[str | None, Path]] | UrlList = (),
    most: int | None = None,
    workers: int = WORKERS,
    limits: Limits | None = None,
    retry_failed: bool = False,
    progress: Progress = no_progress,
    on_failure: OnFailure | None = None,
    stop: threading.Event | None = None,
) -> CollectReport:
    """Download the images of URL lists into a project. After a stop or a kill, the next call continues.

    Args:
        project: the project; created if it does not exist.
        sources: pairs of label and file: a `.txt` with one URL a line, or a `.csv`, which needs no label if it has a
            column of labels. Or a list that was read or searched already. If empty, the URLs that still wait from
            earlier calls.
        most: use at most this many lines of each label in each file, from its beginning.
        workers: downloads at once; 0 downloads one after the other, in order.
        limits: limits of each download.
        retry_failed: also request URLs that failed before.
        progress: called after each URL.
        on_failure: called with each URL that fails, and the reason.
        stop: when it is set, no more URLs are requested.

    Raises:
        ImportSourceError: a list cannot be read, or there is nothing to download.
    """
    started, limits = time.perf_counter(), limits or Limits()
    if not sources:
        project.require()
    wanted = sources if isinstance(sources, UrlList) else url_list.read_lists(sources, most)
    project.require_writable().root.mkdir(parents=True, exist_ok=True)
    with filelock.FileLock(project.files_lock):  # one import at a time; another one waits
        ingestor = Ingestor(project)
        known = {row.origin: row for row in ingestor.catalog.remote_sources()}
        if not sources:
            wanted = _unfinished(known.values(), retry_failed)
        urls, reasons = _select_urls(wanted, known, retry_failed)
        notes = tidying_notes(wanted.written) + look_alike_notes(project, urls.values())
        report = CollectReport(skipped=reasons.total(), notes=notes)
        _record_waiting(ingestor, wanted, {url: label for url, label in urls.items() if url not in known})
        try:
            with closing(_fetch_all(urls, wanted, workers, limits, stop or threading.Event())) as results:
                for decoded in results:
                    _store(decoded, ingestor, report, reasons, on_failure)
                    progress("fetching pictures", report.tried, len(urls))
        finally:
            ingestor.close()
    report.waiting = len(urls) - report.tried
    report.reasons = {reason: n for reason, n in reasons.most_common() if n}
    report.hint = unused_proxies_hint() if UNREACHED & set(report.reasons) else ""
    report.seconds = round(time.perf_counter() - started, 2)
    return report


def short_reason(reason: str) -> str:
    """Return a reason without its details in parentheses, so that failures of one cause count together."""
    return reason.partition(" (")[0]


# --- which URLs


def _unfinished(rows: Iterable[SourceRecord], retry_failed: bool) -> UrlList:
    """List the URLs that still wait from earlier calls, and those that failed if they are to be tried again."""
    wanted = UrlList()
    for row in rows:
        if row.status == "waiting" or (retry_failed and row.status == "failed"):
            wanted.add(row.origin, row.label or "", _credit(row))
    if not wanted.urls:
        raise ImportSourceError("no address waits to be fetched", hint="give a list: bearkit collect LABEL=urls.txt")
    return wanted


def _select_urls(
    wanted: UrlList, known: Mapping[str, SourceRecord], retry_failed: bool
) -> tuple[dict[str, str], Counter[str]]:
    """Return the URLs to request with their labels, and the reasons why the other lines are skipped."""
    states = ("waiting", "failed") if retry_failed else ("waiting",)
    urls = {url: label for url, label in wanted.urls.items() if url not in known or known[url].status in states}
    for url in urls.keys() & known.keys():  # keep the credit that an earlier list gave
        wanted.credits.setdefault(url, _credit(known[url]))
    reasons = Counter(wanted.skipped)
    reasons.update(_skip_reason(known[url], label) for url, label in wanted.urls.items() if url not in urls)
    return urls, reasons


def _skip_reason(row: SourceRecord, label: str) -> str:
    """Return why a URL is not requested again."""
    if row.status == "failed":
        return "failed before; --retry-failed tries again"
    if row.label == label:
        return "fetched before"
    return f"fetched before as `{row.label or 'no label'}`; it keeps that label"


def _credit(row: SourceRecord) -> Credit:
    return Credit(row.license or "", row.creator or "", row.page or "")


# --- results


def _record_waiting(ingestor: Ingestor, wanted: UrlList, new: Mapping[str, str]) -> None:
    """Record new URLs, {URL: label}, before they are requested, so that a killed collection can continue."""
    rows = [SourceRecord(url, label, None, "waiting", **vars(wanted.credit(url))) for url, label in new.items()]
    ingestor.catalog.record([], rows)


def _store(
    decoded: DecodedSource,
    ingestor: Ingestor,
    report: CollectReport,
    reasons: Counter[str],
    on_failure: OnFailure | None,
) -> None:
    """Store the image of one URL, or its reason of failure, and count it."""
    status = ingestor.add(decoded)
    report.tried += 1
    report.saved += status == "saved"
    report.duplicates += status == "duplicate"
    if status == "failed":
        report.failed += 1
        reasons[short_reason(decoded.reason)] += 1
        if on_failure is not None:
            on_failure(decoded.item.origin, decoded.reason)


# --- downloads


def _fetch_all(
    urls: Mapping[str, str], wanted: UrlList, workers: int, limits: Limits, stop: threading.Event
) -> Generator[DecodedSource]:
    """Download and decode URLs, and yield each result when it is ready. At most `workers` + READY are in memory.

    After `stop` is set, running downloads get STOP_SECONDS to end.
    """
    if workers < 1:
        for url, label in urls.items():
            if stop.is_set():
                return
            yield _fetch_one(url, label, wanted.credit(url), limits)
        return
    scheduler, ready, closed = HostScheduler(urls), queue.Queue[DecodedSource](READY), threading.Event()

    def hand_over(decoded: DecodedSource) -> None:
        while not closed.is_set():
            with suppress(queue.Full):
                ready.put(decoded, timeout=0.5)
                return

    def work() -> None:
        while (url := scheduler.next()) is not None:
            try:
                hand_over(_fetch_one(url, urls[url], wanted.credit(url), limits))
            except Exception as error:  # a bug: the loop below must not wait for this URL for ever
                reason = f"unexpected: {error!r}"
                hand_over(DecodedSource(_item(url, urls[url]), reason=reason, fetch=FetchRecord(0, url, 0.0)))
            finally:
                scheduler.done(url)

    for _ in range(min(workers, len(urls))):
        threading.Thread(target=work, name="fetch", daemon=True).start()
    n_yielded, deadline = 0, math.inf
    try:
        while n_yielded < len(urls):
            if stop.is_set() and deadline == math.inf:
                scheduler.stop()
                deadline = time.monotonic() + STOP_SECONDS
            if time.monotonic() > deadline or (deadline < math.inf and scheduler.idle and ready.empty()):
                return
            with suppress(queue.Empty):
                yield ready.get(timeout=0.1)
                n_yielded += 1
    finally:
        scheduler.stop()
        closed.set()


def _fetch_one(url: str, label: str, credit: Credit, limits: Limits) -> DecodedSource:
    """Download and decode one URL; runs in a thread."""
    started, item = time.perf_counter(), _item(url, label)
    try:
        fetched = fetch(url, limits)
    except DownloadError as error:
        record = FetchRecord(0, url, round(time.perf_counter() - started, 3), **vars(credit))
        return DecodedSource(item, reason=str(error), fetch=record)
    decoded = decode_source(replace(item, read=lambda: fetched.data))
    record = FetchRecord(len(fetched.data), fetched.address, round(time.perf_counter() - started, 3), **vars(credit))
    return replace(decoded, item=item, fetch=record)


def _item(url: str, label: str) -> SourceItem:
    return SourceItem(url, _file_name(url), label, None, bytes)


def _file_name(url: str) -> str:
    """Return a file name for the image at a URL.

    >>> _file_name("https://example.org/a/black%20bear.jpg?width=500"), _file_name("https://example.org/")
    ('black bear.jpg', 'picture')
    """
    return PurePosixPath(unquote(urlsplit(url).path)).name or "picture"
