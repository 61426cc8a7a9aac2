"""Convert decoded images: rotate upright, convert to RGB, crop, and make small JPEG copies."""

import io
from typing import Any

import numpy as np
from PIL import ExifTags, Image, ImageCms

from bearkit.images import tiff_numbers
from bearkit.images.depth import to_8_bits

MAX_ASPECT = 8  # of an image with longer sides only the middle is used
ALPHA = ("RGBA", "LA", "PA", "RGBa", "La")  # modes with transparency
TURN = {
    2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_270, 7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}  # fmt: skip


def rotate_upright(image: Image.Image, orientation: int | None) -> Image.Image:
    """Rotate or mirror an image so that it is upright.

    Args:
        image: the image.
        orientation: EXIF's 1 to 8; None reads it from the image. Damaged EXIF counts as 1, upright.

    >>> rotate_upright(Image.new("L", (4, 2)), 6).size
    (2, 4)
    """
    if orientation is None:
        try:
            orientation = image.getexif().get(ExifTags.Base.Orientation, 1)
        except Exception:  # Pillow raises many classes on damaged metadata, and the image is still usable
            orientation = 1
    return image.transpose(TURN[orientation]) if orientation in TURN else image


def to_rgb(image: Image.Image, orientation: int | None = None) -> Image.Image:
    """Convert a Pillow image of any mode to upright RGB: transparency over white, 16 bits and floats scaled to 8 bits.

    Args:
        image: the image.
        orientation: EXIF's 1 to 8, if known; None reads it from the image.

    Raises:
        ImageError: no pixel has data.
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


def _grey(values: tiff_numbers.Numbers, tags: dict[int, Any], transparent: object = None) -> Image.Image:
    """Convert grey values (H, W) of any type to RGB; pixels with the file's transparent value become white."""
    if transparent is not None and (values == transparent).all():
        return Image.new("RGB", values.shape[::-1], "white")
    shades = to_8_bits(values, tags.get(tiff_numbers.NO_DATA) if transparent is None else transparent)
    if tiff_numbers.is_negative(values, tags):
        shades = 255 - shades
    if transparent is not None:
        shades[values == transparent] = 255
    return Image.fromarray(shades).convert("RGB")


def rgb_without_alpha(image: Image.Image, orientation: int | None = None) -> Image.Image:
    """Convert an image to upright RGB and ignore its transparency, as a program does that reads only the colours."""
    if image.mode.startswith(("I", "F")):
        return _grey(np.asarray(rotate_upright(image, orientation)), {})
    return rotate_upright(image, orientation).convert("RGBA").convert("RGB")


def crop_long_ends(image: Image.Image) -> Image.Image:
    """Crop a very long image to the middle, MAX_ASPECT times its shorter side: resizing all could fill the memory."""
    width, height = image.size
    limit = MAX_ASPECT * min(width, height)
    if max(width, height) <= limit:
        return image
    left, top = max(0, (width - limit) // 2), max(0, (height - limit) // 2)
    return image.crop((left, top, min(width, left + limit), min(height, top + limit)))


def small_jpeg(image: Image.Image, side: int) -> bytes:
    """Encode a small copy of an image as JPEG, which is safe to serve since bearkit itself writes it.

    Args:
        image: the image, RGB.
        side: the most pixels of the longer side.
    """
    image = crop_long_ends(image).copy()
    image.thumbnail((side, side))
    out = io.BytesIO()
    image.save(out, "JPEG", quality=85, comment=b"")  # else Pillow writes the comment of the original
    return out.getvalue()


def is_our_jpeg(data: bytes) -> bool:
    """Check whether a file begins like those of `small_jpeg`: a project from elsewhere may hold any file."""
    return data.startswith(b"\xff\xd8\xff\xe0\0\x10JFIF\0")
