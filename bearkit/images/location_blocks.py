"""Remove the place where a photograph was taken from its metadata: EXIF and TIFF tags, XMP, IPTC, Photoshop's blocks.

Each block keeps its length, and what stays in it keeps its position. So no other position in a file becomes wrong.
Sources: EXIF 2.32, section 4.6.6 (GPS); XMP specification part 2 (`exif:GPS...`); IPTC IIM 4.2, record 2; Adobe
Photoshop file formats specification (image resources).
"""

import re
from collections.abc import Iterator
from functools import partial
from typing import Literal

from bearkit.errors import ImageError
from bearkit.images.jpeg import XMP_ORIENTATION
from bearkit.images.tiff import GPS_IFD
from bearkit.images.tiff_editing import remove_tags

Kind = Literal["tiff", "xmp", "iptc", "photoshop", "video", "movie", "mpf", "trailer", "unknown", "other"]
INSIDE: dict[int, Kind] = {700: "xmp", 33723: "iptc", 34377: "photoshop"}  # tags of TIFF that hold another block
# GPS, and the tags of a GeoTIFF that tie the image to the ground: its scale, points, matrix, keys, coefficients.
PLACE_TAGS = frozenset({GPS_IFD, 33550, 33922, 34264, 34735, 34736, 34737, 50844})
MAKERS_TAGS = frozenset({37500, 50740})  # notes of the maker in a form of its own; some makers store places there
EMPTY_XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"/>'
ORIENTED_XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    b'<rdf:Description xmlns:tiff="http://ns.adobe.com/tiff/1.0/" tiff:Orientation="%b"/></rdf:RDF></x:xmpmeta>'
)
XMP_PLACE = re.compile(
    rb"(?i):(?:\w*(?:gps|latitude|longitude|location)\w*|lat|long?|city|state|province\w*|country\w*|coverage)[\s=>/]"
)
# Content location, city, sublocation, province, country: 2:26, 27, 90, 92, 95, 100, 101, with their length.
IPTC_PLACE = re.compile(rb"\x1c\x02[\x1a\x1b\x5a\x5c\x5f\x64\x65](..)", re.DOTALL)
GPS_TAG = (
    rb"\x88\x25\0[\x04\x0d]\0\0\0\x01|\x25\x88[\x04\x0d]\0\x01\0\0\0"  # an entry of an IFD that points to GPS tags
)
NAMED_PLACE = re.compile(rb"(?i:gps[ _]?(?:latitude|longitude|position|coordinates))|" + GPS_TAG)
VIDEO_PLACE = re.compile(rb"\xa9xyz|loci\0\0\0\0|ISO6709|GPS[59UPF]|(?i:gps[ _]?latitude)|" + GPS_TAG)
EXIF_RESOURCES, IPTC_RESOURCE, XMP_RESOURCE = (0x0422, 0x0423), 0x0404, 0x0424


def remove_place(kind: Kind, content: bytes, thorough: bool) -> bytes:
    """Remove the place from a block of metadata.

    Args:
        kind: what the block is. `video` and `movie` are boxes that begin with their type; the image needs a `movie`.
            `mpf` tells where further images lie, `trailer` is all after the image, and `unknown` a program's own block.
        content: the bytes of the block.
        thorough: also remove what may hold a place in a form that is not read: notes of the camera's maker, videos,
            and further images. It is set for files with a place.

    Returns:
        The block, of the same length; `trailer` becomes empty. A block without a place returns as it is.

    Raises:
        ImageError: the place cannot be removed from this block.
    """
    match kind:
        case "tiff":
            inside = {tag: partial(remove_place, kind, thorough=thorough) for tag, kind in INSIDE.items()}
            return remove_tags(content, PLACE_TAGS | MAKERS_TAGS if thorough else PLACE_TAGS, inside)
        case "xmp":
            return _clean_xmp(content)
        case "iptc":
            return _clean_iptc(content)
        case "photoshop":
            return _clean_photoshop(content, thorough)
        case "trailer":
            return b"" if thorough or VIDEO_PLACE.search(content) or XMP_PLACE.search(content) else content
        case "video":
            is_free = not thorough and not VIDEO_PLACE.search(content)
            return content if is_free else (b"free" + content[4:16]).ljust(len(content), b"\0")
        case "movie":
            if VIDEO_PLACE.search(content):
                raise ImageError("it is a film that contains the place")
            return content
        case "mpf" | "unknown" if thorough:  # such as the block of a thermal camera, which has the place as two numbers
            return b" " * len(content)
        case "mpf":
            return content
    return b" " * len(content) if NAMED_PLACE.search(content) else content


def _clean_xmp(content: bytes) -> bytes:
    """Replace an XMP packet that names a place by an empty one; the orientation stays."""
    text = content.replace(b"\0", b"")  # UTF-16
    if not XMP_PLACE.search(text):
        return content
    match = XMP_ORIENTATION.search(text)
    packet = ORIENTED_XMP % match[1] if match else EMPTY_XMP
    if len(packet) > len(content):
        if match:
            raise ImageError("its XMP is too short for an orientation without the place")
        packet = b""
    return packet.ljust(len(content))


def _clean_iptc(content: bytes) -> bytes:
    """Overwrite the places of an IPTC block with spaces."""
    out = bytearray(content)
    for match in IPTC_PLACE.finditer(content):
        start, length = match.end(), int.from_bytes(match[1], "big")
        end = min(start + length, len(content))
        out[start:end] = b" " * (end - start)
    return bytes(out)


def _clean_photoshop(content: bytes, thorough: bool) -> bytes:
    """Clean the EXIF, XMP and IPTC inside of Photoshop's image resources."""
    out = bytearray(content)
    for number, start, end in _resources(content):
        kind: Kind = "tiff" if number in EXIF_RESOURCES else "xmp" if number == XMP_RESOURCE else "iptc"
        if number is None or kind != "iptc" or number == IPTC_RESOURCE:
            out[start:end] = remove_place(kind, content[start:end], thorough)
    return bytes(out)


def _resources(content: bytes) -> Iterator[tuple[int | None, int, int]]:
    """Yield number, start and end of each image resource; None for a rest that cannot be read."""
    at = 0
    while at < len(content):
        name = content[at + 6 : at + 7]
        start = at + 6 + (len(name) and (name[0] + 2) // 2 * 2) + 4
        end = start + int.from_bytes(content[start - 4 : start], "big")
        if content[at : at + 4] != b"8BIM" or end > len(content):
            yield None, at, len(content)
            return
        yield int.from_bytes(content[at + 4 : at + 6], "big"), start, end
        at = end + (end - start) % 2
