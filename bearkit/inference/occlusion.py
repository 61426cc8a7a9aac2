"""Explain a prediction: which regions of the image support the label (an occlusion map)."""

import io
from dataclasses import dataclass

import numpy as np
from PIL import Image

from bearkit.images.preprocessing import center_crop, normalize
from bearkit.inference.predictor import Picture, Prediction, Predictor

PLACES = 8  # patches along each side of the image
PATCH = 3.5  # width of a patch, in steps of the grid: it hides enough, and the steps are small enough to locate it
BATCH = 8  # images in one run of the network
COLOUR, OPACITY = (255, 106, 0), 0.62  # of the region with the strongest evidence


@dataclass(frozen=True)
class Explanation:
    """The regions of an image that support the predicted label.

    Attributes:
        prediction: of the whole image.
        seen: the part of the image that the model takes as its input, size x size pixels.
        evidence: float32 (PLACES, PLACES), by how much the log odds of the label fall when that region is hidden, in
            nats; below 0 where hiding it makes the model more certain.
    """

    prediction: Prediction
    seen: Image.Image
    evidence: np.ndarray

    def heat_map(self) -> Image.Image:
        """Draw the input in grey, with orange over the regions that support the label."""
        strength = np.maximum(self.evidence, 0)
        strength = strength / max(float(strength.max()), 1e-6)
        small = Image.fromarray((strength * 255).astype(np.uint8))
        share = small.resize(self.seen.size, Image.Resampling.BICUBIC).point([round(v * OPACITY) for v in range(256)])
        grey = Image.blend(self.seen, self.seen.convert("L").convert("RGB"), 0.75)
        return Image.composite(Image.new("RGB", self.seen.size, COLOUR), grey, share)

    def as_jpeg(self) -> bytes:
        """Return the heat map as the bytes of a JPEG file."""
        out = io.BytesIO()
        self.heat_map().save(out, "JPEG", quality=88)
        return out.getvalue()


def occlusion_map(predictor: Predictor, picture: Picture) -> Explanation:
    """Hide each region of an image in turn, and measure how much less certain the model gets.

    It works with every model folder, since it needs only outputs of the network: 65 of them, 0.4 s on two cores.
    Source: Zeiler and Fergus 2014, "Visualizing and Understanding Convolutional Networks" (occlusion).

    Raises:
        ImageError: it is not a usable image.
    """
    spec = predictor.config.preprocessing
    seen = center_crop(predictor.load_image(picture), spec)
    whole = normalize(seen, spec)
    logits, similarity = predictor._forward(whole[None])
    (prediction,) = predictor._decode(logits, similarity)
    colour = whole.mean(axis=(1, 2), keepdims=True)
    hidden = [_without(whole, colour, row, column) for row in range(PLACES) for column in range(PLACES)]
    batches = (np.stack(hidden[start : start + BATCH]) for start in range(0, len(hidden), BATCH))
    odds = np.concatenate([_log_odds(predictor._forward(batch)[0], prediction.index) for batch in batches])
    evidence = _log_odds(logits, prediction.index) - odds
    return Explanation(prediction, seen, evidence.reshape(PLACES, PLACES).astype(np.float32))


def _without(whole: np.ndarray, colour: np.ndarray, row: int, column: int) -> np.ndarray:
    """Return the input (3, size, size) with a patch of one colour (3, 1, 1) over one region."""
    size = whole.shape[1]
    hidden = whole.copy()
    rows, columns = (_range(place, size) for place in (row, column))
    hidden[:, rows, columns] = colour
    return hidden


def _range(place: int, size: int) -> slice:
    """Return the rows, or columns, that the patch at one place of the grid covers."""
    middle, half = (place + 0.5) * size / PLACES, PATCH * size / PLACES / 2
    return slice(max(0, round(middle - half)), round(middle + half))


def _log_odds(logits: np.ndarray, index: int) -> np.ndarray:
    """Compute ln(p / (1 - p)) of one label from logits (N, C), float (N,)."""
    others = np.delete(logits, index, axis=1).astype(np.float64)
    highest = others.max(axis=1)
    odds: np.ndarray = logits[:, index] - highest - np.log(np.exp(others - highest[:, None]).sum(axis=1))
    return odds
