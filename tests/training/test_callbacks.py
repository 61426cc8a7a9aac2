"""Callbacks: when each event comes, what a callback may change, and that training gives what it gave without them."""

import json

import numpy as np
import pytest
import torch

from bearkit import Learner, Project, import_images, runs
from bearkit.errors import RunError
from bearkit.training.callbacks import Callback, EarlyStopping, Epoch, Fit, FunctionCallback
from bearkit.training.config import TrainConfig
from bearkit.training.head import TrainValidFeatures, build_head_setup, seeded_alone
from bearkit.training.loop import fit
from bearkit.training.schedule import SCHEDULES
from tests import record_training, tiny_body
from tests.conftest import write_drawings

UNFROZEN = {"epochs": 1, "unfreeze": 4}


class Recorder(Callback):
    """Writes down each event."""

    def __init__(self):
        self.events = []

    def before_fit(self, fit):
        self.events.append("before_fit")

    def before_epoch(self, fit, epoch):
        self.events.append(f"before_epoch {epoch}")

    def after_batch(self, fit, step):
        self.events.append(f"after_batch {step.epoch}.{step.batch}/{step.batches}")

    def after_epoch(self, fit, row):
        self.events.append(f"after_epoch {row.epoch}")
        assert fit.rows[-1] is row

    def after_fit(self, fit):
        self.events.append("after_fit")
        assert not fit.setup.model.training


class Failing(Callback):
    """Fails after an epoch of a stage that has more than one."""

    def __init__(self, epoch):
        self.epoch = epoch

    def after_epoch(self, fit, row):
        if fit.epochs > 1 and row.epoch == self.epoch:
            raise ZeroDivisionError("a bug in a callback")


@pytest.fixture
def small(tmp_path):
    """A project of 27 drawings, to train a tiny body on."""
    tiny_body.register()
    project = Project(tmp_path / "shapes")
    import_images(project, write_drawings(tmp_path / "source", 9))
    return project


def learner(project, **options):
    return Learner(project, body=tiny_body.NAME, weights="none", **options)


def setup(config, n=40):
    """A head on random features, ready to learn."""
    rng = np.random.default_rng(0)
    values, targets = rng.normal(size=(n, 1, 5)).astype(np.float32), rng.integers(0, 3, n)
    return build_head_setup(TrainValidFeatures(values, targets, values[:9, 0], targets[:9], 3), config)


def rows(*errors):
    return [Epoch(n, 1.0, 1.0, error, 0.1) for n, error in enumerate(errors)]


@pytest.mark.slow
@pytest.mark.parametrize("name", record_training.TRAININGS)
def test_trainings_give_what_they_gave_before_there_were_callbacks(tmp_path, name):
    recorded = json.loads(record_training.RECORDED.read_text())[name]
    found = record_training.trained(tmp_path, record_training.TRAININGS[name])
    for ours, theirs in zip(found["epochs"], recorded["epochs"], strict=True):
        assert np.array(ours) == pytest.approx(np.array(theirs), abs=1e-4)  # other processors round otherwise
    assert list(found["weights"]) == list(recorded["weights"])


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_the_loop_with_callbacks_is_bit_for_bit_a_plain_loop(schedule):
    config = TrainConfig(epochs=6, batch_size=16)
    with seeded_alone(3):
        ours = setup(config)
        fit(ours, 6, 0.02, schedule, [Recorder(), EarlyStopping(0)])
    with seeded_alone(3):
        plain = setup(config)
        for epoch in range(6):
            plain.model.train()
            for n, batch in enumerate(plain.batches(epoch / 6)):
                plain.step(batch, *SCHEDULES[schedule]((epoch * 3 + n) / 18, 0.02))
    for name, tensor in plain.model.state_dict().items():
        assert torch.equal(ours.model.state_dict()[name], tensor)


def test_events_come_in_their_order():
    recorder = Recorder()
    fit(setup(TrainConfig(batch_size=20)), 2, 0.01, callbacks=[recorder])
    assert recorder.events == [
        "before_fit",
        "before_epoch 0", "after_batch 0.1/2", "after_batch 0.2/2", "after_epoch 0",
        "before_epoch 1", "after_batch 1.1/2", "after_batch 1.2/2", "after_epoch 1",
        "after_fit",
    ]  # fmt: skip


def test_without_validation_images_there_are_no_rows():
    learns, recorder = setup(TrainConfig(batch_size=40)), Recorder()
    learns.check = None
    fit(learns, 2, 0.01, callbacks=[recorder, EarlyStopping(1)])
    assert [event for event in recorder.events if event.startswith("after_epoch")] == []
    assert recorder.events[-1] == "after_fit"


@pytest.mark.parametrize(
    ("errors", "patience", "stopped"),
    [
        ((0.5, 0.4, 0.4), 2, False),
        ((0.5, 0.4, 0.4, 0.4), 2, True),  # an equal error is no gain
        ((0.5, 0.6), 1, True),
        ((0.5, 0.6, 0.7, 0.8), 0, False),
        ((0.5, 0.4, 0.5, 0.3), 2, False),
    ],
)
def test_early_stopping_counts_the_epochs_since_the_lowest_error(errors, patience, stopped):
    state = Fit(setup(TrainConfig()), 100, rows(*errors))
    EarlyStopping(patience).after_epoch(state, state.rows[-1])
    assert state.stopped is stopped


def test_a_callback_that_stops_after_a_batch_ends_the_epoch_which_is_validated():
    told = []

    class Stopper(Callback):
        def after_batch(self, fit, step):
            fit.stop()

    fit(setup(TrainConfig(batch_size=10)), 5, 0.01, callbacks=[Stopper(), FunctionCallback(told.append)])
    assert [row.epoch for row in told] == [0]


def test_what_a_callback_does_to_the_weights_is_saved_and_exported(small):
    class OneAnswer(Callback):
        def after_fit(self, fit):
            with torch.no_grad():
                fit.setup.model.linear.weight.zero_()
                fit.setup.model.linear.bias.copy_(torch.tensor([0.0, 5.0, 0.0]))

    learn = learner(small, callbacks=[OneAnswer()])
    learn.fit_one_cycle(1)
    probs, _ = learn.get_preds()
    assert probs == pytest.approx(np.tile(np.exp([0, 5, 0]) / np.exp([0, 5, 0]).sum(), (len(probs), 1)), abs=1e-6)
    assert learn.run.predictions().only("valid").probs == pytest.approx(probs)


def test_callbacks_hear_of_each_stage(small):
    recorder = Recorder()
    learner(small, callbacks=[recorder]).train(epochs=2, unfreeze=1)
    assert [event for event in recorder.events if "batch" not in event] == [
        "before_fit", "before_epoch 0", "after_epoch 0", "before_epoch 1", "after_epoch 1", "after_fit",
        "before_fit", "before_epoch 0", "after_epoch 0", "after_fit",
    ]  # fmt: skip


def test_a_callback_that_fails_ends_the_run_and_it_resumes_as_if_nothing_had_been(small):
    whole = learner(small).train(**UNFROZEN)
    with pytest.raises(ZeroDivisionError):
        learner(small, callbacks=[Failing(2)]).train(**UNFROZEN)
    run = runs.find_unfinished(small)
    assert run.state == "failed"
    recorder = Recorder()
    resumed = learner(small, callbacks=[recorder]).resume()
    assert [event for event in recorder.events if "before_epoch" in event] == ["before_epoch 2", "before_epoch 3"]
    losses = [[row["valid_loss"] for stage in result.stages for row in stage["epochs"]] for result in (whole, resumed)]
    assert losses[0] == losses[1]


def test_a_resumed_stage_stops_early_where_the_whole_one_does(small):
    options = {"epochs": 1, "unfreeze": 30, "patience": 3, "lr_unfrozen": (1e-9, 1e-9)}
    assert len(learner(small).train(**options).stages[1]["epochs"]) == 4
    with pytest.raises(ZeroDivisionError):
        learner(small, callbacks=[Failing(2)]).train(**options)
    assert len(learner(small).resume().stages[1]["epochs"]) == 4


def test_a_stage_without_an_epoch_is_refused(small):
    class Never(Callback):
        def before_fit(self, fit):
            fit.stop()

    with pytest.raises(RunError, match="before its first epoch"):
        learner(small, callbacks=[Never()]).fit_one_cycle(1)
