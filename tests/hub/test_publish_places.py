"""A published data set does not say where its pictures were taken, unless a person wants that."""

import hashlib
import io
import json

import numpy as np
import pytest
from datasets import config, load_dataset
from PIL import ExifTags, Image

from bearkit import Project, export_dataset, import_images, push_dataset
from bearkit.catalog.catalog import Catalog
from bearkit.catalog.label_set import label_set, toggle_example
from bearkit.cli.publishing_output import published
from bearkit.errors import NoImagesError
from bearkit.hub import client
from bearkit.images import content_id
from tests.conftest import encoded, picture
from tests.images.test_location import XMP, exif

LABELS = ("black", "teddy")
KINDS = {"jpg": "JPEG", "png": "PNG", "webp": "WEBP", "tif": "TIFF"}


@pytest.fixture(autouse=True)
def offline(tmp_path, monkeypatch):
    """`datasets` sees no network, and keeps what it makes for one test alone; no waiting for the Hub."""
    monkeypatch.setattr(config, "HF_DATASETS_CACHE", tmp_path / "hf")
    monkeypatch.setattr(client, "LOOK_AGAIN", (0, 0))


def photograph(number, kind):
    """A picture of noise, with a place in EXIF, and for JPEG in XMP too."""
    noise = np.random.default_rng(number).integers(0, 256, (48, 64, 3), np.uint8)
    options = {"xmp": XMP.replace(b'tiff:Orientation="6" ', b"")} if kind == "JPEG" else {}
    return encoded(Image.fromarray(noise), kind, exif=exif(1), **options)


@pytest.fixture
def photographs(project, tmp_path):
    """A project of 24 pictures: 16 with a place, in four formats, and 8 without."""
    for row, label in enumerate(LABELS):
        folder = tmp_path / "photographs" / label
        folder.mkdir(parents=True)
        for number in range(8):
            ending, kind = list(KINDS.items())[number % 4]
            (folder / f"{number}.{ending}").write_bytes(photograph(10 * row + number, kind))
        for number in range(4):
            (folder / f"plain-{number}.jpg").write_bytes(picture(10 * row + number))
    import_images(project, tmp_path / "photographs")
    return project


def add_stuck(project, tmp_path):
    """Import a picture from which the place cannot be removed; returns its path in the project."""
    (tmp_path / "stuck.bmp").write_bytes(encoded(Image.new("RGB", (64, 48), "red"), "BMP") + exif().tobytes())
    import_images(project, tmp_path / "stuck.bmp", label="black")
    return next(image.path for image in Catalog(project).images() if image.path.endswith(".bmp"))


def rows_of(folder):
    """The metadata of a written data set, with the path of each picture."""
    return [
        json.loads(line) | {"path": table.parent / json.loads(line)["file_name"]}
        for table in folder.rglob("metadata.jsonl")
        for line in table.read_text().splitlines()
    ]


def test_no_published_file_has_a_place_and_the_pixels_are_the_same(photographs, tmp_path, bearkit_json):
    result = bearkit_json("push-dataset", "me/x", "--dry-run", tmp_path / "push", "-p", photographs.root)
    assert (result["places_removed"], result["left_out"], result["missing"]) == (16, [], [])
    files = {image.image_id: photographs.root / image.path for image in Catalog(photographs).images()}
    rows = rows_of(tmp_path / "push")
    assert len(rows) == 24
    for row in rows:
        data, original = row["path"].read_bytes(), files[row["image_id"]].read_bytes()
        assert row["sha256"] == hashlib.sha256(data).hexdigest()
        assert b"GPSL" not in data
        with Image.open(row["path"]) as after, Image.open(io.BytesIO(original)) as was:
            had = was.getexif().get_ifd(ExifTags.IFD.GPSInfo)
            assert bool(had) is (row["sha256"] != row["image_id"])
            assert not after.getexif().get_ifd(ExifTags.IFD.GPSInfo)
            assert after.tobytes() == was.tobytes()
    loaded = load_dataset(str(tmp_path / "push"))
    seen = [row for part in loaded.values() for row in part]
    assert len(seen) == 24
    for row in seen:
        assert not row["image"].getexif().get_ifd(ExifTags.IFD.GPSInfo)
        with Image.open(files[row["image_id"]]) as was:
            assert row["image"].tobytes() == was.tobytes()
    card = (tmp_path / "push" / "README.md").read_text()
    assert "The place where a photograph was taken is removed: 16 files had one." in card


def test_the_places_stay_where_a_person_wants_that(photographs, tmp_path, bearkit_json):
    add_stuck(photographs, tmp_path)
    args = ("push-dataset", "me/x", "-p", photographs.root)
    result = bearkit_json(*args, "--keep-location", "--dry-run", tmp_path / "push")
    assert (result["places_removed"], result["left_out"]) == (0, [])
    rows = rows_of(tmp_path / "push")
    assert len(rows) == 25
    assert all(row["image_id"] == row["sha256"] == content_id(row["path"].read_bytes()) for row in rows)
    assert "some may contain the place" in (tmp_path / "push" / "README.md").read_text()
    said = bearkit_json(*args, "--keep-location", code=1)
    assert "At least 16 of the files contain the place where they were taken." in said["error"]
    assert "is removed from the published copy" in bearkit_json(*args, code=1)["error"]
    export_dataset(photographs, tmp_path / "local", "imagefolder")
    assert all(row["image_id"] == content_id(row["path"].read_bytes()) for row in rows_of(tmp_path / "local"))
    assert "sha256" not in rows_of(tmp_path / "local")[0], "a local export is as it was"


def test_a_picture_that_keeps_its_place_is_left_out_and_named(photographs, tmp_path, with_hub):
    server = with_hub()
    path = add_stuck(photographs, tmp_path)
    push_dataset(photographs, "me/x", keep_location=True)
    assert [name for name in server.hub.of("dataset", "me/x") if "stuck" in name]
    result = push_dataset(photographs, "me/x")
    assert (result["left_out"], result["missing"]) == ([path], [])
    there = server.hub.of("dataset", "me/x")
    assert not [name for name in there if "stuck" in name], "an earlier push had published it"
    assert "1 picture left out, because the place cannot be removed" in there["README.md"].decode()
    assert "24 pictures with 2 labels" in there["README.md"].decode()
    said = published(push_dataset(photographs, "me/x", dry_run=tmp_path / "push"))
    assert "The place where it was taken removed from 16 pictures" in said
    assert "Left out because the place cannot be removed (--keep-location publishes them with it):" in said
    assert path in said


def test_nothing_but_stuck_pictures_is_not_said_to_be_missing(project, tmp_path):
    add_stuck(project, tmp_path)
    with pytest.raises(NoImagesError, match=r"none of the 1 pictures can be published .*stuck") as raised:
        push_dataset(project, "me/x", dry_run=tmp_path / "push")
    assert "--keep-location" in raised.value.hint


def test_the_examples_of_labels_are_found_again_after_an_import(photographs, tmp_path, with_hub):
    with_hub()
    catalog = Catalog(photographs)
    chosen = next(image for image in catalog.images() if image.path.endswith("black/0.jpg"))
    toggle_example(catalog, "black", chosen.image_id)
    push_dataset(photographs, "me/x")
    again = Project(tmp_path / "again")
    assert import_images(again, "hf://me/x").imported == 24
    (row,) = [row for row in label_set(Catalog(again)) if row["label"] == "black"]
    (example,) = row["examples"]
    assert example != chosen.image_id
    (image,) = [image for image in Catalog(again).images() if image.image_id == example]
    assert "black/0-" in image.path


def test_a_second_push_uploads_no_picture_again(photographs, with_hub):
    server = with_hub()
    push_dataset(photographs, "me/x")
    uploads = [path for path in server.asked if path.startswith("/lfs/")]
    assert len(uploads) == 20, "those that go to the large storage; a TIFF does not"
    before = dict(server.hub.of("dataset", "me/x"))
    push_dataset(photographs, "me/x", license="mit")
    assert [path for path in server.asked if path.startswith("/lfs/")] == uploads
    after = server.hub.of("dataset", "me/x")
    assert {name for name in after if after[name] != before[name]} == {"README.md"}
