"""HEIC and HEIF photos, which pillow-heif reads where it is installed; Pillow itself stays as it is."""

import importlib
import io

from PIL import ImageFile

from bearkit.images.signatures import HEIF
from bearkit.images.sniff import boxes, unreadable_error

MAX_PIXELS = 64_000_000  # 9 bytes a pixel while they are decoded; phones take up to 50 megapixels so


def open_heif(data: bytes) -> tuple[ImageFile.ImageFile, int]:
    """The main picture of a HEIC or HEIF file, not yet decoded, and how it is to be turned then (EXIF's 1 to 8).

    The container's own rotation is applied by the decoder, and EXIF only repeats it: it counts where there is no other.

    Its decoder is called by its name and not registered, since that would change what Pillow opens in other parts of
    the same process.

    Raises:
        ImageError: pillow-heif is not installed.
    """
    try:
        module = importlib.import_module("pillow_heif")
    except ImportError:
        raise unreadable_error(HEIF) from None
    image: ImageFile.ImageFile = module.HeifImageFile(io.BytesIO(data))
    meta = b"".join(data[start:end] for kind, start, end in boxes(data) if kind == b"meta")
    turned = b"irot" in meta or b"imir" in meta
    return image, 1 if turned else int(image.info.get("original_orientation") or 1)
