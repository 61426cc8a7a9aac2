"""A JPEG read segment by segment, before it is decoded: which way up it is, what it would cost, and where it ends.

Phones put much more into a JPEG's file than the picture: previews, depth maps, gain maps, and a whole video behind its
end. What is not the picture is neither counted nor given to the decoder.
"""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass

from bearkit.errors import ImageError
from bearkit.images import tiff
from bearkit.images.files import SMALLER, too_many_pixels_error
from bearkit.images.sniff import damaged_header_error

START = b"\xff\xd8\xff"
MAX_PIXELS = 500_000_000  # with draft, decoding costs time (about 6 s) and no memory
MAX_COEFFICIENTS = 640_000_000  # bytes that libjpeg keeps of a picture in several scans: 200 megapixels in 4:2:0
MAX_SCANS = 100  # of a progressive JPEG: each may cost the time of a whole picture
MAX_SEGMENTS = 10_000
SOF = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}  # the segments that tell the size
PROGRESSIVE, LOSSLESS = (0xC2, 0xC6, 0xCA, 0xCE), (0xC3, 0xC7, 0xCB, 0xCF)
SOS, EOI, EXIF_OR_XMP = 0xDA, 0xD9, 0xE1
WITHOUT_LENGTH = {*range(0x01, 0xC0), *range(0xD0, 0xDA)}  # also what libjpeg does not know: nothing hides behind it
METADATA = {*range(0xE1, 0xEE), 0xEF, 0xFE}  # all application segments but JFIF's and Adobe's, and comments
MARKER = re.compile(rb"\xff([^\0\xff])", re.DOTALL)
END_OF_SCAN = re.compile(rb"\xff([^\0\xff\xd0-\xd7])", re.DOTALL)
XMP_ORIENTATION = re.compile(rb'tiff:Orientation(?:="|>)([1-8])')
XMP = b"http://ns.adobe.com/xap/1.0/\0"


@dataclass(frozen=True)
class Segment:
    """A marker and what belongs to it: data[start:end]; `body` is where its content begins."""

    marker: int
    start: int
    body: int
    end: int


@dataclass(frozen=True)
class Jpeg:
    """What the segments tell: the file without its metadata, its orientation (1 to 8), and whether it decodes small."""

    data: bytes
    orientation: int
    scalable: bool


def examine(data: bytes) -> Jpeg:
    """Read the segments before the first scan, and refuse what would take too long or fill the memory.

    Raises:
        ImageError: why.
    """
    kept, exif, xmp = [data[:2]], list[bytes](), b""
    frame, scan = None, None
    for segment in _segments(data, 2, MARKER):
        content = data[segment.body : segment.end]
        if segment.marker == SOS:
            scan = segment
            break
        if segment.marker == EXIF_OR_XMP and content.startswith(b"Exif\0\0"):
            exif.append(content[6:])  # a long one is in several, and each begins so
        elif segment.marker == EXIF_OR_XMP and content.startswith(XMP):
            xmp = xmp or content
        elif segment.marker in SOF and frame is None:
            frame = segment
        if segment.marker not in METADATA:
            kept.append(data[segment.start : segment.end])
    if frame is None or scan is None or frame.end - frame.body < 6:
        raise damaged_header_error()
    if data.count(b"\xff\xda") > MAX_SCANS:  # which is seldom, and then often in a video behind the picture
        _refuse_endless(data, scan.start)
    scalable = frame.marker not in LOSSLESS
    _refuse_huge(data[frame.body : frame.end], frame.marker in PROGRESSIVE, data[scan.body : scan.body + 1], scalable)
    told = XMP_ORIENTATION.search(xmp)
    upright = tiff.orientation(b"".join(exif)) or (int(told[1]) if told else 1)
    return Jpeg(b"".join([*kept, data[scan.start :]]), upright, scalable)


def _refuse_huge(frame: bytes, progressive: bool, in_scan: bytes, scalable: bool) -> None:
    """Refuse by the size that the frame tells: bits, height, width, components, and each one's sampling."""
    height, width, n = int.from_bytes(frame[1:3], "big"), int.from_bytes(frame[3:5], "big"), frame[5]
    if width * height > MAX_PIXELS:
        raise too_many_pixels_error(MAX_PIXELS)
    samplings = [(value >> 4, value & 15) for value in frame[7 : 6 + 3 * n : 3]]
    if not scalable or not (progressive or in_scan < bytes([n])) or not all(all(pair) for pair in samplings):
        return
    most = [max(pair[axis] for pair in samplings) for axis in (0, 1)]
    columns, rows = math.ceil(width / (8 * most[0])), math.ceil(height / (8 * most[1]))
    kept = sum(columns * across * rows * down for across, down in samplings) * 128  # bytes: 64 numbers of 16 bits
    if kept > MAX_COEFFICIENTS:
        raise ImageError(
            f"a progressive JPEG of {width * height / 1e6:.0f} megapixels: refused, since unpacking it takes "
            f"{kept / 1e6:.0f} MB of memory; save it smaller, or not progressive",
            hint=SMALLER,
        )


def _refuse_endless(data: bytes, at: int) -> None:
    """Refuse a picture of more scans than MAX_SCANS, up to its own end."""
    scans = 0
    for segment in _segments(data, at, END_OF_SCAN):
        scans += segment.marker == SOS
        if scans > MAX_SCANS:
            raise ImageError(
                f"a JPEG of more than {MAX_SCANS} scans: refused, since it would take minutes", hint="save it again"
            )


def _segments(data: bytes, at: int, marker: re.Pattern[bytes]) -> Iterator[Segment]:
    """The segments from a place to the picture's end, whatever lies between them skipped, as libjpeg does.

    Raises:
        ImageError: they do not end.
    """
    for _ in range(MAX_SEGMENTS):
        found = marker.search(data, at)
        if found is None or found[1][0] == EOI:
            return
        code, body = found[1][0], found.end()
        length = 0 if code in WITHOUT_LENGTH else max(int.from_bytes(data[body : body + 2], "big"), 2)
        at = body + length
        if at > len(data):
            return
        yield Segment(code, found.start(), body + min(length, 2), at)
    raise ImageError(f"a JPEG of more than {MAX_SEGMENTS:,} segments: refused", hint="save it again")
