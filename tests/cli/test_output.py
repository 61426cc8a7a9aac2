"""What is printed: in the terminal's encoding, without control characters, and no longer than a person reads."""

import io
import json
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from bearkit import import_images
from bearkit.cli import output
from bearkit.cli.common import program, run
from tests.conftest import picture, write_pictures


@pytest.fixture
def printed(monkeypatch):
    """Runs a command whose output has an encoding: its exit code, and the bytes of stdout and stderr."""

    def call(encoding, *arguments):
        streams = [io.TextIOWrapper(io.BytesIO(), encoding=encoding) for _ in range(2)]
        with monkeypatch.context() as patch:
            patch.setattr(sys, "argv", ["bearkit", *map(str, arguments)])
            patch.setattr(sys, "stdout", streams[0])
            patch.setattr(sys, "stderr", streams[1])
            with pytest.raises(SystemExit) as ended:
                run()
        for stream in streams:
            stream.flush()
        return ended.value.code or 0, *(stream.buffer.getvalue() for stream in streams)

    return call


@pytest.mark.parametrize("encoding", ["cp1252", "ascii", "shift_jis", "utf-8"])
def test_labels_that_an_encoding_lacks_are_escaped_and_stay_apart(printed, project, tmp_path, encoding):
    source = write_pictures(tmp_path / "s", {"黑熊": 3, "泰迪": 3, "Bär": 3})
    code, out, _ = printed(encoding, "import", source, "-p", project.root)
    assert code == 0
    code, out, _ = printed(encoding, "status", "-p", project.root)
    shown = [name.encode(encoding, "backslashreplace") for name in ("黑熊", "泰迪", "Bär")]
    assert code == 0
    assert all(name in out for name in shown)
    code, out, _ = printed(encoding, "status", "-p", project.root, "--json")
    assert set(json.loads(out.decode("ascii"))["labels"]) == {"黑熊", "泰迪", "Bär"}


def test_an_error_is_worded_in_any_encoding(printed, tmp_path):
    code, out, err = printed("ascii", "import", tmp_path / "黑熊", "-p", tmp_path / "p")
    assert (code, out) == (1, b"")
    assert err.splitlines()[0].endswith(rb"\u9ed1\u718a does not exist"), "a path is not broken into lines"


def test_a_path_that_the_systems_encoding_cannot_write_is_no_bug(printed, project, tmp_path, monkeypatch):
    def mkdir(*_args, **_options):
        "熊".encode("ascii")

    monkeypatch.setattr(Path, "mkdir", mkdir)
    code, out, _ = printed("ascii", "import", tmp_path, "-p", project.root, "--json")
    found = json.loads(out)
    assert code == 1
    assert found["error"] == "this system's encoding (ascii) cannot write `熊`"
    assert "PYTHONUTF8=1" in found["hint"]


def test_control_characters_and_line_ends_of_names_do_nothing(printed, project, tmp_path):
    write_pictures(tmp_path / "s", {"black": 2})
    (tmp_path / "s" / "black" / "\x1b[2J\x9b1m\nsaved  black  forged\r.png").write_bytes(picture(9))
    (tmp_path / "s" / "black" / "\x1b]0;title\x07\nforged.png").write_bytes(b"<html>")
    import_images(project, tmp_path / "s")
    for command in ("import", tmp_path / "s"), ("sources",):
        code, out, _ = printed("utf-8", *command, "-p", project.root)
        assert code == 0
        lines = out.decode().splitlines()
        assert not any(line.lstrip().startswith(("saved  black  forged", "forged")) for line in lines)
        assert all(char.isprintable() for line in lines for char in line)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
@pytest.mark.parametrize("form", [(), ("--json",)])
def test_a_full_disk_under_the_output_is_an_error_in_words(project, tmp_path, monkeypatch, capsys, form):
    import_images(project, write_pictures(tmp_path / "s", {"black": 2}))
    monkeypatch.setattr(sys, "argv", ["bearkit", "sources", "-p", str(project.root), *form])
    with suppress(OSError), Path("/dev/full").open("w") as full, monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", full)
        with pytest.raises(SystemExit) as ended:
            run()
    assert ended.value.code == 1
    assert "No space left on device" in capsys.readouterr().err


def confusion(n):
    """What `interpret` gives for n labels of which the k-th is found in k of n cases."""
    names = [f"label {k:03}" for k in range(n)]
    about = {name: {"precision": 0.5, "recall": k / n if k else None} for k, name in enumerate(names)}
    matrix = [[0] * n for _ in names]
    common = {"run": "001", "split": "valid", "vocab": names, "confusion_matrix": matrix, "labels": about}
    return common | {"most_confused": [[names[1], names[2], 7]] * 400, "top_losses": []}


def test_five_hundred_labels_are_told_on_a_page():
    text = output.interpreted(confusion(500))
    assert len(text) < 4000
    assert "10 of 500 labels" in text
    assert "label 001     50.0 %   0.2 %" in text
    assert "label 499" not in text
    assert text.count("label 002") == 11 + 1
    assert text.endswith("review next --label 'label 001' --predicted 'label 002' --split valid --run 001")


def test_a_few_labels_are_told_in_full():
    text = output.interpreted(confusion(20))
    assert all(text.count(f"label {k:03}") >= 3 for k in range(20))


def test_a_prediction_among_five_hundred_labels_is_a_line():
    row = {"path": "a.jpg", "label": "label 1", "probability": 0.5, "known": True, "similarity": None}
    row |= {"top": [{"label": f"label {k}", "probability": 0.1} for k in (1, 2, 3)]}
    row |= {"probs": {f"label {k}": 0.002 for k in range(500)}}
    assert output.predicted({"predictions": [row]}).splitlines()[1:] == [
        "a.jpg    label 1  50.0 %  (label 2 10.0 %, label 3 10.0 %)"
    ]


def test_a_picture_of_something_else_is_told_with_its_similarity_and_the_threshold():
    row = {"path": "a.jpg", "label": "teddy", "probability": 0.9, "known": False, "similarity": 0.4123, "top": []}
    assert output.predicted({"predictions": [row | {"threshold": 0.5296}]}).splitlines()[1] == (
        "a.jpg    none of these  (unlike the training pictures; closest label: teddy; similarity 0.41, needs 0.53)"
    )


def test_a_file_that_cannot_be_read_is_told_with_what_helps():
    rows = [{"path": "https://e.org/a.jpg", "error": "there is no such host", "hint": "download it first"}]
    rows += [{"path": "b.jpg", "error": "it is a web page", "hint": ""}]
    assert output.predicted({"predictions": rows}).splitlines()[1:] == [
        "https://e.org/a.jpg  -      there is no such host (download it first)",
        "b.jpg                -      it is a web page",
    ]


def test_the_next_commands_are_called_as_this_one_was(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    script = tmp_path / ".venv" / "bin" / "bearkit"
    script.parent.mkdir(parents=True)
    script.write_text("#!/bin/sh")
    script.chmod(0o755)
    for path, called, shown in (
        ("", script, ".venv/bin/bearkit"),
        (str(script.parent), script, "bearkit"),
        ("", "bearkit", "bearkit"),
    ):
        monkeypatch.setenv("PATH", path)
        monkeypatch.setattr(sys, "argv", [str(called)])
        assert program() == shown
    monkeypatch.setattr(sys, "argv", ["/somewhere/bearkit/__main__.py"])
    monkeypatch.setattr(sys, "executable", str(tmp_path / ".venv" / "bin" / "python"))
    assert program() == ".venv/bin/python -m bearkit"
