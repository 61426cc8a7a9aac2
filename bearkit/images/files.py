"""Files that may be pictures: their names, their bytes, and the id that they are known by."""

import hashlib
import os
import stat
from pathlib import Path

from PIL import Image

from bearkit.errors import ImageError, ImageNotFoundError
from bearkit.images import sniff

MAX_BYTES = 100 * 2**20  # of one file
# Formats that Pillow decodes itself, in this process (its JPEG reads MPO too); EPS would start Ghostscript.
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "DIB", "TIFF", "AVIF", "ICO", "PPM", "JPEG2000", "TGA", "PCX")
SMALLER = "for example with ImageMagick: `magick FILE -resize 50% smaller.jpg`"
BROWSER_MAGIC = (
    b"\xff\xd8\xff",
    b"\x89PNG\r\n\x1a\n",
    b"GIF87a",
    b"GIF89a",
    b"BM",
    b"\0\0\1\0",
)  # how what browsers show begins
HEIF_SUFFIXES = {".heic", ".heif", ".hif"}  # pillow-heif reads them


def content_id(data: bytes) -> str:
    """The `image_id` of a file: sha256 of its bytes, in hex (64 characters).

    >>> content_id(b"")[:12]
    'e3b0c44298fc'
    """
    return hashlib.sha256(data).hexdigest()


def suffixes() -> set[str]:
    """How the names of pictures end that can be read: ".jpg" and so on."""
    return {suffix for suffix, name in Image.registered_extensions().items() if name in FORMATS} | HEIF_SUFFIXES


def read_file(path: str | os.PathLike[str]) -> bytes:
    """The bytes of a file that may be a picture.

    Raises:
        ImageError: it is missing, no regular file, or larger than `MAX_BYTES`.
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
    except (OSError, ValueError) as error:  # ValueError: a name that cannot be one
        raise ImageError(f"cannot be read: {getattr(error, 'strerror', None) or error}") from error


def read_verified(path: str | os.PathLike[str], image_id: str) -> bytes:
    """The bytes of a picture's file.

    Raises:
        ImageError: the file is gone, or is not the one that was imported.
    """
    data = read_file(path)
    if content_id(data) != image_id:
        raise ImageError("the file was changed after it was imported", hint="import it again")
    return data


def is_shown_by_browsers(path: str | os.PathLike[str]) -> bool:
    """Whether all browsers show such a picture: Safari alone shows HEIC, TIFF and JPEG 2000, and none shows others."""
    with Path(path).open("rb") as file:
        head = file.read(512)
    return head.startswith(BROWSER_MAGIC) or (head[:4] == b"RIFF" and head[8:12] == b"WEBP") or sniff.is_avif(head)


def too_big_error(size: int) -> ImageError:
    """The error for a file above `MAX_BYTES`."""
    return ImageError(
        f"the file has {size / 2**20:.0f} MiB; the limit is {MAX_BYTES // 2**20} MiB", hint="save it smaller"
    )


def too_many_pixels_error(limit: int) -> ImageError:
    """The error for a picture that could fill the memory."""
    text = f"more than {limit // 10**6} megapixels: refused, since unpacking it could fill the memory; save it smaller"
    return ImageError(text, hint=SMALLER)
