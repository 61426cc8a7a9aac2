"""Read image files within limits of size, compute their ids, and list the suffixes of their names."""

import hashlib
import os
import stat
from pathlib import Path

from PIL import Image

from bearkit.errors import ImageError, ImageNotFoundError
from bearkit.images import sniff

MAX_BYTES = 100 * 2**20  # of one file
# Formats that Pillow decodes in this process; "JPEG" includes MPO. EPS is left out: Pillow would start Ghostscript.
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "DIB", "TIFF", "AVIF", "ICO", "PPM", "JPEG2000", "TGA", "PCX")
SMALLER = "for example with ImageMagick: `magick FILE -resize 50% smaller.jpg`"
# First bytes of the formats that all browsers show: JPEG, PNG, GIF, BMP, ICO.
BROWSER_MAGIC = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF87a", b"GIF89a", b"BM", b"\0\0\1\0")
HEIF_SUFFIXES = {".heic", ".heif", ".hif"}  # read by pillow-heif


def content_id(data: bytes) -> str:
    """Compute the `image_id` of a file: the sha256 of its bytes, 64 hex digits.

    >>> content_id(b"")[:12]
    'e3b0c44298fc'
    """
    return hashlib.sha256(data).hexdigest()


def suffixes() -> set[str]:
    """Return the suffixes of image files that can be read, such as ".jpg"."""
    return {suffix for suffix, name in Image.registered_extensions().items() if name in FORMATS} | HEIF_SUFFIXES


def read_file(path: str | os.PathLike[str]) -> bytes:
    """Read a file that may be an image.

    Raises:
        ImageNotFoundError: there is no such file.
        ImageError: it is not a regular file, is larger than `MAX_BYTES`, or cannot be read.
    """
    path = Path(path)
    try:
        about = path.stat()
        if not stat.S_ISREG(about.st_mode):
            raise ImageError("is not a file", hint="name the pictures in it, for example FOLDER/*.jpg")
        if about.st_size > MAX_BYTES:
            raise too_big_error(about.st_size)
        return path.read_bytes()
    except FileNotFoundError:
        raise ImageNotFoundError("there is no such file", hint="check the path, or import the picture again") from None
    except (OSError, ValueError) as error:  # ValueError: no file can have this name
        raise ImageError(f"cannot be read: {getattr(error, 'strerror', None) or error}") from error


def read_verified(path: str | os.PathLike[str], image_id: str) -> bytes:
    """Read the file of an image of the project, and verify its content.

    Raises:
        ImageError: the file is gone or cannot be read, or its content is not the one that was imported.
    """
    data = read_file(path)
    if content_id(data) != image_id:
        raise ImageError("the file was changed after it was imported", hint="import it again")
    return data


def is_shown_by_browsers(path: str | os.PathLike[str]) -> bool:
    """Check whether all browsers show an image file of this format; only Safari shows HEIC, TIFF and JPEG 2000."""
    with Path(path).open("rb") as file:
        head = file.read(512)
    return head.startswith(BROWSER_MAGIC) or (head[:4] == b"RIFF" and head[8:12] == b"WEBP") or sniff.is_avif(head)


def too_big_error(size: int) -> ImageError:
    """Make the error for a file above `MAX_BYTES`."""
    return ImageError(
        f"the file has {size / 2**20:.0f} MiB; the limit is {MAX_BYTES // 2**20} MiB", hint="save it smaller"
    )


def too_many_pixels_error(limit: int) -> ImageError:
    """Make the error for an image with more pixels than `limit`, which could fill the memory."""
    text = f"more than {limit // 10**6} megapixels: refused, since unpacking it could fill the memory; save it smaller"
    return ImageError(text, hint=SMALLER)
