"""Augmentation: random changes to images, so that a network never sees the same pixels twice."""

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional


@dataclass(frozen=True)
class Augmentation:
    """The strength of each random change.

    Attributes:
        min_area: smallest share of the square that a crop shows.
        max_ratio: largest ratio of a crop's sides.
        mirror: whether half of the images are mirrored.
        max_degrees: largest rotation, either way.
        jitter: largest change of brightness and of contrast, as a share, either way.
        erased: share of the images that have a square covered.
    """

    min_area: float = 1.0
    max_ratio: float = 1.0
    mirror: bool = False
    max_degrees: float = 0.0
    jitter: float = 0.0
    erased: float = 0.0


PRESETS = {
    "none": Augmentation(),
    "light": Augmentation(min_area=0.5, max_ratio=4 / 3, mirror=True, jitter=0.1),
    "strong": Augmentation(min_area=0.25, max_ratio=4 / 3, mirror=True, max_degrees=15, jitter=0.3, erased=0.5),
}
CROPS = {"none": 1, "light": 4, "strong": 8}  # cached crops of an image, where only the last layer groups learn


def augment_batch(squares: torch.Tensor, preset: str, size: int, crop_pct: float) -> torch.Tensor:
    """Augment a batch of images.

    Args:
        squares: uint8 (n, side, side, 3).
        preset: one of PRESETS.
        size: side of the result, in pixels.
        crop_pct: with the preset `none`, the centre crop's share of the side, as in validation.

    Returns:
        Colours in [0, 1], float32 (n, 3, size, size).
    """
    strength, n = PRESETS[preset], len(squares)
    images = squares.permute(0, 3, 1, 2).float().div_(255)
    if preset == "none":
        return center_crop(images, size, crop_pct)
    if images.shape[-1] > 2 * size:  # sampling far fewer pixels would alias fine texture: average first
        images = functional.interpolate(images, size=math.ceil(1.5 * size), mode="area")
    grid = functional.affine_grid(_random_crops(n, strength).to(images.device), [n, 3, size, size], align_corners=False)
    images = functional.grid_sample(images, grid, align_corners=False, padding_mode="reflection")
    images = _color_jitter(images, strength.jitter)
    return _random_erasing(images, strength.erased)


def center_crop(images: torch.Tensor, size: int, crop_pct: float) -> torch.Tensor:
    """Cut out the centre as `preprocessing.centre_crop` does, resized if `size` is another: (n, 3, size, size)."""
    side = images.shape[-1]
    cropped_side = round(side * crop_pct)
    edge = round((side - cropped_side) / 2)
    cropped = images[..., edge : edge + cropped_side, edge : edge + cropped_side]
    if cropped_side == size:
        return cropped
    return functional.interpolate(cropped, size=(size, size), mode="bilinear", antialias=True, align_corners=False)


def _random_crops(n: int, strength: Augmentation) -> torch.Tensor:
    """Draw random crops as affine maps from the result to the square, both in [-1, 1]: float32 (n, 2, 3)."""
    log_ratio = math.log(strength.max_ratio)
    area, ratio = _uniform(n, strength.min_area, 1.0), _uniform(n, -log_ratio, log_ratio).exp()
    width, height = (area * ratio).sqrt().clamp(max=1), (area / ratio).sqrt().clamp(max=1)
    x, y = (1 - width) * _uniform(n, -1, 1), (1 - height) * _uniform(n, -1, 1)
    flip = torch.randint(0, 2, (n,)) * 2 - 1 if strength.mirror else torch.ones(n)
    angle = _uniform(n, -math.radians(strength.max_degrees), math.radians(strength.max_degrees))
    cos, sin = angle.cos(), angle.sin()
    across = torch.stack([cos * width * flip, -sin * height, x], dim=1)
    down = torch.stack([sin * width * flip, cos * height, y], dim=1)
    return torch.stack([across, down], dim=1)


def _color_jitter(images: torch.Tensor, jitter: float) -> torch.Tensor:
    """Change each image's contrast, then its brightness, by at most `jitter`."""
    n, device = len(images), images.device
    contrast = (1 + _uniform(n, -jitter, jitter)).view(n, 1, 1, 1).to(device)
    brightness = _uniform(n, -jitter, jitter).view(n, 1, 1, 1).to(device)
    mean = images.mean((1, 2, 3), keepdim=True)
    return ((images - mean) * contrast + mean + brightness).clamp_(0, 1)


def _random_erasing(images: torch.Tensor, share: float) -> torch.Tensor:
    """Cover a square, a quarter of the side, with grey in a random share of the images, in place."""
    size = images.shape[-1]
    side = size // 4
    for n in torch.nonzero(torch.rand(len(images)) < share).flatten().tolist():
        x, y = torch.randint(0, size - side, (2,)).tolist()
        images[n, :, y : y + side, x : x + side] = 0.5
    return images


def _uniform(n: int, low: float, high: float) -> torch.Tensor:
    return low + (high - low) * torch.rand(n)


def examples(squares: np.ndarray, preset: str, size: int, crop_pct: float, seed: int = 0) -> np.ndarray:
    """Augment images for people to look at: uint8 (n, size, size, 3).

    Args:
        squares: uint8 (n, side, side, 3).
        preset: one of PRESETS.
        size: side of the result, in pixels.
        crop_pct: see `augment_batch`.
        seed: of the random changes.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        images = augment_batch(torch.from_numpy(squares), preset, size, crop_pct)
    result: np.ndarray = images.mul(255).round().clamp(0, 255).byte().permute(0, 2, 3, 1).numpy()
    return result
