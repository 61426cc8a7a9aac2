"""A project that commit 386584d wrote is used by today's bearkit as its own (tests/make_old_project.py made it)."""

import json
import os
import shutil
import zipfile

import numpy as np
import pytest

from bearkit import Project
from bearkit.catalog.database import close_all
from tests import tiny_body
from tests.conftest import ROOT

ZIP = ROOT / "tests" / "data" / "old_project.zip"
with zipfile.ZipFile(ZIP) as _archive:
    EXPECTED = json.loads(_archive.read("expected.json"))


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory):
    """The project as it came. Not to be changed by tests."""
    tiny_body.register()
    folder = tmp_path_factory.mktemp("old")
    with zipfile.ZipFile(ZIP) as archive:
        archive.extractall(folder)
    yield folder / "old"
    close_all()


@pytest.fixture
def old(unpacked, tmp_path):
    """The project for one test alone."""
    yield Project(shutil.copytree(unpacked, tmp_path / "old"))
    close_all()


@pytest.fixture
def said(old, bearkit_json):
    """What a command says of the project, with paths as they are in it."""

    def call(*words):
        text = json.dumps(bearkit_json(*words, "-p", old.root))
        return json.loads(text.replace(f"{old.root}{os.sep}", "").replace(str(old.root), "."))

    return call


def within(expected, found, tolerance=1e-6):
    """Fail unless everything expected is found, numbers to within the tolerance; what was added since may be there."""
    if isinstance(expected, dict):
        assert set(expected) <= set(found)
        for key, value in expected.items():
            within(value, found[key], tolerance)
    elif isinstance(expected, list):
        assert len(expected) == len(found)
        for one, other in zip(expected, found, strict=True):
            within(one, other, tolerance)
    elif isinstance(expected, float):
        assert found == pytest.approx(expected, abs=tolerance)
    else:
        assert found == expected


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("status", ("status",)),
        ("interpret", ("interpret", "--run", "1")),
        ("history", ("review", "history")),
        ("sources", ("sources",)),
        ("compare", ("compare", "2", "3")),
    ],
)
def test_a_command_says_what_the_old_code_said(said, name, words):
    expected = {**EXPECTED[name], "project": "."} if name == "status" else EXPECTED[name]
    if name == "compare":
        expected = {key: value for key, value in expected.items() if key != "sentence"}  # the words are for people
    within(expected, said(*words))


def test_its_model_gives_the_probabilities_that_the_old_code_gave(old, said):
    expected = EXPECTED["predict"]["predictions"]
    found = said("predict", "003", *(old.root / row["path"] for row in expected))["predictions"]
    assert len({row["label"] for row in found}) == 3
    within(expected, found)


def test_the_doctor_finds_nothing_wrong_with_it(said):
    assert said("doctor") == {"ok": True, "problems": [], "notes": []}
    assert said("doctor", "--mend") == {"ok": True, "problems": [], "notes": []}


def test_the_review_lists_the_pictures_that_it_listed(said):
    expected, found = EXPECTED["next"], said("review", "next", "--n", 40)
    ids = {row["image_id"] for row in expected["suspects"]}
    assert {row["image_id"] for row in found["suspects"]} == ids
    assert found["remaining"] == expected["remaining"]
    assert {row["image_id"]: row["given"] for row in found["suspects"]} == {
        row["image_id"]: row["given"] for row in expected["suspects"]
    }
    undecided = said("review", "next", "--kind", "unlabelled")["suspects"]
    assert {row["path"] for row in undecided} == {f"unlabelled/{label}-8.png" for label in ("blue", "green", "red")}


def test_decisions_of_then_can_be_taken_back_and_files_go_back_to_where_they_came(old, said):
    (undone,) = said("review", "undo")["undone"]
    assert undone["image_id"] == EXPECTED["history"]["decisions"][0]["image_id"]
    assert said("status")["labels"]["blue"]["train"] == EXPECTED["status"]["labels"]["blue"]["train"] + 1
    assert (old.images / "red" / "green-1.png").is_file()
    said("review", "unapply")
    assert (old.images / "green" / "green-1.png").is_file()
    assert (old.images / "blue" / "blue-0.png").is_file()


def test_it_trains_on_with_the_same_pictures_set_aside(old, said):
    def set_aside(run):
        with np.load(old.runs / run / "predictions.npz") as file:
            return set(file["image_ids"][file["splits"] == "valid"].tolist())

    before = set_aside("002")
    new = said("train", "--epochs", 2, "--body", tiny_body.NAME, "--weights", "none")
    assert new["run"] == "004"
    assert set_aside("004") == before
    later = said("train", "--epochs", 1, "--body", tiny_body.NAME, "--start", "003/stage-2")
    assert (later["run"], later["valid_images"]) == ("005", len(before))
    assert said("compare", "3", "5")["images"] == len(before)


def test_an_old_run_is_exported_anew(old, said):
    model = said("export", "--run", "2")["model"]
    (row,) = said("predict", model.removeprefix("models/"), old.root / "unlabelled" / "red-8.png")["predictions"]
    assert set(row["probs"]) == {"blue", "green", "red"}


@pytest.mark.parametrize(
    "words", [("export-dataset", "{}", "--format", "imagefolder"), ("push-dataset", "me/old", "--dry-run", "{}")]
)
def test_its_cleaned_pictures_are_written_out(tmp_path, said, words):
    target = tmp_path / "written"
    said(*(word.format(target) for word in words))
    rows = [json.loads(line) for file in target.rglob("metadata.jsonl") for line in file.read_text().splitlines()]
    labels = [row["label"] for row in rows]
    counts = {label: sum(splits.values()) for label, splits in EXPECTED["status"]["labels"].items()}
    assert {label: labels.count(label) for label in set(labels)} == counts
    assert len(list(target.rglob("*.png"))) == sum(counts.values())
