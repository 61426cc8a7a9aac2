"""Why a model said what it said: which part of a picture spoke for the label."""

import io
from dataclasses import dataclass

import numpy as np
from PIL import Image

from bearkit.images.preprocessing import center_crop, normalize
from bearkit.inference.predictor import Picture, Prediction, Predictor

PLACES = 8  # patches along each side
PATCH = 3.5  # places that a patch covers: wide enough to hide something, in steps small enough to see where
TOGETHER = 8  # pictures in one run of the network
WARM, STRENGTH = (255, 106, 0), 0.62  # the colour of what spoke for the label, and how much of it shows at the most


@dataclass(frozen=True)
class Explanation:
    """What spoke for a label.

    Attributes:
        prediction: what the model says of the whole picture.
        seen: the part of the picture that the model looks at, size x size pixels.
        evidence: float32 (PLACES, PLACES), by how much the log odds of the label fall when that place is hidden, in
            nats; below 0 where hiding it makes the model surer.
    """

    prediction: Prediction
    seen: Image.Image
    evidence: np.ndarray

    def heat_map(self) -> Image.Image:
        """What the model saw, grey where it did not matter, and warm where it spoke for the label."""
        strength = np.maximum(self.evidence, 0)
        strength = strength / max(float(strength.max()), 1e-6)
        small = Image.fromarray((strength * 255).astype(np.uint8))
        share = small.resize(self.seen.size, Image.Resampling.BICUBIC).point([round(v * STRENGTH) for v in range(256)])
        grey = Image.blend(self.seen, self.seen.convert("L").convert("RGB"), 0.75)
        return Image.composite(Image.new("RGB", self.seen.size, WARM), grey, share)

    def as_jpeg(self) -> bytes:
        """The heat map as a file."""
        out = io.BytesIO()
        self.heat_map().save(out, "JPEG", quality=88)
        return out.getvalue()


def occlusion_map(predictor: Predictor, picture: Picture) -> Explanation:
    """Hide one place of a picture after the other, and see how much less sure the model gets.

    Zeiler and Fergus 2014, "Visualizing and Understanding Convolutional Networks" (occlusion). It asks nothing of the
    network but answers, so it holds for every model folder; 65 of them, 0.4 s on two cores.

    Raises:
        ImageError: it is not a usable picture.
    """
    how = predictor.config.preprocessing
    seen = center_crop(predictor.load_image(picture), how)
    whole = normalize(seen, how)
    logits, similarity = predictor._forward(whole[None])
    (found,) = predictor._decode(logits, similarity)
    colour = whole.mean(axis=(1, 2), keepdims=True)
    hidden = [_without(whole, colour, row, column) for row in range(PLACES) for column in range(PLACES)]
    batches = (np.stack(hidden[start : start + TOGETHER]) for start in range(0, len(hidden), TOGETHER))
    odds = np.concatenate([_log_odds(predictor._forward(batch)[0], found.index) for batch in batches])
    evidence = _log_odds(logits, found.index) - odds
    return Explanation(found, seen, evidence.reshape(PLACES, PLACES).astype(np.float32))


def _without(whole: np.ndarray, colour: np.ndarray, row: int, column: int) -> np.ndarray:
    """An input (3, size, size) with a patch of one colour (3, 1, 1) over one place: the picture's mean."""
    size = whole.shape[1]
    hidden = whole.copy()
    rows, columns = (_range(place, size) for place in (row, column))
    hidden[:, rows, columns] = colour
    return hidden


def _range(place: int, size: int) -> slice:
    middle, half = (place + 0.5) * size / PLACES, PATCH * size / PLACES / 2
    return slice(max(0, round(middle - half)), round(middle + half))


def _log_odds(logits: np.ndarray, index: int) -> np.ndarray:
    """ln(p / (1 - p)) of one label, float (N,), of logits (N, C)."""
    others = np.delete(logits, index, axis=1).astype(np.float64)
    highest = others.max(axis=1)
    odds: np.ndarray = logits[:, index] - highest - np.log(np.exp(others - highest[:, None]).sum(axis=1))
    return odds
