"""Collect: fetch lists of addresses into the project, many at once, with a row for each, and none twice."""

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

WORKERS = 32  # addresses at once
READY = 4  # pictures that wait to be stored; who fetched more waits too
STOP_SECONDS = 2.0  # that what is under way is waited for, once it is stopped
UNREACHED = {  # reasons that a proxy may be behind
    "there is no such host", "the name was not found in time", "the connection was refused", "the connection broke off",
    f"silent for {SILENCE_SECONDS:g} s",
}  # fmt: skip
OnFailure = Callable[[str, str], None]  # an address, and why it failed


@dataclass
class CollectReport:
    """What became of every line; tried = saved + duplicates + failed, `reasons` of what failed or was skipped."""

    tried: int = 0
    saved: int = 0
    duplicates: int = 0
    failed: int = 0
    skipped: int = 0
    waiting: int = 0  # not asked yet, since it was stopped
    reasons: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    hint: str = ""  # what may help with what failed
    notes: list[str] = field(default_factory=list)  # about labels: what was tidied, what looks alike

    def as_dict(self) -> dict[str, Any]:
        """Plain values, as the command line prints them; a hint and notes only where there are some."""
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
    """Fetch the pictures of lists of addresses. Stopped or killed, the next call goes on; done, it fetches nothing.

    Args:
        project: where to; it is made when it is not there.
        sources: label and file: `.txt` with an address a line, or `.csv`, whose label column needs no label; or what
            was read or searched already; nothing: those that still wait from earlier calls.
        most: only so many lines of each label in each file, the first ones.
        workers: how many at once; 0 fetches them one after the other, in order.
        limits: of each fetch.
        retry_failed: ask those again that failed before.
        progress: told after each address.
        on_failure: told of each address that failed, as it fails.
        stop: once it is set, nothing more is asked.

    Raises:
        ImportSourceError: a list cannot be read, or nothing was given and nothing waits.
    """
    clock, limits = time.perf_counter(), limits or Limits()
    if not sources:
        project.require()
    asked = sources if isinstance(sources, UrlList) else url_list.read_lists(sources, most)
    project.require_writable().root.mkdir(parents=True, exist_ok=True)
    with filelock.FileLock(project.files_lock):  # one import at a time; another one waits
        intake = Ingestor(project)
        known = {row.origin: row for row in intake.catalog.addresses()}
        if not sources:
            asked = _left(known.values(), retry_failed)
        urls, reasons = _due(asked, known, retry_failed)
        report = CollectReport(
            skipped=reasons.total(), notes=tidying_notes(asked.written) + look_alike_notes(project, urls.values())
        )
        _wait(intake, asked, {url: label for url, label in urls.items() if url not in known})
        try:
            with closing(_looked(urls, asked, workers, limits, stop or threading.Event())) as every:
                for looked in every:
                    _take(looked, intake, report, reasons, on_failure)
                    progress("fetching pictures", report.tried, len(urls))
        finally:
            intake.finish()
    report.waiting = len(urls) - report.tried
    report.reasons = {reason: n for reason, n in reasons.most_common() if n}
    report.hint = unused_proxies_hint() if UNREACHED & set(report.reasons) else ""
    report.seconds = round(time.perf_counter() - clock, 2)
    return report


def _wait(intake: Ingestor, asked: UrlList, new: Mapping[str, str]) -> None:
    """Give addresses their rows before they are asked; `new` are their labels by address."""
    rows = [SourceRecord(url, label, None, "waiting", **vars(asked.credit(url))) for url, label in new.items()]
    intake.catalog.record([], rows)


def _take(
    looked: DecodedSource, intake: Ingestor, report: CollectReport, reasons: Counter[str], on_failure: OnFailure | None
) -> None:
    """Store what came from one address, or its reason, and count it."""
    status = intake.take(looked)
    report.tried += 1
    report.saved += status == "saved"
    report.duplicates += status == "duplicate"
    if status == "failed":
        report.failed += 1
        reasons[short_reason(looked.reason)] += 1
        if on_failure is not None:
            on_failure(looked.found.origin, looked.reason)


def _due(asked: UrlList, known: Mapping[str, SourceRecord], retry_failed: bool) -> tuple[dict[str, str], Counter[str]]:
    """The addresses that are to be asked, with their labels, and why the other lines are not."""
    states = ("waiting", "failed") if retry_failed else ("waiting",)
    urls = {url: label for url, label in asked.urls.items() if url not in known or known[url].status in states}
    for url in urls.keys() & known.keys():  # what an earlier list said of it is not forgotten
        asked.credits.setdefault(url, _credit(known[url]))
    skipped = Counter(asked.skipped)
    skipped.update(_before(known[url], label) for url, label in asked.urls.items() if url not in urls)
    return urls, skipped


def short_reason(reason: str) -> str:
    """A reason without its particulars, so that the same causes count together."""
    return reason.partition(" (")[0]


def _credit(row: SourceRecord) -> Credit:
    return Credit(row.license or "", row.creator or "", row.page or "")


def _before(row: SourceRecord, label: str) -> str:
    """Why an address is not asked again."""
    if row.status == "failed":
        return "failed before, --retry-failed asks again"
    return "fetched before" if row.label == label else f"fetched before as `{row.label or 'no label'}`, kept there"


def _left(rows: Iterable[SourceRecord], retry_failed: bool) -> UrlList:
    """What still waits from earlier calls, and what failed in them."""
    asked = UrlList()
    for row in rows:
        if row.status == "waiting" or (retry_failed and row.status == "failed"):
            asked.take(row.origin, row.label or "", _credit(row))
    if not asked.urls:
        raise ImportSourceError("no address waits to be fetched", hint="give a list: bearkit collect LABEL=urls.txt")
    return asked


def _looked(
    urls: Mapping[str, str], asked: UrlList, workers: int, limits: Limits, stop: threading.Event
) -> Generator[DecodedSource]:
    """Each address as it is ready; memory holds little more of them than there are workers.

    Once it is stopped, what is under way is still waited for, but not for long.
    """
    if workers < 1:
        for url, label in urls.items():
            if stop.is_set():
                return
            yield _ask(url, label, asked.credit(url), limits)
        return
    turns, ready, over = HostScheduler(urls), queue.Queue[DecodedSource](READY), threading.Event()

    def hand_over(looked: DecodedSource) -> None:
        while not over.is_set():
            with suppress(queue.Full):
                ready.put(looked, timeout=0.5)
                return

    def work() -> None:
        while (url := turns.next()) is not None:
            try:
                hand_over(_ask(url, urls[url], asked.credit(url), limits))
            except Exception as error:  # a bug of ours must not leave the others waiting for this address
                hand_over(
                    DecodedSource(
                        _found(url, urls[url]), reason=f"unexpected: {error!r}", receipt=FetchRecord(0, url, 0.0)
                    )
                )
            finally:
                turns.done(url)

    threads = [threading.Thread(target=work, name="fetch", daemon=True) for _ in range(min(workers, len(urls)))]
    for thread in threads:
        thread.start()
    taken, ends = 0, math.inf
    try:
        while taken < len(urls):
            if stop.is_set() and ends == math.inf:
                turns.stop()
                ends = time.monotonic() + STOP_SECONDS
            if time.monotonic() > ends or (ends < math.inf and turns.idle and ready.empty()):
                return
            with suppress(queue.Empty):
                yield ready.get(timeout=0.1)
                taken += 1
    finally:
        turns.stop()
        over.set()


def _ask(url: str, label: str, credit: Credit, limits: Limits) -> DecodedSource:
    """Fetch and decode one address; runs in a thread."""
    clock, found = time.perf_counter(), _found(url, label)
    try:
        fetched = fetch(url, limits)
    except DownloadError as error:
        receipt = FetchRecord(0, url, round(time.perf_counter() - clock, 3), **vars(credit))
        return DecodedSource(found, reason=str(error), receipt=receipt)
    looked = decode_source(replace(found, read=lambda: fetched.data))
    receipt = FetchRecord(len(fetched.data), fetched.address, round(time.perf_counter() - clock, 3), **vars(credit))
    return replace(looked, found=found, receipt=receipt)


def _found(url: str, label: str) -> SourceItem:
    return SourceItem(url, _name(url), label, None, bytes)


def _name(url: str) -> str:
    """A file name for what is at an address.

    >>> _name("https://example.org/a/black%20bear.jpg?width=500"), _name("https://example.org/")
    ('black bear.jpg', 'picture')
    """
    return PurePosixPath(unquote(urlsplit(url).path)).name or "picture"
