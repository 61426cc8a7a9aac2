"""Decode image files to upright RGB, within limits of memory and time, or raise an error with a clear reason."""

import io
import re
import struct
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO

from PIL import ExifTags, Image, ImageFile, JpegImagePlugin, UnidentifiedImageError

from bearkit.errors import ImageError
from bearkit.images import deep, heif, jpeg, metadata, pnm, sniff, tiff, tiff_numbers
from bearkit.images.files import FORMATS, too_many_pixels_error
from bearkit.images.pixels import ALPHA, rgb_without_alpha, to_rgb

MAX_PIXELS = 40_000_000  # WebP and others take up to 24 bytes a pixel while they are decoded
MAX_JPEG_PIXELS = 89_478_485  # JPEGs take 6 bytes a pixel; larger ones are decoded at a half, quarter or eighth
LARGE_PIXELS = 8_000_000  # larger images are decoded one at a time, in one thread, to bound the memory
XMP_ORIENTATION = re.compile(r'tiff:Orientation(?:="|>)([1-8])')
DAMAGED = (
    OSError, SyntaxError, ValueError, TypeError, KeyError, IndexError, struct.error, ZeroDivisionError, EOFError,
    zlib.error, RuntimeError, AttributeError, OverflowError, AssertionError,
    Warning,  # if the host program turns warnings into errors
)  # fmt: skip

_large = ThreadPoolExecutor(1, thread_name_prefix="large-picture")  # one thread, which frees the memory that it used


@dataclass(frozen=True)
class Decoded:
    """A decoded image.

    Attributes:
        image: RGB, upright; it may be smaller than the file says.
        format: Pillow's name of the file's format, such as "JPEG".
        width: of the file's image after rotation, in pixels.
        height: of the file's image after rotation, in pixels.
        transparent: whether the file has transparency.
    """

    image: Image.Image
    format: str
    width: int
    height: int
    transparent: bool


@dataclass(frozen=True)
class _Opened:
    """An image that is not decoded yet, its EXIF orientation (1 to 8), and its limit of pixels."""

    image: ImageFile.ImageFile
    orientation: int
    max_pixels: int
    scalable: bool = False  # whether it can be decoded at a half, quarter or eighth of its size
    again: Callable[[], ImageFile.ImageFile] | None = None  # opens it once more, if it has 16 bits per channel


def decode(data: bytes, at_least: int = 0, drop_alpha: bool = False) -> Decoded:
    """Decode an image in full, to upright RGB: first frame, EXIF rotation applied, transparency over white.

    Args:
        data: the bytes of the file.
        at_least: needed length of the shorter side in pixels; 0 for the full size. Large images may come smaller, but
            not below this; a JPEG at a half, quarter or eighth, which is much faster and still reads all of its data.
            A JPEG above 89 megapixels is always reduced.
        drop_alpha: ignore transparency instead of using white, as a program does that reads only the colours.

    Raises:
        ImageError: the file is not an image, or it is damaged or too large; the message is the reason.
    """
    with _refusals(data):
        opened = _open(data)
        with opened.image as image:
            if image.width * image.height > opened.max_pixels:
                raise too_many_pixels_error(opened.max_pixels)
            size, name = image.size, image.format or "?"
            large = image.width * image.height > LARGE_PIXELS
            transparent = image.mode in ALPHA or "transparency" in image.info
            convert = rgb_without_alpha if drop_alpha and transparent else to_rgb
            args = (opened, at_least, convert)
            rgb = _large.submit(_load, *args).result() if large else _load(*args)
    rotated = rgb.width > rgb.height if size[0] < size[1] else rgb.width < rgb.height
    width, height = size[::-1] if rotated else size
    return Decoded(rgb, name, width, height, transparent)


def from_pillow(image: Image.Image) -> Image.Image:
    """Convert a Pillow image of any mode, which the caller opened, to upright RGB.

    Raises:
        ImageError: its file is damaged or closed, or the image has no pixels.
    """
    if not image.width or not image.height:
        raise ImageError(f"the picture has no pixels: it is {image.width} x {image.height}")
    with _refusals(b"a picture that is opened already"):
        image.load()  # so that a damaged file raises here
        return to_rgb(image)


def _open(data: bytes) -> _Opened:
    """Open an image by its content, after checks for what Pillow would notice too late."""
    sniff.refuse_non_images(data)
    if data.startswith(jpeg.START):
        header = jpeg.examine(data)
        image = JpegImagePlugin.JpegImageFile(io.BytesIO(header.data))  # `Image.open` refuses 179 megapixels and more
        max_pixels = jpeg.MAX_PIXELS if header.scalable else MAX_PIXELS
        return _Opened(image, header.orientation, max_pixels, header.scalable)
    if sniff.is_heif(data):
        return _Opened(*heif.open_heif(data), heif.MAX_PIXELS)
    if tiff.is_tiff(data):
        tiff.refuse_unreadable(data, LARGE_PIXELS)
    elif sniff.brands(data):
        tiff.check_exif_blocks(data)
    _refuse_huge_icons(data)
    stripped = pnm.to_binary_pnm(metadata.strip_metadata(data), MAX_PIXELS)
    other = _open_with_pillow(stripped)
    again = partial(_open_with_pillow, stripped) if deep.is_deep(other) else None
    return _Opened(other, _orientation(other), MAX_PIXELS, again=again)


def _open_with_pillow(data: bytes) -> ImageFile.ImageFile:
    """Open an image without decoding it, such that its values will have the file's byte order."""
    image = _identify(io.BytesIO(data))
    return tiff_numbers.fix_byte_order(image) if image.format == "TIFF" else image


def has_gps_position(path: Path) -> bool:
    """Check whether the EXIF block of an image file holds a GPS position; the image is not decoded.

    Raises:
        ImageError: the file is not an image, or is damaged.
        OSError: the file cannot be read.
    """
    with path.open("rb") as file:
        head = file.read(512)
        file.seek(0)
        with _refusals(head):
            if sniff.is_heif(head):
                image, _ = heif.open_heif(file.read())
            else:
                image = JpegImagePlugin.JpegImageFile(file) if head.startswith(jpeg.START) else _identify(file)
            if image.format == "TIFF":
                return bool(image.getexif().get_ifd(ExifTags.IFD.GPSInfo))
            file.seek(0)
            block = metadata.png_exif(file.read()) if image.format == "PNG" else image.info.get("exif", b"")
            tiff.read_tags(block.removeprefix(b"Exif\0\0"))  # raises for a block that would fill the memory
            exif = Image.Exif()
            exif.load(block)
            return bool(exif.get_ifd(ExifTags.IFD.GPSInfo))


def _identify(file: IO[bytes]) -> ImageFile.ImageFile:
    """Do what `Image.open` does, for `FORMATS` only, and without its warnings about size, which would reach users.

    Raises:
        UnidentifiedImageError: no format fits.
    """
    if not all(name in Image.OPEN for name in FORMATS):
        Image.init()
    head = file.read(16)
    for name in (name for name in FORMATS if name in Image.OPEN):  # a build of Pillow may lack some
        factory, accept = Image.OPEN[name]
        accepted = accept is None or accept(head)
        if accepted and not isinstance(accepted, str):  # a text is the reason for a refusal
            file.seek(0)
            try:
                return factory(file, "")
            except (SyntaxError, IndexError, TypeError, struct.error):  # as Pillow does: another format may fit
                continue
    raise UnidentifiedImageError("no format fits")


def _orientation(image: ImageFile.ImageFile) -> int:
    """Return the orientation (1 to 8) from EXIF, or else from XMP; 1 for a TIFF, which Pillow rotates itself."""
    exif = image.info.get("exif")
    if exif is None and "Raw profile type exif" in image.info:
        digits = "".join(str(image.info["Raw profile type exif"]).split("\n")[3:])
        exif = bytes.fromhex(digits) if re.fullmatch(r"([0-9a-fA-F]{2})+", digits) else None
    orientation = tiff.orientation(exif) if isinstance(exif, bytes) else None
    xmp = image.info.get("XML:com.adobe.xmp") or image.info.get("xmp") or ""
    if orientation is None and image.format != "TIFF":
        match = XMP_ORIENTATION.search(xmp.decode("latin-1") if isinstance(xmp, bytes) else str(xmp))
        orientation = int(match[1]) if match else None
    return orientation or 1


def _load(opened: _Opened, at_least: int, convert: Callable[[Image.Image, int], Image.Image]) -> Image.Image:
    """Decode an opened image in full, not much larger than needed."""
    decoded = opened.image
    if opened.scalable:
        _draft(decoded, at_least)
    decoded.load()
    image = deep.use_all_bits(decoded, opened.again) if opened.again else decoded
    factor = min(image.size) // at_least if at_least and image.width * image.height > LARGE_PIXELS else 1
    if factor <= 1:
        return convert(image, opened.orientation)
    if image.mode in ("RGB", "L", "RGBA", "LA", "CMYK") and "transparency" not in image.info:
        # No draft for this format: reduce before converting, which copies the pixels.
        return convert(image.reduce(factor), opened.orientation)
    return convert(image, opened.orientation).reduce(factor)


def _draft(image: ImageFile.ImageFile, at_least: int) -> None:
    """Set a JPEG to be decoded no larger than needed, and never above MAX_JPEG_PIXELS."""
    width, height = image.size
    scale = next((n for n in (1, 2, 4) if width * height <= n * n * MAX_JPEG_PIXELS), 8)
    if at_least or scale > 1:
        needed = at_least or min(width, height)
        image.draft("RGB", (max(1, min(needed, width // scale)), max(1, min(needed, height // scale))))


def _refuse_huge_icons(data: bytes) -> None:
    """Raise an error for an icon whose image is far larger than the header can say (256 x 256)."""
    if not data.startswith(b"\0\0\1\0"):
        return
    for at in range(6, 6 + 16 * int.from_bytes(data[4:6], "little"), 16):
        place = int.from_bytes(data[at + 12 : at + 16], "little")
        is_png = data.startswith(metadata.PNG, place)
        order, sides = ("big", data[place + 16 : place + 24]) if is_png else ("little", data[place + 4 : place + 12])
        width, height = (abs(int.from_bytes(side, order, signed=True)) for side in (sides[:4], sides[4:]))  # type: ignore[arg-type]
        if width * height > 2 * MAX_PIXELS:  # 2: a bitmap's height includes its mask
            raise too_many_pixels_error(MAX_PIXELS)


@contextmanager
def _refusals(data: bytes) -> Iterator[None]:
    """Translate the exceptions of decoders (Pillow's raise many classes on damaged files) to an ImageError."""
    if not data:
        raise ImageError("the file is empty")
    try:
        yield
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise too_many_pixels_error(MAX_PIXELS) from None
    except UnidentifiedImageError as error:
        if tiff.is_tiff(data) and (kind := tiff.describe_tiff(data)):
            why = f"a TIFF of a kind that is not read: {kind}"
            raise ImageError(why, hint="save it as PNG, or as a TIFF of one or three channels of 8 bits") from error
        raise sniff.unidentified_error(data) from error
    except MemoryError as error:
        raise ImageError("unpacking it needs more memory than there is") from error
    except DAMAGED as error:
        text = str(error).lower()
        cut_off = "truncated" in text or isinstance(error, EOFError) or sniff.is_cut_off(data)
        reason = "the picture is cut off: its end is missing" if cut_off else "the picture is damaged"
        raise ImageError(f"{reason} ({error or type(error).__name__})", hint="get the file again") from error
