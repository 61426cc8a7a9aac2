"""Something that is being looked over or published while people do something else: one at a time, for every page."""

import atexit
import shutil
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bearkit.errors import BearkitError, PublishError
from bearkit.hub.client import Hub, files_by_name
from bearkit.hub.preflight import preflight
from bearkit.hub.push import PublishRequest, check_size

END_SECONDS = 20  # that an upload may take to break off
STOPPED = "Stopped. Nothing was published."


class _Stopped(Exception):
    """Somebody pressed Stop."""


@dataclass(frozen=True)
class PublishStatus:
    """How far it is.

    Attributes:
        wanted: what it is about; None before anything was asked.
        form: what the page said of it, to be compared with what it says now.
        doing: a word for what is being done; "" when nothing is.
        done, total: steps of it.
        files: (name, bytes) of what was looked over and may be published.
        missing: pictures that are left out, since their files are gone.
        trial: what the preflight said, of a Space.
        url: where it is, once it was published.
        failure: why not.
    """

    wanted: PublishRequest | None = None
    form: tuple[Any, ...] = ()
    doing: str = ""
    done: int = 0
    total: int = 0
    files: tuple[tuple[str, int], ...] = ()
    missing: tuple[str, ...] = ()
    trial: dict[str, Any] | None = None
    url: str = ""
    failure: str = ""


class Uploading:
    """Writes, tries out and pushes in a thread; Stop leaves nothing on the Hub."""

    def __init__(self) -> None:
        self.now = PublishStatus()
        self._folder: Path | None = None
        self._stop, self._lock = threading.Event(), threading.Lock()
        self._thread = threading.Thread()
        atexit.register(self._end)

    def look_over(self, wanted: PublishRequest, form: tuple[Any, ...] = ()) -> None:
        """Write what would be published, and see that it works. `form` is what the page says of it.

        Raises:
            PublishError: something is under way.
        """
        self._begin(lambda: self._look_over(wanted), PublishStatus(wanted, form, "writing"))

    def publish(self, wanted: PublishRequest, hub: Hub) -> None:
        """Publish what was looked over.

        Raises:
            PublishError: something is under way, or it was not looked over.
        """
        now = self.now
        if now.wanted != wanted or not now.files or now.url:
            raise PublishError("that was not looked over yet", hint="press: See what will be uploaded")
        doing = replace(now, doing="uploading", done=0, total=0, failure="")
        self._begin(lambda: self._publish(wanted, hub), doing)

    def stop(self) -> None:
        """Break off as soon as can be."""
        self._stop.set()

    def _begin(self, work: Callable[[], None], standing: PublishStatus) -> None:
        with self._lock:
            if self.now.doing:
                raise PublishError("something is being published already", hint="wait for it, or press Stop")
            self._stop.clear()
            self.now = standing
        self._thread = threading.Thread(target=self._work, args=(work,), name="publish", daemon=True)
        self._thread.start()

    def _work(self, work: Callable[[], None]) -> None:
        failure = "It broke off."
        try:
            work()
            failure = ""
        except _Stopped:
            failure = STOPPED
        except BearkitError as error:
            failure = f"{error}. {error.hint}"
        except OSError as error:  # no room, no permission
            failure = f"{error}. Nothing was published."
        finally:
            if failure:
                self.now = replace(self.now, doing="", failure=failure)

    def _progress(self, doing: str, done: int, total: int) -> None:
        if self._stop.is_set():
            raise _Stopped
        self.now = replace(self.now, doing=doing, done=done, total=total)

    def _look_over(self, wanted: PublishRequest) -> None:
        self._forget()
        folder = self._folder = Path(tempfile.mkdtemp(prefix="bearkit-publish-", dir=wanted.scratch))
        missing = tuple(wanted.write(folder).get("missing", ()))
        check_size(folder)
        files = tuple((name, path.stat().st_size) for name, path in files_by_name(folder).items())
        trial = preflight(folder, self._progress) if wanted.kind == "space" else None
        self._progress("looking it over", 1, 1)
        if trial and trial["problems"]:
            failure = "It does not work: " + "; ".join(trial["problems"])
            self.now = PublishStatus(wanted, self.now.form, trial=trial, failure=failure)
        else:
            self.now = PublishStatus(wanted, self.now.form, files=files, missing=missing, trial=trial)

    def _publish(self, wanted: PublishRequest, hub: Hub) -> None:
        assert self._folder is not None
        done = hub.push(self._folder, wanted.target(self.now.missing), self._progress)
        self._forget()
        self.now = replace(self.now, doing="", url=done.url)

    def _end(self) -> None:
        """The studio ends: break off, so that no half repository is left."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(END_SECONDS)
        self._forget()

    def _forget(self) -> None:
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None
