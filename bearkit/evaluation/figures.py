"""Figures of a run: confusion matrix, top losses, LR finder, learning curve. They are matplotlib Figures, not shown."""

import importlib
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from bearkit.core.project import Project
from bearkit.errors import ImageError
from bearkit.evaluation.figure_text import labels_and_fonts, one_line, text_and_fonts
from bearkit.images import decode, read_verified

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MARKERS = {"valley": "v", "steepest": "s", "minimum": "^", "slide": "D"}  # of the LR finder's suggestions
MAX_NAMED_LABELS = 60  # a confusion matrix with more labels has no names and no numbers
MAX_DRAWN_DOTS = 5000  # an SVG of a map with more holds its dots as one picture
BLUE, GREY = "#2f80c3", "#b8b8b8"


def _new(width: float, height: float) -> "Figure":
    """Create an empty figure, sizes in inches. matplotlib's import takes half a second, so it happens here."""
    figure: Figure = importlib.import_module("matplotlib.figure").Figure(figsize=(width, height), layout="constrained")
    return figure


def confusion_matrix(matrix: np.ndarray, vocab: Sequence[str]) -> "Figure":
    """Draw a confusion matrix; a cell's shade is its share of the row, so that rare labels are visible.

    With more than MAX_NAMED_LABELS labels it has no names and no numbers, which nobody could read.

    Args:
        matrix: int (C, C), rows given, columns predicted.
        vocab: the C labels.
    """
    named = len(vocab) <= MAX_NAMED_LABELS
    side = max(3.2, 0.55 * len(vocab) + 1.6) if named else 10.0  # inches
    if side > 12:
        side = 12 + (side - 12) / 3  # the numbers still fit into their cells
    figure = _new(side, side)
    axes = figure.subplots()
    shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1, interpolation="nearest")
    axes.set(xlabel="predicted", ylabel="given")
    if named:
        labels, fonts = labels_and_fonts(vocab)
        axes.set_xticks(range(len(vocab)), labels, rotation=45, ha="right", rotation_mode="anchor", family=fonts)
        axes.set_yticks(range(len(vocab)), labels, family=fonts)
        for given, predicted in np.argwhere(matrix):
            color = "white" if shares[given, predicted] > 0.5 else "black"
            axes.text(predicted, given, str(matrix[given, predicted]), ha="center", va="center", color=color)
    for spine in axes.spines.values():
        spine.set_visible(False)
    return figure


def image_grid(images: Sequence[np.ndarray], titles: Sequence[str]) -> "Figure":
    """Draw images in rows, each under its title.

    Args:
        images: uint8 (height, width, 3) each.
        titles: one for each image.
    """
    across = max(1, min(3, len(images)))
    figure = _new(2.2 * across, 2.4 * max(1, -(-len(images) // across)))
    grid = figure.subplots(max(1, -(-len(images) // across)), across, squeeze=False).ravel()
    for axes in grid:
        axes.axis("off")
    for axes, image, title in zip(grid, images, titles, strict=False):
        text, fonts = text_and_fonts(title)
        axes.set_title(text, fontsize=9, family=fonts)
        axes.imshow(image)
    return figure


def top_losses(rows: Sequence[dict[str, Any]], project: Project) -> "Figure":
    """Draw the images with the highest losses, titled prediction / given / loss / probability of the prediction.

    Args:
        rows: as `Interpretation.top_losses` returns them.
        project: the project that the images belong to.
    """
    across = max(1, min(3, len(rows)))
    down = max(1, -(-len(rows) // across))
    figure = _new(3 * across, 3.2 * down)
    cells = figure.subplots(down, across, squeeze=False).ravel()
    for axes in cells:
        axes.axis("off")
    for axes, row in zip(cells, rows, strict=False):
        title, fonts = text_and_fonts(
            f"{row['predicted']} / {row['given']} / {row['loss']:.2f} / {row['probability']:.2f}"
        )
        axes.set_title(title, fontsize=9, family=fonts)
        try:
            data = read_verified(project.picture(row["path"]), row["image_id"])
            axes.imshow(decode(data, at_least=256).image)
        except ImageError as error:
            axes.text(0.5, 0.5, one_line(str(error), 200), ha="center", va="center", wrap=True)
    return figure


def lr_curve(
    lrs: np.ndarray, losses: np.ndarray, smoothed: np.ndarray, suggestions: dict[str, float | None], reason: str
) -> "Figure":
    """Draw the LR finder's curve: loss over rate on a log scale, with the suggestions.

    Args:
        lrs: learning rates, float (N,).
        losses: loss of one batch at each rate in nats, float (N,).
        smoothed: the losses smoothed, float (N,).
        suggestions: a rate or None under each name of MARKERS.
        reason: a sentence to write below the curve.
    """
    figure = _new(6.4, 4)
    axes = figure.subplots()
    axes.plot(lrs, losses, color=GREY, linewidth=1)
    axes.plot(lrs, smoothed, color=BLUE, linewidth=2)
    for name, rate in suggestions.items():
        if rate is not None:
            height = float(np.interp(np.log(rate), np.log(lrs), smoothed))
            axes.plot([rate], [height], MARKERS[name], markersize=9, label=f"{name} {rate:.2g}", linestyle="")
    if any(rate is not None for rate in suggestions.values()):
        axes.legend(frameon=False)
    high = np.nanmax(smoothed[: max(2, int(0.6 * len(smoothed)))], initial=-np.inf)
    axes.set(xscale="log", ylabel="loss of one batch, nats", ylim=(None, high * 1.5 if np.isfinite(high) else None))
    axes.set_xlabel("\n".join(["learning rate", *textwrap.wrap(one_line(reason, 1000), 80)]))
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def image_map(
    positions: np.ndarray, labels: np.ndarray, proposed: np.ndarray, colours: dict[str, tuple[float, float, float]]
) -> "Figure":
    """Draw images as dots: in the colour of their label, hollow for a label that is only proposed, grey for neither.

    Args:
        positions: float (N, 2): x to the right, y down.
        labels: of each image, "" for none, str (N,).
        proposed: the proposal for each image without a label, "" for none, str (N,).
        colours: red, green and blue from 0 to 1 of each label.
    """
    figure = _new(10, 7)
    axes = figure.subplots()
    size = float(np.clip(2e4 / max(1, len(positions)), 2, 40))  # points squared
    many = len(positions) > MAX_DRAWN_DOTS
    texts, fonts = labels_and_fonts(list(colours))

    def dots(chosen: np.ndarray, **look: Any) -> None:
        axes.scatter(positions[chosen, 0], positions[chosen, 1], s=size, rasterized=many, **look)

    none = (labels == "") & (proposed == "")
    if none.any():
        dots(none, color=GREY, linewidths=0, label=f"no label: {none.sum()}")
    for (label, colour), text in zip(colours.items(), texts, strict=True):
        given, only_proposed = labels == label, (labels == "") & (proposed == label)
        more = f" + {only_proposed.sum()} proposed" if only_proposed.any() else ""
        dots(only_proposed, facecolors="none", edgecolors=[colour], linewidths=0.8)
        dots(given, color=[colour], linewidths=0, label=f"{text}: {given.sum()}{more}")
    axes.set_aspect("equal")
    axes.invert_yaxis()
    axes.set_axis_off()
    if len(colours) <= MAX_NAMED_LABELS:
        legend = figure.legend(loc="outside right center", frameon=False, prop={"family": fonts})
        for handle in legend.legend_handles:
            handle.set_sizes([40])  # type: ignore[union-attr]  # all are dots
    return figure


def learning_curve(points: Sequence[dict[str, Any]]) -> "Figure":
    """Draw the error rate over the number of training images, with 95 % intervals.

    Args:
        points: as `LearningCurve.points` returns them.
    """
    images, errors = ([point[name] for point in points] for name in ("images", "error_rate"))
    figure = _new(6.4, 4)
    axes = figure.subplots()
    low, high = np.array([point["interval"] for point in points]).T
    axes.fill_between(images, low, high, color=BLUE, alpha=0.2, linewidth=0)
    axes.plot(images, errors, color=BLUE, linewidth=2, marker="o")
    axes.set(xlabel="training pictures", ylabel="error rate", ylim=(0, None), xlim=(0, None))
    axes.yaxis.set_major_formatter(lambda share, _: f"{100 * share:g} %")
    axes.spines[["top", "right"]].set_visible(False)
    return figure
