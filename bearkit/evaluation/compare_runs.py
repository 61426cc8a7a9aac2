"""Two runs on the validation pictures that both left alone."""

from typing import Any

import numpy as np

from bearkit import runs
from bearkit.core.project import Project
from bearkit.errors import RunError
from bearkit.evaluation.paired_tests import compare_predictions
from bearkit.runs.predictions import Predictions


def compare_runs(project: Project, old: str, new: str) -> dict[str, Any]:
    """Compare two finished runs, under the labels that each was trained with; how many pictures only one of them has.

    Raises:
        RunError: one of them is not there or not finished, or no picture was set aside in both.
    """
    before, after = (runs.finished(project, name).predictions().only("valid") for name in (old, new))
    common, rows_before, rows_after = np.intersect1d(before.image_ids, after.image_ids, return_indices=True)
    labels = before.vocab[before.targets[rows_before]], after.vocab[after.targets[rows_after]]
    known = np.isin(labels[0], after.vocab) & np.isin(
        labels[1], before.vocab
    )  # a new name is no mistake of the old one
    rows_before, rows_after = rows_before[known], rows_after[known]
    if not len(rows_before):
        raise RunError(
            f"runs {old} and {new} have no validation picture in common",
            hint="compare runs of the same --seed, which sets the same pictures aside, and of the same labels",
        )
    found = compare_predictions(
        _predicted(before)[rows_before],
        _predicted(after)[rows_after],
        before.vocab[before.targets[rows_before]],
        after.vocab[after.targets[rows_after]],
    )
    left_out = {
        "renamed": int((~known).sum()),
        "only_in_old": len(before.image_ids) - len(common),
        "only_in_new": len(after.image_ids) - len(common),
    }
    return {"old": old, "new": new, **found.as_dict(), **left_out}


def _predicted(predictions: Predictions) -> np.ndarray:
    labels: np.ndarray = predictions.vocab[predictions.probs.argmax(axis=1)]
    return labels
