"""A run: one training and its folder, `runs/001`. Other processes can read it while it trains.

config.json               options of the training
events.jsonl              one event a line: started, features, step, epoch, finished, failed, stopped, ...
stage-1.safetensors       weights at the end of the first stage: of a head, or of a body and a head
stage-1-best.safetensors  weights after the epoch of that stage with the lowest error
resume.safetensors        state of an unfrozen stage after its last epoch; deleted at the end
lr_curve.npz, .png        result of the learning-rate finder
predictions.npz           probabilities of all images
result.json               results; a run is finished once it has this file
lock                      locked while a process works on the run; the system releases it when that process dies
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

RESUME = "resume"  # name of the checkpoint that an unfrozen stage is resumed from
STARTING_SECONDS = 60  # a job's process may take this long to start
CHECK_SECONDS = 0.2  # between two checks whether someone asked the run to stop
LIVE = ("starting", "waiting", "running")
TRAIN_AGAIN = "train again: `bearkit train`; `bearkit doctor` lists what else is damaged"


@dataclass(frozen=True)
class Run:
    """A run.

    Args:
        folder: the run's folder.
    """

    folder: Path

    @property
    def id(self) -> str:
        """Id of the run: the name of its folder."""
        return self.folder.name

    @property
    def stage(self) -> str:
        """Name of the last stage's checkpoint.

        Raises:
            RunError: the run is not finished, or its result names no stage.
        """
        try:
            return str(self.result["stages"][-1].get("checkpoint", "stage-1"))
        except (KeyError, IndexError, TypeError, AttributeError) as error:
            raise RunError(f"the result of run {self.id} names no stage", hint=TRAIN_AGAIN) from error

    @property
    def checkpoints(self) -> list[str]:
        """Names of all checkpoints, oldest first."""
        paths = [path for path in self.folder.glob("[!.]*.safetensors") if path.stem != RESUME]
        return [path.stem for path in sorted(paths, key=lambda path: (path.stat().st_mtime_ns, path.stem))]

    def checkpoint(self, stage: str) -> Path:
        """Return the path of a stage's checkpoint.

        Raises:
            RunError: there is no such stage.
        """
        if stage not in self.checkpoints:
            names = ", ".join(self.checkpoints) or "none"
            raise RunError(f"run {self.id} has no stage `{stage}`", hint=f"its stages: {names}")
        return self.folder / f"{stage}.safetensors"

    def checkpoint_id(self, stage: str) -> str:
        """Return an id of a stage's weights: the first 12 hex digits of the checkpoint's sha256.

        Raises:
            RunError: there is no such stage.
        """
        return hashlib.sha256(self.checkpoint(stage).read_bytes()).hexdigest()[:12]

    @property
    def finished(self) -> bool:
        """Whether the run has trained to its end and has no damaged file."""
        return (self.folder / "result.json").exists() and not self.problem

    @property
    def problem(self) -> str:
        """Which file of the run is damaged, and how; "" if none is."""
        return files.problem(self.folder)

    @property
    def config(self) -> dict[str, Any]:
        """Options of the training, from `config.json`.

        Raises:
            RunError: the file cannot be read, or has another format.
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
        """Results of a finished run, from `result.json`.

        Raises:
            RunError: the run is not finished, or the file cannot be read.
        """
        try:
            return files.read_object(self.folder / "result.json")
        except (OSError, ValueError) as error:
            raise RunError(f"the result of run {self.id} cannot be read: {error}", hint=TRAIN_AGAIN) from error

    @property
    def failure(self) -> str:
        """Why the run failed, died or cannot be used; "" if it can be used, or the reason is unknown."""
        errors = (str(event["error"]) for event in self._recent_events() if event["event"] in ("failed", "died"))
        return self.problem or next(errors, "")

    @property
    def state(self) -> str:
        """State of the run, as one word.

        finished, failed, stopped, running, waiting, starting, interrupted (its process was killed), or damaged.

        A process writes how the run ended before it releases the lock. So the events that are read after the lock was
        seen free show how the run ended. If the run seems interrupted, but events were added meanwhile, another process
        may have begun, and all is read again.
        """
        while True:
            if self.problem:
                return "damaged"
            before = len(self.events())
            held = is_held(self.folder / "lock")
            events = self.events()
            if self.finished:
                return "finished"
            state = self._unfinished_state(held, [event["event"] for event in _since_resume(events)])
            if state != "interrupted" or len(events) == before:
                return state

    def _unfinished_state(self, held: bool, kinds: list[str]) -> str:
        """Derive the state from whether the lock is held, and from the kinds of the events since the last resume."""
        if held:
            return "waiting" if "waiting" in kinds and "began" not in kinds else "running"
        for end in ("failed", "stopped"):
            if end in kinds:
                return end
        if "stop" in kinds and "started" in kinds:  # its process was killed before it could write "stopped"
            return "stopped"
        paths = [path for path in (self.folder / "config.json", self._events) if path.exists()]
        last_change = max((path.stat().st_mtime for path in paths), default=0.0)
        is_new = abs(time.time() - last_change) < STARTING_SECONDS  # abs: clocks of two machines may differ
        return "starting" if "started" not in kinds and "died" not in kinds and is_new else "interrupted"

    def _recent_events(self) -> list[dict[str, Any]]:
        """Return the events since the run was last resumed."""
        return _since_resume(self.events())

    @contextmanager
    def working(self, on_wait: Callable[[], None] = lambda: None) -> Iterator["StopCheck"]:
        """Lock the run while this process trains it. A project trains one run at a time; others wait, by their number.

        An exception in the block is recorded as an event ("failed" or "stopped") before it is raised again.

        Args:
            on_wait: called once if the run has to wait.

        Yields:
            A function for the block to call often: it raises StoppedError once someone has asked the run to stop.

        Raises:
            StoppedError: someone asked the run to stop while it was waiting.
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
        if not any(event["event"] == "waiting" for event in self._recent_events()):
            self.event("waiting")
            on_wait()

    def stop_if_asked(self) -> None:
        """Check whether someone asked this run to stop.

        Raises:
            StoppedError: someone did.
        """
        if any(event["event"] == "stop" for event in self._recent_events()):
            hint = f"go on after its last whole epoch: `bearkit train --resume --run {self.id}`"
            raise StoppedError(f"run {self.id} was stopped", hint)

    def event(self, kind: str, **fields: Any) -> None:
        """Append an event; see `events.append`."""
        events.append(self._events, kind, **fields)

    @property
    def _events(self) -> Path:
        return self.folder / "events.jsonl"

    def events(self) -> list[dict[str, Any]]:
        """Return all events of the run, in order; a line that a kill cut off is ignored."""
        return events.read(self._events)

    def save_predictions(self, predictions: Predictions) -> None:
        """Write the predictions to the run's folder."""
        predictions.save(self.folder / "predictions.npz")

    def predictions(self) -> Predictions:
        """Read the predictions of a finished run, for all images.

        Raises:
            RunError: their file is gone or damaged.
        """
        try:
            return Predictions.load(self.folder / "predictions.npz")
        except Exception as error:  # numpy and zipfile raise almost anything on damaged bytes
            raise RunError(f"the predictions of run {self.id} cannot be read: {error}", hint=TRAIN_AGAIN) from error

    def finish(self, result: dict[str, Any]) -> None:
        """Write the results, which makes the run finished, and delete the checkpoint for resuming."""
        with atomic_write(self.folder / "result.json") as part:
            part.write_text(json.dumps(result, indent=1))
        (self.folder / f"{RESUME}.safetensors").unlink(missing_ok=True)
        self.event("finished")


def _since_resume(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    last_resume = max((n for n, event in enumerate(events) if event["event"] == "resume"), default=-1)
    return events[last_resume + 1 :]


class StopCheck:
    """Checks whether someone asked a run to stop; cheap enough for every step of a training.

    Args:
        run: the run.
    """

    def __init__(self, run: Run) -> None:
        self._run, self._next = run, 0.0

    def __call__(self) -> None:
        """Check, unless the last check was less than `CHECK_SECONDS` ago.

        Raises:
            StoppedError: someone asked the run to stop.
        """
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + CHECK_SECONDS
            self._run.stop_if_asked()


def list_runs(folder: Path) -> list[Run]:
    """Return all runs in a folder, oldest first, also damaged ones."""
    folders = [config.parent for config in folder.glob("*/config.json") if config.parent.name.isdecimal()]
    return [Run(folder) for folder in sorted(folders, key=lambda folder: int(folder.name))]
