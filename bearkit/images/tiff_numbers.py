"""What the numbers of a TIFF's pixels mean by its tags, where Pillow gives them otherwise."""

from typing import Any

import numpy as np
from PIL import Image, ImageFile

WHITE_IS_ZERO, SIGNED, UNSIGNED = 0, 2, 1
WIDTH, HEIGHT, BITS, PHOTOMETRIC, PLANES, EXTRA, SAMPLE_FORMAT, NO_DATA = 256, 257, 258, 262, 284, 338, 339, 42113
SEPARATE = 2  # each channel's pixels in a plane of their own
# What libtiff unpacks is in this processor's order, whatever the file's is: Pillow knows it of unsigned 16 bits alone.
UNPACKED = {"F;32BF": "F;32NF", "F;32F": "F;32NF", "I;32BS": "I;32NS", "I;32S": "I;32NS", "I;16BS": "I;16NS",
            "I;16S": "I;16NS"}  # fmt: skip
OPAQUE = 0.9  # share of a channel that is 0 or 255 where it is transparency, though no tag says so

Numbers = np.ndarray[Any, Any]


def fix_byte_order(image: ImageFile.ImageFile) -> ImageFile.ImageFile:
    """A TIFF, not yet decoded, whose numbers come out in the right order of bytes."""
    tags = pixel_tags(image)
    if tags.get(PLANES) == SEPARATE and _first(tags, BITS) == 16 and image.tile[0].codec_name == "raw":
        size = image.tag_v2[WIDTH], image.tag_v2[HEIGHT]  # type: ignore[attr-defined]
        how = (f"{image.mode};16N", "raw", False, image.tag_v2.offset)  # type: ignore[attr-defined]
        image.tile = [image.tile[0]._replace(codec_name="libtiff", extents=(0, 0, *size), offset=0, args=how)]
        image.use_load_libtiff = True  # type: ignore[attr-defined]  # Pillow takes such planes for 8 bits
        return image
    image.tile = [
        tile._replace(args=(UNPACKED.get(tile.args[0], tile.args[0]), *tile.args[1:]))
        if tile.codec_name == "libtiff" and isinstance(tile.args, tuple)
        else tile
        for tile in image.tile
    ]
    return image


def pixel_tags(image: Image.Image) -> dict[int, Any]:
    """The tags of a TIFF that tell what its pixels mean; none of any other picture."""
    found = getattr(image, "tag_v2", {})
    return {name: found[name] for name in (BITS, PHOTOMETRIC, PLANES, EXTRA, SAMPLE_FORMAT, NO_DATA) if name in found}


def grey_values(image: Image.Image, tags: dict[int, Any]) -> Numbers | None:
    """The grey values (H, W) of a picture that has other ones than 8 bits without a sign; None of any other picture."""
    values = np.asarray(image)
    of_tiff = bool(tags)
    if image.mode == "L" and _first(tags, SAMPLE_FORMAT) == SIGNED and _first(tags, BITS) == 8:
        return values.view(np.int8).astype(np.int16)
    if not image.mode.startswith(("I", "F")):
        return None
    if image.mode == "I" and of_tiff and _first(tags, BITS) == 32 and _first(tags, SAMPLE_FORMAT, 1) == UNSIGNED:
        return values.view(np.uint32)
    return values


def is_negative(values: Numbers, tags: dict[int, Any]) -> bool:
    """Whether white is the smallest value, of numbers that Pillow gives as they are: those of 8 bits it inverts."""
    return values.dtype.itemsize > 1 and tags.get(PHOTOMETRIC) == WHITE_IS_ZERO


def drop_fourth_channel(image: Image.Image, tags: dict[int, Any]) -> Image.Image:
    """A picture in RGB where a TIFF has a fourth channel that is no transparency, such as infrared.

    The file says what it is (ExtraSamples). Where it does not, it is taken for transparency if nearly all of it is
    fully so or not at all.
    """
    if image.mode != "RGBA" or not tags or EXTRA in tags:
        return image
    fourth = image.getchannel("A").histogram()
    clear = (fourth[0] + fourth[255]) >= OPAQUE * image.width * image.height
    return image if clear else image.convert("RGB")


def _first(tags: dict[int, Any], name: int, otherwise: int = 0) -> int:
    value = tags.get(name, otherwise)
    return int(value[0]) if isinstance(value, tuple) else int(value)
