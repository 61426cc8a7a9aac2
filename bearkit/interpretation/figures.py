"""Figures for people who would rather look than read. Each is a matplotlib Figure that no window owns."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from bearkit.errors import ImageError
from bearkit.images import decode, read_file


def confusion_matrix(matrix: np.ndarray, vocab: Sequence[str]) -> Figure:
    """Given labels down, predicted ones across; shades are shares of a row, so that rare labels show too.

    Args:
        matrix: int (C, C).
        vocab: the C labels.
    """
    side = max(3.2, 0.55 * len(vocab) + 1.6)
    figure = Figure(figsize=(side, side), layout="constrained")
    axes = figure.subplots()
    shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    axes.set(xlabel="predicted", ylabel="given")
    axes.set_xticks(range(len(vocab)), vocab, rotation=45, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(len(vocab)), vocab)
    for given, predicted in np.ndindex(*matrix.shape):
        if count := matrix[given, predicted]:
            color = "white" if shares[given, predicted] > 0.5 else "black"
            axes.text(predicted, given, str(count), ha="center", va="center", color=color)
    for spine in axes.spines.values():
        spine.set_visible(False)
    return figure


def top_losses(rows: Sequence[dict[str, Any]], root: Path) -> Figure:
    """The pictures a model was most wrong about: prediction / given / loss / probability of the prediction.

    Args:
        rows: as `Interpretation.top_losses` gives them.
        root: what their paths are relative to.
    """
    across = max(1, min(3, len(rows)))
    down = max(1, -(-len(rows) // across))
    figure = Figure(figsize=(3 * across, 3.2 * down), layout="constrained")
    every = figure.subplots(down, across, squeeze=False).ravel()
    for axes in every:
        axes.axis("off")
    for axes, row in zip(every, rows, strict=False):
        axes.set_title(
            f"{row['predicted']} / {row['given']} / {row['loss']:.2f} / {row['probability']:.2f}", fontsize=9
        )
        try:
            axes.imshow(decode(read_file(root / row["path"]), at_least=256).image)
        except ImageError as error:
            axes.text(0.5, 0.5, str(error), ha="center", va="center", wrap=True)
    return figure
