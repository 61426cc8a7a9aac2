"""What files in picture folders are, that are no pictures: each is named truly, by its content, with the next step."""

import io
import json
import plistlib
import sqlite3
import struct
import wave
import zipfile

import numpy as np
import pytest
from PIL import Image

from bearkit.errors import ImageError
from bearkit.images import decode
from tests.conftest import encoded

TYPES = "[Content_Types].xml"


def zipped(*names, mimetype=None):
    """A zip of files of these names, with what a document says of its type first."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        if mimetype:
            archive.writestr("mimetype", mimetype, zipfile.ZIP_STORED)
        for name in names:
            archive.writestr(name, "words " * 20)
    return out.getvalue()


def ole(*names, inside=()):
    """An OLE container (MS-CFB) with these streams in it, and a storage that holds others, as an embedded document."""

    def entry(name, kind, left, right, child):
        text = name.encode("utf-16-le")
        head = text.ljust(64, b"\0") + struct.pack("<HBBIII", len(text) + 2, kind, 1, left, right, child)
        return head.ljust(128, b"\0")

    none, all_names = 0xFFFFFFFF, [*names, *(["Embedded"] if inside else [])]
    entries = [entry("Root Entry", 5, none, none, 1)]
    for n, name in enumerate(all_names, 1):
        right = n + 1 if n < len(all_names) else none
        entries.append(
            entry(name, 2 if name in names else 1, none, right, none if name in names else len(all_names) + 1)
        )
    entries += [entry(name, 2, none, none, none) for name in inside]
    directory = b"".join(entries)
    sectors = -(-len(directory) // 512)
    table = [0xFFFFFFFD, *range(2, sectors + 1), 0xFFFFFFFE]
    fat = struct.pack(f"<{len(table)}I", *table).ljust(512, b"\xff")
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + bytes(6)
    header += struct.pack("<IIIIIIIII", 0, 1, 1, 0, 4096, 0xFFFFFFFE, 0, 0xFFFFFFFE, 0) + struct.pack("<I", 0)
    return header.ljust(512, b"\xff") + fat + directory.ljust(sectors * 512, b"\0")


def database(tmp_path):
    connection = sqlite3.connect(tmp_path / "x.db")
    connection.execute("create table t (x)")
    connection.close()
    return (tmp_path / "x.db").read_bytes()


def sound():
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes(bytes(200))
    return out.getvalue()


def arrays():
    out = io.BytesIO()
    np.savez(out, a=np.zeros(3), b=np.ones(2))
    return out.getvalue()


EDITS = {"adjustmentFormatIdentifier": "com.apple.photo", "adjustmentData": b"123"}


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (zipped(TYPES, "_rels/.rels", "word/document.xml", "word/media/image1.png"), "a Word document"),
        (zipped(TYPES, "_rels/.rels", "xl/workbook.xml"), "an Excel workbook"),
        (zipped(TYPES, "docProps/app.xml", "ppt/presentation.xml"), "a PowerPoint presentation"),
        (zipped("content.xml", mimetype="application/vnd.oasis.opendocument.text"), "a text document"),
        (zipped("content.xml", mimetype="application/vnd.oasis.opendocument.spreadsheet"), "a spreadsheet"),
        (zipped("content.xml", mimetype="application/vnd.oasis.opendocument.presentation"), "a presentation"),
        (zipped("OEBPS/a.xhtml", mimetype="application/epub+zip"), "an EPUB book"),
        (zipped("mergedimage.png", mimetype="application/x-krita"), "a Krita picture"),
        (zipped("META-INF/MANIFEST.MF", "a/B.class"), "a Java program"),
        (zipped("META-INF/MANIFEST.MF", "classes.dex", "AndroidManifest.xml"), "an Android app"),
        (zipped("Index/Document.iwa", "Index/Slide-1.iwa"), "a Keynote presentation"),
        (zipped("Index/Document.iwa", "Metadata/Properties.plist"), "a Pages, Numbers or Keynote document"),
        (zipped("archive/data.pkl", "archive/data/0"), "a PyTorch file"),
        (zipped("document.json", "meta.json", "pages/1.json"), "a Sketch drawing"),
        (zipped("doc.kml"), "a map of places"),
        (arrays(), "NumPy arrays"),
        (zipped("cat/1.jpg", "word/document.xml", "Index/Slide1.jpg"), "a zip file"),
        (zipped("reports/my.docx", f"reports/{TYPES}"), "a zip file"),
        (zipped(TYPES, "word/document.xml")[:-60], "a Word document"),  # cut off: its list is gone
        (zipped(), "a zip file with nothing in it"),
    ],
)  # fmt: skip
def test_a_document_in_a_zip_is_not_called_a_zip(data, what):
    assert reason(data).startswith(what)


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (ole("\5SummaryInformation", "1Table", "WordDocument"), "an old Word document"),
        (ole("\5SummaryInformation", "Workbook"), "an old Excel workbook"),
        (ole("Current User", "PowerPoint Document", "Pictures"), "an old PowerPoint presentation"),
        (ole("1", "2", "Catalog"), "Windows' store of small previews"),
        (ole("__nameid_version1.0", "__properties_version1.0"), "an Outlook message"),
        (ole("Workbook", inside=["WordDocument"]), "an old Excel workbook"),  # a text in a sheet
        (ole("Something"), "a compound file of Windows"),
        (ole("WordDocument")[:512], "a compound file of Windows"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\xff" * 700, "a compound file of Windows"),
    ],
)
def test_an_ole_container_is_called_by_what_lies_directly_in_it(data, what):
    assert reason(data).startswith(what)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (r"{\rtf1\ansi\deff0 {\fonttbl {\f0 Courier;}} Hello}", "an RTF document"),
        (json.dumps({"a": [1, 2]}), "JSON text"),
        (json.dumps([[0.5, 2], [1, 3]], indent=2), "JSON text"),
        (json.dumps([{"file": "a.jpg"}]), "JSON text"),
        ("[true, null]", "JSON text"),
        ("[1] Smith, On Bears, 1999\n[2] Miller", "a text"),
        ("[[a link]] in a wiki", "a text"),
        ("{a sentence in braces}", "a text"),
        ("; made by hand\n[main]\n\n; more\nsize = 3\n", "settings"),
        ("[Picasa]\nname=bears\n[IMG_1.jpg]\nstar=yes\n", "Picasa's notes"),
        ("[.ShellClassInfo]\r\nIconResource=C:\\x.dll,3\r\n", "Windows' note of how a folder is shown"),
        ("[InternetShortcut]\r\nURL=https://example.org/\r\n", "a link to a web page"),
        ("file,label\na.jpg,cat\nb.jpg,dog\n", "a table as text"),
        ("file;label\n\"a;b.jpg\";cat\n", "a table as text"),
        ("file\tlabel\na.jpg\tcat\n", "a table as text"),
        ("Dear Bob, how are you\nI am well, thanks\n", "a text"),
        ("0 0.5 0.5 0.1 0.1\n", "a text"),
        ("# Bears\n\nSee `%PDF-1.4`, which begins a PDF.\n", "a text"),
        ("<!-- saved from url=(0020) --> <!-- x -->\n<html><body>", "a web page"),
        ('<?xml version="1.0"?><!DOCTYPE html><html>', "a web page"),
        ("<!--" + " <!-- -->" * 400, "a text"),
        ('<?xml version="1.0"?><!-- x --><svg xmlns="http://www.w3.org/2000/svg"/>', "an SVG drawing"),
        ('<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF/></x:xmpmeta>', "notes about a picture"),
        (plistlib.dumps(EDITS).decode(), "an iPhone's note of a photo's edits"),
        (plistlib.dumps({"a": 1}).decode(), "a Mac's or iPhone's list of settings"),
        ('<?xml version="1.0"?><kml xmlns="http://www.opengis.net/kml/2.2"/>', "a map of places"),
        ("<annotation><folder>x</folder></annotation>", "notes about what is in a picture"),
        ('<?xml version="1.0"?><other/>', "an XML file"),
        ("From: a@example.org\nTo: b@example.org\nMIME-Version: 1.0\n\nHello", "an e-mail"),
        ("From: <Saved by Blink>\nMIME-Version: 1.0\nContent-Type: multipart/related;\n", "a web page"),
        ("BEGIN:VCARD\nVERSION:3.0\n", "an address card"),
        ("#!/bin/sh\necho hi\n", "a script"),
        ("#define a_width 8\n#define a_height 8\nstatic char a_bits[] = {0x1};", "an XBM picture"),
        ("/* XPM */\nstatic char * a[] = {", "an XPM picture"),
        ("1\n00:00:01,000 --> 00:00:02,000\nHi\n", "subtitles"),
        ("[a]" + "\n" * 4000, "a text"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_text_is_called_what_it_is_in_any_encoding(text, what, encoding):
    assert reason(text.encode(encoding)).startswith(what)


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"%PDF-1.5\n1 0 obj <</AIPrivateData1 2 0 R>> endobj", "an Illustrator drawing"),
        (b"\n\n%PDF-1.5\n1 0 obj <<>> endobj", "a PDF"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "an EPS drawing"),
        (b"%!PS-Adobe-3.0\n%%Creator: Adobe Illustrator(R) 8.0\n", "an Illustrator drawing"),
        (b"%!PS-Adobe-3.0\n%%Pages: 2\n", "a PostScript file"),
        (b"\xc5\xd0\xd3\xc6" + bytes(40), "an EPS drawing"),
        (b"\x06\x06\xed\xf5\xd8\x1dF\xe5\xbd1\xef\xe7\xfet\xb7\x1d" + bytes(9), "an InDesign file"),
        (b"L\0\0\0\1\x14\2\0\0\0\0\0\xc0\0\0\0\0\0\0F" + bytes(60), "a shortcut of Windows"),
        (plistlib.dumps(EDITS, fmt=plistlib.FMT_BINARY), "a Mac's or iPhone's list of settings"),
        (b"\0\0\0\1Bud1" + bytes(60), "a Mac's note of how a folder is shown"),
        (b"CMMM" + bytes(60), "Windows' store of small previews"),
        (b"\0\1\0\0Standard Jet DB\0" + bytes(60), "an Access database"),
        (b"0&\xb2u\x8ef\xcf\x11" + bytes(60), "a video or sound of Windows Media"),
        (b"FORM\0\0\0\x20AIFFCOMM" + bytes(30), "a sound"),
        (b"\xff\xfb\x90\x44" + bytes(400), "a sound"),
        (sound(), "a sound"),
        (b"RIFF\x20\0\0\0CDRBvrsn" + bytes(40), "a CorelDRAW drawing"),
        (b"PF\n2 2\n-1.0\n" + bytes(48), "a PFM picture in colour"),
        (b"P7\nWIDTH 2\nHEIGHT 2\nDEPTH 3\nMAXVAL 255\nENDHDR\n" + bytes(12), "a PAM picture"),
        (bytes(40) + b" EMF" + bytes(40), "a Windows metafile"),
        (b"\0\0\2\0\1\0 " + bytes(60), "a mouse pointer"),
    ],
)  # fmt: skip
def test_other_programs_files_are_called_by_their_names(data, what):
    assert reason(data).startswith(what)


def test_a_database_is_called_one(tmp_path):
    assert reason(database(tmp_path)) == "an SQLite database"


def test_bytes_that_are_no_text_are_called_nothing_that_they_are_not():
    noise = np.random.default_rng(0).integers(0, 256, 4000, np.uint8).tobytes()
    with pytest.raises(ImageError, match="of no known picture format"):
        decode(b"\x07\x08" + noise)


def test_a_picture_that_mentions_other_kinds_is_a_picture():
    for kind in ("JPEG", "GIF"):
        data = encoded(Image.new("RGB", (8, 8), "red"), kind, comment=b"%PDF-1.4 endobj")
        assert decode(data).image.size == (8, 8)


def reason(data):
    """What a file is told to be, with a next step."""
    with pytest.raises(ImageError) as told:
        decode(data)
    assert told.value.hint
    return str(told.value).removeprefix("not a picture that can be read: it is ")
