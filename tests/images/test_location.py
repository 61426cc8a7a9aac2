"""The place where a photograph was taken is removed, and nothing else: Pillow reads the files back."""

import io
import struct
import zlib

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import ExifTags, Image, ImageCms, IptcImagePlugin, PngImagePlugin, TiffImagePlugin

from bearkit.errors import ImageError
from bearkit.images import decode, without_location
from tests.conftest import encoded
from tests.images.test_metadata import chunk, segment
from tests.samples import heic, scene, turned

GPS, MAKER, ORIENTATION = ExifTags.IFD.GPSInfo, 37500, ExifTags.Base.Orientation
PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    b'<rdf:Description rdf:about="" xmlns:exif="http://ns.adobe.com/exif/1.0/" exif:GPSLatitude="48,12.5N"'
    b' xmlns:tiff="http://ns.adobe.com/tiff/1.0/" tiff:Orientation="6" exif:GPSLongitude="16,22.1E"/>'
    b"</rdf:RDF></x:xmpmeta>"
)
XMP_WITHOUT = XMP.replace(b"GPSLatitude", b"ColourSpace").replace(b"GPSLongitude", b"ExposureMode")
XMP_HEADER = b"http://ns.adobe.com/xap/1.0/\0"
EXTENSION_HEADER = b"http://ns.adobe.com/xmp/extension/\0"
LATITUDE = ((48, 1), (12, 1), (30, 1))


def exif(orientation=6, order="<", place=True, maker=b"maker's own form"):
    """An EXIF block as a camera writes it: three directories, with the place in one of its own."""
    block = Image.Exif()
    block.endian = order
    block[ExifTags.Base.Make] = "Camera & Co"
    block[ORIENTATION] = orientation
    if maker:
        block.get_ifd(ExifTags.IFD.Exif)[MAKER] = maker
    block.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.ExposureTime] = 0.01
    if place:
        latitude = tuple(TiffImagePlugin.IFDRational(*pair) for pair in LATITUDE)
        block.get_ifd(GPS).update({1: "N", 2: latitude, 3: "E", 4: latitude, 29: "2026:05:01"})
    loaded = Image.Exif()  # else Pillow writes only the first directory into a TIFF
    loaded.load(block.tobytes())
    return loaded


def read(data):
    """What Pillow finds in a file: orientation, maker's notes, GPS, XMP, profile."""
    with Image.open(io.BytesIO(data)) as image:
        if image.format != "TIFF":  # which Pillow then turns
            image.load()
        found = image.getexif()
        if "extension" in image.info:  # of a GIF
            xmp = data[image.info["extension"][1] :].partition(b"\1\xff\xfe")[0]
        else:
            xmp = image.info.get("xmp") or image.info.get("XML:com.adobe.xmp") or b""
        notes = found.get_ifd(ExifTags.IFD.Exif).get(MAKER)
        info = (found.get(ExifTags.Base.Make), found.get(ORIENTATION), notes, image.info.get("icc_profile"))
        return info, dict(found.get_ifd(GPS)), xmp.encode() if isinstance(xmp, str) else xmp


def same_pixels(one, other):
    first, second = decode(one), decode(other)
    assert first.image.tobytes() == second.image.tobytes()
    return (first.width, first.height) == (second.width, second.height)


def cleaned(data):
    """The file without the place; its pixels are the same, and cleaning it again changes nothing."""
    out = without_location(data)
    assert out != data
    assert same_pixels(data, out)
    assert without_location(out) == out
    return out


def located(kind, order="<", orientation=6, **options):
    options |= {"lossless": True} if kind == "WEBP" else {}
    return encoded(scene(), kind, exif=exif(orientation, order), icc_profile=PROFILE, **options)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
@pytest.mark.parametrize("order", ["<", ">"])
def test_the_place_is_removed_and_orientation_camera_and_colours_stay(kind, order):
    data = located(kind, order)
    (make, orientation, notes, profile), gps, _ = read(data)
    assert (make, orientation, bool(notes), profile) == ("Camera & Co", 6, True, PROFILE)
    assert gps[2] == (48, 12, 30)
    out = cleaned(data)
    assert read(out) == (("Camera & Co", 6, None, PROFILE), {}, b"")
    assert len(out) == len(data)
    assert struct.pack(f"{order}6I", *(n for pair in LATITUDE for n in pair)) not in out


def test_the_place_of_a_heic_is_removed():
    data = heic(scene(), exif=exif().tobytes(), xmp=XMP)
    assert b"GPSLatitude" in data
    out = cleaned(data)
    import pillow_heif  # noqa: PLC0415  # its own reader, beside ours

    assert len(out) == len(data)
    (before,), (after,) = (list(pillow_heif.open_heif(io.BytesIO(file))) for file in (data, out))
    assert before.to_pillow().tobytes() == after.to_pillow().tobytes()
    block = Image.Exif()
    block.load(after.info["exif"])
    assert (block[ExifTags.Base.Make], dict(block.get_ifd(GPS))) == ("Camera & Co", {})
    assert b"GPS" not in after.info["xmp"]


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF", "GIF"])
def test_an_xmp_packet_with_a_place_is_emptied_and_the_picture_stays_upright(kind):
    side = turned(scene())
    if kind == "PNG":
        info = PngImagePlugin.PngInfo()
        info.add_itxt("XML:com.adobe.xmp", XMP.decode(), zip=True)
        data = encoded(side, pnginfo=info)
    elif kind == "TIFF":
        data = encoded(side, kind, tiffinfo={700: XMP})
    elif kind == "GIF":
        ending = b"\1" + bytes(range(255, -1, -1)) + b"\0"
        gif = encoded(side, kind)
        at = 13 + (3 << ((gif[10] & 7) + 1))
        data = gif[:at] + b"!\xff\x0bXMP DataXMP" + XMP + ending + gif[at:]
    else:
        data = encoded(side, kind, xmp=XMP, **({"lossless": True} if kind == "WEBP" else {}))
    assert b"GPSLatitude" in read(data)[2]
    _, _, xmp = read(out := cleaned(data))
    assert b"GPS" not in xmp
    assert b'tiff:Orientation="6"' in xmp
    assert b"48,12.5N" not in out


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
def test_a_file_without_a_place_is_returned_as_it_is(kind):
    data = encoded(
        scene(), kind, exif=exif(place=False), icc_profile=PROFILE, **({} if kind == "TIFF" else {"xmp": XMP_WITHOUT})
    )
    assert without_location(data) == data
    assert read(data)[0][2]


@settings(max_examples=150, deadline=None)
@given(
    kind=st.sampled_from(("JPEG", "PNG", "WEBP", "TIFF")),
    order=st.sampled_from("<>"),
    orientation=st.integers(1, 8),
    place=st.booleans(),
    maker=st.binary(max_size=300),
    tags=st.dictionaries(st.sampled_from((270, 305, 306, 315, 33432)), st.text("abc", min_size=1, max_size=40)),
)
def test_any_exif_block_keeps_all_but_the_place(kind, order, orientation, place, maker, tags):
    block = exif(orientation, order, place, maker)
    block.update(tags)
    data = encoded(scene(), kind, exif=block, **({"lossless": True} if kind == "WEBP" else {}))
    out = cleaned(data) if place else without_location(data)
    assert (out == data) is not place
    with Image.open(io.BytesIO(out)) as image, Image.open(io.BytesIO(data)) as original:
        kept, was = image.getexif(), original.getexif()
        assert not kept.get_ifd(GPS)
        assert dict(kept) == {tag: value for tag, value in was.items() if tag != GPS}
        assert kept[ORIENTATION] == orientation
        inner = {tag: value for tag, value in was.get_ifd(ExifTags.IFD.Exif).items() if not place or tag != MAKER}
        assert kept.get_ifd(ExifTags.IFD.Exif) == inner


def iptc(city=b"Vienna"):
    records = ((5, b"A name"), (90, city), (101, b"Austria"), (120, b"A caption"))
    return b"".join(b"\x1c\x02" + bytes([number]) + struct.pack(">H", len(text)) + text for number, text in records)


def resource(number, content):
    return (
        b"8BIM"
        + struct.pack(">H", number)
        + b"\3abc"
        + struct.pack(">I", len(content))
        + content
        + bytes(len(content) % 2)
    )


def with_segments(*segments):
    jpeg = encoded(scene(), "JPEG", quality=95, icc_profile=PROFILE)
    return jpeg[:2] + b"".join(segments) + jpeg[2:]


def test_city_and_country_of_iptc_are_overwritten():
    block = resource(1000, b"\x1c\x02\x5a\0\4abcd") + resource(0x0404, iptc())
    out = cleaned(with_segments(segment(0xED, b"Photoshop 3.0\0" + block)))
    with Image.open(io.BytesIO(out)) as image:
        found = IptcImagePlugin.getiptcinfo(image)
    assert (found[2, 5], found[2, 120]) == (b"A name", b"A caption")
    assert (found[2, 90].strip(), found[2, 101].strip()) == (b"", b"")
    assert b"\x1c\x02\x5a\0\4abcd" in out, "another resource"


def test_exif_and_xmp_inside_of_photoshops_block_are_cleaned():
    block = resource(0x0422, exif().tobytes()[6:]) + resource(0x0424, XMP) + b"8BIMno resource \x1c\x02\x5a\0\6Vienna"
    out = cleaned(with_segments(segment(0xED, b"Photoshop 3.0\0" + block)))
    assert b"48,12.5N" not in out
    assert b"\x88\x25" not in out
    assert b"Vienna" not in out


def test_long_and_repeated_blocks_of_a_jpeg_are_cleaned():
    long = exif(maker=b"m" * 90_000).tobytes()
    parts = [segment(0xE1, b"Exif\0\0" + long[at : at + 60_000]) for at in range(6, len(long), 60_000)]
    assert read(with_segments(*parts))[1]
    twice = [segment(0xE1, exif(order=order).tobytes()) for order in "<>"]
    text = b"<x>" + b" " * 50_000 + XMP + b"</x>"
    place = text.index(b"exif:GPSL") + 6  # the name is cut in two
    pieces = [(0, text[:place]), (place, text[place:])]
    extended = [
        segment(0xE1, EXTENSION_HEADER + b"A" * 32 + struct.pack(">II", len(text), at) + piece)
        for at, piece in reversed(pieces)
    ]
    for segments in (parts, twice, extended, [parts[0], segment(0xE1, XMP_HEADER + XMP_WITHOUT), parts[1]]):
        out = cleaned(with_segments(*segments))
        assert read(out)[1] == {}
        assert struct.pack("<6I", *(n for pair in LATITUDE for n in pair)) not in out
        assert b"GPSL" not in out


def test_a_film_and_further_images_behind_a_jpeg_go_where_there_is_a_place():
    plain, taken = encoded(scene(), "JPEG", quality=95), located("JPEG")
    film = b"\0\0\0\x18ftypmp42" + bytes(12) + b"moov....udta\xa9xyz\0\x12+48.2082+016.3738/"
    assert cleaned(plain + film) == plain
    assert cleaned(taken + b"MotionPhoto_Data" + film) == without_location(taken)
    assert without_location(plain + b"a harmless end") == plain + b"a harmless end"
    assert without_location(plain + plain) == plain + plain
    assert cleaned(plain + taken) == plain
    two = encoded(scene(), "MPO", save_all=True, append_images=[scene()], exif=exif(), quality=95)
    with Image.open(io.BytesIO(two)) as image:
        assert image.n_frames == 2
    with Image.open(io.BytesIO(cleaned(two))) as image:
        assert (image.format, getattr(image, "n_frames", 1)) == ("JPEG", 1)
        assert not image.getexif().get_ifd(GPS)


def test_a_programs_own_block_goes_where_there_is_a_place():
    """A thermal camera keeps the place as two numbers in such a block."""
    place = struct.pack("<2d", 48.2082, 16.3738)
    own = b"FLIR\0\1\0\0" + b"GPS record" + place
    data = with_segments(segment(0xE1, b"Exif\0\0" + exif().tobytes().removeprefix(b"Exif\0\0")), segment(0xE1, own))
    assert place in data
    assert place not in cleaned(data)
    without = with_segments(segment(0xE1, own))
    assert without_location(without) == without, "nothing says that there is a place"


def test_a_tiff_loses_the_place_on_every_page_and_its_ties_to_the_ground():
    ties = {33550: (1.0, 1.0, 0.0), 33922: (0.0, 0.0, 0.0, 16.37, 48.2, 0.0), 34735: (1, 1, 0, 0), 34737: "WGS 84|"}
    types = {33550: 12, 33922: 12, 34735: 3, 34737: 2}
    info = TiffImagePlugin.ImageFileDirectory_v2()
    for tag, value in ties.items():
        info.tagtype[tag] = types[tag]
        info[tag] = value
    for options in ({}, {"big_tiff": True}, {"compression": "tiff_lzw"}):
        data = encoded(scene(), "TIFF", tiffinfo=info, **options)
        out = cleaned(data)
        with Image.open(io.BytesIO(out)) as image:
            assert not set(ties) & set(image.tag_v2)
        assert struct.pack("<d", 48.2) not in out
    pages = encoded(scene(), "TIFF", save_all=True, append_images=[scene()] * 2, exif=exif(1))
    with Image.open(io.BytesIO(cleaned(pages))) as image:
        assert image.n_frames == 3
        for page in range(3):
            image.seek(page)
            assert not image.getexif().get_ifd(GPS)
            assert np.array_equal(np.asarray(image), np.asarray(scene()))


def raw_profile(name, content, zip=False):
    """As ImageMagick stores metadata in a PNG."""
    digits = content.hex()
    lines = "\n".join(digits[at : at + 72] for at in range(0, len(digits), 72))
    info = PngImagePlugin.PngInfo()
    info.add_text(f"Raw profile type {name}", f"\n{name}\n{len(content):8}\n{lines}\n", zip=zip)
    return info


@pytest.mark.parametrize("zip", [False, True])
def test_texts_of_a_png_lose_the_place(zip):
    plain = encoded(turned(scene()))
    for name, content in (
        ("exif", exif().tobytes()),
        ("APP1", exif().tobytes()),
        ("xmp", XMP),
        ("APP1", XMP_HEADER + XMP),
    ):
        info = raw_profile(name, content, zip)
        info.add_text("Title", "A bear")
        out = cleaned(encoded(turned(scene()), pnginfo=info))
        with Image.open(io.BytesIO(out)) as image:
            assert image.text["Title"] == "A bear"
            kept = bytes.fromhex("".join(image.text[f"Raw profile type {name}"].split()[2:]))
        assert len(kept) == len(content)
        if content.startswith(b"Exif"):
            block = Image.Exif()
            block.load(kept)
            assert (block[ORIENTATION], dict(block.get_ifd(GPS))) == (6, {})
        assert b"48,12" not in kept
    out = cleaned(encoded(scene(), pnginfo=raw_profile("iptc", resource(0x0404, iptc()), zip)))
    assert b"Vienna".hex().encode() not in zlib.decompress(out[out.index(b"iptc\0\0") + 6 :]) if zip else out
    info = PngImagePlugin.PngInfo()
    info.add_text("exif:GPSLatitude", "48/1, 12/1, 30/1", zip=zip)
    assert cleaned(encoded(turned(scene()), pnginfo=info)) == plain
    icc = raw_profile("icc", PROFILE + iptc(), zip)
    assert without_location(encoded(scene(), pnginfo=icc)) == encoded(scene(), pnginfo=icc)


def test_a_text_of_a_png_that_cannot_be_read_is_removed():
    plain = encoded(scene())
    at = plain.index(b"IDAT") - 4
    bomb = zlib.compress(bytes(50_000_000))
    for content in (b"Raw profile type exif\0\0no zlib", b"Raw profile type exif\0\0" + bomb):
        assert without_location(plain[:at] + chunk(b"zTXt", content) + plain[at:]) == plain
    assert without_location(plain[:at] + chunk(b"tEXt", b"Raw profile type exif\0\nexif\n4\nxyz") + plain[at:]) == plain
    late = plain[:-12] + chunk(b"eXIf", exif().tobytes()[6:]) + plain[-12:]
    assert read(cleaned(late))[1] == {}
    damaged = plain[:at] + chunk(b"eXIf", exif().tobytes()[6:], wrong=1) + plain[at:]
    assert decode(cleaned(damaged)).image.size == (60, 40), "a damaged orientation stays damaged"


def test_credentials_and_other_notes_that_name_a_place_are_emptied():
    note = b'JP\0\1jumb stds.exif {"exif:GPSLatitude": "48,12.5N"}'
    assert b"48,12" not in cleaned(with_segments(segment(0xEB, note)))
    plain = encoded(scene())
    assert cleaned(plain[:-12] + chunk(b"caBX", note) + plain[-12:]) == plain
    webp = encoded(scene(), "WEBP", exif=exif(), lossless=True)
    size = len(note) + len(note) % 2
    longer = webp + b"C2PA" + struct.pack("<I", len(note)) + note.ljust(size, b"\0")
    assert b"48,12" not in cleaned(b"RIFF" + struct.pack("<I", len(longer) - 8) + longer[8:])


def uuid_box(uuid, content):
    return struct.pack(">I", 24 + len(content)) + b"uuid" + uuid + content


def test_a_jpeg_2000_loses_exif_xmp_and_the_ground():
    plain = encoded(scene(), "JPEG2000")
    out = cleaned(
        plain
        + uuid_box(b"JpgTiffExif->JP2", exif().tobytes())
        + uuid_box(bytes.fromhex("be7acfcb97a942e89c71999491e3afac"), XMP)
        + uuid_box(bytes.fromhex("b14bf8bd083d4b43a5ae8cd7d5a6ce03"), exif(maker=b"").tobytes()[6:])
    )
    assert out.startswith(plain)
    assert b"48,12.5N" not in out
    assert struct.pack("<6I", *(n for pair in LATITUDE for n in pair)) not in out


def test_a_file_in_which_a_place_is_not_understood_is_refused():
    avif = located("AVIF")
    for data, reason in (
        (encoded(scene(), "BMP") + exif().tobytes(), "a part of it that is not understood"),
        (located("PNG")[:-30], "cut off"),
        (avif.replace(b"iloc", b"ilog"), "a part of it that is not understood"),
        (avif[:-1], "its boxes are damaged"),
    ):
        with pytest.raises(ImageError, match=f"the place where it was taken cannot be removed: .*{reason}") as raised:
            without_location(data)
        assert "save it again" in raised.value.hint


def test_a_tiff_whose_place_overlaps_with_its_pixels_is_refused():
    data = bytearray(located("TIFF"))
    with Image.open(io.BytesIO(data)) as image:
        (pixels,) = image.tag_v2[273]
    at = data.index(struct.pack("<HHI", GPS, 4, 1))
    data[at + 8 : at + 12] = struct.pack("<I", pixels)
    data[pixels : pixels + 14] = struct.pack("<HHHII", 1, 2, 5, 3, pixels + 20)  # one tag of three fractions
    with pytest.raises(ImageError, match="its pixels would change"):
        without_location(bytes(data))
    data[at + 8 : at + 12] = data[4:8]
    with pytest.raises(ImageError, match="its tags overlap"):
        without_location(bytes(data))


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    kind=st.sampled_from(("JPEG", "PNG", "WEBP", "TIFF", "AVIF", "HEIC", "JPEG2000", "MPO")),
    changes=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), min_size=1, max_size=6),
    cut=st.floats(0, 1),
    is_cut=st.booleans(),
)
def test_a_damaged_file_is_refused_or_keeps_its_pixels(kind, changes, cut, is_cut):
    data = bytearray(FILES[kind])
    early = 1500 if kind not in ("AVIF", "HEIC") else len(data)  # where the metadata are
    for place, value in changes:
        data[int(place * (min(early, len(data)) - 1))] = value
    data = bytes(data[: int(cut * len(data))] if is_cut else data)
    try:
        out = without_location(data)
    except ImageError:
        return
    try:
        before = decode(data)
    except ImageError:
        return
    assert decode(out).image.tobytes() == before.image.tobytes()


FILES = {kind: located(kind) for kind in ("JPEG", "PNG", "WEBP", "TIFF", "AVIF")}
FILES["HEIC"] = heic(scene(), exif=exif().tobytes(), xmp=XMP)
FILES["JPEG2000"] = encoded(scene(), "JPEG2000") + uuid_box(b"JpgTiffExif->JP2", exif().tobytes())
FILES["MPO"] = encoded(scene(), "MPO", save_all=True, append_images=[scene()], exif=exif(), quality=95)


@pytest.mark.slow
def test_real_photographs_lose_the_place_and_keep_their_pixels(data):
    n = 0
    for path in sorted(data.glob("bears_*/*/*")) + sorted(data.glob("odd_files/*.jpg")):
        file = path.read_bytes()
        try:
            out = without_location(file)
            before = read(file)
        except (ImageError, OSError, SyntaxError, ValueError):
            continue
        if out == file:
            assert not before[1], path
            continue
        n += bool(before[1])
        assert read(out)[1] == {}, path
        assert read(out)[0][1::2] == before[0][1::2], path
        assert same_pixels(file, out), path
    assert n > 10
