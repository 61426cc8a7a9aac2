"""THE preprocessing: how an upright picture becomes what a body sees.

Training, the Predictor and the Spaces share it: the same file gives the same numbers everywhere.
"""

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from PIL import Image, ImageOps

from bearkit.images import crop_long_ends, decode


@dataclass(frozen=True)
class Preprocessing:
    """How a picture becomes a body's input; the words of timm's `pretrained_cfg`.

    The shorter side is resized to size / crop_pct, the middle size x size is cut out, and each colour is normalised:
    (value / 255 - mean) / std.
    """

    size: int = 224
    crop_pct: float = 0.875
    interpolation: str = "bicubic"
    mean: tuple[float, float, float] = (0.485, 0.456, 0.406)
    std: tuple[float, float, float] = (0.229, 0.224, 0.225)

    @property
    def shorter_side(self) -> int:
        """What the shorter side is resized to, in pixels."""
        return math.floor(self.size / self.crop_pct)

    def as_timm(self) -> dict[str, Any]:
        """The `pretrained_cfg` entries that timm and transformers read."""
        config = asdict(self) | {"mean": list(self.mean), "std": list(self.std), "crop_mode": "center"}
        size = config.pop("size")
        return {"input_size": [3, size, size], **config}

    @classmethod
    def from_timm(cls, config: dict[str, Any]) -> "Preprocessing":
        """The inverse of `as_timm`; also reads timm's own configurations."""
        mean, std = (tuple(float(v) for v in config[key]) for key in ("mean", "std"))
        return cls(int(config["input_size"][-1]), float(config["crop_pct"]), config["interpolation"], mean, std)  # type: ignore[arg-type]


def preprocess(image: Image.Image, how: Preprocessing) -> np.ndarray:
    """THE preprocessing: an upright RGB picture to one input of the body, float32 (3, size, size).

    >>> preprocess(Image.new("RGB", (400, 300), "white"), Preprocessing(mean=(.5, .5, .5), std=(.5, .5, .5))).max()
    np.float32(1.0)
    """
    return normalize(center_crop(image, how), how)


def center_crop(image: Image.Image, how: Preprocessing) -> Image.Image:
    """The part of the picture that a body looks at, size x size pixels.

    It is timm's evaluation crop, resize the shorter side and cut out the middle, but only the middle is computed: twice
    as fast, and equal but for one grey level in a few of a thousand pixels.
    """
    image = crop_long_ends(image)
    width, height = image.size
    short, long = min(width, height), max(width, height)
    target, other = how.shorter_side, int(how.shorter_side * long / short)
    new = (target, other) if width <= height else (other, target)
    left, top = round((new[0] - how.size) / 2), round((new[1] - how.size) / 2)
    x, y = width / new[0], height / new[1]  # pixels of the picture to one of the resized one
    box = (left * x, top * y, (left + how.size) * x, (top + how.size) * y)
    return image.resize((how.size, how.size), Image.Resampling[how.interpolation.upper()], box=box)


def random_crop(image: Image.Image, how: Preprocessing, rng: np.random.Generator) -> Image.Image:
    """Another look at the picture: 35 to 100 % of its area at 3:4 to 4:3, mirrored half of the time."""
    image = crop_long_ends(image)
    width, height = image.size
    area, ratio = rng.uniform(0.35, 1) * width * height, math.exp(rng.uniform(math.log(3 / 4), math.log(4 / 3)))
    w, h = min(width, math.sqrt(area * ratio)), min(height, math.sqrt(area / ratio))
    left, top = rng.uniform(0, width - w), rng.uniform(0, height - h)
    crop = image.resize(
        (how.size, how.size), Image.Resampling[how.interpolation.upper()], box=(left, top, left + w, top + h)
    )
    return ImageOps.mirror(crop) if rng.random() < 0.5 else crop


def normalize(image: Image.Image, how: Preprocessing) -> np.ndarray:
    """Pixels to float32 (3, H, W), normalised with the body's own mean and standard deviation."""
    result = np.empty((3, image.height, image.width), np.float32)
    for pixels, plane, mean, std in zip(image.split(), result, how.mean, how.std, strict=True):
        np.multiply(np.asarray(pixels), np.float32(1 / (255 * std)), out=plane, dtype=np.float32)
        plane -= np.float32(mean / std)
    return result


def decode_for_body(data: bytes, how: Preprocessing) -> Image.Image:
    """Decode for `preprocess`: at four times the size that is needed, big JPEGs come faster and look the same."""
    return decode(data, at_least=4 * how.shorter_side).image
