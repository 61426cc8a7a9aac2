"""Convert PBM, PGM and PPM files to a form that Pillow reads fast: binary, no comments, 8 bits or 16-bit grey.

Pillow reads the header byte by byte, and values in any other form one by one, in Python: a comment of 100 MB, or 40
megapixels with a maximum of 254, take minutes.
"""

import re

import numpy as np

from bearkit.errors import ImageError
from bearkit.images.files import too_many_pixels_error

MAGIC = re.compile(rb"(P[1-6f]|PyP|PyRGBA|P[0y]CMYK)(?=[\s#])")
SPACE, TOKEN, LINE_END = re.compile(rb"[ \t\n\v\f\r]*"), re.compile(rb"\d{1,10}(?![\d.])"), re.compile(rb"[\r\n]|\Z")
MAX_COMMENTS = 10_000  # lines before the pixels
SCALE = re.compile(rb"[+-]?[\d.eE+-]{1,20}(?=[\s#])")  # of a file of floats; its sign says their byte order
CHANNELS = {
    b"P1": 1,
    b"P2": 1,
    b"P3": 3,
    b"P4": 1,
    b"P5": 1,
    b"P6": 3,
    b"PyP": 1,
    b"PyRGBA": 4,
    b"P0CMYK": 4,
    b"PyCMYK": 4,
}
BINARY = {b"P1": b"P4", b"P2": b"P5", b"P3": b"P6"}


def to_binary_pnm(data: bytes, max_pixels: int) -> bytes:
    """Convert a PBM, PGM or PPM file to its binary form without comments; return any other file as it is.

    Args:
        data: the bytes of the file.
        max_pixels: limit of width x height.

    Raises:
        ImageError: the header or a value is damaged, or there are too many pixels or comments.
    """
    match = MAGIC.match(data)
    if not match:
        return data
    kind, bitmap = match[0], match[0] in (b"P1", b"P4")
    sizes, at = _header(data, match.end(), 2 if bitmap or kind == b"Pf" else 3)
    if kind == b"Pf":
        return _floats(data, sizes, at)
    width, height, maximum = (*sizes, 1) if bitmap else sizes
    if not width or not height or not 0 < maximum < 2**16:
        raise _damaged(f"{width} x {height} pixels, values up to {maximum}")
    if width * height > max_pixels:
        raise too_many_pixels_error(max_pixels)
    if bitmap:
        bits = _pack_bits(data[at:], width, height) if kind == b"P1" else data[at + 1 :]
        return b"P4 %d %d\n%b" % (width, height, bits)
    n = width * height * CHANNELS[kind]
    is_text = kind in BINARY
    dtype = "u1" if maximum < 256 else ">u2"
    values = _parse_numbers(data[at:], n, maximum) if is_text else np.frombuffer(data, dtype, offset=at + 1)
    top = 65535 if maximum > 255 and CHANNELS[kind] == 1 else 255
    if not is_text and maximum == top:
        return b"%b %d %d %d\n%b" % (kind, width, height, top, data[at + 1 :])
    scale = np.round(np.arange(maximum + 1) * (top / maximum)).astype(">u2" if top > 255 else "u1")
    pixels = scale[np.minimum(values[:n], maximum)].tobytes()
    return b"%b %d %d %d\n%b" % (BINARY.get(kind, kind), width, height, top, pixels)


def _header(data: bytes, at: int, n: int) -> tuple[list[int], int]:
    """Return the first n numbers of the header, and where the last one ends, without a comment after it."""
    numbers: list[int] = []
    while True:
        at = _skip_comments(data, at)
        token = TOKEN.match(data, at)
        if not token:
            raise _damaged("a number of its header is missing")
        numbers.append(int(token[0]))
        at = token.end()
        if len(numbers) == n:
            return numbers, LINE_END.search(data, at).start() if data[at : at + 1] == b"#" else at  # type: ignore[union-attr]


def _skip_comments(data: bytes, at: int) -> int:
    """Return the position after white space and comments.

    Raises:
        ImageError: there are more than MAX_COMMENTS lines of comments.
    """
    for _ in range(MAX_COMMENTS):
        at = SPACE.match(data, at).end()  # type: ignore[union-attr]  # the pattern always matches
        if data[at : at + 1] != b"#":
            return at
        at = LINE_END.search(data, at).end()  # type: ignore[union-attr]
    raise ImageError(f"more than {MAX_COMMENTS:,} lines of comments before the pixels: refused", hint="save it again")


def _floats(data: bytes, size: list[int], at: int) -> bytes:
    """Return a file of floats (`Pf`) without its comments."""
    scale = SCALE.match(data, _skip_comments(data, at))
    if not scale:
        raise _damaged("a number of its header is missing")
    return b"Pf %d %d " % (size[0], size[1]) + scale[0] + b"\n" + data[scale.end() + 1 :]


def _without_comments(text: bytes) -> bytes:
    return re.sub(rb"#[^\r\n]*", b"", text) if b"#" in text else text


def _pack_bits(text: bytes, width: int, height: int) -> bytes:
    """Pack a text of zeros and ones, with or without spaces, into rows of bits."""
    digits = _without_comments(text).translate(None, b" \t\n\v\f\r")[: width * height]
    if digits.strip(b"01"):
        raise _damaged("its bits are not all 0 or 1")
    if len(digits) < width * height:
        raise _cut_off()
    return np.packbits(np.frombuffer(digits, "u1").reshape(height, width) == ord("1"), axis=1).tobytes()


def _parse_numbers(text: bytes, n: int, maximum: int) -> np.ndarray:
    """Parse the first n numbers of a text, int32 (n,); all must be between 0 and the maximum."""
    text = _without_comments(text)
    if re.search(rb"[^\d\s]|\d{10}", text):
        raise _damaged("its values are not all whole numbers")
    values: np.ndarray = np.fromstring(text.decode("ascii"), dtype=np.int32, count=-1, sep=" ")[:n]
    if len(values) < n:
        raise _cut_off()
    if values.max() > maximum:
        raise _damaged(f"a value of {values.max()} where {maximum} is the most")
    return values


def _damaged(detail: str) -> ImageError:
    return ImageError(f"the picture is damaged ({detail})", hint="get the file again")


def _cut_off() -> ImageError:
    return ImageError("the picture is cut off: its end is missing", hint="get the file again")
