"""Open HEIC and HEIF photos with pillow-heif, if that is installed, without registering it with Pillow."""

import importlib
import io

from PIL import ImageFile

from bearkit.images.signatures import HEIF
from bearkit.images.sniff import boxes, unreadable_error

MAX_PIXELS = 64_000_000  # decoding takes 9 bytes per pixel; phones write up to 50 megapixels


def open_heif(data: bytes) -> tuple[ImageFile.ImageFile, int]:
    """Open the main image of a HEIC or HEIF file.

    The decoder applies the rotation of the container, and EXIF repeats that. So EXIF counts only if the container has
    no rotation. The decoder is not registered with Pillow: that would change what Pillow opens in the whole process.

    Args:
        data: the bytes of the file.

    Returns:
        The image, not decoded yet, and its orientation after decoding (EXIF's 1 to 8).

    Raises:
        ImageError: pillow-heif is not installed.
    """
    try:
        module = importlib.import_module("pillow_heif")
    except ImportError:
        raise unreadable_error(HEIF) from None
    image: ImageFile.ImageFile = module.HeifImageFile(io.BytesIO(data))
    meta = b"".join(data[start:end] for kind, start, end in boxes(data) if kind == b"meta")
    has_rotation = b"irot" in meta or b"imir" in meta
    return image, 1 if has_rotation else int(image.info.get("original_orientation") or 1)
