"""The predictions of a run for all images of the project."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from bearkit.core.atomic import atomic_write


@dataclass(frozen=True)
class Predictions:
    """Predicted probabilities of N images over C labels."""

    image_ids: np.ndarray  # str (N,)
    paths: np.ndarray  # str (N,), relative to the project; absolute for linked images
    splits: np.ndarray  # str (N,)
    targets: np.ndarray  # int64 (N,), index in `vocab` of each label at the time of the run
    probs: np.ndarray  # float32 (N, C), rows sum to 1
    vocab: np.ndarray  # str (C,)
    logits: np.ndarray | None = None  # float32 (N, C), for calibration: small `probs` are 0; None: an old run

    def only(self, split: str) -> "Predictions":
        """Return the rows of one split."""
        return self._rows(self.splits == split)

    def under(self, labels: Mapping[str, str]) -> "Predictions":
        """Return the predictions with other labels as targets, such as those after a review.

        Args:
            labels: the label by image id. Images without one, or with one that the model does not know, are left out.
        """
        column = {label: n for n, label in enumerate(self.vocab.tolist())}
        targets = np.array([column.get(labels.get(one, ""), -1) for one in self.image_ids.tolist()], np.int64)
        return replace(self, targets=targets)._rows(targets >= 0)

    def _rows(self, rows: np.ndarray) -> "Predictions":
        arrays = {name: array[rows] for name, array in self._arrays().items() if name != "vocab"}
        return Predictions(**arrays, vocab=self.vocab)

    def save(self, path: Path) -> None:
        """Write the arrays to an .npz file, atomically."""
        with atomic_write(path) as part:
            np.savez_compressed(part, **self._arrays())  # type: ignore[arg-type]  # mypy takes the arrays for `allow_pickle`

    @classmethod
    def load(cls, path: Path) -> "Predictions":
        """Read the arrays of `save`.

        Raises:
            OSError: the file cannot be read.
            ValueError: it is damaged. numpy and zipfile raise many other classes too.
        """
        with np.load(path) as file:
            return cls(**{name: file[name] for name in cls.__dataclass_fields__ if name in file.files})

    def _arrays(self) -> dict[str, np.ndarray]:
        return {name: array for name, array in vars(self).items() if array is not None}
