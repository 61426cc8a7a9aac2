"""TIFF's lists of tags (IFDs), as a TIFF file and an EXIF block have them, read without trust and without Pillow.

Pillow reads the whole data of every tag, and tags may all point to the same bytes: a file of 100 MB can say 65,535
times that it is its own tag. So what the tags take together is counted first.
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
OPAQUE = (1, 2, 6, 7)  # types that Pillow keeps as bytes, and does not unpack into numbers
MAX_VALUES = 1_000_000  # numbers of a tag: more than a picture within our limits has strips or tiles
SPARE = 2**20  # bytes that tags may take beyond the file's own size
MAX_SUB_IFDS = 16
MAX_TAGS = 20_000  # of all blocks together: a camera writes some hundred
MAX_BLOCKS = 1000  # places that look like the beginning of an EXIF block
WIDTH, HEIGHT, COMPRESSION, COLOURS, MAKE, ORIENTATION = 256, 257, 259, 262, 271, 274
SUBFILE, TILE_WIDTH, TILE_LENGTH, SUB_IFDS, EXIF_IFD, GPS_IFD, INTEROP_IFD = 254, 322, 323, 330, 34665, 34853, 40965
DNG_VERSION = 50706
BITS, SAMPLES, SAMPLE_FORMAT = 258, 277, 339
SENSOR_COLOURS = (32803, 34892)  # a colour filter array, linear raw


@dataclass(frozen=True)
class Tag:
    """An entry of an IFD: of which type, how many values, and the bytes of them that there are."""

    type: int
    count: int
    data: memoryview
    order: str  # "<" or ">"

    def numbers(self, most: int = 1) -> list[int]:
        """The first whole numbers of it; none where it has no such type."""
        form = {1: "B", 3: "H", 4: "I", 13: "I", 16: "Q", 18: "Q"}.get(self.type)
        if form is None:
            return []
        n = min(most, self.count, len(self.data) // struct.calcsize(form))
        return list(struct.unpack_from(f"{self.order}{n}{form}", self.data))


Tags = dict[int, Tag]
Buffer = bytes | memoryview


def is_tiff(data: Buffer) -> bool:
    """Whether a file or an EXIF block begins as TIFF does."""
    return bytes(data[:4]) in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+", b"II\0*", b"MM*\0")


def read_tags(data: Buffer, at: int | None = None) -> Tags:
    """The tags of the IFD that is at a place in the data; the first one's where no place is given.

    Raises:
        ImageError: together they take more than the file has, which would fill the memory.
    """
    order, big = ("<" if data[:2] == b"II" else ">"), b"+" in bytes(data[2:4])
    try:
        start = struct.unpack_from(f"{order}{'Q' if big else 'I'}", data, 8 if big else 4)[0] if at is None else at
        found = dict(_entries(data, start, order, big))
    except (struct.error, OverflowError):  # it points to where nothing is
        return {}
    if sum(len(tag.data) for tag in found.values()) > len(data) + SPARE:
        raise ImageError("the picture is damaged (its tags take more than the file has)", hint="save it again")
    return found


def _entries(data: Buffer, at: int, order: str, big: bool) -> Iterator[tuple[int, Tag]]:
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


def refuse_unreadable(data: bytes, most_tile_pixels: int) -> None:
    """Refuse a TIFF file that is a camera's raw file, or would fill the memory while it is opened.

    Raises:
        ImageError: why.
    """
    first = read_tags(data)
    if _is_raw(data, first):
        raise unreadable_error(RAW)
    if any(tag.count > MAX_VALUES and tag.type not in OPAQUE for tag in first.values()):
        raise ImageError(f"the picture is damaged (a tag of more than {MAX_VALUES:,} values)", hint="save it again")
    if _one(first, TILE_WIDTH) * _one(first, TILE_LENGTH) > most_tile_pixels:
        raise too_many_pixels_error(most_tile_pixels)
    for name in (EXIF_IFD, GPS_IFD):
        if name in first:
            inner = read_tags(data, _one(first, name))
            if INTEROP_IFD in inner:
                read_tags(data, _one(inner, INTEROP_IFD))


def describe_tiff(data: bytes) -> str:
    """The kind of a TIFF file that no decoder takes, in words; nothing where it has no picture at all."""
    first = read_tags(data)
    bits, samples = _one(first, BITS), _one(first, SAMPLES) or 1
    if not bits or not _one(first, WIDTH):
        return ""
    kind = {2: "signed numbers", 3: "floats"}.get(_one(first, SAMPLE_FORMAT), "numbers")
    order = ", the most significant byte first" if bits > 8 and data[:2] == b"MM" else ""
    white = ", 0 for white" if samples == 1 and COLOURS in first and not _one(first, COLOURS) else ""
    return f"{samples} channels of {bits}-bit {kind}{white}{order}, compression {_one(first, COMPRESSION)}"


def check_exif_blocks(data: bytes) -> None:
    """Refuse a file whose EXIF block, wherever it is, would fill the memory.

    Raises:
        ImageError: its tags take more than the file has.
    """
    n = 0
    for found in islice(re.finditer(rb"II\*\0|MM\0\*", data), MAX_BLOCKS):
        n += len(read_tags(memoryview(data)[found.start() :]))
        if n > MAX_TAGS:
            raise ImageError(f"more than {MAX_TAGS:,} EXIF tags: refused", hint="save it again")


def orientation(exif: bytes) -> int | None:
    """The orientation that an EXIF block tells, 1 to 8; None where it tells none.

    >>> block = b"MM" + bytes([0, 42, 0, 0, 0, 8, 0, 1, 1, 18, 0, 3, 0, 0, 0, 1, 0, 6]) + bytes(6)
    >>> orientation(block), orientation(b"")
    (6, None)
    """
    while exif.startswith(b"Exif\0\0"):
        exif = exif[6:]
    try:
        found = _one(read_tags(exif), ORIENTATION) if is_tiff(exif) else 0
    except ImageError:
        return None
    return found if 1 <= found <= 8 else None


def _one(found: Tags, name: int) -> int:
    return next(iter(found[name].numbers()), 0) if name in found else 0


def _is_raw(data: bytes, first: Tags) -> bool:
    """Whether a TIFF file holds what a camera's sensor saw, and its first picture is only a preview of it."""
    if data[8:10] == b"CR" or DNG_VERSION in first or _one(first, COLOURS) in SENSOR_COLOURS:
        return True
    if MAKE not in first:
        return False
    own = _one(first, WIDTH) * _one(first, HEIGHT)
    places = first[SUB_IFDS].numbers(MAX_SUB_IFDS) if SUB_IFDS in first else []
    others = [read_tags(data, at) for at in places]
    larger = any(_one(other, WIDTH) * _one(other, HEIGHT) > own for other in others)
    preview = bool(_one(first, SUBFILE) & 1)
    return larger or preview or any(_one(other, COLOURS) in SENSOR_COLOURS for other in others)
