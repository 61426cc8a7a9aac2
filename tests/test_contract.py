"""What users' scripts depend on stays: commands and options, keys of `--json`, exit codes, public Python names."""

import json
import shutil
import time
from types import SimpleNamespace

import pytest
from PIL import Image

from bearkit import Project
from bearkit.catalog.catalog import Catalog
from bearkit.catalog.database import close_all
from bearkit.hub import client
from bearkit.sources.samples import pictures
from tests import contract, tiny_body
from tests.conftest import write_drawings
from tests.contract import check, said, shape
from tests.processes import process
from tests.providers import Providers
from tests.servers import serving

LABELS = ("disc", "square", "star")
BODY = ("--body", tiny_body.NAME, "--weights", "none")
FIRST = (
    "import", "status", "train", "lr-find", "learning-curve", "diagnose", "interpret", "export", "predict", "compare",
    "duplicates", "doctor", "export-dataset", "review next", "review decide", "review undo", "review redo",
    "review history", "review apply", "review unapply", "review rename", "label next", "label decide", "label audit",
    "label map", "label accept", "labels", "labels add", "labels describe", "labels rename", "labels remove",
    "labels merge", "sgd",
)  # fmt: skip


@pytest.fixture(scope="module")
def heard(tmp_path_factory):
    """A small project taken through every command that needs no net; what each said, {command: [objects]}."""
    tiny_body.register()
    folder = tmp_path_factory.mktemp("contract")
    project, objects = Project(folder / "shapes"), {name: [] for name in FIRST}

    def tell(command, *words, code=0, place=True):
        found, value = said(*command.split(), *words, *(("-p", project.root) if place else ()))
        assert found == code, (command, value)
        objects[command].append(value)
        return value

    source = draw(folder / "source")
    tell("import", source, "--dry-run")
    tell("import", source)
    tell("import", source / "disc", "--unlabelled")
    tell("import", folder / "loose", "--unlabelled")
    tell("train", *BODY, "--epochs", 2)
    tell("train", *BODY, "--epochs", 1, "--unfreeze", 1)
    tell("lr-find", *BODY)
    tell("learning-curve", *BODY)
    (folder / "epochs.csv").write_text(
        "epoch,train_loss,valid_loss,error_rate\n0,1,1,0.5\n1,0.8,0.9,0.4\n2,0.7,0.8,0.4"
    )
    tell("diagnose", folder / "epochs.csv")
    tell("sgd", "--steps", 2, place=False)
    tell("interpret", "--run", "1")
    model = tell("export", "--thumbnails")["model"]
    tell("export", folder / "model", "--int8", "--run", "1")
    tell("predict", model, source / "disc" / "disc00.png", folder / "gone.jpg", place=False)
    tell("compare", "1", "2")
    for kind in ("label", "duplicate", "outlier", "quality", "unlabelled"):
        tell("review next", "--kind", kind)
    images = Catalog(project).images()[4:]  # not those that are near-duplicates
    tell("review decide", images[0].image_id, "relabel:star")
    tell("review decide", images[1].image_id, "delete", "--reviewer", "ann")
    (folder / "decisions.csv").write_text(f"image_id,action\n{images[2].image_id},delete\nnothing,keep\n")
    tell("review decide", "--from", folder / "decisions.csv")
    for command in ("undo", "redo", "history", "apply", "unapply"):
        tell(f"review {command}")
    tell("review rename", "star", "--to", "a star")
    tell("review undo")
    tell("duplicates", "--mend")
    tell("labels add", "cube", "--key", "c", "--description", "six squares")
    tell("labels describe", "cube", "--colour", "#0a7")
    tell("labels rename", "cube", "dice")
    tell("label next")
    tell("label map", "--output", folder / "map.svg")
    tell("label map")
    tell("label audit", "--n", 1)
    tell("label decide", next(project.root.glob("unlabelled/*.png")).name, "dice")
    tell("labels merge", "dice", "--to", "star")
    tell("labels")
    tell("labels remove", "star")
    tell("label audit")
    tell("label accept")
    tell("review undo", "--n", 2)
    for form in ("folder", "imagefolder", "csv"):
        tell("export-dataset", folder / form, "--format", form)
    tell("doctor")
    next(project.images.rglob("square03.png")).unlink()
    tell("status")
    tell("doctor", code=1)
    yield SimpleNamespace(folder=folder, project=project, model=model, objects=objects)
    close_all()


def draw(folder):
    """Drawings; one again under another label, one again as a JPEG, a web page; and one without a label beside them."""
    write_drawings(folder, 9)
    shutil.copy(folder / "disc" / "disc00.png", folder / "star" / "same.png")
    with Image.open(folder / "disc" / "disc01.png") as image:
        image.save(folder / "disc" / "again.jpg", quality=90)
    (folder / "star" / "page.jpg").write_text("<!doctype html><html></html>")
    (folder.parent / "loose").mkdir()
    (folder / "square" / "square08.png").rename(folder.parent / "loose" / "loose.png")
    return folder


def test_commands_and_options_are_as_recorded():
    for name, parameters in contract.commands().items():
        check("options", name or "bearkit", parameters)
    assert contract.sections("options") == {name or "bearkit" for name in contract.commands()}, contract.AGAIN


def test_public_names_and_their_parameters_are_as_recorded():
    for name, parameters in contract.names().items():
        check("names", name, parameters)
    assert contract.sections("names") == set(contract.names()), contract.AGAIN


@pytest.mark.parametrize("command", FIRST)
def test_the_keys_of_a_command_are_as_recorded(heard, command):
    check("keys", command, shape(heard.objects[command], LABELS))


@pytest.mark.slow
def test_the_keys_of_the_demo_are_as_recorded(tmp_path, monkeypatch):
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setattr(pictures, "N_DRAWINGS", 8)
    code, value = said("demo", tmp_path / "demo")
    assert code == 0
    check("keys", "demo", shape([value], LABELS))


def test_the_keys_of_what_asks_the_net_are_as_recorded(tmp_path):
    with serving(handler=Providers) as server:
        (tmp_path / "list.txt").write_text(
            f"{server.url}/ok/1.png\n{server.url}/ok/1.png?again\n{server.url}/gone/1.png"
        )
        net = ("--allow-private", "-p", tmp_path / "p")
        _, collected = said("collect", f"disc={tmp_path / 'list.txt'}", *net)
        words = ("search", "disc=disc", "star=star", "--provider", f"openverse={server.url}", *net)
        words += ("--provider", "commons=http://127.0.0.1:1")
        _, listed = said(*words, "--max", 70, "--dry-run")
        _, searched = said(*words, "--max", 3)
        _, sources = said("sources", "-p", tmp_path / "p")
    for name, value in {
        "collect": collected,
        "search --dry-run": listed,
        "search": searched,
        "sources": sources,
    }.items():
        check("keys", name, shape([value], LABELS))


def test_the_keys_of_what_publishes_are_as_recorded(heard, tmp_path, with_hub, monkeypatch):
    monkeypatch.setattr(client, "LOOK_AGAIN", (0, 0))
    with_hub()
    _, model = said("push", heard.model, "me/shapes")
    _, dry = said("push", heard.model, "me/shapes", "--dry-run", tmp_path / "model")
    _, data = said("push-dataset", "me/shapes", "--yes", "-p", heard.project.root)
    _, dry_space = said(
        "space", heard.model, "me/try", "--sdk", "gradio", "--no-preflight", "--dry-run", tmp_path / "space"
    )
    _, space = said("space", heard.model, "me/try", "--sdk", "gradio", "--no-preflight")
    (tmp_path / "space" / "app.py").unlink()
    code, preflight = said("preflight", tmp_path / "space")
    assert code == 1
    check("keys", "push", shape([model, dry]))
    check("keys", "push-dataset", shape([data]))
    check("keys", "space", shape([space, dry_space]))
    check("keys", "preflight", shape([preflight]))


@pytest.mark.parametrize("command", ["serve", "studio"])
@pytest.mark.slow
def test_the_keys_of_what_listens_are_as_recorded(heard, tmp_path, command):
    words = (heard.model,) if command == "serve" else (heard.project.root, "--no-browser")
    out = tmp_path / "out"
    running = process((command, *words, "--port", 0, "--json"), out, tmp_path / "err")
    ends = time.monotonic() + 120
    while not (out.exists() and out.read_text().endswith("\n")) and running.is_alive() and time.monotonic() < ends:
        time.sleep(0.05)
    running.terminate()
    running.join(20)
    running.kill()
    check("keys", command, shape([json.loads(out.read_text().splitlines()[0])]))


FAILURES = {
    "no project": ("status", "-p", "{empty}"),
    "nothing to train on": ("train", "-p", "{empty}"),
    "a source that is not there": ("import", "{empty}/nothing", "-p", "{empty}"),
    "nothing that is a picture": ("import", "{bad}", "-p", "{empty}/new"),
    "a body that does not exist": ("train", "--body", "resnet9000", "-p", "{project}"),
    "an option that cannot work": ("train", "--lr", "-1", "-p", "{project}"),
    "nothing to resume": ("train", "--resume", "-p", "{project}"),
    "a run that does not exist": ("interpret", "--run", "99", "-p", "{project}"),
    "a stage that does not exist": ("export", "--stage", "stage-9", "-p", "{project}"),
    "no model": ("predict", "{empty}", "x.jpg"),
    "a decision about no image": ("review", "decide", "ffff", "keep", "-p", "{project}"),
    "no such kind": ("review", "next", "--kind", "nothing", "-p", "{project}"),
    "a table that is not there": ("diagnose", "{empty}/nothing.csv"),
    "a folder that is taken": ("export-dataset", "{bad}", "-p", "{project}"),
    "data published unasked": ("push-dataset", "me/shapes", "-p", "{project}"),
    "no Space": ("preflight", "{empty}"),
    "no command": ("nothing",),
    "a value of another type": ("train", "--epochs", "many"),
    "a value out of range": ("serve", "m", "--port", "70000"),
    "a word that is no choice": ("import", "{bad}", "--label-from", "nothing"),
    "an argument that is missing": ("predict", "{empty}"),
    "options that contradict": ("train", "--run", "1"),
}


@pytest.mark.parametrize("failure", FAILURES)
def test_exit_codes_and_what_errors_carry_are_as_recorded(heard, tmp_path, failure):
    places = {"empty": tmp_path / "empty", "bad": tmp_path / "bad", "project": heard.project.root}
    (tmp_path / "empty").mkdir()
    (tmp_path / "bad" / "disc").mkdir(parents=True)
    (tmp_path / "bad" / "disc" / "page.jpg").write_text("<!doctype html><html></html>")
    code, value = said(*(word.format(**places) for word in FAILURES[failure]))
    assert (value is None) == (code == 2)
    command = " ".join(["bearkit", *FAILURES[failure]])
    check("failures", failure, {"command": command, "exit": code, "keys": shape([value], LABELS) if value else None})


def test_every_command_has_its_keys_recorded():
    told = {name.partition(" --")[0] for name in contract.sections("keys")}
    assert told == {name for name in contract.commands() if name}, contract.AGAIN
    assert contract.sections("failures") == set(FAILURES), contract.AGAIN


def test_what_is_missing_changed_or_new_is_shown_line_by_line():
    recorded = {"--lr": "float, default 0.003", "--views": "int, default 1"}
    lines = contract.difference(recorded, {"--lr": "float, default 0.001", "--crops": "int, default 1"}).splitlines()
    assert [line for line in lines if line[0] in "+-"][2:] == [
        '-  "--lr": "float, default 0.003"',
        '-  "--views": "int, default 1"',
        '+  "--crops": "int, default 1"',
        '+  "--lr": "float, default 0.001"',
    ]
    assert contract.difference(recorded, dict(reversed(recorded.items()))) == ""
