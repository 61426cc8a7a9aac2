"""Train a run: first the head, then the whole network. Each stage is saved, and can be resumed after a kill."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bearkit.bodies.features import Features
from bearkit.catalog.catalog import Catalog
from bearkit.core.parallel import Progress, no_progress
from bearkit.core.project import Project
from bearkit.datasets.dataset import Dataset
from bearkit.datasets.seed import store_seed
from bearkit.errors import RunError
from bearkit.runs import RESUME, Run
from bearkit.training import checkpoint
from bearkit.training.callbacks import Callback, EarlyStopping, Epoch, FunctionCallback, Step
from bearkit.training.checkpoint import CheckpointMetadata
from bearkit.training.config import TrainConfig
from bearkit.training.cpu_speedups import cpu_speedups
from bearkit.training.head import StateDict, head_from, predict_logits, seeded_alone
from bearkit.training.loop import TrainSetup, fit, seeded
from bearkit.training.result import TrainResult, predictions_of, result_of
from bearkit.training.run_callbacks import Checkpoints, RunLog, epoch_events
from bearkit.training.warm_start import (
    LoadedStage,
    check_labels,
    finetune_setup,
    head_setup,
    load_features,
    load_stage,
    starting_point,
)


@dataclass(frozen=True)
class Listeners:
    """Functions and callbacks that a training calls. Callbacks may change the training."""

    progress: Progress = no_progress
    on_epoch: Callable[[Epoch], None] | None = None
    on_step: Callable[[Step], None] | None = None
    callbacks: Sequence[Callback] = ()


@dataclass(frozen=True)
class Training:
    """The data and settings that the stages of one run share."""

    project: Project
    run: Run
    config: TrainConfig
    data: Dataset
    listeners: Listeners
    stop_if_asked: Callable[[], None] = lambda: None  # called at each step; may raise StoppedError

    def run_stages(self, start: LoadedStage, features: Features) -> tuple[LoadedStage, list[dict[str, Any]]]:
        """Train the stages that the configuration asks for.

        Args:
            start: the body to start from, with its head if it has one.
            features: of all images of the data set.

        Returns:
            The model after the last stage, and a table for each stage.

        Raises:
            RunError: the labels have changed since `start` was trained, or since an interruption.
        """
        check_labels(start.about, self.data)
        number = _number(self.config.start) + 1
        model, stages = start, []
        if self.config.epochs:
            model = self._frozen(f"stage-{number}", model, features)
            stages.append(self._table(f"stage-{number}"))
            number += 1
        if self.config.unfreeze:
            model = self._unfrozen(f"stage-{number}", model)
            stages.append(self._table(f"stage-{number}"))
        return model, stages

    def _frozen(self, stage: str, start: LoadedStage, features: Features) -> LoadedStage:
        if stage not in self.run.checkpoints:  # otherwise the stage was finished before an interruption
            clock, config = time.perf_counter(), self.config
            with seeded_alone(config.seed):
                setup = head_setup(config, self.data, features, start)
                weights = "" if start.tuned else start.body.weights_id
                about = self._about("frozen", start.body.preprocessing.size, weights)
                saving = Checkpoints(self.run, stage, _state_to_save(setup, start), about, False, clock)
                fit(setup, config.epochs, config.lr, config.schedule, self._callbacks(saving))
        return self._saved(stage)

    def _unfrozen(self, stage: str, start: LoadedStage) -> LoadedStage:
        if stage not in self.run.checkpoints:
            clock, config = time.perf_counter(), self.config
            with seeded(config.seed), cpu_speedups():
                setup, network = finetune_setup(self.project, config, self.data, start, self._progress)
                about = self._about("unfrozen", (config.sizes or (start.body.preprocessing.size,))[-1])
                saving = Checkpoints(self.run, stage, network.state_dict, about, True, clock)
                rows = self._restore(setup)
                fit(setup, config.unfreeze, config.lr_unfrozen[1], config.schedule, self._callbacks(saving), rows)
        return self._saved(stage)

    def _about(self, kind: str, size: int, weights: str = "") -> CheckpointMetadata:
        """Return the metadata of a stage's checkpoints; the callback adds the numbers of the epoch."""
        return CheckpointMetadata(kind, 0, 1.0, size, weights=weights, vocab=tuple(self.data.vocab))

    def _callbacks(self, saving: Checkpoints) -> list[Callback]:
        """Return the callbacks of one stage. The user's come first, so that their changes are saved."""

        def stop(_: Epoch | Step) -> None:
            self.stop_if_asked()

        return [
            *self.listeners.callbacks,
            saving,
            RunLog(self.run, saving.stage, saving.about.stage),
            FunctionCallback(self.listeners.on_epoch, self.listeners.on_step),
            FunctionCallback(stop, stop),
            EarlyStopping(self.config.patience),
        ]

    def _saved(self, stage: str) -> LoadedStage:
        model = load_stage(self.run, stage)
        check_labels(model.about, self.data)
        return model

    def _restore(self, setup: TrainSetup) -> list[Epoch]:
        """Restore a stage that was interrupted; returns the rows of its finished epochs."""
        path = self._file(RESUME)
        if not path.exists():
            return []
        state, about = checkpoint.read(path)
        check_labels(about, self.data)
        setup.load(state)
        return [Epoch(int(number), *rest) for number, *rest in about.rows]

    def _progress(self, what: str, done: int, total: int) -> None:
        self.stop_if_asked()
        self.listeners.progress(what, done, total)

    def _table(self, stage: str) -> dict[str, Any]:
        """Return the row of a stage for `TrainResult.stages`."""
        _, about = checkpoint.read(self._file(stage))
        events = epoch_events(self.run, stage)
        rows = [{name: event[name] for name in Epoch.__dataclass_fields__} for event in events]
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

    def _file(self, name: str) -> Path:
        return self.run.folder / f"{name}.safetensors"


def wait_and_train(project: Project, run: Run, listeners: Listeners, data: Dataset | None = None) -> TrainResult:
    """Wait until the project's trainings before this one have ended, then do what `train_run` does."""
    with run.working(lambda: listeners.progress("waiting for the training before", 0, 1)) as stop_if_asked:
        return train_run(project, run, listeners, stop_if_asked, data)


def train_run(
    project: Project,
    run: Run,
    listeners: Listeners,
    stop_if_asked: Callable[[], None],
    data: Dataset | None = None,
) -> TrainResult:
    """Train the stages of a run that are not finished, then predict all images and write the result.

    Args:
        project: the project with the images.
        run: the run; this process holds its lock, see `Run.working`.
        listeners: called during the training.
        stop_if_asked: raises StoppedError if someone asked the run to stop.
        data: the images that were loaded when the run was created. They are loaded again if left out, or if the run had
            to wait. Decisions that are made later do not change this training.

    Raises:
        RunError: another process finished the run while this one waited.
        StoppedError: someone asked the run to stop.
    """
    if run.finished:
        raise RunError(f"run {run.id} finished meanwhile", hint="`bearkit interpret` shows it")
    config = TrainConfig.from_dict(run.config)
    start = starting_point(project, config)
    if any(event["event"] == "waiting" for event in run.events()):
        data = None  # it may have changed while the run waited
    data, features, seconds = load_features(project, config, start, listeners.progress, run, stop_if_asked, data)
    skipped = features.skipped
    model, tables = Training(project, run, config, data, listeners, stop_if_asked).run_stages(start, features)
    if config.unfreeze:  # the body has changed, so all images go through it once more
        data, features, more = load_features(project, config, model, listeners.progress, run, stop_if_asked, data)
        seconds, skipped = seconds + more, skipped + features.skipped
    assert model.head is not None
    predictions = predictions_of(data, predict_logits(head_from(model.head, 0), features.values[:, 0]))
    run.save_predictions(predictions)
    before = start.about.error_rate if start.about else None
    result = result_of(run.id, tables, predictions.only("valid"), seconds, skipped, before)
    result = replace(result, seed=config.seed, seed_changed=store_seed(Catalog(project), config.seed))
    run.finish(result.as_dict())
    return result


def _state_to_save(setup: TrainSetup, start: LoadedStage) -> Callable[[], StateDict]:
    """Return the state to save after a frozen stage: the head, with the body if it was fine-tuned."""
    if not start.tuned:
        return lambda: dict(setup.model.state_dict())
    body = start.body.network().state_dict()
    return lambda: {
        **{f"body.{name}": tensor for name, tensor in body.items()},
        **{f"head.{name}": tensor for name, tensor in setup.model.state_dict().items()},
    }


def _number(start: str) -> int:
    """Return the number of the stage that a training starts from; 0 if it starts from none.

    >>> _number(""), _number("002/stage-1"), _number("002/stage-2-best"), _number("002/good")
    (0, 1, 2, 1)
    """
    if not start:
        return 0
    parts = start.rpartition("/")[2].split("-")
    return int(parts[1]) if len(parts) > 1 and parts[1].isdecimal() else 1
