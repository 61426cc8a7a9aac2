"""Is there enough data? Said rightly for data of which the answer is known."""

import numpy as np
import pytest

from bearkit import Learner
from bearkit.training.config import TrainConfig
from bearkit.training.learning_curve import FRACTIONS, learning_curve

CONFIG = TrainConfig(epochs=40, lr=0.02)  # few features learn slowly


def clouds(n, distance, seed=0):
    """Two clouds in many directions: the nearer, the more pictures it takes to tell them apart."""
    rng = np.random.default_rng(seed)
    targets = rng.integers(0, 2, n)
    values = rng.normal(0, 1, (n, 1, 60)).astype(np.float32)
    values[:, 0] += distance * (2 * targets[:, None] - 1) / np.sqrt(60)
    return values, targets


@pytest.mark.slow(8)
def test_hard_data_wants_more_and_easy_data_does_not():
    hard = learning_curve(*clouds(600, 1.2), ["cat", "dog"], CONFIG)
    assert [point["fraction"] for point in hard.points] == list(FRACTIONS)
    assert [point["images"] for point in hard.points] == [48, 120, 240, 360, 480]
    errors = [point["error_rate"] for point in hard.points]
    assert errors[0] > errors[-1]
    assert all(low <= error <= high for error, (low, high) in zip(errors, (p["interval"] for p in hard.points)))  # noqa: B905
    assert hard.verdict.startswith("More pictures would help: from 240 to 480 pictures")
    easy = learning_curve(*clouds(600, 8.0), ["cat", "dog"], CONFIG)
    assert easy.verdict.startswith("No picture is predicted wrongly")


def test_the_label_that_lacks_pictures_is_named():
    values, targets = clouds(700, 1.5)
    keep = np.flatnonzero((targets == 0) | (np.arange(700) % 8 == 0))
    curve = learning_curve(values[keep], targets[keep], ["cat", "dog"], CONFIG)
    assert "Most of all of `dog`" in curve.verdict


def test_pure_chance_is_not_taken_for_a_gain():
    rng = np.random.default_rng(1)
    values, targets = rng.normal(size=(300, 1, 20)).astype(np.float32), rng.integers(0, 2, 300)
    verdict = learning_curve(values, targets, ["cat", "dog"], CONFIG).verdict
    assert not verdict.startswith("More pictures would help")


def test_the_learner_draws_it(shapes):
    learn = Learner(shapes)
    curve = learn.learning_curve()
    assert curve.points[-1]["images"] == 29  # four fifths of 36, rounded
    assert learn.learning_plot.read_bytes()[:4] == b"\x89PNG"
