"""Find the blocks of metadata in image files: JPEG, WebP, GIF, TIFF, HEIC, AVIF and JPEG 2000 (PNG: `location_png`)."""

from collections.abc import Iterator
from dataclasses import dataclass

from bearkit.errors import ImageError
from bearkit.images import jpeg, metadata, sniff, tiff
from bearkit.images.location_blocks import Kind
from bearkit.images.location_boxes import jp2_blocks, media_blocks

XMP, XMP_EXTENSION = jpeg.XMP, b"http://ns.adobe.com/xmp/extension/\0"
EXTENSION_HEADER = len(XMP_EXTENSION) + 40  # then: GUID (32), full length (4), offset (4)
PHOTOSHOP, PROFILE, MPF = b"Photoshop 3.0\0", b"ICC_PROFILE\0", b"MPF\0"
APP1, APP2, APP13, APP14, COMMENT = 0xE1, 0xE2, 0xED, 0xEE, 0xFE
# Segments of a JPEG: marker, header, kind of the block, and where it begins; None for what belongs to the pixels.
HEADERS: tuple[tuple[int, bytes, Kind | None, int], ...] = (
    (APP1, b"Exif\0", "tiff", 6), (APP1, XMP, "xmp", len(XMP)), (APP1, XMP_EXTENSION, "xmp", EXTENSION_HEADER),
    (APP2, MPF, "mpf", 0), (APP2, PROFILE, None, 0), (APP13, PHOTOSHOP, "photoshop", len(PHOTOSHOP)),
    (APP14, b"", None, 0),
)  # fmt: skip
WEBP_IMAGE = (b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF", b"ICCP")
GIF_XMP, GIF_XMP_END = b"!\xff\x0bXMP DataXMP", b"\x01\xff\xfe\xfd\xfc"
Span = tuple[int, int]


@dataclass(frozen=True)
class Block:
    """A block of metadata, which may lie in several parts: data[start:end] of each span."""

    kind: Kind
    spans: tuple[Span, ...]


def find_blocks(data: bytes) -> list[Block]:
    """Find the blocks of metadata in an image file; none in formats that have none.

    Raises:
        ImageError: the file's structure is damaged, or not understood.
    """
    if data.startswith(jpeg.START):
        return list(_jpeg_blocks(data))
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return list(_webp_blocks(data))
    if data.startswith(metadata.GIF):
        return list(_gif_blocks(data))
    if tiff.is_tiff(data):
        return [Block("tiff", ((0, len(data)),))]
    if sniff.brands(data):
        return [Block(kind, tuple(spans)) for kind, spans in media_blocks(data)]
    if data.startswith(metadata.JP2):
        return [Block(kind, tuple(spans)) for kind, spans in jp2_blocks(data)]
    return []


def _jpeg_blocks(data: bytes) -> Iterator[Block]:
    """Yield the blocks of a JPEG; a long block is split into segments with the same header."""
    found: dict[tuple[int, bytes, int], list[tuple[bytes, Span]]] = {}
    kinds: dict[tuple[int, bytes, int], Kind] = {}
    n, end = 0, 2
    for segment in jpeg.all_segments(data):
        end, content = segment.end, data[segment.body : segment.end]
        header, kind, skip = _header(segment.marker, content)
        if kind is None:
            continue
        start = segment.body + skip
        while kind == "tiff" and data[start : start + 6] == b"Exif\0\0":  # a program wrote the header twice
            start += 6
        n += header == XMP or (
            kind == "tiff" and tiff.is_tiff(data[start : start + 4])
        )  # the first part of a new block
        key = (segment.marker, header, n if kind == "tiff" or header == XMP else 0)
        place = content[len(XMP_EXTENSION) : EXTENSION_HEADER] if header == XMP_EXTENSION else b""
        found.setdefault(key, []).append((place, (min(start, end), end)))
        kinds[key] = kind
    for key, parts in found.items():
        yield Block(kinds[key], tuple(span for _, span in sorted(parts)))
    yield Block("trailer", ((jpeg.end_of_image(data, end), len(data)),))


def _header(marker: int, content: bytes) -> tuple[bytes, Kind | None, int]:
    """Return the header of a JPEG's segment, the kind of its block, and where this begins; None: part of the image."""
    for own, header, kind, skip in HEADERS:
        if marker == own and content[: len(header)].lower() == header.lower():
            return header, kind, skip
    if marker in range(APP1, APP1 + 15):
        return b"", "unknown", 0
    return b"", "other" if marker == COMMENT else None, 0


def _webp_blocks(data: bytes) -> Iterator[Block]:
    end = 8 + int.from_bytes(data[4:8], "little")
    at = 12
    while at + 8 <= min(end, len(data)):
        kind, start = data[at : at + 4], at + 8
        stop = start + int.from_bytes(data[at + 4 : start], "little")
        if stop > len(data):
            raise ImageError("it is cut off")
        if kind == b"EXIF":
            start += 6 * data[start : start + 4].lower().startswith(b"exif")
            yield Block("tiff", ((start, stop),))
        elif kind not in WEBP_IMAGE:
            yield Block("xmp" if kind == b"XMP " else "other", ((start, stop),))
        at = stop + stop % 2
    yield Block("trailer", ((max(at, end), len(data)),))


def _gif_blocks(data: bytes) -> Iterator[Block]:
    """Yield the XMP of a GIF. It is not in blocks: the bytes after it lead from any length of a block to the end."""
    at = data.find(GIF_XMP)
    while at >= 0:
        start = at + len(GIF_XMP)
        end = data.find(GIF_XMP_END, start)
        if end < 0:
            raise ImageError("its XMP has no end")
        yield Block("xmp", ((start, end),))
        at = data.find(GIF_XMP, end)
