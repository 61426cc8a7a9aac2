"""What a file is, by its first bytes, where it is no picture that can be read; and what to do about it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from bearkit.errors import ImageError


@dataclass(frozen=True)
class Kind:
    """A kind of file that is refused: what it is, in words, and the next step."""

    name: str
    hint: str = ""


AS_PNG = "save it as PNG or JPEG"
VIDEO = Kind("a video", "save single frames of it as pictures: `ffmpeg -i FILE -vf fps=1 frame%04d.jpg`")
SOUND = Kind("a sound", "`bearkit import FOLDER` turns sounds into pictures, a folder for each label")
RAW = Kind("a camera's raw file; export it as JPEG", "open it in the camera's program or a raw developer and export it")
ARCHIVE = "unpack it, and give the pictures in it"
HEIF = Kind("an HEIC photo; save it as JPEG", "or install what reads it: `pip install pillow-heif`")

# (where, bytes, kind): no picture that we read begins so.
SURE: tuple[tuple[int, bytes, Kind], ...] = (
    (0, b"\x1aE\xdf\xa3", VIDEO),  # Matroska, WebM
    (0, b"\0\0\1\xba", VIDEO),  # MPEG
    (0, b"\0\0\1\xb3", VIDEO),
    (0, b"FLV\1", VIDEO),
    (0, b"0&\xb2u\x8ef\xcf\x11", VIDEO),  # ASF, WMV
    (0, b"OggS", Kind("an Ogg file: a sound or a video", SOUND.hint)),
    (0, b"ID3", SOUND),
    (0, b"fLaC", SOUND),
    (0, b"MThd", SOUND),
    (0, b"FORM", Kind("an IFF file: a sound or an old picture", AS_PNG)),
    (0, b"IIRO", RAW),  # Olympus
    (0, b"IIRS", RAW),
    (0, b"MMOR", RAW),
    (0, b"IIU\0", RAW),  # Panasonic, Leica
    (0, b"FUJIFILMCCD-RAW", RAW),
    (0, b"FOVb", RAW),  # Sigma
    (0, b"\0MRM", RAW),  # Minolta
    (6, b"HEAPCCDR", RAW),  # Canon's CRW
    (0, b"8BPS", Kind("a Photoshop file; save it as PNG or JPEG", AS_PNG)),
    (0, b"gimp xcf", Kind("a GIMP file; export it as PNG or JPEG", AS_PNG)),
    (0, b"CDF\1", Kind("a NetCDF file", "write its arrays as PNG files, for example with xarray and Pillow")),
    (0, b"CDF\2", Kind("a NetCDF file", "write its arrays as PNG files, for example with xarray and Pillow")),
    (0, b"CDF\5", Kind("a NetCDF file", "write its arrays as PNG files, for example with xarray and Pillow")),
    (0, b"\x89HDF\r\n\x1a\n", Kind("an HDF5 or NetCDF file", "write its arrays as PNG files, for example with h5py")),
    (0, b"SIMPLE  =", Kind("a FITS file", "write its arrays as PNG or TIFF files, for example with astropy")),
    (344, b"n+1\0", Kind("a NIfTI volume", "write its slices as PNG files, for example with nibabel")),
    (344, b"ni1\0", Kind("a NIfTI volume", "write its slices as PNG files, for example with nibabel")),
    (0, b"\xff\x0a", Kind("a JPEG XL picture; save it as PNG or JPEG", "`djxl FILE picture.png`")),
    (0, b"\0\0\0\x0cJXL \r\n\x87\n", Kind("a JPEG XL picture; save it as PNG or JPEG", "`djxl FILE picture.png`")),
    (0, b"II\xbc\1", Kind("a JPEG XR picture; save it as PNG or JPEG", AS_PNG)),
    (0, b"v/1\1", Kind("an OpenEXR picture; save it as PNG or TIFF", AS_PNG)),
    (0, b"#?RADIANCE", Kind("a Radiance HDR picture; save it as PNG or TIFF", AS_PNG)),
    (0, b"#?RGBE", Kind("a Radiance HDR picture; save it as PNG or TIFF", AS_PNG)),
    (0, b"DDS ", Kind("a DDS texture; save it as PNG", AS_PNG)),
    (0, b"qoif", Kind("a QOI picture; save it as PNG", AS_PNG)),
    (0, b"BPG\xfb", Kind("a BPG picture; save it as PNG", AS_PNG)),
    (0, b"icns", Kind("a Mac icon; save it as PNG", AS_PNG)),
    (0, b"AT&TFORM", Kind("a DjVu document; save its pages as PNG", AS_PNG)),
    (0, b"\xd7\xcd\xc6\x9a", Kind("a Windows metafile; save it as PNG", AS_PNG)),
    (0, b"\x93NUMPY", Kind("a NumPy array", "write it as a picture: `Image.fromarray(array).save('x.png')`")),
    (0, b"%PDF", Kind("a PDF", "save its pages as pictures: `pdftoppm -png FILE page`")),
    (0, b"%!PS", Kind("a PostScript file; save it as PNG", AS_PNG)),
    (0, b"PK\x03\x04", Kind("a zip file", "unpack it first, or import the zip itself; a zip in a zip is not read")),
    (0, b"\x1f\x8b", Kind("a gzip file", ARCHIVE)),
    (0, b"BZh", Kind("a bzip2 file", ARCHIVE)),
    (0, b"\xfd7zXZ\0", Kind("an xz file", ARCHIVE)),
    (0, b"(\xb5/\xfd", Kind("a Zstandard file", ARCHIVE)),
    (0, b"Rar!", Kind("a RAR archive", ARCHIVE)),
    (0, b"7z\xbc\xaf'\x1c", Kind("a 7z archive", ARCHIVE)),
    (0, b"PAR1", Kind("a Parquet table", "`bearkit import hf://OWNER/NAME` reads data sets of the Hub")),
    (0, b"SQLite format 3\0", Kind("an SQLite database")),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", Kind("an old Office document", "save its pictures one by one")),
    (
        0,
        b"\0\5\x16\7",
        Kind("what a Mac keeps beside a file, not the file", "leave out files named ._*"),
    ),
    (0, b"version https://git-lfs", Kind("a pointer of Git LFS, not the file", "get the files: `git lfs pull`")),
    (0, b"\x7fELF", Kind("a program")),
)
# These bytes may stand there in a picture too: they are asked about where nothing could be opened.
LIKELY: tuple[tuple[int, bytes, Kind], ...] = (
    (128, b"DICM", Kind("a DICOM file", "write its picture as PNG, for example with pydicom or dcm2pnm")),
    (257, b"ustar", Kind("a tar archive", ARCHIVE)),
    (0, b"MZ", Kind("a Windows program")),
    (0, b"\xff\xfb", SOUND),  # MP3 without tags
    (0, b"\xff\xf3", SOUND),
)
RIFF = {b"AVI ": VIDEO, b"WAVE": SOUND, b"RMID": SOUND, b"CDXA": VIDEO, b"ACON": Kind("an animated cursor")}
SOUND_BRANDS = (b"M4A ", b"M4B ", b"M4P ", b"F4A ")
HEIF_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1", b"heif"}
AVIF_BRANDS = {b"avif", b"avis"}
OLD_QUICKTIME = (b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot")
PICTURES = (b"\x89PNG", b"\xff\xd8", b"GIF8", b"RIFF", b"BM", b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
TRANSPORT_PACKET = 188  # bytes, each beginning with 0x47, in an MPEG transport stream


def refuse_others(data: bytes) -> None:
    """Refuse what is surely no picture that can be read, before a decoder takes it for one.

    Raises:
        ImageError: what it is, and what to do.
    """
    kind = _among(SURE, data)
    if data[:4] == b"RIFF":
        kind = RIFF.get(data[8:12])
    elif data[4:8] == b"ftyp" and len(data) > 12 and not is_heif(data) and not brands(data) & AVIF_BRANDS:
        major = data[8:12]
        kind = RAW if major == b"crx " else SOUND if major in SOUND_BRANDS else VIDEO
    elif data[4:8] in OLD_QUICKTIME:
        kind = VIDEO
    if kind is not None:
        raise unreadable(kind)


def unreadable(kind: Kind) -> ImageError:
    """The error for a file of a kind that is not read."""
    return ImageError(f"not a picture that can be read: it is {kind.name}", hint=kind.hint)


def unidentified(data: bytes) -> ImageError:
    """The error for a file that no decoder takes."""
    if kind := _among(LIKELY, data) or _text(data):
        return unreadable(kind)
    if all(data[at : at + 1] == b"G" for at in range(0, 4 * TRANSPORT_PACKET, TRANSPORT_PACKET)):
        return unreadable(VIDEO)
    if is_cut_off(data):
        return ImageError("the picture is cut off: its end is missing", hint="get the file again")
    if data.startswith(PICTURES) or data[4:8] == b"ftyp":
        return damaged_header()
    what = "not a picture that can be read: its content is of no known picture format"
    return ImageError(what, hint="save it as JPEG or PNG")


def damaged_header() -> ImageError:
    """The error for a file that begins as a picture does, and goes on otherwise."""
    return ImageError("not a picture that can be read: its header is damaged", hint="get the file again")


def brands(data: bytes) -> set[bytes]:
    """The brands that an ISO media file (HEIC, AVIF, MP4 ...) says it fits; none where it is no such file."""
    if data[4:8] != b"ftyp":
        return set()
    end = min(int.from_bytes(data[:4], "big"), 512)
    return {data[8:12]} | {data[at : at + 4] for at in range(16, end - 3, 4)}


def is_heif(data: bytes) -> bool:
    """Whether it is a HEIC or HEIF photo, which pillow-heif reads; AVIF is Pillow's."""
    major = data[8:12] if data[4:8] == b"ftyp" else b""
    names = brands(data)
    return bool(major in HEIF_BRANDS or {b"mif1", b"heic"} & set(names)) and not names & AVIF_BRANDS


def is_cut_off(data: bytes) -> bool:
    """Whether a file of boxes (HEIC, AVIF) or of RIFF (WebP) is shorter than it says."""
    if data[:4] == b"RIFF":
        return 8 + int.from_bytes(data[4:8], "little") > len(data)
    return any(end > len(data) for _, _, end in boxes(data))


def boxes(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """The outermost boxes of an ISO media file: type, where each begins, and where it ends by what it says."""
    at = 0
    while data[4:8] == b"ftyp" and at < len(data):
        size, header = int.from_bytes(data[at : at + 4], "big"), 8
        if size == 1:  # the size is in 64 bits behind the type
            size, header = int.from_bytes(data[at + 8 : at + 16], "big"), 16
        end = at + max(size, header) if size else len(data)
        yield data[at + 4 : at + 8], at, end
        at = end


def _among(table: tuple[tuple[int, bytes, Kind], ...], data: bytes) -> Kind | None:
    return next((kind for at, magic, kind in table if data.startswith(magic, at)), None)


def _text(data: bytes) -> Kind | None:
    """What a file of text is."""
    head = data[:512].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if head.startswith((b"<!doctype html", b"<html", b"<head", b"<script", b"<body")):
        return Kind("a web page", "get the picture itself, not the page that shows it")
    if re.search(rb"<svg\b", head):
        return Kind("an SVG drawing; save it as PNG", AS_PNG)
    if head.startswith(b"<?xml"):
        return Kind("an XML file")
    if head.startswith(b"{"):
        return Kind("JSON text")
    return None
