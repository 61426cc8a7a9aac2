"""Draw a descent: the line that turns towards the dots, the loss that falls, and the path over the loss surface."""

import importlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from bearkit.errors import OptionError
from bearkit.learn.sgd import Fit, loss_surface, predict

if TYPE_CHECKING:
    from matplotlib.animation import FuncAnimation
    from matplotlib.figure import Figure

SIZE, DPI = (11.0, 3.6), 80  # inches, and pixels an inch
FRAMES = 30  # at most; a longer descent is shown in larger leaps
FRAME, PAUSE = 120, 2000  # milliseconds for which a frame stays, and the last one
MARGIN = 1.3  # of the surface around the path
LINE, DOTS = "#c0392b", "#2f80c3"
LEVELS = 12  # contours


def animate(X: np.ndarray, y: np.ndarray, fit: Fit) -> "FuncAnimation":
    """Make a matplotlib animation of a descent; a notebook shows it with `HTML(animate(X, y, fit).to_jshtml())`.

    Args:
        X: float (n, 2), as `sgd.dots` makes it.
        y: float (n,).
        fit: the descent on these dots.
    """
    figure, show = _draw(X, y, fit)
    animation = importlib.import_module("matplotlib.animation")
    made: FuncAnimation = animation.FuncAnimation(figure, show, _frames(fit), interval=FRAME, repeat_delay=PAUSE)
    return made


def save_gif(X: np.ndarray, y: np.ndarray, fit: Fit, file: Path) -> Path:
    """Write the animation of a descent as a GIF.

    Args:
        X: float (n, 2), as `sgd.dots` makes it.
        y: float (n,).
        fit: the descent on these dots.
        file: where the GIF goes; a file that is there is replaced.

    Raises:
        OptionError: the file's name does not end with .gif, or its folder is not there.
    """
    if file.suffix.lower() != ".gif":
        raise OptionError(f"{file} is no name of a GIF", hint="end it with .gif")
    if not file.parent.is_dir():
        raise OptionError(f"there is no folder {file.parent}", hint="make it first")
    figure, show = _draw(X, y, fit)
    images = []
    for step in _frames(fit):  # matplotlib's own writer draws each frame twice
        show(step)
        figure.canvas.draw()
        pixels = np.asarray(figure.canvas.buffer_rgba())  # type: ignore[attr-defined]  # of the Agg canvas
        images.append(Image.fromarray(pixels).convert("RGB").quantize(64))
    first, *others = images
    durations = [*[FRAME] * len(others), PAUSE]
    first.save(file, save_all=True, append_images=others, duration=durations, loop=0, optimize=False)
    return file


def _frames(fit: Fit) -> list[int]:
    """Return the steps that are shown."""
    last = len(fit.path) - 1
    return [round(step) for step in np.linspace(0, last, min(FRAMES, last + 1)).tolist()]


def _draw(X: np.ndarray, y: np.ndarray, fit: Fit) -> tuple["Figure", Any]:
    """Return the figure, and a function that shows one step in it."""
    figure: Figure = importlib.import_module("matplotlib.figure").Figure(figsize=SIZE, dpi=DPI)
    importlib.import_module("matplotlib.backends.backend_agg").FigureCanvasAgg(figure)
    figure.subplots_adjust(left=0.06, right=0.99, bottom=0.15, top=0.9, wspace=0.25)
    plot, losses, surface = figure.subplots(1, 3)
    plot.scatter(X[:, 0], y, s=12, color=DOTS)
    ends = np.array([[-1.0, 1.0], [1.0, 1.0]])
    (line,) = plot.plot(ends[:, 0], predict(ends, fit.path[0]), color=LINE, linewidth=2)
    plot.set(xlabel="x", ylabel="y", ylim=(y.min() - 2, y.max() + 2))
    (curve,) = losses.plot([], [], color=LINE)
    losses.set(xlabel="step", ylabel="loss (mean squared error)", yscale="log", xlim=(0, max(1, len(fit.losses) - 1)))
    losses.minorticks_off()
    losses.set_ylim(fit.losses.min() / 1.5, fit.losses.max() * 1.5)
    (walk,) = surface.plot([], [], ".-", color=LINE, linewidth=1)
    _contours(surface, X, y, fit)

    def show(step: int) -> list[Any]:
        line.set_ydata(predict(ends, fit.path[step]))
        curve.set_data(np.arange(step + 1), fit.losses[: step + 1])
        walk.set_data(fit.path[: step + 1, 0], fit.path[: step + 1, 1])
        slope, intercept = fit.path[step]
        plot.set_title(f"step {step}: y = {slope:.2f} x + {intercept:.2f}")
        losses.set_title(f"loss {fit.losses[step]:.3g}")
        return [line, curve, walk]

    return figure, show


def _contours(axes: Any, X: np.ndarray, y: np.ndarray, fit: Fit) -> None:
    """Draw the loss of all lines near the path and the best line as contours."""
    best = np.linalg.lstsq(X, y, rcond=None)[0]
    points = np.vstack([fit.path[:1], best[None]])
    reach = MARGIN * np.abs(points - best).max()  # a path that diverges leaves the picture
    slopes, intercepts = (np.linspace(center - reach, center + reach, 80) for center in best)
    axes.contour(slopes, intercepts, np.sqrt(loss_surface(X, y, slopes, intercepts)), LEVELS, cmap="Blues_r")
    axes.plot(*best, "+", color="black", markersize=10)
    axes.set(xlabel="slope a1", ylabel="intercept a2", title="path over the loss")
    axes.set(xlim=(slopes[0], slopes[-1]), ylim=(intercepts[0], intercepts[-1]))
