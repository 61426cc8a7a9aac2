"""Find out by the content what a file is that cannot be read as an image, and make the error for it."""

from collections.abc import Iterator

from bearkit.errors import ImageError
from bearkit.images import containers, texts
from bearkit.images.signatures import COREL, LIKELY, RAW, RIFF, SOUND, SURE, VIDEO, Kind, Table

SOUND_BRANDS = (b"M4A ", b"M4B ", b"M4P ", b"F4A ")
HEIF_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1", b"heif"}
AVIF_BRANDS = {b"avif", b"avis"}
OLD_QUICKTIME = (b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot")
PICTURES = (b"\x89PNG", b"\xff\xd8", b"GIF8", b"RIFF", b"BM", b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
TRANSPORT_PACKET = 188  # bytes, each beginning with 0x47, in an MPEG transport stream


def refuse_non_images(data: bytes) -> None:
    """Raise an error for a file that is certainly not a readable image, before a decoder mistakes it for one.

    Raises:
        ImageError: the file is of such a kind; the message names it.
    """
    kind = containers.container_kind(data) or texts.document_kind(data) or _find_kind(SURE, data)
    if data[:4] in (b"RIFF", b"RIFX"):
        kind = COREL if data[8:11].lower() == b"cdr" else RIFF.get(data[8:12])
    elif data[4:8] == b"ftyp" and len(data) > 12 and not is_heif(data) and not brands(data) & AVIF_BRANDS:
        major = data[8:12]
        kind = RAW if major == b"crx " else SOUND if major in SOUND_BRANDS else VIDEO
    elif data[4:8] in OLD_QUICKTIME:
        kind = VIDEO
    if kind is not None:
        raise unreadable_error(kind)


def unreadable_error(kind: Kind) -> ImageError:
    """Make the error for a kind of file that cannot be read."""
    return ImageError(f"not a picture that can be read: it is {kind.name}", hint=kind.hint)


def unidentified_error(data: bytes) -> ImageError:
    """Make the error for a file that no decoder accepts."""
    if kind := _find_kind(LIKELY, data) or texts.text_kind(data):
        return unreadable_error(kind)
    if all(data[at : at + 1] == b"G" for at in range(0, 4 * TRANSPORT_PACKET, TRANSPORT_PACKET)):
        return unreadable_error(VIDEO)
    if is_cut_off(data):
        return ImageError("the picture is cut off: its end is missing", hint="get the file again")
    if data.startswith(PICTURES) or data[4:8] == b"ftyp":
        return damaged_header_error()
    reason = "not a picture that can be read: its content is of no known picture format"
    return ImageError(reason, hint="save it as JPEG or PNG")


def damaged_header_error() -> ImageError:
    """Make the error for a file that begins like an image, but has a damaged header."""
    return ImageError("not a picture that can be read: its header is damaged", hint="get the file again")


def brands(data: bytes) -> set[bytes]:
    """Return the brands of an ISO media file (HEIC, AVIF, MP4 ...); an empty set for any other file."""
    if data[4:8] != b"ftyp":
        return set()
    end = min(int.from_bytes(data[:4], "big"), 512)
    return {data[8:12]} | {data[at : at + 4] for at in range(16, end - 3, 4)}


def is_heif(data: bytes) -> bool:
    """Check for a HEIC or HEIF photo, which pillow-heif reads; Pillow itself reads AVIF."""
    major = data[8:12] if data[4:8] == b"ftyp" else b""
    names = brands(data)
    return bool(major in HEIF_BRANDS or {b"mif1", b"heic"} & set(names)) and not names & AVIF_BRANDS


def is_avif(data: bytes) -> bool:
    """Check for an AVIF image."""
    return bool(brands(data) & AVIF_BRANDS)


def is_cut_off(data: bytes) -> bool:
    """Check whether a HEIC, AVIF or WebP file is shorter than its header says."""
    if data[:4] == b"RIFF":
        return 8 + int.from_bytes(data[4:8], "little") > len(data)
    return any(end > len(data) for _, _, end in boxes(data))


def boxes(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Yield the outermost boxes of an ISO media file: (type, start, end); a box's header may claim an end too far."""
    at = 0
    while data[4:8] == b"ftyp" and at < len(data):
        size, header = int.from_bytes(data[at : at + 4], "big"), 8
        if size == 1:  # a 64-bit size follows the type
            size, header = int.from_bytes(data[at + 8 : at + 16], "big"), 16
        end = at + max(size, header) if size else len(data)
        yield data[at + 4 : at + 8], at, end
        at = end


def _find_kind(table: Table, data: bytes) -> Kind | None:
    return next((kind for at, magic, kind in table if data.startswith(magic, at)), None)
