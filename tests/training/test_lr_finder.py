"""The LR finder leaves no trace, reads known curves rightly, and says when it cannot tell."""

import numpy as np
import pytest
import torch
from torch import nn

from bearkit import Learner
from bearkit.training import lr_curve
from bearkit.training.loop import TrainSetup, seeded
from bearkit.training.lr_finder import END, START, STEPS, lr_find
from bearkit.training.optimizer import AdamW, Group
from tests import tiny_body

RATES = np.geomspace(START, END, STEPS)


class Model(nn.Module):
    """Layers of every kind that keep something: weights, BatchNorm's buffers, dropout's random numbers."""

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(8, 16), nn.BatchNorm1d(16), nn.Dropout(0.5), nn.Linear(16, 3))

    def forward(self, inputs):
        return self.layers(inputs)


def trainee():
    torch.manual_seed(0)
    model, inputs, labels = Model(), torch.randn(60, 8), torch.randint(0, 3, (60,))

    def batches(_):
        for rows in torch.randperm(60).split(16):
            yield inputs[rows], labels[rows]

    learns = TrainSetup(model, AdamW([Group(list(model.parameters()), 0.01)]), batches, 4, None, 0.0)
    for batch in learns.batches(0.0):  # so that the optimiser has something to lose
        learns.step(batch, 1e-3, 0.9)
    return learns


def everything(learns):
    """Every number that the next step depends on."""
    tensors = [*learns.model.state_dict().values(), *learns.optimiser.state().values(), torch.get_rng_state()]
    return [tensor.clone() for tensor in tensors]


def test_everything_is_as_it_was_bit_for_bit():
    learns = trainee()
    before = everything(learns)
    curve = lr_find(learns)
    assert len(curve.lrs) > 20
    assert all(torch.equal(a, b) for a, b in zip(before, everything(learns), strict=True))


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_also_when_it_is_interrupted(error):
    learns = trainee()
    before = everything(learns)

    def interrupt(_what, done, _total):
        if done == 7:
            raise error

    with pytest.raises(error):
        lr_find(learns, interrupt)
    assert all(torch.equal(a, b) for a, b in zip(before, everything(learns), strict=True))


def valley(lowest_at=1e-2, depth=1.0):
    """A loss that falls around a tenth of `lowest_at`, and shoots up beyond it."""
    x = np.log10(RATES / lowest_at)
    return 2 - depth / (1 + np.exp(-4 * (x + 1))) + np.exp(4 * x) * (x > -0.5)


@pytest.mark.parametrize("lowest_at", [1e-4, 1e-3, 1e-2, 1e-1])
def test_known_valleys_are_found(lowest_at):
    noise = np.random.default_rng(0).normal(0, 0.01, STEPS)
    curve = lr_curve.suggest(RATES, valley(lowest_at) + noise)
    found = curve.suggestions
    assert lowest_at / 60 < found["valley"] < lowest_at / 3
    assert found["steepest"] == pytest.approx(lowest_at / 10, rel=0.8)
    assert lowest_at / 60 < found["minimum"] < lowest_at / 3
    assert found["slide"] < lowest_at
    assert "valley" in curve.reason


@pytest.mark.parametrize(
    ("losses", "reason"),
    [
        (np.full(STEPS, 1.1), "falls by only 0 of 1.1"),
        (np.linspace(1, 3, STEPS), "falls by only"),
        (1.5 + np.random.default_rng(0).normal(0, 0.5, STEPS), "jumps by"),
        (np.array([1.1, np.nan] + [1.0] * 98), "broke down after 1 steps"),
        (np.array([1.1] * 10), "broke down after 10 steps"),
    ],
)
def test_a_curve_that_does_not_tell_gives_nothing_and_the_reason(losses, reason):
    curve = lr_curve.suggest(RATES[: len(losses)], losses)
    assert curve.suggestions == dict.fromkeys(lr_curve.NAMES)
    assert curve.reason.startswith("Cannot tell")
    assert reason in curve.reason


def test_a_flat_curve_that_shoots_up_says_from_where():
    losses = np.where(RATES < 1e-3, 0.3, 0.3 + 100 * RATES)
    assert "From 0.0" in lr_curve.suggest(RATES, losses).reason


def test_smoothing_moves_no_minimum():
    losses = np.abs(np.arange(STEPS) - 60.0)
    assert lr_curve.smooth(losses).argmin() == 60


@pytest.mark.slow
def test_the_learners_finder_keeps_a_curve_and_changes_no_weight(shapes):
    learn = Learner(shapes)
    torch.manual_seed(5)
    before = torch.get_rng_state()
    curve = learn.lr_find()
    assert torch.equal(before, torch.get_rng_state())
    assert learn.lr_plot == shapes.cache / "lr_curve.png"
    assert learn.lr_plot.read_bytes()[:4] == b"\x89PNG"
    assert 1e-5 < curve.suggestions["valley"] < 1e-1


@pytest.mark.slow
def test_the_learners_finder_for_the_body_keeps_its_curve_with_the_run(small_shapes):
    learn = tiny_body.learner(small_shapes, unfrozen_batch_size=4)
    learn.load("001/stage-1")
    weights = learn.run.checkpoint("stage-1").read_bytes()
    learn.unfreeze(2)
    curve = learn.lr_find()
    assert learn.lr_plot == learn.run.folder / "lr_curve.png"
    with np.load(learn.run.folder / "lr_curve.npz") as file:
        assert file["losses"].tolist() == curve.losses.tolist()
    assert learn.run.checkpoint("stage-1").read_bytes() == weights
    assert learn.run.checkpoints == ["stage-1-best", "stage-1"]


@pytest.mark.slow(10)
def test_suggestions_for_photographs_hardly_depend_on_the_seed(photographs, tmp_path):
    project = photographs("bears_web", tmp_path / "bears")
    found = [Learner(project, seed=seed).lr_find().suggestions for seed in (42, 1, 2, 3, 4)]
    for name in lr_curve.NAMES:
        rates = [one[name] for one in found]
        assert max(rates) / min(rates) < 3, name


def test_the_finder_tries_the_ratio_that_will_be_trained():
    learns = trainee()
    first, last = learns.model.layers[0], learns.model.layers[3]
    learns.optimiser = AdamW([Group([first.weight], 0.0, 1e-3), Group([last.weight], 0.0)])
    moved = []

    def note(_what, _done, _total):
        moved.append((first.weight.detach().clone(), last.weight.detach().clone()))

    with seeded(0):
        lr_find(learns, note)
    steps = [
        (moved[n + 1][0] - moved[n][0], moved[n + 1][1] - moved[n][1]) for n in range(50, 60)
    ]  # where 32 bits can hold the smaller steps
    ratios = [(a.abs().mean() / b.abs().mean()).item() for a, b in steps]
    assert np.median(ratios) == pytest.approx(1e-3, rel=0.5)
