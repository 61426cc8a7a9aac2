"""`bearkit import` on the command line: what it says before it copies, dry runs, and a next step that can be taken."""

import shutil
import sys

import pytest

from bearkit import Project
from bearkit.cli.common import run
from bearkit.cli.next_steps import next_steps
from bearkit.labelling.next_step import ProjectProgress
from tests.conftest import write_pictures


@pytest.fixture
def spoken(monkeypatch, capsys):
    """Runs a command in this process: what it prints, and what goes to stderr."""

    def call(*arguments, code=0):
        monkeypatch.setattr(sys, "argv", ["bearkit", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            run()
        assert (ended.value.code or 0) == code
        return capsys.readouterr()

    return call


def test_labels_splits_and_notes_are_said_before_anything_is_copied(tmp_path, spoken):
    root = tmp_path / "s" / "all"
    write_pictures(root / "train", {"black": 3, "teddy": 2})
    write_pictures(root / "test", {"black": 1}, start=10)
    (root / "README.md").write_text("bears")
    said = spoken("import", tmp_path / "s", "-p", tmp_path / "p", "--dry-run")
    assert said.out.splitlines()[:2] == ["Labels: black 4, teddy 2", "Splits: test 1, train 5"]
    assert "README.md" in said.out
    assert "Nothing was copied" in said.out
    assert not (tmp_path / "p").exists()
    said = spoken("import", tmp_path / "s", "-p", tmp_path / "p")
    assert said.err.splitlines()[:2] == ["Labels: black 4, teddy 2", "Splits: test 1, train 5"]
    assert "6 new pictures" in said.out


@pytest.mark.parametrize("source", ["black", "black.zip", "around/black.zip"])
def test_a_flat_folder_or_zip_asks_for_its_one_label_or_none_yet(source, tmp_path, spoken, bearkit_json):
    """`around/black.zip` holds a folder `black`, as a computer zips a folder; the others are flat."""
    write_pictures(tmp_path, {"black": 2})
    (tmp_path / "around").mkdir()
    shutil.make_archive(tmp_path / "black", "zip", tmp_path / "black")
    shutil.make_archive(tmp_path / "around" / "black", "zip", tmp_path, "black")
    place = ("-p", tmp_path / "p")
    said = spoken("import", tmp_path / source, *place, code=1).err
    assert "label black 2; or no label yet" in said
    assert "--label black (or another name) for label `black`; --unlabelled for no label yet" in said
    assert not (tmp_path / "p").exists()
    assert bearkit_json("import", tmp_path / source, "--unlabelled", *place)["unlabelled"] == 2
    assert bearkit_json("import", tmp_path / source, "--label", "black", *place)["labels"] == {"black": 2}
    assert bearkit_json("import", tmp_path / source, *place)["labels"] == {"black": 2}, "the project has this label now"


def test_a_dry_run_is_one_object(tmp_path, bearkit_json):
    source = write_pictures(tmp_path / "s", {"black": 2, "teddy": 1})
    (source / "Thumbs.db").write_bytes(b"\0")
    (source / "black" / "notes.txt").write_text("words")
    seen = bearkit_json("import", source, "--dry-run", "-p", tmp_path / "p")
    assert (seen["dry_run"], seen["labels"], seen["splits"]) == (True, {"black": 2, "teddy": 1}, {})
    assert [row["path"] for row in seen["left_out"]] == [str(source / "Thumbs.db"), str(source / "black" / "notes.txt")]
    seen = bearkit_json("import", source, "--dry-run", "--unlabelled", "-p", tmp_path / "p")
    assert (seen["labels"], seen["unlabelled"]) == ({}, 3)
    assert not (tmp_path / "p").exists()


def test_splits_can_be_said_for_one_label_and_for_none(tmp_path, bearkit_json):
    write_pictures(tmp_path / "s", {"train": 3, "test": 2})
    place = ("-p", tmp_path / "p")
    result = bearkit_json("import", tmp_path / "s", "--label", "bear", "--splits", *place)
    assert (result["labels"], result["splits"]) == ({"bear": 5}, {"test": 2, "train": 3})
    result = bearkit_json("import", tmp_path / "s", "--no-splits", "-p", tmp_path / "q")
    assert (result["labels"], result["splits"]) == ({"test": 2, "train": 3}, {})


@pytest.mark.parametrize(
    ("labels", "options", "step"),
    [
        ({"x": 3}, ("--unlabelled",), "bearkit label next -p"),
        ({"black": 3}, (), "pictures of another one"),
        ({"black": 3, "teddy": 1}, (), "a second picture of teddy"),
        ({"train/black": 2, "train/teddy": 2, "test/grizzly": 2, "test/teddy": 1}, (), "training pictures of grizzly"),
        ({"black": 2, "teddy": 2}, (), "bearkit train -p"),
    ],
)
def test_the_next_step_is_one_that_can_be_taken(labels, options, step, tmp_path, spoken):
    write_pictures(tmp_path / "s", labels)
    place = ("-p", tmp_path / "p")
    last = spoken("import", tmp_path / "s", *options, *place).out.splitlines()[-1]
    assert step in last
    assert spoken("status", *place).out.splitlines()[-1] == last
    assert ("bearkit train" in last) == (step == "bearkit train -p")


def test_one_label_and_unlabelled_pictures_lead_to_labelling():
    counts = {"black": {"train": 3, "valid": 1, "test": 0}}
    text = next_steps(ProjectProgress(counts, unlabelled=5), " -p bears")[-1]
    assert text.startswith("One label so far. Next: give other pictures a second label: bearkit label next -p bears")
    assert next_steps(ProjectProgress()) == ["Next: import pictures: bearkit import FOLDER"]


def test_a_project_with_missing_files_says_how_to_find_them(tmp_path, spoken):
    place = Project(tmp_path / "p")
    spoken("import", write_pictures(tmp_path / "s", {"black": 2, "teddy": 2}), "-p", place.root)
    (place.images / "black" / "0.png").unlink()
    text = spoken("status", "-p", place.root).out
    assert "1 picture file missing" in text
    assert "images/black/0.png" in text
    assert "bearkit train" not in text


@pytest.mark.parametrize("option", ["--label-from=colour", "--splits=maybe"])
def test_wrong_options_are_wrong_usage(option, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["bearkit", "import", str(tmp_path), option])
    with pytest.raises(SystemExit) as ended:
        run()
    assert ended.value.code == 2
