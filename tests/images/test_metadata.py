"""What else is in a picture's file (videos, previews, texts, tags) neither hides the picture nor costs anything."""

import struct
import zlib

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from bearkit.errors import ImageError
from bearkit.images import decode, has_gps_position
from bearkit.images.tiff import ORIENTATION, check_exif_blocks
from tests.conftest import encoded
from tests.samples import is_scene, scene, turned

SCAN = b"\xff\xda\0\x08\1\1\0\0\x3f\0"  # the beginning of a scan of one component


def segment(marker, content):
    return b"\xff" + bytes([marker]) + struct.pack(">H", len(content) + 2) + content


def with_segments(*segments, image=None):
    """A JPEG with these segments at its beginning."""
    jpeg = encoded(image or scene(), "JPEG", quality=95)
    return jpeg[:2] + b"".join(segments) + jpeg[2:]


def chunk(kind, content, wrong=0):
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content) ^ wrong)


def with_chunk(*chunks):
    """A PNG with these chunks before its pixels."""
    png = encoded(scene())
    at = png.index(b"IDAT") - 4
    return png[:at] + b"".join(chunks) + png[at:]


def exif_of_one_tag(tag, value):
    return b"II*\0\x08\0\0\0\1\0" + struct.pack("<HHIHH", tag, 3, 1, value, 0) + bytes(4)


def overlapping_exif(n_tags, size):
    """An EXIF block whose tags are all the same bytes: small, but a reader that copies each needs n_tags * size."""
    entries = b"".join(struct.pack("<HHII", 1000 + n, 7, size, 8) for n in range(n_tags))
    return b"II*\0\x08\0\0\0" + struct.pack("<H", n_tags) + entries + bytes(4)


@pytest.mark.parametrize(
    "data",
    [
        encoded(scene(), "JPEG", quality=95) + b"MotionPhoto_Data" + SCAN * 300,  # a video behind the picture
        encoded(scene(), "JPEG", quality=95) + encoded(scene(), "JPEG", progressive=True) * 30,  # gain maps, previews
        with_segments(segment(0xE1, b"Exif\0\0" + b"\xff\xda" * 5000)),  # an embedded preview
        with_segments(segment(0xE2, b"MPF\0" + b"\xff\xda" * 5000), segment(0xFE, b"\xff\xd9\xff\xda" * 200)),
        encoded(scene(), "MPO", save_all=True, append_images=[scene()] * 3, quality=95),
    ],
)
def test_what_phones_put_into_a_jpeg_is_not_taken_for_the_picture(data):
    assert is_scene(data)


@pytest.mark.parametrize("hide", [b"", segment(0xFE, b"\xff\xd9"), b"\xff\x02\xff\xff"])
def test_the_scans_of_a_jpeg_are_counted_up_to_its_real_end(hide):
    progressive = encoded(scene(), "JPEG", progressive=True)
    with pytest.raises(ImageError, match="more than 100 scans"):
        decode(progressive[:-2] + hide + SCAN * 200 + b"\xff\xd9" + progressive)


def test_a_jpeg_of_endless_segments_is_refused():
    with pytest.raises(ImageError, match="more than 10,000 segments"):
        decode(with_segments(segment(0xE1, b"Exif\0\0x") * 20_000))


@pytest.mark.parametrize("kind", [b"tEXt", b"tIME", b"pHYs", b"eXIf", b"iCCP", b"gAMA", b"zTXt", b"iTXt", b"acTL"])
def test_a_note_of_a_png_with_a_wrong_checksum_or_content_is_left_out(kind):
    assert is_scene(with_chunk(chunk(kind, b"Software\0x", wrong=1)))
    assert is_scene(with_chunk(chunk(kind, b"abc")))


def test_a_png_with_large_texts_and_profiles_is_read():
    info = PngImagePlugin.PngInfo()
    info.add_text("workflow", "x" * 3_000_000, zip=True)
    info.add_itxt("workflow", "x" * 3_000_000, zip=True)
    assert is_scene(encoded(scene(), pnginfo=info))
    assert is_scene(encoded(scene(), icc_profile=np.random.default_rng(0).bytes(2_000_000)))


def test_a_text_that_unpacks_to_gigabytes_is_not_unpacked():
    bomb = zlib.compress(bytes(50_000_000))
    assert is_scene(with_chunk(chunk(b"zTXt", b"Raw profile type exif\0\0" + bomb)))


@pytest.mark.parametrize("name", [b"IHDR", b"IDAT"])
def test_a_png_whose_own_parts_have_a_wrong_checksum_is_refused(name):
    png = bytearray(encoded(scene()))
    at = png.index(name)
    png[at + 4 + int.from_bytes(png[at - 4 : at], "big")] ^= 1
    with pytest.raises(ImageError, match=f"wrong checksum in {name.decode()}"):
        decode(bytes(png))


def test_a_cut_off_png_is_still_refused():
    with pytest.raises(ImageError, match="cut off"):
        decode(encoded(Image.effect_noise((200, 200), 90))[:-4000])


def test_large_metadata_of_other_formats_is_no_harm():
    long = b"x" * 3_000_000
    assert is_scene(encoded(scene(), "WEBP", xmp=long, icc_profile=long, lossless=True))
    assert is_scene(encoded(scene(), "TIFF", tiffinfo={270: "d" * 3_000_000, 700: long}))
    profiles = [segment(0xE2, b"ICC_PROFILE\0" + bytes([n, 255]) + b"x" * 60_000) for n in range(1, 100)]
    assert is_scene(with_segments(*profiles))
    gif = encoded(scene().quantize(8), "GIF")
    at = 13 + (3 << ((gif[10] & 7) + 1))
    comment = b"\x21\xfe" + (b"\xff" + b"c" * 255) * 4000 + b"\0"
    assert is_scene(gif[:at] + comment + gif[at:])


@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "PNG", "AVIF"])
def test_tags_that_would_fill_the_memory_are_not_read(kind):
    bomb = overlapping_exif(50_000, 600_000)  # 30 GB, if each were copied
    if kind == "JPEG":
        parts = [bomb[at : at + 60_000] for at in range(0, len(bomb), 60_000)]
        assert is_scene(with_segments(*(segment(0xE1, b"Exif\0\0" + part) for part in parts)))
    elif kind == "AVIF":  # its decoder reads them before anybody is asked
        harmless = exif_of_one_tag(256, 1).ljust(len(bomb), b"\0")
        with pytest.raises(ImageError, match="its tags take more than the file has"):
            decode(encoded(scene(), kind, exif=harmless).replace(harmless, bomb))
    else:
        assert is_scene(encoded(scene(), kind, exif=bomb, **({"lossless": True} if kind == "WEBP" else {})))


def test_a_tiff_whose_tags_are_all_the_same_bytes_is_refused():
    with pytest.raises(ImageError, match="its tags take more than the file has"):
        decode(overlapping_exif(3000, 2_000_000) + bytes(2_000_000))


def test_which_way_up_a_picture_is_stays_known():
    side, block = turned(scene()), exif_of_one_tag(ORIENTATION, 6)
    for kind, options in (("JPEG", {"quality": 95}), ("PNG", {}), ("WEBP", {"lossless": True}), ("AVIF", {})):
        exif = Image.Exif()
        exif[ORIENTATION] = 6
        assert is_scene(encoded(side, kind, exif=exif, **options)), kind
    xmp = segment(0xE1, b'http://ns.adobe.com/xap/1.0/\0<rdf tiff:Orientation="6"/>')
    assert is_scene(with_segments(xmp, image=side))
    assert is_scene(with_segments(segment(0xE1, b"Exif\0\0" + block), xmp.replace(b"6", b"3"), image=side))
    info = PngImagePlugin.PngInfo()
    info.add_text("Raw profile type exif", f"\nexif\n{len(block)}\n{block.hex()}")  # as ImageMagick writes it
    assert is_scene(encoded(side, pnginfo=info))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF"])
def test_where_a_picture_was_taken_is_seen_without_decoding_it(tmp_path, kind):
    exif = Image.Exif()
    exif[271] = "camera"
    exif.get_ifd(34853)[1] = "N"
    scene().save(tmp_path / "here", kind, exif=exif)
    scene().save(tmp_path / "nowhere", kind)
    assert (has_gps_position(tmp_path / "here"), has_gps_position(tmp_path / "nowhere")) == (True, False)


@pytest.mark.parametrize("note", ["eXIf", "xmp"])
def test_a_png_is_upright_also_where_its_orientation_lies_behind_its_pixels(note):
    exif = Image.Exif()
    exif[0x0112] = 6
    content = exif.tobytes().removeprefix(b"Exif\0\0") if note == "eXIf" else (
        b"XML:com.adobe.xmp\0\0\0\0\0<x tiff:Orientation='6'/>".replace(b"'", b'"')
    )  # fmt: skip
    kind = b"eXIf" if note == "eXIf" else b"iTXt"
    data = encoded(Image.new("RGB", (40, 20), "red"))
    chunk = len(content).to_bytes(4, "big") + kind + content + zlib.crc32(kind + content).to_bytes(4, "big")
    end = data.rindex(b"IEND") - 4
    assert decode(data[:end] + chunk + data[end:]).image.size == (20, 40)


def test_a_file_of_very_many_exif_tags_is_refused_at_once():
    one = b"II*\0" + (8).to_bytes(4, "little")
    tags = (60_000).to_bytes(2, "little") + b"".join(
        n.to_bytes(2, "little") + b"\x03\0\x01\0\0\0\x01\0\0\0" for n in range(60_000)
    )
    with pytest.raises(ImageError, match="EXIF tags"):
        check_exif_blocks((one + tags) * 3)
