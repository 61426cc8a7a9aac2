"""Remove the place where a photograph was taken from an image file; its pixels are not encoded again.

What is removed: the GPS tags of EXIF; the tags that tie a GeoTIFF to the ground; an XMP packet that names a place;
city, sublocation, province and country of IPTC; a film or further images behind or beside the image that contain a
place. A file that contains any of these also loses the notes of the camera's maker (some makers store places there),
its film, and its further images. Free texts (captions, keywords, names) and what the image shows stay.
"""

from functools import partial

from bearkit.errors import ImageError
from bearkit.images import metadata
from bearkit.images.decoding import DAMAGED, decode
from bearkit.images.jpeg import START
from bearkit.images.location_blocks import remove_place
from bearkit.images.location_files import find_blocks
from bearkit.images.location_png import rewrite_png

# Marks of a place in a part of a file that is not understood: an entry for GPS tags, in both byte orders, and names.
LEFT = (b"\x88\x25\0\4\0\0\0\1", b"\x25\x88\4\0\1\0\0\0", b"GPSLatitude", b"GpsLatitude", b"GPSLongitude")
SEPARATE = (START, b"RIFF", metadata.PNG, *metadata.GIF)  # formats whose metadata cannot overlap with the pixels


def without_location(data: bytes) -> bytes:
    """Return an image file without the place where it was taken.

    The decoded pixels, the orientation and the colour profile stay as they are. A file without a place is returned as
    it is. The result depends on the file only.

    Args:
        data: the bytes of the file.

    Raises:
        ImageError: the place cannot be removed, since the file's structure is damaged or not understood.
    """
    try:
        cleaned = _rewrite(data, thorough=False)
        if cleaned != data:
            cleaned = _rewrite(data, thorough=True)
            _check_pixels(data, cleaned)
        if any(mark in cleaned for mark in LEFT):
            raise ImageError("a place is in a part of it that is not understood")
    except (ImageError, *DAMAGED) as error:
        reason = str(error) if isinstance(error, ImageError) else "its metadata are damaged"
        hint = "save it again as JPEG without metadata, and import that"
        raise ImageError(f"the place where it was taken cannot be removed: {reason}", hint=hint) from error
    return cleaned


def _rewrite(data: bytes, thorough: bool) -> bytes:
    """Remove the place from each block of metadata; see `remove_place`."""
    if data.startswith(metadata.PNG):
        return rewrite_png(data, partial(remove_place, thorough=thorough))
    out = bytearray(data)
    for block in find_blocks(data):
        content = b"".join(data[start:end] for start, end in block.spans)
        cleaned = remove_place(block.kind, content, thorough)
        if block.kind == "trailer":
            del out[len(out) - len(content) + len(cleaned) :]
        elif cleaned != content:
            at = 0
            for start, end in block.spans:
                out[start:end] = cleaned[at : at + end - start]
                at += end - start
    return bytes(out)


def _check_pixels(data: bytes, cleaned: bytes) -> None:
    """Check that the pixels stayed, for formats in which the metadata of a damaged file may overlap with them.

    Raises:
        ImageError: it is not.
    """
    if data.startswith(SEPARATE):
        return
    before, after = decode(data), decode(cleaned)
    if before.image.tobytes() != after.image.tobytes():
        raise ImageError("its pixels would change")
