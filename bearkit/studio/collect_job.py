"""Addresses that are being fetched while people do something else: one collect at a time, the same for every page."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bearkit.core.project import Project
from bearkit.errors import BearkitError, ImportSourceError
from bearkit.sources.web.collect import CollectReport, collect_images
from bearkit.sources.web.fetch import Limits
from bearkit.sources.web.url_list import UrlList
from bearkit.web.launch import hosted


@dataclass(frozen=True)
class CollectStatus:
    """How far it is: addresses asked, of how many; which collect this is, and what the last one came to."""

    number: int = 0
    running: bool = False
    done: int = 0
    total: int = 0
    report: CollectReport | None = None
    failure: str = ""


def limits(private: bool) -> Limits:
    """What may be fetched; a stranger never asks the network of this machine, whatever the form says."""
    return Limits(allow_private=private and not hosted())


class Fetching:
    """Collects in a thread. What it did is in the catalogue: after a restart the rest still waits there."""

    def __init__(self, project: Project) -> None:
        self.project, self.now = project, CollectStatus()
        self._stop, self._lock = threading.Event(), threading.Lock()

    def start(self, asked: UrlList | Sequence[tuple[str | None, Path]], limits: Limits, retry: bool = False) -> None:
        """Begin; nothing asked: with what still waits.

        Raises:
            ImportSourceError: one is under way.
        """
        with self._lock:
            if self.now.running:
                raise ImportSourceError("pictures are being fetched already", hint="wait for them, or press Stop")
            self._stop.clear()
            self.now = CollectStatus(self.now.number + 1, running=True)
        threading.Thread(target=self._work, args=(asked, limits, retry), name="collect", daemon=True).start()

    def must_be_over(self) -> None:
        """See that nothing is being fetched: whoever imports would wait for its end without a word.

        Raises:
            ImportSourceError: something is.
        """
        if self.now.running:
            raise ImportSourceError("pictures are being fetched", hint="wait for them, or press Stop, then try again")

    def stop(self) -> None:
        """Ask nothing more; what was not asked still waits."""
        self._stop.set()

    def _work(self, asked: UrlList | Sequence[tuple[str | None, Path]], limits: Limits, retry: bool) -> None:
        number, report, failure = self.now.number, None, "it broke off"

        def progress(_: str, done: int, total: int) -> None:
            self.now = CollectStatus(number, True, done, total)

        try:
            report = collect_images(
                self.project, asked, limits=limits, retry_failed=retry, progress=progress, stop=self._stop
            )
            failure = ""
        except BearkitError as error:
            failure = f"{error}. {error.hint}"
        except OSError as error:  # no room, no permission
            failure = f"{error}. What was fetched is kept; go on when there is room"
        finally:
            self.now = CollectStatus(number, False, self.now.done, self.now.total, report, failure)
