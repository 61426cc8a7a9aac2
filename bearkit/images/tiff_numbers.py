"""Correct the pixel values of TIFF files that Pillow reads differently from what their tags say."""

from typing import Any

import numpy as np
from PIL import Image, ImageFile

WHITE_IS_ZERO, SIGNED, UNSIGNED = 0, 2, 1
WIDTH, HEIGHT, BITS, PHOTOMETRIC, PLANES, EXTRA, SAMPLE_FORMAT, NO_DATA = 256, 257, 258, 262, 284, 338, 339, 42113
SEPARATE = 2  # each channel is stored in a plane of its own
# libtiff returns values in the processor's byte order. Pillow expects that only of unsigned 16-bit values.
UNPACKED = {"F;32BF": "F;32NF", "F;32F": "F;32NF", "I;32BS": "I;32NS", "I;32S": "I;32NS", "I;16BS": "I;16NS",
            "I;16S": "I;16NS"}  # fmt: skip
OPAQUE = 0.9  # a fourth channel without a tag is transparency if this share of its pixels is 0 or 255

Numbers = np.ndarray[Any, Any]


def fix_byte_order(image: ImageFile.ImageFile) -> ImageFile.ImageFile:
    """Change how Pillow will decode a TIFF so that its values have the right byte order; returns the same image."""
    tags = pixel_tags(image)
    if tags.get(PLANES) == SEPARATE and _first(tags, BITS) == 16 and image.tile[0].codec_name == "raw":
        size = image.tag_v2[WIDTH], image.tag_v2[HEIGHT]  # type: ignore[attr-defined]
        args = (f"{image.mode};16N", "raw", False, image.tag_v2.offset)  # type: ignore[attr-defined]
        image.tile = [image.tile[0]._replace(codec_name="libtiff", extents=(0, 0, *size), offset=0, args=args)]
        image.use_load_libtiff = True  # type: ignore[attr-defined]  # Pillow alone reads such planes as 8 bits
        return image
    image.tile = [
        tile._replace(args=(UNPACKED.get(tile.args[0], tile.args[0]), *tile.args[1:]))
        if tile.codec_name == "libtiff" and isinstance(tile.args, tuple)
        else tile
        for tile in image.tile
    ]
    return image


def pixel_tags(image: Image.Image) -> dict[int, Any]:
    """Return the tags of a TIFF that say what its pixel values mean, {number: value}; empty for any other image."""
    tags = getattr(image, "tag_v2", {})
    return {name: tags[name] for name in (BITS, PHOTOMETRIC, PLANES, EXTRA, SAMPLE_FORMAT, NO_DATA) if name in tags}


def grey_values(image: Image.Image, tags: dict[int, Any]) -> Numbers | None:
    """Return the grey values of an image unless they are unsigned 8-bit values.

    Args:
        image: a decoded image.
        tags: its `pixel_tags`.

    Returns:
        Values (H, W), signed or of more than 8 bits; None for any other image.
    """
    values = np.asarray(image)
    is_tiff = bool(tags)
    if image.mode == "L" and _first(tags, SAMPLE_FORMAT) == SIGNED and _first(tags, BITS) == 8:
        return values.view(np.int8).astype(np.int16)
    if not image.mode.startswith(("I", "F")):
        return None
    if image.mode == "I" and is_tiff and _first(tags, BITS) == 32 and _first(tags, SAMPLE_FORMAT, 1) == UNSIGNED:
        return values.view(np.uint32)
    return values


def is_negative(values: Numbers, tags: dict[int, Any]) -> bool:
    """Check whether 0 means white in values that Pillow does not invert: it inverts only those of 8 bits."""
    return values.dtype.itemsize > 1 and tags.get(PHOTOMETRIC) == WHITE_IS_ZERO


def drop_fourth_channel(image: Image.Image, tags: dict[int, Any]) -> Image.Image:
    """Convert a TIFF to RGB if its fourth channel is not transparency but, for example, infrared.

    The tag ExtraSamples says what the channel is. Without it, the channel counts as transparency if nearly all of its
    values are 0 or 255.

    Args:
        image: a decoded image.
        tags: its `pixel_tags`.
    """
    if image.mode != "RGBA" or not tags or EXTRA in tags:
        return image
    fourth = image.getchannel("A").histogram()
    is_alpha = (fourth[0] + fourth[255]) >= OPAQUE * image.width * image.height
    return image if is_alpha else image.convert("RGB")


def _first(tags: dict[int, Any], name: int, default: int = 0) -> int:
    """Return the first value of a tag."""
    value = tags.get(name, default)
    return int(value[0]) if isinstance(value, tuple) else int(value)
