"""Open a picture safely, upright and in RGB, or say in words why not."""

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
LARGE_PIXELS = 8_000_000  # pictures above this are decoded one at a time, in one thread: memory stays bounded
XMP_ORIENTATION = re.compile(r'tiff:Orientation(?:="|>)([1-8])')
DAMAGED = (
    OSError, SyntaxError, ValueError, TypeError, KeyError, IndexError, struct.error, ZeroDivisionError, EOFError,
    zlib.error, RuntimeError, AttributeError, OverflowError, AssertionError,
    Warning,  # where the host program makes warnings errors
)  # fmt: skip

_large = ThreadPoolExecutor(1, thread_name_prefix="large-picture")  # one thread gives back the memory that it used


@dataclass(frozen=True)
class Decoded:
    """A decoded picture and what its file said of itself: width and height as a person sees them, after rotation."""

    image: Image.Image
    format: str
    width: int
    height: int
    transparent: bool


@dataclass(frozen=True)
class _Opened:
    """A picture before it is decoded, how it is to be turned (as EXIF's orientation, 1 to 8), and its limit."""

    image: ImageFile.ImageFile
    orientation: int
    most_pixels: int
    scalable: bool = False  # whether it can be decoded at a half, quarter or eighth
    again: Callable[[], ImageFile.ImageFile] | None = None  # opens it anew, where 8 bits of its 16 may not be enough


def decode(data: bytes, at_least: int = 0, bare: bool = False) -> Decoded:
    """Decode a whole picture to upright RGB: first frame, EXIF rotation applied, transparency on white.

    Args:
        data: the bytes of the file.
        at_least: when the picture is only needed at about this many pixels on its shorter side, a big JPEG may come
            at a half, quarter or eighth of its size (never below `at_least`): much faster, all of its data still read.
            A JPEG above 89 megapixels comes smaller in any case.
        bare: the colours alone, as a program that knows nothing of transparency sees them.

    Raises:
        ImageError: not a whole picture; the message is the reason in words.
    """
    with _refusals(data):
        opened = _open(data)
        with opened.image as image:
            if image.width * image.height > opened.most_pixels:
                raise too_many_pixels_error(opened.most_pixels)
            size, name = image.size, image.format or "?"
            large = image.width * image.height > LARGE_PIXELS
            transparent = image.mode in ALPHA or "transparency" in image.info
            convert = rgb_without_alpha if bare and transparent else to_rgb
            work = (opened, at_least, convert)
            rgb = _large.submit(_load, *work).result() if large else _load(*work)
    rotated = rgb.width > rgb.height if size[0] < size[1] else rgb.width < rgb.height
    width, height = size[::-1] if rotated else size
    return Decoded(rgb, name, width, height, transparent)


def from_pillow(image: Image.Image) -> Image.Image:
    """A Pillow image of any mode, opened by somebody else, as upright RGB.

    Raises:
        ImageError: its file is damaged or closed, or it has no pixels.
    """
    if not image.width or not image.height:
        raise ImageError(f"the picture has no pixels: it is {image.width} x {image.height}")
    with _refusals(b"a picture that is opened already"):
        image.load()  # now, and not where nobody expects that its file is damaged
        return to_rgb(image)


def _open(data: bytes) -> _Opened:
    """Find the decoder by the content, after everything that Pillow would only notice too late."""
    sniff.refuse_non_images(data)
    if data.startswith(jpeg.START):
        found = jpeg.examine(data)  # Pillow's own `open` warns of 89 megapixels, and refuses twice as many
        image = JpegImagePlugin.JpegImageFile(io.BytesIO(found.data))
        most = jpeg.MAX_PIXELS if found.scalable else MAX_PIXELS
        return _Opened(image, found.orientation, most, found.scalable)
    if sniff.is_heif(data):
        return _Opened(*heif.open_heif(data), heif.MAX_PIXELS)
    if tiff.is_tiff(data):
        tiff.refuse_unreadable(data, LARGE_PIXELS)
    elif sniff.brands(data):
        tiff.check_exif_blocks(data)
    _refuse_huge_icons(data)
    bare = pnm.to_binary_pnm(metadata.strip_metadata(data), MAX_PIXELS)
    other = _of(bare)
    again = partial(_of, bare) if deep.is_deep(other) else None
    return _Opened(other, _orientation(other), MAX_PIXELS, again=again)


def _of(data: bytes) -> ImageFile.ImageFile:
    """A picture whose numbers come out as they are in the file, not yet decoded."""
    image = _identified(io.BytesIO(data))
    return tiff_numbers.fix_byte_order(image) if image.format == "TIFF" else image


def has_gps_position(path: Path) -> bool:
    """Whether the EXIF block of a picture's file, which is not decoded for it, says where it was taken.

    Raises:
        ImageError: it is no picture, or damaged; OSError: it cannot be read.
    """
    with path.open("rb") as file:
        head = file.read(512)
        file.seek(0)
        with _refusals(head):
            if sniff.is_heif(head):
                image, _ = heif.open_heif(file.read())
            else:
                image = JpegImagePlugin.JpegImageFile(file) if head.startswith(jpeg.START) else _identified(file)
            if image.format == "TIFF":
                return bool(image.getexif().get_ifd(ExifTags.IFD.GPSInfo))
            file.seek(0)
            block = metadata.png_exif(file.read()) if image.format == "PNG" else image.info.get("exif", b"")
            tiff.read_tags(block.removeprefix(b"Exif\0\0"))  # or it would fill the memory
            exif = Image.Exif()
            exif.load(block)
            return bool(exif.get_ifd(ExifTags.IFD.GPSInfo))


def _identified(file: IO[bytes]) -> ImageFile.ImageFile:
    """What Pillow's `open` does, without its warnings about the size: those would go to the host program.

    Raises:
        UnidentifiedImageError: no format fits.
    """
    if not all(name in Image.OPEN for name in FORMATS):
        Image.init()
    head = file.read(16)
    for name in (name for name in FORMATS if name in Image.OPEN):  # a Pillow may be built without some
        factory, accept = Image.OPEN[name]
        taken = accept is None or accept(head)
        if taken and not isinstance(taken, str):  # a text says why it cannot
            file.seek(0)
            try:
                return factory(file, "")
            except (SyntaxError, IndexError, TypeError, struct.error):  # as Pillow does: another format may fit
                continue
    raise UnidentifiedImageError("no format fits")


def _orientation(image: ImageFile.ImageFile) -> int:
    """Which way up a picture is by its metadata; a TIFF is turned by Pillow as it is decoded."""
    exif = image.info.get("exif")
    if exif is None and "Raw profile type exif" in image.info:
        digits = "".join(str(image.info["Raw profile type exif"]).split("\n")[3:])
        exif = bytes.fromhex(digits) if re.fullmatch(r"([0-9a-fA-F]{2})+", digits) else None
    found = tiff.orientation(exif) if isinstance(exif, bytes) else None
    xmp = image.info.get("XML:com.adobe.xmp") or image.info.get("xmp") or ""
    if found is None and image.format != "TIFF":
        told = XMP_ORIENTATION.search(xmp.decode("latin-1") if isinstance(xmp, bytes) else str(xmp))
        found = int(told[1]) if told else None
    return found or 1


def _load(opened: _Opened, at_least: int, convert: Callable[[Image.Image, int], Image.Image]) -> Image.Image:
    """Decode an opened picture whole, at about the size that is needed."""
    decoded = opened.image
    if opened.scalable:
        _draft(decoded, at_least)
    decoded.load()
    image = deep.use_all_bits(decoded, opened.again) if opened.again else decoded
    factor = min(image.size) // at_least if at_least and image.width * image.height > LARGE_PIXELS else 1
    if factor <= 1:
        return convert(image, opened.orientation)
    if (
        image.mode in ("RGB", "L", "RGBA", "LA", "CMYK") and "transparency" not in image.info
    ):  # formats without draft: smaller before anything copies it
        return convert(image.reduce(factor), opened.orientation)
    return convert(image, opened.orientation).reduce(factor)


def _draft(image: ImageFile.ImageFile, at_least: int) -> None:
    """Have a JPEG decoded no larger than it is needed, and never above MAX_JPEG_PIXELS."""
    width, height = image.size
    scale = next((n for n in (1, 2, 4) if width * height <= n * n * MAX_JPEG_PIXELS), 8)
    if at_least or scale > 1:
        needed = at_least or min(width, height)
        image.draft("RGB", (max(1, min(needed, width // scale)), max(1, min(needed, height // scale))))


def _refuse_huge_icons(data: bytes) -> None:
    """Refuse an icon whose header says 256 x 256, and the picture in it much more."""
    if not data.startswith(b"\0\0\1\0"):
        return
    for at in range(6, 6 + 16 * int.from_bytes(data[4:6], "little"), 16):
        place = int.from_bytes(data[at + 12 : at + 16], "little")
        is_png = data.startswith(metadata.PNG, place)
        order, sides = ("big", data[place + 16 : place + 24]) if is_png else ("little", data[place + 4 : place + 12])
        width, height = (abs(int.from_bytes(side, order, signed=True)) for side in (sides[:4], sides[4:]))  # type: ignore[arg-type]
        if width * height > 2 * MAX_PIXELS:  # a bitmap's mask counts as well
            raise too_many_pixels_error(MAX_PIXELS)


@contextmanager
def _refusals(data: bytes) -> Iterator[None]:
    """Turn whatever a decoder says of bad bytes (Pillow's raise almost anything) into an ImageError for people."""
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
