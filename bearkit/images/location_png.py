"""Rewrite the metadata of a PNG: the chunk eXIf, and texts, which may be compressed (PNG specification, 11.3)."""

import re
import zlib
from collections.abc import Callable, Iterator
from itertools import islice

from bearkit.errors import ImageError
from bearkit.images.jpeg import XMP
from bearkit.images.location_blocks import Kind
from bearkit.images.metadata import MAX_CHUNKS, PNG
from bearkit.images.tiff import is_tiff

Clean = Callable[[Kind, bytes], bytes]
# Chunks of the image itself, and of its colours and size.
IMAGE = frozenset(
    b"IHDR PLTE IDAT IEND tRNS acTL fcTL fdAT iCCP sRGB gAMA cHRM cICP mDCV cLLI sBIT bKGD hIST pHYs sPLT tIME".split()
)
XMP_KEYWORD, PROFILE = b"XML:com.adobe.xmp", b"Raw profile type "
MAX_UNPACKED = 32 * 2**20  # bytes of a text; a longer one is removed
EXIF_HEADER = b"Exif\0\0"
COLOURS = (b"icc", b"icm")  # raw profiles of the image's colours
A_LINE = 72  # hexadecimal digits of a raw profile in one line, as ImageMagick writes them


def rewrite_png(data: bytes, clean: Clean) -> bytes:
    """Replace the blocks of metadata in a PNG; a text that cannot be read is removed.

    Args:
        data: the bytes of the file.
        clean: returns what takes the place of a block.

    Raises:
        ImageError: the file is cut off, or has more than MAX_CHUNKS.
    """
    parts, end = [PNG], len(PNG)
    for start, end in _chunks(data):
        kind, content = data[start + 4 : start + 8], data[start + 8 : end - 4]
        cleaned = content if kind in IMAGE else _clean_chunk(kind, content, clean)
        if cleaned == content:
            parts.append(data[start:end])
        elif cleaned:
            # A wrong checksum stays wrong, or the orientation of a damaged chunk would begin to count.
            difference = int.from_bytes(data[end - 4 : end], "big") ^ zlib.crc32(kind + content)
            checksum = (zlib.crc32(kind + cleaned) ^ difference).to_bytes(4, "big")
            parts += [len(cleaned).to_bytes(4, "big"), kind, cleaned, checksum]
    return b"".join([*parts, clean("trailer", data[end:])])


def _chunks(data: bytes) -> Iterator[tuple[int, int]]:
    """Yield start and end of each chunk, up to the last one of the image."""
    at = len(PNG)
    for _ in range(MAX_CHUNKS):
        end = at + 12 + int.from_bytes(data[at : at + 4], "big")
        if end > len(data):
            raise ImageError("it is cut off")
        yield at, end
        if data[at + 4 : at + 8] == b"IEND":
            return
        at = end
    raise ImageError(f"it has more than {MAX_CHUNKS:,} parts")


def _clean_chunk(kind: bytes, content: bytes, clean: Clean) -> bytes:
    """Return the content of a chunk without the place; b"" removes the chunk."""
    if kind == b"eXIf":
        skip = len(EXIF_HEADER) * content.startswith(EXIF_HEADER)
        return content[:skip] + clean("tiff", content[skip:])
    if kind not in (b"tEXt", b"zTXt", b"iTXt"):
        return content if clean("other", content) == content else b""
    try:
        head, text, is_packed = _text(kind, content)
        keyword = content.partition(b"\0")[0]
        cleaned = _clean_text(keyword, text, clean)
    except (zlib.error, ValueError, IndexError):
        return b""
    if cleaned == text:
        return content
    return head + (zlib.compress(cleaned) if is_packed else cleaned) if cleaned else b""


def _text(kind: bytes, content: bytes) -> tuple[bytes, bytes, bool]:
    """Return what comes before the text, the text, and whether it is compressed in the chunk.

    Raises:
        ValueError, IndexError or zlib.error: it cannot be read, or is longer than MAX_UNPACKED.
    """
    zeros = [match.start() for match in islice(re.finditer(b"\0", content), 4)]
    at, is_packed = zeros[0] + 1, kind == b"zTXt"
    if kind == b"zTXt":
        at += 1
    elif kind == b"iTXt":
        is_packed = content[at] == 1
        at = content.index(b"\0", content.index(b"\0", at + 2) + 1) + 1
    if not is_packed:
        return content[:at], content[at:], False
    decompressor = zlib.decompressobj()
    text = decompressor.decompress(content[at:], MAX_UNPACKED)
    if not decompressor.eof:
        raise ValueError("the text is cut off or too long")
    return content[:at], text, True


def _clean_text(keyword: bytes, text: bytes, clean: Clean) -> bytes:
    """Return a text without the place; b"" if it must be removed."""
    if keyword == XMP_KEYWORD:
        return clean("xmp", text)
    if keyword.removeprefix(PROFILE) in COLOURS:
        return text
    if not keyword.startswith(PROFILE):
        both = keyword + b"\0" + text
        return text if clean("other", both) == both else b""
    head = re.match(rb"\s*\S+\s+\d+\s", text)
    if head is None:
        raise ValueError("not a raw profile")
    profile = bytes.fromhex(re.sub(rb"\s", b"", text[head.end() :]).decode("ascii"))
    cleaned = _clean_profile(profile, clean)
    if cleaned == profile:
        return text
    digits = cleaned.hex()
    lines = [digits[at : at + A_LINE] for at in range(0, len(digits), A_LINE)]
    return head[0] + "\n".join(lines).encode() + b"\n"


def _clean_profile(profile: bytes, clean: Clean) -> bytes:
    """Return a raw profile without the place. Its content says what it is, since programs name the same differently."""
    if profile.startswith(EXIF_HEADER):
        return EXIF_HEADER + clean("tiff", profile[len(EXIF_HEADER) :])
    if profile.startswith(XMP):
        return XMP + clean("xmp", profile[len(XMP) :])
    if profile.startswith(b"8BIM"):
        return clean("photoshop", profile)
    return clean("tiff" if is_tiff(profile) else "xmp" if profile.lstrip().startswith(b"<") else "iptc", profile)
