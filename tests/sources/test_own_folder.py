"""The project's own folder: the user's files in it are never touched, and changes made by hand are understood."""

import shutil
import zipfile

import pytest

from bearkit import Project, apply_decisions, decide_one, import_images, preview_import, unapply_decisions
from bearkit.catalog.catalog import Catalog
from bearkit.catalog.decisions import DecisionLog, current_user
from bearkit.catalog.missing import missing_files
from bearkit.images import content_id
from bearkit.sources import own_folder
from tests.conftest import picture, write_pictures
from tests.samples import sound


def files(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def labels(project):
    return {image.path: image.label for image in DecisionLog(Catalog(project)).images()}


def whole(project):
    """Whether each picture's file is there, once."""
    images = Catalog(project).images()
    paths = {image.path for image in images}
    ours = {name for name in files(project.root) if name.startswith(("images/", "unlabelled/", "trash/"))}
    same = all(content_id(Catalog(project).path(image).read_bytes()) == image.image_id for image in images)
    return same and ours == paths


# --- files of the user's own in images/


@pytest.mark.parametrize("folder", ["images", "unlabelled"])
def test_files_of_your_own_in_images_are_copied_and_never_touched(folder, project):
    write_pictures(project.root / folder, {"black": 3, "teddy": 3})
    before = files(project.root)
    report = import_images(project, project.root / folder)
    assert report.labels == {"black": 3, "teddy": 3}
    assert any("stay as they are" in note for note in report.notes)
    for image in Catalog(project).images():
        decide_one(project, image.image_id, "relabel:bear" if image.label == "black" else "delete", "ann")
    apply_decisions(project)
    assert before.items() <= files(project.root).items()
    unapply_decisions(project)
    again = import_images(project, project.root / folder)
    assert again.imported == 0
    assert before.items() <= files(project.root).items()
    assert len(files(project.root / folder)) <= 12


def test_a_zip_does_not_take_over_a_file_of_your_own(project, tmp_path):
    write_pictures(project.images, {"black": 1, "teddy": 1})
    path = tmp_path / "bears.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for file in project.images.rglob("*.png"):
            archive.write(file, file.relative_to(project.images))
    before = files(project.images)
    import_images(project, path)
    for image in Catalog(project).images():
        decide_one(project, image.image_id, "delete", "ann")
    assert apply_decisions(project).trashed == 2
    assert files(project.images) == before


def test_a_zip_and_sounds_that_lie_in_images_are_copied(project, tmp_path):
    import_images(project, write_pictures(tmp_path / "s", {"black": 2, "teddy": 2}))
    with zipfile.ZipFile(project.images / "more.zip", "w") as archive:
        for number, label in enumerate(("black", "teddy")):
            archive.writestr(f"{label}/more.png", picture(70 + number))
    assert import_images(project, project.images / "more.zip").imported == 2
    (project.images / "owl").mkdir()
    for n in range(2):
        (project.images / "owl" / f"{n}.wav").write_bytes(sound(300 + n))
    import_images(project, project.images / "owl")
    assert missing_files(Catalog(project)) == []
    assert all(content_id(Catalog(project).path(i).read_bytes()) == i.image_id for i in Catalog(project).images())


def test_only_folders_that_are_the_projects_own_are_left_out_and_they_are_named(tmp_path):
    here = Project(write_pictures(tmp_path / "trashnet", {"trash": 2, "models": 2, "glass": 2}))
    assert import_images(here, here.root).labels == {"glass": 2, "models": 2, "trash": 2}
    again = import_images(here, here.root)
    assert (again.imported, again.duplicates, again.rejected) == (0, 6, [])
    assert {row["path"] for row in again.left_out} >= {str(here.images), str(here.catalog)}
    assert {row["reason"] for row in again.left_out} == {"it is the project's own"}
    assert str(here.images) in {row["path"] for row in preview_import(here, here.root).left_out}


def test_a_project_whose_catalogue_was_moved_away_takes_its_files_again_where_they_are(project, tmp_path):
    import_images(project, write_pictures(tmp_path / "s", {"black": 2, "teddy": 2}))
    project.catalog.rename(project.root / "catalog.db.broken")
    before = files(project.images)
    import_images(project, project.images)
    assert files(project.images) == before
    assert own_folder.images_hold_user_files(Catalog(project)) is False


def test_a_name_like_another_pictures_id_does_not_hide_a_picture(project, tmp_path):
    first, second = picture(1, kind="PNG"), picture(2, kind="PNG")
    taken = f"a-{content_id(second)[:12]}.png"
    for name, data in (("a.png", first), (taken, picture(3, kind="PNG"))):
        (tmp_path / "s" / "black").mkdir(parents=True, exist_ok=True)
        (tmp_path / "s" / "black" / name).write_bytes(data)
    import_images(project, tmp_path / "s")
    (tmp_path / "t" / "black").mkdir(parents=True)
    (tmp_path / "t" / "black" / "a.png").write_bytes(second)
    import_images(project, tmp_path / "t")
    assert whole(project)
    assert len(Catalog(project).images()) == 3


# --- changes made by hand


@pytest.fixture
def bears(project, tmp_path):
    import_images(project, write_pictures(tmp_path / "s", {"red": 4, "green": 3, "blue": 2}))
    return project


def test_missing_files_are_told(bears, bearkit_json):
    assert bearkit_json("status", "-p", bears.root)["missing"] == []
    shutil.rmtree(bears.images / "blue")
    (bears.images / "green" / "4.png").unlink()
    status = bearkit_json("status", "-p", bears.root)
    assert [(row["path"], row["label"]) for row in status["missing"]] == [
        ("images/blue/7.png", "blue"), ("images/blue/8.png", "blue"), ("images/green/4.png", "green"),
    ]  # fmt: skip
    import_images(bears, bears.root.parent / "s")
    assert bearkit_json("status", "-p", bears.root)["missing"] == []


@pytest.mark.parametrize("source", ["p/images", "p/images/crimson", "s"])
def test_a_folder_renamed_by_hand_is_a_label_renamed(source, bears, tmp_path):
    (bears.images / "red").rename(bears.images / "crimson")
    path = bears.root / source[2:] if source.startswith("p/") else tmp_path / source
    report = import_images(bears, path)
    assert (report.imported, len(report.moved), report.conflicts) == (0, 4, [])
    assert report.labels == {"blue": 2, "crimson": 4, "green": 3}
    assert {(row["label_before"], row["label"]) for row in report.moved} == {("red", "crimson")}
    assert whole(bears)
    assert import_images(bears, path).moved == []
    ledger = DecisionLog(Catalog(bears))
    assert {(row.reviewer, row.kind) for row in ledger.undo()} == {(current_user(), "renamed")}
    assert set(labels(bears).values()) == {"red", "green", "blue"}
    assert apply_decisions(bears).moved == 4
    assert (bears.images / "red" / "0.png").is_file()
    assert whole(bears)


def test_a_file_moved_into_another_labels_folder_has_that_label(bears):
    (bears.images / "red" / "0.png").rename(bears.images / "green" / "mine.png")
    report = import_images(bears, bears.images)
    assert [(row["from"], row["to"]) for row in report.moved] == [("images/red/0.png", "images/green/mine.png")]
    assert report.labels == {"blue": 2, "green": 4, "red": 3}
    assert whole(bears)


def test_a_file_renamed_in_its_folder_keeps_its_label(bears):
    (bears.images / "red" / "0.png").rename(bears.images / "red" / "best.png")
    report = import_images(bears, bears.images)
    assert (len(report.moved), report.labels["red"]) == (1, 4)
    assert DecisionLog(Catalog(bears)).history() == []
    assert whole(bears)


def test_a_picture_without_a_label_gets_one_by_being_moved(project, tmp_path):
    import_images(project, write_pictures(tmp_path / "s", {"x": 3}), labelled=False)
    (project.images / "black").mkdir(parents=True)
    (project.unlabelled / "0.png").rename(project.images / "black" / "0.png")
    report = import_images(project, project.images)
    assert (report.labels, report.unlabelled) == ({"black": 1}, 2)
    assert whole(project)


def test_labels_in_images_keep_their_names(project, tmp_path):
    source = write_pictures(tmp_path / "s", {"train": 2, "test": 2, 'St. "B"': 2})
    import_images(project, source, splits=False)
    assert (project.images / "St. _B_").is_dir()
    report = import_images(project, project.images)
    assert (report.imported, report.conflicts, report.splits) == (0, [], {})
    assert report.labels == {'St. "B"': 2, "test": 2, "train": 2}
    apply_decisions(project)
    assert whole(project)


def test_a_picture_added_by_hand_is_used_where_it_is(bears):
    (bears.images / "red" / "new.png").write_bytes(picture(99, kind="PNG"))
    assert import_images(bears, bears.images).imported == 1
    assert whole(bears)
