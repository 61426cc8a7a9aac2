"""What the pixels alone tell, kept in the cache: a sketch to find copies with, and how good a picture is."""

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
from bearkit.images import decode, read_verified, thumbnails, without_long_ends

RECIPE = 1  # counts up when what is kept changes
SKETCH = 2 * near_duplicates.SIDE**2  # numbers: two sketches a picture


@dataclass(frozen=True)
class ImageStats:
    """Of the N pictures that can be read: sketches, uint8 (N, 2, 32, 32), and measures, float32 (N, 4).

    The second sketch of a picture with transparency is of its colours alone, as careless programs save it.
    """

    image_ids: list[str]
    sketches: np.ndarray
    measures: np.ndarray

    def copies(self) -> list[tuple[str, str]]:
        """Near-duplicates, as image ids, the most alike first."""
        others = np.flatnonzero((self.sketches[:, 0] != self.sketches[:, 1]).any(axis=(1, 2)))
        every = np.concatenate([self.sketches[:, 0], self.sketches[others, 1]])
        of = np.concatenate([np.arange(len(self.sketches)), others])
        pairs = of[near_duplicates.near_duplicates(every)[0]].tolist()
        found = dict.fromkeys((min(pair), max(pair)) for pair in pairs if pair[0] != pair[1])
        return [(self.image_ids[one], self.image_ids[other]) for one, other in found]


def image_stats(project: Project, images: Sequence[ImageRecord], progress: Progress = no_progress) -> ImageStats:
    """Look at the pixels of these pictures, once; thumbnails come with it."""

    def row_of(path: Path, image_id: str) -> np.ndarray:
        data = read_verified(path, image_id)
        decoded = decode(data, at_least=thumbnails.SIDE)
        thumbnails.keep(project, image_id, decoded.image)
        bare = decode(data, at_least=thumbnails.SIDE, bare=True) if decoded.transparent else decoded
        sketches = [_sketch(one.image) for one in (decoded, bare)]
        return np.concatenate([*sketches, image_quality.measure_quality(_grey(decoded.image))])

    store = ArrayCache(project.cache / "looks" / str(RECIPE))
    found = get_or_compute(project, images, store, lambda: row_of, progress)
    rows = np.stack(found.rows)
    sketches = rows[:, :SKETCH].astype(np.uint8).reshape(-1, 2, near_duplicates.SIDE, near_duplicates.SIDE)
    return ImageStats(found.image_ids, sketches, rows[:, SKETCH:])


def _sketch(image: Image.Image) -> np.ndarray:
    side = (near_duplicates.SIDE, near_duplicates.SIDE)
    return np.asarray(image.convert("L").resize(side, Image.Resampling.BOX), np.float32).ravel()


def _grey(image: Image.Image) -> np.ndarray:
    """Grey levels (H, W) of the picture at the size at which it is measured."""
    image = without_long_ends(image)
    factor = min(1.0, image_quality.SIDE / min(image.size))
    size = max(1, round(image.width * factor)), max(1, round(image.height * factor))
    return np.asarray(image.convert("L").resize(size, Image.Resampling.BOX))
