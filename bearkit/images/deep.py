"""Colours of 16 bits a channel, of which Pillow gives the upper 8 alone: brought to 8 bits as grey values are.

Pillow has no mode for them, but its decoders can be asked for the lower bytes too, as if the file had them the other
way round. That takes a second decoding, so it is done only where the upper bytes do not tell enough.
"""

import sys
from collections.abc import Callable
from typing import Any

import numpy as np
from PIL import Image, ImageFile

from bearkit.images.depth import DEPTHS

DARK = 64  # upper bytes below this may be of 10, 12 or 14 bits
MODES = ("RGB", "RGBA")
NATIVE = "L" if sys.byteorder == "little" else "B"
Key = tuple[int, int, int]


def is_deep(image: ImageFile.ImageFile) -> bool:
    """Whether a picture, not yet decoded, has colours of 16 bits."""
    return image.mode in MODES and bool(image.tile) and all(_swapped(tile.args) for tile in image.tile)


def use_all_bits(image: Image.Image, again: Callable[[], ImageFile.ImageFile]) -> Image.Image:
    """A decoded picture of 16 bits a channel, in 8 bits: stretched where it uses 10, 12 or 14 of them.

    Args:
        image: as Pillow decoded it: the upper bytes.
        again: the same picture, opened anew.
    """
    clear = image.info.get("transparency")
    key = clear if isinstance(clear, tuple) and len(clear) == 3 else None
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
    """What a decoder is told, with the bytes of each value the other way round; None where they are not of 16 bits."""
    if isinstance(args, tuple):
        first = _swapped(args[0]) if args else None
        return (first, *args[1:]) if first else None
    if not isinstance(args, str) or args.partition(";")[2] not in ("16B", "16L", "16N") or args.startswith("LA"):
        return None
    order = NATIVE if args.endswith("N") else args[-1]
    return args[:-1] + ("B" if order == "L" else "L")


def _sixteen_bits(upper: Image.Image, again: ImageFile.ImageFile) -> np.ndarray:
    """uint16 (H, W, C), of its upper bytes and of the same picture not yet decoded."""
    again.tile = [tile._replace(args=_swapped(tile.args)) for tile in again.tile]
    again.load()
    values: np.ndarray = np.asarray(upper).astype(np.uint16)
    values <<= 8
    values |= np.asarray(again)
    return values


def _scaled(values: np.ndarray, depth: int) -> np.ndarray:
    """Numbers of so many bits as uint8, by a table: one number of each is all that it takes."""
    table = np.round(np.arange(2**depth) * (255 / (2**depth - 1))).astype(np.uint8)
    result: np.ndarray = table[values]
    return result


def _opacity(values: np.ndarray, key: Key) -> np.ndarray:
    """255, and 0 where a pixel has the colour that a PNG calls transparent."""
    return np.where((values[..., :3] == key).all(axis=-1), 0, 255).astype(np.uint8)
