"""Stochastic gradient descent on the smallest problem there is: a line through some dots.

Read this file from top to bottom. It is the loop that trains every network, on two numbers in place of millions.

>>> X, y = dots()                                   # 100 dots around the line y = 3 x + 2
>>> fit = descend(X, y, lr=0.1, steps=100)          # from a guess, a hundred steps down the slope of the loss
>>> [round(float(a), 1) for a in fit.parameters]    # near 3 and 2.5: the noise lies between 0 and 1, so its mean is 0.5
[2.9, 2.5]
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from bearkit.errors import OptionError

LINE = (3.0, 2.0)  # the slope and the intercept of the dots' line
GUESS = (-1.0, 1.0)  # where the descent begins


def dots(a: tuple[float, float] = LINE, n: int = 100, seed: int = 42) -> tuple[np.ndarray, np.ndarray]:
    """Make dots around a line: y = X a + noise.

    Args:
        a: the slope and the intercept of the line.
        n: how many dots.
        seed: of the random numbers.

    Returns:
        X, float (n, 2): x between -1 and 1 in the first column, ones in the second. And y, float (n,): the line's
        height at x, and noise between 0 and 1.
    """
    random = np.random.default_rng(seed)
    X = np.ones((n, 2))
    X[:, 0] = random.uniform(-1, 1, n)
    return X, predict(X, np.array(a)) + random.uniform(0, 1, n)


def predict(X: np.ndarray, a: np.ndarray) -> np.ndarray:
    """Compute the heights of the line at all dots at once, float (n,): a product of matrices, and no loop.

    >>> predict(np.array([[2.0, 1.0], [4.0, 1.0]]), np.array([10.0, 5.0])).tolist()
    [25.0, 45.0]
    """
    return np.asarray(X @ a)


def mse(predicted: np.ndarray, y: np.ndarray) -> float:
    """Compute the mean squared error, the loss of a line: how far its heights are from the dots'.

    >>> mse(np.array([1.0, 2.0]), np.array([1.0, 4.0]))
    2.0
    """
    return float(((predicted - y) ** 2).mean())


def gradient(X: np.ndarray, y: np.ndarray, a: np.ndarray) -> np.ndarray:
    """Compute how the loss changes when a parameter grows by a little, float (2,).

    The loss is the mean of (X a - y)², so its derivative by a is the mean of 2 X (X a - y).
    """
    return np.asarray(2 / len(y) * X.T @ (predict(X, a) - y))


@dataclass(frozen=True)
class Update:
    """The numbers of one step: subtract from the parameters their gradient times the learning rate.

    Attributes:
        before: the parameters before the step, float (2,).
        rows: the dots of the step's batch, int (b,).
        predicted: the heights of the line at these dots, float (b,).
        loss: the mean squared error of these dots.
        gradient: of this loss, float (2,).
        after: the parameters after the step, float (2,).
    """

    before: np.ndarray
    rows: np.ndarray
    predicted: np.ndarray
    loss: float
    gradient: np.ndarray
    after: np.ndarray


def update(X: np.ndarray, y: np.ndarray, a: np.ndarray, lr: float, rows: np.ndarray) -> Update:
    """Make one step, on the dots of one batch."""
    X, y = X[rows], y[rows]
    predicted, slope = predict(X, a), gradient(X, y, a)
    return Update(a, rows, predicted, mse(predicted, y), slope, a - lr * slope)


@dataclass(frozen=True)
class Fit:
    """A descent.

    Attributes:
        path: the parameters at the start and after each step, float (steps + 1, 2).
        losses: the loss of all dots there, float (steps + 1,).
        updates: the numbers of each step.
        overflowed: whether it ended early, since the next loss has no number.
    """

    path: np.ndarray
    losses: np.ndarray
    updates: list[Update]
    overflowed: bool = False

    @property
    def parameters(self) -> np.ndarray:
        """The slope and the intercept at the end, float (2,)."""
        return np.asarray(self.path[-1])

    @property
    def diverged(self) -> bool:
        """Whether the line is further from the dots at the end than at the start: the learning rate was too high."""
        return self.overflowed or bool(self.losses[-1] > self.losses[0])

    def as_dict(self) -> dict[str, Any]:
        """Return plain values, as `bearkit sgd --json` prints them."""
        return {"parameters": self.parameters.tolist(), "losses": self.losses.tolist(), "diverged": self.diverged}


def descend(
    X: np.ndarray,
    y: np.ndarray,
    guess: tuple[float, float] = GUESS,
    lr: float = 0.1,
    steps: int = 100,
    batch_size: int | None = None,
    seed: int = 42,
) -> Fit:
    """Walk down the slope of the loss.

    Args:
        X: float (n, 2), as `dots` makes it.
        y: float (n,).
        guess: the slope and the intercept to begin with.
        lr: the learning rate, above 0.
        steps: how many steps, at least 1.
        batch_size: how many dots each step looks at, at least 1; all of them by default.
        seed: of the order of the dots.

    Raises:
        OptionError: a number is too small.
    """
    for name, number in {"learning rate": lr, "number of steps": steps, "batch size": batch_size}.items():
        if number is not None and not number > 0:
            raise OptionError(f"the {name} is {number}", hint="give a number above 0")
    a = np.array(guess, float)
    updates: list[Update] = []
    path, losses = [a], [mse(predict(X, a), y)]
    for _, rows in zip(range(steps), _batches(len(y), batch_size, seed), strict=False):
        with np.errstate(over="ignore", invalid="ignore"):
            step = update(X, y, a, lr, rows)
            loss = mse(predict(X, step.after), y)
        if not np.isfinite(loss):
            return Fit(np.array(path), np.array(losses), updates, overflowed=True)
        a = step.after
        path.append(a)
        losses.append(loss)
        updates.append(step)
    return Fit(np.array(path), np.array(losses), updates)


def _batches(n: int, batch_size: int | None, seed: int) -> Iterator[np.ndarray]:
    """Yield the rows of one batch after the other, without end. Each epoch shows every dot once, in a new order."""
    random = np.random.default_rng(seed)
    while True:
        order = random.permutation(n) if batch_size is not None and batch_size < n else np.arange(n)
        for start in range(0, n, batch_size or n):
            yield order[start : start + (batch_size or n)]


def largest_rate(X: np.ndarray) -> float:
    """Compute the learning rate above which steps on all dots diverge: 2 / the largest eigenvalue of the Hessian.

    The Hessian of the loss is 2 / n XᵀX. Along its eigenvector with the eigenvalue h, each step multiplies the distance
    from the best parameters by 1 - lr h, which must lie between -1 and 1.
    """
    hessian = 2 / len(X) * X.T @ X
    return float(2 / np.linalg.eigvalsh(hessian).max())


def loss_surface(X: np.ndarray, y: np.ndarray, slopes: np.ndarray, intercepts: np.ndarray) -> np.ndarray:
    """Compute the loss of every line with one of S slopes and one of I intercepts, float (I, S): a bowl."""
    a = np.stack(np.meshgrid(slopes, intercepts), axis=-1)  # (I, S, 2)
    return np.asarray(((a @ X.T - y) ** 2).mean(axis=-1))
