"""Low-quality images: blurred, dark, bright, plain, small, or mostly text."""

import numpy as np

SIDE = 256  # images are measured at a shorter side of at most this, in pixels
MEASURES = ("brightness", "contrast", "sharpness", "text")
# At most 0.5 % of our photographs are beyond each threshold; images that were degraded on purpose are (EXPERIMENTS.md).
DARK, BRIGHT, PLAIN, BLURRED = 20.0, 242.0, 8.0, 16.0
TEXT = 0.4
TINY = 64  # shorter side in pixels
EDGE_QUANTILE = 0.99  # of the Laplacian's magnitudes: the strength of the strongest edges
BLOCK_SIDE = 8  # pixels; text is measured in squares of this side


def measure_quality(grey: np.ndarray) -> np.ndarray:
    """Measure brightness, contrast, sharpness and the share of text of a grey image.

    Args:
        grey: grey levels of 0 to 255, (H, W).

    Returns:
        MEASURES, float32 (4,): the mean and the standard deviation of the grey levels; the 99 % quantile of the
        Laplacian's magnitude; and the share of 8 x 8 squares with strong contrast in which hardly any pixel is
        between the darkest and the brightest.
    """
    grey = grey.astype(np.float32)
    sharpness = text = 0.0
    if min(grey.shape) >= BLOCK_SIDE:
        inner = grey[1:-1, 1:-1]
        laplacian = grey[1:-1, 2:] + grey[1:-1, :-2] + grey[2:, 1:-1] + grey[:-2, 1:-1] - 4 * inner
        sharpness = float(np.quantile(np.abs(laplacian), EDGE_QUANTILE))
        squares = _squares(grey)
        low, high = squares.min(axis=1, keepdims=True), squares.max(axis=1, keepdims=True)
        near_extremes = np.minimum(squares - low, high - squares) < 0.2 * (high - low)
        text = float(((high - low)[:, 0] > 100)[near_extremes.mean(axis=1) > 0.75].sum() / len(squares))
    return np.array([grey.mean(), grey.std(), sharpness, text], np.float32)


def _squares(grey: np.ndarray) -> np.ndarray:
    """Cut a grey image (H, W) into squares of 8 x 8 pixels, (n, 64); pixels left over at the edges are not used."""
    side = BLOCK_SIDE
    down, across = (n // side for n in grey.shape)
    blocks = grey[: down * side, : across * side].reshape(down, side, across, side)
    return blocks.swapaxes(1, 2).reshape(-1, side**2)


def quality_problem(measured: np.ndarray, width: int, height: int) -> str:
    """Describe in a few words what is wrong with an image's quality; "" if nothing is.

    Args:
        measured: as `measure_quality` returns it, float (4,).
        width: of the whole image, in pixels.
        height: of the whole image, in pixels.

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
