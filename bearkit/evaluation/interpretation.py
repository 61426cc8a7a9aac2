"""Interpretation of a finished run, in fastai's words: confusion matrix, most confused labels, top losses."""

from collections.abc import Mapping
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
    """The predictions of a run's model for the images of one split, compared with their labels.

    Args:
        project: the project that the images belong to.
        run: a finished run.
        split: `valid` for images that the model was not trained on, or `train`.
        labels: present labels by image id, such as those after a review, to compare with; by default those that the
            model was trained with. Images without one, or with one that the model does not know, are left out.

    Attributes:
        n_changed: images whose label in `labels` is another one, or that have none.

    Raises:
        RunError: the split has no images.
    """

    def __init__(
        self, project: Project, run: Run, split: str = "valid", labels: Mapping[str, str] | None = None
    ) -> None:
        self.project, self.run, self.split, self.n_changed = project, run, split, 0
        self.predictions: Predictions = run.predictions().only(split)
        if not len(self.predictions.targets):
            splits = ", ".join(sorted(set(run.predictions().splits.tolist())))
            raise RunError(f"run {run.id} has no pictures in split `{split}`", hint=f"splits with pictures: {splits}")
        if labels is not None:
            ids, before = self.predictions.image_ids.tolist(), self.predictions.vocab[self.predictions.targets].tolist()
            self.n_changed = sum(labels.get(one) != label for one, label in zip(ids, before, strict=True))
            self.predictions = self.predictions.under(labels)

    @classmethod
    def from_learner(cls, learn: _HasRun, split: str = "valid") -> "Interpretation":
        """Interpret the run that a Learner just trained.

        Raises:
            RunError: the split has no images.
        """
        return cls(learn.project, learn.run, split)

    @classmethod
    def from_run(cls, project: Project, run_id: str | None = None, split: str = "valid") -> "Interpretation":
        """Interpret a run; the newest finished one if `run_id` is None.

        Raises:
            RunError: there is no such finished run, or the split has no images.
        """
        return cls(project, runs.find_finished(project, run_id), split)

    @property
    def vocab(self) -> list[str]:
        """The labels in the order of the model's outputs."""
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
        """Return (given, predicted, count) for each pair of labels with at least `min_count` errors, most first."""
        cells = metrics.most_confused(self.confusion_matrix, min_count)
        return [(self.vocab[given], self.vocab[predicted], count) for given, predicted, count in cells]

    def labels(self) -> dict[str, dict[str, float | None]]:
        """Return precision and recall of each label; None if the label was never predicted, or has no images."""
        both = metrics.precision_recall(self.confusion_matrix)
        return {
            label: {"precision": precision, "recall": recall}
            for label, (precision, recall) in zip(self.vocab, both, strict=True)
        }

    def top_losses(self, k: int = 9, mistakes: bool = False) -> list[dict[str, Any]]:
        """Return the k images with the highest losses, worst first.

        Args:
            k: how many images at most.
            mistakes: only images that were predicted wrongly; an unsure but correct prediction has a high loss too.

        Returns:
            A dict for each image: `image_id`, `path`, `given` and `predicted` label, `loss` in nats, and the
            `probability` of the predicted label.
        """
        p = self.predictions
        now = {image.image_id: image.path for image in Catalog(self.project).images()}  # a review may have moved files
        rows, values = losses.top_losses(p.probs, p.targets, len(p.targets))
        if mistakes:
            wrong = p.probs[rows].argmax(axis=1) != p.targets[rows]
            rows, values = rows[wrong], values[wrong]
        return [
            {
                "image_id": str(p.image_ids[row]),
                "path": now.get(str(p.image_ids[row]), str(p.paths[row])),
                "given": self.vocab[p.targets[row]],
                "predicted": self.vocab[p.probs[row].argmax()],
                "loss": float(loss),
                "probability": float(p.probs[row].max()),
            }
            for row, loss in zip(rows[:k], values[:k], strict=True)
        ]

    def plot_confusion_matrix(self) -> "Figure":
        """Draw the confusion matrix."""
        return figures.confusion_matrix(self.confusion_matrix, self.vocab)

    def plot_top_losses(self, k: int = 9) -> "Figure":
        """Draw the k images with the highest losses, titled prediction / given / loss / probability."""
        return figures.top_losses(self.top_losses(k), self.project)

    def as_dict(self, k: int = 9) -> dict[str, Any]:
        """Return everything as plain values, as `bearkit interpret --json` prints it."""
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
