"""The stages of a run: the head alone, then the body with it. Each is saved by itself, and goes on after a kill."""

import math
import time
from collections.abc import Callable
from dataclasses import asdict, astuple, dataclass, replace
from pathlib import Path
from typing import Any

from bearkit import runs
from bearkit.catalog import Catalog
from bearkit.dataset import dataset
from bearkit.dataset.dataset import Dataset
from bearkit.errors import RunError
from bearkit.parallel import Progress, no_progress
from bearkit.project import Project
from bearkit.runs import RESUME, Run
from bearkit.training import bodies, checkpoint, head, unfrozen
from bearkit.training.bodies import Body
from bearkit.training.checkpoint import About
from bearkit.training.config import TrainConfig
from bearkit.training.faster import faster
from bearkit.training.features import Features
from bearkit.training.head import Sides, State, head_from, seeded_alone
from bearkit.training.loop import Epoch, Step, Trainee, fit_one_cycle, seeded
from bearkit.training.network import Network, parts_of

STEP_SECONDS = 1.0  # between two step events of a run


@dataclass(frozen=True)
class Model:
    """A body, the state of the head behind it, and what is known of them; None where there is no head yet."""

    body: Body
    head: State | None
    about: About | None = None

    @property
    def tuned(self) -> bool:
        """Whether the body is no longer as it was pretrained."""
        return self.body.tuned


@dataclass(frozen=True)
class Watch:
    """Who is told how it goes."""

    progress: Progress = no_progress
    on_epoch: Callable[[Epoch], None] | None = None
    on_step: Callable[[Step], None] | None = None


def saved(run: Run, stage: str) -> Model:
    """A saved stage of a run.

    Raises:
        RunError: there is none, or it is damaged.
    """
    config, path = TrainConfig.from_dict(run.config), run.checkpoint(stage)
    state, about = checkpoint.read(path)
    of_body, of_head = parts_of(state)
    body = bodies.get(config.body, config.weights)
    return Model(bodies.tuned(body, path, about.size) if of_body else body, of_head, about)


def located(project: Project, name: str) -> tuple[Run, str]:
    """The run and the stage that RUN/STAGE names; RUN alone means its last one.

    Raises:
        RunError: there is no such stage.
    """
    run_id, _, stage = name.partition("/")
    run = runs.named(project, run_id) if stage else runs.finished(project, run_id)
    stage = stage or run.stage
    run.checkpoint(stage)
    return run, stage


def start_of(project: Project, config: TrainConfig) -> Model:
    """What a training begins with: a pretrained body without a head, or the stage that it is to start from.

    Raises:
        BodyError: there is no such body; RunError: there is no such stage, or it is another body's.
    """
    if not config.start:
        return Model(bodies.get(config.body, config.weights), None)
    run, stage = located(project, config.start)
    theirs = TrainConfig.from_dict(run.config)
    if theirs.body != config.body:
        raise RunError(f"{config.start} is a {theirs.body}, not a {config.body}", f"train with `--body {theirs.body}`")
    if theirs.seed != config.seed:
        raise RunError(
            f"{config.start} was trained with seed {theirs.seed}, on pictures that seed {config.seed} sets aside",
            hint=f"train with `--seed {theirs.seed}`, or leave --start out",
        )
    return saved(run, stage)


def create_run(project: Project, config: TrainConfig) -> Run:
    """A new run for `Learner.fit` to carry out, once its body, its start and its pictures are known to allow it.

    Raises:
        DatasetError: the pictures cannot be trained on; BodyError: the body or its weights are not here.
        RunError: there is no such stage to start from.
    """
    _ = start_of(project, config).body.weights_id
    if config.start:
        run, stage = located(project, config.start)
        config = replace(config, start=f"{run.id}/{stage}")
    dataset.load(Catalog(project), config.seed)
    return runs.create(project, config.as_dict())


def sides(data: Dataset, found: Features) -> Sides:
    """What a head learns from and is checked on."""
    train, valid = data.indices("train"), data.indices("valid")
    return Sides(found.values[train], data.targets[train], found.values[valid, 0], data.targets[valid], len(data.vocab))


def frozen_trainee(config: TrainConfig, data: Dataset, found: Features, start: Model) -> Trainee:
    """The head that a stage begins with, ready to learn."""
    return head.trainee(sides(data, found), config, start.head)


def unfrozen_trainee(
    project: Project, config: TrainConfig, data: Dataset, start: Model, progress: Progress
) -> tuple[Trainee, Network]:
    """What learns in an unfrozen stage, and the whole network, which shares its weights."""
    assert start.head is not None
    network = Network(start.body.network(), head_from(start.head, config.dropout))
    return unfrozen.trainee(project, data, start.body, network, config, progress), network


@dataclass(frozen=True)
class Training:
    """What the stages of one run have in common."""

    project: Project
    run: Run
    config: TrainConfig
    data: Dataset
    watch: Watch

    def carry_out(self, start: Model, found: Features) -> tuple[Model, list[dict[str, Any]]]:
        """Go through the stages that were asked for; the model at the end, and the stages' tables.

        Raises:
            RunError: the labels are not those that it starts with.
        """
        if start.about is not None and start.about.vocab != tuple(self.data.vocab):
            raise RunError(
                f"{self.config.start} tells {', '.join(start.about.vocab)} apart; the labels are now "
                f"{', '.join(self.data.vocab)}",
                hint="train a new head: leave --start out",
            )
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

    def _frozen(self, stage: str, start: Model, found: Features) -> Model:
        if stage in self.run.checkpoints:  # before it was cut off
            return saved(self.run, stage)
        with seeded_alone(self.config.seed):
            learns = frozen_trainee(self.config, self.data, found, start)
            self._fit("frozen", stage, learns, self._whole_state(learns.model, start), resumable=False)
        return saved(self.run, stage)

    def _unfrozen(self, stage: str, start: Model) -> Model:
        if stage in self.run.checkpoints:
            return saved(self.run, stage)
        with seeded(self.config.seed), faster():
            learns, network = unfrozen_trainee(self.project, self.config, self.data, start, self.watch.progress)
            self._fit("unfrozen", stage, learns, network.state_dict, resumable=True)
        return saved(self.run, stage)

    def _fit(self, name: str, stage: str, learns: Trainee, state: Callable[[], State], resumable: bool) -> None:
        """Train one stage to its end, from where it was."""
        frozen, config = name == "frozen", self.config
        epochs, lr = (config.epochs, config.lr) if frozen else (config.unfreeze, config.lr_unfrozen[1])
        rows = self._go_on(stage, learns) if resumable else []
        size = 0 if frozen or not config.sizes else config.sizes[-1]
        best = min((row.error_rate for row in rows), default=math.inf)
        before, clock = sum(row.seconds for row in rows), time.perf_counter()

        def about(with_rows: bool = False) -> About:
            seconds = round(before + time.perf_counter() - clock, 3)
            every = tuple(astuple(row) for row in rows) if with_rows else ()
            return About(name, rows[-1].epoch, rows[-1].error_rate, size, seconds, tuple(self.data.vocab), every)

        told = {event["epoch"] for event in self._epochs(stage)}  # before it was cut off

        def record(row: Epoch) -> None:
            nonlocal best
            rows.append(row)
            if row.error_rate < best:
                best = row.error_rate
                checkpoint.write(self._file(f"{stage}-best"), state(), about())
            if resumable:
                checkpoint.write(self._file(RESUME), learns.state(), about(with_rows=True))
            if row.epoch not in told:
                self._tell(name, stage, row)

        on_step = self._step_teller(name, stage)
        fit_one_cycle(learns, epochs, lr, record, on_step, first=len(rows), patience=config.patience)
        learns.model.to("cpu")
        checkpoint.write(self._file(stage), state(), about())

    def _go_on(self, stage: str, learns: Trainee) -> list[Epoch]:
        """Put a stage that was cut off where it was; the rows of the epochs that it had done."""
        if not self._file(RESUME).exists():
            return []
        state, about = checkpoint.read(self._file(RESUME))
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
            if self.watch.on_step is not None:
                self.watch.on_step(step)
            if time.monotonic() - last > STEP_SECONDS:
                last = time.monotonic()
                self.run.event("step", stage=name, checkpoint=stage, **asdict(step))

        return told

    def _epochs(self, stage: str) -> list[dict[str, Any]]:
        return [event for event in self.run.events() if event["event"] == "epoch" and event["checkpoint"] == stage]

    def _table(self, stage: str) -> dict[str, Any]:
        """A stage as the result tells it."""
        _, about = checkpoint.read(self._file(stage))
        rows = [{name: event[name] for name in Epoch.__dataclass_fields__} for event in self._epochs(stage)]
        best = min(rows, key=lambda row: row["error_rate"])
        return {
            "name": about.stage,
            "checkpoint": stage,
            "seconds": about.seconds,
            "error_rate": about.error_rate,
            "best": {"checkpoint": f"{stage}-best", "epoch": best["epoch"], "error_rate": best["error_rate"]},
            "epochs": rows,
        }

    def _whole_state(self, model: Any, start: Model) -> Callable[[], State]:
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
