"""Find the kind of a document or text file, such as a web page, a table or settings, by its content."""

import csv
import re

from bearkit.images.signatures import AS_PNG, EPS, LEADS_TO, NO_PICTURE, Kind

HEAD = 4096  # only the first bytes are read
AS_TABLE = "give it to `bearkit import` itself if it lists pictures, or leave it out"
PDF = Kind("a PDF", "save its pages as pictures: `pdftoppm -png FILE page`")
ILLUSTRATOR = Kind("an Illustrator drawing; export it as PNG", AS_PNG)
WEB_PAGE = Kind("a web page", "get the picture itself, not the page that shows it")
RTF = Kind("an RTF document", "save its pictures one by one")
JSON, TABLE = Kind("JSON text", AS_TABLE), Kind("a table as text (CSV)", AS_TABLE)
SETTINGS = Kind("settings (.ini)", NO_PICTURE)
TEXT = Kind("a text, of no known picture format", NO_PICTURE)
PAGES = re.compile(
    r"(<!--(?:(?!-->).)*-->|<\?xml[^>]*>|\s)*<(!doctype html|html|head|script|body|meta|title|div)\b", re.S
)
VALUE = r"(?:-?\d[\d.e+-]*|true|false|null)\s*"
IS_JSON = rf"(?:\[\s*)*\{{\s*(?:[\"}}]|$)|(?:\[\s*)+(?:\"|{VALUE}(?:,|\]\s*(?:[\],]|$))|\]\s*$)"

# Patterns for the first lines of an XML file, such as its first element.
XML = (
    (r"<svg\b", Kind("an SVG drawing; save it as PNG", AS_PNG)),
    (r"<x:xmpmeta\b|<rdf:rdf\b|<\?xpacket\b", Kind("notes about a picture (XMP), not the picture", NO_PICTURE)),
    (r"adjustmentformatidentifier", Kind("an iPhone's note of a photo's edits (.aae), not the photo", NO_PICTURE)),
    (r"<plist\b", Kind("a Mac's or iPhone's list of settings", NO_PICTURE)),
    (r"<kml\b", Kind("a map of places (KML)", NO_PICTURE)),
    (r"<gpx\b", Kind("a track of a GPS receiver (GPX)", NO_PICTURE)),
    (r"<fictionbook\b", Kind("an FB2 book", "save its pictures one by one")),
    (r'progid="word\.document|<w:worddocument\b', Kind("a Word document (XML)", "save its pictures one by one")),
    (r'progid="excel\.sheet', Kind("an Excel workbook (XML)", NO_PICTURE)),
    (r"<office:document\b", Kind("an OpenDocument file", "save its pictures one by one")),
    (r"<annotation\b", Kind("notes about what is in a picture (XML), not the picture", NO_PICTURE)),
    (r"<\?xml\b", Kind("an XML file", NO_PICTURE)),
)
# Beginnings of other text files, in lower case.
BEGINNINGS = (
    (r"\[internetshortcut\]", Kind("a link to a web page (.url), not the picture", "get the picture itself")),
    (r"\[\.shellclassinfo\]|\[viewstate\]", Kind("Windows' note of how a folder is shown (desktop.ini)", NO_PICTURE)),
    (r"\[picasa\]|\[encoding\]", Kind("Picasa's notes about pictures (.ini), not a picture", NO_PICTURE)),
    (r"\[desktop entry\]", Kind("a shortcut of Linux, not the file", LEADS_TO)),
    (r"(?:[;#][^\n]*\n\s*)*\[[^\]\n]+\][ \t\r]*\n(?:[ \t]*(?:[;#][^\n]*)?\r?\n)*[^=\[{\"\n]+=", SETTINGS),
    (r"\{\\rtf", RTF),
    (IS_JSON, JSON),
    (r"#define\s+\w+_width\s", Kind("an XBM picture; save it as PNG", AS_PNG)),
    (r"/\*\s*xpm\s*\*/", Kind("an XPM picture; save it as PNG", AS_PNG)),
    (r"#!|@echo off\b", Kind("a script", NO_PICTURE)),
    (r"begin:vcard", Kind("an address card (vCard)", NO_PICTURE)),
    (r"begin:vcalendar", Kind("a calendar", NO_PICTURE)),
    (r"-----begin ", Kind("a key, a certificate or a signature", NO_PICTURE)),
    (r"webvtt\b|1\s*\n\d\d:\d\d:\d\d,\d", Kind("subtitles of a video", NO_PICTURE)),
    (r"iso-10303-21;", Kind("a CAD model (STEP); render it as PNG", AS_PNG)),
    (r"solid\b.*\n\s*facet\b", Kind("a 3D model (STL); render it as PNG", AS_PNG)),
    (r"ply\r?\n", Kind("a 3D model (PLY); render it as PNG", AS_PNG)),
)  # fmt: skip
MAIL = re.compile(r"(?:[a-z-]+:[^\n]*\n(?:[ \t][^\n]*\n)*)*?(?:mime-version:|received:|message-id:)")
PICTURES = (b"\x89PNG", b"\xff\xd8", b"GIF8", b"BM", b"II", b"MM", b"RIFF")


def document_kind(data: bytes) -> Kind | None:
    """Return the kind of a PDF or PostScript document, None for any other file; a PDF may have other bytes before it.

    Decoders of images may start a program such as Ghostscript for these.
    """
    if data.startswith(b"%PDF-") or (b"%PDF-" in data[:1024] and b"endobj" in data and not data.startswith(PICTURES)):
        return ILLUSTRATOR if b"AIPrivateData" in data or b"/Illustrator" in data[:HEAD] else PDF
    if data.startswith((b"%!PS", b"\x04%!PS")):
        first = data[:HEAD]
        if b"%%Creator: Adobe Illustrator" in first:
            return ILLUSTRATOR
        return EPS if b"EPSF" in first.split(b"\n")[0] else Kind("a PostScript file; save it as PNG", AS_PNG)
    return None


def text_kind(data: bytes) -> Kind | None:
    """Return the kind of a text in UTF-8, UTF-16 or an 8-bit encoding; None if the file is not text."""
    text = _decode(data[:HEAD])
    if text is None:
        return None
    head = text.lstrip().lower()
    if PAGES.match(head):
        return WEB_PAGE
    if head.startswith("<"):
        return next((kind for pattern, kind in XML if re.search(pattern, head)), TEXT)
    if kind := next((kind for pattern, kind in BEGINNINGS if re.match(pattern, head)), None):
        return kind
    if MAIL.match(head):
        is_saved_page = re.search(r"multipart/related", head)
        return WEB_PAGE if is_saved_page else Kind("an e-mail", "save its pictures one by one")
    return TABLE if _is_table(text, len(data) > HEAD) else TEXT


def _decode(head: bytes) -> str | None:
    """Decode the beginning of a file; None if it has bytes that no text has."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = head[: len(head) // 2 * 2].decode("utf-16", "replace")
    else:
        try:
            text = head.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            near_end = error.start >= HEAD - 4  # a character that the cut at HEAD split
            text = head[: error.start].decode("utf-8-sig") if near_end else head.decode("latin-1")
            if not near_end and re.search(r"[\x80-\x9f]{2}", text):
                return None
    return None if re.search(r"[\0-\x06\x0e-\x1a\x1c-\x1f\ufffd]", text) or not text.strip() else text


def _is_table(text: str, cut_off: bool) -> bool:
    """Check for two or more rows of equally many fields. A sign with a space after it may be a sentence's comma."""
    lines = text.splitlines(keepends=True)[: -1 if cut_off else None]
    separators = [char for char in ",;\t|" if lines and char in lines[0] and f"{char} " not in lines[0]]
    return any(_has_equal_rows(lines, separator) for separator in separators)


def _has_equal_rows(lines: list[str], separator: str) -> bool:
    try:
        n_fields = {len(row) for row in csv.reader(lines, delimiter=separator) if row}
    except csv.Error:
        return False
    return len(lines) > 1 and len(n_fields) == 1 and n_fields != {1}
