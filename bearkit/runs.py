"""A run: one training with its folder. Written as it goes, readable by anyone while it goes, whole or not there.

runs/001/config.json               how it was asked for
events.jsonl              what happened, a line each: started, features, step, epoch, finished, failed, stopped, ...
stage-1.safetensors       what was trained by the end of the first stage: a head, or a body and a head
stage-1-best.safetensors  the same after the epoch with the lowest error
resume.safetensors        where an unfrozen stage was after its last epoch; taken away at the end
lr_curve.npz, .png        what the LR finder saw
predictions.npz           probabilities for every picture
result.json               the figures; a run is finished when this is there
lock                      held while a process works on it; released by the system when that process dies
"""

import hashlib
import json
import os
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import filelock

from bearkit.errors import RunError
from bearkit.predictions import Predictions
from bearkit.project import Project, whole
from bearkit.turns import in_turn

FORMAT = 1
RESUME = "resume"  # the name of the file that an unfrozen stage goes on from
STARTING_SECONDS = 60  # that a job process may take until it begins
LIVE = ("starting", "waiting", "running")


@dataclass(frozen=True)
class Run:
    """One run's folder."""

    folder: Path

    @property
    def id(self) -> str:
        """The folder's name."""
        return self.folder.name

    @property
    def stage(self) -> str:
        """The name of the last stage's checkpoint."""
        return str(self.result["stages"][-1].get("checkpoint", "stage-1"))

    @property
    def checkpoints(self) -> list[str]:
        """The names of everything that was saved, oldest first."""
        files = [path for path in self.folder.glob("[!.]*.safetensors") if path.stem != RESUME]
        return [path.stem for path in sorted(files, key=lambda path: (path.stat().st_mtime_ns, path.stem))]

    def checkpoint(self, stage: str) -> Path:
        """Where a stage's weights are.

        Raises:
            RunError: there are none of this name.
        """
        if stage not in self.checkpoints:
            names = ", ".join(self.checkpoints) or "none"
            raise RunError(f"run {self.id} has no stage `{stage}`", hint=f"its stages: {names}")
        return self.folder / f"{stage}.safetensors"

    def checkpoint_id(self, stage: str) -> str:
        """Which weights these are: the start of the checkpoint's sha256."""
        return hashlib.sha256(self.checkpoint(stage).read_bytes()).hexdigest()[:12]

    @property
    def finished(self) -> bool:
        """Whether it went through to the end."""
        return (self.folder / "result.json").exists()

    @property
    def config(self) -> dict[str, Any]:
        """How it was asked for.

        Raises:
            RunError: it cannot be read, or was written in another format.
        """
        try:
            config: dict[str, Any] = json.loads((self.folder / "config.json").read_text())
        except (OSError, ValueError) as error:
            raise RunError(f"run {self.id} cannot be read: {error}", hint="train again: `bearkit train`") from error
        if config.pop("format", None) != FORMAT:
            raise RunError(f"run {self.id} is of another version of bearkit", hint="train again: `bearkit train`")
        return config

    @property
    def result(self) -> dict[str, Any]:
        """The figures of a finished run."""
        result: dict[str, Any] = json.loads((self.folder / "result.json").read_text())
        return result

    @property
    def failure(self) -> str:
        """Why it failed or was cut off; empty where it was not, or nobody knows."""
        return next((str(event["error"]) for event in self._now() if event["event"] in ("failed", "died")), "")

    @property
    def state(self) -> str:
        """finished, failed, stopped, running, waiting, starting, or interrupted: killed before it could say."""
        if self.finished:
            return "finished"
        held = self._is_held()
        kinds = [event["event"] for event in self._now()]
        if held:
            return "waiting" if "waiting" in kinds and "began" not in kinds else "running"
        for ended in ("failed", "stopped"):
            if ended in kinds:
                return ended
        asked = max(file.stat().st_mtime for file in (self.folder / "config.json", self._events) if file.exists())
        soon = time.time() - asked < STARTING_SECONDS
        return "starting" if "started" not in kinds and "died" not in kinds and soon else "interrupted"

    def _now(self) -> list[dict[str, Any]]:
        """What happened since the run was last taken up."""
        events = self.events()
        taken_up = max((n for n, event in enumerate(events) if event["event"] == "resume"), default=-1)
        return events[taken_up + 1 :]

    def _is_held(self) -> bool:
        """Whether a living process works on it. Looking takes the lock for a moment, so a second look decides."""
        lock = self.folder / "lock"
        if not lock.exists():
            return False
        try:
            with filelock.FileLock(lock).acquire(timeout=0.05, poll_interval=0.01):
                return False
        except filelock.Timeout:
            return True

    @contextmanager
    def working(self, on_wait: Callable[[], None] = lambda: None) -> Iterator[None]:
        """Hold the run while working on it, one at a time in a project: the others wait, in the order of their numbers.

        What goes wrong is written down before it is raised; `on_wait` is called once if it has to wait.
        """
        with filelock.FileLock(self.folder / "lock"):
            self.event("started", pid=os.getpid())
            try:
                with in_turn(self.folder.parent / ".training.lock", self._is_next, lambda: self._wait(on_wait)):
                    self.event("began")
                    self._stop_if_asked()
                    yield
            except KeyboardInterrupt:
                self.event("stopped")
                raise
            except BaseException as error:
                hint = getattr(error, "hint", "")
                self.event("failed", error=str(error) or type(error).__name__, hint=hint)
                raise

    def _is_next(self) -> bool:
        others = _runs_in(self.folder.parent)
        return not any(run.state == "waiting" for run in others if int(run.id) < int(self.id))

    def _wait(self, on_wait: Callable[[], None]) -> None:
        self._stop_if_asked()
        if not any(event["event"] == "waiting" for event in self._now()):
            self.event("waiting")
            on_wait()

    def _stop_if_asked(self) -> None:
        if any(event["event"] == "stop" for event in self._now()):
            raise KeyboardInterrupt

    def event(self, kind: str, **fields: Any) -> None:
        """Write one event down."""
        line = json.dumps({"event": kind, "time": round(time.time(), 3), **fields}) + "\n"
        with self._events.open("a") as file:
            file.write(line)

    @property
    def _events(self) -> Path:
        return self.folder / "events.jsonl"

    def events(self) -> list[dict[str, Any]]:
        """Everything that happened so far; a line that a kill cut off is left out."""
        lines = self._events.read_text().splitlines() if self._events.exists() else []
        return [event for line in lines if (event := _parsed(line))]

    def save_predictions(self, predictions: Predictions) -> None:
        """Keep the probabilities."""
        predictions.save(self.folder / "predictions.npz")

    def predictions(self) -> Predictions:
        """The probabilities for every picture, once it is finished."""
        return Predictions.load(self.folder / "predictions.npz")

    def finish(self, result: dict[str, Any]) -> None:
        """Write the figures: from here on the run is finished."""
        with whole(self.folder / "result.json") as part:
            part.write_text(json.dumps(result, indent=1))
        (self.folder / f"{RESUME}.safetensors").unlink(missing_ok=True)
        self.event("finished")


def _parsed(line: str) -> dict[str, Any] | None:
    try:
        event: dict[str, Any] = json.loads(line)
    except ValueError:
        return None
    return event


def create(project: Project, config: dict[str, Any]) -> Run:
    """A new run, numbered after the last one."""
    project.runs.mkdir(parents=True, exist_ok=True)
    part = project.runs / f".{uuid.uuid4().hex[:12]}.part"
    part.mkdir()
    (part / "config.json").write_text(json.dumps({"format": FORMAT, **config}, indent=1))
    number = max((int(run.id) for run in every(project)), default=0) + 1
    while True:
        folder = project.runs / f"{number:03d}"
        try:
            part.rename(folder)
            return Run(folder)
        except OSError:
            if not folder.exists():
                raise
            number += 1  # another process took it meanwhile


def every(project: Project) -> list[Run]:
    """All runs, oldest first."""
    return _runs_in(project.runs)


def _runs_in(folder: Path) -> list[Run]:
    folders = [config.parent for config in folder.glob("*/config.json") if config.parent.name.isdecimal()]
    return [Run(folder) for folder in sorted(folders, key=lambda folder: int(folder.name))]


def finished(project: Project, run_id: str | None = None) -> Run:
    """The run of this id, or the newest finished one.

    Raises:
        RunError: there is no such run, or it never finished.
    """
    if run_id is None:
        done = [run for run in every(project.require()) if run.finished]
        if not done:
            raise RunError("nothing was trained here yet", hint="train first: `bearkit train`")
        return done[-1]
    run = named(project, run_id)
    if not run.finished:
        why = f": {run.failure}" if run.failure else ""
        raise RunError(f"run {run.id} is {run.state}{why}", hint="train again: `bearkit train`")
    return run


def named(project: Project, run_id: str) -> Run:
    """The run of this id, finished or not.

    Raises:
        RunError: there is no such run.
    """
    known = every(project.require())
    for run in known:
        if run.id == run_id or (run_id.isdecimal() and int(run.id) == int(run_id)):
            return run
    raise RunError(f"there is no run `{run_id}`", hint=f"runs: {', '.join(run.id for run in known) or 'none yet'}")


def unfinished(project: Project, run_id: str | None = None) -> Run:
    """The run of this id, or the newest one, to be taken up again.

    Raises:
        RunError: it finished, or is under way, or there is none.
    """
    known = [named(project, run_id)] if run_id else every(project.require())
    if not known or known[-1].finished:
        what = f"run {known[-1].id} finished" if known else "nothing was trained here yet"
        raise RunError(f"there is nothing to resume: {what}", hint="train again: `bearkit train`")
    if known[-1].state in LIVE:
        raise RunError(f"run {known[-1].id} is {known[-1].state}", hint="wait until it ends, or stop it")
    return known[-1]
