"""Which given labels are probably wrong."""

import numpy as np

from bearkit.evaluation.losses import top_losses


def rank_label_issues(out_of_fold_probs: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """All pictures, the most probably mislabelled first, int (N,).

    Ranked by the loss that a head which never saw the picture gives its label. The loss of the model itself, which the
    lecture's widget shows, is small for pictures whose wrong labels it has learnt by heart.

    Args:
        out_of_fold_probs: float (N, C).
        targets: given labels, int (N,).

    >>> rank_label_issues(np.array([[0.9, 0.1], [0.2, 0.8]]), np.array([0, 0])).tolist()
    [1, 0]
    """
    return top_losses(out_of_fold_probs, targets, k=len(targets))[0]
