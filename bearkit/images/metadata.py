"""PNG and GIF files without their metadata, which a picture does not need and which decoders stumble over.

Pillow refuses a whole PNG for a text above 1 MB or for a wrong checksum in a note, and takes minutes for a long comment
of a GIF. Which way up a PNG is stays in it.
"""

import zlib
from itertools import pairwise

from bearkit.errors import ImageError

JP2 = b"\0\0\0\x0cjP  \r\n\x87\n"
PNG, GIF = b"\x89PNG\r\n\x1a\n", (b"GIF87a", b"GIF89a")
MAX_CHUNKS = 200_000  # of 100 MiB in chunks of 8 KB there are 13,000
MAX_BOXES = 10_000  # of a JPEG 2000 picture there are ten
MAX_TEXT = 2**20  # bytes of a text once it is unpacked: Pillow's limit
MAX_EXTENSIONS = 2**16  # bytes before a GIF's first picture that are harmless
UPRIGHT = (b"Raw profile type exif\0", b"XML:com.adobe.xmp\0")  # texts that may tell the orientation
NOTES = (b"eXIf", b"tEXt", b"zTXt", b"iTXt")
CONTROL = 0xF9  # the extension of a GIF with transparency


def strip_metadata(data: bytes) -> bytes:
    """A PNG or GIF without what is no part of its picture; any other file as it is.

    Raises:
        ImageError: a part of the picture itself has a wrong checksum, or there are too many parts.
    """
    if data.startswith(JP2):
        _refuse_many_boxes(data)
    if data.startswith(PNG):
        return _png(_with_clear_colour(data))
    return _gif(data) if data.startswith(GIF) else data


def png_exif(data: bytes) -> bytes:
    """The EXIF block of a PNG, which may come behind its pixels; nothing where it has none."""
    at = data.find(b"eXIf")
    return data[at + 4 : at + 4 + int.from_bytes(data[at - 4 : at], "big")] if at > 0 else b""


def _refuse_many_boxes(data: bytes) -> None:
    """Refuse a JPEG 2000 picture of so many boxes that walking through them would take minutes.

    Raises:
        ImageError: there are more than 10,000 before the pixels.
    """
    at = 0
    for _ in range(MAX_BOXES):
        length, kind = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        if length == 1:
            length = int.from_bytes(data[at + 8 : at + 16], "big")
        if length < 8 or kind == b"jp2c" or at >= len(data):
            return
        at += 8 if kind == b"jp2h" else length  # what is in the header counts too
    raise ImageError(f"a JPEG 2000 picture of more than {MAX_BOXES:,} parts: refused", hint="save it again")


def _png(data: bytes) -> bytes:
    """The chunks of the picture, its transparency and its orientation."""
    at, kept, pixels = len(PNG), [(0, len(PNG))], 0
    for _ in range(MAX_CHUNKS):
        length, kind = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        end = at + 12 + length
        if len(kind) < 4 or end > len(data):
            kept.append((at, len(data)))  # cut off here: Pillow tells it
            return _joined(data, kept)
        if kind == b"IDAT" and not pixels:
            pixels = len(kept)
        if _is_needed(data, at, kind, length):
            behind = pixels and kind in NOTES  # its orientation is needed before the pixels
            kept.insert(pixels if behind else len(kept), (at, end))
        if kind == b"IEND":
            return _joined(data, kept)
        at = end
    raise ImageError(f"a PNG of more than {MAX_CHUNKS:,} parts: refused", hint="save it again")


def _is_needed(data: bytes, at: int, kind: bytes, length: int) -> bool:
    """Whether a chunk belongs to the picture.

    Raises:
        ImageError: it does, and has a wrong checksum.
    """
    end = at + 8 + length
    critical, text = not kind[0] & 32, kind in (b"tEXt", b"zTXt", b"iTXt")
    if not critical and (length > MAX_TEXT or not (text or kind in (b"tRNS", b"eXIf"))):
        return False
    content = memoryview(data)[at + 8 : end]
    if text and not (bytes(content[:32]).startswith(UPRIGHT) and _unpacks(kind, bytes(content))):
        return False
    whole = zlib.crc32(memoryview(data)[at + 4 : end]) == int.from_bytes(data[end : end + 4], "big")
    if critical and not whole:
        name = kind.decode("ascii", "replace")
        raise ImageError(f"the picture is damaged (wrong checksum in {name})", hint="get the file again")
    return whole


def _unpacks(kind: bytes, content: bytes) -> bool:
    """Whether a text is not packed, or packed and within the limit."""
    rest = content.partition(b"\0")[2]
    if kind == b"iTXt":
        if rest[:1] != b"\1":
            return True
        rest = rest[2:].partition(b"\0")[2].partition(b"\0")[2]  # behind the language and the translated name
    elif kind == b"zTXt":
        rest = rest[1:]
    else:
        return True
    try:
        unpacking = zlib.decompressobj()
        unpacking.decompress(rest, MAX_TEXT)
        return unpacking.eof
    except zlib.error:
        return False


def _gif(data: bytes) -> bytes:
    """Without what comes before the first picture, where that is much: comments, and what programs keep there."""
    at = start = 13 + _colours(data[10:11])
    control = b""
    while data[at : at + 1] == b"!":
        end = _behind_blocks(data, at + 2)
        if data[at + 1 : at + 2] == bytes([CONTROL]):
            control = data[at:end]
        at = end
    if at - start <= MAX_EXTENSIONS:
        return data
    return data[:start] + control + data[at:]


def _colours(flags: bytes) -> int:
    """The bytes of a GIF's colour table."""
    return 3 << ((flags[0] & 7) + 1) if flags and flags[0] & 0x80 else 0


def _behind_blocks(data: bytes, at: int) -> int:
    """Where a GIF's row of blocks, each with its length before it, is over."""
    while at < len(data) and data[at]:
        at += data[at] + 1
    return at + 1


def _joined(data: bytes, kept: list[tuple[int, int]]) -> bytes:
    """Pieces of the data as one; the data itself where nothing is left out."""
    if all(end == start for (_, end), (start, _) in pairwise(kept)) and kept[-1][1] == len(data):
        return data
    view = memoryview(data)
    return b"".join(view[start:end] for start, end in kept)


def _with_clear_colour(data: bytes) -> bytes:
    """A PNG whose transparent grey or colour is of as many bits as the pixels that Pillow gives.

    A tRNS chunk has it in the file's own bits; Pillow brings grey of 2 and 4 bits to 8, and compares it as it is.
    """
    bits, colours = data[24:25], data[25:26]
    scale = {b"\2": 85, b"\4": 17, b"\x08": 1}.get(bits)
    at = data.find(b"tRNS", 33, max(33, data.find(b"IDAT")))
    if scale is None or colours not in (b"\0", b"\2") or at < 0:
        return data
    n = 2 if colours == b"\0" else 6
    chunk, most = data[at : at + 4 + n], 255 // scale
    if int.from_bytes(data[at - 4 : at], "big") != n or zlib.crc32(chunk) != int.from_bytes(
        data[at + 4 + n : at + 8 + n], "big"
    ):
        return data  # damaged: left out further on
    own = (int.from_bytes(chunk[place : place + 2], "big") for place in range(4, 4 + n, 2))
    fitting = b"tRNS" + b"".join(((value & most) * scale).to_bytes(2, "big") for value in own)
    return data[:at] + fitting + zlib.crc32(fitting).to_bytes(4, "big") + data[at + 8 + n :]
