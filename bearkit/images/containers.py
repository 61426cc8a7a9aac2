"""Find the kind of a zip file or an OLE container by the names of the files in it."""

import struct
from collections.abc import Iterator
from itertools import islice

from bearkit.images.signatures import AS_PNG, COREL, NO_PICTURE, THUMBNAILS, Kind

ZIP, OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
ZIP_ENTRY, ZIP_END = b"PK\1\2", b"PK\5\6"
MAX_NAMES = 2000  # only the first names in a container are read
TAIL = 65557  # bytes at the end of a zip that may hold the record of its directory
END_OF_CHAIN = 0xFFFFFFFA  # sector numbers from here on have special meanings
OFFICE = "save its pictures one by one: rename it to .zip, and unpack it"
ONE_BY_ONE = "save its pictures one by one"

WORD, EXCEL = Kind("a Word document", OFFICE), Kind("an Excel workbook", OFFICE)
POWERPOINT = Kind("a PowerPoint presentation", OFFICE)
IWORK = Kind("a Pages, Numbers or Keynote document of a Mac", ONE_BY_ONE)
PLAIN_ZIP = Kind("a zip file", "unpack it first, or import the zip itself; a zip in a zip is not read")

# Beginnings of the MIME type that a zip's first file, `mimetype`, may hold.
MIME = (
    ("application/vnd.oasis.opendocument.text", Kind("a text document (OpenDocument)", OFFICE)),
    ("application/vnd.oasis.opendocument.spreadsheet", Kind("a spreadsheet (OpenDocument)", OFFICE)),
    ("application/vnd.oasis.opendocument.presentation", Kind("a presentation (OpenDocument)", OFFICE)),
    ("application/vnd.oasis.opendocument.graphics", Kind("a drawing (OpenDocument); export it as PNG", AS_PNG)),
    ("application/vnd.oasis.opendocument", Kind("an OpenDocument file", OFFICE)),
    ("application/epub+zip", Kind("an EPUB book", OFFICE)),
    ("image/openraster", Kind("an OpenRaster picture; export it as PNG", AS_PNG)),
    ("application/x-krita", Kind("a Krita picture; export it as PNG", AS_PNG)),
    ("application/vnd.adobe.indesign-idml", Kind("an InDesign file (IDML); export it as PNG", AS_PNG)),
    ("application/x-vnd.corel", COREL),
    ("application/vnd.recordare.musicxml", Kind("a music score", NO_PICTURE)),
)
# How names in a zip begin, or end (with *). Of parts joined by \0, all must occur. The more specific ones first.
PARTS = (
    ("[Content_Types].xml\0word/document", WORD),
    ("[Content_Types].xml\0xl/workbook", EXCEL),
    ("[Content_Types].xml\0ppt/presentation", POWERPOINT),
    ("[Content_Types].xml\0visio/document", Kind("a Visio drawing; export it as PNG", AS_PNG)),
    ("3D/3dmodel", Kind("a 3MF model; render it as PNG", AS_PNG)),
    ("FixedDocSeq", Kind("an XPS document; save its pages as PNG", AS_PNG)),
    ("FixedDocumentSequence", Kind("an XPS document; save its pages as PNG", AS_PNG)),
    ("Index/Document.iwa\0Index/Slide", Kind("a Keynote presentation", ONE_BY_ONE)),
    ("index.apxl", Kind("a Keynote presentation", ONE_BY_ONE)),
    ("Index/Document.iwa", IWORK),
    ("Index.zip\0Metadata/", IWORK),
    ("buildVersionHistory.plist", IWORK),
    ("AndroidManifest.xml", Kind("an Android app (APK)", NO_PICTURE)),
    ("classes.dex", Kind("an Android app (APK)", NO_PICTURE)),
    ("Payload/\0*.app/Info.plist", Kind("an iPhone app (IPA)", NO_PICTURE)),
    ("META-INF/mozilla.rsa", Kind("an extension of Firefox", NO_PICTURE)),
    ("META-INF/MANIFEST.MF", Kind("a Java program (JAR)", NO_PICTURE)),
    ("content/riffData.cdr", COREL),
    ("Document.archive", Kind("a Procreate picture; export it as PNG", AS_PNG)),
    ("meta.json\0pages/", Kind("a Sketch drawing; export it as PNG", AS_PNG)),
    ("doc.kml", Kind("a map of places (KMZ)", NO_PICTURE)),
    ("*/data.pkl", Kind("a PyTorch file", NO_PICTURE)),
    ("*.dist-info/WHEEL", Kind("a Python package (wheel)", NO_PICTURE)),
)
# Names of streams at the top level of an OLE container.
STREAMS = (
    ("WordDocument", Kind("an old Word document (.doc)", ONE_BY_ONE)),
    ("PowerPoint Document", Kind("an old PowerPoint presentation (.ppt)", ONE_BY_ONE)),
    ("Workbook", Kind("an old Excel workbook (.xls)", ONE_BY_ONE)),
    ("Book", Kind("an old Excel workbook (.xls)", ONE_BY_ONE)),
    ("VisioDocument", Kind("an old Visio drawing; export it as PNG", AS_PNG)),
    ("Quill", Kind("a Publisher document; save its pages as PNG", AS_PNG)),
    ("__properties_version1.0", Kind("an Outlook message", ONE_BY_ONE)),
    ("Catalog", THUMBNAILS),  # Thumbs.db
    ("HwpSummaryInformation", Kind("a Hangul document", ONE_BY_ONE)),
    ("EncryptedPackage", Kind("an Office document with a password", ONE_BY_ONE)),
    ("!_StringData", Kind("an installer of Windows (MSI)", NO_PICTURE)),
    ("Image Contents", Kind("a FlashPix picture; save it as PNG or JPEG", AS_PNG)),
)
OTHER_OLE = Kind("a compound file of Windows (old Office documents and others)", ONE_BY_ONE)


def container_kind(data: bytes) -> Kind | None:
    """Return the kind of a zip file or an OLE container.

    Args:
        data: the bytes of the file.

    Returns:
        The kind, None for a file that is neither.
    """
    if data.startswith(ZIP):
        return _zip_kind(data)
    return _ole_kind(data) if data.startswith(OLE) else None


def _zip_kind(data: bytes) -> Kind:
    """Return the kind of a zip: a program's document, or a plain zip file."""
    names = list(islice(_zip_names(data), MAX_NAMES))
    if names[:1] == ["mimetype"] or data[30:38] == b"mimetype":
        mime_type = data[38 + int.from_bytes(data[28:30], "little") :][:80].decode("latin-1")
        if kind := next((kind for mime, kind in MIME if mime_type.startswith(mime)), None):
            return kind
    for part, kind in PARTS:
        if all(any(_matches(name, pattern) for name in names) for pattern in part.split("\0")):
            return kind
    if names and all(name.endswith(".npy") for name in names):
        return Kind("NumPy arrays (.npz)", "write them as pictures: `Image.fromarray(array).save('x.png')`")
    return PLAIN_ZIP


def _matches(name: str, pattern: str) -> bool:
    return name.endswith(pattern[1:]) if pattern.startswith("*") else name.startswith(pattern)


def _zip_names(data: bytes) -> Iterator[str]:
    """Yield the names in a zip, from the directory at its end; if that is cut off, from the headers of its files."""
    end = data.rfind(ZIP_END, max(0, len(data) - TAIL))
    at = int.from_bytes(data[end + 16 : end + 20], "little") if end >= 0 else 0
    mark, fixed, lengths = (ZIP_ENTRY, 46, 28) if data[at : at + 4] == ZIP_ENTRY else (ZIP, 30, 26)
    at = at if mark == ZIP_ENTRY else 0
    while data[at : at + 4] == mark:
        n_name, n_extra = struct.unpack_from("<HH", data.ljust(at + fixed, b"\0"), at + lengths)
        yield data[at + fixed : at + fixed + n_name].decode("utf-8", "replace")
        if mark == ZIP:  # the next file begins after this one's data, whose length may be unknown
            at = data.find(ZIP, at + fixed + n_name + n_extra)
            if at < 0:
                return
        else:
            n_comment = int.from_bytes(data[at + 32 : at + 34], "little")
            at += fixed + n_name + n_extra + n_comment


def _ole_kind(data: bytes) -> Kind:
    """Return the kind of an OLE container by its top-level streams: embedded documents have streams of their own."""
    try:
        names = set(_top_level_names(data))
    except (struct.error, IndexError):
        names = set()
    return next((kind for name, kind in STREAMS if name in names), OTHER_OLE)


def _top_level_names(data: bytes) -> Iterator[str]:
    """Yield the names at the top level of an OLE container, whose directory is a tree of siblings (MS-CFB, 2.6)."""
    entries = list(islice(_directory_entries(data), MAX_NAMES))
    to_visit, visited = [struct.unpack_from("<I", entries[0], 76)[0]], set[int]()
    while to_visit:
        index = to_visit.pop()
        if index >= len(entries) or index in visited:
            continue
        visited.add(index)
        entry = entries[index]
        length = int.from_bytes(entry[64:66], "little")
        yield entry[: min(64, max(0, length - 2))].decode("utf-16-le", "replace").lstrip("\x05")
        to_visit += struct.unpack_from("<II", entry, 68)


def _directory_entries(data: bytes) -> Iterator[bytes]:
    """Yield the entries of an OLE container's directory, 128 bytes each, along its chain of sectors."""
    size = 1 << min(16, max(7, int.from_bytes(data[30:32], "little")))
    (sector,) = struct.unpack_from("<I", data, 48)
    tables, per_table = struct.unpack_from("<109I", data, 76), size // 4  # sectors of the allocation table
    for _ in range(MAX_NAMES):
        if sector >= END_OF_CHAIN:
            return
        start = (sector + 1) * size
        yield from (data[at : at + 128] for at in range(start, start + size, 128) if at + 128 <= len(data))
        if sector // per_table >= len(tables):
            return
        (sector,) = struct.unpack_from("<I", data, (tables[sector // per_table] + 1) * size + 4 * (sector % per_table))
