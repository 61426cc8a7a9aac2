"""Read the tags (IFDs) of TIFF files and EXIF blocks without Pillow, safe against files made to do harm.

Pillow reads the full data of each tag, and all tags may point to the same bytes: each of 65,535 tags can claim all of a
file of 100 MB. So the sizes of the tags are added up first.
"""

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from bearkit.errors import ImageError
from bearkit.images.files import too_many_pixels_error
from bearkit.images.signatures import RAW
from bearkit.images.sniff import unreadable_error

SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
OPAQUE = (1, 2, 6, 7)  # types that Pillow does not convert to numbers
MAX_VALUES = 1_000_000  # numbers per tag; an image within our limits has fewer strips or tiles
SPARE = 2**20  # bytes: all tags together may take this much more than the file has
MAX_SUB_IFDS = 16
MAX_TAGS = 20_000  # in all EXIF blocks together; a camera writes some hundred
MAX_BLOCKS = 1000  # positions that look like the start of an EXIF block
WIDTH, HEIGHT, COMPRESSION, COLOURS, MAKE, ORIENTATION = 256, 257, 259, 262, 271, 274
SUBFILE, TILE_WIDTH, TILE_LENGTH, SUB_IFDS, EXIF_IFD, GPS_IFD, INTEROP_IFD = 254, 322, 323, 330, 34665, 34853, 40965
DNG_VERSION = 50706
BITS, SAMPLES, SAMPLE_FORMAT = 258, 277, 339
SENSOR_COLOURS = (32803, 34892)  # photometric interpretation: colour filter array, linear raw


@dataclass(frozen=True)
class Tag:
    """An entry of an IFD: type, number of values, and their bytes; fewer bytes if the file is cut off."""

    type: int
    count: int
    data: memoryview
    order: str  # byte order for `struct`: "<" or ">"

    def numbers(self, limit: int = 1) -> list[int]:
        """Return the first values, up to `limit`, as whole numbers; an empty list for a tag of another type."""
        code = {1: "B", 3: "H", 4: "I", 13: "I", 16: "Q", 18: "Q"}.get(self.type)
        if code is None:
            return []
        n = min(limit, self.count, len(self.data) // struct.calcsize(code))
        return list(struct.unpack_from(f"{self.order}{n}{code}", self.data))


Tags = dict[int, Tag]
Buffer = bytes | memoryview


def is_tiff(data: Buffer) -> bool:
    """Check whether a file or an EXIF block begins like a TIFF file."""
    return bytes(data[:4]) in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+", b"II\0*", b"MM*\0")


def read_tags(data: Buffer, at: int | None = None) -> Tags:
    """Read the tags of an IFD.

    Args:
        data: a TIFF file or an EXIF block.
        at: position of the IFD; the first one if left out.

    Returns:
        {number: tag}; empty if the position is outside of the data.

    Raises:
        ImageError: the tags take far more bytes than the file has, which could fill the memory.
    """
    order, big = ("<" if data[:2] == b"II" else ">"), b"+" in bytes(data[2:4])
    try:
        start = struct.unpack_from(f"{order}{'Q' if big else 'I'}", data, 8 if big else 4)[0] if at is None else at
        tags = dict(_entries(data, start, order, big))
    except (struct.error, OverflowError):  # the position is outside of the data
        return {}
    if sum(len(tag.data) for tag in tags.values()) > len(data) + SPARE:
        raise ImageError("the picture is damaged (its tags take more than the file has)", hint="save it again")
    return tags


def _entries(data: Buffer, at: int, order: str, big: bool) -> Iterator[tuple[int, Tag]]:
    """Yield number and tag of each entry of an IFD; `big` for BigTIFF, with 64-bit positions."""
    view, entry, inline = memoryview(data), 20 if big else 12, 8 if big else 4
    (n,) = struct.unpack_from(f"{order}{'Q' if big else 'H'}", data, at)
    at += 8 if big else 2
    for start in range(at, at + min(n, 65535) * entry, entry):
        if start + entry > len(data):
            return
        number, kind, count = struct.unpack_from(f"{order}HH{'Q' if big else 'I'}", data, start)
        size = SIZES.get(kind, 0) * count
        place = start + entry - inline
        if size > inline:
            (place,) = struct.unpack_from(f"{order}{'Q' if big else 'I'}", data, place)
        yield number, Tag(kind, count, view[place : place + size], order)


def refuse_unreadable(data: bytes, max_tile_pixels: int) -> None:
    """Raise an error for a camera's raw file, and for a TIFF file that could fill the memory when it is opened.

    Args:
        data: the bytes of the file.
        max_tile_pixels: limit of a tile's size.

    Raises:
        ImageError: the file is such a file.
    """
    first = read_tags(data)
    if _is_raw(data, first):
        raise unreadable_error(RAW)
    if any(tag.count > MAX_VALUES and tag.type not in OPAQUE for tag in first.values()):
        raise ImageError(f"the picture is damaged (a tag of more than {MAX_VALUES:,} values)", hint="save it again")
    if _one(first, TILE_WIDTH) * _one(first, TILE_LENGTH) > max_tile_pixels:
        raise too_many_pixels_error(max_tile_pixels)
    for number in (EXIF_IFD, GPS_IFD):
        if number in first:
            inner = read_tags(data, _one(first, number))
            if INTEROP_IFD in inner:
                read_tags(data, _one(inner, INTEROP_IFD))


def describe_tiff(data: bytes) -> str:
    """Describe the pixels of a TIFF file that no decoder accepts, for an error; "" if the file has no image."""
    first = read_tags(data)
    bits, samples = _one(first, BITS), _one(first, SAMPLES) or 1
    if not bits or not _one(first, WIDTH):
        return ""
    kind = {2: "signed numbers", 3: "floats"}.get(_one(first, SAMPLE_FORMAT), "numbers")
    order = ", the most significant byte first" if bits > 8 and data[:2] == b"MM" else ""
    white = ", 0 for white" if samples == 1 and COLOURS in first and not _one(first, COLOURS) else ""
    return f"{samples} channels of {bits}-bit {kind}{white}{order}, compression {_one(first, COMPRESSION)}"


def check_exif_blocks(data: bytes) -> None:
    """Raise an error if an EXIF block, anywhere in a file, could fill the memory.

    Raises:
        ImageError: the tags of a block take far more bytes than the file has, or there are more than MAX_TAGS.
    """
    n_tags = 0
    for match in islice(re.finditer(rb"II\*\0|MM\0\*", data), MAX_BLOCKS):
        n_tags += len(read_tags(memoryview(data)[match.start() :]))
        if n_tags > MAX_TAGS:
            raise ImageError(f"more than {MAX_TAGS:,} EXIF tags: refused", hint="save it again")


def orientation(exif: bytes) -> int | None:
    """Return the orientation from an EXIF block, 1 to 8; None if the block is damaged or has none.

    >>> block = b"MM" + bytes([0, 42, 0, 0, 0, 8, 0, 1, 1, 18, 0, 3, 0, 0, 0, 1, 0, 6]) + bytes(6)
    >>> orientation(block), orientation(b"")
    (6, None)
    """
    while exif.startswith(b"Exif\0\0"):
        exif = exif[6:]
    try:
        value = _one(read_tags(exif), ORIENTATION) if is_tiff(exif) else 0
    except ImageError:
        return None
    return value if 1 <= value <= 8 else None


def _one(tags: Tags, number: int) -> int:
    """Return the first value of a tag; 0 if there is none."""
    return next(iter(tags[number].numbers()), 0) if number in tags else 0


def _is_raw(data: bytes, first: Tags) -> bool:
    """Check for a camera's raw file: its data is that of the sensor, and its first image is only a preview."""
    if data[8:10] == b"CR" or DNG_VERSION in first or _one(first, COLOURS) in SENSOR_COLOURS:
        return True
    if MAKE not in first:
        return False
    n_pixels = _one(first, WIDTH) * _one(first, HEIGHT)
    positions = first[SUB_IFDS].numbers(MAX_SUB_IFDS) if SUB_IFDS in first else []
    others = [read_tags(data, at) for at in positions]
    has_larger = any(_one(other, WIDTH) * _one(other, HEIGHT) > n_pixels for other in others)
    is_preview = bool(_one(first, SUBFILE) & 1)
    return has_larger or is_preview or any(_one(other, COLOURS) in SENSOR_COLOURS for other in others)
