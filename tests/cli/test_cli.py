"""The command line is a contract: one JSON object, exit codes 0, 1 and 2, the words of the issues."""

import re
import shlex
import zipfile

import pytest
import typer.main

from bearkit import Project
from bearkit.cli.common import PANELS, JsonOption, app, load_commands
from bearkit.runs import Run
from bearkit.training.config import TrainConfig
from tests import contract, processes, tiny_body
from tests.conftest import write_drawings, write_pictures
from tests.processes import here as bearkit


@pytest.mark.slow(8)
def test_the_whole_loop(tmp_path, bearkit=processes.bearkit):
    source = write_drawings(tmp_path / "source", 6)
    (source / "disc" / "page.jpg").write_text("<html></html>")
    place = ("-p", tmp_path / "shapes", "--json")

    code, out, _ = bearkit("import", source, *place)
    assert code == 0
    assert (out["imported"], out["duplicates"], out["conflicts"]) == (18, 0, [])
    assert out["labels"] == {"disc": 6, "square": 6, "star": 6}
    assert set(out["rejected"][0]) == {"path", "reason"}

    code, out, _ = bearkit("train", "--epochs", 3, "--lr", "3e-3", "--seed", 42, *place)
    assert code == 0
    assert set(out) >= {"run", "stages", "error_rate", "error_interval", "valid_images", "features_seconds"}
    (stage,) = out["stages"]
    assert (stage["name"], len(stage["epochs"])) == ("frozen", 3)
    assert set(stage["epochs"][0]) == {"epoch", "train_loss", "valid_loss", "error_rate", "seconds"}
    assert stage["epochs"][-1]["error_rate"] == pytest.approx(out["error_rate"])
    assert out["valid_images"] == 3
    assert set(out["diagnosis"]) == {"verdict", "evidence", "advice"}

    code, out, _ = bearkit("interpret", *place)
    assert code == 0
    assert set(out) >= {"vocab", "confusion_matrix", "most_confused", "top_losses", "labels"}

    code, out, _ = bearkit("export", tmp_path / "model", *place)
    assert (code, out) == (0, {"model": str(tmp_path / "model"), "warnings": []})

    picture = next((source / "disc").glob("*.png"))
    code, out, _ = bearkit("predict", tmp_path / "model", picture, tmp_path / "gone.jpg", "--json")
    assert code == 0
    good, bad = out["predictions"]
    assert set(good) == {"path", "label", "probability", "known", "similarity", "threshold", "top", "probs"}
    assert sum(good["probs"].values()) == pytest.approx(1, abs=1e-5)
    assert bad["error"] == "there is no such file"

    assert bearkit("export", *place)[1] == {"model": str(tmp_path / "shapes" / "models" / "001"), "warnings": []}
    code, out, _ = bearkit("predict", "001", picture, *place)
    assert (code, len(out["predictions"])) == (0, 1)

    code, out, _ = bearkit("status", *place)
    assert code == 0
    assert out["images"] == 18
    assert out["labels"]["disc"] == {"train": 5, "valid": 1, "test": 0}
    assert [run["run"] for run in out["runs"]] == ["001"]
    assert out["models"] == [str(tmp_path / "shapes" / "models" / "001")]


def test_people_get_text(trained, tmp_path):
    place = ("-p", trained.project.root)
    for arguments, words in (
        (("status",), ("36 pictures", "disc", "finished")),
        (("interpret",), ("rows given, columns predicted", "top losses:")),
        (("predict", trained.model, tmp_path / "gone.jpg"), ("there is no such file",)),
    ):
        code, out, err = bearkit(*arguments, *place)
        assert (code, err) == (0, "")
        assert all(word in out for word in words)


@pytest.mark.parametrize(
    ("arguments", "error", "hint"),
    [
        (("status",), "is not a bearkit project yet", "bearkit import"),
        (("train",), "is not a bearkit project yet", "bearkit import"),
        (("interpret",), "is not a bearkit project yet", "bearkit import"),
        (("export",), "is not a bearkit project yet", "bearkit import"),
        (("import", "nothing"), "nothing does not exist", "one folder for each label"),
        (("predict", "nothing", "x.jpg"), "is not a model folder", "bearkit export"),
        (("diagnose", "nothing.csv"), "nothing.csv cannot be read", "CSV"),
        (("demo", "taken"), "is not empty", "bearkit demo"),
    ],
)
def test_errors_are_objects_with_a_hint_and_exit_code_1(tmp_path, arguments, error, hint):
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "mine.txt").write_text("mine")
    code, out, _ = bearkit(*arguments, "--json", cwd=tmp_path)
    assert code == 1
    assert set(out) == {"error", "hint"}
    assert error in out["error"]
    assert hint in out["hint"]
    code, out, err = bearkit(*arguments, cwd=tmp_path)
    assert (code, out) == (1, "")
    assert "error:" in err
    assert "hint:" in err


@pytest.mark.parametrize(
    ("labels", "options", "error"),
    [
        ({"black": 4}, (), "all 4 pictures have the label `black`"),
        ({"black": 4, "teddy": 1}, (), "a single picture of `teddy`"),
        ({"black": 4, "teddy": 4}, ("--body", "resnet9000"), "there is no body `resnet9000`"),
        ({"black": 4, "teddy": 4}, ("--lr", "-1"), "lr must be above 0"),
    ],
)
def test_what_cannot_be_trained_is_told(tmp_path, labels, options, error):
    place = ("-p", tmp_path / "p", "--json")
    assert bearkit("import", write_pictures(tmp_path / "s", labels), *place)[0] == 0
    code, out, _ = bearkit("train", *options, *place)
    assert code == 1
    assert error in out["error"]
    assert out["hint"]


WRONG_USAGE = ("nothing", "import", "train --epochs many", "train --epochs 0", "predict model")
WRONG_USAGE += ("train --lr-unfrozen fast", "train --sizes big", "train --resume --epochs 3")


@pytest.mark.parametrize("arguments", WRONG_USAGE)
def test_wrong_usage_exits_with_2(arguments):
    code, out, err = bearkit(*arguments.split())
    assert (code, out) == (2, "")
    assert "Usage" in err or "Error" in err


def test_every_command_takes_a_project_and_json():
    code, out, _ = bearkit("--help")
    assert code == 0
    commands = ("import", "status", "train", "diagnose", "interpret", "export", "predict", "demo", "studio")
    commands += ("lr-find", "learning-curve")
    for command in commands:
        assert f" {command} " in out
        text = bearkit(command, "--help")[1]
        assert "--json" in text
        assert "--project" in text


def test_the_help_has_every_command_in_its_panel_in_the_order_of_use():
    out = bearkit("--help")[1]
    listed = [line.split()[1] for line in out.splitlines() if line.startswith("│ ") and line[2] not in " -"]
    assert listed == [command for commands in PANELS.values() for command in commands]
    places = [out.index(f"─ {panel} ─") for panel in PANELS]
    assert places == sorted(places)
    assert "<bool>" not in out + bearkit("review", "--help")[1] + bearkit("import", "--help")[1]


@pytest.mark.parametrize("command", [name for name in contract.commands() if name])
def test_every_command_has_an_example_that_names_its_options(command):
    node = typer.main.get_command(app)
    for word in command.split():
        node = node.commands[word]
    examples = re.findall(r"Example: bearkit (.*)", node.help)
    options = {option for parameter in node.params for option in parameter.opts}
    assert examples
    for example in examples:
        assert example.startswith(command)
        assert set(re.findall(r"(?<= )--?[a-z-]+", example)) <= options


def test_a_zip_is_a_source_too(tmp_path):
    source = write_pictures(tmp_path / "s", {"black": 2, "teddy": 2})
    with zipfile.ZipFile(tmp_path / "s.zip", "w") as archive:
        for file in source.rglob("*.png"):
            archive.write(file, file.relative_to(source))
    code, out, _ = bearkit("import", tmp_path / "s.zip", "-p", tmp_path / "p", "--json")
    assert (code, out["imported"]) == (0, 4)


def test_what_the_system_refuses_is_told_without_a_traceback(tmp_path):
    (tmp_path / "runs").write_text("a file where a folder should be")
    write_pictures(tmp_path / "images", {"black": 2, "teddy": 2})
    assert bearkit("import", tmp_path / "images", "-p", tmp_path, "--json")[0] == 0
    code, out, err = bearkit("train", "-p", tmp_path, "--json")
    assert (code, err) == (1, "")
    assert out["error"] == f"File exists: {tmp_path / 'runs'}"
    assert "free space on the disk" in out["hint"]


def test_an_unexpected_failure_is_still_an_object(bearkit_json):
    load_commands()

    @app.command("fail-on-purpose")
    def fail(as_json: JsonOption = False) -> None:
        raise ValueError("nobody thought of this")

    try:
        assert "unexpected: ValueError" in bearkit_json("fail-on-purpose", code=1)["error"]
    finally:
        app.registered_commands.pop()


def test_the_status_names_a_damaged_run_and_counts_the_rest(tmp_path, bearkit_json):
    place = ("-p", tmp_path / "p")
    bearkit_json("import", write_pictures(tmp_path / "images", {"black": 2, "teddy": 2}), *place)
    for name, result in (("001", "no json"), ("002", '{"error_rate": 0.5}')):
        (tmp_path / "p" / "runs" / name).mkdir(parents=True)
        (tmp_path / "p" / "runs" / name / "config.json").write_text('{"format": 1}')
        (tmp_path / "p" / "runs" / name / "result.json").write_text(result)
    bad, good = bearkit_json("status", *place)["runs"]
    assert (bad["run"], bad["state"], bad["error_rate"]) == ("001", "damaged", None)
    assert "result.json" in bad["error"]
    assert (good["run"], good["state"], good["error_rate"]) == ("002", "finished", 0.5)


@pytest.mark.slow
def test_a_rate_that_is_too_high_fails_with_advice_and_is_not_taken_for_a_model(tmp_path, with_body):
    place = ("-p", with_body(Project(tmp_path / "p")).root, "--json")
    assert bearkit("import", write_pictures(tmp_path / "s", {"black": 4, "teddy": 4}), *place)[0] == 0
    assert bearkit("train", "--epochs", 2, *place)[0] == 0
    code, out, _ = bearkit("train", "--lr", "1e30", *place)
    assert code == 1
    assert "the learning rate 1e+30 is too high" in out["error"]
    assert "1e+29" in out["hint"]
    runs = bearkit("status", *place)[1]["runs"]
    assert [run["state"] for run in runs] == ["finished", "failed"]
    assert "too high" in runs[1]["error"]
    assert bearkit("export", *place)[1]["model"].endswith("001")


def test_next_steps_name_the_project(tmp_path):
    text = bearkit("import", write_pictures(tmp_path / "s", {"black": 2, "teddy": 2}), "-p", "my bears", cwd=tmp_path)[
        1
    ]
    assert text.splitlines()[-1] == "Next: bearkit train -p 'my bears'"
    text = bearkit("import", tmp_path / "s" / "black", "--label", "black", "-p", "one", cwd=tmp_path)[1]
    assert "One label so far" in text


def test_nothing_usable_still_tells_of_every_file(tmp_path):
    (tmp_path / "s" / "black").mkdir(parents=True)
    (tmp_path / "s" / "black" / "1.jpg").write_text("<html></html>")
    code, out, _ = bearkit("import", tmp_path / "s", "-p", tmp_path / "p", "--json")
    assert code == 1
    assert out["rejected"][0]["reason"] == "not a picture that can be read: it is a web page"


def test_the_version():
    assert bearkit("--version")[1].startswith("bearkit 0.")


@pytest.mark.slow
def test_a_config_as_a_command_line_trains_like_that(shapes):
    config = TrainConfig(
        epochs=2, lr=2e-3, seed=7, views=2, weight_decay=0.1, dropout=0.1, label_smoothing=0.05, oversample=True,
        batch_size=8, unfrozen_batch_size=16, unfreeze=1, lr_unfrozen=(2e-6, 2e-4), sizes=(32, 64), augment="strong",
        precision="32", patience=4,
    )  # fmt: skip
    words = shlex.split(config.as_command(f" -p {shapes.root}"))
    assert words[:2] == ["bearkit", "train"]
    code, out, err = bearkit(*words[1:], "--json")
    assert code == 0, err
    assert [stage["name"] for stage in out["stages"]] == ["frozen", "unfrozen"]
    assert TrainConfig.from_dict(Run(shapes.runs / out["run"]).config) == config
    assert TrainConfig().as_command() == "bearkit train"


@pytest.mark.slow
def test_finding_a_rate(small_shapes):
    place = ("-p", small_shapes.root)
    code, out, _ = bearkit("lr-find", "--body", tiny_body.NAME, "--weights", "none", *place, "--json")
    assert code == 0
    assert set(out) == {"lrs", "losses", "suggestions", "reason", "plot"}
    assert set(out["suggestions"]) == {"valley", "steepest", "minimum", "slide"}
    assert len(out["lrs"]) == len(out["losses"])
    code, text, _ = bearkit("lr-find", *place, "--run", "1", "--unfrozen", "--unfreeze-groups", "2")
    assert code == 0
    assert "curve: " in text


def test_the_learning_curve(shapes):
    code, out, _ = bearkit("learning-curve", "-p", shapes.root, "--json")
    assert code == 0
    assert set(out) == {"points", "verdict", "plot"}
    assert all(set(point) == {"fraction", "images", "error_rate", "interval"} for point in out["points"])
    code, text, _ = bearkit("learning-curve", "-p", shapes.root)
    assert out["verdict"] in text


def test_any_stage_can_be_exported(shapes, tmp_path):
    code, out, _ = bearkit("export", "--stage", "stage-1-best", "-p", shapes.root, "--json")
    assert (code, out["model"]) == (0, str(shapes.models / "001-stage-1-best"))
    code, out, _ = bearkit("export", "--stage", "stage-9", "-p", shapes.root, "--json")
    assert (code, out["error"]) == (1, "run 001 has no stage `stage-9`")
    assert "stage-1-best, stage-1" in out["hint"]


def test_there_is_nothing_to_resume_or_to_unfreeze(shapes, tmp_path):
    code, out, _ = bearkit("train", "--resume", "-p", shapes.root, "--json")
    assert (code, out["error"]) == (1, "there is nothing to resume: run 001 finished")
    code, out, _ = bearkit("lr-find", "--unfrozen", "--run", "9", "-p", shapes.root, "--json")
    assert (code, out["error"]) == (1, "there is no run `9`")
