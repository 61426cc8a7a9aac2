"""Gradient descent on a line and the polynomial, against closed forms, autograd and scikit-learn."""

import numpy as np
import pytest
import torch
from PIL import Image
from sklearn.linear_model import Ridge
from sklearn.preprocessing import PolynomialFeatures

from bearkit.errors import OptionError
from bearkit.learn.polynomial import curve_dots, error, evaluate, fit_polynomial
from bearkit.learn.sgd import descend, dots, gradient, largest_rate, loss_surface, mse, predict
from bearkit.learn.sgd_animation import FRAMES, animate
from tests.processes import here as bearkit


@pytest.mark.parametrize("seed", range(5))
def test_it_ends_near_the_line_and_the_mean_of_the_noise(seed):
    X, y = dots(seed=seed)
    assert (y - predict(X, np.array([3.0, 2.0])) >= 0).all()
    assert (y - predict(X, np.array([3.0, 2.0])) < 1).all()
    fit = descend(X, y, lr=0.1, steps=200)
    assert fit.parameters == pytest.approx([3, 2.5], abs=0.2)
    assert fit.parameters == pytest.approx(np.linalg.lstsq(X, y, rcond=None)[0], abs=1e-4)
    assert (np.diff(fit.losses) <= 0).all()
    assert not fit.diverged


@pytest.mark.parametrize("seed", range(5))
def test_it_diverges_just_above_the_rate_of_the_closed_form_and_not_below(seed):
    X, y = dots(seed=seed)
    largest = largest_rate(X)
    assert not descend(X, y, lr=0.999 * largest, steps=1000).diverged
    assert descend(X, y, lr=1.001 * largest, steps=1000).diverged
    beyond = descend(X, y, lr=100 * largest, steps=1000)
    assert beyond.diverged
    assert len(beyond.updates) < 1000  # it ends where the numbers no longer fit
    assert np.isfinite(beyond.losses).all()
    assert np.isfinite(beyond.path).all()


def test_the_gradient_is_that_of_autograd():
    X, y = dots(n=17)
    for a in ([-1.0, 1.0], [3.0, 2.5], [40.0, -7.0]):
        parameters = torch.tensor(a, dtype=torch.float64, requires_grad=True)
        loss = ((torch.from_numpy(X) @ parameters - torch.from_numpy(y)) ** 2).mean()
        loss.backward()
        assert gradient(X, y, np.array(a)) == pytest.approx(parameters.grad.numpy(), rel=1e-12)
        assert mse(predict(X, np.array(a)), y) == pytest.approx(loss.item(), rel=1e-12)


def test_a_batch_of_all_dots_is_gradient_descent_exactly():
    X, y = dots()
    assert (descend(X, y, batch_size=100).path == descend(X, y).path).all()
    assert (descend(X, y, batch_size=1000).path == descend(X, y).path).all()
    a = np.array([-1.0, 1.0])
    for after in descend(X, y, steps=30).path[1:]:
        a = a - 0.1 * gradient(X, y, a)
        assert (after == a).all()


def test_each_epoch_shows_every_dot_once_in_another_order():
    X, y = dots()
    fit = descend(X, y, steps=30, batch_size=30)  # 30, 30, 30 and 10 dots
    assert [len(one.rows) for one in fit.updates[:5]] == [30, 30, 30, 10, 30]
    epochs = [np.concatenate([one.rows for one in fit.updates[n : n + 4]]) for n in (0, 4)]
    assert all(sorted(rows.tolist()) == list(range(100)) for rows in epochs)
    assert (epochs[0] != epochs[1]).any()
    assert (fit.path == descend(X, y, steps=30, batch_size=30).path).all()
    assert (fit.path != descend(X, y, steps=30, batch_size=30, seed=1).path).any()


def test_the_numbers_of_an_update_can_be_followed_by_hand():
    X, y = np.array([[2.0, 1.0], [4.0, 1.0]]), np.array([5.0, 7.0])
    (first,) = descend(X, y, guess=(1.0, 0.0), lr=0.1, steps=1).updates
    assert first.predicted.tolist() == [2.0, 4.0]  # 1 x + 0
    assert first.loss == 9.0  # both are 3 too low
    assert first.gradient.tolist() == [-18.0, -6.0]  # the means of 2 * 2 * -3 and 2 * 4 * -3, and of 2 * -3 twice
    assert first.after == pytest.approx([2.8, 0.6])  # 1 + 0.1 * 18, 0 + 0.1 * 6


def test_the_surface_is_the_loss_of_each_line():
    X, y = dots(n=9)
    slopes, intercepts = np.linspace(-2, 5, 4), np.linspace(0, 3, 3)
    surface = loss_surface(X, y, slopes, intercepts)
    expected = [[mse(predict(X, np.array([slope, intercept])), y) for slope in slopes] for intercept in intercepts]
    assert surface == pytest.approx(np.array(expected))


@pytest.mark.parametrize("wrong", [{"lr": 0}, {"lr": -1}, {"lr": float("nan")}, {"steps": 0}, {"batch_size": 0}])
def test_numbers_that_make_no_descent_are_refused(wrong):
    X, y = dots()
    with pytest.raises(OptionError, match=r"is (0|-1|nan)"):
        descend(X, y, **wrong)


def test_the_command_prints_the_descent_and_draws_it(tmp_path):
    code, out, _ = bearkit("sgd", "--json", "--steps", "80", "--gif", tmp_path / "line.gif")
    assert code == 0
    fit = descend(*dots(), steps=80)
    assert out == {"parameters": fit.parameters.tolist(), "losses": fit.losses.tolist(), "diverged": False}
    with Image.open(tmp_path / "line.gif") as gif:
        assert gif.n_frames == FRAMES
        first = np.asarray(gif.convert("RGB"))
        gif.seek(FRAMES - 1)
        assert (np.asarray(gif.convert("RGB")) != first).any()
    code, text, _ = bearkit("sgd", "--lr", "1.1")
    assert (code, "below 1.00" in text) == (0, True)
    code, out, _ = bearkit("sgd", "--json", "--lr", "1e200")
    assert (code, out["diverged"]) == (0, True)
    assert bearkit("sgd", "--lr", "-1")[0] == 1
    for name, word in ((tmp_path / "line.png", ".gif"), (tmp_path / "none" / "line.gif", "no folder")):
        code, out, _ = bearkit("sgd", "--json", "--gif", name)
        assert (code, word in f"{out['error']} {out['hint']}") == (1, True)
        assert not name.exists()


def test_the_animation_shows_the_chosen_descent():
    X, y = dots(n=20)
    fit = descend(X, y, lr=0.5, steps=4)
    animation = animate(X, y, fit)
    frames = animation.to_jshtml().count("data:image/png;base64")  # as a notebook shows it
    assert frames == 5
    slope, intercept = fit.parameters
    assert animation._fig.axes[0].get_title() == f"step 4: y = {slope:.2f} x + {intercept:.2f}"


@pytest.mark.parametrize("weight_decay", [0.0, 0.01, 1.0])
def test_the_polynomial_is_that_of_scikit_learn(weight_decay):
    x, y = curve_dots(30)
    powers = PolynomialFeatures(5, include_bias=False).fit_transform(x[:, None])
    theirs = Ridge(weight_decay * len(x), solver="svd").fit(powers, y)
    ours = fit_polynomial(x, y, 5, weight_decay)
    assert ours == pytest.approx([theirs.intercept_, *theirs.coef_], abs=1e-6)
    assert evaluate(ours, x) == pytest.approx(theirs.predict(powers), abs=1e-6)


def test_many_parameters_wiggle_and_weight_decay_calms_them():
    x, y = curve_dots(12)
    new = curve_dots(2000, seed=1)
    training = [error(fit_polynomial(x, y, degree), x, y) for degree in range(12)]
    assert (np.diff(training) <= 1e-9).all()  # each further power can only help on the dots that it is fitted to
    few, many, calm = fit_polynomial(x, y, 2), fit_polynomial(x, y, 11), fit_polynomial(x, y, 11, weight_decay=0.01)
    assert error(many, *new) > 10 * error(few, *new)
    assert error(calm, *new) < error(many, *new) / 10
    assert np.abs(calm).max() < np.abs(many).max()
