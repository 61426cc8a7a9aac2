"""Downloads in the background: one at a time for a project, shared by all open pages."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bearkit.core.project import Project
from bearkit.errors import BearkitError, ImportSourceError
from bearkit.sources.web.collect import CollectReport, collect_images
from bearkit.sources.web.fetch import Limits
from bearkit.sources.web.url_list import UrlList
from bearkit.web.launch import is_hosted


@dataclass(frozen=True)
class CollectStatus:
    """The state of the last download.

    Attributes:
        number: counts the downloads of this studio, from 1.
        running: whether it is still running.
        done: links that were tried.
        total: links of this download; 0 while they are counted.
        report: the result, once it ended.
        failure: why it ended early; "" if it did not.
    """

    number: int = 0
    running: bool = False
    done: int = 0
    total: int = 0
    report: CollectReport | None = None
    failure: str = ""


def limits(private: bool) -> Limits:
    """Return the download limits; a hosted studio never allows addresses on its own network."""
    return Limits(allow_private=private and not is_hosted())


class CollectJob:
    """Runs downloads in a thread. Their state is in the catalogue, so the rest can be downloaded after a restart."""

    def __init__(self, project: Project) -> None:
        self.project, self.now = project, CollectStatus()
        self._stop, self._lock = threading.Event(), threading.Lock()

    def start(self, asked: UrlList | Sequence[tuple[str | None, Path]], limits: Limits, retry: bool = False) -> None:
        """Start a download.

        Args:
            asked: the links; empty for those that are still waiting.
            limits: what may be downloaded.
            retry: whether failed links are tried again.

        Raises:
            ImportSourceError: A download is running.
        """
        with self._lock:
            if self.now.running:
                raise ImportSourceError("a download is already running", hint="wait for it, or press Stop")
            self._stop.clear()
            self.now = CollectStatus(self.now.number + 1, running=True)
        threading.Thread(target=self._work, args=(asked, limits, retry), name="collect", daemon=True).start()

    def ensure_idle(self) -> None:
        """Refuse an import during a download, since it would wait silently until the download ends.

        Raises:
            ImportSourceError: A download is running.
        """
        if self.now.running:
            raise ImportSourceError("a download is running", hint="wait for it, or press Stop, then try again")

    def stop(self) -> None:
        """Stop the download; the remaining links keep waiting in the catalogue."""
        self._stop.set()

    def _work(self, asked: UrlList | Sequence[tuple[str | None, Path]], limits: Limits, retry: bool) -> None:
        number, report, failure = self.now.number, None, "the download was interrupted"

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
            failure = f"{error}. The pictures downloaded so far are saved; press “Download the rest” to continue"
        finally:
            self.now = CollectStatus(number, False, self.now.done, self.now.total, report, failure)
