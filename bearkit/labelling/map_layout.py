"""Where images lie on the map: images that are alike lie side by side.

The layout is t-SNE (van der Maaten and Hinton 2008) of the first principal components, as openTSNE computes it. It runs
on one thread: so it gives the same map again, and leaves a core to those who label meanwhile.
"""

import importlib

import numpy as np

from bearkit.core.parallel import Progress, no_progress

DIM = 50  # principal components that the layout is computed from
PERPLEXITY = 30  # neighbours of an image that count
FEWEST = 8  # images; with fewer, the first two components are the map
EXAGGERATED, ITERATIONS = 250, 500  # steps of the layout, as openTSNE's default
START = 5e-4  # width of the flat layout that the steps begin with: t-SNE unfolds it from nearly one point
STEP = 25  # iterations between two calls of `progress`
EXACT = 20_000  # images up to which all neighbours are found; above, nearly all of them
BESIDE = 0.003  # of the map's width: how far from its neighbour a new image is placed
CHUNK = 512  # images placed at once
GOLDEN_ANGLE = 2.39996


def map_layout(rows: np.ndarray, seed: int, progress: Progress = no_progress) -> np.ndarray:
    """Compute the map of N images: float32 (N, 2), in the unit square.

    Args:
        rows: short features, float32 (N, d), whose columns are principal components (`reduce_features`).
        seed: of what is drawn at random.
        progress: called with the iterations that are done.
    """
    if len(rows) < FEWEST:
        return flat_layout(rows)
    total = EXAGGERATED + ITERATIONS
    done = 0

    def follow(iteration: int, error: float, embedding: np.ndarray) -> None:
        nonlocal done
        del iteration, error, embedding
        done += STEP
        progress("map", min(done, total), total)

    progress("map", 0, total)
    tsne = importlib.import_module("openTSNE").TSNE  # its import takes a second, so it happens here
    layout = tsne(
        perplexity=min(PERPLEXITY, (len(rows) - 1) / 3),
        initialization=START * (flat_layout(rows) - 0.5).astype(np.float64),
        early_exaggeration_iter=EXAGGERATED,
        n_iter=ITERATIONS,
        neighbors="exact" if len(rows) <= EXACT else "annoy",
        n_jobs=1,
        random_state=seed % 2**32,
        callbacks=follow,
        callbacks_every_iters=STEP,
    )
    return _unit_square(np.asarray(layout.fit(np.ascontiguousarray(rows[:, :DIM]))))


def flat_layout(rows: np.ndarray) -> np.ndarray:
    """Return the first two principal components as a map, float32 (N, 2): fast, but not all neighbours lie close."""
    flat = np.zeros((len(rows), 2), np.float32)
    flat[:, : min(2, rows.shape[1])] = rows[:, :2]
    return _unit_square(flat)


def place_beside(rows: np.ndarray, positions: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Place new images on a map, each beside the image that it is most like: float32 (N, 2).

    Args:
        rows: short features of all images, float32 (N, d).
        positions: of the images that are on the map, float32 (N, 2); those of new images are ignored.
        known: the images that are on the map, bool (N,), at least one.
    """
    placed = np.array(positions, np.float32)
    on_map, new = np.flatnonzero(known), np.flatnonzero(~known)
    for start in range(0, len(new), CHUNK):
        part = new[start : start + CHUNK]
        nearest = on_map[(rows[part, :DIM] @ rows[on_map, :DIM].T).argmax(axis=1)]
        angles = GOLDEN_ANGLE * part  # several images beside the same one do not hide each other
        placed[part] = positions[nearest] + BESIDE * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    return np.clip(placed, 0, 1)


def _unit_square(points: np.ndarray) -> np.ndarray:
    """Shift and scale points (N, 2) into the unit square, in proportion, its middle in the middle."""
    low, high = points.min(axis=0), points.max(axis=0)
    side = max(float((high - low).max()), 1e-12)
    return np.asarray((points - (low + high) / 2) / side + 0.5, np.float32)
