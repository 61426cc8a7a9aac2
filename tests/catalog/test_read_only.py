"""A project that may only be read, on a shared drive or somebody else's, can be looked at, and nothing else."""

import ctypes
import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import contextmanager

import pytest

from bearkit import Learner, Project, import_images, runs
from bearkit.catalog.catalog import Catalog
from bearkit.catalog.database import close_all
from bearkit.catalog.decision_types import DecisionRequest
from bearkit.catalog.decisions import DecisionLog
from bearkit.errors import ReadOnlyError
from tests.conftest import write_drawings

CAPGET, CAPSET = 125, 126  # system calls of Linux on x86-64
CAP_VERSION_3 = 0x20080522
ANY_FILE = 1 << 1 | 1 << 2  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH


def allow_any_file(allow):
    """Whether root may write where permissions say otherwise."""
    header = (ctypes.c_uint32 * 2)(CAP_VERSION_3, 0)
    data = (ctypes.c_uint32 * 6)()
    libc = ctypes.CDLL(None)
    assert libc.syscall(CAPGET, header, data) == 0
    data[0] = data[0] | ANY_FILE if allow else data[0] & ~ANY_FILE
    assert libc.syscall(CAPSET, header, data) == 0


def permit(folder, mode):
    """Let everything in a folder be written, or only read."""
    for path in (folder, *folder.rglob("*")):
        if mode == "read":
            path.chmod(path.stat().st_mode & ~0o222)
        else:
            path.chmod(path.stat().st_mode | 0o200)


@contextmanager
def only_reading(*folders):
    """This process may only read these folders in here."""
    for folder in folders:
        permit(folder, "read")
    if os.geteuid() == 0:
        allow_any_file(False)
    yield
    if os.geteuid() == 0:
        allow_any_file(True)
    for folder in folders:
        permit(folder, "write")


@pytest.fixture
def mine(drawn, tmp_path, monkeypatch):
    """A trained project, and a home of its own for this process."""
    if os.geteuid() == 0 and os.uname().machine != "x86_64":
        pytest.skip("root may write everywhere")
    shutil.copytree(drawn.root, tmp_path / "p")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    return Project(tmp_path / "p")


@pytest.fixture
def only_read(mine):
    """The same, where this process may only read it."""
    with only_reading(mine.root):
        yield mine


def everything_in(project):
    return {path: path.stat().st_mtime_ns for path in project.root.rglob("*")}


def test_it_can_be_looked_at(only_read, tmp_path, bearkit_json):
    before, place = everything_in(only_read), ("-p", only_read.root)
    assert bearkit_json("status", *place)["images"] == 36
    assert len(bearkit_json("sources", *place)["sources"]) == 36
    assert bearkit_json("interpret", *place)["run"] == "001"
    assert bearkit_json("review", "history", *place) == {"decisions": []}
    assert bearkit_json("review", "next", *place)["suspects"]
    assert bearkit_json("export", tmp_path / "model", *place)["model"] == str(tmp_path / "model")
    assert everything_in(only_read) == before


def test_pictures_without_a_kept_split_are_told_all_the_same(project, tmp_path, bearkit_json):
    import_images(project, write_drawings(tmp_path / "source", 5))
    with only_reading(project.root):
        told = bearkit_json("status", "-p", project.root)
    assert told["labels"]["disc"] == {"train": 4, "valid": 1, "test": 0}


@pytest.mark.parametrize("command", [("import", "{source}"), ("train",), ("review", "apply"), ("train", "--resume"),
                                     ("review", "decide", "{picture}", "keep"), ("review", "undo")])  # fmt: skip
def test_what_would_change_it_says_that_it_may_only_be_read(only_read, tmp_path, bearkit_json, command):
    source, picture = write_drawings(tmp_path / "source", 2), Catalog(only_read).images()[0].image_id
    words = [word.format(source=source, picture=picture) for word in command]
    told = bearkit_json(*words, "-p", only_read.root, code=1)
    assert f"the project is read-only: {only_read.root}" in told["error"]
    assert "copy it" in told["hint"]


def test_decisions_that_a_killed_studio_left_beside_the_catalogue_are_seen(mine):
    picture = Catalog(mine).images()[0].image_id
    code = (
        "import os, sys; from bearkit import Project; from bearkit.catalog.catalog import Catalog\n"
        "from bearkit.catalog.decisions import DecisionLog\n"
        "from bearkit.catalog.decision_types import DecisionRequest\n"
        "log = DecisionLog(Catalog(Project(sys.argv[1])))\n"
        "log.decide([DecisionRequest(sys.argv[2], 'delete')], 'ann'); os._exit(0)"
    )
    close_all()
    subprocess.run([sys.executable, "-c", code, str(mine.root), picture], check=True)
    assert (mine.root / "catalog.db-wal").stat().st_size
    with only_reading(mine.root):
        assert [row.action for row in DecisionLog(Catalog(mine)).of_image(picture)] == ["delete"]


def test_an_older_catalogue_is_not_brought_up_to_date_there(mine):
    with sqlite3.connect(mine.catalog) as connection:
        connection.execute("UPDATE meta SET value = '2' WHERE key = 'format'")
    connection.close()
    with only_reading(mine.root), pytest.raises(ReadOnlyError, match="older bearkit"):
        Catalog(mine)


def test_it_can_be_tried_on_a_picture(only_read, tmp_path, bearkit_json):
    before, learn = everything_in(only_read), Learner(only_read).start_from("001")
    picture = only_read.root / Catalog(only_read).images()[0].path
    assert learn.predict(picture).label in ("disc", "square", "star")
    assert learn.predict(picture) == learn.predict(picture)  # from this user's own cache
    assert everything_in(only_read) == before
    assert "name a folder elsewhere" in bearkit_json("export", "-p", only_read.root, code=1)["error"]


def test_what_the_studio_asks_for_is_read(only_read):
    assert runs.find_finished(only_read).state == "finished"
    assert Learner(only_read).out_of_fold_probs()[1].shape == (36, 3)
    with pytest.raises(ReadOnlyError):
        DecisionLog(Catalog(only_read)).decide([DecisionRequest("x", "keep")], "ann")
