"""Remove tags from a TIFF file or an EXIF block in place: its length and all other positions stay as they are.

Positions in TIFF count from its beginning, also those in the maker's notes, whose form is not known. So nothing moves.
"""

import struct
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass

from bearkit.errors import ImageError
from bearkit.images.tiff import EXIF_IFD, GPS_IFD, INTEROP_IFD, SIZES, SUB_IFDS, Tag, is_tiff

MAX_IFDS = 10_000  # a TIFF file has one a page
EMPTY_TIFF = b"II*\0\x08\0\0\0\0\0\0\0\0\0"


@dataclass(frozen=True)
class _Entry:
    """An entry of an IFD at `start`; its value has `size` bytes at `place`, inside of the entry where they fit."""

    number: int
    start: int
    place: int
    size: int
    tag: Tag


@dataclass(frozen=True)
class _Ifd:
    """An IFD: its entries, data[first:last], and the position of the next IFD."""

    at: int
    entries: list[_Entry]
    first: int
    last: int
    next: int


def remove_tags(data: bytes, removed: Collection[int], inside: Mapping[int, Callable[[bytes], bytes]]) -> bytes:
    """Remove tags from a TIFF file or an EXIF block, with their values; the tags of a removed GPS pointer too.

    Args:
        data: the bytes of the file or block. A block that cannot be read is emptied.
        removed: numbers of the tags.
        inside: {number: function}: the value of this tag is replaced by what its function makes of it, of equal length.

    Returns:
        The file or block, of the same length; all other values stay where they are.

    Raises:
        ImageError: its tags overlap, or there are too many.
    """
    if not is_tiff(data):
        return EMPTY_TIFF.ljust(len(data), b"\0")[: len(data)] if any(data) else data
    out, ifds = bytearray(data), list(_walk(data))
    used = {ifd.at for ifd in ifds}
    for entry in (entry for ifd in ifds for entry in ifd.entries):
        end = entry.place + entry.size
        if entry.number in removed:
            _erase(out, entry.place, end)
        elif change := inside.get(entry.number):
            out[entry.place : end] = change(data[entry.place : end])
        if entry.number == GPS_IFD:
            for at in entry.tag.numbers():
                if at in used:
                    raise ImageError("its tags overlap")
                _erase_ifd(out, data, at)
    for ifd in ifds:
        _rewrite(out, data, ifd, removed)
    out[:8] = data[:8]
    return bytes(out)


def _erase(out: bytearray, start: int, end: int) -> None:
    end = min(end, len(out))
    out[start:end] = bytes(max(0, end - start))


def _erase_ifd(out: bytearray, data: bytes, at: int) -> None:
    """Erase an IFD with the values of its tags."""
    if ifd := _read(data, at):
        for entry in ifd.entries:
            _erase(out, entry.place, entry.place + entry.size)
        _erase(out, at, ifd.last)


def _rewrite(out: bytearray, data: bytes, ifd: _Ifd, removed: Collection[int]) -> None:
    """Write an IFD again, without the entries to remove; what follows moves up, and the rest is filled with zeros."""
    order, big = _layout(data)
    size, pointer = (20, 8) if big else (12, 4)
    kept = [entry for entry in ifd.entries if entry.number not in removed]
    parts = [data[entry.start : entry.start + size] for entry in kept]
    body = b"".join(parts) + data[ifd.last : ifd.last + pointer]
    end = min(ifd.last + pointer, len(data))
    if len(kept) < len(ifd.entries):
        out[ifd.at : ifd.first] = struct.pack(f"{order}{'Q' if big else 'H'}", len(kept))
    out[ifd.first : end] = body.ljust(end - ifd.first, b"\0")


def _layout(data: bytes) -> tuple[str, bool]:
    """Return the byte order for `struct`, and whether positions have 64 bits (BigTIFF)."""
    return "<" if data[:2] == b"II" else ">", b"+" in data[2:4]


def _walk(data: bytes) -> Iterator[_Ifd]:
    """Yield all IFDs but those of GPS, each once.

    Raises:
        ImageError: there are more than MAX_IFDS.
    """
    order, big = _layout(data)
    code, at = ("Q", 8) if big else ("I", 4)
    to_visit = list(struct.unpack_from(f"{order}{code}", data, at)) if len(data) >= at + 8 else []
    visited = set[int]()
    while to_visit:
        at = to_visit.pop()
        if at in visited or not (ifd := _read(data, at)):
            continue
        if len(visited) == MAX_IFDS:
            raise ImageError(f"it has more than {MAX_IFDS:,} directories of tags")
        visited.add(at)
        yield ifd
        to_visit.append(ifd.next)
        for entry in ifd.entries:
            if entry.number in (EXIF_IFD, SUB_IFDS, INTEROP_IFD):
                to_visit += entry.tag.numbers(MAX_IFDS)


def _read(data: bytes, at: int) -> _Ifd | None:
    """Read the IFD at a position; None if it is outside of the data."""
    order, big = _layout(data)
    size, code, n_code = (20, "Q", "Q") if big else (12, "I", "H")
    inline = 8 if big else 4
    first = at + struct.calcsize(f"={n_code}")
    if at < 8 or first > len(data):
        return None
    (n,) = struct.unpack_from(f"{order}{n_code}", data, at)
    last = first + min(n, 65535, (len(data) - first) // size) * size
    entries = []
    for start in range(first, last, size):
        number, kind, count = struct.unpack_from(f"{order}HH{code}", data, start)
        length, place = SIZES.get(kind, 1) * count, start + size - inline
        if length > inline:
            (place,) = struct.unpack_from(f"{order}{code}", data, place)
        place = min(place, len(data))
        length = min(length, len(data) - place)
        entries.append(
            _Entry(number, start, place, length, Tag(kind, count, memoryview(data)[place : place + length], order))
        )
    after = last + inline <= len(data)
    return _Ifd(at, entries, first, last, struct.unpack_from(f"{order}{code}", data, last)[0] if after else 0)
