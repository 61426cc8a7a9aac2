"""Files appear whole, survive a power cut, and never in the place of what is no file."""

import os
import threading
from pathlib import Path

import pytest

from bearkit import import_images
from bearkit.catalog.catalog import Catalog
from bearkit.core.atomic import atomic_folder, atomic_write, sync_files
from bearkit.core.streams import open_output
from tests.conftest import write_pictures


@pytest.fixture
def synced(monkeypatch):
    """What is on the disk for good, as (inode, size), in the order in which it came there."""
    found, real = [], os.fsync

    def fsync(number):
        about = os.fstat(number)
        found.append((about.st_ino, about.st_size))
        real(number)

    monkeypatch.setattr(os, "fsync", fsync)
    return found


def test_a_file_is_on_the_disk_before_it_has_its_name(tmp_path, synced):
    target = tmp_path / "a.json"
    target.write_text("old")
    with atomic_write(target) as part:
        part.write_text("new and longer")
        assert target.read_text() == "old"
    assert synced == [(target.stat().st_ino, 14)]


def test_pictures_are_on_the_disk_before_the_catalogue_knows_them(project, tmp_path, synced, monkeypatch):
    record, known = Catalog.record, []

    def recording(catalog, new, seen):
        known.extend(set(map(file_of, new)) - set(synced))
        record(catalog, new, seen)

    def file_of(image):
        about = (project.root / image.path).stat()
        return about.st_ino, about.st_size

    monkeypatch.setattr(Catalog, "record", recording)
    import_images(project, write_pictures(tmp_path / "s", {"black": 70}))
    assert known == []
    assert set(map(file_of, Catalog(project).images())) <= set(synced)


def test_the_files_of_a_folder_are_on_the_disk_before_it_has_its_name(tmp_path, synced):
    with atomic_folder(tmp_path / "out") as part:
        (part / "a").mkdir()
        for name in ("a/1.txt", "2.txt"):
            (part / name).write_text(name)
        assert synced == []
    files = [path for path in (tmp_path / "out").rglob("*") if path.is_file()]
    assert {inode for inode, _ in synced} == {path.stat().st_ino for path in files}


def test_what_is_gone_meanwhile_needs_no_settling(tmp_path):
    sync_files([tmp_path / "gone.png"])


def test_a_link_in_a_project_is_replaced_and_not_followed(tmp_path):
    (tmp_path / "secret").write_text("mine")
    (tmp_path / "result.json").symlink_to("secret")
    with atomic_write(tmp_path / "result.json") as part:
        part.write_text("{}")
    assert (tmp_path / "secret").read_text() == "mine"
    assert not (tmp_path / "result.json").is_symlink()


def test_a_named_file_that_fails_half_way_keeps_what_it_had(tmp_path):
    (tmp_path / "rows.csv").write_text("old")
    with pytest.raises(ZeroDivisionError), open_output(tmp_path / "rows.csv") as file:
        file.write("half")
        raise ZeroDivisionError
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("rows.csv", "old")]


def test_a_device_or_pipe_behind_links_is_written_to(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    came = []
    reader = threading.Thread(target=lambda: came.append((tmp_path / "pipe").read_text(encoding="utf-8")))
    reader.start()
    (tmp_path / "first").symlink_to("pipe")
    (tmp_path / "second").symlink_to("first")
    with open_output(tmp_path / "second") as file:
        file.write("熊")
    reader.join()
    assert came == ["熊"]
    assert (tmp_path / "pipe").is_fifo()
    with (tmp_path / "log").open("w", encoding="utf-8") as log:
        inode = (tmp_path / "log").stat().st_ino
        with open_output(Path(f"/dev/fd/{log.fileno()}")) as file:
            file.write("泰")
    assert ((tmp_path / "log").read_text(encoding="utf-8"), (tmp_path / "log").stat().st_ino) == ("泰", inode)
    (tmp_path / "null").symlink_to(os.devnull)
    with open_output(tmp_path / "null") as file:
        file.write("nothing")
    assert (tmp_path / "null").is_symlink()
    assert (tmp_path / "null").is_char_device()
