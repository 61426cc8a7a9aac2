"""Short features for labelling: look-alikes, proposals and the map are computed from them at any number of images.

The features of the body are standardised, scaled to length 1 and projected on their principal components. On four sets
of photographs 256 components label as well as all 1280 features (EXPERIMENTS.md), and cost a fifth.
"""

import numpy as np
from scipy.linalg import eigh

MAX_DIM = 256  # components
FIT_ROWS = 5000  # images that the components are computed from, evenly spaced
CHUNK = 8192  # images projected at once


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
