"""Convert colour images with 16 bits per channel to 8 bits, with the rules of `depth` for grey values.

Pillow has no mode for such images and returns only the upper byte of each value. Told the opposite byte order, its
decoders return the lower byte. That takes a second decoding, so it is done only if the upper bytes are not enough.
"""

import sys
from collections.abc import Callable
from typing import Any

import numpy as np
from PIL import Image, ImageFile

from bearkit.images.depth import DEPTHS

DARK = 64  # if all upper bytes are below this, the values may have 10, 12 or 14 bits
MODES = ("RGB", "RGBA")
NATIVE = "L" if sys.byteorder == "little" else "B"
Key = tuple[int, int, int]


def is_deep(image: ImageFile.ImageFile) -> bool:
    """Check whether an image that is not decoded yet has 16 bits per colour channel."""
    return image.mode in MODES and bool(image.tile) and all(_swapped(tile.args) for tile in image.tile)


def use_all_bits(image: Image.Image, again: Callable[[], ImageFile.ImageFile]) -> Image.Image:
    """Convert an image with 16 bits per channel to 8 bits; stretched if it uses only 10, 12 or 14 bits.

    Args:
        image: the image as Pillow decoded it: the upper byte of each value.
        again: opens the same image once more.

    Returns:
        The image, RGB or RGBA.
    """
    transparency = image.info.get("transparency")
    key = transparency if isinstance(transparency, tuple) and len(transparency) == 3 else None
    top = max(high for _, high in image.getextrema()[:3])  # type: ignore[misc]
    if top >= DARK and key is None:
        return image
    values = _sixteen_bits(image, again())
    depth = next(bits for bits in (*DEPTHS, 16) if values[..., :3].max(initial=0) < 2**bits)
    colours = Image.fromarray(_scaled(values[..., :3], depth))
    if key is not None:
        colours.putalpha(Image.fromarray(_opacity(values, key)))
    elif image.mode == "RGBA":
        colours.putalpha(Image.fromarray(_scaled(values[..., 3], depth if values[..., 3].max() < 2**depth else 16)))
    return colours


def _swapped(args: Any) -> Any:
    """Return a decoder's arguments with the opposite byte order; None if the values do not have 16 bits."""
    if isinstance(args, tuple):
        first = _swapped(args[0]) if args else None
        return (first, *args[1:]) if first else None
    if not isinstance(args, str) or args.partition(";")[2] not in ("16B", "16L", "16N") or args.startswith("LA"):
        return None
    order = NATIVE if args.endswith("N") else args[-1]
    return args[:-1] + ("B" if order == "L" else "L")


def _sixteen_bits(upper: Image.Image, again: ImageFile.ImageFile) -> np.ndarray:
    """Return the values, uint16 (H, W, C), from the upper bytes and from the same image, which is not decoded yet."""
    again.tile = [tile._replace(args=_swapped(tile.args)) for tile in again.tile]
    again.load()
    values: np.ndarray = np.asarray(upper).astype(np.uint16)
    values <<= 8
    values |= np.asarray(again)
    return values


def _scaled(values: np.ndarray, depth: int) -> np.ndarray:
    """Scale values of `depth` bits to uint8 with a lookup table, which needs less memory than floats."""
    table = np.round(np.arange(2**depth) * (255 / (2**depth - 1))).astype(np.uint8)
    result: np.ndarray = table[values]
    return result


def _opacity(values: np.ndarray, key: Key) -> np.ndarray:
    """Return the alpha channel, uint8 (H, W): 0 for the pixels of the colour `key`, else 255."""
    return np.where((values[..., :3] == key).all(axis=-1), 0, 255).astype(np.uint8)
