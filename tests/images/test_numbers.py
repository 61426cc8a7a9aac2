"""What the numbers in a TIFF, a PNG or a PNM file mean by its own header, against plain arithmetic."""

import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from bearkit.errors import ImageError
from bearkit.images import decode, from_pillow
from bearkit.images.metadata import PNG
from tests.conftest import encoded

SHORT, LONG = 3, 4


def tiff(values, order="<", packed=False, **tags):
    """A TIFF of values (H, W) or (H, W, C), with tags by number as `t338=[0]`, one strip; deflated if packed."""
    n = values.shape[2] if values.ndim == 3 else 1
    plain = values.astype(values.dtype.newbyteorder(order)).tobytes()
    pixels = zlib.compress(plain) if packed else plain
    height, width, bits = *values.shape[:2], 8 * values.itemsize
    entries = {256: [width], 257: [height], 258: [bits] * n, 259: [8 if packed else 1],
               262: [2 if n > 2 else 1], 273: [0], 277: [n], 278: [height], 279: [len(pixels)],
               339: [{"u": 1, "i": 2, "f": 3}[values.dtype.kind]] * n}  # fmt: skip
    entries |= {int(name[1:]): value for name, value in tags.items()}
    return written(entries, pixels, order)


def written(entries, pixels, order="<"):
    """Tags and then what they lead to, then the pixels; 273 is counted from where these begin."""
    texts = {name: value for name, value in entries.items() if isinstance(value, bytes)}
    forms = {name: SHORT if name in (258, 338, 339) else LONG for name in entries}
    bodies = {
        name: texts.get(name) or struct.pack(order + {SHORT: "H", LONG: "I"}[forms[name]] * len(value), *value)
        for name, value in entries.items()
    }
    start = 8 + 2 + 12 * len(entries) + 4
    ends = start + sum(len(body) for body in bodies.values() if len(body) > 4)
    places = [place + ends for place in entries[273]]
    bodies[273] = struct.pack(order + "I" * len(places), *places)
    rows, behind = b"", b""
    for name in sorted(entries):
        body, kind = bodies[name], 2 if name in texts else forms[name]
        n = len(body) if name in texts else len(entries[name])
        value = body.ljust(4, b"\0") if len(body) <= 4 else struct.pack(order + "I", start + len(behind))
        behind += body if len(body) > 4 else b""
        rows += struct.pack(order + "HHI", name, kind, n) + value
    head = b"II*\0" if order == "<" else b"MM\0*"
    return head + struct.pack(order + "IH", 8, len(entries)) + rows + bytes(4) + behind + pixels


def seen(data):
    """What is trained on, int (H, W, 3)."""
    return np.asarray(decode(data).image).astype(int)


def ramp(kind, low, high):
    return np.linspace(low, high, 48).astype(kind).reshape(6, 8)


def stretched(values):
    values = values.astype(float)
    return np.round((values - values.min()) / (values.max() - values.min()) * 255)


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(
    "values",
    [
        ramp("u1", 0, 255),
        ramp("i1", -128, 127),
        ramp("u2", 0, 65535),
        ramp("u2", 0, 4095),
        ramp("i2", -3000, 20000),
        ramp("i4", -70000, 2_000_000),
        ramp("f4", -2.5, 3.5),
        ramp("u4", 0, 2**32 - 1),
        ramp("u4", 0, 2**20 - 1),
    ],
)
def test_grey_numbers_of_any_kind_are_read_in_order_or_refused_by_name(values, order, packed):
    for white, right in ((1, stretched(values)), (0, 255 - stretched(values))):
        data = tiff(values, order, packed, t262=[white])
        try:
            found = seen(data)
        except ImageError as error:
            assert f"a TIFF of a kind that is not read: 1 channels of {8 * values.itemsize}-bit" in str(error)
            assert ("0 for white" in str(error)) == (white == 0)
            assert white == 0 or (order, values.dtype.kind, values.itemsize) == (">", "u", 4)
            continue
        assert np.abs(found - right[..., None]).max() <= 1


def test_the_kinds_of_grey_that_scanners_and_microscopes_write_are_read():
    whites = ((ramp("u2", 0, 65535), 0), (ramp("u1", 0, 255), 0), (ramp("f4", 0, 1), 0), (ramp("i1", -9, 9), 1))
    for values, white in whites:
        right = 255 - stretched(values) if white == 0 else stretched(values)
        assert np.abs(seen(tiff(values, t262=[white]))[..., 0] - right).max() <= 1


def test_a_tiff_that_somebody_else_opened_means_the_same(tmp_path):
    values = ramp("u2", 0, 65535)
    (tmp_path / "a.tif").write_bytes(tiff(values, t262=[0]))
    with Image.open(tmp_path / "a.tif") as image:
        assert np.abs(np.asarray(from_pillow(image))[..., 0] - (255 - stretched(values))).max() <= 1


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("bits", [10, 12, 14, 16])
def test_colours_of_12_bits_in_16_are_as_bright_as_those_of_8(bits, order, packed):
    most = 2**bits - 1
    colours = np.random.default_rng(0).integers(0, most + 1, (6, 8, 3)).astype("u2")
    colours[0, 0] = most
    right = np.round(colours / most * 255)
    assert np.abs(seen(tiff(colours, order, packed)) - right).max() <= 1


def test_colours_in_planes_of_their_own_are_read_whole():
    colours = np.random.default_rng(1).integers(0, 65536, (6, 8, 3)).astype("u2")
    planes = np.moveaxis(colours, 2, 0).copy()
    places, sizes = [0, 96, 192], [96, 96, 96]
    entries = {256: [8], 257: [6], 258: [16] * 3, 259: [1], 262: [2], 277: [3], 278: [6], 284: [2]}
    entries |= {273: places, 279: sizes}
    assert np.abs(seen(written(entries, planes.tobytes())) - np.round(colours / 257)).max() <= 1


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("kind", ["u1", "u2"])
def test_infrared_is_no_transparency(kind, packed):
    most = np.iinfo(kind).max
    values = np.random.default_rng(2).integers(0, most + 1, (6, 8, 4)).astype(kind)
    right = np.round(values[..., :3] / most * 255)
    for extra in ({"t338": [0]}, {}):
        assert np.abs(seen(tiff(values, "<", packed, **extra)) - right).max() <= 1


def test_what_a_tiff_calls_transparency_is_laid_over_white():
    values = np.full((6, 8, 4), 40, "u1")
    values[:3, :, 3], values[3:, :, 3] = 0, 255
    for extra in ({"t338": [2]}, {}):  # without a word: all of it is clear or not, as masks are
        found = seen(tiff(values, **extra))
        assert (set(found[:3].ravel()), set(found[3:].ravel())) == ({255}, {40})


@pytest.mark.parametrize(
    ("kind", "no_data"),
    [("f4", value) for value in (9999, 32767, -999.25, -99, -999, 99999, -9999.9, 123456)]
    + [("i2", value) for value in (9999, 32767, -99, -999)]
    + [("i4", value) for value in (9999, 32767, -99, 99999, 123456)]
    + [("u2", 9999)],
)
def test_usual_values_for_no_data_do_not_hide_the_others(kind, no_data):
    values = ramp(kind, 10, 250)
    expected = seen(tiff(values))
    found = seen(tiff(np.concatenate([np.full((2, 8), no_data).astype(kind), values])))
    assert np.abs(found[2:] - expected).max() <= 1
    assert abs(found[:2].mean() - np.median(expected)) <= 2  # neither black nor white


def test_bright_spots_are_not_taken_for_no_data():
    values = ramp("u2", 10, 250)
    values[2, 2:6] = 65535
    assert seen(tiff(values))[2, 3].tolist() == [255] * 3
    one = ramp("f4", 10, 250)
    one[2, 2] = 999
    assert seen(tiff(one))[2, 2].tolist() == [255] * 3


def test_the_value_that_gdal_names_is_left_out_of_numbers_of_any_kind():
    for kind, no_data in (("i1", -128), ("u4", 2**32 - 1), ("i2", 77), ("u2", 300)):
        values = ramp(kind, 0, 100)
        values[:2] = no_data
        found = seen(tiff(values, t42113=b"%d\0" % no_data))
        assert abs(found[0, 0, 0] - np.median(found[2:])) <= 2, kind


def png(header, pixels, **chunks):
    """A PNG of rows of bytes, with chunks by name before its pixels."""

    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    rows = b"".join(b"\0" + row for row in pixels)
    more = b"".join(chunk(name.encode(), body) for name, body in chunks.items())
    width, height, bits, colours = header
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, colours, 0, 0, 0))
    return PNG + head + more + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


@pytest.mark.parametrize("bits", [1, 2, 4, 8, 16])
def test_the_grey_that_a_png_calls_transparent_is_white(bits):
    n, most = min(2**bits, 16), 2**bits - 1
    shades = np.round(np.linspace(0, most, n)).astype(int)
    text = "".join(f"{shade:0{bits}b}" for shade in shades)
    row = int(text.ljust(-(-len(text) // 8) * 8, "0"), 2).to_bytes(-(-len(text) // 8), "big")
    for clear in (0, n // 2, n - 1):
        data = png((n, 1, bits, 0), [row], tRNS=struct.pack(">H", shades[clear]))
        right = np.where(np.arange(n) == clear, 255, np.round(shades / most * 255))
        found = seen(data)[0, :, 0]
        assert np.abs(found - right).max() <= 1 or (bits == 16 and clear == n - 1 and found[clear] == 255)
        assert decode(data).transparent


@pytest.mark.parametrize("kind", ["u1", "u2"])
def test_the_colour_that_a_png_calls_transparent_is_white_by_all_its_bits(kind):
    colours = np.array([[[200, 100, 50], [200, 100, 51], [0, 0, 0], [255, 255, 255]]]).astype(kind)
    row = colours.astype(">" + kind).tobytes()
    found = seen(png((4, 1, 8 * colours.itemsize, 2), [row], tRNS=struct.pack(">HHH", 200, 100, 50)))
    assert found[0, 0].tolist() == [255, 255, 255]
    assert found[0, 1].tolist() != [255, 255, 255]
    assert found[0, 2].tolist() == [0, 0, 0]


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_the_transparency_of_a_palette_is_laid_over_white(bits):
    row = {1: b"\x40", 2: b"\x10", 4: b"\x01", 8: b"\0\1"}[bits]  # colours 0, 1
    palette = bytes([255, 0, 0, 0, 0, 255])
    found = seen(png((2, 1, bits, 3), [row], PLTE=palette, tRNS=b"\xff\x00"))
    assert found[0].tolist() == [[255, 0, 0], [255, 255, 255]]
    half = seen(png((2, 1, bits, 3), [row], PLTE=palette, tRNS=b"\x80"))
    assert np.abs(half[0] - [[255, 127, 127], [0, 0, 255]]).max() <= 1


def test_a_wrong_checksum_of_the_transparency_does_no_harm():
    data = png((2, 1, 4, 0), [b"\x0f"], tRNS=struct.pack(">H", 0))
    at = data.find(b"tRNS") + 6
    assert seen(data[:at] + b"\0\0\0\0" + data[at + 4 :])[0, :, 0].tolist() == [0, 255]


@pytest.mark.parametrize("most", [1, 100, 255, 300, 4095, 65535])
@pytest.mark.parametrize("kind", [2, 3, 5, 6])
def test_numbers_of_a_pnm_are_scaled_by_its_own_maximum(kind, most):
    channels = 3 if kind in (3, 6) else 1
    values = np.random.default_rng(kind).integers(0, most + 1, 12 * channels)
    values[:channels] = most
    body = b" ".join(b"%d" % value for value in values)
    if kind > 4:
        body = values.astype("u1" if most < 256 else ">u2").tobytes()
    found = seen(b"P%d\n# a note\n4 # another\n3\n%d\n" % (kind, most) + body)
    right = np.round(values / most * 255).reshape(3, 4, channels)
    assert np.abs(found - right).max() <= 1


def test_bits_of_a_pbm_are_black_where_they_are_1():
    for data in (b"P1 # x\n3 2\n1 0 1\n# y\n0 1 1", b"P1 3 2 101011", b"P4 3 2\n\xa0\x60"):
        assert seen(data)[..., 0].tolist() == [[0, 255, 0], [255, 0, 0]]


@pytest.mark.slow
def test_endless_comments_and_slow_numbers_are_read_at_once_or_refused():
    """In Python, number by number, each would take minutes."""
    long = b"P5\n#" + b"x" * 30_000_000 + b"\n2 1\n255\n\x10\x20"
    assert seen(long)[0, :, 0].tolist() == [16, 32]
    many = b"P2 2 1 255 " + b"#\n" * 1_000_000 + b"16 32"
    assert seen(many)[0, :, 0].tolist() == [16, 32]
    assert decode(b"P6 3000 2000 254\n" + bytes(18_000_000)).image.getpixel((5, 5)) == (0, 0, 0)
    floats = b"Pf\n#" + b"x" * 30_000_000 + b"\n2 1 # and more\n-1.0\n" + struct.pack("<2f", 0, 1)
    assert seen(floats)[0, :, 0].tolist() == [0, 255]
    assert seen(b"PyRGBA\n#" + b"x" * 30_000_000 + b"\n1 1\n255\n\x10\x20\x30\xff")[0, 0].tolist() == [16, 32, 48]
    with pytest.raises(ImageError, match="10,000 lines of comments before the pixels: refused"):
        decode(b"P5\n" + b"#\n" * 1_000_000 + b"2 1 255\n\x10\x20")


def test_a_jpeg_2000_of_endless_boxes_is_refused():
    data = encoded(Image.new("RGB", (8, 8), "red"), "JPEG2000")
    boxes = struct.pack(">I4s", 8, b"free")
    at = data.find(b"jp2h") - 4
    assert decode(data[:at] + boxes * 100 + data[at:]).image.getpixel((4, 4)) == (255, 0, 0)
    with pytest.raises(ImageError, match="more than 10,000 parts: refused"):
        decode(data[:at] + boxes * 100_000 + data[at:])


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"P5 20000 20000 255\n", "megapixels: refused"),
        (b"P2 2 1 255 16", "cut off"),
        (b"P5 2 1 255\n\x10", "cut off"),
        (b"P5 2 1 254\n\x10", "cut off"),
        (b"P1 2 1 1", "cut off"),
        (b"P2 2 1 255 16 999", "a value of 999 where 255 is the most"),
        (b"P2 2 1 255 16 -9", "not all whole numbers"),
        (b"P1 2 1 1 7", "not all 0 or 1"),
        (b"P5 2", "a number of its header is missing"),
        (b"P5 # no end", "a number of its header is missing"),
        (b"P5 0 2 255\n", "0 x 2 pixels"),
        (b"P5 2 2 70000\n", "values up to 70000"),
    ],
)
def test_a_damaged_pnm_says_what_is_wrong(data, why):
    with pytest.raises(ImageError, match=why):
        decode(data)


def test_a_grey_picture_of_floats_is_still_read():
    assert seen(b"Pf\n2 1\n-1.0\n" + struct.pack("<2f", 0, 1))[0, :, 0].tolist() == [0, 255]
    assert seen(encoded(Image.new("RGB", (4, 4), "red"), "PPM"))[0, 0].tolist() == [255, 0, 0]
