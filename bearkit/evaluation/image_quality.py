"""Pictures that nobody can learn from: too blurred, dark, bright, plain or small, or mostly text."""

import numpy as np

SIDE = 256  # pixels of the shorter side, at most, of what is measured
MEASURES = ("brightness", "contrast", "sharpness", "text")
# Thresholds lie outside of 99.5 % of our photographs and inside of what was made bad on purpose (EXPERIMENTS.md).
DARK, BRIGHT, PLAIN, BLURRED = 20.0, 242.0, 8.0, 16.0
TEXT = 0.4
TINY = 64  # pixels of the shorter side


def measure_quality(grey: np.ndarray) -> np.ndarray:
    """Mean, spread, sharpness and share of text of a grey picture (H, W), in grey levels of 0 to 255: float32 (4,).

    Sharpness is what the strongest hundredth of the contours reaches (Laplacian); text is the share of 8 x 8 squares
    that have strong contrast and hardly anything between their darkest and their brightest.
    """
    grey = grey.astype(np.float32)
    sharpness = text = 0.0
    if min(grey.shape) >= 8:
        inner = grey[1:-1, 1:-1]
        laplacian = grey[1:-1, 2:] + grey[1:-1, :-2] + grey[2:, 1:-1] + grey[:-2, 1:-1] - 4 * inner
        sharpness = float(np.quantile(np.abs(laplacian), 0.99))
        down, across = (n // 8 for n in grey.shape)
        squares = grey[: down * 8, : across * 8].reshape(down, 8, across, 8).swapaxes(1, 2).reshape(-1, 64)
        low, high = squares.min(axis=1, keepdims=True), squares.max(axis=1, keepdims=True)
        near = np.minimum(squares - low, high - squares) < 0.2 * (high - low)
        text = float(((high - low)[:, 0] > 100)[near.mean(axis=1) > 0.75].sum() / len(squares))
    return np.array([grey.mean(), grey.std(), sharpness, text], np.float32)


def quality_problem(measured: np.ndarray, width: int, height: int) -> str:
    """What is wrong with a picture, in a few words; "" for nothing.

    Args:
        measured: as `measures` gives them, (4,).
        width: of the whole picture, in pixels.
        height: the same.

    >>> quality_problem(np.array([120.0, 50.0, 5.0, 0.0]), 640, 480)
    'blurred'
    """
    brightness, contrast, sharpness, text = map(float, measured)
    if min(width, height) < TINY:
        return f"tiny: {width} x {height} pixels"
    if brightness < DARK:
        return "almost black"
    if brightness > BRIGHT:
        return "almost white"
    if contrast < PLAIN:
        return "hardly anything on it"
    if text > TEXT:
        return "mostly text"
    return "blurred" if sharpness < BLURRED else ""
