"""Predict images with a model folder. It needs onnxruntime but no torch, and takes a few milliseconds an image."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from PIL import Image

from bearkit.core.parallel import cores
from bearkit.core.paths import resolve_path
from bearkit.errors import ImageError, ModelError
from bearkit.images import MAX_BYTES, from_pillow, read_file, too_big_error
from bearkit.images.preprocessing import decode_for_body, preprocess
from bearkit.inference import model_folder
from bearkit.inference.session import session

Picture = str | os.PathLike[str] | bytes | BinaryIO | Image.Image
GOLDEN_TOLERANCE = 3e-3  # difference of logits, as a share of `ModelInfo.logit_scale`
SIMILARITY_TOLERANCE = 0.01  # difference of similarities
BATCH = 4  # images in one run of the network: more are no faster (EXPERIMENTS.md)


@dataclass(frozen=True)
class Prediction:
    """A model's prediction for one image.

    Attributes:
        label: the likeliest label.
        index: of that label in the vocab.
        probs: the calibrated probability of each label.
        known: whether the image is like the training images; if not, it probably has none of the labels.
        similarity: to the training images most like it, at most 1; None if the model does not compute it.
        threshold: the similarity that a known image has at least; None if the model calls no image unknown.
    """

    label: str
    index: int
    probs: dict[str, float]
    known: bool = True
    similarity: float | None = None
    threshold: float | None = None

    @property
    def probability(self) -> float:
        """The probability of the predicted label."""
        return self.probs[self.label]

    def top(self, n: int) -> list[dict[str, Any]]:
        """Return the `n` likeliest labels with their probabilities."""
        likeliest = sorted(self.probs.items(), key=lambda pair: -pair[1])[:n]
        return [{"label": label, "probability": probability} for label, probability in likeliest]

    def as_dict(self, top: int = 3) -> dict[str, Any]:
        """Return plain values, as the command line and the server print them; `top` holds that many labels."""
        return {
            "label": self.label,
            "probability": self.probability,
            "known": self.known,
            "similarity": self.similarity,
            "threshold": self.threshold,
            "top": self.top(top),
            "probs": self.probs,
        }


@dataclass(frozen=True)
class Neighbour:
    """A training image that is like another image.

    Attributes:
        label: of the training image.
        thumbnail: a small JPEG of it.
        cosine: between the features of both images.
    """

    label: str
    thumbnail: bytes
    cosine: float


class Predictor:
    """Predicts images with the model of a folder. Several threads may use it at the same time.

    Args:
        folder: a model folder, as `bearkit export` writes it.

    Raises:
        ModelError: the folder is missing, damaged or of a newer format, or its outputs for the golden images are not
            those of the export.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        resolve_path(folder, "the model's folder", ModelError)
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
        """Images with a similarity below it are unknown; None if the model calls no image unknown."""
        return self.config.info.threshold

    @property
    def vocab(self) -> list[str]:
        """The labels in training order."""
        return self.config.vocab

    def predict(self, picture: Picture) -> Prediction:
        """Predict one image: a path, the bytes of a file, an open file, or a Pillow image.

        Raises:
            ImageError: it is not a usable image.
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
        """Yield inputs of up to BATCH images, float32 (n, 3, size, size): memory does not grow with their number."""
        remaining = iter(images)
        while chunk := list(islice(remaining, BATCH)):
            yield np.stack([self.to_input(image) for image in chunk])

    def __repr__(self) -> str:
        size = self.config.preprocessing.size
        return f"Predictor({str(self.folder)!r}): {len(self.vocab)} labels, {size} px"

    def to_input(self, picture: Picture) -> np.ndarray:
        """Preprocess an image for `predict_inputs`, float32 (3, size, size).

        Raises:
            ImageError: it is not a usable image.
        """
        return preprocess(self.load_image(picture), self.config.preprocessing)

    def predict_inputs(self, inputs: np.ndarray) -> list[Prediction]:
        """Predict images that `to_input` preprocessed, float32 (N, 3, size, size), in one run of the network."""
        return self._decode(*self._forward(inputs))

    def _decode(self, logits: np.ndarray, similarity: np.ndarray) -> list[Prediction]:
        """Turn the outputs of `_forward` into predictions."""
        return [self._prediction(probs, float(value)) for probs, value in zip(softmax(logits), similarity, strict=True)]

    def nearest(self, picture: Picture, n: int = 6) -> list[Neighbour]:
        """Find the training images most like an image, nearest first; none if the folder has no thumbnails.

        Raises:
            ImageError: it is not a usable image.
            ModelError: the number of thumbnails is not that of the images in the memory bank.
        """
        bank = self._bank
        if not bank or "cosines" not in self._outputs:
            return []
        (cosines,) = self._session.run(["cosines"], {"input": self.to_input(picture)[None]})[0]
        if len(bank) != len(cosines):
            raise model_folder.damaged(self.folder, f"{len(bank)} thumbnails for {len(cosines)} training pictures")
        neighbours = [
            Neighbour(label, thumbnail, float(cosine))
            for (label, thumbnail), cosine in zip(bank, cosines, strict=True)
            if thumbnail  # it is empty if the image was gone when the model was exported
        ]
        return sorted(neighbours, key=lambda neighbour: -neighbour.cosine)[:n]

    def logits(self, pictures: Iterable[Image.Image]) -> np.ndarray:
        """Compute the logits of upright RGB images, float32 (N, C)."""
        return self._forward(np.stack([self.to_input(picture) for picture in pictures]))[0]

    def _forward(self, inputs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Compute logits (N, C) and similarities (N,), NaN if the model has none, of inputs (N, 3, size, size)."""
        names = [name for name in ("logits", "similarity") if name in self._outputs]
        logits, *similarity = self._session.run(names, {"input": inputs})
        return logits, similarity[0] if similarity else np.full(len(logits), np.nan)

    def _prediction(self, probs: np.ndarray, similarity: float) -> Prediction:
        index = int(probs.argmax())
        by_label = dict(zip(self.vocab, probs.tolist(), strict=True))
        if self.threshold is None or np.isnan(similarity):
            return Prediction(self.vocab[index], index, by_label)
        known = similarity >= self.threshold
        return Prediction(self.vocab[index], index, by_label, known, similarity, self.threshold)

    def load_image(self, picture: Picture) -> Image.Image:
        """Load an image, upright and in RGB. A large JPEG may be decoded at the smaller size that `preprocess` needs.

        Raises:
            ImageError: it is not a usable image.
        """
        if isinstance(picture, Image.Image):
            return from_pillow(picture)
        return decode_for_body(_bytes_of(picture), self.config.preprocessing)

    def _check_input(self) -> None:
        """Check, before anything is computed, that the network and config.json agree on the input size."""
        size, shape = self.config.preprocessing.size, self._session.get_inputs()[0].shape
        fits = len(shape) == 4 and all(side == size for side in shape[2:] if isinstance(side, int))
        if not fits:
            raise model_folder.damaged(
                self.folder, f"model.onnx takes inputs of {shape}, and config.json says {size} pixels"
            )

    def _check_golden(self) -> None:
        """Check that the model gives the outputs for its golden images that it gave when it was exported."""
        golden = model_folder.read_golden(self.folder)
        expected, expected_similarity = golden["logits"], golden.get("similarity")
        self._check_input()
        if expected.ndim != 2 or expected.shape[1] != len(set(self.vocab)):
            raise model_folder.damaged(
                self.folder, f"{len(set(self.vocab))} labels for outputs of shape {expected.shape}"
            )
        try:
            inputs = np.stack([self.to_input(Image.fromarray(picture)) for picture in golden["pictures"]])
            logits, similarity = self._forward(inputs)
            difference, similarity_difference = float(np.abs(logits - expected).max()), 0.0
            if expected_similarity is not None:
                similarity_difference = float(np.abs(similarity - expected_similarity).max())
        except Exception as error:  # shapes or types that no longer fit, from numpy or onnxruntime
            raise model_folder.damaged(self.folder, str(error)) from error
        tolerance = GOLDEN_TOLERANCE * self.config.info.logit_scale(expected)
        fits = difference <= tolerance and similarity_difference <= SIMILARITY_TOLERANCE
        if not fits:
            raise ModelError(
                f"the model in {self.folder} gives other outputs for its golden pictures than when it was exported "
                f"(logits differ by up to {difference:.2g}, similarities by {similarity_difference:.2g})",
                hint="the folder was changed, or a library here computes differently; `bearkit export` it again here",
            )


def _bytes_of(picture: Any) -> bytes:
    """Read the bytes of an image file from what a caller passed.

    Raises:
        ImageError: it cannot be read, or its type cannot be an image.
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
                raise too_big_error(len(data))
            return data
        raise ImageError("the file is open as text: give a path, or open it with mode 'rb'")
    kind = type(picture)
    raise ImageError(
        f"{kind.__module__}.{kind.__qualname__} is not a picture: give a path, bytes or a Pillow image; "
        "an array becomes one with Image.fromarray(array)",
        hint="for an array of numbers 0 to 255: `from PIL import Image`, then `Image.fromarray(array.astype('uint8'))`",
    )


def softmax(logits: np.ndarray) -> np.ndarray:
    """Turn logits into probabilities, float (N, C)."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    probs: np.ndarray = powers / powers.sum(axis=1, keepdims=True)
    return probs
