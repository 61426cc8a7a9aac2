"""Compare two runs on the validation images that they share."""

from typing import Any

import numpy as np

from bearkit import runs
from bearkit.core.project import Project
from bearkit.errors import RunError
from bearkit.evaluation.paired_tests import compare_predictions
from bearkit.runs.predictions import Predictions


def compare_runs(project: Project, old: str, new: str) -> dict[str, Any]:
    """Compare two finished runs on the validation images of both, each under the labels that it was trained with.

    Args:
        project: the project of both runs.
        old: id of the first run.
        new: id of the second run.

    Returns:
        The ids, the fields of `Comparison`, and three counts of images that were left out: `renamed` (the other run
        does not know their label), `only_in_old` and `only_in_new`.

    Raises:
        RunError: a run does not exist or is not finished, or the runs share no validation image.
    """
    before, after = (runs.find_finished(project, name).predictions().only("valid") for name in (old, new))
    common, rows_before, rows_after = np.intersect1d(before.image_ids, after.image_ids, return_indices=True)
    old_labels, new_labels = before.vocab[before.targets[rows_before]], after.vocab[after.targets[rows_after]]
    # A label with a new name is no error of the old model, which could not predict it.
    in_both_vocabs = np.isin(old_labels, after.vocab) & np.isin(new_labels, before.vocab)
    if not in_both_vocabs.any():
        raise RunError(
            f"runs {old} and {new} have no validation picture in common",
            hint="compare runs of the same --seed, which sets the same pictures aside, and of the same labels",
        )
    comparison = compare_predictions(
        _predicted_labels(before)[rows_before[in_both_vocabs]],
        _predicted_labels(after)[rows_after[in_both_vocabs]],
        old_labels[in_both_vocabs],
        new_labels[in_both_vocabs],
    )
    left_out = {
        "renamed": int((~in_both_vocabs).sum()),
        "only_in_old": len(before.image_ids) - len(common),
        "only_in_new": len(after.image_ids) - len(common),
    }
    return {"old": old, "new": new, **comparison.as_dict(), **left_out}


def _predicted_labels(predictions: Predictions) -> np.ndarray:
    labels: np.ndarray = predictions.vocab[predictions.probs.argmax(axis=1)]
    return labels
