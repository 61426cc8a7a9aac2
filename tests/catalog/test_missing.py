"""Pictures whose files are gone: how many, and what to do; and what bearkit wrote itself, in a project's folder."""

import json
import shutil
import zipfile

import pytest

from bearkit import Project, export_dataset, import_images, preview_import, push_space
from bearkit.catalog.catalog import Catalog
from bearkit.cli import import_output
from bearkit.datasets import dataset
from bearkit.errors import ImportSourceError, NoImagesError, TooFewImagesError
from bearkit.labelling.next_step import ProjectProgress
from tests.conftest import picture, write_pictures
from tests.samples import sound

COUNTS = {"cat": 3, "dog": 3}


@pytest.fixture
def source(tmp_path):
    return write_pictures(tmp_path / "source", COUNTS)


@pytest.mark.parametrize("where", ["images", "source"])
def test_an_import_says_how_many_files_are_missing_and_what_helps(project, source, bearkit_json, where):
    import_images(project, source)
    shutil.rmtree(project.images / "cat")
    if where == "images":
        found = bearkit_json("import", project.images, "-p", project.root)
        assert sorted(row["path"] for row in found["missing"]) == [f"images/cat/{n}.png" for n in range(3)]
        assert found["hint"].startswith(f"import them again: bearkit import {source}/cat -p {project.root}")
    status = bearkit_json("status", "-p", project.root)
    assert len(status["missing"]) == 3
    assert f"bearkit import {source}/cat -p" in status["hint"]
    assert import_images(project, source).missing == []
    assert bearkit_json("status", "-p", project.root)["hint"] == ""


def test_the_text_names_them_too(project, source):
    import_images(project, source)
    shutil.rmtree(project.images / "cat")
    report = import_images(project, project.images)
    text = import_output.imported(report.as_dict(), ProjectProgress())
    assert "3 picture files missing:" in text
    assert "Hint: import them again" in text


def test_an_import_of_a_project_without_a_single_file_left_names_them(project, source):
    import_images(project, source)
    shutil.rmtree(project.images)
    project.images.mkdir()
    with pytest.raises(NoImagesError, match="6 picture files of the project are missing") as raised:
        import_images(project, project.images)
    assert f"bearkit import {source}" in raised.value.hint


def test_the_hint_about_linked_pictures_names_their_folder_and_works(project, source, tmp_path, bearkit_json):
    import_images(project, source, link=True)
    source.rename(tmp_path / "moved")
    found = bearkit_json("status", "-p", project.root)
    assert len(found["missing"]) == 6
    assert f"linked, in {source}: bring that back" in found["hint"]
    assert "bearkit import FOLDER --link" in found["hint"]
    with pytest.raises((NoImagesError, TooFewImagesError)) as raised:
        data = dataset.load(Catalog(project))
        data.without({image.image_id for image in data.images})
    assert "--link" in raised.value.hint
    import_images(project, tmp_path / "moved", link=True)
    found = bearkit_json("status", "-p", project.root)
    assert (found["missing"], found["images"], found["labels"].keys()) == ([], 6, COUNTS.keys())
    assert not project.images.exists()


@pytest.mark.parametrize("name", ["x.zip", "x.ZIP", "archive"])
def test_what_is_in_an_archive_cannot_be_linked(project, tmp_path, bearkit_json, name):
    with zipfile.ZipFile(tmp_path / name, "w") as archive:
        archive.writestr("cat/1.png", picture(1))
    found = bearkit_json("import", tmp_path / name, "--link", "-p", project.root, code=1)
    assert "cannot be linked" in found["error"]
    assert "unpack it" in found["hint"]
    assert not project.exists
    assert bearkit_json("import", tmp_path / name, "-p", project.root)["imported"] == 1


def test_what_is_copied_though_it_should_be_linked_is_told(project, tmp_path):
    pytest.importorskip("soundfile")
    (tmp_path / "owls" / "owl").mkdir(parents=True)
    (tmp_path / "owls" / "owl" / "1.wav").write_bytes(sound(440))
    report = import_images(project, tmp_path / "owls", link=True)
    assert any("1 picture was copied, not linked" in note for note in report.notes)


# --- what bearkit wrote itself, in the project's folder


@pytest.fixture
def full(trained, tmp_path):
    """A project with a model, data sets of every layout and a Space in its folder, beside new pictures."""
    shutil.copytree(trained.project.root, tmp_path / "full")
    project = Project(tmp_path / "full")
    shutil.copytree(trained.model, project.root / "my model")
    for form in ("folder", "imagefolder", "csv"):
        export_dataset(project, project.root / "sets" / form, form)
    push_space(trained.model, "me/x", "gradio", dry_run=project.root / "demo", try_first=False,
               examples=[trained.model / "confusion_matrix.png"])  # fmt: skip
    write_pictures(project.root / "new", {"cat": 2, "dog": 2}, start=500)
    return project


def test_what_bearkit_wrote_is_not_imported_with_the_folder_around_it(full):
    report = import_images(full, full.root, label_from="parent")
    assert (report.imported, sorted(report.labels)) == (4, ["cat", "disc", "dog", "square", "star"])
    left = {row["path"].removeprefix(f"{full.root}/"): row["reason"] for row in report.left_out}
    own = {"my model", "sets/folder", "sets/imagefolder", "sets/csv", "demo", "models", "runs", "cache", "images"}
    assert own <= left.keys()
    assert {left[name] for name in own} == {"it is the project's own"}


def test_a_data_set_that_is_named_itself_is_imported(full):
    seen = preview_import(full, full.root / "sets" / "folder").as_dict()
    assert sorted(seen["labels"]) == ["disc", "square", "star"]
    with pytest.raises((NoImagesError, ImportSourceError)):
        import_images(full, full.models)


def test_a_folder_with_a_card_or_a_config_of_another_program_is_the_users(project, source):
    import_images(project, source)
    mine = write_pictures(project.root / "mine", {"cat": 1, "dog": 1}, start=600)
    (mine / "README.md").write_text("# My pictures\n\nmade with a camera, cleaned with bearkit one day")
    (mine / "config.json").write_text(json.dumps({"label_names": ["cat"]}))
    assert import_images(project, project.root, label_from="parent").imported == 2
