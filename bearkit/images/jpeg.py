"""Read the segments of a JPEG before decoding: find its orientation, and refuse what would take too long.

Phones store more than the image in a JPEG file: previews, depth maps, gain maps, and a video after its end. Metadata is
not passed to the decoder, and nothing after the end of the image is counted.
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
MAX_PIXELS = 500_000_000  # decoded at a reduced size this takes about 6 s, but little memory
MAX_COEFFICIENTS = 640_000_000  # bytes that libjpeg needs for an image in several scans: 200 megapixels in 4:2:0
MAX_SCANS = 100  # of a progressive JPEG; each may take as long as a whole image
MAX_SEGMENTS = 10_000
SOF = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}  # start of frame: holds the size
PROGRESSIVE, LOSSLESS = (0xC2, 0xC6, 0xCA, 0xCE), (0xC3, 0xC7, 0xCB, 0xCF)
SOS, EOI, EXIF_OR_XMP = 0xDA, 0xD9, 0xE1
WITHOUT_LENGTH = {*range(0x01, 0xC0), *range(0xD0, 0xDA)}  # also unknown markers, which have no content for libjpeg
METADATA = {*range(0xE1, 0xEE), 0xEF, 0xFE}  # comments, and all application segments except JFIF's and Adobe's
MARKER = re.compile(rb"\xff([^\0\xff])", re.DOTALL)
END_OF_SCAN = re.compile(rb"\xff([^\0\xff\xd0-\xd7])", re.DOTALL)
XMP_ORIENTATION = re.compile(rb'tiff:Orientation(?:="|>)([1-8])')
XMP = b"http://ns.adobe.com/xap/1.0/\0"


@dataclass(frozen=True)
class Segment:
    """A segment, data[start:end]: its marker, and its content from `body` on."""

    marker: int
    start: int
    body: int
    end: int


@dataclass(frozen=True)
class Jpeg:
    """A JPEG without its metadata, its orientation (1 to 8), and whether it can be decoded at a reduced size."""

    data: bytes
    orientation: int
    scalable: bool


def examine(data: bytes) -> Jpeg:
    """Read the segments before the first scan, and refuse files that would take too long or too much memory.

    Raises:
        ImageError: the header is damaged, or the image has too many pixels, scans or segments.
    """
    parts, exif, xmp = [data[:2]], list[bytes](), b""
    frame, scan = None, None
    for segment in _segments(data, 2, MARKER):
        content = data[segment.body : segment.end]
        if segment.marker == SOS:
            scan = segment
            break
        if segment.marker == EXIF_OR_XMP and content.startswith(b"Exif\0\0"):
            exif.append(content[6:])  # a long EXIF block is split, and each part begins like this
        elif segment.marker == EXIF_OR_XMP and content.startswith(XMP):
            xmp = xmp or content
        elif segment.marker in SOF and frame is None:
            frame = segment
        if segment.marker not in METADATA:
            parts.append(data[segment.start : segment.end])
    if frame is None or scan is None or frame.end - frame.body < 6:
        raise damaged_header_error()
    if data.count(b"\xff\xda") > MAX_SCANS:  # rare, and often due to a video after the image
        _refuse_endless(data, scan.start)
    scalable = frame.marker not in LOSSLESS
    _refuse_huge(data[frame.body : frame.end], frame.marker in PROGRESSIVE, data[scan.body : scan.body + 1], scalable)
    match = XMP_ORIENTATION.search(xmp)
    orientation = tiff.orientation(b"".join(exif)) or (int(match[1]) if match else 1)
    return Jpeg(b"".join([*parts, data[scan.start :]]), orientation, scalable)


def all_segments(data: bytes) -> Iterator[Segment]:
    """Yield all segments of the image, also those between its scans.

    Raises:
        ImageError: there are more than MAX_SEGMENTS.
    """
    return _segments(data, 2, END_OF_SCAN)


def end_of_image(data: bytes, at: int) -> int:
    """Return where the image ends, from the end of its last segment on; the end of the data if it is cut off."""
    match = END_OF_SCAN.search(data, at)
    return match.end() if match and match[1][0] == EOI else len(data)


def _refuse_huge(frame: bytes, progressive: bool, n_in_scan: bytes, scalable: bool) -> None:
    """Raise an error if decoding would take too much memory.

    Args:
        frame: content of the frame's segment: bits, height, width, number of components, sampling of each.
        progressive: whether the frame is progressive.
        n_in_scan: number of components in the first scan, one byte.
        scalable: whether it can be decoded at a reduced size; a lossless JPEG cannot.
    """
    height, width, n = int.from_bytes(frame[1:3], "big"), int.from_bytes(frame[3:5], "big"), frame[5]
    if width * height > MAX_PIXELS:
        raise too_many_pixels_error(MAX_PIXELS)
    samplings = [(value >> 4, value & 15) for value in frame[7 : 6 + 3 * n : 3]]
    if not scalable or not (progressive or n_in_scan < bytes([n])) or not all(all(pair) for pair in samplings):
        return
    largest = [max(pair[axis] for pair in samplings) for axis in (0, 1)]
    columns, rows = math.ceil(width / (8 * largest[0])), math.ceil(height / (8 * largest[1]))
    n_bytes = sum(columns * across * rows * down for across, down in samplings) * 128  # a block: 64 numbers of 16 bits
    if n_bytes > MAX_COEFFICIENTS:
        raise ImageError(
            f"a progressive JPEG of {width * height / 1e6:.0f} megapixels: refused, since unpacking it takes "
            f"{n_bytes / 1e6:.0f} MB of memory; save it smaller, or not progressive",
            hint=SMALLER,
        )


def _refuse_endless(data: bytes, at: int) -> None:
    """Raise an error if the image, up to its end, has more than MAX_SCANS scans."""
    scans = 0
    for segment in _segments(data, at, END_OF_SCAN):
        scans += segment.marker == SOS
        if scans > MAX_SCANS:
            raise ImageError(
                f"a JPEG of more than {MAX_SCANS} scans: refused, since it would take minutes", hint="save it again"
            )


def _segments(data: bytes, at: int, marker: re.Pattern[bytes]) -> Iterator[Segment]:
    """Yield the segments from a position to the end of the image; skip other bytes between them, as libjpeg does.

    Raises:
        ImageError: there are more than MAX_SEGMENTS.
    """
    for _ in range(MAX_SEGMENTS):
        match = marker.search(data, at)
        if match is None or match[1][0] == EOI:
            return
        code, body = match[1][0], match.end()
        length = 0 if code in WITHOUT_LENGTH else max(int.from_bytes(data[body : body + 2], "big"), 2)
        at = body + length
        if at > len(data):
            return
        yield Segment(code, match.start(), body + min(length, 2), at)
    raise ImageError(f"a JPEG of more than {MAX_SEGMENTS:,} segments: refused", hint="save it again")
