"""Near-duplicates: the same image at another size, in another format, or compressed again.

Images are compared by their sketches: the whole image resized to 32 x 32 grey pixels. The differences between
neighbouring pixels, as a vector of length 1, hardly change in a copy: on our photographs the cosine of an original and
its copy at half size, at 150 pixels, at JPEG quality 30 or as WebP is at least 0.94, and of different photographs at
most 0.6 (EXPERIMENTS.md). Images that were cropped, mirrored or drawn over are not found.
"""

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

SIDE = 32  # of a sketch, in pixels
MIN_COSINE = 0.86
FLAT = 2.0  # grey levels: gradients weaker than this are noise, and count less
MANY = 4000  # with more images than this, projected gradients are compared first
PROJECTED = 160  # length of a projected gradient vector
PROJECTION_ERROR = 0.35  # more than four standard deviations of a cosine after the projection
BLOCK = 1024  # rows compared at once


def near_duplicates(sketches: np.ndarray, min_cosine: float = MIN_COSINE) -> tuple[np.ndarray, np.ndarray]:
    """Find pairs of images that look the same, the most similar first.

    Args:
        sketches: images resized to 32 x 32 grey pixels, uint8 (N, 32, 32).
        min_cosine: smallest cosine of the gradients of a pair.

    Returns:
        Pairs of rows i < j, int (P, 2), and their cosines, float (P,).
    """
    gradients = np.concatenate([_gradients(sketches), _flat_levels(sketches)], axis=1)
    compared, threshold = gradients, min_cosine
    if len(gradients) > MANY:  # a random projection to 160 numbers changes a cosine by 0.08 or so
        rng = np.random.default_rng(0)
        compared = gradients @ rng.normal(0, PROJECTED**-0.5, (gradients.shape[1], PROJECTED)).astype(np.float32)
        threshold = min_cosine - PROJECTION_ERROR
    pairs, cosines = [np.empty((0, 2), np.int64)], [np.empty(0, np.float32)]
    for start in range(0, len(compared), BLOCK):
        rows, columns = np.nonzero(compared[start : start + BLOCK] @ compared[start:].T >= threshold)
        candidates = np.stack([rows, columns], axis=1)[rows < columns] + start
        for part in np.array_split(candidates, len(candidates) // BLOCK + 1):
            cosine = np.einsum("nd,nd->n", gradients[part[:, 0]], gradients[part[:, 1]])
            pairs.append(part[cosine >= min_cosine])
            cosines.append(cosine[cosine >= min_cosine])
    all_pairs, all_cosines = np.concatenate(pairs), np.concatenate(cosines)
    order = np.argsort(-all_cosines, kind="stable")
    return all_pairs[order], all_cosines[order]


def groups(pairs: np.ndarray, n: int) -> list[list[int]]:
    """Join pairs to groups of near-duplicates.

    Args:
        pairs: rows of images, int (P, 2).
        n: number of images.

    Returns:
        Groups of at least two rows, each in rising order.

    >>> groups(np.array([[0, 2], [2, 3]]), 5)
    [[0, 2, 3]]
    """
    if not len(pairs):
        return []
    joined = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(n, n))
    _, group_of = connected_components(joined, directed=False)
    members: dict[int, list[int]] = {}
    for row in np.unique(pairs):
        members.setdefault(int(group_of[row]), []).append(int(row))
    return list(members.values())


def _flat_levels(sketches: np.ndarray) -> np.ndarray:
    """One-hot grey levels of flat images, which have no gradients to compare: float32 (N, 256).

    The row of an image that varies by less than half a grey level has a 1 at its level; other rows are zero.
    """
    grey = sketches.reshape(len(sketches), SIDE**2).astype(np.float32)
    flat = np.flatnonzero(grey.std(axis=1) < 0.5)
    result = np.zeros((len(grey), 256), np.float32)
    result[flat, np.rint(grey[flat].mean(axis=1)).astype(int)] = 1
    return result


def _gradients(sketches: np.ndarray) -> np.ndarray:
    """Differences of neighbouring pixels across and down, float32 (N, 2 * 31 * 31).

    Rows have length 1, or less where all differences are small.
    """
    grey, n_each = sketches.astype(np.float32), (SIDE - 1) ** 2
    across, down = np.diff(grey, axis=2)[:, 1:], np.diff(grey, axis=1)[:, :, 1:]
    both = np.concatenate([across.reshape(len(grey), n_each), down.reshape(len(grey), n_each)], axis=1)
    length = np.linalg.norm(both, axis=1, keepdims=True)
    result: np.ndarray = both / np.maximum(length, FLAT * both.shape[1] ** 0.5 / 8)
    return result
