"""Previews and uploads in the background: one at a time, shared by all open pages."""

import atexit
import shutil
import tempfile
import threading
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bearkit.errors import BearkitError, PublishError
from bearkit.hub.client import Hub, files_by_name
from bearkit.hub.preflight import preflight
from bearkit.hub.push import PublishRequest, check_size
from bearkit.studio.demo_server import DemoServer
from bearkit.web.launch import is_hosted

END_SECONDS = 20  # that a stopped upload may take to end
STOPPED = "Stopped. Nothing was published."


class _Stopped(Exception):
    """Someone pressed Stop."""


@dataclass(frozen=True)
class PublishStatus:
    """The state of the last preview or upload.

    Attributes:
        wanted: what to publish; None before the first preview.
        form: the values of the page's form, to be compared with the present ones.
        doing: the current step; "" when nothing is running.
        done: units of the step that are done.
        total: units of the step; 0 if unknown.
        files: (name, bytes) of the files that were previewed and may be published.
        missing: images that are left out because their files are gone.
        left_out: images that are left out because the places where they were taken cannot be removed.
        trial: the result of a Space's preflight.
        card: the README.md that was previewed.
        demo: the address where a static demo can be tried; "" if it cannot.
        url: the address of the published repository.
        failure: why the preview or upload failed.
    """

    wanted: PublishRequest | None = None
    form: tuple[Any, ...] = ()
    doing: str = ""
    done: int = 0
    total: int = 0
    files: tuple[tuple[str, int], ...] = ()
    missing: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    trial: dict[str, Any] | None = None
    card: str = ""
    demo: str = ""
    url: str = ""
    failure: str = ""


class PublishJob:
    """Writes, tests and uploads in a thread; Stop leaves nothing on the Hub."""

    def __init__(self) -> None:
        self.now = PublishStatus()
        self._folder: Path | None = None
        self._demo: DemoServer | None = None
        self._stop, self._lock = threading.Event(), threading.Lock()
        self._thread = threading.Thread()
        atexit.register(self._end)

    def preview(self, wanted: PublishRequest, form: tuple[Any, ...] = ()) -> None:
        """Start a preview: write what would be published, and test it.

        Args:
            wanted: what to publish.
            form: the values of the page's form.

        Raises:
            PublishError: A preview or upload is running.
        """
        self._begin(lambda: self._preview(wanted), PublishStatus(wanted, form, "writing files"))

    def publish(self, wanted: PublishRequest, hub: Hub) -> None:
        """Start to upload the previewed files.

        Raises:
            PublishError: A preview or upload is running, or the request was not previewed.
        """
        now = self.now
        if now.wanted != wanted or not now.files or now.url:
            raise PublishError("preview it first", hint="press “See what will be uploaded”")
        doing = replace(now, doing="uploading", done=0, total=0, failure="")
        self._begin(lambda: self._publish(wanted, hub), doing)

    def zip_preview(self, folder: Path, ending: str) -> Path:
        """Write the previewed files as a .zip into a folder, and return its path, whose name ends so.

        Raises:
            PublishError: nothing was previewed, or another preview has begun.
        """
        with self._lock:
            now, source = self.now, self._folder
            if now.wanted is None or not now.files or now.doing or source is None:
                raise PublishError("preview it first", hint="press “See what will be uploaded”")
            name = now.wanted.repo.replace("/", "_")
            with zipfile.ZipFile(folder / f"{name}{ending}", "w", zipfile.ZIP_STORED) as archive:  # images and weights
                for file, _ in now.files:
                    archive.write(source / file, f"{name}/{file}")
        return folder / f"{name}{ending}"

    def stop(self) -> None:
        """Stop as soon as possible."""
        self._stop.set()

    def _begin(self, work: Callable[[], None], status: PublishStatus) -> None:
        with self._lock:
            if self.now.doing:
                raise PublishError("a preview or upload is already running", hint="wait for it, or press Stop")
            self._stop.clear()
            self.now = status
        self._thread = threading.Thread(target=self._work, args=(work,), name="publish", daemon=True)
        self._thread.start()

    def _work(self, work: Callable[[], None]) -> None:
        failure = "It was interrupted."
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

    def _preview(self, wanted: PublishRequest) -> None:
        self._forget()
        folder = self._folder = Path(tempfile.mkdtemp(prefix="bearkit-publish-", dir=wanted.scratch))
        written = wanted.write(folder)
        missing, left_out = (tuple(written.get(name, ())) for name in ("missing", "left_out"))
        check_size(folder)
        files = tuple((name, path.stat().st_size) for name, path in files_by_name(folder).items())
        trial = preflight(folder, self._progress) if wanted.kind == "space" else None
        self._progress("checking", 1, 1)
        card = (folder / "README.md").read_text(encoding="utf-8")
        if trial and trial["problems"]:
            failure = "It does not work: " + "; ".join(trial["problems"])
            self.now = PublishStatus(wanted, self.now.form, trial=trial, failure=failure)
        else:
            if wanted.what == "static" and not is_hosted():  # visitors of a Space cannot reach this machine's ports
                self._demo = DemoServer(folder)
            url = self._demo.url if self._demo else ""
            self.now = PublishStatus(
                wanted, self.now.form, files=files, missing=missing, left_out=left_out, trial=trial, card=card, demo=url
            )

    def _publish(self, wanted: PublishRequest, hub: Hub) -> None:
        assert self._folder is not None
        done = hub.push(self._folder, wanted.target(self.now.missing), self._progress)
        self._forget()
        self.now = replace(self.now, doing="", url=done.url, demo="")

    def _end(self) -> None:
        """Stop when the studio ends, so that no incomplete repository is left."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(END_SECONDS)
        self._forget()

    def _forget(self) -> None:
        if self._demo is not None:
            self._demo.close()
            self._demo = None
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None
