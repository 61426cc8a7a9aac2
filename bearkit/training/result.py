"""The figures of a finished training."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from bearkit.datasets.dataset import Dataset
from bearkit.datasets.seed import DEFAULT_SEED
from bearkit.evaluation import metrics
from bearkit.inference.predictor import softmax
from bearkit.runs.predictions import Predictions
from bearkit.training.diagnosis import Diagnosis, diagnose


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
    seed: int = DEFAULT_SEED  # it is the project's from here on
    seed_changed: str = ""  # a sentence for people, where it was not the project's before

    def as_dict(self) -> dict[str, Any]:
        """Return plain values, as the run stores them and the command line prints them."""
        return asdict(self) | {"error_interval": list(self.error_interval)}


def predictions_of(data: Dataset, logits: np.ndarray) -> Predictions:
    """Return the logits of a model, float32 (N, C), with the images that they belong to."""
    return Predictions(
        image_ids=np.array([image.image_id for image in data.images]),
        paths=np.array([image.path for image in data.images]),
        splits=data.splits,
        targets=data.targets,
        probs=softmax(logits),
        logits=logits,
        vocab=np.array(data.vocab),
    )


def result_of(
    run_id: str,
    tables: list[dict[str, Any]],
    valid: Predictions,
    features_seconds: float,
    skipped: list[dict[str, str]],
    error_before: float | None,
) -> TrainResult:
    """Compute the figures of a training.

    Args:
        run_id: which run.
        tables: its stages; the last one is diagnosed.
        valid: what it says of the validation pictures.
        features_seconds: how long looking at the pictures took.
        skipped: pictures that could not be read.
        error_before: of the stage that it started from; None for a new head.
    """
    error, interval = metrics.error_with_interval(valid.probs, valid.targets)
    unchecked = [str(label) for n, label in enumerate(valid.vocab) if n not in valid.targets]
    before = tables[-2]["error_rate"] if len(tables) > 1 else error_before
    diagnosis = _diagnosis(tables[-1]["epochs"], len(valid.targets), before, len(valid.vocab)).as_dict()
    seconds = round(features_seconds, 3)
    return TrainResult(run_id, tables, error, interval, len(valid.targets), seconds, skipped, diagnosis, unchecked)


def _diagnosis(epochs: list[dict[str, Any]], n_valid: int, before: float | None, n_labels: int) -> Diagnosis:
    names = ("train_loss", "valid_loss", "error_rate")
    train_loss, valid_loss, error_rate = ([epoch[name] for epoch in epochs] for name in names)
    return diagnose(train_loss, valid_loss, error_rate, n_valid, before, n_labels)
