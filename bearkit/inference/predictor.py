"""Predict from a model folder, with onnxruntime alone: no torch, a few milliseconds a picture."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from PIL import Image

from bearkit.core.parallel import cores
from bearkit.core.paths import located
from bearkit.errors import ImageError, ModelError
from bearkit.images import MAX_BYTES, from_pillow, read_file, too_big
from bearkit.images.preprocessing import decode_for, preprocess
from bearkit.inference import model_folder
from bearkit.inference.session import session

Picture = str | os.PathLike[str] | bytes | BinaryIO | Image.Image
GOLDEN_TOLERANCE = 3e-3  # of the largest logit, or of 1, before the temperature
SIMILARITY_TOLERANCE = 0.01
BATCH = 4  # images in one run of the network: more are no faster (EXPERIMENTS.md)


@dataclass(frozen=True)
class Prediction:
    """What a model says of one picture.

    Attributes:
        label: the likeliest of its labels.
        index: of that label in the vocab.
        probs: the probability of every label, calibrated.
        known: whether the picture is like those that the model was trained on; if not, it is probably none of these.
        similarity: with the training pictures most like it, at most 1; None where the model does not tell.
    """

    label: str
    index: int
    probs: dict[str, float]
    known: bool = True
    similarity: float | None = None

    @property
    def probability(self) -> float:
        """The predicted label's."""
        return self.probs[self.label]

    def top(self, n: int) -> list[dict[str, Any]]:
        """The likeliest labels, with their probabilities."""
        likeliest = sorted(self.probs.items(), key=lambda pair: -pair[1])[:n]
        return [{"label": label, "probability": probability} for label, probability in likeliest]

    def as_dict(self, top: int = 3) -> dict[str, Any]:
        """Plain values, as the command line and the server give them."""
        return {
            "label": self.label,
            "probability": self.probability,
            "known": self.known,
            "similarity": self.similarity,
            "top": self.top(top),
            "probs": self.probs,
        }


@dataclass(frozen=True)
class Neighbour:
    """A training picture: the label that it was given, a small JPEG of it, and the cosine between the features."""

    label: str
    thumbnail: bytes
    cosine: float


class Predictor:
    """A model folder, ready to predict. It may be called from several threads at once.

    Args:
        folder: as `bearkit export` writes it.

    Raises:
        ModelError: it is missing, damaged, of another format, or does not give its golden pictures the answers that it
            gave them when it was exported.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        located(folder, "the model's folder", ModelError)
        self.folder = Path(folder)
        self.config = model_folder.read_config(self.folder)
        model_folder.check(self.folder)
        try:
            self._session = session(self.folder / "model.onnx", threads=cores())
        except Exception as error:  # onnxruntime's errors have no common base
            raise model_folder.damaged(self.folder, f"model.onnx: {error}") from error
        self._bank = model_folder.read_thumbnails(self.folder)
        self._outputs = {output.name for output in self._session.get_outputs()}
        self._check_golden()

    @property
    def threshold(self) -> float | None:
        """Below this similarity a picture is none of these; None where the model does not tell."""
        return self.config.info.threshold

    @property
    def vocab(self) -> list[str]:
        """The labels in training order."""
        return self.config.vocab

    def predict(self, picture: Picture) -> Prediction:
        """Label one picture: a path, the bytes of a file, an open file, or a Pillow image.

        Raises:
            ImageError: it is not a usable picture.
        """
        return self.predict_inputs(self.to_input(picture)[None])[0]

    def predict_batch(self, images: Iterable[Picture]) -> list[Prediction]:
        """Predict several images, in order; each may be what `predict` takes.

        Raises:
            ImageError: one of them is not a usable image.
        """
        return [prediction for inputs in self._batches(images) for prediction in self.predict_inputs(inputs)]

    def predict_proba(self, images: Iterable[Picture]) -> np.ndarray:
        """Predict the calibrated probabilities of several images.

        Returns:
            Float32 (N, C), in the order of the images and of `vocab`.

        Raises:
            ImageError: one of them is not a usable image.
        """
        rows = [softmax(self._forward(inputs)[0]) for inputs in self._batches(images)]
        return np.concatenate(rows) if rows else np.zeros((0, len(self.vocab)), np.float32)

    def _batches(self, images: Iterable[Picture]) -> Iterator[np.ndarray]:
        """Inputs of BATCH images at a time, float32 (n, 3, size, size): memory does not grow with their number."""
        waiting = iter(images)
        while chunk := list(islice(waiting, BATCH)):
            yield np.stack([self.to_input(image) for image in chunk])

    def __repr__(self) -> str:
        size = self.config.preprocessing.size
        return f"Predictor({str(self.folder)!r}): {len(self.vocab)} labels, {size} px"

    def to_input(self, picture: Picture) -> np.ndarray:
        """Preprocess an image for `predict_inputs`, float32 (3, size, size).

        Raises:
            ImageError: it is not a usable picture.
        """
        return preprocess(self.load_image(picture), self.config.preprocessing)

    def predict_inputs(self, inputs: np.ndarray) -> list[Prediction]:
        """Predict images that `to_input` preprocessed, float32 (N, 3, size, size), in one run of the network."""
        return self._decode(*self._forward(inputs))

    def _decode(self, logits: np.ndarray, similarity: np.ndarray) -> list[Prediction]:
        """Turn the outputs of `_forward` into predictions."""
        return [self._prediction(probs, float(alike)) for probs, alike in zip(softmax(logits), similarity, strict=True)]

    def nearest(self, picture: Picture, n: int = 6) -> list[Neighbour]:
        """The training pictures most like this one, nearest first; none if the model carries no pictures of them.

        Raises:
            ImageError: it is not a usable picture; ModelError: the model's pictures do not fit its network.
        """
        bank = self._bank
        if not bank or "cosines" not in self._outputs:
            return []
        (cosines,) = self._session.run(["cosines"], {"input": self.to_input(picture)[None]})[0]
        if len(bank) != len(cosines):
            raise model_folder.damaged(self.folder, f"{len(bank)} thumbnails for {len(cosines)} training pictures")
        every = (Neighbour(label, small, float(cosine)) for (label, small), cosine in zip(bank, cosines, strict=True))
        there = [one for one in every if one.thumbnail]  # of some the file was gone
        return sorted(there, key=lambda one: -one.cosine)[:n]

    def logits(self, pictures: Iterable[Image.Image]) -> np.ndarray:
        """The raw outputs for upright RGB pictures, float32 (N, C)."""
        return self._forward(np.stack([self.to_input(picture) for picture in pictures]))[0]

    def _forward(self, inputs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Logits (N, C) of inputs (N, 3, size, size), and similarities (N,); NaN if the model has none."""
        names = [name for name in ("logits", "similarity") if name in self._outputs]
        logits, *more = self._session.run(names, {"input": inputs})
        return logits, more[0] if more else np.full(len(logits), np.nan)

    def _prediction(self, probs: np.ndarray, similarity: float) -> Prediction:
        index = int(probs.argmax())
        named = dict(zip(self.vocab, probs.tolist(), strict=True))
        if self.threshold is None or np.isnan(similarity):
            return Prediction(self.vocab[index], index, named)
        return Prediction(self.vocab[index], index, named, similarity >= self.threshold, similarity)

    def load_image(self, picture: Picture) -> Image.Image:
        """A picture, upright and in RGB; a big JPEG may be decoded smaller, as `preprocess` needs it.

        Raises:
            ImageError: it is not a usable picture.
        """
        if isinstance(picture, Image.Image):
            return from_pillow(picture)
        return decode_for(_bytes_of(picture), self.config.preprocessing)

    def _check_input(self) -> None:
        """Compare the sizes of pictures that the network and config.json name, before anything is computed."""
        size, shape = self.config.preprocessing.size, self._session.get_inputs()[0].shape
        fits = len(shape) == 4 and all(side == size for side in shape[2:] if isinstance(side, int))
        if not fits:
            raise model_folder.damaged(
                self.folder, f"model.onnx takes inputs of {shape}, and config.json says {size} pixels"
            )

    def _check_golden(self) -> None:
        golden = model_folder.read_golden(self.folder)
        expected, alike = golden["logits"], golden.get("similarity")
        self._check_input()
        if expected.ndim != 2 or expected.shape[1] != len(set(self.vocab)):
            raise model_folder.damaged(
                self.folder, f"{len(set(self.vocab))} labels for outputs of shape {expected.shape}"
            )
        try:
            inputs = np.stack([self.to_input(Image.fromarray(picture)) for picture in golden["pictures"]])
            found, similarity = self._forward(inputs)
            difference = float(np.abs(found - expected).max())
            off = 0.0 if alike is None else float(np.abs(similarity - alike).max())
        except Exception as error:  # shapes or types that no longer fit, from numpy or onnxruntime
            raise model_folder.damaged(self.folder, str(error)) from error
        tolerance = GOLDEN_TOLERANCE * self.config.info.logit_scale(expected)
        fits = difference <= tolerance and off <= SIMILARITY_TOLERANCE
        if not fits:
            raise ModelError(
                f"the model in {self.folder} gives its golden pictures other answers than when it was exported "
                f"(logits differ by up to {difference:.2g}, similarities by {off:.2g})",
                hint="the folder was changed, or a library here computes differently; `bearkit export` it again here",
            )


def _bytes_of(picture: Any) -> bytes:
    """The bytes of what a caller gave as a picture.

    Raises:
        ImageError: it cannot be read, or is nothing that can be a picture.
    """
    if isinstance(picture, str | os.PathLike):
        return read_file(picture)
    if isinstance(picture, bytes | bytearray | memoryview):
        return bytes(picture)
    if hasattr(picture, "read"):
        try:
            data = picture.read(MAX_BYTES + 1)
        except (OSError, ValueError) as error:  # a closed one is a ValueError
            raise ImageError(f"the open file cannot be read: {error}") from error
        if isinstance(data, bytes):
            if len(data) > MAX_BYTES:
                raise too_big(len(data))
            return data
        raise ImageError("the file is open as text: give a path, or open it with mode 'rb'")
    kind = type(picture)
    raise ImageError(
        f"{kind.__module__}.{kind.__qualname__} is not a picture: give a path, bytes or a Pillow image; "
        "an array becomes one with Image.fromarray(array)",
        hint="for an array of numbers 0 to 255: `from PIL import Image`, then `Image.fromarray(array.astype('uint8'))`",
    )


def softmax(logits: np.ndarray) -> np.ndarray:
    """Logits to probabilities, float (N, C)."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    probs: np.ndarray = powers / powers.sum(axis=1, keepdims=True)
    return probs
