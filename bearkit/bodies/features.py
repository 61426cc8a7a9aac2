"""Features: each image goes through the body once, and the result is cached."""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from bearkit.bodies.array_cache import ArrayCache, CachedRows, fill, get_or_compute
from bearkit.bodies.registry import Body
from bearkit.catalog.schema import ImageRecord
from bearkit.core.parallel import Progress, no_progress
from bearkit.core.project import Project
from bearkit.errors import ImageError
from bearkit.images import read_verified
from bearkit.images.preprocessing import Preprocessing, center_crop, decode_for_body, normalize, random_crop
from bearkit.inference.session import session

CROPS_RECIPE = 1  # increase it when `crops_of` gives other pixels, so that cached features are computed again


@dataclass(frozen=True)
class Features:
    """Features of N images in V crops.

    Attributes:
        image_ids: ids of the images that have features.
        values: float32 (N, V, ...); crop 0 is the centre crop, the others are random crops.
        skipped: id, path and reason of each image that is missing or unreadable; it has no row.
    """

    image_ids: list[str]
    values: np.ndarray
    skipped: list[dict[str, str]]


def feature_cache(project: Project, body: Body, n_crops: int, part: str = "") -> ArrayCache:
    """Return the cache for the features of one body, preprocessing and number of crops.

    Args:
        project: the project that the cache belongs to.
        body: the body; its name, weights and preprocessing are part of the cache's name.
        n_crops: crops of each image.
        part: the name of a part of the body, if only that computes the features.
    """
    spec = body.preprocessing
    spec_digest = hashlib.sha256(json.dumps(asdict(spec), sort_keys=True).encode()).hexdigest()[:8]
    recipe = f"{body.name}-{body.weights_id}-{spec.size}px-{spec_digest}-{n_crops}views-{CROPS_RECIPE}{part}"
    return ArrayCache(project.cache / "features" / recipe)


def extract_features(
    project: Project,
    images: Sequence[ImageRecord],
    body: Body,
    n_crops: int = 1,
    progress: Progress = no_progress,
) -> Features:
    """Return the features of these images, float32 (N, V, D), from the cache where possible.

    Computing them needs memory for a few images only, whatever their number; the result is held in memory as a whole.

    Raises:
        BodyError: the body's weights are missing.
        NoImagesError: none of the images can be read.
    """
    cache = feature_cache(project, body, n_crops)
    cached = extract_with_onnx(project, images, cache, body, n_crops, body.onnx, progress)
    values = np.empty((len(cached.rows), *cached.rows[0].shape), np.float32)
    for number, row in enumerate(cached.rows):  # `np.stack` makes three more objects for each row
        values[number] = row
    return Features(cached.image_ids, values, cached.skipped)


def compute_features(
    project: Project, images: Sequence[ImageRecord], body: Body, progress: Progress = no_progress
) -> tuple[list[str], str]:
    """Compute the missing features of the centre crops of these images, and read none.

    Returns:
        The ids of the images that have features, in this order, and a text that changes with these images and features.

    Raises:
        BodyError: the body's weights are missing.
        NoImagesError: none of the images can be read.
    """
    cache = feature_cache(project, body, 1)
    image_ids, _, shards = fill(project, images, cache, partial(_onnx_rows, project, body, 1, body.onnx), progress)
    content = "\n".join([cache.folder.name, *shards, "", *image_ids])
    return image_ids, hashlib.sha256(content.encode()).hexdigest()[:16]


def read_features(
    project: Project, images: Sequence[ImageRecord], body: Body, progress: Progress = no_progress
) -> np.ndarray:
    """Return features that `compute_features` has computed, float32 (N, D), also of images whose file is gone by now.

    Args:
        project: the project that the images belong to.
        images: those whose ids it returned.
        body: the same body.
        progress: called after each row that is computed again, because the cache is damaged.

    Raises:
        ImageError: an image's features are damaged, and its file cannot be read.
    """
    cache = feature_cache(project, body, 1)
    rows = cache.read([image.image_id for image in images])
    if lost := [image for image in images if image.image_id not in rows]:
        again = extract_with_onnx(project, lost, cache, body, 1, body.onnx, progress)
        rows |= dict(zip(again.image_ids, again.rows, strict=True))
        for one in again.skipped:
            raise ImageError(f"the features of {one['path']} are lost, and its file cannot be used: {one['reason']}")
    values = np.empty((len(images), *next(iter(rows.values())).shape[1:]), np.float32)
    for number, image in enumerate(images):  # `np.stack` makes three more objects for each row
        values[number] = rows[image.image_id][0]
    return values


def extract_with_onnx(
    project: Project,
    images: Sequence[ImageRecord],
    cache: ArrayCache,
    body: Body,
    n_crops: int,
    onnx: Callable[[Project], Path],
    progress: Progress,
    dtype: type[np.floating[Any]] = np.float32,
) -> CachedRows:
    """Run an ONNX network on the crops of these images; a row is (V, ...), from the cache where possible.

    Each thread decodes an image and runs the network on it alone. No thread waits for another, which is faster here
    than batches on all cores (EXPERIMENTS.md).

    Args:
        project: the project that the images belong to.
        images: the images.
        cache: where the rows are stored.
        body: its preprocessing makes the crops.
        n_crops: V, crops of each image.
        onnx: returns the network's file; called only if a row is missing.
        progress: called after each computed row.
        dtype: of the rows.

    Raises:
        NoImagesError: none of the images can be read.
    """
    make_compute = partial(_onnx_rows, project, body, n_crops, onnx, dtype)
    return get_or_compute(project, images, cache, make_compute, progress)


def _onnx_rows(
    project: Project,
    body: Body,
    n_crops: int,
    onnx: Callable[[Project], Path],
    dtype: type[np.floating[Any]] = np.float32,
) -> Callable[[Path, str], np.ndarray]:
    """Return the function from an image to its row. See `extract_with_onnx`."""
    network = session(onnx(project), threads=1)

    def compute(path: Path, image_id: str) -> np.ndarray:
        crops = crops_of(path, image_id, body.preprocessing, n_crops)
        return np.concatenate([network.run(None, {"input": crop[None]})[0] for crop in crops]).astype(dtype)

    return compute


def read_image(path: Path, image_id: str, spec: Preprocessing) -> Image.Image:
    """Read an image file, check that its bytes are those of `image_id`, and decode it upright.

    Raises:
        ImageError: the file is gone, has changed, or is damaged.
    """
    return decode_for_body(read_verified(path, image_id), spec)


def crops_of(path: Path, image_id: str, spec: Preprocessing, n_crops: int) -> list[np.ndarray]:
    """Return the preprocessed centre crop of an image and `n_crops - 1` random crops, each float32 (3, size, size).

    The random crops are seeded by the image id, so an image has the same ones each time.

    Raises:
        ImageError: the file is gone, has changed, or is damaged.
    """
    image = read_image(path, image_id, spec)
    rng = np.random.default_rng(int(image_id[:16], 16))
    crops = [center_crop(image, spec), *(random_crop(image, spec, rng) for _ in range(n_crops - 1))]
    return [normalize(crop, spec) for crop in crops]
