"""PBM, PGM and PPM files as Pillow reads them fast: without comments, binary, of 8 bits a value or of 16 in grey.

Pillow reads their header byte by byte and other values number by number, in Python: a comment of 100 MB, or 40
megapixels with a maximum of 254, take minutes.
"""

import re

import numpy as np

from bearkit.errors import ImageError
from bearkit.images.files import too_many_pixels_error

MAGIC = re.compile(rb"(P[1-6f]|PyP|PyRGBA|P[0y]CMYK)(?=[\s#])")
SPACE, TOKEN, LINE_END = re.compile(rb"[ \t\n\v\f\r]*"), re.compile(rb"\d{1,10}(?![\d.])"), re.compile(rb"[\r\n]|\Z")
MAX_COMMENTS = 10_000  # lines before the pixels
SCALE = re.compile(rb"[+-]?[\d.eE+-]{1,20}(?=[\s#])")  # of floats: its sign is their order of bytes
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


def to_binary_pnm(data: bytes, most_pixels: int) -> bytes:
    """The same picture without comments and in bytes; any other file as it is.

    Raises:
        ImageError: the header or a number is damaged, there are more pixels, or 10,000 lines of comments.
    """
    found = MAGIC.match(data)
    if not found:
        return data
    kind, bitmap = found[0], found[0] in (b"P1", b"P4")
    sizes, at = _header(data, found.end(), 2 if bitmap or kind == b"Pf" else 3)
    if kind == b"Pf":
        return _floats(data, sizes, at)
    width, height, most = (*sizes, 1) if bitmap else sizes
    if not width or not height or not 0 < most < 2**16:
        raise _damaged(f"{width} x {height} pixels, values up to {most}")
    if width * height > most_pixels:
        raise too_many_pixels_error(most_pixels)
    if bitmap:
        bits = _bits(data[at:], width, height) if kind == b"P1" else data[at + 1 :]
        return b"P4 %d %d\n%b" % (width, height, bits)
    n = width * height * CHANNELS[kind]
    plain = kind in BINARY
    values = _plain(data[at:], n, most) if plain else np.frombuffer(data, "u1" if most < 256 else ">u2", offset=at + 1)
    top = 65535 if most > 255 and CHANNELS[kind] == 1 else 255
    if not plain and most == top:
        return b"%b %d %d %d\n%b" % (kind, width, height, top, data[at + 1 :])
    scale = np.round(np.arange(most + 1) * (top / most)).astype(">u2" if top > 255 else "u1")
    return b"%b %d %d %d\n%b" % (
        BINARY.get(kind, kind),
        width,
        height,
        top,
        scale[np.minimum(values[:n], most)].tobytes(),
    )


def _header(data: bytes, at: int, n: int) -> tuple[list[int], int]:
    """The first n numbers, and where the last one ends."""
    numbers: list[int] = []
    while True:
        at = _behind_comments(data, at)
        token = TOKEN.match(data, at)
        if not token:
            raise _damaged("a number of its header is missing")
        numbers.append(int(token[0]))
        at = token.end()
        if len(numbers) == n:
            return numbers, LINE_END.search(data, at).start() if data[at : at + 1] == b"#" else at  # type: ignore[union-attr]


def _behind_comments(data: bytes, at: int) -> int:
    """Where spaces and comments are over."""
    for _ in range(MAX_COMMENTS):
        at = SPACE.match(data, at).end()  # type: ignore[union-attr]  # it matches nothing too
        if data[at : at + 1] != b"#":
            return at
        at = LINE_END.search(data, at).end()  # type: ignore[union-attr]
    raise ImageError(f"more than {MAX_COMMENTS:,} lines of comments before the pixels: refused", hint="save it again")


def _floats(data: bytes, size: list[int], at: int) -> bytes:
    """A picture of floats without comments."""
    scale = SCALE.match(data, _behind_comments(data, at))
    if not scale:
        raise _damaged("a number of its header is missing")
    return b"Pf %d %d " % (size[0], size[1]) + scale[0] + b"\n" + data[scale.end() + 1 :]


def _without_comments(text: bytes) -> bytes:
    return re.sub(rb"#[^\r\n]*", b"", text) if b"#" in text else text


def _bits(text: bytes, width: int, height: int) -> bytes:
    """Ones and zeros, with or without spaces between them, as rows of bits."""
    digits = _without_comments(text).translate(None, b" \t\n\v\f\r")[: width * height]
    if digits.strip(b"01"):
        raise _damaged("its bits are not all 0 or 1")
    if len(digits) < width * height:
        raise _cut_off()
    return np.packbits(np.frombuffer(digits, "u1").reshape(height, width) == ord("1"), axis=1).tobytes()


def _plain(text: bytes, n: int, most: int) -> np.ndarray:
    """The first n numbers of a text."""
    text = _without_comments(text)
    if re.search(rb"[^\d\s]|\d{10}", text):
        raise _damaged("its values are not all whole numbers")
    values: np.ndarray = np.fromstring(text.decode("ascii"), dtype=np.int32, count=-1, sep=" ")[:n]
    if len(values) < n:
        raise _cut_off()
    if values.max() > most:
        raise _damaged(f"a value of {values.max()} where {most} is the most")
    return values


def _damaged(what: str) -> ImageError:
    return ImageError(f"the picture is damaged ({what})", hint="get the file again")


def _cut_off() -> ImageError:
    return ImageError("the picture is cut off: its end is missing", hint="get the file again")
