"""Preprocess images for a body: crop to the middle, resize and normalise.

Training, `Predictor` and the Spaces all use these functions, so a file gives the same numbers everywhere.
"""

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from PIL import Image, ImageOps

from bearkit.images import crop_long_ends, decode


@dataclass(frozen=True)
class Preprocessing:
    """Configuration of the preprocessing, with the names of timm's `pretrained_cfg`.

    The shorter side is resized to size / crop_pct, the middle size x size pixels are cropped, and each colour is
    normalised: (value / 255 - mean) / std.

    Attributes:
        size: side of the square input, in pixels.
        crop_pct: share of the shorter side that is cropped, in (0, 1].
        interpolation: Pillow's resampling filter, in lower case.
        mean: of red, green and blue, in [0, 1].
        std: standard deviation of red, green and blue.
    """

    size: int = 224
    crop_pct: float = 0.875
    interpolation: str = "bicubic"
    mean: tuple[float, float, float] = (0.485, 0.456, 0.406)
    std: tuple[float, float, float] = (0.229, 0.224, 0.225)

    @property
    def shorter_side(self) -> int:
        """Length that the shorter side is resized to, in pixels."""
        return math.floor(self.size / self.crop_pct)

    def as_timm(self) -> dict[str, Any]:
        """Return the configuration as the `pretrained_cfg` entries that timm and transformers read."""
        config = asdict(self) | {"mean": list(self.mean), "std": list(self.std), "crop_mode": "center"}
        size = config.pop("size")
        return {"input_size": [3, size, size], **config}

    @classmethod
    def from_timm(cls, config: dict[str, Any]) -> "Preprocessing":
        """Read the entries of `as_timm`, or a configuration of timm's own.

        Raises:
            KeyError: an entry is missing.
        """
        mean, std = (tuple(float(v) for v in config[key]) for key in ("mean", "std"))
        return cls(int(config["input_size"][-1]), float(config["crop_pct"]), config["interpolation"], mean, std)  # type: ignore[arg-type]


def preprocess(image: Image.Image, config: Preprocessing) -> np.ndarray:
    """Preprocess an image for a body: `center_crop`, then `normalize`.

    Args:
        image: upright, RGB.
        config: the body's preprocessing.

    Returns:
        One input of the body, float32 (3, size, size).

    >>> preprocess(Image.new("RGB", (400, 300), "white"), Preprocessing(mean=(.5, .5, .5), std=(.5, .5, .5))).max()
    np.float32(1.0)
    """
    return normalize(center_crop(image, config), config)


def center_crop(image: Image.Image, config: Preprocessing) -> Image.Image:
    """Resize an image and crop the middle, as timm does for evaluation.

    Only the middle is resized, which is twice as fast as timm and differs by one grey level in a few of 1,000 pixels.

    Args:
        image: upright, RGB.
        config: the body's preprocessing.

    Returns:
        The crop, size x size pixels.
    """
    image = crop_long_ends(image)
    width, height = image.size
    short, long = min(width, height), max(width, height)
    target, other = config.shorter_side, int(config.shorter_side * long / short)
    new = (target, other) if width <= height else (other, target)
    left, top = round((new[0] - config.size) / 2), round((new[1] - config.size) / 2)
    x, y = width / new[0], height / new[1]  # pixels of the image per pixel of the resized image
    box = (left * x, top * y, (left + config.size) * x, (top + config.size) * y)
    return image.resize((config.size, config.size), Image.Resampling[config.interpolation.upper()], box=box)


def random_crop(image: Image.Image, config: Preprocessing, rng: np.random.Generator) -> Image.Image:
    """Crop a random rectangle, resize it, and mirror it with probability 0.5 (Inception's augmentation).

    Args:
        image: upright, RGB.
        config: the body's preprocessing.
        rng: source of randomness.

    Returns:
        A crop of 35 to 100 % of the area with an aspect ratio of 3:4 to 4:3, resized to size x size pixels.
    """
    image = crop_long_ends(image)
    width, height = image.size
    area, ratio = rng.uniform(0.35, 1) * width * height, math.exp(rng.uniform(math.log(3 / 4), math.log(4 / 3)))
    w, h = min(width, math.sqrt(area * ratio)), min(height, math.sqrt(area / ratio))
    left, top = rng.uniform(0, width - w), rng.uniform(0, height - h)
    box = (left, top, left + w, top + h)
    crop = image.resize((config.size, config.size), Image.Resampling[config.interpolation.upper()], box=box)
    return ImageOps.mirror(crop) if rng.random() < 0.5 else crop


def normalize(image: Image.Image, config: Preprocessing) -> np.ndarray:
    """Normalise the pixels with the body's mean and standard deviation; float32 (3, H, W)."""
    result = np.empty((3, image.height, image.width), np.float32)
    for pixels, plane, mean, std in zip(image.split(), result, config.mean, config.std, strict=True):
        np.multiply(np.asarray(pixels), np.float32(1 / (255 * std)), out=plane, dtype=np.float32)
        plane -= np.float32(mean / std)
    return result


def decode_for_body(data: bytes, config: Preprocessing) -> Image.Image:
    """Decode an image for `preprocess`. At least four times the needed size: faster for large JPEGs, same result.

    Args:
        data: the bytes of the file.
        config: the body's preprocessing.

    Raises:
        ImageError: the file cannot be decoded.
    """
    return decode(data, at_least=4 * config.shorter_side).image
