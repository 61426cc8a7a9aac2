"""What a model said of a project's pictures, kept with the run that made it."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bearkit.core.atomic import atomic_write


@dataclass(frozen=True)
class Predictions:
    """Probabilities of N pictures over C labels, as one model gave them."""

    image_ids: np.ndarray  # str (N,)
    paths: np.ndarray  # str (N,), relative to the project
    splits: np.ndarray  # str (N,)
    targets: np.ndarray  # int64 (N,), the given labels at the time
    probs: np.ndarray  # float32 (N, C)
    vocab: np.ndarray  # str (C,)
    logits: np.ndarray | None = None  # float32 (N, C); calibrate these: the smallest probabilities are 0. None: old run

    def only(self, split: str) -> "Predictions":
        """The rows of one split."""
        rows = self.splits == split
        mine = {name: array[rows] for name, array in self._arrays().items() if name != "vocab"}
        return Predictions(**mine, vocab=self.vocab)

    def save(self, path: Path) -> None:
        """Write them; the file appears whole."""
        with atomic_write(path) as part:
            np.savez_compressed(part, **self._arrays())  # type: ignore[arg-type]  # its `allow_pickle` is no array

    @classmethod
    def load(cls, path: Path) -> "Predictions":
        """Read them back."""
        with np.load(path) as file:
            return cls(**{name: file[name] for name in cls.__dataclass_fields__ if name in file.files})

    def _arrays(self) -> dict[str, np.ndarray]:
        return {name: array for name, array in vars(self).items() if array is not None}
