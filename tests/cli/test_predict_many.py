"""What `predict` takes and gives: addresses, pipes, folders, damaged archives; rows as JSON, as a CSV and as text."""

import csv
import io
import os
import sys
import threading
import zipfile
from contextlib import suppress

import pytest

from bearkit import Predictor, predict_files
from bearkit.cli.common import run
from bearkit.sources import stream
from tests.conftest import picture
from tests.servers import serving


@pytest.fixture
def predictor(small):
    return Predictor(small.model)


@pytest.fixture
def printed(monkeypatch, capsysbinary):
    """Runs a command in this process: its exit code and the bytes that it printed."""

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["bearkit", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            run()
        return ended.value.code or 0, capsysbinary.readouterr().out

    return call


def table_of(text):
    return [(row["path"], row["error"]) for row in csv.DictReader(io.StringIO(text))]


def test_one_bad_archive_or_empty_folder_does_not_take_the_others_along(predictor, tmp_path):
    (tmp_path / "good.png").write_bytes(picture(1, kind="PNG"))
    (tmp_path / "empty").mkdir()
    (tmp_path / "broken.zip").write_bytes(b"PK\x03\x04 and then nothing")
    names = [str(tmp_path / name) for name in ("broken.zip", "good.png", "empty", "n" * 300 + ".png")]
    rows = predict_files(predictor, [*names, "s3://bucket/a.jpg"])
    assert [row["path"] for row in rows] == [*names, "s3://bucket/a.jpg"]
    assert ["label" in row for row in rows] == [False, True, False, False, False]
    reasons = [row.get("error", "") for row in rows]
    assert "zip" in reasons[0]
    assert reasons[2:] == [
        "it holds no files",
        "cannot be read: File name too long",
        "bearkit fetches only http and https, not s3",
    ]
    assert rows[4]["hint"] == "download it first, and name the file"


def test_an_address_is_fetched_and_named_as_it_was_typed(bearkit_json, small, tmp_path):
    with serving() as server:
        names = [f"{server.url}/ok/1.png?a=//b", f"{server.url}/gone/1.png"]
        good, gone = bearkit_json("predict", small.model, *names, "--allow-private")["predictions"]
        (private,) = bearkit_json("predict", small.model, names[0])["predictions"]
    assert [good["path"], gone["path"]] == names
    assert good["label"] in ("disc", "square", "star")
    assert gone["error"] == "404 not found"
    assert private["error"] == "refused: it leads into a private network"
    assert "--allow-private" in private["hint"]


def test_a_picture_comes_through_standard_input(bearkit_json, small, monkeypatch):
    for name, data in (("-", picture(1)), ("/dev/stdin", picture(1)), ("-", b"")):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
        (row,) = bearkit_json("predict", small.model, name)["predictions"]
        assert row["path"] == name
        assert ("label" in row) == bool(data)
    assert row["error"] == "it sent no data"


def test_a_named_pipe_is_read_and_a_silent_one_is_not_waited_for_for_ever(predictor, tmp_path, monkeypatch):
    pipe = tmp_path / "pipe.jpg"
    os.mkfifo(pipe)
    writer = threading.Thread(target=lambda: pipe.write_bytes(picture(1)))
    writer.start()
    (row,) = predict_files(predictor, [pipe])
    writer.join()
    assert "label" in row
    monkeypatch.setattr(stream, "SILENCE_SECONDS", 0.2)
    (row,) = predict_files(predictor, [pipe])
    assert row["error"] == "the pipe sent no data for 0.2 s"


def test_more_than_a_picture_may_have_is_not_read(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)

    def endless():
        with suppress(BrokenPipeError), pipe.open("wb", buffering=0) as file:
            while True:
                file.write(bytes(100_000))

    writer = threading.Thread(target=endless)
    writer.start()
    with pytest.raises(Exception, match="the limit is 100 MiB"):
        stream.read(str(pipe), 1_000_000)
    writer.join()


def test_a_csv_goes_through_a_link_and_a_pipe_and_never_in_their_place(predictor, tmp_path):
    (tmp_path / "a.png").write_bytes(picture(1, kind="PNG"))
    (tmp_path / "real.csv").write_text("old")
    (tmp_path / "real.csv").chmod(0o640)
    (tmp_path / "link.csv").symlink_to("real.csv")
    (tmp_path / "dangling.csv").symlink_to("new.csv")
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    came = []
    reader = threading.Thread(target=lambda: came.append(pipe.read_text()))
    reader.start()
    for name in ("link.csv", "dangling.csv", "pipe"):
        predict_files(predictor, [tmp_path / "a.png"], csv_file=tmp_path / name)
    reader.join()
    expected = [(str(tmp_path / "a.png"), "")]
    assert table_of((tmp_path / "real.csv").read_text()) == table_of(came[0]) == expected
    assert table_of((tmp_path / "new.csv").read_text()) == expected
    assert (tmp_path / "link.csv").is_symlink()
    assert (tmp_path / "dangling.csv").is_symlink()
    assert pipe.is_fifo()
    assert (tmp_path / "real.csv").stat().st_mode & 0o777 == 0o640
    assert sorted(path.name for path in tmp_path.iterdir() if path.name.startswith(".")) == []


def test_a_csv_that_cannot_be_written_fails_before_anything_is_predicted(predictor, tmp_path):
    (tmp_path / "taken").mkdir()
    told = []
    with pytest.raises(IsADirectoryError):
        predict_files(predictor, ["-"], csv_file=tmp_path / "taken", progress=lambda *row: told.append(row))
    assert told == []


@pytest.mark.parametrize("name", ["-", "/dev/stdout"])
def test_a_csv_is_printed_alone_and_in_utf_8(printed, small, tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "熊.png").write_bytes(picture(1, kind="PNG"))
    code, out = printed("predict", small.model, "熊.png", "--csv", name)
    assert (code, table_of(out.decode())) == (0, [("熊.png", "")])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["熊.png"]


def test_json_and_a_printed_csv_exclude_each_other(printed, small):
    assert printed("predict", small.model, "a.png", "--csv", "-", "--json") == (2, b"")


@pytest.mark.parametrize("name", ["bears.zip", "BEARS.ZIP", "bears", "bears.jpg"])
def test_a_zip_is_known_by_its_bytes(small, tmp_path, name):
    with zipfile.ZipFile(tmp_path / name, "w") as archive:
        archive.writestr("a/1.png", picture(1, kind="PNG"))
        archive.writestr("2.png", picture(2, kind="PNG"))
    rows = predict_files(Predictor(small.model), [tmp_path / name])
    assert sorted(row["path"] for row in rows) == [f"{tmp_path / name}!2.png", f"{tmp_path / name}!a/1.png"]
    assert all("label" in row for row in rows)


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (picture(1), None),
        (b"", "empty"),
        (b"<html></html>", "web page"),
        (b"PK\3\4 cut off", "zip"),
        (b"PK\5\6", "zip"),
    ],
)
def test_a_file_that_only_its_name_calls_a_zip_is_read_as_what_it_is(small, tmp_path, content, word):
    (tmp_path / "x.zip").write_bytes(content)
    (row,) = predict_files(Predictor(small.model), [tmp_path / "x.zip"])
    if word is None:
        assert row["label"]
    else:
        assert word in row["error"]


def test_an_office_document_is_no_zip_of_pictures_that_is_lost_in_silence(small, tmp_path):
    with zipfile.ZipFile(tmp_path / "text.docx", "w") as archive:
        archive.writestr("word/document.xml", "<xml/>")
    rows = predict_files(Predictor(small.model), [tmp_path / "text.docx"])
    assert rows
    assert all(row["error"] for row in rows)
