"""Statistics of an image's pixels, cached: two thumbnails to find near-duplicates with, and measures of quality."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from bearkit.bodies.array_cache import ArrayCache, get_or_compute
from bearkit.catalog.schema import ImageRecord
from bearkit.core.parallel import Progress, no_progress
from bearkit.core.project import Project
from bearkit.evaluation import image_quality, near_duplicates
from bearkit.images import crop_long_ends, decode, read_verified, thumbnails

RECIPE = 1  # version of the cached values: increase it when they change
SKETCH = 2 * near_duplicates.SIDE**2  # values of the two sketches of an image


@dataclass(frozen=True)
class ImageStats:
    """Statistics of the N images that can be read.

    Attributes:
        image_ids: N ids.
        sketches: grey thumbnails, uint8 (N, 2, 32, 32). The second is of the bare colours of an image with
            transparency, as programs save it that ignore transparency; otherwise it equals the first.
        measures: of image quality, float32 (N, 4); see `image_quality.measures`.
    """

    image_ids: list[str]
    sketches: np.ndarray
    measures: np.ndarray

    def near_duplicates(self) -> list[tuple[str, str]]:
        """Return pairs of near-duplicates, as image ids, the most similar first."""
        two_sketches = np.flatnonzero((self.sketches[:, 0] != self.sketches[:, 1]).any(axis=(1, 2)))
        sketches = np.concatenate([self.sketches[:, 0], self.sketches[two_sketches, 1]])
        row_of_sketch = np.concatenate([np.arange(len(self.sketches)), two_sketches])
        pairs = row_of_sketch[near_duplicates.near_duplicates(sketches)[0]].tolist()
        unique = dict.fromkeys((min(pair), max(pair)) for pair in pairs if pair[0] != pair[1])
        return [(self.image_ids[first], self.image_ids[second]) for first, second in unique]


def image_stats(project: Project, images: Sequence[ImageRecord], progress: Progress = no_progress) -> ImageStats:
    """Return the statistics of these images. Images that are not in the cache are read, and get a thumbnail too."""

    def row_of(path: Path, image_id: str) -> np.ndarray:
        data = read_verified(path, image_id)
        decoded = decode(data, at_least=thumbnails.SIDE)
        thumbnails.save_thumbnail(project, image_id, decoded.image)
        bare = decode(data, at_least=thumbnails.SIDE, drop_alpha=True) if decoded.transparent else decoded
        sketches = [_sketch(decoded.image), _sketch(bare.image)]
        return np.concatenate([*sketches, image_quality.measure_quality(_grey(decoded.image))])

    store = ArrayCache(project.cache / "looks" / str(RECIPE))
    cached = get_or_compute(project, images, store, lambda: row_of, progress)
    rows = np.stack(cached.rows)
    sketches = rows[:, :SKETCH].astype(np.uint8).reshape(-1, 2, near_duplicates.SIDE, near_duplicates.SIDE)
    return ImageStats(cached.image_ids, sketches, rows[:, SKETCH:])


def _sketch(image: Image.Image) -> np.ndarray:
    side = (near_duplicates.SIDE, near_duplicates.SIDE)
    return np.asarray(image.convert("L").resize(side, Image.Resampling.BOX), np.float32).ravel()


def _grey(image: Image.Image) -> np.ndarray:
    """Grey levels, uint8 (H, W), at the size at which quality is measured."""
    image = crop_long_ends(image)
    factor = min(1.0, image_quality.SIDE / min(image.size))
    size = max(1, round(image.width * factor)), max(1, round(image.height * factor))
    return np.asarray(image.convert("L").resize(size, Image.Resampling.BOX))
