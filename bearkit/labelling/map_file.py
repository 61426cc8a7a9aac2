"""The map of a project's images as plain values, or drawn in a file."""

import colorsys
import importlib
from pathlib import Path
from typing import Any

import numpy as np

from bearkit.catalog.label_set import label_set
from bearkit.catalog.settings import label_order
from bearkit.core.atomic import atomic_write
from bearkit.core.parallel import Progress, no_progress
from bearkit.errors import ReviewError
from bearkit.evaluation import figures
from bearkit.labelling.image_map import ImageMap
from bearkit.labelling.label_queue import LabelQueue
from bearkit.labelling.map_labels import FIRST_PROPOSAL, GONE, label_codes

FORMATS = (".svg", ".png")
GOLDEN_ANGLE = 137.5  # degrees between the hues of neighbouring labels, as on the Label tab


def map_images(queue: LabelQueue, output: Path | None = None, progress: Progress = no_progress) -> dict[str, Any]:
    """Compute the map of a project's images, on which look-alikes lie side by side, and draw it into a file.

    Args:
        queue: of the project.
        output: an .svg or .png file to write; None for none. An earlier file is replaced.
        progress: called while the map is computed for the first time.

    Returns:
        "images": `image_id`, `path`, `x` and `y` of each image, in the unit square, y down; its `label` that people
        gave, or the one that is `proposed` or was given by the model; None for none. Nothing is proposed for images
        of an audit that waits for answers. "output": the file, None for none.

    Raises:
        NoImagesError: the project has no images.
        ReviewError: the file has another ending, or cannot be written.
    """
    if output is not None and output.suffix.lower() not in FORMATS:
        raise ReviewError(f"`{output.name}` is no name of an SVG or PNG file", hint="end it with .svg or .png")
    snapshot = queue.index.snapshot()
    places = ImageMap(queue, progress).positions(snapshot).values
    vocab, codes = np.array([*snapshot.vocab, ""], object), label_codes(queue, snapshot)  # "" is for those without
    is_proposed = (codes <= FIRST_PROPOSAL) & (codes != GONE)
    labels = vocab[np.where(codes >= 0, codes, -1)]
    proposed = vocab[np.where(is_proposed, FIRST_PROPOSAL - codes, -1)]
    rows = np.flatnonzero(codes != GONE)
    if output is not None:
        _draw(queue, places[rows], labels[rows], proposed[rows], output)
    images = [
        {
            "image_id": snapshot.images[row].image_id,
            "path": snapshot.images[row].path,
            "x": round(float(places[row, 0]), 5),
            "y": round(float(places[row, 1]), 5),
            "label": labels[row] or None,
            "proposed": proposed[row] or None,
        }
        for row in rows.tolist()
    ]
    return {"images": images, "output": str(output) if output else None}


def _draw(queue: LabelQueue, places: np.ndarray, labels: np.ndarray, proposed: np.ndarray, output: Path) -> None:
    """Draw the map in the colours of the Label tab."""
    used = sorted({*labels.tolist(), *proposed.tolist()} - {""})
    figure = figures.image_map(places, labels, proposed, _colours(queue, used))
    try:
        with atomic_write(output, durable=False) as part:
            figure.savefig(part, format=output.suffix[1:].lower(), dpi=150, bbox_inches="tight")
    except OSError as error:
        raise ReviewError(f"{output} cannot be written: {error}", hint="name another file with --output") from error


def _colours(queue: LabelQueue, labels: list[str]) -> dict[str, tuple[float, float, float]]:
    """Return the colour of each label: its own if people chose one, else by its place among all labels."""
    catalog, colors = queue.index.catalog, importlib.import_module("matplotlib.colors")
    own = {row["label"]: row["colour"] for row in label_set(catalog, dict.fromkeys(labels, 0))}
    place = {label: n for n, label in enumerate(label_order(catalog, labels))}
    hues = {label: colorsys.hls_to_rgb(place[label] * GOLDEN_ANGLE % 360 / 360, 0.5, 0.6) for label in labels}
    return {label: colors.to_rgb(own[label]) if colors.is_color_like(own[label]) else hues[label] for label in labels}
