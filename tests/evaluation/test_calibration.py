"""What is calibrated are a run's logits: probabilities of 32 bits have lost what a temperature would need."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.special import softmax

from bearkit.catalog.statistics import CurationStats
from bearkit.evaluation.calibration import is_at_bound
from bearkit.export.inputs import RunFeatures
from bearkit.export.measurements import measure
from bearkit.export.model_card import Facts, model_card
from bearkit.inference.model_folder import read_config
from bearkit.runs.predictions import Predictions
from bearkit.training.config import TrainConfig
from bearkit.training.head import TrainValidFeatures, predict_logits, train_head

GONE = RunFeatures([], [], (np.zeros((0, 4)), np.zeros((0, 4))), (np.zeros(0, int), np.zeros(0, int)), False)


def told(logits, targets):
    """A run's predictions of pictures with these logits."""
    names = np.array([str(n) for n in range(len(targets))])
    splits, vocab = np.array(["valid"] * len(targets)), np.array(["disc", "square", "star"])
    logits = np.asarray(logits, np.float32)
    return Predictions(names, names, splits, np.asarray(targets), softmax(logits, axis=1), vocab, logits)


def measured(logits, targets):
    """What an export finds when the pictures are gone and the run kept these logits."""
    return measure(GONE, np.zeros((3, 4)), np.zeros(3), told(logits, targets))


def test_probabilities_that_are_0_in_32_bits_are_calibrated_from_their_logits():
    """Logits 30 times too large are 30 times as hot, though most of their probabilities are 0 or 1."""
    rng = np.random.default_rng(0)
    honest = rng.normal(size=(3000, 3)) * 8
    targets = np.array([rng.choice(3, p=p) for p in softmax(honest, axis=1)])
    sharp = told(honest * 15, targets)
    assert (sharp.probs.min(axis=1) == 0).mean() > 0.5
    assert measured(honest * 15, targets).temperature == pytest.approx(15, rel=0.1)


def test_a_temperature_at_its_bound_is_told(trained):
    targets = np.arange(30) % 3
    wrong = np.where(np.arange(30) < 10, (targets + 1) % 3, targets)
    found = measured(1000.0 * np.eye(3)[wrong], targets)  # wrong about a third, and a thousand times too sure
    assert found.temperature == pytest.approx(20, rel=0.01)
    (warning,) = found.warnings
    assert "the temperature 20 is at the limit of the range that was tried" in warning
    config = read_config(trained.model)
    facts = Facts({"disc": (10, 2), "square": (10, 2), "star": (10, 2)}, False, CurationStats(0, 0, 0, {}))
    assert f"Warning: {warning}." in model_card(
        replace(config, info=replace(config.info, warnings=found.warnings)), facts
    )
    assert "Warning" not in model_card(config, facts)


def test_a_temperature_within_its_bounds_is_not_at_one():
    assert [is_at_bound(one) for one in (0.0501, 0.1, 1.0, 10.0, 19.99)] == [True, False, False, False, True]


def test_an_export_prints_its_warnings(trained, tmp_path, bearkit_json):
    assert bearkit_json("export", tmp_path / "model", "-p", trained.project.root)["warnings"] == []


def test_a_run_keeps_its_logits_and_an_older_one_without_them_is_opened(trained, tmp_path):
    kept = trained.learn.run.predictions()
    assert kept.probs == pytest.approx(softmax(kept.logits, axis=1), abs=1e-6)
    older = {name: array for name, array in vars(kept).items() if name != "logits"}
    np.savez_compressed(tmp_path / "old.npz", **older)
    old = Predictions.load(tmp_path / "old.npz")
    assert old.logits is None
    assert (old.only("valid").probs == kept.only("valid").probs).all()
    old.save(tmp_path / "again.npz")
    assert Predictions.load(tmp_path / "again.npz").logits is None


def test_a_feature_that_no_training_picture_shows_does_not_decide_about_a_new_one():
    """Most features of a body are nearly 0 for drawings, and not for a photograph."""
    rng = np.random.default_rng(0)
    values = rng.normal(size=(60, 1, 8)).astype(np.float32)
    targets = np.arange(60) % 2
    values[:, 0, 0] += 2 * targets
    values[:, 0, 4:] = 0
    values[0, 0, 4:] = 0.05  # but for one picture
    head = train_head(TrainValidFeatures(values, targets, values[:, 0], targets, 2), TrainConfig(epochs=4))
    new = values[:1, 0].copy()
    new[0, 4:] = 3.0
    spread = np.ptp(predict_logits(head, new))
    assert spread < 5
    assert torch.isfinite(head.std).all()


def test_the_card_warns_of_labels_of_which_hardly_anything_is_known(trained):
    config = read_config(trained.model)
    facts = Facts({"disc": (10, 2), "square": (2, 0), "a`b": (3, 1)}, False, CurationStats(0, 0, 0, {}))
    text = model_card(config, facts)
    assert "Warning: these labels have fewer than 6 pictures each: `square` (2), `` a`b `` (4)." in text
    assert 'For many of those the answer may be "none of these"' in text
    never = replace(config, info=replace(config.info, threshold=None))  # it calls no picture "none of these"
    assert "fewer than 6 pictures each" not in model_card(never, facts)
    enough = Facts({"disc": (10, 2), "square": (5, 1)}, False, CurationStats(0, 0, 0, {}))
    assert "fewer than 6 pictures each" not in model_card(config, enough)
