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
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import filelock

from bearkit.core.atomic import atomic_write
from bearkit.core.locks import is_held, queued_lock
from bearkit.errors import RunError, StoppedError
from bearkit.runs import events, files
from bearkit.runs.predictions import Predictions

RESUME = "resume"  # the name of the file that an unfrozen stage goes on from
STARTING_SECONDS = 60  # that a job process may take until it begins
LOOK_SECONDS = 0.2  # between two looks whether a run was asked to stop
LIVE = ("starting", "waiting", "running")
TRAIN_AGAIN = "train again: `bearkit train`; `bearkit doctor` tells what else is damaged"


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
        """The name of the last stage's checkpoint.

        Raises:
            RunError: its result names no stage.
        """
        try:
            return str(self.result["stages"][-1].get("checkpoint", "stage-1"))
        except (KeyError, IndexError, TypeError, AttributeError) as error:
            raise RunError(f"the result of run {self.id} names no stage", hint=TRAIN_AGAIN) from error

    @property
    def checkpoints(self) -> list[str]:
        """The names of everything that was saved, oldest first."""
        saved = [path for path in self.folder.glob("[!.]*.safetensors") if path.stem != RESUME]
        return [path.stem for path in sorted(saved, key=lambda path: (path.stat().st_mtime_ns, path.stem))]

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
        """Whether it went through to the end, and can be used."""
        return (self.folder / "result.json").exists() and not self.problem

    @property
    def problem(self) -> str:
        """Why it cannot be used, where one of its files is damaged; otherwise empty."""
        return files.problem(self.folder)

    @property
    def config(self) -> dict[str, Any]:
        """How it was asked for.

        Raises:
            RunError: it cannot be read, or was written in another format.
        """
        try:
            config = files.read_object(self.folder / "config.json")
        except (OSError, ValueError) as error:
            raise RunError(f"run {self.id} cannot be read: {error}", hint=TRAIN_AGAIN) from error
        if config.pop("format", None) != files.FORMAT:
            raise RunError(f"run {self.id} is of another version of bearkit", hint="train again: `bearkit train`")
        return config

    @property
    def result(self) -> dict[str, Any]:
        """The figures of a finished run.

        Raises:
            RunError: it is not finished, or they cannot be read.
        """
        try:
            return files.read_object(self.folder / "result.json")
        except (OSError, ValueError) as error:
            raise RunError(f"the result of run {self.id} cannot be read: {error}", hint=TRAIN_AGAIN) from error

    @property
    def failure(self) -> str:
        """Why it failed, was cut off or cannot be used; empty where it can, or nobody knows."""
        failed = (str(event["error"]) for event in self._now() if event["event"] in ("failed", "died"))
        return self.problem or next(failed, "")

    @property
    def state(self) -> str:
        """Where it stands, in a word.

        finished, failed, stopped, running, waiting, starting, interrupted (killed before it could say), or damaged.

        Who works on it writes down how it ended before it lets the lock go. So only what is read after the lock was
        found free tells how a run ended, and only what was read before tells whether somebody had begun.
        """
        while True:
            if self.problem:
                return "damaged"
            before = len(self.events())
            held = is_held(self.folder / "lock")
            events = self.events()
            if self.finished:
                return "finished"
            state = self._state(held, [event["event"] for event in _since_taken_up(events)])
            if state != "interrupted" or len(events) == before:  # all of them: it may be another turn by now
                return state

    def _state(self, held: bool, kinds: list[str]) -> str:
        if held:
            return "waiting" if "waiting" in kinds and "began" not in kinds else "running"
        for ended in ("failed", "stopped"):
            if ended in kinds:
                return ended
        if "stop" in kinds and "started" in kinds:  # it was interrupted before it could say so
            return "stopped"
        written = [file for file in (self.folder / "config.json", self._events) if file.exists()]
        asked = max((file.stat().st_mtime for file in written), default=0.0)
        soon = abs(time.time() - asked) < STARTING_SECONDS  # clocks of two machines differ, but not by more
        return "starting" if "started" not in kinds and "died" not in kinds and soon else "interrupted"

    def _now(self) -> list[dict[str, Any]]:
        """What happened since the run was last taken up."""
        return _since_taken_up(self.events())

    @contextmanager
    def working(self, on_wait: Callable[[], None] = lambda: None) -> Iterator["StopCheck"]:
        """Hold the run while working on it, one at a time in a project: the others wait, in the order of their numbers.

        What goes wrong is written down before it is raised. Yields what raises StoppedError once somebody asked the
        run to stop: whoever works calls it often. `on_wait` is called once if it has to wait.
        """
        with filelock.FileLock(self.folder / "lock"):
            try:
                self.event("started", pid=os.getpid())
                with queued_lock(self.folder.parent / ".training.lock", self._is_next, lambda: self._wait(on_wait)):
                    self.event("began")
                    self.stop_if_asked()
                    yield StopCheck(self)
            except (KeyboardInterrupt, StoppedError):
                self.event("stopped")
                raise
            except BaseException as error:
                hint = getattr(error, "hint", "")
                self.event("failed", error=str(error) or type(error).__name__, hint=hint)
                raise

    def _is_next(self) -> bool:
        others = list_runs(self.folder.parent)
        return not any(run.state == "waiting" for run in others if int(run.id) < int(self.id))

    def _wait(self, on_wait: Callable[[], None]) -> None:
        self.stop_if_asked()
        if not any(event["event"] == "waiting" for event in self._now()):
            self.event("waiting")
            on_wait()

    def stop_if_asked(self) -> None:
        """Look whether somebody asked this run to stop.

        Raises:
            StoppedError: somebody did.
        """
        if any(event["event"] == "stop" for event in self._now()):
            hint = f"go on after its last whole epoch: `bearkit train --resume --run {self.id}`"
            raise StoppedError(f"run {self.id} was stopped", hint)

    def event(self, kind: str, **fields: Any) -> None:
        """Write one event down."""
        events.append(self._events, kind, **fields)

    @property
    def _events(self) -> Path:
        return self.folder / "events.jsonl"

    def events(self) -> list[dict[str, Any]]:
        """Everything that happened so far; a line that a kill cut off is left out."""
        return events.read(self._events)

    def save_predictions(self, predictions: Predictions) -> None:
        """Keep the probabilities."""
        predictions.save(self.folder / "predictions.npz")

    def predictions(self) -> Predictions:
        """The probabilities for every picture, once it is finished.

        Raises:
            RunError: they are gone or damaged.
        """
        try:
            return Predictions.load(self.folder / "predictions.npz")
        except Exception as error:  # numpy and zipfile raise almost anything on damaged bytes
            raise RunError(f"the predictions of run {self.id} cannot be read: {error}", hint=TRAIN_AGAIN) from error

    def finish(self, result: dict[str, Any]) -> None:
        """Write the figures: from here on the run is finished."""
        with atomic_write(self.folder / "result.json") as part:
            part.write_text(json.dumps(result, indent=1))
        (self.folder / f"{RESUME}.safetensors").unlink(missing_ok=True)
        self.event("finished")


def _since_taken_up(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    taken_up = max((n for n, event in enumerate(events) if event["event"] == "resume"), default=-1)
    return events[taken_up + 1 :]


class StopCheck:
    """Looks whether a run was asked to stop; cheap enough to be called at each step."""

    def __init__(self, run: Run) -> None:
        self._run, self._next = run, 0.0

    def __call__(self) -> None:
        """Look, unless that was just done.

        Raises:
            StoppedError: somebody asked.
        """
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + LOOK_SECONDS
            self._run.stop_if_asked()


def list_runs(folder: Path) -> list[Run]:
    """Every folder of a run in this one, oldest first, also those that cannot be used."""
    folders = [config.parent for config in folder.glob("*/config.json") if config.parent.name.isdecimal()]
    return [Run(folder) for folder in sorted(folders, key=lambda folder: int(folder.name))]
