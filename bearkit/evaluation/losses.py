"""The loss of each image, and the images with the highest losses."""

import numpy as np

from bearkit.evaluation.metrics import check_shapes


def losses(probs: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Compute the cross-entropy of each image's given label in nats, float64 (N,).

    Args:
        probs: predicted probabilities, float (N, C), rows sum to 1.
        targets: index of each given label, int (N,), in [0, C).

    Raises:
        ShapeError: `probs` and `targets` have different N.

    >>> losses(np.array([[0.5, 0.5]]), np.array([0])).round(3).tolist()
    [0.693]
    """
    check_shapes(probs, targets)
    given = probs[np.arange(len(targets)), targets].astype(np.float64)
    result: np.ndarray = -np.log(np.maximum(given, np.finfo(np.float64).tiny))
    return result


def top_losses(probs: np.ndarray, targets: np.ndarray, k: int = 9) -> tuple[np.ndarray, np.ndarray]:
    """Find the `k` images the model was most wrong about, worst first.

    Args:
        probs: predicted probabilities, float (N, C), rows sum to 1.
        targets: index of each given label, int (N,), in [0, C).
        k: how many to return; all N when N < k.

    Returns:
        Row indices, int (min(k, N),), and their losses in nats, float, same shape.

    Raises:
        ShapeError: `probs` and `targets` have different N.

    >>> indices, values = top_losses(np.array([[0.9, 0.1], [0.2, 0.8]]), np.array([0, 0]), k=1)
    >>> int(indices[0]), f"{values[0]:.2f}"
    (1, '1.61')
    """
    all_losses = losses(probs, targets)
    order = np.argsort(-all_losses, kind="stable")[:k]
    return order, all_losses[order]
