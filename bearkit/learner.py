"""The Learner: the loop from pictures to a trained, checked, exported model, in fastai's words."""

import os
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.torch

from bearkit import export, runs
from bearkit.catalog import Catalog
from bearkit.dataset import dataset
from bearkit.dataset.dataset import Dataset
from bearkit.errors import RunError
from bearkit.interpretation import metrics
from bearkit.parallel import Progress, no_progress
from bearkit.project import Project, whole
from bearkit.runs import Predictions, Run
from bearkit.training import bodies
from bearkit.training.config import TrainConfig
from bearkit.training.diagnosis import Diagnosis, diagnose
from bearkit.training.features import Features, features
from bearkit.training.head import Epoch, Head, predict_probs, train_head
from bearkit.training.out_of_fold import out_of_fold_probs

PROGRESS_SECONDS = 0.2  # between two progress events of a run


@dataclass(frozen=True)
class TrainResult:
    """The figures of a finished training."""

    run: str
    stages: list[dict[str, Any]]
    error_rate: float
    error_interval: tuple[float, float]
    valid_images: int
    features_seconds: float
    skipped: list[dict[str, str]]
    diagnosis: dict[str, Any]
    unchecked_labels: list[str]  # that have no validation picture: nothing is known of how well they are recognised

    def as_dict(self) -> dict[str, Any]:
        """Plain values, as the run keeps and the command line prints them."""
        return asdict(self) | {"error_interval": list(self.error_interval)}


class Learner:
    """Trains a head on the pictures of a project.

    Args:
        project: whose pictures.
        body: the pretrained network that looks at them.
        seed: decides which pictures are set aside for validation, and every random number of the training.
        progress: told while pictures go through the body.
        on_epoch: told after each epoch.
    """

    def __init__(
        self,
        project: Project,
        body: str = TrainConfig.body,
        seed: int = TrainConfig.seed,
        progress: Progress = no_progress,
        on_epoch: Callable[[Epoch], None] | None = None,
    ) -> None:
        self.project = project
        self.config = TrainConfig(body=body, seed=seed)
        self._progress, self._on_epoch = progress, on_epoch
        self._run: Run | None = None

    @property
    def run(self) -> Run:
        """The newest run of this learner.

        Raises:
            RunError: it has not trained yet.
        """
        if self._run is None:
            raise RunError(
                "this learner has not trained yet",
                hint="`learn.fit_one_cycle()`, or `export_model(project)` for an earlier run",
            )
        return self._run

    def fit_one_cycle(
        self, epochs: int = TrainConfig.epochs, lr: float = TrainConfig.lr, **options: Any
    ) -> TrainResult:
        """Train a new head with the one-cycle schedule, as a run of its own.

        Args:
            epochs: times that the head sees each training picture.
            lr: the highest learning rate.
            options: other fields of `TrainConfig`.

        Raises:
            DatasetError: the pictures cannot be trained on; BodyError: the body's weights are not here.
        """
        return self.fit(create_run(self.project, replace(self.config, epochs=epochs, lr=lr, **options)))

    def fit(self, run: Run) -> TrainResult:
        """Carry out a run that was created with its configuration."""
        self.config = config = TrainConfig(**run.config)
        with run.working():
            data, found, seconds = self._look(config, run)
            epochs: list[Epoch] = []
            clock = time.perf_counter()
            head = self._train(config, data, found, self._recorder(run, epochs))
            stage = {
                "name": "frozen",
                "seconds": round(time.perf_counter() - clock, 3),
                "epochs": [asdict(e) for e in epochs],
            }
            predictions = _predictions(data, predict_probs(head, found.values[:, 0]))
            with whole(run.checkpoint) as part:
                part.write_bytes(safetensors.torch.save(head.state_dict()))
            run.save_predictions(predictions)
            diagnosis = _diagnosis(epochs, data)
            result = _result(run, [stage], predictions.only("valid"), round(seconds, 3), found.skipped, diagnosis)
            run.finish(result.as_dict())
        self._run = run
        return result

    def out_of_fold_probs(self) -> tuple[Dataset, np.ndarray]:
        """The pictures, and probabilities (N, C) for each by a head that was not trained on it, but in the same way."""
        data, found, _ = self._look(self.config, None)
        return data, out_of_fold_probs(found.values, data.targets, len(data.vocab), self.config)

    def export(self, folder: str | os.PathLike[str] | None = None) -> Path:
        """Write the newest run's model as a folder for `Predictor`; see `export_model`."""
        return export.export_model(self.project, folder, self.run.id)

    def _look(self, config: TrainConfig, run: Run | None) -> tuple[Dataset, Features, float]:
        """The data set and its features, and the seconds that they took."""
        clock, last = time.perf_counter(), 0.0

        def told(what: str, done: int, total: int) -> None:
            nonlocal last
            self._progress(what, done, total)
            if run is not None and (done == total or time.perf_counter() - last > PROGRESS_SECONDS):
                last = time.perf_counter()
                run.event("features", done=done, total=total)

        data = dataset.load(Catalog(self.project), config.seed)
        found = features(self.project, data.images, bodies.get(config.body), config.views, told)
        if found.skipped:
            data = data.without({row["image_id"] for row in found.skipped})
        return data, found, time.perf_counter() - clock

    def _train(self, config: TrainConfig, data: Dataset, found: Features, on_epoch: Callable[[Epoch], None]) -> Head:
        train, valid = data.indices("train"), data.indices("valid")
        return train_head(
            found.values[train], data.targets[train], found.values[valid, 0], data.targets[valid],
            len(data.vocab), config, on_epoch,
        )  # fmt: skip

    def _recorder(self, run: Run, epochs: list[Epoch]) -> Callable[[Epoch], None]:
        def record(epoch: Epoch) -> None:
            epochs.append(epoch)
            run.event("epoch", stage="frozen", **asdict(epoch))
            if self._on_epoch is not None:
                self._on_epoch(epoch)

        return record


def create_run(project: Project, config: TrainConfig) -> Run:
    """A new run for `Learner.fit`, once its body and its pictures are known to allow it.

    Raises:
        DatasetError: the pictures cannot be trained on; BodyError: there is no such body.
    """
    bodies.get(config.body)
    dataset.load(Catalog(project), config.seed)
    return runs.create(project, config.as_dict())


def _predictions(data: Dataset, probs: np.ndarray) -> Predictions:
    return Predictions(
        image_ids=np.array([image.image_id for image in data.images]),
        paths=np.array([image.path for image in data.images]),
        splits=data.splits,
        targets=data.targets,
        probs=probs,
        vocab=np.array(data.vocab),
    )


def _result(
    run: Run,
    stages: list[dict[str, Any]],
    valid: Predictions,
    features_seconds: float,
    skipped: list[dict[str, str]],
    diagnosis: Diagnosis,
) -> TrainResult:
    n_valid = len(valid.targets)
    error = metrics.error_rate(valid.probs, valid.targets)
    interval = metrics.error_interval(round(error * n_valid), n_valid)
    unchecked = [str(label) for n, label in enumerate(valid.vocab) if n not in valid.targets]
    about = diagnosis.as_dict()
    return TrainResult(run.id, stages, error, interval, n_valid, features_seconds, skipped, about, unchecked)


def _diagnosis(epochs: list[Epoch], data: Dataset) -> Diagnosis:
    names = ("train_loss", "valid_loss", "error_rate")
    train_loss, valid_loss, error_rate = ([getattr(epoch, name) for epoch in epochs] for name in names)
    return diagnose(train_loss, valid_loss, error_rate, len(data.indices("valid")))
