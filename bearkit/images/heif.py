"""HEIC and HEIF photos, which pillow-heif reads where it is installed; Pillow itself stays as it is."""

import importlib
import io

from PIL import ImageFile

from bearkit.images.kinds import HEIF, unreadable

MAX_PIXELS = 64_000_000  # 9 bytes a pixel while they are decoded; phones take up to 50 megapixels so


def opened(data: bytes) -> ImageFile.ImageFile:
    """The main picture of a HEIC or HEIF file, not yet decoded; decoding turns it upright.

    Its decoder is called by its name and not registered, since that would change what Pillow opens in other parts of
    the same process.

    Raises:
        ImageError: pillow-heif is not installed.
    """
    try:
        module = importlib.import_module("pillow_heif")
    except ImportError:
        raise unreadable(HEIF) from None
    image: ImageFile.ImageFile = module.HeifImageFile(io.BytesIO(data))
    return image
