"""The pixels of a decoded picture: upright, in RGB, and small copies of them."""

import io
from typing import Any

import numpy as np
from PIL import ExifTags, Image, ImageCms

from bearkit.images import tiff_numbers
from bearkit.images.depth import to_8_bits

MAX_ASPECT = 8  # of a longer picture only the middle is looked at
ALPHA = ("RGBA", "LA", "PA", "RGBa", "La")  # modes with transparency
TURN = {
    2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_270, 7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}  # fmt: skip


def rotate_upright(image: Image.Image, orientation: int | None) -> Image.Image:
    """The picture upright, by EXIF's orientation; None: what the image itself says (a broken EXIF block says nothing).

    >>> rotate_upright(Image.new("L", (4, 2)), 6).size
    (2, 4)
    """
    if orientation is None:
        try:
            orientation = image.getexif().get(ExifTags.Base.Orientation, 1)
        except Exception:  # Pillow raises almost anything on damaged metadata, and a picture does not need it
            orientation = 1
    return image.transpose(TURN[orientation]) if orientation in TURN else image


def to_rgb(image: Image.Image, orientation: int | None = None) -> Image.Image:
    """Any Pillow picture to upright RGB: transparency over white, 16 bits and floats scaled to 8.

    Args:
        image: the picture.
        orientation: how it is to be turned (EXIF's 1 to 8), where that is known already.

    Raises:
        ImageError: not one of its pixels has data.
    """
    tags = tiff_numbers.pixel_tags(image)
    image = tiff_numbers.drop_fourth_channel(rotate_upright(image, orientation), tags)
    if image.mode == "RGB" and "transparency" not in image.info:
        return image
    values = tiff_numbers.grey_values(image, tags)
    if values is not None:
        return _grey(values, tags, image.info.get("transparency"))
    if image.mode == "LAB":
        lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
        converted = ImageCms.profileToProfile(image, lab, srgb, outputMode="RGB")
        assert converted is not None  # None is only for in-place conversion
        return converted
    if image.mode in ALPHA or "transparency" in image.info:
        rgba = (image.convert("LA") if image.mode == "La" else image).convert("RGBA")
        white = Image.new("RGB", rgba.size, "white")
        white.paste(rgba, mask=rgba.getchannel("A"))
        return white
    return image.convert("RGB")


def _grey(values: tiff_numbers.Numbers, tags: dict[int, Any], clear: object = None) -> Image.Image:
    """Grey values (H, W) of any numbers in RGB; white where they are those that the file calls transparent."""
    if clear is not None and (values == clear).all():
        return Image.new("RGB", values.shape[::-1], "white")
    shades = to_8_bits(values, tags.get(tiff_numbers.NO_DATA) if clear is None else clear)
    if tiff_numbers.is_negative(values, tags):
        shades = 255 - shades
    if clear is not None:
        shades[values == clear] = 255
    return Image.fromarray(shades).convert("RGB")


def rgb_without_alpha(image: Image.Image, orientation: int | None = None) -> Image.Image:
    """A picture with transparency as it looks to a program that only takes its colours."""
    if image.mode.startswith(("I", "F")):
        return _grey(np.asarray(rotate_upright(image, orientation)), {})
    return rotate_upright(image, orientation).convert("RGBA").convert("RGB")


def crop_long_ends(image: Image.Image) -> Image.Image:
    """The middle of a picture longer than MAX_ASPECT times its width: resizing all of it could fill the memory."""
    width, height = image.size
    limit = MAX_ASPECT * min(width, height)
    if max(width, height) <= limit:
        return image
    left, top = max(0, (width - limit) // 2), max(0, (height - limit) // 2)
    return image.crop((left, top, min(width, left + limit), min(height, top + limit)))


def small_jpeg(image: Image.Image, side: int) -> bytes:
    """A JPEG of a decoded picture, at most side x side pixels: safe to serve, since we made it."""
    image = crop_long_ends(image).copy()
    image.thumbnail((side, side))
    out = io.BytesIO()
    image.save(out, "JPEG", quality=85)
    return out.getvalue()


def is_our_jpeg(data: bytes) -> bool:
    """Whether bytes begin as `small_jpeg` writes them: a project or model of somebody else's may hold anything."""
    return data.startswith(b"\xff\xd8\xff\xe0\0\x10JFIF\0")
