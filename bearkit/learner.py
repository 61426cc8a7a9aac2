"""The Learner: the loop from pictures to a trained, checked, exported model, in fastai's words."""

import os
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Unpack

import numpy as np

from bearkit import runs
from bearkit.bodies.features import Features
from bearkit.catalog.catalog import Catalog
from bearkit.core.parallel import Progress, no_progress
from bearkit.core.project import Project, whole
from bearkit.datasets.dataset import Dataset
from bearkit.datasets.seed import resolve_seed, store_seed
from bearkit.errors import RunError
from bearkit.evaluation import figures
from bearkit.evaluation.leave_one_out import out_of_fold_probs
from bearkit.export.export import export_model, exported
from bearkit.inference.predictor import Prediction, Predictor
from bearkit.runs import Run
from bearkit.training import warm_start
from bearkit.training.config import FitOptions, TrainConfig, TrainOptions, slice_rates
from bearkit.training.cpu_speedups import cpu_speedups
from bearkit.training.head import head_from, predict_logits, seeded_alone
from bearkit.training.learning_curve import LearningCurve, learning_curve
from bearkit.training.loop import Epoch, Step, seeded
from bearkit.training.lr_curve import LRCurve
from bearkit.training.lr_finder import lr_find
from bearkit.training.result import TrainResult, predictions_of, result_of
from bearkit.training.trainer import Listeners, Training
from bearkit.training.warm_start import LoadedStage

UNFROZEN_EPOCHS = 6  # of an unfrozen fit, unless told otherwise


class Learner:
    """Trains on the pictures of a project: a new head on a frozen body first, then, unfrozen, the body as well.

    Each fit is a run of its own, which begins with the weights that the one before left.

    Args:
        project: whose pictures.
        body: the pretrained network that looks at them.
        seed: of validation pictures and of all random numbers. Left out, it is the project's; a fit makes it that.
        progress: told while pictures go through the body.
        on_epoch: told after each epoch.
        on_step: told after each batch.
        options: other fields of `TrainConfig`, for every fit.
    """

    def __init__(
        self,
        project: Project,
        body: str = TrainConfig.body,
        seed: int | None = None,
        progress: Progress = no_progress,
        on_epoch: Callable[[Epoch], None] | None = None,
        on_step: Callable[[Step], None] | None = None,
        **options: Unpack[TrainOptions],
    ) -> None:
        self.project = project
        self.config = TrainConfig(body=body, seed=resolve_seed(project, seed), **options)
        self._chosen = {"body": body != TrainConfig.body, "seed": seed is not None}
        self._watch = Listeners(progress, on_epoch, on_step)
        self._frozen, self._at = True, self.config.start

    def start_from(self, name: str | None = None) -> "Learner":
        """Take over the body, the seed and the weights of RUN or RUN/STAGE; of the newest finished run if left out.

        Raises:
            RunError: there is no such stage, or it is not of the body and seed that this learner was made with.
        """
        run, stage = warm_start.find_stage(self.project, name or runs.finished(self.project).id)
        theirs = TrainConfig.from_dict(run.config)
        for what, chosen in self._chosen.items():
            ours = getattr(self.config, what)
            if chosen and ours != getattr(theirs, what):
                raise RunError(f"run {run.id} has the {what} {getattr(theirs, what)}, not {ours}", hint="name a run")
        self.config = replace(self.config, body=theirs.body, weights=theirs.weights, seed=theirs.seed)
        self._at = f"{run.id}/{stage}"
        return self

    @property
    def run(self) -> Run:
        """The run whose weights this learner has.

        Raises:
            RunError: it has not trained yet.
        """
        return self._where()[0]

    def _where(self) -> tuple[Run, str]:
        """The run and the stage whose weights this learner has."""
        if not self._at:
            raise RunError(
                "this learner has not trained yet",
                hint="`learn.fit_one_cycle()`, or `export_model(project)` for an earlier run",
            )
        return warm_start.find_stage(self.project, self._at)

    def freeze(self) -> None:
        """From now on only the head learns."""
        self._frozen = True

    def unfreeze(self, groups: int = 0) -> None:
        """From now on the body learns too: all of it, or so many of its last layer groups, the head among them."""
        self._frozen, self.config = False, replace(self.config, unfreeze_groups=groups)

    def fit_one_cycle(
        self, epochs: int | None = None, lr: float | slice | None = None, **options: Unpack[FitOptions]
    ) -> TrainResult:
        """Train with the one-cycle schedule, on from where this learner is, as a run of its own.

        Args:
            epochs: times that each training picture is seen; 15 frozen and 6 unfrozen if left out.
            lr: the highest rate. Unfrozen, `slice(a, b)` is a at the stem to b at the head, evenly spread between;
                `slice(b)` is `slice(b / 10, b)`, and one number is the same rate for all.
            options: other fields of `TrainConfig`.

        Raises:
            DatasetError: the pictures cannot be trained on; BodyError: the body's weights are not here.
            RunError: unfrozen before anything was trained, or an option that cannot work.
        """
        config = self.config
        chosen: dict[str, Any]
        if self._frozen:
            epochs = (config.epochs or TrainConfig.epochs) if epochs is None else epochs
            rate = config.lr if lr is None else slice_rates(lr)[1]
            chosen = {"epochs": epochs, "lr": rate, "unfreeze": 0}
        else:
            self._where()
            epochs = (config.unfreeze or UNFROZEN_EPOCHS) if epochs is None else epochs
            rates = config.lr_unfrozen if lr is None else slice_rates(lr)
            chosen = {"epochs": 0, "unfreeze": epochs, "lr_unfrozen": rates}
        return self.train(**(chosen | dict(options)))

    def fine_tune(
        self, epochs: int, base_lr: float = 3e-3, freeze_epochs: int = TrainConfig.epochs, **options: Unpack[FitOptions]
    ) -> TrainResult:
        """The fastai recipe in one run: frozen epochs, then unfrozen ones at `slice(base_lr / 200, base_lr / 2)`."""
        rates = (base_lr / 200, base_lr / 2)
        return self.train(epochs=freeze_epochs, lr=base_lr, unfreeze=epochs, lr_unfrozen=rates, **options)

    def lr_find(self) -> LRCurve:
        """Try a hundred rising learning rates on what is about to learn, which stays as it was; see `LRCurve`.

        Keeps the curve, and a drawing of it, beside the weights that it began with.

        Raises:
            RunError: unfrozen before anything was trained.
        """
        config = replace(self.config, start=self._at)
        start = warm_start.starting_point(self.project, config)
        if not self._frozen:
            self._where()
        data, found, _ = self._look(config, start, None)
        warm_start.check_labels(start.about, data)
        progress = self._watch.progress
        if self._frozen:
            with seeded_alone(config.seed):
                curve = lr_find(warm_start.head_setup(config, data, found, start), progress)
        else:
            with seeded(config.seed), cpu_speedups():
                learns, _ = warm_start.finetune_setup(self.project, config, data, start, progress)
                curve = lr_find(learns, progress)
        plot = self.lr_plot
        with whole(plot.with_suffix(".npz")) as part:
            np.savez(part, lrs=curve.lrs, losses=curve.losses)
        with whole(plot) as part:
            drawn = figures.lr_curve(curve.lrs, curve.losses, curve.smoothed, curve.suggestions, curve.reason)
            drawn.savefig(part, dpi=120)
        return curve

    @property
    def lr_plot(self) -> Path:
        """Where `lr_find` keeps its drawing."""
        return (self._where()[0].folder if self._at else self.project.cache) / "lr_curve.png"

    def learning_curve(self) -> LearningCurve:
        """Would more pictures help? The error with a tenth to all of the pictures, from the kept features."""
        data, found, _ = self._look(self.config, warm_start.starting_point(self.project, self.config), None)
        rows = np.flatnonzero(data.splits != "test")
        progress = self._watch.progress
        curve = learning_curve(found.values[rows], data.targets[rows], data.vocab, self.config, progress)
        with whole(self.learning_plot) as part:
            figures.learning_curve(curve.points).savefig(part, dpi=120)
        return curve

    @property
    def learning_plot(self) -> Path:
        """Where `learning_curve` keeps its drawing."""
        return self.project.cache / "learning_curve.png"

    def resume(self, run_id: str | None = None) -> TrainResult:
        """Go on with a run that was stopped, failed or was cut off, after its last whole epoch.

        Args:
            run_id: which; the newest one unless told otherwise.

        Raises:
            RunError: it finished, or is under way, or there is none.
        """
        run = runs.unfinished(self.project, run_id)
        run.event("resume")
        return self.fit(run)

    def train(self, **options: Any) -> TrainResult:
        """One run with all that this learner's options, and these, ask for: frozen epochs, then unfrozen ones."""
        return self.fit(warm_start.create_run(self.project, replace(self.config, **({"start": self._at} | options))))

    def fit(self, run: Run) -> TrainResult:
        """Carry out a run that was created with its configuration, or go on with one that was cut off.

        Raises:
            StoppedError: somebody asked the run to stop.
        """
        with run.working(lambda: self._watch.progress("waiting for the training before", 0, 1)) as stop_if_asked:
            return self.carry_out(run, stop_if_asked)

    def carry_out(self, run: Run, stop_if_asked: Callable[[], None]) -> TrainResult:
        """What `fit` does once it is the run's turn, inside `run.working()`, which yields `stop_if_asked`."""
        if run.finished:  # by another process, while this one waited
            raise RunError(f"run {run.id} finished meanwhile", hint="`bearkit interpret` shows it")
        config = TrainConfig.from_dict(run.config)
        start = warm_start.starting_point(self.project, config)
        data, found, seconds = self._look(config, start, run, stop_if_asked)
        training = Training(self.project, run, config, data, self._watch, stop_if_asked)
        model, tables = training.carry_out(start, found)
        if config.unfreeze:  # the body is another one now, so the pictures go through it once more
            data, found, more = self._look(config, model, run, stop_if_asked)
            seconds += more
        assert model.head is not None
        predictions = predictions_of(data, predict_logits(head_from(model.head, 0), found.values[:, 0]))
        run.save_predictions(predictions)
        before = start.about.error_rate if start.about else None
        result = result_of(run.id, tables, predictions.only("valid"), seconds, found.skipped, before)
        result = replace(result, seed=config.seed, seed_changed=store_seed(Catalog(self.project), config.seed))
        run.finish(result.as_dict())
        self._at = f"{run.id}/{run.stage}"
        return result

    def save(self, name: str) -> Path:
        """Keep this learner's weights under a name of their own, for `load`.

        Raises:
            RunError: it has not trained yet, or the name cannot be a file's.
        """
        run, stage = self._where()
        if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]*", name) or name == runs.RESUME:
            raise RunError(f"`{name}` cannot be a name for weights", hint="letters, digits, - and _")
        target = run.folder / f"{name}.safetensors"
        if target == run.checkpoint(stage):
            return target
        if re.fullmatch(r"stage-\d+(-best)?", name):
            raise RunError(
                f"`{name}` is a stage's own name", hint=f"stages are saved by themselves; this is {self._at}"
            )
        with whole(target) as part:
            shutil.copyfile(run.checkpoint(stage), part)
        return target

    def load(self, name: str) -> "Learner":
        """Go back to weights: a stage or a name given to `save`, of this run or of those before it, or RUN/STAGE.

        Raises:
            RunError: there is no such stage.
        """
        if "/" not in name:
            run = self.run
            while name not in run.checkpoints and (start := TrainConfig.from_dict(run.config).start):
                run = warm_start.find_stage(self.project, start)[0]
            name = f"{run.id}/{name}"
        run, stage = warm_start.find_stage(self.project, name)
        self._at = f"{run.id}/{stage}"
        return self

    def predict(self, picture: str | os.PathLike[str]) -> Prediction:
        """Label a picture with this learner's weights, as the exported model would."""
        run, stage = self._where()
        return Predictor(exported(self.project, run, stage)).predict(picture)

    def export(self, folder: str | os.PathLike[str] | None = None) -> Path:
        """Write this learner's model as a folder for `Predictor`; see `export_model`."""
        run, stage = self._where()
        return export_model(self.project, folder, run.id, stage)

    def out_of_fold_probs(self) -> tuple[Dataset, np.ndarray]:
        """The pictures, and probabilities (N, C) for each by a head that has not seen it."""
        data, found, _ = self._look(self.config, warm_start.starting_point(self.project, self.config), None)
        return data, out_of_fold_probs(found.values[:, 0], data.targets, len(data.vocab))

    def _look(
        self, config: TrainConfig, start: LoadedStage, run: Run | None, stop_if_asked: Callable[[], None] = lambda: None
    ) -> tuple[Dataset, Features, float]:
        return warm_start.load_features(self.project, config, start, self._watch.progress, run, stop_if_asked)
