"""Features: a picture goes through the body once, and what came out is kept."""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from bearkit.bodies.array_cache import ArrayCache, CachedRows, get_or_compute
from bearkit.bodies.registry import Body
from bearkit.catalog.schema import ImageRecord
from bearkit.core.parallel import Progress, no_progress
from bearkit.core.project import Project
from bearkit.images import read_verified
from bearkit.images.preprocessing import Preprocessing, centre_crop, decode_for, normalise, random_crop
from bearkit.inference.session import session

VIEWS_RECIPE = 1  # counts up when `views` changes what it gives


@dataclass(frozen=True)
class Features:
    """Features of N pictures, float32 (N, V, ...): view 0 is the middle of the picture, the others random crops.

    `skipped` names pictures that are no longer there or no longer readable; their rows are left out.
    """

    image_ids: list[str]
    values: np.ndarray
    skipped: list[dict[str, str]]


def feature_cache(project: Project, body: Body, n_views: int, part: str = "") -> ArrayCache:
    """Where the features of one body, preprocessing and number of views are kept; `part` names a part of the body."""
    how = body.preprocessing
    seen_as = hashlib.sha256(json.dumps(asdict(how), sort_keys=True).encode()).hexdigest()[:8]
    made_by = f"{body.name}-{body.weights_id}-{how.size}px-{seen_as}-{n_views}views-{VIEWS_RECIPE}{part}"
    return ArrayCache(project.cache / "features" / made_by)


def extract_features(
    project: Project,
    images: Sequence[ImageRecord],
    body: Body,
    n_views: int = 1,
    progress: Progress = no_progress,
) -> Features:
    """The features of these pictures, float32 (N, V, D): read back where they are kept, made and kept where not.

    Memory does not grow with the number of pictures while features are made, only with what is returned.

    Raises:
        BodyError: the body's weights are not here.
        NoImagesError: not one of the pictures can be read any more.
    """
    found = extract_with_onnx(
        project, images, feature_cache(project, body, n_views), body, n_views, body.onnx, progress
    )
    return Features(found.image_ids, np.stack(found.rows), found.skipped)


def extract_with_onnx(
    project: Project,
    images: Sequence[ImageRecord],
    store: ArrayCache,
    body: Body,
    n_views: int,
    onnx: Callable[[Project], Path],
    progress: Progress,
    dtype: type[np.floating[Any]] = np.float32,
) -> CachedRows:
    """What an ONNX network makes of these pictures' views, rows (V, ...), kept in `store`.

    Each thread decodes a picture and runs the network on it alone: no thread waits for another, which is faster here
    than batches on all cores (EXPERIMENTS.md).
    """

    def make() -> Callable[[Path, str], np.ndarray]:
        network = session(onnx(project), threads=1)

        def row_of(path: Path, image_id: str) -> np.ndarray:
            inputs = crops_of(path, image_id, body.preprocessing, n_views)
            return np.concatenate([network.run(None, {"input": view[None]})[0] for view in inputs]).astype(dtype)

        return row_of

    return get_or_compute(project, images, store, make, progress)


def read_image(path: Path, image_id: str, how: Preprocessing) -> Image.Image:
    """The upright picture, if it is still the one that was imported.

    Raises:
        ImageError: the file is gone, has changed, or is damaged.
    """
    return decode_for(read_verified(path, image_id), how)


def crops_of(path: Path, image_id: str, how: Preprocessing, n_views: int) -> list[np.ndarray]:
    """The middle of the picture, and `n_views - 1` random crops that are always the same for this picture.

    Raises:
        ImageError: the file is gone, has changed, or is damaged.
    """
    image = read_image(path, image_id, how)
    rng = np.random.default_rng(int(image_id[:16], 16))
    crops = [centre_crop(image, how), *(random_crop(image, how, rng) for _ in range(n_views - 1))]
    return [normalise(crop, how) for crop in crops]
