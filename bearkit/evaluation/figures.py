"""Figures for people who would rather look than read. Each is a matplotlib Figure that no window owns."""

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

MARKS = {"valley": "v", "steepest": "s", "minimum": "^", "slide": "D"}  # of the LR finder's suggestions

MAX_NAMED_LABELS = 60  # labels up to which a confusion matrix has their names and its numbers


def _new(width: float, height: float) -> "Figure":
    """An empty figure, in inches. matplotlib, half a second, is imported when the first one is drawn."""
    figure: Figure = importlib.import_module("matplotlib.figure").Figure(figsize=(width, height), layout="constrained")
    return figure


def confusion_matrix(matrix: np.ndarray, vocab: Sequence[str]) -> "Figure":
    """Given labels down, predicted ones across; shades are shares of a row, so that rare labels show too.

    With more than NAMED labels it has no names and no numbers: it would be feet wide, and nobody could read it.

    Args:
        matrix: int (C, C).
        vocab: the C labels.
    """
    named = len(vocab) <= MAX_NAMED_LABELS
    side = max(3.2, 0.55 * len(vocab) + 1.6) if named else 10.0
    if side > 12:
        side = 12 + (side - 12) / 3  # the numbers still fit into their cells
    figure = _new(side, side)
    axes = figure.subplots()
    shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1, interpolation="nearest")
    axes.set(xlabel="predicted", ylabel="given")
    if named:
        words, fonts = labels_and_fonts(vocab)
        axes.set_xticks(range(len(vocab)), words, rotation=45, ha="right", rotation_mode="anchor", family=fonts)
        axes.set_yticks(range(len(vocab)), words, family=fonts)
        for given, predicted in np.argwhere(matrix):
            color = "white" if shares[given, predicted] > 0.5 else "black"
            axes.text(predicted, given, str(matrix[given, predicted]), ha="center", va="center", color=color)
    for spine in axes.spines.values():
        spine.set_visible(False)
    return figure


def top_losses(rows: Sequence[dict[str, Any]], project: Project) -> "Figure":
    """The pictures a model was most wrong about: prediction / given / loss / probability of the prediction.

    Args:
        rows: as `Interpretation.top_losses` gives them.
        project: whose pictures.
    """
    across = max(1, min(3, len(rows)))
    down = max(1, -(-len(rows) // across))
    figure = _new(3 * across, 3.2 * down)
    every = figure.subplots(down, across, squeeze=False).ravel()
    for axes in every:
        axes.axis("off")
    for axes, row in zip(every, rows, strict=False):
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
    """The LR finder's curve: loss over rate, on a log scale, with the suggestions on it.

    Args:
        lrs: float (N,).
        losses: nats, (N,).
        smoothed: (N,).
        suggestions: a rate or None under each name of MARKS.
        reason: a sentence below.
    """
    figure = _new(6.4, 4)
    axes = figure.subplots()
    axes.plot(lrs, losses, color="#b8b8b8", linewidth=1)
    axes.plot(lrs, smoothed, color="#2f80c3", linewidth=2)
    for name, rate in suggestions.items():
        if rate is not None:
            height = float(np.interp(np.log(rate), np.log(lrs), smoothed))
            axes.plot([rate], [height], MARKS[name], markersize=9, label=f"{name} {rate:.2g}", linestyle="")
    if any(rate is not None for rate in suggestions.values()):
        axes.legend(frameon=False)
    high = np.nanmax(smoothed[: max(2, int(0.6 * len(smoothed)))], initial=-np.inf)
    axes.set(xscale="log", ylabel="loss of one batch, nats", ylim=(None, high * 1.5 if np.isfinite(high) else None))
    axes.set_xlabel("\n".join(["learning rate", *textwrap.wrap(one_line(reason, 1000), 80)]))
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def learning_curve(points: Sequence[dict[str, Any]]) -> "Figure":
    """Error rate over the number of training pictures, with 95 % intervals; points as `LearningCurve` gives them."""
    images, errors = ([point[name] for point in points] for name in ("images", "error_rate"))
    figure = _new(6.4, 4)
    axes = figure.subplots()
    low, high = np.array([point["interval"] for point in points]).T
    axes.fill_between(images, low, high, color="#2f80c3", alpha=0.2, linewidth=0)
    axes.plot(images, errors, color="#2f80c3", linewidth=2, marker="o")
    axes.set(xlabel="training pictures", ylabel="error rate", ylim=(0, None), xlim=(0, None))
    axes.yaxis.set_major_formatter(lambda share, _: f"{100 * share:g} %")
    axes.spines[["top", "right"]].set_visible(False)
    return figure
