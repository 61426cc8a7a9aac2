"""The docs are run: README's Python and its commands, in an empty folder, as a new user would."""

import os
import re
import shutil
import subprocess
import sys

import pytest

from tests import tiny_body
from tests.conftest import ROOT, write_drawings
from tests.processes import here as bearkit

README = (ROOT / "README.md").read_text()
DECISIONS = [path.relative_to(ROOT).as_posix() for path in sorted((ROOT / "docs").rglob("*.md"))]
DOCS = ("README.md", "CONTRIBUTING.md", "EXPERIMENTS.md", "CHANGELOG.md", *DECISIONS)


@pytest.fixture
def folder(tmp_path):
    """A folder with what README assumes: photos/<label>/*, photo.jpg, unsorted/*, and three tables."""
    write_drawings(tmp_path / "photos", 3)
    shutil.copy(next((tmp_path / "photos").rglob("*.png")), tmp_path / "photo.jpg")
    picture = next((tmp_path / "photos" / "disc").glob("*.png")).name
    (tmp_path / "cleaned.csv").write_text(f"path,action\ndisc/{picture},delete\n")
    (tmp_path / "unsorted").mkdir()
    for path in write_drawings(tmp_path / "kinds", 4).rglob("*.png"):
        path.rename(tmp_path / "unsorted" / f"{path.parent.name}-{path.name}")
    rows = [f"{path.name},{path.name.partition('-')[0]}\n" for path in sorted((tmp_path / "unsorted").iterdir())]
    (tmp_path / "labels.csv").write_text("".join(["path,label\n", *rows[::2]]))
    (tmp_path / "history.csv").write_text("epoch,train_loss,valid_loss,error_rate\n0,24.9,1184996224.0,0.64\n")
    return tmp_path


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


TINY = """from bearkit import Project, import_images
from tests import tiny_body

tiny_body.register()
import_images(Project("bears"), "photos")
"""


def python(code, folder):
    """What README's Python prints, run as a new user runs it."""
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow(15)
def test_the_python_blocks_run_and_the_loop_is_about_ten_lines(folder, tmp_path_factory):
    loop, unfrozen = blocks("python")
    assert len([line for line in loop.splitlines() if line.strip()]) <= 10
    said = python(loop, folder)
    assert all(text in said for text in ("{'disc': 3, 'square': 3, 'star': 3}", "Prediction(label="))
    assert (folder / "top_losses.png").stat().st_size > 10_000
    small = tmp_path_factory.mktemp("small")  # the default body would take minutes, which are not what is tested
    shutil.copytree(folder / "photos", small / "photos")
    made = 'Learner(Project("bears"))'
    assert made in unfrozen
    said = python(TINY + unfrozen.replace(made, made.replace("))", f'), body="{tiny_body.NAME}")')), small)
    assert "'valley'" in said


@pytest.mark.slow(10)
def test_the_commands_run(folder):
    commands = [line for block in blocks("bash") for line in block.splitlines() if line.startswith("bearkit ")]
    assert len(commands) >= 7
    tiny_body.register()
    for command in commands:
        arguments = command.split("#")[0].split()[1:]
        if arguments[0] == "studio":  # tested in a browser
            continue
        if "--unfreeze" in arguments:  # the default body would take minutes, which are not what is tested
            arguments += ["--body", tiny_body.NAME, "--weights", "none"]
        code, _, err = bearkit(*arguments, cwd=folder)
        assert code == 0, f"{command}: {err}"


def test_every_make_target_in_the_docs_is_there():
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = {name for doc in DOCS for name in re.findall(r"`?make (\w+)", (ROOT / doc).read_text())}
    assert {"demo", "studio", "test", "lint", "bench"} <= named & targets
    assert {name for name in named if name in ("demo", "studio", "test", "lint", "style", "bench", "clean")} <= targets


@pytest.mark.parametrize("doc", DOCS)
def test_every_linked_or_named_path_is_there(doc):
    text = (ROOT / doc).read_text()
    links = set(re.findall(r"\]\(([\w./-]+)\)", text))
    assert [link for link in links if not (ROOT / doc).parent.joinpath(link).exists()] == []
    paths = set(re.findall(r"`((?:bearkit|tests|benchmarks|spaces|docs)/[\w./*-]+)`", text))
    assert [path for path in paths if not any(ROOT.glob(path))] == []


@pytest.mark.parametrize("doc", [*DECISIONS, "CONTRIBUTING.md"])
def test_every_module_that_is_named_alone_is_there(doc):
    names = set(re.findall(r"`(?:\w+/)*(\w+\.(?:py|js))`", (ROOT / doc).read_text()))
    folders = ("bearkit", "spaces", "tests", "benchmarks")
    assert names - {path.name for folder in folders for path in (ROOT / folder).rglob("*.*")} == set()


@pytest.mark.parametrize("doc", DOCS)
def test_lines_of_the_docs_are_short_enough_to_read(doc):
    lines = (ROOT / doc).read_text().splitlines()
    assert [line for line in lines if len(line) > 120 and not line.startswith("|")] == []
