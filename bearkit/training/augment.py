"""Random changes to pictures, so that a network that learns sees none of them twice the same."""

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional


@dataclass(frozen=True)
class Augmentation:
    """How much is changed at random.

    Attributes:
        area: smallest share of the square that is shown.
        ratio: widest that a crop may be against its height, and the reverse.
        mirror: whether half of the pictures are mirrored.
        degrees: of turning, either way.
        light: change of brightness and of contrast, as a share, either way.
        erased: share of the pictures that have a square covered.
    """

    area: float = 1.0
    ratio: float = 1.0
    mirror: bool = False
    degrees: float = 0.0
    light: float = 0.0
    erased: float = 0.0


PRESETS = {
    "none": Augmentation(),
    "light": Augmentation(area=0.5, ratio=4 / 3, mirror=True, light=0.1),
    "strong": Augmentation(area=0.25, ratio=4 / 3, mirror=True, degrees=15, light=0.3, erased=0.5),
}
CROPS = {"none": 1, "light": 4, "strong": 8}  # kept crops of a picture, where only a part of the body learns


def augment_batch(squares: torch.Tensor, kind: str, size: int, margin: float) -> torch.Tensor:
    """What a network is shown while it learns.

    Args:
        squares: uint8 (n, side, side, 3).
        kind: one of KINDS.
        size: of the result, in pixels.
        margin: crop_pct: with `none`, the middle of this share of the side is taken, as for validation.

    Returns:
        Colours in [0, 1], float32 (n, 3, size, size).
    """
    how, n = PRESETS[kind], len(squares)
    pictures = squares.permute(0, 3, 1, 2).float().div_(255)
    if kind == "none":
        return center_crop(pictures, size, margin)
    if pictures.shape[-1] > 2 * size:  # far smaller ones are asked for: average first, or fine texture flickers
        pictures = functional.interpolate(pictures, size=math.ceil(1.5 * size), mode="area")
    grid = functional.affine_grid(_crops(n, how).to(pictures.device), [n, 3, size, size], align_corners=False)
    pictures = functional.grid_sample(pictures, grid, align_corners=False, padding_mode="reflection")
    pictures = _color_jitter(pictures, how.light)
    return _random_erasing(pictures, how.erased)


def center_crop(pictures: torch.Tensor, size: int, margin: float) -> torch.Tensor:
    """The middle, as THE preprocessing cuts it, resized where another size is asked for: (n, 3, size, size)."""
    side = pictures.shape[-1]
    cut = round(side * margin)
    edge = round((side - cut) / 2)
    cropped = pictures[..., edge : edge + cut, edge : edge + cut]
    if cut == size:
        return cropped
    return functional.interpolate(cropped, size=(size, size), mode="bilinear", antialias=True, align_corners=False)


def _crops(n: int, how: Augmentation) -> torch.Tensor:
    """Random crops as affine maps from the result to the square, both in [-1, 1]: float32 (n, 2, 3)."""
    area, ratio = _between(n, how.area, 1.0), _between(n, -math.log(how.ratio), math.log(how.ratio)).exp()
    width, height = (area * ratio).sqrt().clamp(max=1), (area / ratio).sqrt().clamp(max=1)
    x, y = (1 - width) * _between(n, -1, 1), (1 - height) * _between(n, -1, 1)
    flip = torch.randint(0, 2, (n,)) * 2 - 1 if how.mirror else torch.ones(n)
    angle = _between(n, -math.radians(how.degrees), math.radians(how.degrees))
    cos, sin = angle.cos(), angle.sin()
    across = torch.stack([cos * width * flip, -sin * height, x], dim=1)
    down = torch.stack([sin * width * flip, cos * height, y], dim=1)
    return torch.stack([across, down], dim=1)


def _color_jitter(pictures: torch.Tensor, light: float) -> torch.Tensor:
    """Brighter or darker, and with more or less contrast."""
    n, device = len(pictures), pictures.device
    contrast = (1 + _between(n, -light, light)).view(n, 1, 1, 1).to(device)
    brightness = _between(n, -light, light).view(n, 1, 1, 1).to(device)
    mean = pictures.mean((1, 2, 3), keepdim=True)
    return ((pictures - mean) * contrast + mean + brightness).clamp_(0, 1)


def _random_erasing(pictures: torch.Tensor, share: float) -> torch.Tensor:
    """A grey square of a quarter of the side over some of the pictures."""
    size = pictures.shape[-1]
    side = size // 4
    for n in torch.nonzero(torch.rand(len(pictures)) < share).flatten().tolist():
        x, y = torch.randint(0, size - side, (2,)).tolist()
        pictures[n, :, y : y + side, x : x + side] = 0.5
    return pictures


def _between(n: int, low: float, high: float) -> torch.Tensor:
    return low + (high - low) * torch.rand(n)


def examples(squares: np.ndarray, kind: str, size: int, margin: float, seed: int = 0) -> np.ndarray:
    """What a network would be shown of these squares, for people to look at: uint8 (n, size, size, 3)."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        pictures = augment_batch(torch.from_numpy(squares), kind, size, margin)
    result: np.ndarray = pictures.mul(255).round().clamp(0, 255).byte().permute(0, 2, 3, 1).numpy()
    return result
