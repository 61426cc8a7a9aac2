"""The catalogue's file: what becomes of it while programs have it open, when it is damaged, and its copy."""

import os
import shutil
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from bearkit import Project
from bearkit.catalog import backup, database, repair
from bearkit.catalog.backup import backup_path
from bearkit.catalog.catalog import Catalog
from bearkit.catalog.database import close_all
from bearkit.catalog.decision_types import DecisionRequest
from bearkit.catalog.decisions import DecisionLog
from bearkit.catalog.schema import ImageRecord
from bearkit.errors import BusyError, ProjectError, ReviewError


def images(n, first=0):
    """Records of pictures that nobody has."""
    return [
        ImageRecord(f"{k:064x}", f"images/a/{k}.png", "ab"[k % 2], None, 8, 8, "PNG", 9)
        for k in range(first, first + n)
    ]


def filled(project, n=4):
    """A catalogue of `n` pictures."""
    catalog = Catalog(project, create=True)
    catalog.record(images(n), [])
    return catalog


def move_away(project, to):
    """What a person does with the one file that they see."""
    project.catalog.rename(to)


def test_many_catalogues_of_a_project_share_one_open_file(project):
    filled(project)
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(50):
        assert len(Catalog(project).images()) == 4
    assert len(list(Path("/proc/self/fd").iterdir())) <= before + 1


def test_many_projects_are_not_all_held_open(tmp_path):
    before = len(list(Path("/proc/self/fd").iterdir()))
    for number in range(30):
        filled(Project(tmp_path / str(number)))
    assert len(list(Path("/proc/self/fd").iterdir())) < before + 30


def test_no_connection_is_left_open_at_the_end(project):
    filled(project)
    code = "import sys; from bearkit import Project; from bearkit.catalog.catalog import Catalog\n"
    code += "Catalog(Project(sys.argv[1])).images()"
    command = [sys.executable, "-X", "dev", "-W", "error::ResourceWarning", "-c", code, str(project.root)]
    assert "ResourceWarning" not in subprocess.run(command, capture_output=True, text=True, check=True).stderr


def test_a_decision_goes_into_the_catalogue_that_is_there_now(project, tmp_path):
    ledger = DecisionLog(filled(project))
    ledger.decide([DecisionRequest(images(1)[0].image_id, "keep")], "ann")
    move_away(project, tmp_path / "old.db")
    filled(project)
    stored = ledger.decide([DecisionRequest(images(1)[0].image_id, "delete")], "ann")
    with sqlite3.connect(project.catalog) as connection:
        assert connection.execute("SELECT action FROM decisions").fetchall() == [("delete",)]
    connection.close()
    assert [row.id for row in stored] == [1]


def test_a_picture_that_the_new_catalogue_does_not_know_is_not_acknowledged(project, tmp_path):
    ledger = DecisionLog(filled(project))
    move_away(project, tmp_path / "old.db")
    Catalog(project, create=True)
    with pytest.raises(ReviewError, match="there is no picture"):
        ledger.decide([DecisionRequest(images(1)[0].image_id, "delete")], "ann")


def test_a_catalogue_that_is_moved_away_is_not_made_anew_by_a_decision(project, tmp_path):
    ledger = DecisionLog(filled(project))
    move_away(project, tmp_path / "old.db")
    with pytest.raises(ProjectError, match="is gone"):
        ledger.decide([DecisionRequest(images(1)[0].image_id, "delete")], "ann")
    assert not project.catalog.exists()


def test_a_catalogue_that_is_replaced_while_it_is_written_is_not_acknowledged(project, tmp_path):
    catalog = filled(project)
    with pytest.raises(BusyError, match="replaced"), catalog.connection(write=True):
        move_away(project, tmp_path / "old.db")
        filled(project)


def test_a_new_catalogue_is_not_mixed_with_what_an_old_one_left(project, tmp_path):
    """Rows that lie beside a file are no part of another one that gets its name."""
    code = (
        f"import os, sys; sys.path.insert(0, {str(Path(__file__).parent)!r})\n"
        f"from bearkit import Project; from {Path(__file__).stem} import filled\n"
        "filled(Project(sys.argv[1]), 40); os._exit(0)"
    )
    subprocess.run([sys.executable, "-c", code, str(project.root)], check=True)
    assert (project.root / "catalog.db-wal").stat().st_size
    move_away(project, tmp_path / "old.db")
    assert Catalog(project, create=True).images() == []
    (project.root / "catalog.db.moved-wal").rename(tmp_path / "old.db-wal")
    with sqlite3.connect(tmp_path / "old.db") as connection:
        assert connection.execute("SELECT count(*) FROM images").fetchone() == (40,)
    connection.close()


def test_a_forked_process_opens_the_file_itself(project):
    """In a process without other threads: a fork that meets one inside SQLite would wait for its lock for ever."""
    code = (
        f"import os, sys; sys.path.insert(0, {str(Path(__file__).parent)!r})\n"
        f"from bearkit import Project; from {Path(__file__).stem} import filled, images\n"
        "catalog = filled(Project(sys.argv[1])); catalog.images(); child = os.fork()\n"
        "if not child: catalog.record(images(4, first=4), []); os._exit(0 if len(catalog.images()) == 8 else 1)\n"
        "sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) or len(catalog.images()) != 8)"
    )
    subprocess.run([sys.executable, "-c", code, str(project.root)], check=True)


def test_what_a_method_tells_is_of_one_moment(project):
    """Pictures come in pairs, each in one transaction: whoever counts finds an even number."""
    catalog, over, odd = filled(project), threading.Event(), []

    def look():
        while not over.is_set():
            with catalog.connection() as connection:
                counts = [connection.exec_driver_sql("SELECT count(*) FROM images").scalar() for _ in range(2)]
            odd.extend(counts if counts[0] != counts[1] else [])

    reader = threading.Thread(target=look)
    reader.start()
    for number in range(2, 60):
        catalog.record(images(2, first=2 * number), [])
    over.set()
    reader.join()
    assert odd == []


DAMAGED = [b"", b"\0" * 4096, b"this is no database" * 100]


@pytest.mark.parametrize("content", DAMAGED)
def test_a_damaged_catalogue_says_what_helps(project, content):
    filled(project)
    backup_path(project.catalog).unlink(missing_ok=True)
    project.catalog.unlink()
    project.catalog.write_bytes(content)
    with pytest.raises(ProjectError) as raised:
        Catalog(project)
    assert "try again" not in raised.value.hint
    assert "untouched in images/" in raised.value.hint
    backup_path(project.catalog).touch()
    with pytest.raises(ProjectError) as raised:
        Catalog(project)
    assert "bearkit doctor --mend" in raised.value.hint
    assert "move it away" not in raised.value.hint


def test_a_copy_is_kept_before_the_first_change_of_a_day(project):
    catalog = filled(project, 20)
    assert not backup_path(project.catalog).exists()  # nothing was there to copy
    catalog.record(images(1, first=20), [])
    assert pictures_in(backup_path(project.catalog)) == 20
    catalog.record(images(1, first=21), [])
    assert pictures_in(backup_path(project.catalog)) == 20
    yesterday = backup_path(project.catalog).stat().st_mtime - backup.MAX_AGE_SECONDS - 1
    os.utime(backup_path(project.catalog), (yesterday, yesterday))
    catalog.record(images(1, first=22), [])
    assert pictures_in(backup_path(project.catalog)) == 22


def test_a_copy_that_is_much_smaller_is_made_anew(project):
    catalog = filled(project, 4)
    catalog.record(images(1000, first=4), [])
    catalog.record(images(1000, first=1004), [])
    catalog.record(images(1, first=2004), [])
    assert pictures_in(backup_path(project.catalog)) > 1000


def test_a_damaged_catalogue_is_not_copied_over_a_good_copy(project):
    filled(project, 20).record(images(1, first=20), [])
    good = backup_path(project.catalog).read_bytes()
    yesterday = backup_path(project.catalog).stat().st_mtime - backup.MAX_AGE_SECONDS - 1
    os.utime(backup_path(project.catalog), (yesterday, yesterday))
    project.catalog.unlink()
    project.catalog.write_bytes(b"no database" * 1000)
    with pytest.raises(ProjectError):
        Catalog(project).record(images(1, first=30), [])
    backup.back_up(project.catalog)
    assert backup_path(project.catalog).read_bytes() == good


def test_a_migration_keeps_a_copy_of_what_was(project):
    filled(project)
    with sqlite3.connect(project.catalog) as connection:
        for column in ("license", "creator", "page"):
            connection.execute(f"ALTER TABLE sources DROP COLUMN {column}")
        connection.execute("UPDATE meta SET value = '2' WHERE key = 'format'")
    connection.close()
    assert len(Catalog(project).images()) == 4
    with sqlite3.connect(backup_path(project.catalog)) as connection:
        assert connection.execute("SELECT value FROM meta WHERE key = 'format'").fetchone() == ("2",)
    connection.close()


def pictures_in(file):
    connection = sqlite3.connect(file)
    try:
        return connection.execute("SELECT count(*) FROM images").fetchone()[0]
    finally:
        connection.close()


def test_on_a_full_disk_a_project_is_read_and_what_would_be_written_says_so(project, monkeypatch):
    catalog = filled(project)
    close_all()
    usage = shutil.disk_usage(project.root)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=0))
    assert len(catalog.images()) == 4
    with pytest.raises(BusyError, match="is full") as raised:
        DecisionLog(catalog).decide([DecisionRequest(images(1)[0].image_id, "keep")], "ann")
    assert "make room" in raised.value.hint
    monkeypatch.undo()
    DecisionLog(catalog).decide([DecisionRequest(images(1)[0].image_id, "keep")], "ann")


def test_a_catalogue_that_is_locked_is_not_called_damaged(project, monkeypatch):
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.1)
    filled(project)
    close_all()
    other = sqlite3.connect(project.catalog, isolation_level=None)
    other.execute("PRAGMA locking_mode=EXCLUSIVE")
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(BusyError):
        repair.find_faults(project)
    other.close()
