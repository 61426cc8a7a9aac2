"""The Learner: from images to a trained, checked, exported model, in fastai's words."""

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np

from bearkit import runs
from bearkit.bodies.features import Features
from bearkit.core.atomic import atomic_write
from bearkit.core.parallel import Progress, no_progress
from bearkit.core.project import Project
from bearkit.datasets.dataset import Dataset
from bearkit.datasets.seed import resolve_seed
from bearkit.errors import RunError
from bearkit.evaluation import figures
from bearkit.evaluation.leave_one_out import leave_one_out_probs
from bearkit.export.export import export_model, exported
from bearkit.inference.predictor import Prediction, Predictor, softmax
from bearkit.runs import Run
from bearkit.training import checks, warm_start
from bearkit.training.callbacks import Callback, Epoch, Step
from bearkit.training.config import FitOptions, TrainConfig, TrainOptions
from bearkit.training.fit_options import fit_options
from bearkit.training.learning_curve import LearningCurve, learning_curve
from bearkit.training.lr_curve import LRCurve
from bearkit.training.lr_finder import find_rate
from bearkit.training.result import TrainResult
from bearkit.training.trainer import Listeners, train_run, wait_and_train

if TYPE_CHECKING:
    from matplotlib.figure import Figure
LR = TrainConfig.lr


class Learner:
    """Trains on the images of a project: a new head on a frozen body first, then, unfrozen, the body as well.

    Each fit is a run of its own, which begins with the weights of the one before.

    Args:
        project: the project with the images.
        body: name of the pretrained network.
        seed: chooses the validation images and all random numbers; the project's if left out. A fit makes it that.
        progress: called while images go through the body.
        on_epoch: called after each epoch.
        on_step: called after each batch.
        callbacks: run at each event of a training of this process, in this order; see `bearkit.training.callbacks`.
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
        callbacks: Sequence[Callback] = (),
        **options: Unpack[TrainOptions],
    ) -> None:
        self.project = project
        self.config = TrainConfig(body=body, seed=resolve_seed(project, seed), **options)
        self._chosen = {"body": body != TrainConfig.body, "seed": seed is not None}
        self._listeners = Listeners(progress, on_epoch, on_step, callbacks)
        self._frozen, self._at = True, self.config.start

    def start_from(self, name: str | None = None) -> "Learner":
        """Take over the body, the seed and the weights of RUN or RUN/STAGE; of the newest finished run if left out.

        Raises:
            RunError: there is no such stage, or it is not of the body and seed that this learner was made with.
        """
        run, stage = warm_start.find_stage(self.project, name or runs.find_finished(self.project).id)
        theirs = TrainConfig.from_dict(run.config)
        for what, chosen in self._chosen.items():
            own, other = getattr(self.config, what), getattr(theirs, what)
            if chosen and own != other:
                raise RunError(f"run {run.id} has the {what} {other}, not {own}", hint="name a run")
        self.config = replace(self.config, body=theirs.body, weights=theirs.weights, seed=theirs.seed)
        self._at = f"{run.id}/{stage}"
        return self

    @property
    def run(self) -> Run:
        """The run that this learner has its weights from.

        Raises:
            RunError: it has not trained yet.
        """
        return self._where()[0]

    def _where(self) -> tuple[Run, str]:
        """The run and the stage that this learner has its weights from."""
        if not self._at:
            raise RunError("this learner has not trained yet", "learn.fit_one_cycle(), or name a run: start_from()")
        return warm_start.find_stage(self.project, self._at)

    def freeze(self) -> None:
        """Train only the head from now on."""
        self._frozen = True

    def unfreeze(self, groups: int = 0) -> None:
        """Train the body too from now on: all of it, or its last `groups` layer groups, the head counted as one."""
        self._frozen, self.config = False, replace(self.config, unfreeze_groups=groups)

    def fit_one_cycle(
        self, epochs: int | None = None, lr: float | slice | None = None, **options: Unpack[FitOptions]
    ) -> TrainResult:
        """Train with the one-cycle schedule, on from where this learner is, as a run of its own.

        Args:
            epochs: times that each training image is seen; those of `TrainConfig` if left out.
            lr: highest learning rate. Unfrozen, `slice(a, b)` is a at the stem to b at the head, evenly spread between;
                `slice(b)` is `slice(b / 10, b)`, and one number is the same rate for all.
            options: other fields of `TrainConfig`.

        Raises:
            DatasetError: the images cannot be trained on.
            BodyError: the body's weights are not here.
            RunError: unfrozen before anything was trained, or an option that cannot work.
        """
        return self._fit(epochs, lr, {"schedule": "one-cycle", **options})

    def fit(self, n_epochs: int, lr: float | slice | None = None, **options: Unpack[FitOptions]) -> TrainResult:
        """Train with a constant learning rate, on from where this learner is, as a run of its own.

        Args:
            n_epochs: times that each training image is seen.
            lr: learning rate, or rates; as in `fit_one_cycle`, whose errors it raises too.
            options: other fields of `TrainConfig`.
        """
        return self._fit(n_epochs, lr, {"schedule": "flat", **options})

    def _fit(self, epochs: int | None, lr: float | slice | None, options: dict[str, Any]) -> TrainResult:
        if not self._frozen:
            self._where()
        return self.train(**(fit_options(self.config, self._frozen, epochs, lr) | options))

    def fine_tune(
        self, epochs: int, base_lr: float = LR, freeze_epochs: int = TrainConfig.epochs, **options: Unpack[FitOptions]
    ) -> TrainResult:
        """The fastai recipe in one run: frozen epochs, then unfrozen ones at `slice(base_lr / 200, base_lr / 2)`."""
        rates = (base_lr / 200, base_lr / 2)
        return self.train(epochs=freeze_epochs, lr=base_lr, unfreeze=epochs, lr_unfrozen=rates, **options)

    def lr_find(self) -> LRCurve:
        """Try a hundred rising learning rates on what is about to learn, which stays as it was; see `LRCurve`.

        Saves the curve, and a drawing of it, next to the weights that it began with.

        Raises:
            RunError: unfrozen before anything was trained.
        """
        if not self._frozen:
            self._where()
        return find_rate(self.project, self._config_now, self._frozen, self.lr_plot, self._listeners.progress)

    @property
    def lr_plot(self) -> Path:
        """File of the drawing that `lr_find` saves."""
        return (self._where()[0].folder if self._at else self.project.cache) / "lr_curve.png"

    def learning_curve(self) -> LearningCurve:
        """Estimate whether more images would help: the error with a tenth to all of them, from cached features."""
        data, features, _ = self._load_features(self.config, warm_start.starting_point(self.project, self.config))
        rows, progress = np.flatnonzero(data.splits != "test"), self._listeners.progress
        curve = learning_curve(features.values[rows], data.targets[rows], data.vocab, self.config, progress)
        with atomic_write(self.learning_plot) as part:
            figures.learning_curve(curve.points).savefig(part, dpi=120)
        return curve

    @property
    def learning_plot(self) -> Path:
        """File of the drawing that `learning_curve` saves."""
        return self.project.cache / "learning_curve.png"

    def resume(self, run_id: str | None = None) -> TrainResult:
        """Resume a run that was stopped, failed or was interrupted, after its last saved epoch.

        Args:
            run_id: which run; the newest unfinished one if left out.

        Raises:
            RunError: the run is finished or under way, or there is none.
        """
        run = runs.find_unfinished(self.project, run_id)
        run.event("resume")
        return self.resume_run(run)

    def train(self, **options: Any) -> TrainResult:
        """Train one run with this learner's options, changed by these: frozen epochs, then unfrozen ones."""
        run, data = warm_start.create_run(self.project, replace(self._config_now, **options))
        return self._continue_from(run, wait_and_train(self.project, run, self._listeners, data))

    def resume_run(self, run: Run) -> TrainResult:
        """Train a run that was created with its configuration, or resume it, once it is its turn.

        Raises:
            StoppedError: someone asked the run to stop.
        """
        return self._continue_from(run, wait_and_train(self.project, run, self._listeners))

    def execute_run(self, run: Run, stop_if_asked: Callable[[], None]) -> TrainResult:
        """Do what `resume_run` does, inside `run.working()`, which yields `stop_if_asked`."""
        return self._continue_from(run, train_run(self.project, run, self._listeners, stop_if_asked))

    def _continue_from(self, run: Run, result: TrainResult) -> TrainResult:
        self._at = f"{run.id}/{run.stage}"
        return result

    def get_preds(self, split: str = "valid") -> tuple[np.ndarray, np.ndarray]:
        """Predict the images of a split with this learner's weights, without calibration.

        Returns:
            Probabilities, float32 (N, C), and targets, int64 (N,), of the labels in sorted order.

        Raises:
            RunError: it has not trained yet, or the labels have changed since.
            DatasetError: the split has no images.
        """
        logits, targets, _ = self._predict_split(split)
        return softmax(logits), targets

    def validate(self, split: str = "valid") -> tuple[float, float]:
        """Measure this learner's weights on a split, as the table of epochs does; raises what `get_preds` raises.

        Returns:
            Cross-entropy in nats, with the run's label smoothing, and the error rate.
        """
        logits, targets, config = self._predict_split(split)
        return checks.loss_and_error_of(logits, targets, config.label_smoothing)

    def _predict_split(self, split: str) -> tuple[np.ndarray, np.ndarray, TrainConfig]:
        run, stage = self._where()
        config, start = TrainConfig.from_dict(run.config), warm_start.load_stage(run, stage)
        data, features, _ = self._load_features(config, start)
        return *checks.split_logits(start, data, features, split), config

    def show_batch(self, n: int = 9) -> "Figure":
        """Draw `n` random training images with their labels, as training sees them: changed at random if unfrozen.

        Raises:
            DatasetError: the images cannot be trained on.
        """
        return checks.batch_figure(self.project, self._config_now, self._frozen, n)

    def summary(self) -> str:
        """Describe the network: body, head, number of parameters, and which layer groups learn.

        Raises:
            DatasetError: the images cannot be trained on.
            BodyError: the body's weights are not here.
        """
        return checks.summary(self.project, self._config_now, self._frozen)

    def save(self, name: str) -> Path:
        """Save this learner's weights under a name of their own, for `load`.

        Raises:
            RunError: it has not trained yet, or the name cannot be a file's.
        """
        return warm_start.save_as(*self._where(), name)

    def load(self, name: str) -> "Learner":
        """Go back to weights: a stage or a name given to `save`, of this run or of those before it, or RUN/STAGE.

        Raises:
            RunError: there is no such stage.
        """
        path = name if "/" in name else warm_start.find_earlier(self.project, self.run, name)
        run, stage = warm_start.find_stage(self.project, path)
        self._at = f"{run.id}/{stage}"
        return self

    def predict(self, picture: str | os.PathLike[str]) -> Prediction:
        """Predict an image with this learner's weights, as the exported model does."""
        return Predictor(exported(self.project, *self._where())).predict(picture)

    def export(self, folder: str | os.PathLike[str] | None = None) -> Path:
        """Write this learner's model as a folder for `Predictor`; see `export_model`."""
        run, stage = self._where()
        return export_model(self.project, folder, run.id, stage)

    def out_of_fold_probs(self) -> tuple[Dataset, np.ndarray]:
        """The images, and probabilities (N, C) of each by a head that was not trained on it."""
        data, features, _ = self._load_features(self.config, warm_start.starting_point(self.project, self.config))
        return data, leave_one_out_probs(features.values[:, 0], data.targets, len(data.vocab))

    @property
    def _config_now(self) -> TrainConfig:
        """The configuration that the next fit begins with."""
        return replace(self.config, start=self._at)

    def _load_features(self, config: TrainConfig, start: warm_start.LoadedStage) -> tuple[Dataset, Features, float]:
        return warm_start.load_features(self.project, config, start, self._listeners.progress)
