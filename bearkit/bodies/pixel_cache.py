"""Images decoded and resized once, cached as bytes: the input of unfrozen epochs."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from bearkit.bodies.array_cache import ArrayCache, CachedRows, get_or_compute
from bearkit.bodies.features import read_image
from bearkit.catalog.schema import ImageRecord
from bearkit.core.parallel import Progress, no_progress
from bearkit.core.project import Project
from bearkit.images.preprocessing import Preprocessing, center_crop

RECIPE = 1  # increase it when `load_pixels` gives other pixels, so that cached ones are computed again


def load_pixels(
    project: Project, images: Sequence[ImageRecord], spec: Preprocessing, progress: Progress = no_progress
) -> CachedRows:
    """Return the central square of each image, uint8 (side, side, 3), from the cache where possible.

    `side` is the length that the preprocessing resizes the shorter side to. The centre crop that a body sees is the
    middle of this square; random crops come from anywhere in it. The rows are memory-mapped, so memory does not grow
    with the number of images.

    Raises:
        NoImagesError: none of the images can be read.
    """
    square = replace(spec, size=spec.shorter_side, crop_pct=1.0)
    cache = ArrayCache(project.cache / "pixels" / f"{square.size}px-{spec.interpolation}-{RECIPE}")

    def compute(path: Path, image_id: str) -> np.ndarray:
        return np.asarray(center_crop(read_image(path, image_id, spec), square))

    def make_compute() -> Callable[[Path, str], np.ndarray]:
        return compute

    return get_or_compute(project, images, cache, make_compute, progress)
