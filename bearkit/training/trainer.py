"""A run's training: the head alone, then the body with it. Each stage is saved by itself, and goes on after a kill."""

import math
import time
from collections.abc import Callable
from dataclasses import asdict, astuple, dataclass
from pathlib import Path
from typing import Any

from bearkit.bodies.features import Features
from bearkit.core.parallel import Progress, no_progress
from bearkit.core.project import Project
from bearkit.datasets.dataset import Dataset
from bearkit.errors import RunError
from bearkit.runs import RESUME, Run
from bearkit.training import checkpoint
from bearkit.training.checkpoint import CheckpointMetadata
from bearkit.training.config import TrainConfig
from bearkit.training.cpu_speedups import cpu_speedups
from bearkit.training.head import StateDict, seeded_alone
from bearkit.training.loop import Epoch, Step, TrainSetup, fit_one_cycle, seeded
from bearkit.training.warm_start import LoadedStage, check_labels, finetune_setup, head_setup, load_stage

STEP_SECONDS = 1.0  # between two step events of a run


@dataclass(frozen=True)
class Listeners:
    """Who is told how it goes."""

    progress: Progress = no_progress
    on_epoch: Callable[[Epoch], None] | None = None
    on_step: Callable[[Step], None] | None = None


@dataclass(frozen=True)
class Training:
    """What the stages of one run have in common."""

    project: Project
    run: Run
    config: TrainConfig
    data: Dataset
    watch: Listeners
    stop_if_asked: Callable[[], None] = lambda: None  # raises once somebody asked; called at each step

    def carry_out(self, start: LoadedStage, found: Features) -> tuple[LoadedStage, list[dict[str, Any]]]:
        """Go through the stages that were asked for; the model at the end, and the stages' tables.

        Raises:
            RunError: the labels are not those that it starts with, or that it had before it was cut off.
        """
        check_labels(start.about, self.data)
        number = _number(self.config.start) + 1
        model, stages = start, []
        if self.config.epochs:
            model = self._frozen(f"stage-{number}", model, found)
            stages.append(self._table(f"stage-{number}"))
            number += 1
        if self.config.unfreeze:
            model = self._unfrozen(f"stage-{number}", model)
            stages.append(self._table(f"stage-{number}"))
        return model, stages

    def _frozen(self, stage: str, start: LoadedStage, found: Features) -> LoadedStage:
        if stage not in self.run.checkpoints:  # else it was done before it was cut off
            clock = time.perf_counter()
            with seeded_alone(self.config.seed):
                learns = head_setup(self.config, self.data, found, start)
                self._fit("frozen", stage, start, learns, self._whole_state(learns.model, start), clock)
        return self._saved(stage)

    def _unfrozen(self, stage: str, start: LoadedStage) -> LoadedStage:
        if stage not in self.run.checkpoints:
            clock = time.perf_counter()
            with seeded(self.config.seed), cpu_speedups():
                learns, network = finetune_setup(self.project, self.config, self.data, start, self._progress)
                self._fit("unfrozen", stage, start, learns, network.state_dict, clock)
        return self._saved(stage)

    def _saved(self, stage: str) -> LoadedStage:
        model = load_stage(self.run, stage)
        check_labels(model.about, self.data)
        return model

    def _fit(
        self,
        name: str,
        stage: str,
        start: LoadedStage,
        learns: TrainSetup,
        state: Callable[[], StateDict],
        clock: float,
    ) -> None:
        """Train one stage to its end, from where it was; `clock` is when it began."""
        frozen, config = name == "frozen", self.config
        epochs, lr = (config.epochs, config.lr) if frozen else (config.unfreeze, config.lr_unfrozen[1])
        rows = [] if frozen else self._go_on(stage, learns)
        size = start.body.preprocessing.size if frozen or not config.sizes else config.sizes[-1]
        weights = start.body.weights_id if frozen and not start.tuned else ""
        best = min((row.error_rate for row in rows), default=math.inf)
        before = sum(row.seconds for row in rows)

        def about(with_rows: bool = False) -> CheckpointMetadata:
            seconds = round(before + time.perf_counter() - clock, 3)
            every = tuple(astuple(row) for row in rows) if with_rows else ()
            vocab = tuple(self.data.vocab)
            return CheckpointMetadata(name, rows[-1].epoch, rows[-1].error_rate, size, seconds, weights, vocab, every)

        told = {event["epoch"] for event in self._epochs(stage)}  # before it was cut off

        def record(row: Epoch) -> None:
            nonlocal best
            rows.append(row)
            if row.error_rate < best:
                best = row.error_rate
                checkpoint.write(self._file(f"{stage}-best"), state(), about())
            if not frozen:
                checkpoint.write(self._file(RESUME), learns.state(), about(with_rows=True))
            if row.epoch not in told:
                self._tell(name, stage, row)
            self.stop_if_asked()

        on_step = self._step_teller(name, stage)
        fit_one_cycle(learns, epochs, lr, record, on_step, first=len(rows), patience=config.patience)
        learns.model.to("cpu")
        checkpoint.write(self._file(stage), state(), about())

    def _go_on(self, stage: str, learns: TrainSetup) -> list[Epoch]:
        """Put a stage that was cut off where it was; the rows of the epochs that it had done."""
        if not self._file(RESUME).exists():
            return []
        state, about = checkpoint.read(self._file(RESUME))
        check_labels(about, self.data)
        learns.load(state)
        rows = [Epoch(int(number), *rest) for number, *rest in about.rows]
        told = {event["epoch"] for event in self._epochs(stage)}
        for row in rows:
            if row.epoch not in told:  # it was killed between saving an epoch and telling it
                self._tell(about.stage, stage, row)
        return rows

    def _tell(self, name: str, stage: str, row: Epoch) -> None:
        """Write an epoch down."""
        self.run.event("epoch", stage=name, checkpoint=stage, **asdict(row))
        if self.watch.on_epoch is not None:
            self.watch.on_epoch(row)

    def _step_teller(self, name: str, stage: str) -> Callable[[Step], None]:
        last = time.monotonic()

        def told(step: Step) -> None:
            nonlocal last
            self.stop_if_asked()
            if self.watch.on_step is not None:
                self.watch.on_step(step)
            if time.monotonic() - last > STEP_SECONDS:
                last = time.monotonic()
                self.run.event("step", stage=name, checkpoint=stage, **asdict(step))

        return told

    def _progress(self, what: str, done: int, total: int) -> None:
        self.stop_if_asked()
        self.watch.progress(what, done, total)

    def _epochs(self, stage: str) -> list[dict[str, Any]]:
        return [
            event
            for event in self.run.events()
            if event["event"] == "epoch" and event.get("checkpoint", "stage-1") == stage
        ]

    def _table(self, stage: str) -> dict[str, Any]:
        """A stage as the result tells it."""
        _, about = checkpoint.read(self._file(stage))
        rows = [{name: event[name] for name in Epoch.__dataclass_fields__} for event in self._epochs(stage)]
        if not rows:
            raise RunError(
                f"the epochs of stage {stage} of run {self.run.id} are lost", hint="train again: `bearkit train`"
            )
        best = min(rows, key=lambda row: row["error_rate"])
        return {
            "name": about.stage,
            "checkpoint": stage,
            "seconds": about.seconds,
            "error_rate": about.error_rate,
            "best": {"checkpoint": f"{stage}-best", "epoch": best["epoch"], "error_rate": best["error_rate"]},
            "epochs": rows,
        }

    def _whole_state(self, model: Any, start: LoadedStage) -> Callable[[], StateDict]:
        """The state to save after a frozen stage: with a tuned body also that, so that the file stands for itself."""
        if not start.tuned:
            return lambda: dict(model.state_dict())
        body = start.body.network().state_dict()
        return lambda: {
            **{f"body.{name}": tensor for name, tensor in body.items()},
            **{f"head.{name}": tensor for name, tensor in model.state_dict().items()},
        }

    def _file(self, name: str) -> Path:
        return self.run.folder / f"{name}.safetensors"


def _number(start: str) -> int:
    """Which stage a training starts from, 0 where it does not.

    >>> _number(""), _number("002/stage-1"), _number("002/stage-2-best"), _number("002/good")
    (0, 1, 2, 1)
    """
    if not start:
        return 0
    parts = start.rpartition("/")[2].split("-")
    return int(parts[1]) if len(parts) > 1 and parts[1].isdecimal() else 1
