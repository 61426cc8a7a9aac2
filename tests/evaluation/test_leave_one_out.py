"""The probabilities of the ridge heads: how sure they may be."""

import numpy as np

from bearkit.evaluation.leave_one_out import LeaveOneOutRidge


def two_kinds(n, apart, seed=0):
    """n images of two kinds, their features float32 (n, 40) and their targets."""
    rng = np.random.default_rng(seed)
    targets = np.arange(n) % 2
    centres = np.zeros((2, 40))
    centres[:, 0] = -apart, apart
    return (rng.normal(size=(n, 40)) + centres[targets]).astype(np.float32), targets


def unit(rows):
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def test_a_few_easy_images_do_not_make_the_heads_sure_of_the_hard_ones():
    easy, easy_targets = two_kinds(48, apart=12)
    hard, hard_targets = two_kinds(400, apart=1, seed=1)
    seen = np.arange(448) < 48
    targets = np.concatenate([easy_targets, hard_targets])
    probs = LeaveOneOutRidge(unit(np.concatenate([easy, hard])), seen, standardize=False).probs(targets, 2)
    right = float((probs[~seen].argmax(axis=1) == hard_targets).mean())
    assert 0.7 < right < 0.95, "hard, and not hopeless"
    assert abs(float(probs[~seen].max(axis=1).mean()) - right) < 0.1
    assert (probs[seen].argmax(axis=1) == easy_targets).all()


def test_with_many_images_the_temperature_is_that_of_least_loss():
    features, targets = two_kinds(3000, apart=0.7)
    probs = LeaveOneOutRidge(features).probs(targets, 2).astype(float)

    def loss(power):
        other = probs**power
        return -np.log(other[np.arange(3000), targets] / other.sum(axis=1)).mean()

    assert loss(1) < min(map(loss, np.geomspace(0.2, 5, 41))) + 0.001
