"""`bearkit doctor` finds what is damaged, and mends what can be mended."""

import json
import os
import sqlite3
import time
from contextlib import closing

import pytest

from bearkit import runs
from bearkit.catalog import backup
from bearkit.catalog.backup import backup_path
from bearkit.catalog.catalog import Catalog
from bearkit.catalog.database import close_all
from bearkit.catalog.decision_types import DecisionRequest
from bearkit.catalog.decisions import DecisionLog
from bearkit.errors import ProjectError
from bearkit.inference.leftovers import OLD_SECONDS
from tests.conftest import write_pictures


@pytest.fixture
def doctor(shapes, bearkit_json):
    """Examines the project: its problems, after it was seen whether `ok` fits them."""

    def examine(*options):
        close_all()  # as a command of its own would find the file
        result = bearkit_json("doctor", "-p", shapes.root, *options, code=(0, 1))
        assert result["ok"] == ("error" not in result) == all(problem["mended"] for problem in result["problems"])
        assert all(problem["what"] and problem["where"] and problem["hint"] for problem in result["problems"])
        return result["problems"]

    return examine


def changed(project, statement, *values):
    """Write into a catalogue behind bearkit's back."""
    close_all()
    connection = sqlite3.connect(project.catalog)
    connection.execute(statement, values)
    connection.commit()
    connection.close()


def decided(project, n=3):
    """The first pictures, deleted by a person; the copy of the catalogue is older than that."""
    backup.back_up(project.catalog)
    pictures = Catalog(project).images()[:n]
    for picture in pictures:
        DecisionLog(Catalog(project)).decide([DecisionRequest(picture.image_id, "delete")], "ann")
    return [picture.image_id for picture in pictures]


def test_a_project_in_order_has_no_problems(doctor):
    assert doctor() == []
    assert doctor("--mend") == []


def test_what_is_no_project_is_told(bearkit_json, tmp_path):
    assert "not a bearkit project" in bearkit_json("doctor", "-p", tmp_path, code=1)["error"]


DAMAGES = {
    "empty": lambda data: b"",
    "cut off": lambda data: data[: len(data) // 2],
    "overwritten": lambda data: data[:8192] + b"\xff" * 8192 + data[16384:],
    "no catalogue": lambda data: b"no database" * 500,
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_catalogue_is_made_anew_with_what_can_still_be_read(shapes, doctor, damage):
    decided(shapes)
    close_all()
    whole = shapes.catalog.read_bytes()
    for beside in shapes.root.glob("catalog.db-*"):
        beside.unlink()
    shapes.catalog.write_bytes(DAMAGES[damage](whole))
    (problem,) = [row for row in doctor() if row["where"] == str(shapes.catalog)]
    assert "damaged" in problem["what"]
    assert backup_path(shapes.catalog).name in problem["hint"]
    assert not problem["mended"]
    (problem,) = [row for row in doctor("--mend") if row["where"] == str(shapes.catalog)]
    assert problem["mended"]
    assert len(Catalog(shapes).images()) == 36
    (kept,) = (file for file in shapes.root.glob("catalog.db.damaged-*") if file.suffix.count("-") == 2)
    assert kept.read_bytes() == DAMAGES[damage](whole)
    assert doctor() == []


def test_a_catalogue_that_is_gone_comes_back_from_its_copy(shapes, doctor):
    decided(shapes)
    close_all()
    shapes.catalog.unlink()
    assert [row["what"] for row in doctor("--mend")] == ["the catalogue is damaged: it is missing"]
    assert len(Catalog(shapes).images()) == 36


STATEMENTS = [
    "ALTER TABLE images RENAME COLUMN image_id TO other",
    "DELETE FROM meta",
    "DELETE FROM meta WHERE key = 'format'",
]


@pytest.mark.parametrize("statement", STATEMENTS)
def test_a_catalogue_that_lacks_a_column_or_its_format_goes_back_to_its_copy(shapes, doctor, statement):
    backup.back_up(shapes.catalog)
    n = len(Catalog(shapes).images())
    changed(shapes, statement)
    (problem,) = doctor()
    assert "the catalogue is damaged" in problem["what"]
    doctor("--mend")
    assert len(Catalog(shapes).images()) == n
    assert doctor() == []


def test_predictions_that_are_damaged_in_the_middle_are_named(shapes, doctor):
    file = next(shapes.runs.glob("*/predictions.npz"))
    content = bytearray(file.read_bytes())
    content[200:1200] = b"\xff" * 1000
    file.write_bytes(content)
    (problem,) = doctor()
    assert problem["where"] == str(file)


WRONG = [("step", "'first'"), ("action", "5"), ("to_label", "x'ff'"), ("action", "'burn'"), ("time", "x'00'")]


@pytest.mark.parametrize(("column", "value"), WRONG)
def test_a_wrongly_typed_decision_is_named_and_left_out_and_the_others_stay(shapes, doctor, column, value):
    first, _, third = decided(shapes)
    changed(shapes, f"UPDATE decisions SET {column} = {value} WHERE id = 2")
    (problem,) = doctor()
    assert "row 2 of decisions" in problem["what"]
    assert column in problem["what"]
    assert doctor("--mend")[0]["mended"]
    assert {row.image_id for row in DecisionLog(Catalog(shapes)).current().values()} == {first, third}


def test_a_wrongly_typed_row_is_told_wherever_it_is_read(shapes):
    decided(shapes)
    changed(shapes, "UPDATE decisions SET reviewer = x'00' WHERE id = 2")
    with pytest.raises(ProjectError, match="reviewer") as raised:
        DecisionLog(Catalog(shapes)).images()
    assert "bearkit doctor" in raised.value.hint
    assert "move it away" not in raised.value.hint
    changed(shapes, "UPDATE images SET label = x'07' WHERE rowid = 1")
    with pytest.raises(ProjectError, match="label"):
        Catalog(shapes).images()


def test_pictures_that_are_gone_changed_or_unknown_are_named(shapes, doctor):
    gone, edited, moved = Catalog(shapes).images()[:3]
    (shapes.root / gone.path).unlink()
    with (shapes.root / edited.path).open("ab") as file:
        file.write(b"x")
    (shapes.root / moved.path).rename(shapes.images / "star" / "elsewhere.png")
    (shapes.images / "star" / "new.png").write_bytes((shapes.root / edited.path).read_bytes() + b"y")
    found = {row["where"]: row for row in doctor()}
    assert "missing" in found[str(shapes.root / gone.path)]["what"]
    assert "not the one that was imported" in found[str(shapes.root / edited.path)]["what"]
    assert "images/star/elsewhere.png" in found[str(shapes.root / moved.path)]["hint"]
    assert "does not know" in found[str(shapes.images / "star" / "new.png")]["what"]
    assert len(found) == 4
    assert [row["where"] for row in doctor("--mend") if row["mended"]] == [str(shapes.root / moved.path)]
    paths = {image.image_id: image.path for image in Catalog(shapes).images()}
    assert paths[moved.image_id] == "images/star/elsewhere.png"
    assert len(doctor()) == 3


def test_a_damaged_cache_is_deleted(shapes, doctor):
    body, *_ = sorted((shapes.cache / "bodies").glob("*.onnx"))  # there may be more, of other tests of this worker
    piece, *_ = sorted(shapes.cache.glob("features/*/*.npy"))
    body.write_bytes(body.read_bytes()[:1000])
    piece.write_bytes(b"")
    assert {row["where"] for row in doctor()} == {str(body), str(piece)}
    assert all(row["mended"] for row in doctor("--mend"))
    assert doctor() == []


def test_damaged_runs_and_lines_are_named(shapes, doctor):
    (good,) = runs.list_usable(shapes)
    with (good.folder / "events.jsonl").open("a") as file:
        file.write("[]\n{\n")
    bad = runs.create(shapes, {})
    (bad.folder / "result.json").write_text("")
    checkpoint = good.checkpoint("stage-1")
    checkpoint.write_bytes(checkpoint.read_bytes()[:100])
    told = {row["where"]: row["what"] for row in doctor()}
    assert "2 lines of run 001" in told[str(good.folder / "events.jsonl")]
    assert "weights of run 001 are damaged" in told[str(checkpoint)]
    assert "run 002 cannot be used: result.json" in told[str(bad.folder)]
    before = good.events()
    assert [row["mended"] for row in doctor("--mend")] == [True, False, False]
    assert runs.find(shapes, "001").events() == before


def test_a_damaged_model_is_named(shapes, doctor):
    folder = shapes.models / "001"
    folder.mkdir(parents=True)
    (folder / "config.json").write_text("{")
    (row,) = doctor()
    assert (row["where"], "export" in row["hint"]) == (str(folder), True)


def test_what_killed_programs_left_is_swept(shapes, doctor, small):
    half, young = shapes.images / "disc" / ".0123456789ab.part.png", shapes.images / "disc" / ".ba9876543210.part.png"
    aside = shapes.models / ".bearkit-007.old"
    aside.mkdir(parents=True)
    for name in ("config.json", "model.onnx", "golden.npz"):
        (aside / name).write_bytes((small.model / name).read_bytes())
    for path in (half, young):
        path.write_bytes(b"half")
    long_ago = time.time() - OLD_SECONDS - 1
    os.utime(half, (long_ago, long_ago))
    assert {row["where"] for row in doctor()} == {str(half), str(aside)}
    assert all(row["mended"] for row in doctor("--mend"))
    assert (half.exists(), young.exists(), (shapes.models / "007" / "config.json").exists()) == (False, True, True)


def test_people_get_text(shapes, monkeypatch, capsys, bearkit_json):
    (shapes.root / Catalog(shapes).images()[0].path).unlink()
    told = json.dumps(bearkit_json("doctor", "-p", shapes.root, code=1))
    assert "import the picture again" in told


def test_problems_that_are_left_end_with_1_and_are_an_error_with_a_hint(shapes, bearkit_json):
    assert bearkit_json("doctor", "-p", shapes.root, code=0) == {"ok": True, "problems": [], "notes": []}
    picture, other = (shapes.root / image.path for image in Catalog(shapes).images()[:2])
    picture.unlink()
    other.rename(shapes.images / "elsewhere.png")
    found = bearkit_json("doctor", "-p", shapes.root, code=1)
    assert (found["ok"], len(found["problems"]), found["error"]) == (False, 2, "2 problems left")
    assert found["hint"] == f"bearkit doctor --mend -p {shapes.root}"
    assert bearkit_json("doctor", "--mend", "-p", shapes.root, code=1)["error"] == "1 problem left"
    picture.write_bytes((shapes.images / "elsewhere.png").read_bytes())  # not its own bytes
    assert bearkit_json("doctor", "-p", shapes.root, code=1)["problems"][0]["where"] == str(picture)


def as_folder(path):
    path.mkdir()


def as_other_program(path):
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE places (url TEXT)")
        connection.commit()


def as_other_program_with_meta(path):
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE meta (key TEXT, value TEXT)")
        connection.commit()


@pytest.mark.parametrize(
    ("make", "word"),
    [
        (as_folder, "is not a file but a folder"),
        (os.mkfifo, "is not a file but something else"),
        (lambda path: path.symlink_to(path), "is not a file but something else"),
        (lambda path: path.write_bytes(b""), "is empty: 0 bytes"),
        (lambda path: path.write_text("a list of pictures\n" * 100), "cannot be read as a catalogue"),
        (as_other_program, "is not a catalogue of bearkit's: no such table"),
        (as_other_program_with_meta, "is not a catalogue of bearkit's: its format is not recorded"),
    ],
)
def test_what_is_no_catalogue_is_named_by_every_command_and_never_replaced(tmp_path, bearkit_json, make, word):
    source = write_pictures(tmp_path / "source", {"black": 2, "teddy": 2})
    (place := tmp_path / "project").mkdir()
    make(place / "catalog.db")
    kind = (place / "catalog.db").lstat().st_mode
    for command in (("status",), ("import", source), ("train",), ("review", "history")):
        found = bearkit_json(*command, "-p", place, code=1)
        assert word in found["error"], (command, found)
        assert found["hint"]
    found = bearkit_json("doctor", "-p", place, code=1)
    assert found["error"]
    assert found["hint"]
    assert (place / "catalog.db").lstat().st_mode == kind
    assert not (place / "images").exists()


def test_a_catalogue_that_became_a_folder_comes_back_from_its_copy(shapes, doctor):
    backup.back_up(shapes.catalog)
    images = Catalog(shapes).images()
    close_all()
    shapes.catalog.unlink()
    shapes.catalog.mkdir()
    assert doctor()[0]["what"] == "the catalogue is damaged: it is not a file"
    assert all(row["mended"] for row in doctor("--mend"))
    assert Catalog(shapes).images() == images
