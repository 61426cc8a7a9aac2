"""Pictures decoded once and kept small, as bytes, for the epochs in which the body learns too."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from bearkit.bodies.array_cache import ArrayCache, CachedRows, get_or_compute
from bearkit.bodies.features import read_image
from bearkit.catalog.schema import ImageRecord
from bearkit.core.parallel import Progress, no_progress
from bearkit.core.project import Project
from bearkit.images.preprocessing import Preprocessing, centre_crop

RECIPE = 1  # counts up when `pixels` changes what it gives


def load_pixels(
    project: Project, images: Sequence[ImageRecord], how: Preprocessing, progress: Progress = no_progress
) -> CachedRows:
    """The middle square of each picture, as large as the shorter side is resized to: uint8 (side, side, 3).

    What a body is shown, `centre_crop`, is the middle of that square; random crops come from anywhere in it. They are
    mapped from the disk, so that memory does not grow with the number of pictures.

    Raises:
        NoImagesError: not one of the pictures can be read any more.
    """
    square = replace(how, size=how.shorter_side, crop_pct=1.0)
    store = ArrayCache(project.cache / "pixels" / f"{square.size}px-{how.interpolation}-{RECIPE}")

    def row_of(path: Path, image_id: str) -> np.ndarray:
        return np.asarray(centre_crop(read_image(path, image_id, how), square))

    def make() -> Callable[[Path, str], np.ndarray]:
        return row_of

    return get_or_compute(project, images, store, make, progress)
