"""Predict from a model folder, with onnxruntime alone: no torch, a few milliseconds a picture."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from bearkit import bundle
from bearkit.errors import ImageError, ModelError
from bearkit.images import read_file, to_rgb
from bearkit.onnx_session import session
from bearkit.parallel import cores
from bearkit.preprocessing import decode_for, preprocess

GOLDEN_TOLERANCE = 3e-3  # of the largest logit, or of 1


@dataclass(frozen=True)
class Prediction:
    """What a model says of one picture: the label, its index in the vocab, and the probability of every label."""

    label: str
    index: int
    probs: dict[str, float]

    @property
    def probability(self) -> float:
        """The predicted label's."""
        return self.probs[self.label]


class Predictor:
    """A model folder, ready to predict. It may be called from several threads at once.

    Args:
        folder: as `bearkit export` writes it.

    Raises:
        ModelError: it is missing, damaged, of another format, or does not give its golden pictures the answers that it
            gave them when it was exported.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = Path(folder)
        self.config = bundle.read_config(self.folder)
        try:
            self._session = session(self.folder / "model.onnx", threads=cores())
        except Exception as error:  # onnxruntime's errors have no common base
            raise bundle.damaged(self.folder, f"model.onnx: {error}") from error
        self._check_golden()

    @property
    def vocab(self) -> list[str]:
        """The labels in training order."""
        return self.config.vocab

    def predict(self, picture: str | os.PathLike[str] | bytes | Image.Image) -> Prediction:
        """Label one picture: a path, the bytes of a file, or a Pillow image.

        Raises:
            ImageError: it is not a usable picture.
        """
        probs = _softmax(self._run(preprocess(self._open(picture), self.config.preprocessing)[None]))[0]
        index = int(probs.argmax())
        return Prediction(self.vocab[index], index, dict(zip(self.vocab, probs.tolist(), strict=True)))

    def predict_files(self, paths: Iterable[str | os.PathLike[str]]) -> list[dict[str, Any]]:
        """A row for each file: its label and probabilities, or the `error` that made it unusable."""
        return [self._row(path) for path in paths]

    def logits(self, pictures: Iterable[Image.Image]) -> np.ndarray:
        """The raw outputs for upright RGB pictures, float32 (N, C)."""
        return self._run(np.stack([preprocess(picture, self.config.preprocessing) for picture in pictures]))

    def _run(self, inputs: np.ndarray) -> np.ndarray:
        outputs: np.ndarray = self._session.run(None, {"input": inputs})[0]
        return outputs

    def _open(self, picture: str | os.PathLike[str] | bytes | Image.Image) -> Image.Image:
        if isinstance(picture, Image.Image):
            return to_rgb(picture)
        data = picture if isinstance(picture, bytes) else read_file(picture)
        return decode_for(data, self.config.preprocessing)

    def _row(self, path: str | os.PathLike[str]) -> dict[str, Any]:
        try:
            found = self.predict(path)
        except ImageError as error:
            return {"path": str(path), **error.as_dict()}
        return {"path": str(path), "label": found.label, "probability": found.probability, "probs": found.probs}

    def _check_golden(self) -> None:
        pictures, expected = bundle.read_golden(self.folder)
        if expected.ndim != 2 or expected.shape[1] != len(set(self.vocab)):
            raise bundle.damaged(self.folder, f"{len(set(self.vocab))} labels for outputs of shape {expected.shape}")
        try:
            found = self.logits([Image.fromarray(picture) for picture in pictures])
            difference = float(np.abs(found - expected).max())
        except Exception as error:  # shapes or types that no longer fit, from numpy or onnxruntime
            raise bundle.damaged(self.folder, str(error)) from error
        if not difference <= GOLDEN_TOLERANCE * max(1.0, float(np.abs(expected).max())):
            raise ModelError(
                f"the model in {self.folder} gives its golden pictures other answers than when it was exported "
                f"(logits differ by up to {difference:.2g})",
                hint="the folder was changed, or a library here computes differently; `bearkit export` it again here",
            )


def _softmax(logits: np.ndarray) -> np.ndarray:
    """Logits to probabilities, float (N, C)."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    probs: np.ndarray = powers / powers.sum(axis=1, keepdims=True)
    return probs
