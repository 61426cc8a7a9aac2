"""Every kind of file that people have: opened rightly, or refused with a reason that they understand."""

import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from bearkit.bodies.timm_import import import_timm
from bearkit.errors import ImageError
from bearkit.images import MAX_BYTES, content_id, decode, read_file, small_jpeg
from bearkit.images.preprocessing import Preprocessing, decode_for_body, preprocess, random_crop
from tests.conftest import encoded

RED, WHITE = (255, 0, 0), (255, 255, 255)


def photo(width=60, height=40):
    """Left half red, right half blue, top row green: says which way up it is."""
    image = Image.new("RGB", (width, height), "blue")
    image.paste("red", (0, 0, width // 2, height))
    image.paste("lime", (0, 0, width, height // 4))
    return image


def corner(image, where=(2, -3)):
    return image.getpixel((where[0] % image.width, where[1] % image.height))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "ICO", "PPM", "JPEG2000"])
def test_common_formats_open_whatever_the_file_is_called(kind):
    found = decode(encoded(photo(64, 64), kind))
    assert (found.format, found.width, found.height, found.image.mode) == (kind, 64, 64, "RGB")
    assert corner(found.image)[0] > 200


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_picture_comes_upright_whatever_its_exif_orientation(orientation):
    # how a camera that was held so stores the scene, for orientations 2 to 8
    stored_as = {2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
            5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_90, 7: Image.Transpose.TRANSVERSE,
            8: Image.Transpose.ROTATE_270}  # fmt: skip
    stored = photo() if orientation == 1 else photo().transpose(stored_as[orientation])
    exif = Image.Exif()
    exif[0x0112] = orientation
    found = decode(encoded(stored, "JPEG", exif=exif, quality=95))
    assert (found.width, found.height) == found.image.size == (60, 40)
    assert np.abs(np.asarray(found.image, int) - np.asarray(photo(), int)).mean() < 12


def test_transparency_is_laid_over_white():
    see_through = Image.new("RGBA", (8, 8), (255, 0, 0, 0))
    assert corner(decode(encoded(see_through)).image) == WHITE
    palette = Image.new("P", (8, 8), 0)
    palette.putpalette([255, 0, 0] * 256)
    assert corner(decode(encoded(palette)).image) == RED
    assert corner(decode(encoded(palette, transparency=0)).image) == WHITE
    assert corner(decode(encoded(Image.new("LA", (8, 8), (0, 0)))).image) == WHITE


def test_grey_cmyk_lab_and_bilevel_become_rgb():
    assert corner(decode(encoded(Image.new("L", (8, 8), 90))).image) == (90, 90, 90)
    assert corner(decode(encoded(Image.new("1", (8, 8), 1))).image) == WHITE
    assert corner(decode(encoded(Image.new("CMYK", (8, 8), (0, 255, 255, 0)), "TIFF")).image) == RED
    assert min(corner(decode(encoded(Image.new("LAB", (8, 8), (255, 128, 128)), "TIFF")).image)) > 250


def test_sixteen_bits_keep_their_shades():
    ramp = np.linspace(0, 65535, 64, dtype=np.uint16).reshape(8, 8)
    shades = np.asarray(decode(encoded(Image.fromarray(ramp))).image)[..., 0].ravel()
    assert shades[0] == 0
    assert shades[-1] == 255
    assert abs(int(shades[32]) - 130) <= 1


def test_twelve_bits_in_a_sixteen_bit_file_are_not_black():
    microscope = np.full((8, 8), 4095, np.uint16)
    assert corner(decode(encoded(Image.fromarray(microscope), "TIFF")).image) == WHITE


def test_floats_are_stretched():
    floats = np.linspace(0, 1, 64, dtype=np.float32).reshape(8, 8)
    assert np.asarray(decode(encoded(Image.fromarray(floats), "TIFF")).image).max() == 255


def test_of_an_animation_the_first_frame_counts():
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "lime", "blue")]
    for kind in ("GIF", "WEBP", "PNG"):
        moving = encoded(frames[0], kind, save_all=True, append_images=frames[1:])
        assert corner(decode(moving).image)[0] > 200
        assert corner(decode(moving).image)[2] < 60


def png_that_claims(width, height):
    """A PNG of a few bytes whose header promises a huge picture."""

    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = zlib.compress(b"\0" * 1000)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "the file is empty"),
        (b"<!DOCTYPE html><html>404</html>", "it is a web page"),
        (b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"></svg>', "SVG drawing"),
        (b"\0\0\0\x18ftypheic\0\0\0\0" + b"\0" * 60, "damaged"),
        (b"\0\0\0\x18ftypmp42\0\0\0\0" + b"\0" * 60, "a video"),
        (b"%PDF-1.7 ...", "a PDF"),
        (b"PK\x03\x04....", "a zip file"),
        (b"just some words", "no known picture format"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 40, "damaged"),
        (png_that_claims(50_000, 50_000), "megapixels: refused"),
        (png_that_claims(10_000, 10_000), "megapixels: refused"),
        (png_that_claims(2_000, 2_000), "cut off"),
        (encoded(photo(400, 300), "JPEG")[:2000], "cut off"),
        (encoded(Image.effect_noise((300, 300), 90))[:20_000], "cut off"),
        (encoded(photo(300, 300), "WEBP")[:200], "cut off"),
    ],
)
def test_what_is_no_picture_is_refused_with_a_reason_for_people(data, reason):
    with pytest.raises(ImageError, match=reason):
        decode(data)


def test_a_jpeg_of_endless_scans_is_refused_at_once():
    progressive = encoded(Image.effect_noise((64, 64), 80), "JPEG", progressive=True)
    with pytest.raises(ImageError, match="more than 100 scans"):
        decode(progressive[:-2] + b"\xff\xda\0\x08\1\1\0\0\x3f\0" * 200 + b"\xff\xd9")


def test_a_tiff_whose_tiles_are_bombs_is_refused():
    tags = {256: 64, 257: 64, 258: 8, 259: 8, 262: 1, 277: 1, 322: 20_000, 323: 20_000, 324: 200, 325: 100}
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags.items())
    tiff = b"II*\0" + struct.pack("<IH", 8, len(tags)) + entries + struct.pack("<I", 0)
    with pytest.raises(ImageError, match="megapixels: refused"):
        decode(tiff + b"\0" * 200)


def test_large_pictures_are_decoded_in_one_thread_and_come_out_as_small_as_needed():
    found = decode(encoded(Image.new("RGBA", (4000, 3000), (255, 0, 0, 128)), "PNG", compress_level=1), at_least=500)
    assert (found.width, found.height) == (4000, 3000)
    assert min(found.image.size) >= 500
    assert found.image.width * found.image.height < 1_000_000


def test_a_cut_off_jpeg_is_found_even_when_it_is_decoded_small():
    whole = encoded(Image.effect_noise((1600, 1200), 80).convert("RGB"), "JPEG")
    with pytest.raises(ImageError, match="cut off"):
        decode(whole[:-5000], at_least=1)


def test_files_that_cannot_be_read_say_why(tmp_path):
    with pytest.raises(ImageError, match="no such file"):
        read_file(tmp_path / "nothing.jpg")
    with pytest.raises(ImageError, match="is not a file"):
        read_file(tmp_path)
    with (tmp_path / "huge.jpg").open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    with pytest.raises(ImageError, match="the limit is 100 MiB"):
        read_file(tmp_path / "huge.jpg")


def test_every_odd_file_is_a_picture_or_a_reason(data):
    expected = {}
    for line in (data / "odd_files" / "MANIFEST.tsv").read_text().splitlines():
        name, *rest = line.split("\t")
        heif = name.endswith(".heif")  # the list was made with Pillow alone
        expected[name] = heif or not ("UNREADABLE" in rest[0] or "LOADFAIL" in line)
    found = {}
    for name in expected:
        try:
            image = decode(read_file(data / "odd_files" / name)).image
            preprocess(image, Preprocessing())
            found[name] = True
        except ImageError as error:
            assert len(str(error)) > 10
            found[name] = False
    assert found == expected


def test_a_big_jpeg_decodes_smaller_but_reports_its_own_size():
    found = decode(encoded(photo(1600, 1200), "JPEG"), at_least=200)
    assert (found.width, found.height) == (1600, 1200)
    assert found.image.size == (400, 300)


@pytest.mark.parametrize("size", [(640, 480), (480, 640), (333, 500), (224, 224), (100, 80), (256, 256), (1000, 257)])
def test_preprocessing_is_timms_own(size):
    timm = import_timm()
    how = Preprocessing(mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))
    image = Image.effect_noise(size, 100).convert("RGB")
    config = {"input_size": (3, 224, 224), "interpolation": "bicubic", "crop_pct": 0.875, "mean": how.mean}
    theirs = timm.data.create_transform(**config, std=how.std, is_training=False)(image).numpy()
    difference = np.abs(preprocess(image, how) - theirs)
    assert difference.max() < 1.01 / 127.5  # a grey level
    assert (difference > 1e-5).mean() < 5e-3


def test_a_big_photo_decoded_small_gives_the_body_nearly_the_same(data):
    how = Preprocessing()
    file = max((data / "bears_web" / "black").iterdir(), key=lambda path: path.stat().st_size)
    small, full = decode_for_body(read_file(file), how), decode(read_file(file)).image
    assert small.size < full.size
    assert np.abs(preprocess(small, how) - preprocess(full, how)).mean() < 0.02


def test_an_endless_panorama_does_not_fill_the_memory():
    crop = preprocess(Image.new("RGB", (1, 4_000_000), "red"), Preprocessing())
    assert crop.shape == (3, 224, 224)
    assert small_jpeg(Image.new("RGB", (3, 60_000), "red"), 64)


def test_random_crops_are_the_same_for_the_same_generator_and_of_the_right_size():
    image = Image.effect_noise((300, 200), 80).convert("RGB")
    first, second = (random_crop(image, Preprocessing(), np.random.default_rng(5)) for _ in range(2))
    assert first.size == (224, 224)
    assert first.tobytes() == second.tobytes()
    assert first.tobytes() != random_crop(image, Preprocessing(), np.random.default_rng(6)).tobytes()


def test_timms_configuration_goes_round():
    how = Preprocessing(size=300, crop_pct=0.904, interpolation="bilinear")
    assert Preprocessing.from_timm(how.as_timm()) == how


def test_thumbnails_are_small_jpegs():
    small = decode(small_jpeg(photo(900, 600), 100))
    assert (small.format, small.width, small.height) == ("JPEG", 100, 67)


def test_the_id_is_the_sha256_of_the_bytes():
    assert content_id(b"abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
