"""Bringing pictures in: what counts, what is refused, and that nothing is lost or written elsewhere."""

import os
import stat
import subprocess
import sys
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bearkit import Project, import_images
from bearkit.catalog.catalog import Catalog
from bearkit.errors import ImportSourceError, NoImagesError
from bearkit.images import content_id
from bearkit.sources.scheme import AmbiguousLayoutError
from tests.conftest import picture, write_pictures


def zipped(folder, path, prefix=""):
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                archive.write(file, prefix + file.relative_to(folder).as_posix())
    return path


def labels_of(project):
    return {image.path: image.label for image in Catalog(project).images()}


def test_a_folder_of_labels_is_copied_in(tmp_path, project):
    source = write_pictures(tmp_path / "bears", {"black": 3, "teddy": 2})
    report = import_images(project, source)
    assert report.as_dict() == {
        "imported": 5, "duplicates": 0, "conflicts": [], "rejected": [], "labels": {"black": 3, "teddy": 2},
        "unlabelled": 0, "splits": {}, "left_out": [], "moved": [], "notes": [], "missing": [], "hint": "",
    }  # fmt: skip
    for image in Catalog(project).images():
        copied = (project.root / image.path).read_bytes()
        assert content_id(copied) == image.image_id
        assert copied == (source / image.label / Path(image.path).name).read_bytes()
        assert (image.width, image.height, image.bytes) == (64, 48, len(copied))


def test_given_splits_are_kept_under_their_many_names(tmp_path, project):
    for number, split in enumerate(("train", "val", "test", "Validation")):
        write_pictures(tmp_path / "s" / split, {"black": 1, "teddy": 1}, start=10 * number)
    import_images(project, tmp_path / "s")
    given = sorted(str(image.given_split) for image in Catalog(project).images())
    assert given == ["test"] * 2 + ["train"] * 2 + ["valid"] * 4


@pytest.mark.parametrize("prefix", ["", "bears/", "a/b/"])
def test_a_zip_is_read_through_the_folders_around_it(tmp_path, project, prefix):
    source = write_pictures(tmp_path / "bears", {"black": 2, "teddy": 2})
    report = import_images(project, zipped(source, tmp_path / "bears.zip", prefix))
    assert report.labels == {"black": 2, "teddy": 2}


def test_a_flat_folder_is_one_label_or_none_and_a_name_that_the_project_knows_decides(tmp_path, project):
    write_pictures(tmp_path, {"black": 2})
    with pytest.raises(AmbiguousLayoutError, match="label black 2; or no label yet") as asked:
        import_images(project, tmp_path / "black")
    assert [row["labels"] for row in asked.value.details["readings"]] == [{"black": 2}, {}]
    assert not project.exists
    assert import_images(project, tmp_path / "black", label="black").labels == {"black": 2}
    write_pictures(tmp_path, {"black": 3}, start=10)
    assert import_images(project, tmp_path / "black").labels == {"black": 5}


def test_the_same_bytes_count_once_and_again_changes_nothing(tmp_path, project):
    source = write_pictures(tmp_path / "bears", {"black": 2, "teddy": 2})
    (source / "black" / "copy.png").write_bytes((source / "black" / "0.png").read_bytes())
    first = import_images(project, source)
    assert (first.imported, first.duplicates) == (4, 1)
    again = import_images(project, source)
    assert (again.imported, again.duplicates, again.labels) == (0, 5, {"black": 2, "teddy": 2})
    assert len(list(project.images.rglob("*.png"))) == 4


def test_the_same_bytes_under_two_labels_are_a_conflict_and_the_first_label_stays(tmp_path, project):
    source = write_pictures(tmp_path / "bears", {"black": 1, "teddy": 1})
    (source / "teddy" / "again.png").write_bytes((source / "black" / "0.png").read_bytes())
    report = import_images(project, source)
    (conflict,) = report.conflicts
    assert (report.imported, report.duplicates) == (2, 1)
    assert (conflict["labels"], conflict["kept_label"]) == (["black", "teddy"], "black")
    assert [Path(path).name for path in conflict["paths"]] == ["0.png", "again.png"]
    assert Catalog(project).conflicts() == [conflict]


def test_a_picture_given_for_training_and_validation_never_trains(tmp_path, project):
    write_pictures(tmp_path / "s" / "train", {"black": 1, "teddy": 1})
    write_pictures(tmp_path / "s" / "valid", {"black": 1})  # the same bytes as train/black/0.png
    report = import_images(project, tmp_path / "s")
    assert report.conflicts[0]["splits"] == ["train", "valid"]
    assert {i.label: i.given_split for i in Catalog(project).images()} == {"black": "valid", "teddy": "train"}


def test_what_is_no_picture_is_listed_and_the_rest_goes_on(tmp_path, project):
    source = write_pictures(tmp_path / "bears", {"black": 2, "teddy": 2})
    (source / "black" / "page.jpg").write_text("<html>not found</html>")
    (source / "black" / "empty.jpg").write_bytes(b"")
    (source / "notes.txt").write_text("hello")
    (source / ".DS_Store").write_bytes(b"\0")
    report = import_images(project, source)
    assert report.imported == 4
    assert {Path(row["path"]).name: row["reason"] for row in report.rejected} == {
        "page.jpg": "not a picture that can be read: it is a web page",
        "empty.jpg": "the file is empty",
        "notes.txt": "it is in no label's folder",
    }
    assert len(Catalog(project).rejected()) == 3


def test_two_pictures_of_one_name_are_both_kept(tmp_path, project):
    for number, where in enumerate(("one", "two")):
        write_pictures(tmp_path / where, {"black": 1, "teddy": 1}, start=10 * number)
        for file in (tmp_path / where).rglob("*.png"):
            file.rename(file.with_name("bear.png"))
    import_images(project, tmp_path / "one")
    import_images(project, tmp_path / "two")
    contents = {content_id(path.read_bytes()) for path in project.images.rglob("*.png")}
    assert contents == {image.image_id for image in Catalog(project).images()}
    assert len(contents) == 4


def test_a_project_may_stand_in_the_folder_of_its_pictures(tmp_path):
    here = write_pictures(tmp_path / "bears", {"black": 2, "teddy": 2})
    assert import_images(Project(here), here).imported == 4
    assert import_images(Project(here), here).duplicates == 4


@pytest.mark.slow
def test_an_import_killed_at_any_moment_goes_on(tmp_path, project):
    source = write_pictures(tmp_path / "bears", {"black": 600, "teddy": 300})
    command = [sys.executable, "-m", "bearkit", "import", str(source), "-p", str(project.root), "--json"]
    for n_files in (20, 100, 200):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        while process.poll() is None and len(list(project.images.rglob("[!.]*.png"))) < n_files:
            time.sleep(0.01)
        process.kill()
        process.wait()
    known = len(Catalog(project).images())
    assert 0 < known < 900
    report = import_images(project, source)
    assert (report.imported, report.labels) == (900 - known, {"black": 600, "teddy": 300})
    files = {path.relative_to(project.root).as_posix() for path in project.images.rglob("[!.]*.png")}
    assert files == {image.path for image in Catalog(project).images()}
    assert all(content_id((project.root / i.path).read_bytes()) == i.image_id for i in Catalog(project).images())


def test_a_picture_that_was_lost_or_cut_off_comes_back_with_the_next_import(tmp_path, project):
    source = write_pictures(tmp_path / "bears", {"black": 2, "teddy": 2})
    import_images(project, source)
    first, second, *_ = Catalog(project).images()
    (project.root / first.path).unlink()
    (project.root / second.path).write_bytes(b"")
    import_images(project, source)
    for image in (first, second):
        assert content_id((project.root / image.path).read_bytes()) == image.image_id


def test_names_and_places_that_cannot_be_read_do_not_stop_the_rest(tmp_path, project):
    source = write_pictures(tmp_path / "bears", {"black": 2, "teddy": 2})
    (source / "teddy" / os.fsdecode(b"caf\xe9.png")).write_bytes(picture(77, kind="PNG"))
    (source / "teddy" / ("\U0001f43b" * 60 + ".png")).write_bytes(picture(78, kind="PNG"))
    (source / "black" / "round.png").symlink_to("round.png")
    deep = source / "black"
    for _ in range(300):
        deep = deep / "d"
    deep.mkdir(parents=True)
    (deep / "deep.png").write_bytes(picture(79, kind="PNG"))
    report = import_images(project, source)
    assert report.imported == 7
    assert len(report.rejected) == 1


def test_damaged_zips_of_every_method_are_told(tmp_path, project):
    for method in (zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        path = tmp_path / f"{method}.zip"
        with zipfile.ZipFile(path, "w", method) as archive:
            archive.writestr("black/bad.png", picture(method, (300, 200), kind="BMP"))
            archive.writestr("black/good.png", picture(100 + method, kind="PNG"))
            archive.writestr(".", b"no name")
        data = bytearray(path.read_bytes())
        data[60:90] = b"\xff" * 30
        path.write_bytes(data)
        report = import_images(project, path)
        assert report.imported == 1
        assert "the archive is damaged here" in report.rejected[-1]["reason"]


def test_splits_are_known_in_any_case(tmp_path, project):
    write_pictures(tmp_path / "s" / "Test", {"black": 2})
    import_images(project, tmp_path / "s")
    assert {image.given_split for image in Catalog(project).images()} == {"test"}


def test_a_good_file_that_became_junk_is_listed(tmp_path, project):
    source = write_pictures(tmp_path / "bears", {"black": 2, "teddy": 2})
    import_images(project, source)
    (source / "black" / "0.png").write_text("<html></html>")
    import_images(project, source)
    assert [Path(row.origin).name for row in Catalog(project).rejected()] == ["0.png"]


def test_two_imports_at_once_count_each_picture_once(tmp_path, project):
    source = write_pictures(tmp_path / "bears", {"black": 60, "teddy": 60})
    with ThreadPoolExecutor(2) as pool:
        reports = list(pool.map(lambda _: import_images(project, source), range(2)))
    assert sorted(report.imported for report in reports) == [0, 120]


def test_a_link_that_points_upwards_ends(tmp_path, project):
    source = write_pictures(tmp_path / "bears", {"black": 2, "teddy": 2})
    (source / "black" / "up").symlink_to(source)
    assert import_images(project, source).imported == 4


def test_zip_members_that_point_outside_are_refused_and_nothing_is_written_there(tmp_path, project):
    path = tmp_path / "slip.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for number, name in enumerate(("../../evil.png", "/etc/evil.png", "C:/evil.png", "black\\..\\..\\e.png")):
            archive.writestr(name, picture(number, kind="PNG"))
        link = zipfile.ZipInfo("black/link.png")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
        archive.writestr("black/good.png", picture(9, kind="PNG"))
        archive.writestr("teddy/good.png", picture(8, kind="PNG"))
    report = import_images(project, path)
    assert report.labels == {"black": 1, "teddy": 1}
    reasons = [row["reason"] for row in report.rejected]
    assert reasons == ["its path points outside of the archive: refused"] * 4 + ["it is a link, not a picture"]
    assert {file.name for file in tmp_path.rglob("*evil*")} == set()


def test_a_zip_bomb_and_a_damaged_member_are_refused(tmp_path, project):
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("black/bomb.png", b"\0" * (101 * 2**20))
        for number in range(4):
            archive.writestr(f"{'black' if number % 2 else 'teddy'}/{number}.png", picture(number, kind="PNG"))
    data = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        header = archive.getinfo("black/1.png").header_offset
    data[header + 50] ^= 0xFF
    path.write_bytes(data)
    reasons = {Path(r["path"]).name: r["reason"] for r in import_images(project, path).rejected}
    assert "the limit is 100 MiB" in reasons["bomb.png"]
    assert "the archive is damaged here" in reasons["1.png"]


def test_bad_sources_are_told_what_would_help(tmp_path, project):
    with pytest.raises(ImportSourceError, match="does not exist") as missing:
        import_images(project, tmp_path / "nothing")
    assert "one folder for each label" in missing.value.hint
    (tmp_path / "x.zip").write_text("no zip")
    with pytest.raises(ImportSourceError, match="cannot be opened as a zip"):
        import_images(project, tmp_path / "x.zip")
    (tmp_path / "empty").mkdir()
    with pytest.raises(NoImagesError, match="holds no files"):
        import_images(project, tmp_path / "empty")
    (tmp_path / "text").mkdir()
    (tmp_path / "text" / "a.jpg").write_text("words")
    with pytest.raises(NoImagesError, match="all 1 files were rejected"):
        import_images(project, tmp_path / "text", label="text")


def test_strange_names_become_safe_file_names_and_labels_keep_theirs(tmp_path, project):
    path = tmp_path / "s.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr('St. Bernard: "big"/a?b*.png', picture(1, kind="PNG"))
        archive.writestr("cafe\u0301/x.png", picture(2, kind="PNG"))
    import_images(project, path)
    assert set(labels_of(project).values()) == {'St. Bernard: "big"', "caf\u00e9"}
    assert all(not set('<>:"\\|?*') & set(path) for path in labels_of(project))


def test_the_bears_are_all_imported(data, project):
    report = import_images(project, data / "bears_web")
    assert (report.imported, len(report.rejected)) == (416, 0)
    assert report.labels == {"black": 139, "grizzly": 135, "teddy": 142}
