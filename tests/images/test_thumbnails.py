"""Thumbnails are JPEGs that we made, whatever somebody else's project keeps in their place."""

import io
import os

import pytest
from PIL import Image

from bearkit import Project, import_images
from bearkit.catalog.catalog import Catalog
from bearkit.errors import ModelError, ProjectError
from bearkit.images import content_id, decode, small_jpeg
from bearkit.images.thumbnails import clean_folder, thumbnails, thumbnails_folder
from bearkit.inference import model_folder
from tests.conftest import encoded, write_pictures
from tests.samples import heic, scene

PAGE = b"<html><script>alert(1)</script></html>"


@pytest.fixture
def filled(project, tmp_path):
    """A project of two pictures with their thumbnails, and what thumbnails are asked for with."""
    import_images(project, write_pictures(tmp_path / "in", {"a": 2}))
    asked = [(image.image_id, image.path) for image in Catalog(project).images()]
    assert all(thumbnails(project, asked))
    return project, asked


def test_what_is_not_ours_is_taken_away_before_a_browser_may_read_the_folder(filled, tmp_path):
    project, _asked = filled
    ours = {path.name for path in thumbnails_folder(project).iterdir()}
    (tmp_path / "token").write_text("secret")
    (thumbnails_folder(project) / "page.html").write_bytes(PAGE)
    (thumbnails_folder(project) / "drawing.svg").write_bytes(PAGE)
    (thumbnails_folder(project) / "deep").mkdir()
    (thumbnails_folder(project) / "deep" / "page.html").write_bytes(PAGE)
    (thumbnails_folder(project) / f"{'0' * 64}.jpg").symlink_to(tmp_path / "token")
    assert {path.name for path in clean_folder(project).iterdir()} == ours
    assert (tmp_path / "token").exists()


def test_a_thumbnail_that_is_something_else_is_made_anew(filled, tmp_path):
    project, asked = filled
    first, second = (thumbnails_folder(project) / f"{image_id}.jpg" for image_id, _ in asked)
    first.write_bytes(PAGE)
    second.unlink()
    (tmp_path / "token").write_bytes(small_jpeg(scene(), 20))
    second.symlink_to(tmp_path / "token")
    thumbnails(project, asked)
    assert decode(first.read_bytes()).format == "JPEG"
    assert not second.is_symlink()
    assert len((tmp_path / "token").read_bytes()) == len(small_jpeg(scene(), 20))


@pytest.mark.skipif(os.name != "posix", reason="links need rights elsewhere")
def test_a_folder_of_thumbnails_that_leads_elsewhere_is_refused(tmp_path):
    project = Project(tmp_path / "theirs")
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "letter.html").write_text("mine")
    project.cache.mkdir(parents=True)
    thumbnails_folder(project).symlink_to(tmp_path / "home")
    with pytest.raises(ProjectError, match="a link out of the project"):
        clean_folder(project)
    assert (tmp_path / "home" / "letter.html").exists()
    assert not clean_folder(Project(tmp_path / "new")).exists()


def test_a_heic_photo_has_a_thumbnail(project):
    data = heic(scene())
    path = project.images / "a" / "x.heic"
    path.parent.mkdir(parents=True)
    path.write_bytes(data)
    (made,) = thumbnails(project, [(content_id(data), "images/a/x.heic")])
    assert decode(made.read_bytes()).image.size == (60, 40)


def test_a_models_training_pictures_are_jpegs(tmp_path):
    model_folder.write_thumbnails(tmp_path, [("a", small_jpeg(scene(), 20)), ("b", b"")])
    assert [label for label, _ in model_folder.read_thumbnails(tmp_path)] == ["a", "b"]
    model_folder.write_thumbnails(tmp_path, [("a", PAGE)])
    with pytest.raises(ModelError, match="not a small JPEG"):
        model_folder.read_thumbnails(tmp_path)


def test_a_small_copy_has_no_metadata():
    with Image.open(io.BytesIO(encoded(Image.new("P", (90, 60)), "GIF", comment=b"48.2 N 16.4 E"))) as image:
        copy = small_jpeg(image.convert("RGB"), 50)
    with Image.open(io.BytesIO(copy)) as image:
        assert set(image.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
