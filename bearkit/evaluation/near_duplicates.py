"""Near-duplicates: the same picture at another size, in another format, or saved once more.

Compared are sketches: whole pictures squeezed to 32 x 32 grey pixels. The differences between neighbouring pixels, as
a vector of length 1, are what a copy keeps: on our photographs copies at half size, at 150 pixels, at JPEG quality 30
or as WebP have a product of at least 0.94 with the original, and different photographs at most 0.6 (EXPERIMENTS.md).
A picture that was cropped, mirrored or drawn over is not found.
"""

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

SIDE = 32  # pixels of a sketch
SIMILAR = 0.86
FLAT = 2.0  # grey levels: the noise of a picture without contours counts for little
MANY = 4000  # pictures from which on a shorter vector is compared first
SHORT = 160  # its length
BLOCK = 1024


def near_duplicates(sketches: np.ndarray, similar: float = SIMILAR) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of pictures that look the same, the most alike first.

    Args:
        sketches: uint8 (N, 32, 32).
        similar: the smallest product of their contours.

    Returns:
        Pairs of rows i < j, int (P, 2), and how alike they are, float (P,).
    """
    contours = np.concatenate([_contours(sketches), _flatness(sketches)], axis=1)
    rough, at_least = contours, similar
    if len(contours) > MANY:  # a random projection first: at 160 numbers a product is off by 0.08 or so
        rng = np.random.default_rng(0)
        rough = contours @ rng.normal(0, SHORT**-0.5, (contours.shape[1], SHORT)).astype(np.float32)
        at_least = similar - 0.35
    pairs, products = [np.empty((0, 2), np.int64)], [np.empty(0, np.float32)]
    for start in range(0, len(rough), BLOCK):
        rows, columns = np.nonzero(rough[start : start + BLOCK] @ rough[start:].T >= at_least)
        candidates = np.stack([rows, columns], axis=1)[rows < columns] + start
        for part in np.array_split(candidates, len(candidates) // BLOCK + 1):
            alike = np.einsum("nd,nd->n", contours[part[:, 0]], contours[part[:, 1]])
            pairs.append(part[alike >= similar])
            products.append(alike[alike >= similar])
    found, alike = np.concatenate(pairs), np.concatenate(products)
    order = np.argsort(-alike, kind="stable")
    return found[order], alike[order]


def groups(pairs: np.ndarray, n: int) -> list[list[int]]:
    """Pictures that are joined by pairs, each group with at least two, in order.

    >>> groups(np.array([[0, 2], [2, 3]]), 5)
    [[0, 2, 3]]
    """
    if not len(pairs):
        return []
    joined = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(n, n))
    _, of = connected_components(joined, directed=False)
    members: dict[int, list[int]] = {}
    for row in np.unique(pairs):
        members.setdefault(int(of[row]), []).append(int(row))
    return list(members.values())


def _flatness(sketches: np.ndarray) -> np.ndarray:
    """What makes pictures of one grey level alike, which have no contours, float32 (N, 256).

    For a picture that varies by less than half a level a 1 at its level, and nothing for all others.
    """
    grey = sketches.reshape(len(sketches), SIDE**2).astype(np.float32)
    flat = np.flatnonzero(grey.std(axis=1) < 0.5)
    result = np.zeros((len(grey), 256), np.float32)
    result[flat, np.rint(grey[flat].mean(axis=1)).astype(int)] = 1
    return result


def _contours(sketches: np.ndarray) -> np.ndarray:
    """Differences of neighbours across and down, float32 (N, 2 * 31 * 31), of length 1 unless there are hardly any."""
    grey, each = sketches.astype(np.float32), (SIDE - 1) ** 2
    across, down = np.diff(grey, axis=2)[:, 1:], np.diff(grey, axis=1)[:, :, 1:]
    both = np.concatenate([across.reshape(len(grey), each), down.reshape(len(grey), each)], axis=1)
    length = np.linalg.norm(both, axis=1, keepdims=True)
    result: np.ndarray = both / np.maximum(length, FLAT * both.shape[1] ** 0.5 / 8)
    return result
