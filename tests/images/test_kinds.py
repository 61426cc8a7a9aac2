"""Every other kind of file is known by its content: read where we can, and otherwise named, with what to do."""

import importlib
import io
import struct
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from bearkit import Predictor, import_images
from bearkit.errors import ImageError
from bearkit.images import decode, suffixes
from bearkit.web.predict_page import PredictPage
from tests.conftest import encoded, picture
from tests.samples import heic, is_scene, scene, turned

pillow_heif = pytest.importorskip("pillow_heif")


def tiff(tags, sub=None):
    """A TIFF of these tags, (type, value) by number, with 4 bytes of pixels, and a second list of tags in SubIFDs."""

    def ifd(entries):
        rows = b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, (kind, value) in sorted(entries.items()))
        return struct.pack("<H", len(entries)) + rows + bytes(4)

    size = 2 + 12 * (len(tags) + bool(sub)) + 4
    inner = ifd(sub) if sub else b""
    entries = tags | ({330: (4, 8 + size)} if sub else {}) | {273: (4, 8 + size + len(inner))}
    size_of = 2 + 12 * len(entries) + 4
    assert size_of == size or 273 in tags
    return b"II*\0\x08\0\0\0" + ifd(entries) + inner + b"\x50\x60\x70\x80"


GREY = {256: (3, 2), 257: (3, 2), 258: (3, 8), 259: (3, 1), 262: (3, 1), 273: (4, 0), 277: (3, 1), 278: (3, 2),
        279: (4, 4)}  # fmt: skip
MAKE = {271: (2, int.from_bytes(b"Cam", "little"))}


def test_a_heic_photo_is_a_picture_like_any_other():
    found = decode(heic(scene()))
    assert is_scene(heic(scene()))
    assert (found.format, found.image.mode) == ("HEIF", "RGB")
    clear = decode(heic(Image.new("RGBA", (64, 64), (255, 0, 0, 0))))
    assert (clear.transparent, clear.image.getpixel((9, 9))) == (True, (255, 255, 255))
    deep = pillow_heif.from_bytes("RGB;16", (64, 64), np.full((64, 64, 3), 32768, np.uint16).tobytes())
    out = io.BytesIO()
    deep.save(out, quality=-1)
    assert abs(decode(out.getvalue()).image.getpixel((9, 9))[0] - 128) <= 2


@pytest.mark.parametrize("orientation", [6, 3])
def test_a_heic_photo_is_turned_upright_once(orientation):
    stored = turned(scene()) if orientation == 6 else scene().transpose(Image.Transpose.ROTATE_180)
    exif = Image.Exif()
    exif[0x0112] = orientation
    rotated = heic(stored, exif=exif.tobytes())  # as phones write it: the container rotates, and EXIF repeats it
    assert b"irot" in rotated
    assert is_scene(rotated)
    only_exif = rotated.replace(b"irot", b"free")  # as some programs write it
    assert is_scene(only_exif)


def test_of_many_pictures_in_a_heic_file_the_main_one_counts():
    both = pillow_heif.from_pillow(Image.new("RGB", (64, 64), "white"))
    both.add_from_pillow(scene())
    out = io.BytesIO()
    both.save(out, primary_index=1, quality=-1, chroma=444)
    assert is_scene(out.getvalue())


def test_a_cut_off_heic_or_avif_file_says_so():
    for data in (heic(scene()), encoded(scene(), "AVIF")):
        for end in (len(data) // 2, len(data) - 10):
            with pytest.raises(ImageError, match="cut off"):
                decode(data[:end])


def test_without_pillow_heif_the_way_out_is_named(monkeypatch):
    def missing(name):
        raise ImportError(name)

    data = heic(scene())
    monkeypatch.setattr(importlib, "import_module", missing)
    with pytest.raises(ImageError, match="an HEIC photo; save it as JPEG") as told:
        decode(data)
    assert "pip install pillow-heif" in told.value.hint


def test_heic_photos_are_imported_under_their_own_names(project, tmp_path):
    (tmp_path / "in" / "a").mkdir(parents=True)
    (tmp_path / "in" / "a" / "IMG_1.HEIC").write_bytes(heic(scene()))
    (tmp_path / "in" / "a" / "no-suffix").write_bytes(heic(turned(scene())))
    report = import_images(project, tmp_path / "in")
    assert (report.imported, report.rejected) == (2, [])
    assert {path.name for path in project.images.rglob("*.*")} == {"IMG_1.HEIC", "no-suffix.heic"}
    assert {".heic", ".heif", ".jpg"} <= suffixes()


def test_a_page_shows_what_browsers_do_not(tmp_path, trained):
    page = PredictPage.__new__(PredictPage)  # its handlers alone, without the components
    predictor = Predictor(trained.model)
    page.model_of = lambda _: (predictor, None)
    hidden = ("TIFF", "JPEG2000", "TGA", "PCX", "PPM")
    shown = ("JPEG", "PNG", "GIF", "WEBP", "AVIF", "BMP", "ICO")
    files = {name: encoded(scene(), name) for name in (*hidden, *shown)} | {"HEIC": heic(scene())}
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
        said, probs, *_ = page.predict(str(tmp_path / name))
        assert ("data:image/jpeg;base64," in said, len(probs)) == (name not in shown, 3), name


def test_importing_bearkit_changes_nothing_for_the_host_program():
    code = (
        "import warnings, numpy, onnxruntime, PIL.Image as I, PIL.ImageFile as F\n"
        "I.init()\n"
        "state = lambda: (list(warnings.filters), dict(I.OPEN), dict(I.EXTENSION), I.MAX_IMAGE_PIXELS, "
        "F.LOAD_TRUNCATED_IMAGES, list(I.ID))\n"
        "before = state()\n"
        "import bearkit.inference.predictor, bearkit.images.thumbnails\n"
        f"bearkit.images.decode({heic(scene())!r})\n"
        f"bearkit.images.decode({encoded(scene())!r})\n"
        "print(state() == before)"
    )
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True)
    assert (done.stdout.strip(), done.stderr) == ("True", "")


@pytest.mark.parametrize(
    "data",
    [
        b"IIU\0\x18\0\0\0" + bytes(60), b"IIRO\x08\0\0\0" + bytes(60), b"IIRS\x08\0\0\0" + bytes(60),
        b"FUJIFILMCCD-RAW 0201" + bytes(60), b"II\x1a\0\0\0HEAPCCDR" + bytes(60), b"FOVb" + bytes(60),
        b"\0\0\0\x18ftypcrx \0\0\0\1crx isom" + bytes(60),
        b"II*\0\x10\0\0\0CR\2\0" + bytes(4) + tiff(GREY)[8:],
        tiff(GREY | {50706: (1, 0x00000401)}),  # DNG
        tiff(GREY | MAKE | {254: (4, 1)}, sub=GREY | {256: (3, 6000), 257: (3, 4000)}),  # NEF: the first is a preview
        tiff(GREY | MAKE, sub=GREY | {262: (3, 32803)}),  # a colour filter array behind it
        tiff(GREY | {262: (3, 32803)}),
    ],
)  # fmt: skip
def test_a_cameras_raw_file_is_named_and_not_taken_for_its_preview(data):
    with pytest.raises(ImageError, match="a camera's raw file; export it as JPEG"):
        decode(data)


def test_a_tiff_that_a_camera_or_an_editor_wrote_is_a_picture():
    assert decode(tiff(GREY)).image.getpixel((0, 0)) == (0x50, 0x50, 0x50)
    smaller = GREY | {256: (3, 1), 257: (3, 1), 254: (4, 1)}
    assert decode(tiff(GREY | MAKE, sub=smaller)).image.size == (2, 2)
    assert is_scene(encoded(scene(), "TIFF", tiffinfo={271: "NIKON CORPORATION"}))


def test_a_tiff_of_a_kind_that_is_not_read_says_which():
    floats = GREY | {258: (3, 32), 277: (3, 3), 339: (3, 3), 262: (3, 2)}
    with pytest.raises(ImageError, match="3 channels of 32-bit floats, compression 1") as told:
        decode(tiff(floats))
    assert "save it as PNG" in told.value.hint


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"RIFF\x10\0\0\0AVI LIST", "a video"),
        (b"\x1aE\xdf\xa3" + bytes(40), "a video"),
        (b"\0\0\1\xba" + bytes(40), "a video"),
        (b"FLV\1" + bytes(40), "a video"),
        (b"\0\0\0\x14ftypqt  \0\0\0\0qt  " + bytes(40), "a video"),
        (b"\0\0\0\x08wide\0\0\0\x08mdat" + bytes(40), "a video"),
        ((b"G" + bytes(187)) * 4, "a video"),
        (b"RIFF\x24\0\0\0WAVEfmt ", "a sound"),
        (b"\0\0\0\x18ftypM4A \0\0\0\0" + bytes(40), "a sound"),
        (b"8BPS\0\1" + bytes(40), "a Photoshop file"),
        (b"gimp xcf v011" + bytes(40), "a GIMP file"),
        (bytes(128) + b"DICM" + bytes(40), "a DICOM file"),
        (b"CDF\1" + bytes(40), "a NetCDF file"),
        (b"\x89HDF\r\n\x1a\n" + bytes(40), "an HDF5"),
        (b"SIMPLE  =                    T" + b" " * 40, "a FITS file"),
        (struct.pack("<i", 348).ljust(344, b"\0") + b"n+1\0" + bytes(40), "a NIfTI volume"),
        (b"\xff\x0a" + bytes(40), "a JPEG XL picture"),
        (b"\0\0\0\x0cJXL \r\n\x87\n" + bytes(40), "a JPEG XL picture"),
        (b"II\xbc\1" + bytes(40), "a JPEG XR picture"),
        (b"v/1\1\2\0\0\0" + bytes(40), "an OpenEXR picture"),
        (b"\x1f\x8b\x08" + bytes(40), "a gzip file"),
        (b"\x93NUMPY\1\0" + bytes(40), "a NumPy array"),
        (b"\0\5\x16\7" + bytes(40), "AppleDouble"),
        (b"version https://git-lfs.github.com/spec/v1\noid", "Git LFS"),
    ],
)  # fmt: skip
def test_other_files_are_named_with_what_to_do(data, what):
    with pytest.raises(ImageError, match=what) as told:
        decode(data)
    assert told.value.hint


def test_no_picture_is_taken_for_something_else():
    for kind in ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "ICO", "PPM", "JPEG2000", "TGA", "PCX", "MPO"):
        assert decode(encoded(scene().resize((64, 64)), kind)).image.size == (64, 64), kind
    assert decode(picture(3)).format == "JPEG"
