"""What the features of a run's pictures say about its model: how sure it may be, and what it knows."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from bearkit.bodies.features import extract_features
from bearkit.bodies.registry import Body
from bearkit.catalog.catalog import Catalog
from bearkit.catalog.schema import ImageRecord
from bearkit.core.project import Project
from bearkit.errors import NoImagesError
from bearkit.evaluation.calibration import MAX_TEMPERATURE, fit_temperature, is_at_bound
from bearkit.evaluation.ood import OODDetector, fit_ood_detector
from bearkit.runs import Run
from bearkit.runs.predictions import Predictions
from bearkit.training.config import TrainConfig

MOST_THERE = 0.9  # share of the run's training pictures without which nothing is said of what is known


@dataclass(frozen=True)
class RunFeatures:
    """A run's pictures that are still there, and what a body makes of them.

    Attributes:
        train: the pictures that were trained on; valid: those that were not.
        features: float32 (n, D), of both, in order.
        targets: int (n,), of both.
        there: whether nearly all training pictures are, of every label: else nothing can be said of what is known.
    """

    train: list[ImageRecord]
    valid: list[ImageRecord]
    features: tuple[np.ndarray, np.ndarray]
    targets: tuple[np.ndarray, np.ndarray]
    there: bool


@dataclass(frozen=True)
class Measured:
    """How a model's probabilities are made honest, and what its pictures are compared with."""

    temperature: float
    known: OODDetector | None

    def as_dict(self) -> dict[str, Any]:
        """What config.json keeps of it."""
        threshold = self.known.threshold if self.known else None
        return {"temperature": self.temperature, "threshold": threshold, "warnings": self.warnings}

    @property
    def warnings(self) -> list[str]:
        """What people should know of these figures before they trust them."""
        if not is_at_bound(self.temperature):
            return []
        return [
            f"the temperature {self.temperature:.3g} lies at the bound of what is tried "
            f"({1 / MAX_TEMPERATURE:g} to {MAX_TEMPERATURE:g}): the probabilities are not calibrated well"
        ]


def load_run_features(project: Project, run: Run, body: Body) -> RunFeatures:
    """The features of a run's pictures; the kept ones, where they were looked at before."""
    told = run.predictions()
    ids = told.image_ids.tolist()
    split, target = (dict(zip(ids, values.tolist(), strict=True)) for values in (told.splits, told.targets))
    images = {image.image_id: image for image in Catalog(project).images() if image.image_id in split}
    try:
        found = extract_features(project, list(images.values()), body, TrainConfig.from_dict(run.config).views)
    except NoImagesError:
        nothing = np.zeros((0, 0), np.float32), np.zeros((0, 0), np.float32)
        return RunFeatures([], [], nothing, (np.zeros(0, int), np.zeros(0, int)), False)
    rows = {name: [row for row, one in enumerate(found.image_ids) if split[one] == name] for name in ("train", "valid")}
    train, valid = ([images[found.image_ids[row]] for row in rows[name]] for name in ("train", "valid"))
    targets = np.array([target[one] for one in found.image_ids], int)
    there = len(train) >= MOST_THERE * list(split.values()).count("train")
    there &= set(targets[rows["train"]]) == {target[one] for one, name in split.items() if name == "train"}
    both = rows["train"], rows["valid"]
    values = found.values[:, 0]
    of_train, of_valid = ((values[some], targets[some]) for some in both)
    return RunFeatures(train, valid, (of_train[0], of_valid[0]), (of_train[1], of_valid[1]), there)


def measure(looked: RunFeatures, weight: np.ndarray, bias: np.ndarray, told: Predictions | None = None) -> Measured:
    """Temperature and similarity of a model.

    Args:
        looked: its pictures.
        weight: float (C, D) of its head, logits = features @ weight.T + bias.
        bias: float (C,).
        told: the validation pictures' logits that the run kept; None, or without logits, to compute them here.
    """
    train, valid = looked.features
    if told is not None and told.logits is not None:
        logits, targets = told.logits, told.targets
    elif len(valid):
        logits, targets = valid @ weight.T + bias, looked.targets[1]
    else:
        logits, targets = np.zeros((0, len(bias))), looked.targets[1]
    return Measured(
        fit_temperature(logits, targets), fit_ood_detector(train, valid, looked.targets) if looked.there else None
    )
