"""Paths that people give: empty ones, links in a circle, names that cannot be, and what is said of them."""

import ast
import os

import pytest

from bearkit import Predictor, Project, export_dataset, export_model, import_images, predict_files
from bearkit.core.paths import is_there, resolve_path
from bearkit.core.text_table import read_text
from bearkit.errors import BearkitError, ImportSourceError, ModelError, ProjectError
from tests.conftest import ROOT, write_pictures

LONG = "a" * 300


@pytest.fixture
def circle(tmp_path, monkeypatch):
    """A link to a link to the first; the tests run beside it."""
    (tmp_path / "loop").symlink_to("back")
    (tmp_path / "back").symlink_to("loop")
    monkeypatch.chdir(tmp_path)
    return "loop"


BAD = [
    ("loop", "circle"),
    ("loop/inside", "circle"),
    (LONG, "too long"),
    ("a/" * 3000, "too long"),
    ("~no_such_user/x", "no user"),
]


def commands(path, model, project):
    """Every command that takes a path, with this one."""
    return {
        "project": ("status", "-p", path),
        "new project": ("import", ".", "-p", path),
        "train": ("train", "-p", path),
        "studio": ("studio", path, "--no-browser"),
        "demo": ("demo", path),
        "import": ("import", path, "-p", "new"),
        "export": ("export", path, "-p", project),
        "predict's model": ("predict", path, "x.jpg"),
        "serve's model": ("serve", path),
        "push's model": ("push", path, "me/x", "--dry-run", "out"),
        "push's folder": ("push", model, "me/x", "--dry-run", path),
        "space's model": ("space", path, "me/x", "--sdk", "static", "--dry-run", "out"),
        "data set": ("export-dataset", path, "-p", project),
        "decisions": ("review", "decide", "--from", path, "-p", project),
        "addresses": ("collect", f"black={path}", "-p", "new"),
        "table of addresses": ("collect", path, "-p", "new"),
        "epochs": ("diagnose", path),
        "weights": ("train", "--weights", path, "-p", project),
        "csv": ("predict", model, model / "confusion_matrix.png", "--csv", path),
        "preflight": ("preflight", path),
    }


@pytest.mark.parametrize(("path", "word"), BAD, ids=[word + str(n) for n, (_, word) in enumerate(BAD)])
def test_a_path_that_leads_nowhere_is_a_clear_error_in_every_command(circle, small, bearkit_json, path, word):
    for name, command in commands(path, small.model, small.project.root).items():
        found = bearkit_json(*command, code=1)
        assert word in found["error"], (name, found)
        assert found["hint"], name
        assert "bug in bearkit" not in found["hint"], (name, found)


def test_what_cannot_be_predicted_is_a_row_with_its_reason(circle, small, bearkit_json):
    (row, long, good) = bearkit_json("predict", small.model, "loop", LONG, small.model / "confusion_matrix.png")[
        "predictions"
    ]
    assert "symbolic links" in row["error"]
    assert "too long" in long["error"]
    assert good["label"]


@pytest.mark.parametrize("empty", ["", " "])
def test_an_empty_argument_is_an_error_that_names_it_and_never_the_current_folder(
    tmp_path, monkeypatch, small, bearkit_json, empty
):
    monkeypatch.chdir(write_pictures(tmp_path, {"black": 2, "teddy": 2}))
    before = sorted(tmp_path.rglob("*"))
    told = {
        "project": "--project",
        "new project": "--project",
        "train": "--project",
        "import": "SOURCE",
        "export": "DIR",
        "weights": "",
    }
    for name, command in commands(empty, small.model, small.project.root).items():
        if name in ("weights", "addresses"):
            continue  # an empty --weights is its default; LABEL=FILE has its own test
        found = bearkit_json(*command, code=1)
        assert "is an empty text" in found["error"], (name, found)
        assert told.get(name, "") in found["error"]
        assert "variable" in found["hint"]
    assert "PATH" in bearkit_json("predict", small.model, "x.jpg", empty, code=1)["error"]
    assert sorted(tmp_path.rglob("*")) == before


def test_a_list_without_a_name_after_its_label_is_an_error(tmp_path, monkeypatch, bearkit_json):
    monkeypatch.chdir(tmp_path)
    for text in ("black=", "black= "):
        found = bearkit_json("collect", text, code=1)
        assert "names no file after the `=`" in found["error"], found


@pytest.mark.parametrize(
    ("bad", "word"),
    [("", "empty text"), ("  ", "spaces only"), ("a\0b", "NUL"), ("loop", "circle"), (LONG, "too long")],
)
def test_the_same_in_python(circle, small, bad, word):
    calls = {
        ProjectError: [lambda: Project(bad)],
        ModelError: [lambda: Predictor(bad), lambda: export_model(small.project, bad)],
        ImportSourceError: [lambda: import_images(Project("new"), bad), lambda: import_images(Project("new"), [bad])],
        BearkitError: [lambda: export_dataset(small.project, bad), lambda: read_text(bad)],
    }
    for kind, every in calls.items():
        for call in every:
            with pytest.raises(kind, match=word):
                call()
    (row,) = predict_files(Predictor(small.model), [bad])
    assert row["error"]
    assert not os.path.lexists("new")


def test_a_link_to_the_folder_around_it_is_read_once(tmp_path, project):
    photos = write_pictures(tmp_path / "photos", {"black": 2, "teddy": 2})
    (photos / "black" / "again").symlink_to(photos)
    (photos / "self").symlink_to("self")
    report = import_images(project, photos)
    assert (report.imported, report.labels) == (4, {"black": 2, "teddy": 2})
    assert [row for row in report.rejected if "self" in row["path"]]


def test_a_project_below_a_file_is_an_error(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(ProjectError, match="a part of the path is a file"):
        Project(tmp_path / "file" / "project")


def test_a_folder_that_is_gone_is_named(tmp_path, monkeypatch):
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    with pytest.raises(ProjectError, match="the current folder is gone"):
        Project()


def test_a_path_that_is_there_or_will_be_is_taken_as_it_is(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    assert resolve_path("link/new", "it") == tmp_path.resolve() / "real" / "new"
    assert resolve_path("~", "it") == resolve_path(os.environ["HOME"], "it")
    assert [is_there(one) for one in ("link", "", "new", LONG, "a\0b")] == [True, False, False, False, False]


def test_nothing_in_bearkit_follows_links_by_itself():
    """`Path.resolve` and `Path.expanduser` raise what nobody words: `bearkit.core.paths` stands for them."""
    for path in (ROOT / "bearkit").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            bare = isinstance(node, ast.Attribute) and node.attr in ("resolve", "expanduser")
            assert not bare or path.name in ("paths.py", "web_runtime.py"), f"{path}:{node.lineno}"
