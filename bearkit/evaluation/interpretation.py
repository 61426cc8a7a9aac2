"""A finished run, looked at: `Interpretation` in fastai's words."""

from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from bearkit import runs
from bearkit.catalog.catalog import Catalog
from bearkit.core.project import Project
from bearkit.errors import RunError
from bearkit.evaluation import figures, losses, metrics
from bearkit.runs import Run
from bearkit.runs.predictions import Predictions

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class _HasRun(Protocol):
    @property
    def project(self) -> Project: ...

    @property
    def run(self) -> Run: ...


class Interpretation:
    """What a run's model says about the pictures of one split.

    Args:
        project: where the pictures are.
        run: a finished run.
        split: the pictures to look at; `valid` are the ones that the model did not train on.

    Raises:
        RunError: the split has no pictures.
    """

    def __init__(self, project: Project, run: Run, split: str = "valid") -> None:
        self.project, self.run, self.split = project, run, split
        self.predictions: Predictions = run.predictions().only(split)
        if not len(self.predictions.targets):
            there = ", ".join(sorted(set(run.predictions().splits.tolist())))
            raise RunError(f"run {run.id} has no pictures in split `{split}`", hint=f"splits with pictures: {there}")

    @classmethod
    def from_learner(cls, learn: _HasRun, split: str = "valid") -> "Interpretation":
        """Look at what a Learner just trained."""
        return cls(learn.project, learn.run, split)

    @classmethod
    def from_run(cls, project: Project, run_id: str | None = None, split: str = "valid") -> "Interpretation":
        """Look at a run; the newest finished one unless told otherwise."""
        return cls(project, runs.finished(project, run_id), split)

    @property
    def vocab(self) -> list[str]:
        """The labels in training order, as the model's outputs have them."""
        return [str(label) for label in self.predictions.vocab]

    @cached_property
    def confusion_matrix(self) -> np.ndarray:
        """Rows given, columns predicted, int (C, C)."""
        return metrics.confusion_matrix(self.predictions.probs, self.predictions.targets)

    @property
    def error_rate(self) -> float:
        """1 - accuracy."""
        return metrics.error_rate(self.predictions.probs, self.predictions.targets)

    @property
    def error_interval(self) -> tuple[float, float]:
        """The exact 95 % interval of the error rate."""
        return metrics.error_with_interval(self.predictions.probs, self.predictions.targets)[1]

    def most_confused(self, min_count: int = 1) -> list[tuple[str, str, int]]:
        """(given, predicted, count), the most frequent first."""
        cells = metrics.most_confused(self.confusion_matrix, min_count)
        return [(self.vocab[given], self.vocab[predicted], count) for given, predicted, count in cells]

    def labels(self) -> dict[str, dict[str, float | None]]:
        """Precision and recall of each label; None where there is nothing to divide by."""
        both = metrics.precision_recall(self.confusion_matrix)
        return {
            label: {"precision": precision, "recall": recall}
            for label, (precision, recall) in zip(self.vocab, both, strict=True)
        }

    def top_losses(self, k: int = 9) -> list[dict[str, Any]]:
        """The pictures it was most wrong about, worst first; `probability` is the predicted label's."""
        p = self.predictions
        now = {image.image_id: image.path for image in Catalog(self.project).images()}  # a review may have moved files
        rows = zip(*losses.top_losses(p.probs, p.targets, k), strict=True)
        return [
            {
                "image_id": str(p.image_ids[row]),
                "path": now.get(str(p.image_ids[row]), str(p.paths[row])),
                "given": self.vocab[p.targets[row]],
                "predicted": self.vocab[p.probs[row].argmax()],
                "loss": float(loss),
                "probability": float(p.probs[row].max()),
            }
            for row, loss in rows
        ]

    def plot_confusion_matrix(self) -> "Figure":
        """The confusion matrix, drawn."""
        return figures.confusion_matrix(self.confusion_matrix, self.vocab)

    def plot_top_losses(self, k: int = 9) -> "Figure":
        """The pictures it was most wrong about, drawn: prediction / given / loss / probability."""
        return figures.top_losses(self.top_losses(k), self.project)

    def as_dict(self, k: int = 9) -> dict[str, Any]:
        """Everything, as the command line prints it."""
        return {
            "run": self.run.id,
            "split": self.split,
            "vocab": self.vocab,
            "error_rate": self.error_rate,
            "error_interval": list(self.error_interval),
            "confusion_matrix": self.confusion_matrix.tolist(),
            "most_confused": [list(cell) for cell in self.most_confused()],
            "top_losses": self.top_losses(k),
            "labels": self.labels(),
        }
