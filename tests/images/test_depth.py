"""Deep grey pictures keep their shades whatever stands for pixels without data; huge ones cost no memory."""

import resource
import struct
import sys

import numpy as np
import pytest
from PIL import Image

from bearkit.errors import ImageError
from bearkit.images import decode, jpeg
from tests.conftest import encoded
from tests.samples import scene


def hills():
    """Heights between 10 and 250, float32 (120, 160)."""
    rows, columns = np.mgrid[0:120, 0:160]
    return (130 + 120 * np.sin(columns / 20) * np.cos(rows / 15)).astype(np.float32)


def grey(values, **options):
    """What is trained on, of a TIFF of these values."""
    return np.asarray(decode(encoded(Image.fromarray(values), "TIFF", **options)).image)[..., 0].astype(int)


def int16(values):
    """A TIFF of signed 16 bits, which Pillow does not write."""
    height, width = values.shape
    tags = {256: width, 257: height, 258: 16, 259: 1, 262: 1, 273: 0, 277: 1, 278: height, 279: values.nbytes, 339: 2}
    tags[273] = 8 + 2 + 12 * len(tags) + 4
    rows = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags.items())
    data = b"II*\0\x08\0\0\0" + struct.pack("<H", len(tags)) + rows + bytes(4) + values.astype("<i2").tobytes()
    return np.asarray(decode(data).image)[..., 0].astype(int)


@pytest.mark.parametrize(
    "no_data", [-9999, -99999, -32768, -3.4028235e38, 3.4028235e38, 1e20, 9.96921e36, np.inf, -np.inf, np.nan, -12345]
)
@pytest.mark.parametrize("rows", [1, 30])
def test_pixels_without_data_do_not_hide_the_others(no_data, rows):
    values, there = hills(), np.s_[rows:]
    expected = grey(hills())[there]
    values[:rows] = no_data
    found = grey(values)
    assert np.abs(found[there] - expected).max() <= 3
    assert abs(found[:rows].mean() - np.median(expected)) <= 3  # neither black nor white


def test_the_value_that_the_file_names_is_left_out():
    values = hills()
    values[:30] = 0
    assert grey(values, tiffinfo={42113: "0"})[:30].mean() > 100
    assert grey(values)[:30].mean() < 5  # without a word it is a height like others
    deep = (hills() * 100).astype(np.uint16)
    expected = grey(deep)
    deep[:30] = 65535
    assert np.abs(grey(deep, tiffinfo={42113: "65535"})[30:] - expected[30:]).max() == 0


def test_single_pixels_far_off_are_cut():
    values = hills()
    values[0, :3] = 1e6, 2e6, -3e6
    assert np.abs(grey(values)[1:] - grey(hills())[1:]).max() <= 4


def test_whole_numbers_with_a_sign_are_read_alike():
    values = (hills() * 10).astype(np.int16)
    expected = int16(values)
    for no_data in (-32768, -9999):
        values[0] = no_data
        assert np.abs(int16(values)[1:] - expected[1:]).max() <= 1


def test_honest_values_stay_what_they_are():
    line = np.linspace(0, 255, 256, dtype=np.float32).reshape(16, 16)
    assert grey(line).ravel().tolist() == list(range(256))
    depths = np.linspace(-10000, 10000, 256, dtype=np.float32).round().reshape(16, 16)  # -9999 is one of them
    assert grey(depths)[0, 0] == 0
    bead = np.random.default_rng(0).normal(0, 0.01, (200, 200)).astype(np.float32)
    bead[5:8, 5:8] = 1
    assert grey(bead)[6, 6] == 255
    assert grey(bead)[100:].mean() < 20


def test_a_picture_without_any_data_is_refused_and_a_constant_one_is_grey():
    with pytest.raises(ImageError, match="not one pixel of the picture has data"):
        decode(encoded(Image.fromarray(np.full((8, 8), np.nan, np.float32)), "TIFF"))
    with pytest.raises(ImageError, match="not one pixel"):
        decode(encoded(Image.fromarray(np.full((8, 8), 7, np.float32)), "TIFF", tiffinfo={42113: "7"}))
    assert set(grey(np.full((8, 8), 7.5, np.float32)).ravel()) == {128}


def test_a_jpeg_of_108_megapixels_is_read_small():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    image = Image.new("L", (12_000, 9_000), 90)
    image.paste(200, (0, 0, 6_000, 9_000))
    data = encoded(image, "JPEG", quality=50)
    del image
    found = decode(data, at_least=1024)
    assert (found.width, found.height, found.image.size) == (12_000, 9_000, (1500, 1125))
    assert (found.image.getpixel((100, 100))[0], found.image.getpixel((1400, 1000))[0]) == (200, 90)
    assert decode(data).image.size == (6_000, 4_500)  # whole, it comes at a half
    if sys.platform == "linux":
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 500_000  # KB


def that_claims(data, width, height):
    """A JPEG whose header says another size."""
    at = max(data.find(b"\xff\xc0"), data.find(b"\xff\xc2")) + 5
    return data[:at] + struct.pack(">HH", height, width) + data[at + 4 :]


def test_huge_pictures_that_would_fill_the_memory_are_refused_before_they_are_decoded():
    baseline, progressive = (encoded(scene(), "JPEG", progressive=slow, subsampling=0) for slow in (False, True))
    for data, reason in (
        (that_claims(baseline, 60_000, 60_000), "more than 500 megapixels: refused, .*; save it smaller"),
        (
            that_claims(progressive, 16_000, 12_000),
            "a progressive JPEG of 192 megapixels: .* 1152 MB",
        ),
    ):
        with pytest.raises(ImageError, match=reason):
            decode(data)
    halved = encoded(scene(), "JPEG", progressive=True, subsampling=2)  # 4:2:0, as phones store colours
    jpeg.examine(that_claims(halved, 16_320, 12_240))  # 600 MB: not refused
