"""Strip metadata from PNG and GIF files before decoding, except the orientation of a PNG.

Pillow refuses a PNG with a text above 1 MB or with a wrong checksum in its metadata, and takes minutes for a long
comment in a GIF.
"""

import zlib
from itertools import pairwise

from bearkit.errors import ImageError

JP2 = b"\0\0\0\x0cjP  \r\n\x87\n"
PNG, GIF = b"\x89PNG\r\n\x1a\n", (b"GIF87a", b"GIF89a")
MAX_CHUNKS = 200_000  # 100 MiB in chunks of 8 KB are 13,000
MAX_BOXES = 10_000  # a JPEG 2000 image has about ten
MAX_TEXT = 2**20  # bytes of a decompressed text: Pillow's limit
MAX_EXTENSIONS = 2**16  # bytes before the first image of a GIF; fewer are no problem
UPRIGHT = (b"Raw profile type exif\0", b"XML:com.adobe.xmp\0")  # texts that may hold the orientation
NOTES = (b"eXIf", b"tEXt", b"zTXt", b"iTXt")
CONTROL = 0xF9  # label of the extension that holds a GIF's transparency


def strip_metadata(data: bytes) -> bytes:
    """Remove the metadata from a PNG or GIF; return any other file as it is.

    Args:
        data: the bytes of the file.

    Raises:
        ImageError: a chunk of the image itself has a wrong checksum, or a PNG or JPEG 2000 file has too many parts.
    """
    if data.startswith(JP2):
        _refuse_many_boxes(data)
    if data.startswith(PNG):
        return _strip_png(_scale_transparent_color(data))
    return _strip_gif(data) if data.startswith(GIF) else data


def png_exif(data: bytes) -> bytes:
    """Return the EXIF block of a PNG, which may be after the pixels; b"" if there is none."""
    at = data.find(b"eXIf")
    return data[at + 4 : at + 4 + int.from_bytes(data[at - 4 : at], "big")] if at > 0 else b""


def _refuse_many_boxes(data: bytes) -> None:
    """Raise an error for a JPEG 2000 image with so many boxes that reading them would take minutes.

    Raises:
        ImageError: there are more than MAX_BOXES before the pixels.
    """
    at = 0
    for _ in range(MAX_BOXES):
        length, kind = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        if length == 1:
            length = int.from_bytes(data[at + 8 : at + 16], "big")
        if length < 8 or kind == b"jp2c" or at >= len(data):
            return
        at += 8 if kind == b"jp2h" else length  # enter the header: its boxes count too
    raise ImageError(f"a JPEG 2000 picture of more than {MAX_BOXES:,} parts: refused", hint="save it again")


def _strip_png(data: bytes) -> bytes:
    """Return a PNG with only the chunks of its image, transparency and orientation; the orientation before the pixels.

    Raises:
        ImageError: a chunk of the image has a wrong checksum, or there are more than MAX_CHUNKS.
    """
    at, parts, pixels = len(PNG), [(0, len(PNG))], 0  # pixels: index of the first chunk of pixels
    for _ in range(MAX_CHUNKS):
        length, kind = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        end = at + 12 + length
        if len(kind) < 4 or end > len(data):
            parts.append((at, len(data)))  # the file is cut off here, which Pillow reports
            return _join(data, parts)
        if kind == b"IDAT" and not pixels:
            pixels = len(parts)
        if _is_needed(data, at, kind, length):
            is_late = pixels and kind in NOTES  # Pillow needs the orientation before the pixels
            parts.insert(pixels if is_late else len(parts), (at, end))
        if kind == b"IEND":
            return _join(data, parts)
        at = end
    raise ImageError(f"a PNG of more than {MAX_CHUNKS:,} parts: refused", hint="save it again")


def _is_needed(data: bytes, at: int, kind: bytes, length: int) -> bool:
    """Check whether decoding needs a chunk.

    Args:
        data: the file.
        at: where the chunk begins.
        kind: its type, 4 bytes.
        length: of its content, in bytes.

    Raises:
        ImageError: it is a critical chunk with a wrong checksum.
    """
    end = at + 8 + length
    critical, text = not kind[0] & 32, kind in (b"tEXt", b"zTXt", b"iTXt")
    if not critical and (length > MAX_TEXT or not (text or kind in (b"tRNS", b"eXIf"))):
        return False
    content = memoryview(data)[at + 8 : end]
    if text and not (bytes(content[:32]).startswith(UPRIGHT) and _is_small(kind, bytes(content))):
        return False
    intact = zlib.crc32(memoryview(data)[at + 4 : end]) == int.from_bytes(data[end : end + 4], "big")
    if critical and not intact:
        name = kind.decode("ascii", "replace")
        raise ImageError(f"the picture is damaged (wrong checksum in {name})", hint="get the file again")
    return intact


def _is_small(kind: bytes, content: bytes) -> bool:
    """Check whether a text is not compressed, or has at most MAX_TEXT bytes once it is decompressed."""
    rest = content.partition(b"\0")[2]
    if kind == b"iTXt":
        if rest[:1] != b"\1":
            return True
        rest = rest[2:].partition(b"\0")[2].partition(b"\0")[2]  # after the language and the translated keyword
    elif kind == b"zTXt":
        rest = rest[1:]
    else:
        return True
    try:
        decompressor = zlib.decompressobj()
        decompressor.decompress(rest, MAX_TEXT)
        return decompressor.eof
    except zlib.error:
        return False


def _strip_gif(data: bytes) -> bytes:
    """Return a GIF without the extensions before its first image, if they are long; transparency stays."""
    at = start = 13 + _color_table_size(data[10:11])
    control = b""
    while data[at : at + 1] == b"!":
        end = _end_of_blocks(data, at + 2)
        if data[at + 1 : at + 2] == bytes([CONTROL]):
            control = data[at:end]
        at = end
    if at - start <= MAX_EXTENSIONS:
        return data
    return data[:start] + control + data[at:]


def _color_table_size(flags: bytes) -> int:
    """Return the size of a GIF's global colour table in bytes, by the flags of its header."""
    return 3 << ((flags[0] & 7) + 1) if flags and flags[0] & 0x80 else 0


def _end_of_blocks(data: bytes, at: int) -> int:
    """Return where a sequence of blocks ends, each of which begins with its length; a length of 0 ends it."""
    while at < len(data) and data[at]:
        at += data[at] + 1
    return at + 1


def _join(data: bytes, parts: list[tuple[int, int]]) -> bytes:
    """Join parts (start, end) of the data; return the data itself, not a copy, if they cover all of it."""
    if all(end == start for (_, end), (start, _) in pairwise(parts)) and parts[-1][1] == len(data):
        return data
    view = memoryview(data)
    return b"".join(view[start:end] for start, end in parts)


def _scale_transparent_color(data: bytes) -> bytes:
    """Scale a PNG's transparent grey or colour (chunk tRNS) to 8 bits, as Pillow scales the pixels.

    Pillow scales pixels of 2 and 4 bits to 8, but compares them with the value of the chunk, which it does not scale.
    """
    bits, color_type = data[24:25], data[25:26]
    scale = {b"\2": 85, b"\4": 17, b"\x08": 1}.get(bits)
    at = data.find(b"tRNS", 33, max(33, data.find(b"IDAT")))
    if scale is None or color_type not in (b"\0", b"\2") or at < 0:
        return data
    n = 2 if color_type == b"\0" else 6
    chunk, highest = data[at : at + 4 + n], 255 // scale
    if int.from_bytes(data[at - 4 : at], "big") != n or zlib.crc32(chunk) != int.from_bytes(
        data[at + 4 + n : at + 8 + n], "big"
    ):
        return data  # damaged: `_strip_png` removes it
    values = (int.from_bytes(chunk[place : place + 2], "big") for place in range(4, 4 + n, 2))
    scaled = b"tRNS" + b"".join(((value & highest) * scale).to_bytes(2, "big") for value in values)
    return data[:at] + scaled + zlib.crc32(scaled).to_bytes(4, "big") + data[at + 8 + n :]
