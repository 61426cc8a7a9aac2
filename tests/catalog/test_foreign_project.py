"""Somebody else's project folder: whatever its catalogue says, no file outside of it is moved, read or given away."""

import shutil
import sqlite3
from pathlib import Path

import pytest

from bearkit import Project, import_images, runs
from bearkit.bodies.pixel_cache import load_pixels
from bearkit.catalog.catalog import Catalog
from bearkit.engine import jobs
from bearkit.errors import ImageError, NoImagesError
from bearkit.images import content_id
from bearkit.images.preprocessing import Preprocessing
from bearkit.images.thumbnails import LARGE, thumbnails
from bearkit.labelling.review_actions import decide_one
from bearkit.studio.augment_preview import changed_pictures
from tests.conftest import picture, write_pictures

SECRET = b"token = hf_of_the_victim"


@pytest.fixture
def bears(pictured, tmp_path):
    """A project of twelve pictures; beside it lies a file that is nobody's business."""
    project = pictured(tmp_path, "source", {"black": 6, "teddy": 6})
    (tmp_path / "secret.png").write_bytes(SECRET)
    return project


def say(project, statement, *values):
    """Change the catalogue as whoever sent it could."""
    connection = sqlite3.connect(project.catalog)
    connection.execute(statement, values)
    connection.commit()
    connection.close()


def links(tmp_path, project):
    """Make images/away, a folder that is a link out of the project."""
    (project.images / "away").symlink_to(tmp_path, target_is_directory=True)
    return "images/away/secret.png"


PLACES = {
    "above": lambda tmp_path, project: "../secret.png",
    "above from inside": lambda tmp_path, project: "images/../../secret.png",
    "absolute": lambda tmp_path, project: str(tmp_path / "secret.png"),
    "through a link": links,
    "the catalogue itself": lambda tmp_path, project: "catalog.db",
    "no name of a file": lambda tmp_path, project: "images/a\0b.png",
}


@pytest.fixture(params=PLACES)
def victim(request, tmp_path, bears):
    """The first picture of the project, whose row names another file: (project, image_id)."""
    image = Catalog(bears).images()[0]
    say(bears, "UPDATE images SET path = ? WHERE image_id = ?", PLACES[request.param](tmp_path, bears), image.image_id)
    return bears, image.image_id


def test_a_foreign_row_moves_no_file_and_gives_none_away(victim, tmp_path, bearkit_json):
    project, image_id = victim
    before = sorted(path.name for path in tmp_path.iterdir())
    decide_one(project, image_id, "relabel:teddy", "ann")
    bearkit_json("review", "apply", "-p", project.root)
    for form in ("folder", "imagefolder"):
        told = bearkit_json("export-dataset", tmp_path / form, "--format", form, "-p", project.root)
        assert (told["images"], len(told["missing"])) == (11, 1)
    told = bearkit_json("push-dataset", "me/x", "--dry-run", tmp_path / "push", "-p", project.root)
    assert len(told["missing"]) == 1
    decide_one(project, image_id, "delete", "ann")
    bearkit_json("review", "apply", "-p", project.root)
    bearkit_json("review", "unapply", "-p", project.root)
    assert project.exists
    assert (tmp_path / "secret.png").read_bytes() == SECRET
    given = [path for form in ("folder", "imagefolder", "push") for path in (tmp_path / form).rglob("*")]
    assert not any(SECRET in path.read_bytes() for path in given if path.is_file())
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([*before, "folder", "imagefolder", "push"])


def test_a_foreign_row_is_neither_shown_nor_trained_on(victim):
    project, image_id = victim
    images = Catalog(project).images()
    shown = thumbnails(project, [(image.image_id, image.path) for image in images], LARGE)
    assert [image.image_id for image, small in zip(images, shown, strict=True) if small is None] == [image_id]
    changed_pictures(project, "light")  # the preview leaves it out
    skipped = load_pixels(project, images, Preprocessing(size=32)).skipped
    assert [row["image_id"] for row in skipped] == [image_id]
    assert skipped[0]["reason"]


@pytest.mark.parametrize("place", ["../secret.png", "images/../../made/secret.png", "{absolute}"])
def test_a_foreign_move_neither_deletes_nor_writes_outside(bears, tmp_path, place, bearkit_json):
    image = Catalog(bears).images()[0]
    outside = tmp_path / "secret.png"
    shutil.copy(bears.root / image.path, outside)  # the same bytes: what a move that was cut off leaves behind
    (tmp_path / "made").mkdir()
    move = "INSERT INTO moves (time, image_id, from_path, to_path) VALUES ('', ?, ?, ?)"
    say(bears, move, image.image_id, place.format(absolute=outside), image.path)
    bearkit_json("review", "apply", "-p", bears.root)
    told = bearkit_json("review", "unapply", "-p", bears.root)
    assert told["moved"] == 0
    assert outside.is_file()
    assert (bears.root / image.path).is_file()
    assert list((tmp_path / "made").iterdir()) == []


def test_a_label_folder_that_leads_away_takes_no_file_along(bears, tmp_path, bearkit_json):
    (tmp_path / "autostart").mkdir()
    (bears.images / "grizzly").symlink_to(tmp_path / "autostart", target_is_directory=True)
    image = Catalog(bears).images()[0]
    decide_one(bears, image.image_id, "relabel:grizzly", "ann")
    assert bearkit_json("review", "apply", "-p", bears.root) == {"moved": 0, "trashed": 0, "missing": [image.path]}
    assert list((tmp_path / "autostart").iterdir()) == []


def test_an_import_writes_a_known_picture_into_the_project_only(bears, tmp_path):
    image = Catalog(bears).images()[0]
    content = (bears.root / image.path).read_bytes()
    say(bears, "UPDATE images SET path = '../planted.png' WHERE image_id = ?", image.image_id)
    import_images(bears, tmp_path / "source")
    assert not (tmp_path / "planted.png").exists()
    assert Catalog(bears).path(Catalog(bears).images()[0]).read_bytes() == content


def test_an_import_writes_nothing_into_a_label_folder_that_leads_away(bears, tmp_path):
    (tmp_path / "autostart").mkdir()
    (bears.images / "grizzly").symlink_to(tmp_path / "autostart", target_is_directory=True)
    with pytest.raises(NoImagesError, match="leads out of the project"):
        import_images(bears, write_pictures(tmp_path / "more", {"grizzly": 2}, start=50))
    assert list((tmp_path / "autostart").iterdir()) == []


def test_a_run_whose_files_are_links_writes_nothing_elsewhere(bears, tmp_path):
    run = runs.create(bears, {})
    (tmp_path / "rc").write_text("precious")
    (run.folder / "events.jsonl").symlink_to(tmp_path / "rc")
    with pytest.raises(OSError, match="symbolic link"):
        jobs.stop(run)
    assert (tmp_path / "rc").read_text() == "precious"


def test_a_foreign_row_is_named_by_status_and_doctor(victim, bearkit_json):
    project, image_id = victim
    path = next(image.path for image in Catalog(project).images() if image.image_id == image_id)
    missing = [row["path"] for row in bearkit_json("status", "-p", project.root)["missing"]]
    assert path in missing or Path(path).is_file()  # a linked file is there; only its bytes tell that it is another
    found = bearkit_json("doctor", "-p", project.root, code=1)["problems"]
    assert any(path in problem["where"] for problem in found)


def test_a_linked_picture_is_used_as_long_as_its_bytes_are_its_own(tmp_path, bearkit_json):
    project = Project(tmp_path / "mine")
    import_images(project, write_pictures(tmp_path / "source", {"black": 4, "teddy": 4}), link=True)
    told = bearkit_json("export-dataset", tmp_path / "out", "--format", "imagefolder", "-p", project.root)
    assert (told["images"], told["missing"]) == (8, [])
    (tmp_path / "source" / "black" / "0.png").write_bytes(picture(99, kind="PNG"))
    told = bearkit_json("export-dataset", tmp_path / "again", "-p", project.root)
    assert (told["images"], told["missing"]) == (7, [str(tmp_path / "source" / "black" / "0.png")])
    copied = {content_id(path.read_bytes()) for path in (tmp_path / "again").rglob("*.png")}
    assert copied < {image.image_id for image in Catalog(project).images()}


def test_an_id_that_is_a_path_shows_and_writes_nothing(bears, tmp_path, bearkit_json):
    image = Catalog(bears).images()[0]
    (tmp_path / "outside.jpg").write_bytes(picture(5))
    say(bears, "UPDATE images SET image_id = '../../../outside' WHERE image_id = ?", image.image_id)
    assert thumbnails(bears, [("../../../outside", image.path), ("../../../new", image.path)]) == [None, None]
    assert not (tmp_path / "new.jpg").exists()
    told = bearkit_json("export-dataset", tmp_path / "out", "--format", "imagefolder", "-p", bears.root)
    assert told["missing"] == [image.path]


def test_a_split_that_there_is_not_is_none(bears, tmp_path, bearkit_json):
    say(bears, "UPDATE images SET given_split = '../../away'")
    say(bears, "INSERT INTO splits (seed, image_id, split) SELECT 42, image_id, '..' FROM images LIMIT 3")
    told = bearkit_json("export-dataset", tmp_path / "out", "--format", "imagefolder", "-p", bears.root)
    assert told["images"] == 12
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "README.md",
        "label_set.json",
        "train",
        "validation",
    ]


def test_where_a_picture_may_be(project):
    for path in ("images/black/1.png", "unlabelled/1.png", "trash/black/1.png"):
        assert project.picture(path) == project.root / path
    for path in ("../1.png", "images/../catalog.db", "cache/1.png", "", ".", "trash/../../1.png"):
        with pytest.raises(ImageError, match="leads out of the project"):
            project.picture(path)
