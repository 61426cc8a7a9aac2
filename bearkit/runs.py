"""A run: one training with its folder. Written as it goes, readable by anyone while it goes, whole or not there.

runs/001/config.json          how it was asked for
events.jsonl         what happened, a line each: started, features, epoch, finished, failed, stopped
stage-1.safetensors  the trained head
predictions.npz      probabilities for every picture
result.json          the figures; a run is finished when this is there
lock                 held while a process works on it; released by the system when that process dies
"""

import hashlib
import json
import os
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import filelock
import numpy as np

from bearkit.errors import RunError
from bearkit.project import Project, whole

FORMAT = 1
STARTING_SECONDS = 60  # that a job process may take until it begins


@dataclass(frozen=True)
class Predictions:
    """Probabilities of N pictures over C labels, as one model gave them."""

    image_ids: np.ndarray  # str (N,)
    paths: np.ndarray  # str (N,), relative to the project
    splits: np.ndarray  # str (N,)
    targets: np.ndarray  # int64 (N,), the given labels at the time
    probs: np.ndarray  # float32 (N, C)
    vocab: np.ndarray  # str (C,)

    def only(self, split: str) -> "Predictions":
        """The rows of one split."""
        rows = self.splits == split
        return Predictions(
            self.image_ids[rows], self.paths[rows], self.splits[rows], self.targets[rows], self.probs[rows], self.vocab
        )


@dataclass(frozen=True)
class Run:
    """One run's folder."""

    folder: Path

    @property
    def id(self) -> str:
        """The folder's name."""
        return self.folder.name

    @property
    def checkpoint(self) -> Path:
        """The trained head."""
        return self.folder / "stage-1.safetensors"

    @property
    def checkpoint_id(self) -> str:
        """Which weights these are: the start of the checkpoint's sha256."""
        return hashlib.sha256(self.checkpoint.read_bytes()).hexdigest()[:12]

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
        """Why it failed; empty where it did not."""
        return next((str(event["error"]) for event in self.events() if event["event"] == "failed"), "")

    @property
    def state(self) -> str:
        """finished, failed, stopped, running, starting, or interrupted: killed before it could say."""
        if not self.finished and self._is_held():
            return "running"
        if self.finished:
            return "finished"
        kinds = {event["event"] for event in self.events()}
        for ended in ("failed", "stopped"):
            if ended in kinds:
                return ended
        age = time.time() - (self.folder / "config.json").stat().st_mtime
        return "starting" if "started" not in kinds and age < STARTING_SECONDS else "interrupted"

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
    def working(self) -> Iterator[None]:
        """Hold the run while working on it. What goes wrong is written down before it is raised."""
        with filelock.FileLock(self.folder / "lock"):
            self.event("started", pid=os.getpid())
            try:
                if any(event["event"] == "stop" for event in self.events()):
                    raise KeyboardInterrupt
                yield
            except KeyboardInterrupt:
                self.event("stopped")
                raise
            except BaseException as error:
                hint = getattr(error, "hint", "")
                self.event("failed", error=str(error) or type(error).__name__, hint=hint)
                raise

    def event(self, kind: str, **fields: Any) -> None:
        """Write one event down."""
        line = json.dumps({"event": kind, "time": round(time.time(), 3), **fields}) + "\n"
        with (self.folder / "events.jsonl").open("a") as file:
            file.write(line)

    def events(self) -> list[dict[str, Any]]:
        """Everything that happened so far; a line that a kill cut off is left out."""
        path = self.folder / "events.jsonl"
        lines = path.read_text().splitlines() if path.exists() else []
        return [event for line in lines if (event := _parsed(line))]

    def save_predictions(self, predictions: Predictions) -> None:
        """Keep the probabilities."""
        with whole(self.folder / "predictions.npz") as part:
            np.savez_compressed(part, **vars(predictions))

    def predictions(self) -> Predictions:
        """The probabilities for every picture, once it is finished."""
        with np.load(self.folder / "predictions.npz") as file:
            return Predictions(**{name: file[name] for name in Predictions.__dataclass_fields__})

    def finish(self, result: dict[str, Any]) -> None:
        """Write the figures: from here on the run is finished."""
        with whole(self.folder / "result.json") as part:
            part.write_text(json.dumps(result, indent=1))
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
    folders = [config.parent for config in project.runs.glob("*/config.json") if config.parent.name.isdecimal()]
    return [Run(folder) for folder in sorted(folders, key=lambda folder: int(folder.name))]


def finished(project: Project, run_id: str | None = None) -> Run:
    """The run of this id, or the newest finished one.

    Raises:
        RunError: there is no such run, or it never finished.
    """
    known = every(project.require())
    if run_id is None:
        done = [run for run in known if run.finished]
        if not done:
            raise RunError("nothing was trained here yet", hint="train first: `bearkit train`")
        return done[-1]
    for run in known:
        if run.id == run_id or (run_id.isdecimal() and int(run.id) == int(run_id)):
            if not run.finished:
                why = f": {run.failure}" if run.failure else ""
                raise RunError(f"run {run.id} is {run.state}{why}", hint="train again: `bearkit train`")
            return run
    raise RunError(
        f"there is no run `{run_id}`", hint=f"runs: {', '.join(run.id for run in known if run.finished) or 'none yet'}"
    )
