"""Short features for labelling: look-alikes, proposals and the map are computed from them at any number of images.

The features of the body are standardised, scaled to length 1 and projected on their principal components. On four sets
of photographs 256 components label as well as all 1280 features (EXPERIMENTS.md), and cost a fifth. They are kept in
the project's cache, so that a page in another process does not wait for them.
"""

import shutil
from collections.abc import Callable, Sequence
from contextlib import suppress

import numpy as np
from scipy.linalg import eigh

from bearkit.bodies.array_cache import ArrayCache
from bearkit.core.project import Project

RECIPE = 1  # increase it when `reduce_features` gives other values
MAX_DIM = 256  # components
FIT_ROWS = 5000  # images that the components are computed from, evenly spaced
CHUNK = 512  # images projected at once: 2.6 MB of features, which stay in the processor's cache


def short_features(
    project: Project, image_ids: Sequence[str], version: str, read_features: Callable[[], np.ndarray]
) -> np.ndarray:
    """Return the short features of N images, float32 (N, d): from the project's cache if they were computed before.

    The cache holds those of the newest set of images only.

    Args:
        project: whose cache.
        image_ids: of the N images.
        version: changes with the images and their features.
        read_features: returns the features, float32 (N, D); called only if the cache lacks the short ones.
    """
    cache = ArrayCache(project.cache / "short_features" / f"{version}-{RECIPE}")
    for _, stored in cache.shards():
        return stored
    rows = reduce_features(read_features())
    with suppress(OSError):  # without room on the disk they are computed again each time
        cache.add(image_ids, rows)
        for folder in cache.folders:
            for other in {*folder.parent.iterdir()} - {folder}:
                shutil.rmtree(other, ignore_errors=True)
    return rows


def reduce_features(features: np.ndarray) -> np.ndarray:
    """Project features on their first principal components: float32 (N, d), rows of length 1.

    Args:
        features: float32 (N, D), N at least 1.

    Returns:
        d is at most MAX_DIM, D and N.
    """
    sample = features[:: -(-len(features) // FIT_ROWS)]
    mean, std = sample.mean(axis=0), sample.std(axis=0)
    std = np.maximum(std, max(float(std.mean()) * 1e-2, 1e-6))  # or a feature that hardly varies would be scaled up
    rows = _unit((sample - mean) / std)
    centre = rows.mean(axis=0)
    rows = rows - centre
    n_features, d = rows.shape[1], min(MAX_DIM, *features.shape)
    _, vectors = eigh(rows.T @ rows, subset_by_index=(n_features - d, n_features - 1))  # eigenvalues ascend
    components = vectors[:, ::-1]
    result = np.empty((len(features), components.shape[1]), np.float32)
    for start in range(0, len(features), CHUNK):
        part = _unit((features[start : start + CHUNK] - mean) / std) - centre
        result[start : start + CHUNK] = _unit(part @ components)
    return result


def _unit(rows: np.ndarray) -> np.ndarray:
    scaled: np.ndarray = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-6)
    return scaled
