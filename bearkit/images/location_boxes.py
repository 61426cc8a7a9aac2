"""Find the blocks of metadata in files made of boxes: HEIC, AVIF (ISO 23008-12, 14496-12), JPEG 2000 (15444-1)."""

import struct
from collections.abc import Iterator

from bearkit.errors import ImageError
from bearkit.images.location_blocks import Kind

Found = tuple[Kind, list[tuple[int, int]]]
XMP_UUID = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
XMP_TYPE = b"application/rdf+xml"
EXIF_UUIDS = (b"JpgTiffExif->JP2", bytes.fromhex("0537cdab9d0c4431a72afa561f2a113e"))
GEO_UUID = bytes.fromhex("b14bf8bd083d4b43a5ae8cd7d5a6ce03")  # GeoJP2: a GeoTIFF without an image
IPTC_UUID = bytes.fromhex("33c7a4d2b81d4723a0baf1a3e097ad38")
UUIDS: dict[bytes, Kind] = {
    XMP_UUID: "xmp", GEO_UUID: "tiff", IPTC_UUID: "iptc", **dict.fromkeys(EXIF_UUIDS, "tiff")
}  # fmt: skip
IMAGE = (b"ftyp", b"mdat", b"free", b"skip", b"jp2h", b"jp2c", b"jP  ", b"pdin")
MAX_ITEMS = 10_000


def media_blocks(data: bytes) -> Iterator[Found]:
    """Yield the blocks of a HEIC or AVIF file.

    Raises:
        ImageError: its structure is damaged, or stores metadata in a way that is not understood.
    """
    for kind, start, end in _boxes(data, 0, len(data)):
        if kind == b"meta":
            yield from _items(data, start, end)
        elif kind in (b"moov", b"moof"):
            yield "movie", [(start, end)]
        elif kind == b"mpvd":  # a film of the moment, by Google and Samsung
            yield "video", [(start - 4, end)]
        elif kind not in IMAGE:
            yield _other(data, start, end, kind)


def jp2_blocks(data: bytes) -> Iterator[Found]:
    """Yield the blocks of a JPEG 2000 file."""
    for kind, start, end in _boxes(data, 0, len(data)):
        if kind == b"asoc" and b"gml" in data[start:end]:  # GMLJP2: where the image lies on the ground
            yield "video", [(start - 4, end)]
        elif kind not in IMAGE:
            yield _other(data, start, end, kind)


def _other(data: bytes, start: int, end: int, kind: bytes) -> Found:
    uuid = data[start : start + 16] if kind == b"uuid" else b""
    if uuid in UUIDS:
        start += 16 + 6 * data[start + 16 : start + 20].lower().startswith(b"exif")
    return UUIDS.get(uuid, "other"), [(start, end)]


def _boxes(data: bytes, at: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Yield type, start and end of the content of each box.

    Raises:
        ImageError: a box ends outside of its container.
    """
    while at < end:
        size, kind, start = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8], at + 8
        if size == 1:
            size, start = int.from_bytes(data[at + 8 : at + 16], "big"), at + 16
        stop = at + size if size else end
        if stop > end or stop < start:
            raise ImageError("its boxes are damaged")
        yield kind, start, stop
        at = stop


def _items(data: bytes, start: int, end: int) -> Iterator[Found]:
    """Yield the items of a `meta` box that are metadata: EXIF, XMP and others."""
    inside = {kind: (at, stop) for kind, at, stop in _boxes(data, start + 4, end)}
    if b"iinf" not in inside or b"iloc" not in inside:
        return
    try:
        kinds = dict(_item_kinds(data, *inside[b"iinf"]))
        places = dict(_item_places(data, *inside[b"iloc"], inside.get(b"idat", (0, 0))[0]))
    except (struct.error, IndexError) as error:
        raise ImageError("its list of items is damaged") from error
    for item, kind in kinds.items():
        spans = places.get(item, [])
        if any(at < 0 or at + length > len(data) or not length for at, length in spans):
            raise ImageError("its metadata lie outside of the file")
        found = [(at, at + length) for at, length in spans]
        yield kind, _without_header(data, found) if kind == "tiff" else found


def _without_header(data: bytes, spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return where EXIF begins: its item has 4 bytes that say how many more come before it."""
    if not spans:
        return []
    (start, end), *more = spans
    skip = 4 + int.from_bytes(data[start : start + 4], "big")
    if start + skip > end:
        raise ImageError("its EXIF begins outside of its item")
    return [(start + skip, end), *more]


def _item_kinds(data: bytes, at: int, end: int) -> Iterator[tuple[int, Kind]]:
    """Yield number and kind of each item that is metadata, by the box `iinf`.

    Raises:
        ImageError: metadata are compressed.
    """
    at += 6 if data[at] == 0 else 8
    for kind, start, stop in _boxes(data, at, end):
        version = data[start]
        if kind != b"infe" or version < 2:
            continue
        wide = version > 2
        number, type_at = (
            int.from_bytes(data[start + 4 : start + (8 if wide else 6)], "big"),
            start + (10 if wide else 8),
        )
        item_type = data[type_at : type_at + 4]
        _, content_type, encoding, *_ = [*data[type_at + 4 : stop].split(b"\0"), b"", b"", b""]
        if item_type == b"Exif":
            yield number, "tiff"
        elif item_type == b"mime":
            if encoding:
                raise ImageError("its metadata are compressed")
            yield number, "xmp" if content_type == XMP_TYPE else "other"
        elif item_type == b"uri ":
            yield number, "other"


def _item_places(data: bytes, at: int, end: int, idat: int) -> Iterator[tuple[int, list[tuple[int, int]]]]:
    """Yield number and places (position, length) of each item, by the box `iloc`.

    An item that is made of other items has no places, and metadata never are.
    """
    version, sizes = data[at], data[at + 4 : at + 6]
    offset, length, base, index = sizes[0] >> 4, sizes[0] & 15, sizes[1] >> 4, (sizes[1] & 15) * (version > 0)
    at += 6
    n, at = _number(data, at, 4 if version == 2 else 2)
    for _ in range(min(n, MAX_ITEMS)):
        item, at = _number(data, at, 4 if version == 2 else 2)
        method, at = _number(data, at, 2 if version else 0)
        origin, at = _number(data, at + 2, base)
        extents, at = _number(data, at, 2)
        places = []
        for _ in range(min(extents, MAX_ITEMS)):
            start, at = _number(data, at + index, offset)
            size, at = _number(data, at, length)
            places.append((origin + start + (idat if method & 15 == 1 else 0), size))
        if at > end:
            raise IndexError
        yield item, places if method & 15 < 2 else [(-1, 0)]


def _number(data: bytes, at: int, size: int) -> tuple[int, int]:
    """Return the number of `size` bytes at a position, and the position after it."""
    return int.from_bytes(data[at : at + size], "big"), at + size
