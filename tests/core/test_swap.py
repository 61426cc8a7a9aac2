"""A model folder is there at every moment, also while another model takes its place."""

import os
import threading
import time

import pytest

from bearkit.core import swap
from bearkit.core.project import Project
from bearkit.export import export as exporting
from bearkit.inference import leftovers, model_folder
from bearkit.inference.leftovers import OLD_SECONDS


def folder(path, content):
    """A small folder as an export writes it."""
    path.mkdir(parents=True)
    (path / "model.onnx").write_text(content)
    return path


def prepared(target, content):
    """One that is ready to be put in its place."""
    part = swap.new_part(target)
    (part / "model.onnx").write_text(content)
    return part


def test_whoever_looks_finds_a_model_at_every_moment(tmp_path):
    target, missing, over = folder(tmp_path / "001", "0"), [], threading.Event()

    def look():
        while not over.is_set():
            try:
                (target / "model.onnx").stat()
            except FileNotFoundError as error:
                missing.append(error)

    reader = threading.Thread(target=look)
    reader.start()
    for number in range(300):
        swap.replace_folder(prepared(target, str(number)), target)
    over.set()
    reader.join()
    assert missing == []
    assert (target / "model.onnx").read_text() == "299"
    assert [path.name for path in tmp_path.iterdir()] == ["001"]


def test_many_exports_to_one_folder_at_once_all_succeed(tmp_path):
    target, failed = tmp_path / "001", []

    def export(number):
        try:
            for _ in range(20):
                swap.replace_folder(prepared(target, str(number)), target)
        except OSError as error:
            failed.append(error)

    threads = [threading.Thread(target=export, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert [path.name for path in tmp_path.iterdir()] == ["001"]


@pytest.fixture
def no_exchange(monkeypatch):
    """As on a system that cannot exchange two names."""
    monkeypatch.setattr(swap, "_exchanged", lambda one, other: False)


class Killed(BaseException):
    """What a kill leaves undone."""


def test_a_kill_between_the_two_renames_loses_no_model(tmp_path, no_exchange, monkeypatch, small):
    target = tmp_path / "001"
    swap.replace_folder(_copy(small.model, target), target)
    rename = type(target).rename

    def killed(path, to):
        if path.suffix == ".part":
            raise Killed
        return rename(path, to)

    monkeypatch.setattr(type(target), "rename", killed)
    with pytest.raises(Killed):
        swap.replace_folder(prepared(target, "new"), target)
    monkeypatch.undo()
    assert not target.exists()
    assert (
        model_folder.read_config(target).vocab == model_folder.read_config(small.model).vocab
    )  # the next look brings it back
    swap.replace_folder(prepared(target, "newer"), target)
    assert (target / "model.onnx").read_text() == "newer"


def _copy(model, target):
    part = swap.new_part(target)
    (part / "config.json").write_bytes((model / "config.json").read_bytes())
    return part


def test_without_an_exchange_a_folder_is_replaced_all_the_same(tmp_path, no_exchange):
    target = folder(tmp_path / "001", "old")
    swap.replace_folder(prepared(target, "new"), target)
    assert (target / "model.onnx").read_text() == "new"
    assert [path.name for path in tmp_path.iterdir()] == ["001"]


def test_what_killed_exports_left_is_swept(tmp_path, small):
    models, run = tmp_path / "models", small.learn.run.id
    lost = folder(models / ".bearkit-0123456789ab.old", "lost")  # as an older bearkit named it
    (lost / "config.json").write_bytes((small.model / "config.json").read_bytes())
    half, young = folder(models / ".bearkit-00.part", "half"), folder(models / ".bearkit-01.part", "young")
    folder(models / "002", "newer")
    folder(models / ".bearkit-002.old", "older")
    long_ago = time.time() - OLD_SECONDS - 1
    os.utime(half, (long_ago, long_ago))
    exporting._sweep(models, own=True)
    assert sorted(path.name for path in models.iterdir()) == [young.name, run, "002"]
    assert (models / run / "model.onnx").read_text() == "lost"


def test_a_leftover_of_nobody_knows_what_is_left_alone(tmp_path):
    lost = folder(tmp_path / ".bearkit-0123456789ab.old", "lost")
    exporting._sweep(tmp_path, own=True)
    exporting._sweep(tmp_path, own=False)
    assert lost.exists()
    assert leftovers.put_back(lost) is None


def test_the_newest_model_is_the_one_of_the_highest_number(tmp_path):
    for name in ("999", "1000", "0998", "1000-stage-2", "1000-stage-10", ".bearkit-1.part"):
        (folder(tmp_path / "models" / name, "") / "config.json").touch()
    assert [path.name for path in Project(tmp_path).model_folders()] == [
        "0998",
        "999",
        "1000",
        "1000-stage-2",
        "1000-stage-10",
    ]
