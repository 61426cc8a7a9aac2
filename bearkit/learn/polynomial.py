"""The polynomial that wiggles: a curve with many parameters follows the noise of a few dots.

>>> x, y = curve_dots(10)
>>> few, many = fit_polynomial(x, y, 2), fit_polynomial(x, y, 9)
>>> error(few, x, y) > error(many, x, y)            # of the dots that it was fitted to: the more parameters, the lower
True
>>> new_x, new_y = curve_dots(1000, seed=1)
>>> error(few, new_x, new_y) < error(many, new_x, new_y)          # of others: overfitting
True
"""

import numpy as np


def curve_dots(n: int, seed: int = 42) -> tuple[np.ndarray, np.ndarray]:
    """Make dots around the parabola y = 2 x² - x: x between -1 and 1, float (n,), and y with noise of deviation 0.3."""
    random = np.random.default_rng(seed)
    x = random.uniform(-1, 1, n)
    return x, 2 * x**2 - x + random.normal(0, 0.3, n)


def fit_polynomial(x: np.ndarray, y: np.ndarray, degree: int, weight_decay: float = 0.0) -> np.ndarray:
    """Find the polynomial with the least loss: mean squared error + weight decay times the sum of squared parameters.

    Args:
        x: float (n,).
        y: float (n,).
        degree: the highest power of x.
        weight_decay: above 0, smaller parameters win, and the curve is smoother. The constant term is left alone.

    Returns:
        The parameters, float (degree + 1,), the constant term first.
    """
    powers = np.vander(x, degree + 1, increasing=True)
    decay = np.sqrt(weight_decay * len(x)) * np.eye(degree + 1)[1:]  # as further dots, which should be at 0
    rows, targets = np.concatenate([powers, decay]), np.concatenate([y, np.zeros(degree)])
    return np.asarray(np.linalg.lstsq(rows, targets, rcond=None)[0])


def evaluate(parameters: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Compute a polynomial's values, float (n,)."""
    return np.asarray(np.vander(x, len(parameters), increasing=True) @ parameters)


def error(parameters: np.ndarray, x: np.ndarray, y: np.ndarray) -> float:
    """Compute a polynomial's mean squared error on dots."""
    return float(((evaluate(parameters, x) - y) ** 2).mean())
