"""The Learner in fastai's words: a constant rate, predictions, a batch to look at, the network in words."""

import numpy as np
import pytest
import torch
from sklearn.metrics import accuracy_score, log_loss
from torch.nn import functional

from bearkit import Learner, Project, import_images
from bearkit.bodies import registry
from bearkit.catalog.catalog import Catalog
from bearkit.catalog.decision_types import DecisionRequest
from bearkit.catalog.decisions import DecisionLog
from bearkit.datasets import dataset
from bearkit.errors import DatasetError, RunError
from bearkit.runs import Run
from bearkit.training.callbacks import Callback
from bearkit.training.config import TrainConfig
from bearkit.training.head import TrainValidFeatures, train_head
from tests import tiny_body
from tests.conftest import write_drawings

LABELS = {"disc", "square", "star"}


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A project of 27 drawings, to train a tiny body on."""
    tiny_body.register()
    folder = tmp_path_factory.mktemp("learner")
    project = Project(folder / "shapes")
    import_images(project, write_drawings(folder / "source", 9))
    return project


@pytest.fixture
def learn(small):
    return Learner(small, body=tiny_body.NAME, weights="none", label_smoothing=0.0)


def test_a_constant_rate_gives_what_torchs_adamw_gives():
    rng = np.random.default_rng(0)
    values, targets = rng.normal(size=(60, 1, 4)).astype(np.float32), rng.integers(0, 3, 60)
    config = TrainConfig(epochs=25, lr=0.02, schedule="flat", dropout=0, batch_size=60, label_smoothing=0.05)
    head = train_head(TrainValidFeatures(values, targets, values[:0, 0], targets[:0], 3), config)
    x = torch.from_numpy((values[:, 0] - values[:, 0].mean(0)) / values[:, 0].std(0))
    weight, bias = torch.zeros(3, 4, requires_grad=True), torch.zeros(3, requires_grad=True)
    groups = [{"params": [weight], "weight_decay": 0.01}, {"params": [bias], "weight_decay": 0.0}]
    adamw = torch.optim.AdamW(groups, lr=0.02, betas=(0.9, 0.99), eps=1e-5)
    for _ in range(25):
        adamw.zero_grad()
        functional.cross_entropy(x @ weight.T + bias, torch.from_numpy(targets), label_smoothing=0.05).backward()
        adamw.step()
    assert torch.allclose(head.linear.weight, weight, atol=1e-4)
    assert torch.allclose(head.linear.bias, bias, atol=1e-4)


def test_fit_keeps_the_rate_and_fit_one_cycle_does_not(small):
    rates = []
    learn = Learner(small, body=tiny_body.NAME, weights="none", on_step=lambda step: rates.append(step.lr))
    learn.fit(3, 0.01)
    assert rates == [0.01] * 3
    assert learn.run.config["schedule"] == "flat"
    assert "--schedule flat" in TrainConfig.from_dict(learn.run.config).as_command()
    learn.unfreeze()
    rates.clear()
    learn.fit(2, slice(1e-5, 1e-3))
    assert rates == [1e-3] * 2
    assert learn.run.config["lr_unfrozen"] == [1e-5, 1e-3]
    learn.fit_one_cycle(2, 1e-3)
    assert learn.run.config["schedule"] == "one-cycle"


@pytest.mark.parametrize("schedule", ["", "cosine"])
def test_a_schedule_that_does_not_exist_is_refused(learn, schedule):
    with pytest.raises(RunError, match="schedule must be one of one-cycle, flat"):
        learn.fit_one_cycle(1, schedule=schedule)


def test_validate_and_get_preds_are_the_last_row_of_the_table(learn):
    row = learn.fit_one_cycle(8, 0.05).stages[0]["epochs"][-1]
    assert learn.validate() == pytest.approx((row["valid_loss"], row["error_rate"]))
    probs, targets = learn.get_preds()
    assert probs.shape == (len(targets), 3)
    assert probs.sum(axis=1) == pytest.approx(1)
    exact = probs.astype(float) / probs.astype(float).sum(axis=1, keepdims=True)
    assert log_loss(targets, exact, labels=[0, 1, 2]) == pytest.approx(row["valid_loss"], abs=1e-5)
    assert 1 - accuracy_score(targets, probs.argmax(1)) == pytest.approx(row["error_rate"])


def test_each_stage_and_split_can_be_predicted(small, learn):
    learn.fit(2, 0.05)
    first, _ = learn.get_preds()
    learn.unfreeze()
    learn.fit(2, 1e-2)
    assert learn.get_preds()[0] == pytest.approx(learn.run.predictions().only("valid").probs, abs=1e-6)
    assert len(learn.get_preds()[1]) + len(learn.get_preds("train")[1]) == len(Catalog(small).images())
    learn.load("stage-1")
    assert learn.get_preds()[0] == pytest.approx(first, abs=1e-6)


def test_what_cannot_be_predicted_says_so(learn):
    with pytest.raises(RunError, match="has not trained yet"):
        learn.validate()
    learn.fit_one_cycle(1)
    with pytest.raises(DatasetError, match="there are no test images"):
        learn.get_preds("test")


def test_a_batch_shows_training_images_with_their_labels(small, learn):
    figure = learn.show_batch(4)
    shown = [axes for axes in figure.axes if axes.images]
    assert len(shown) == 4
    assert {axes.get_title() for axes in shown} <= LABELS
    assert shown[0].images[0].get_array().shape == (32, 32, 3)
    n_train = len(dataset.load(Catalog(small), learn.config.seed).indices("train"))
    assert len([axes for axes in learn.show_batch(500).axes if axes.images]) == n_train


def test_the_summary_counts_what_torch_counts(learn):
    body = registry.get(tiny_body.NAME, "none").network()
    count = sum(parameter.numel() for parameter in body.parameters())
    assert f"body: {tiny_body.NAME}, 32 px, {count:,} parameters, random weights" in learn.summary()
    assert "head: 16 features -> 3 labels, 51 parameters, new" in learn.summary()
    assert f"learns: 51 of {count + 51:,} parameters" in learn.summary()
    learn.unfreeze()
    assert f"learns: {count + 51:,} of {count + 51:,} parameters" in learn.summary()
    learn.unfreeze(2)
    assert learn.summary().count("learns\n") + learn.summary().endswith("learns") == 2


@pytest.fixture
def loads(monkeypatch):
    """A list that grows by one whenever the data set is loaded."""
    calls, load = [], dataset.load
    monkeypatch.setattr(dataset, "load", lambda *args: calls.append(args) or load(*args))
    return calls


def test_a_training_loads_its_data_set_once(learn, loads):
    learn.train(epochs=1, unfreeze=1)
    assert len(loads) == 1


def test_a_training_that_waited_loads_its_data_set_again(learn, loads, monkeypatch):
    answers = [False, True]  # it is not this run's turn at first
    monkeypatch.setattr(Run, "_is_next", lambda self: answers.pop(0))
    learn.train(epochs=1)
    assert len(loads) == 2


def test_a_decision_during_a_training_does_not_change_what_its_predictions_are_about(project, tmp_path):
    tiny_body.register()
    import_images(project, write_drawings(tmp_path / "source", 9))
    before = dataset.load(Catalog(project))
    first, second = (image.image_id for image in before.images[:2])
    log = DecisionLog(Catalog(project))

    class Reviewer(Callback):
        def after_fit(self, fit):
            if not log.history():
                log.decide([DecisionRequest(first, "delete"), DecisionRequest(second, "relabel", "star")], "ann")

    learn = Learner(project, body=tiny_body.NAME, weights="none", callbacks=[Reviewer()])
    learn.train(epochs=1, unfreeze=1)
    predictions = learn.run.predictions()
    assert set(predictions.image_ids) == {image.image_id for image in before.images}
    labels = dict(zip(predictions.image_ids, predictions.vocab[predictions.targets], strict=True))
    assert labels[second] == before.images[1].label != "star"
    assert len(dataset.load(Catalog(project)).images) == len(before.images) - 1
