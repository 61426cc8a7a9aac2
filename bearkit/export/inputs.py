"""Read the inputs of an export once: the run's files, the features of its images, and the catalogue."""

from dataclasses import dataclass

import numpy as np
import torch

from bearkit.bodies.features import extract_features
from bearkit.bodies.registry import Body
from bearkit.catalog.catalog import Catalog
from bearkit.catalog.schema import ImageRecord
from bearkit.core.project import Project
from bearkit.errors import NoImagesError
from bearkit.evaluation import metrics
from bearkit.runs import Run
from bearkit.runs.predictions import Predictions
from bearkit.training import head, warm_start
from bearkit.training.config import TrainConfig

MIN_TRAIN_SHARE = 0.9  # of the run's training images; with fewer left, no detector of unknown images is fitted


@dataclass(frozen=True)
class RunFeatures:
    """The images of a run that are still there, with their features.

    Attributes:
        train: images that the run trained on.
        valid: images that it was validated on.
        features: of both, float32 (n, D) each, in the order of the images.
        targets: of both, int (n,) each.
        complete: whether nearly all training images are left, and some of every label.
    """

    train: list[ImageRecord]
    valid: list[ImageRecord]
    features: tuple[np.ndarray, np.ndarray]
    targets: tuple[np.ndarray, np.ndarray]
    complete: bool


@dataclass(frozen=True)
class ExportInputs:
    """The inputs of an export.

    Attributes:
        project: of the run.
        catalog: of the project.
        run: the training.
        stage: which of its checkpoints is exported.
        checkpoint: id of these weights, see `Run.checkpoint_id`.
        seed: that chose the validation images.
        started_at: when the training began, Unix time; None if that was not recorded.
        body: the network without its classifier.
        weight: of the head, float32 (C, D): logits = features @ weight.T + bias.
        bias: of the head, float32 (C,).
        predictions: of the run's last checkpoint, for every image of the run.
        are_predictions_of_stage: whether these are the exported weights' own predictions.
        features: of the run's images.
        error_rate: of the exported weights on the validation images.
        error_interval: its 95 % confidence interval.
        valid_images: number of validation images.
    """

    project: Project
    catalog: Catalog
    run: Run
    stage: str
    checkpoint: str
    seed: int
    started_at: float | None
    body: Body
    weight: torch.Tensor
    bias: torch.Tensor
    predictions: Predictions
    are_predictions_of_stage: bool
    features: RunFeatures
    error_rate: float
    error_interval: tuple[float, float]
    valid_images: int

    @property
    def vocab(self) -> list[str]:
        """The labels in training order."""
        return [str(label) for label in self.predictions.vocab]

    @property
    def labels(self) -> dict[str, str]:
        """The label that each image of the run had in the training, {image_id: label}."""
        names = self.predictions.vocab[self.predictions.targets].tolist()
        return dict(zip(self.predictions.image_ids.tolist(), names, strict=True))

    @property
    def counts(self) -> dict[str, tuple[int, int]]:
        """Training and validation images of each label."""
        train, valid = (
            np.bincount(self.predictions.only(split).targets, minlength=len(self.predictions.vocab)).tolist()
            for split in ("train", "valid")
        )
        return {label: (train[n], valid[n]) for n, label in enumerate(self.vocab)}


def load_inputs(project: Project, run: Run, stage: str, last_stage: str) -> ExportInputs:
    """Read the inputs of the export of a checkpoint.

    Args:
        project: of the run.
        run: a finished training.
        stage: one of its checkpoints.
        last_stage: the checkpoint that its result and its predictions are about.

    Raises:
        RunError: a file of the run is gone or damaged.
        BodyError: the body's weights are not here.
    """
    config, result, catalog = TrainConfig.from_dict(run.config), run.result, Catalog(project)
    predictions = run.predictions()
    model = warm_start.load_stage(run, stage, config)
    assert model.head is not None and model.about is not None
    weight, bias = head.fuse_standardisation(model.head)
    checkpoint = run.checkpoint_id(stage)
    if stage == last_stage:
        rate, n = result["error_rate"], result["valid_images"]
        low, high = result["error_interval"]
    else:
        rate, n = model.about.error_rate, result["valid_images"]
        low, high = metrics.error_interval(round(rate * n), n)
    return ExportInputs(
        project=project,
        catalog=catalog,
        run=run,
        stage=stage,
        checkpoint=checkpoint,
        seed=config.seed,
        started_at=next((event["time"] for event in run.events()), None),
        body=model.body,
        weight=weight,
        bias=bias,
        predictions=predictions,
        are_predictions_of_stage=stage == last_stage or checkpoint == run.checkpoint_id(last_stage),
        features=_load_features(catalog, predictions, model.body, config.views),
        error_rate=rate,
        error_interval=(low, high),
        valid_images=n,
    )


def _load_features(catalog: Catalog, predictions: Predictions, body: Body, n_views: int) -> RunFeatures:
    """Get the features of the run's images that are still there, from the cache if possible."""
    ids = predictions.image_ids.tolist()
    split, target = (
        dict(zip(ids, values.tolist(), strict=True)) for values in (predictions.splits, predictions.targets)
    )
    images = {image.image_id: image for image in catalog.images() if image.image_id in split}
    try:
        computed = extract_features(catalog.project, list(images.values()), body, n_views)
    except NoImagesError:
        no_features, no_targets = np.zeros((0, 0), np.float32), np.zeros(0, int)
        return RunFeatures([], [], (no_features, no_features), (no_targets, no_targets), complete=False)
    splits = np.array([split[image_id] for image_id in computed.image_ids])
    targets = np.array([target[image_id] for image_id in computed.image_ids], int)
    train, valid = (np.flatnonzero(splits == name) for name in ("train", "valid"))
    trained_on = [image_id for image_id, name in split.items() if name == "train"]
    return RunFeatures(
        train=[images[computed.image_ids[row]] for row in train],
        valid=[images[computed.image_ids[row]] for row in valid],
        features=(computed.values[train, 0], computed.values[valid, 0]),
        targets=(targets[train], targets[valid]),
        complete=len(train) >= MIN_TRAIN_SHARE * len(trained_on)
        and set(targets[train].tolist()) == {target[image_id] for image_id in trained_on},
    )
