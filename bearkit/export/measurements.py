"""Calibrate a model before it is exported: the temperature of its probabilities, and the OOD detector."""

from dataclasses import dataclass

import numpy as np

from bearkit.evaluation.calibration import MAX_TEMPERATURE, fit_temperature, is_at_bound
from bearkit.evaluation.ood import OODDetector, fit_ood_detector
from bearkit.export.inputs import RunFeatures
from bearkit.runs.predictions import Predictions


@dataclass(frozen=True)
class Measurements:
    """The calibration of a model, measured on the images of its run.

    Attributes:
        temperature: logits are divided by it, so that probabilities are calibrated.
        detector: recognises images that are unlike the training images; None if there are too few images to fit it.
    """

    temperature: float
    detector: OODDetector | None

    @property
    def threshold(self) -> float | None:
        """Images with a similarity below it are unknown; None without a detector."""
        return self.detector.threshold if self.detector else None

    @property
    def warnings(self) -> tuple[str, ...]:
        """Sentences that warn of unreliable probabilities."""
        if not is_at_bound(self.temperature):
            return ()
        return (
            f"the temperature {self.temperature:.3g} is at the limit of the range that was tried "
            f"({1 / MAX_TEMPERATURE:g} to {MAX_TEMPERATURE:g}): the probabilities are not calibrated well",
        )


def measure(
    features: RunFeatures, weight: np.ndarray, bias: np.ndarray, predictions: Predictions | None = None
) -> Measurements:
    """Fit the temperature and the OOD detector of a model.

    Args:
        features: of the run's images.
        weight: of the head, float (C, D): logits = features @ weight.T + bias.
        bias: of the head, float (C,).
        predictions: of these weights for the validation images; None, or without logits, to compute the logits here.
    """
    train, valid = features.features
    if predictions is not None and predictions.logits is not None:
        logits, targets = predictions.logits, predictions.targets
    elif len(valid):
        logits, targets = valid @ weight.T + bias, features.targets[1]
    else:
        logits, targets = np.zeros((0, len(bias))), features.targets[1]
    detector = fit_ood_detector(train, valid, features.targets) if features.complete else None
    return Measurements(fit_temperature(logits, targets), detector)
