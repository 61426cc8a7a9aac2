"""Rank images by how likely their given label is wrong."""

import numpy as np

from bearkit.evaluation.losses import top_losses


def rank_label_issues(out_of_fold_probs: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Rank all images by their out-of-fold loss, the most likely mislabelled first.

    The loss of the model itself, which fastai's ImageClassifierCleaner uses, is small for wrong labels that the model
    has memorised.

    Args:
        out_of_fold_probs: probabilities from heads that have not seen the image, float (N, C).
        targets: index of each given label, int (N,), in [0, C).

    Returns:
        Row indices, int (N,).

    Raises:
        ShapeError: `out_of_fold_probs` and `targets` have different N.

    >>> rank_label_issues(np.array([[0.9, 0.1], [0.2, 0.8]]), np.array([0, 0])).tolist()
    [1, 0]
    """
    return top_losses(out_of_fold_probs, targets, k=len(targets))[0]
