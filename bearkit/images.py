"""Open a picture safely, upright and in RGB, or say in words why not; and know it by its content."""

import hashlib
import io
import os
import stat
import struct
import warnings
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import ExifTags, Image, ImageCms, ImageOps, UnidentifiedImageError

from bearkit.errors import ImageError

MAX_BYTES = 100 * 2**20  # of one file
MAX_PIXELS = 40_000_000  # WebP and others take up to 24 bytes a pixel while they are decoded
MAX_JPEG_PIXELS = 89_478_485  # Pillow's own limit; JPEGs take 6 bytes a pixel, and decode smaller on request
MAX_SCANS = 100  # of a progressive JPEG: each may cost the time of a whole picture
LARGE_PIXELS = 8_000_000  # pictures above this are decoded one at a time, in one thread: memory stays bounded
TILE_WIDTH, TILE_LENGTH = 322, 323  # TIFF tags
MAX_ASPECT = 8  # of a longer picture only the middle is looked at
# Formats that Pillow decodes itself, in this process (its JPEG reads MPO too); EPS would start Ghostscript.
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "DIB", "TIFF", "AVIF", "ICO", "PPM", "JPEG2000", "TGA", "PCX")
ALPHA = ("RGBA", "LA", "PA", "RGBa", "La")  # modes with transparency
EXIF_ERRORS = (OSError, SyntaxError, ValueError, TypeError, KeyError, IndexError, struct.error, ZeroDivisionError)

_large = ThreadPoolExecutor(1, thread_name_prefix="large-picture")  # one thread gives back the memory that it used
warnings.filterwarnings("error", category=Image.DecompressionBombWarning)  # ours says it better
warnings.filterwarnings("ignore", module=r"PIL\.", category=UserWarning)  # odd metadata of a picture that loads


def content_id(data: bytes) -> str:
    """The `image_id` of a file: sha256 of its bytes, in hex (64 characters).

    >>> content_id(b"")[:12]
    'e3b0c44298fc'
    """
    return hashlib.sha256(data).hexdigest()


def suffixes() -> set[str]:
    """How the names of pictures end that can be read: ".jpg" and so on."""
    return {suffix for suffix, name in Image.registered_extensions().items() if name in FORMATS}


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
            raise too_big(about.st_size)
        return path.read_bytes()
    except FileNotFoundError:
        raise ImageError("there is no such file", hint="check the path, or import the picture again") from None
    except OSError as error:
        raise ImageError(f"cannot be read: {error.strerror or error}") from error


def read_unchanged(path: str | os.PathLike[str], image_id: str) -> bytes:
    """The bytes of a picture's file.

    Raises:
        ImageError: the file is gone, or is not the one that was imported.
    """
    data = read_file(path)
    if content_id(data) != image_id:
        raise ImageError("the file was changed after it was imported", hint="import it again")
    return data


def too_big(size: int) -> ImageError:
    """The error for a file above `MAX_BYTES`."""
    return ImageError(
        f"the file has {size / 2**20:.0f} MiB; the limit is {MAX_BYTES // 2**20} MiB", hint="save it smaller"
    )


@dataclass(frozen=True)
class Decoded:
    """A decoded picture and what its file said of itself: width and height as a person sees them, after rotation."""

    image: Image.Image
    format: str
    width: int
    height: int
    transparent: bool


def decode(data: bytes, at_least: int = 0, bare: bool = False) -> Decoded:
    """Decode a whole picture to upright RGB: first frame, EXIF rotation applied, transparency on white.

    Args:
        data: the bytes of the file.
        at_least: when the picture is only needed at about this many pixels on its shorter side, a big JPEG may come
            at a half, quarter or eighth of its size (never below `at_least`): much faster, all of its data still read.
        bare: the colours alone, as a program that knows nothing of transparency sees them.

    Raises:
        ImageError: not a whole picture; the message is the reason in words.
    """
    with _refusals(data), Image.open(io.BytesIO(data), formats=FORMATS) as image:
        _refuse_bombs(image, data)
        size, name = image.size, image.format or "?"
        large = image.width * image.height > LARGE_PIXELS
        transparent = image.mode in ALPHA or "transparency" in image.info
        convert = _bare if bare and transparent else to_rgb
        rgb = _large.submit(_load, image, at_least, convert).result() if large else _load(image, at_least, convert)
    rotated = rgb.width > rgb.height if size[0] < size[1] else rgb.width < rgb.height
    width, height = size[::-1] if rotated else size
    return Decoded(rgb, name, width, height, transparent)


def _load(image: Image.Image, at_least: int, convert: Callable[[Image.Image], Image.Image]) -> Image.Image:
    """Decode an opened picture whole, at about the size that is needed."""
    if at_least:
        image.draft("RGB", (at_least, at_least))
    image.load()
    factor = min(image.size) // at_least if at_least and image.width * image.height > LARGE_PIXELS else 1
    if factor <= 1:
        return convert(image)
    if image.mode in ("RGB", "L", "RGBA", "LA", "CMYK"):  # formats without draft: smaller before anything copies it
        return convert(image.reduce(factor))
    return convert(image).reduce(factor)


def _refuse_bombs(image: Image.Image, data: bytes) -> None:
    """Refuse what is small as a file and huge, or endless, once it is decoded."""
    is_jpeg = image.format in ("JPEG", "MPO")
    limit = MAX_JPEG_PIXELS if is_jpeg else MAX_PIXELS
    if image.width * image.height > limit:
        raise too_many_pixels(limit)
    if is_jpeg and data.count(b"\xff\xda") > MAX_SCANS:
        raise ImageError(
            f"a JPEG of more than {MAX_SCANS} scans: refused, since it would take minutes", hint="save it again"
        )
    tags = getattr(image, "tag_v2", {})
    if tags.get(TILE_WIDTH, 0) * tags.get(TILE_LENGTH, 0) > LARGE_PIXELS:
        raise too_many_pixels(LARGE_PIXELS)


def too_many_pixels(limit: int) -> ImageError:
    """The error for a picture that could fill the memory."""
    text = f"more than {limit // 10**6} megapixels: refused, since unpacking it could fill the memory"
    return ImageError(text, hint="save it smaller")


@contextmanager
def _refusals(data: bytes) -> Iterator[None]:
    """Turn whatever a decoder says of bad bytes (Pillow's raise almost anything) into an ImageError for people."""
    if not data:
        raise ImageError("the file is empty")
    try:
        yield
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise too_many_pixels(MAX_JPEG_PIXELS) from None
    except UnidentifiedImageError as error:
        raise ImageError(f"not a picture that can be read: {_looks_like(data)}") from error
    except MemoryError as error:
        raise ImageError("unpacking it needs more memory than there is") from error
    except (*EXIF_ERRORS, EOFError, zlib.error, RuntimeError, AttributeError, OverflowError) as error:
        text = str(error).lower()
        cut_off = "truncated" in text or isinstance(error, EOFError)
        reason = "the picture is cut off: its end is missing" if cut_off else "the picture is damaged"
        raise ImageError(f"{reason} ({error or type(error).__name__})", hint="get the file again") from error


def _looks_like(data: bytes) -> str:
    """What a file that is no picture probably is."""
    head = data[:512].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if head.startswith((b"<!doctype html", b"<html", b"<head", b"<script", b"<body")):
        return "it is a web page"
    if b"<svg" in head:
        return "it is an SVG drawing; save it as PNG"
    if data[4:8] == b"ftyp" and data[8:12] in (b"heic", b"heix", b"mif1", b"heif", b"hevc", b"msf1"):
        return "it is an HEIC photo; save it as JPEG"
    if data[4:8] == b"ftyp":
        return "it is a video"
    for magic, name in (
        (b"%pdf", "a PDF"),
        (b"%!ps", "a PostScript file; save it as PNG"),
        (b"pk\x03\x04", "a zip file"),
        (b"{", "JSON text"),
        (b"<?xml", "an XML file"),
    ):
        if head.startswith(magic):
            return f"it is {name}"
    pictures = (b"\x89PNG", b"\xff\xd8", b"GIF8", b"RIFF", b"BM", b"II*\0", b"MM\0*")
    if data.startswith(pictures):
        return "its header is damaged"
    return "its content is of no known picture format"


def _upright(image: Image.Image) -> Image.Image:
    """Apply the EXIF orientation; a broken EXIF block leaves the picture as it is."""
    try:
        if image.getexif().get(ExifTags.Base.Orientation, 1) == 1:
            return image  # exif_transpose would copy it
        return ImageOps.exif_transpose(image)
    except EXIF_ERRORS:
        return image


def to_rgb(image: Image.Image) -> Image.Image:
    """Any Pillow picture to upright RGB: transparency over white, 16 bits and floats scaled to 8."""
    image = _upright(image)
    if image.mode == "RGB" and "transparency" not in image.info:
        return image
    if image.mode.startswith(("I", "F")):
        return Image.fromarray(_to_8_bits(np.asarray(image))).convert("RGB")
    if image.mode == "LAB":
        lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
        converted = ImageCms.profileToProfile(image, lab, srgb, outputMode="RGB")
        assert converted is not None  # None is only for in-place conversion
        return converted
    if image.mode in ALPHA or "transparency" in image.info:
        rgba = image.convert("RGBA")
        white = Image.new("RGB", rgba.size, "white")
        white.paste(rgba, mask=rgba.getchannel("A"))
        return white
    return image.convert("RGB")


def _bare(image: Image.Image) -> Image.Image:
    """A picture with transparency as it looks to a program that only takes its colours."""
    return _upright(image).convert("RGBA").convert("RGB")


def _to_8_bits(values: np.ndarray) -> np.ndarray:
    """Grey values of a deep picture as uint8, same shape.

    Whole numbers are taken as 8, 10, 12, 14, 16 or 32 bits deep, whichever first holds the brightest (microscopes write
    12 bits into 16, and a plain division by 256 leaves those black); floats are stretched from darkest to brightest.

    >>> _to_8_bits(np.array([[0, 4095]], dtype=np.uint16)).tolist()
    [[0, 255]]
    """
    if values.dtype.kind == "f":
        values = np.nan_to_num(values)
    low, high = float(values.min()), float(values.max())
    if values.dtype.kind in "iu" and low >= 0:
        depth = next((bits for bits in (8, 10, 12, 14, 16) if high < 2**bits), 32)
        low, high = 0.0, float(2**depth - 1)
    result = np.empty(values.shape, np.uint8)
    for row, line in zip(result, values, strict=True):  # row by row: a whole picture in float64 could fill the memory
        row[:] = ((line.astype(np.float64) - low) * (255 / max(high - low, 1e-12))).round()
    return result


def without_long_ends(image: Image.Image) -> Image.Image:
    """The middle of a picture longer than MAX_ASPECT times its width: resizing all of it could fill the memory."""
    width, height = image.size
    limit = MAX_ASPECT * min(width, height)
    if max(width, height) <= limit:
        return image
    left, top = max(0, (width - limit) // 2), max(0, (height - limit) // 2)
    return image.crop((left, top, min(width, left + limit), min(height, top + limit)))


def small_jpeg(image: Image.Image, side: int) -> bytes:
    """A JPEG of a decoded picture, at most side x side pixels: safe to serve, since we made it."""
    image = without_long_ends(image).copy()
    image.thumbnail((side, side))
    out = io.BytesIO()
    image.save(out, "JPEG", quality=85)
    return out.getvalue()
