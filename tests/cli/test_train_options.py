"""A field of TrainConfig is declared once; the command line, the form and the type checker's view follow."""

from typing import get_type_hints

import pytest
import typer.main
from typer.testing import CliRunner

from bearkit import Learner
from bearkit.cli.common import app, load_commands
from bearkit.errors import RunError
from bearkit.studio.train_form import NUMBERS, SHOWN, TrainForm
from bearkit.training.config import OPTIONS, TrainConfig, TrainOptions, flag
from tests.gradio_parts import made

load_commands("train")
TRAIN = typer.main.get_command(app).commands["train"]
FIELDS = list(OPTIONS)


@pytest.mark.parametrize("name", FIELDS)
def test_the_command_line_has_each_field_with_its_help_and_its_default(name):
    option = next(one for one in TRAIN.params if one.name == name)
    assert option.opts == [flag(name)]
    assert option.help == OPTIONS[name].help
    parse = OPTIONS[name].parse
    default = parse(option.default) if parse else option.default
    assert default == (None if name == "seed" else getattr(TrainConfig(), name))


def test_the_form_has_each_field_and_gives_the_defaults_back(project):
    choices = made(TrainForm, project)
    assert set(choices.fields) == set(FIELDS) - {"lr_unfrozen"} | {"lr_first", "lr_last"}
    values = {name: field.value() if callable(field.value) else field.value for name, field in choices.fields.items()}
    assert choices.config(*values.values()) == TrainConfig()
    for name in NUMBERS:
        assert choices.fields[name].label == SHOWN[name].label
        with pytest.raises(RunError, match="is empty"):
            choices.config(*(values | {name: None}).values())


def test_type_checkers_know_the_fields_and_their_types():
    known = {"body": str, "seed": int} | get_type_hints(TrainOptions)
    assert known == get_type_hints(TrainConfig)


@pytest.mark.parametrize("option", ["--lr-unfrozen", "--sizes"])
def test_a_row_of_numbers_that_is_none_is_wrong_usage(option, tmp_path):
    done = CliRunner().invoke(app, ["train", option, "wide", "-p", str(tmp_path)])
    assert done.exit_code == 2
    assert f"{option}: 'wide' is not" in " ".join(done.output.replace("│", " ").split())


@pytest.mark.parametrize(("epochs", "lr"), [(0, None), (-1, None), (1, 0.0), (1, slice(0.0, 0.0))])
def test_a_nought_is_refused_and_not_taken_for_the_default(shapes, epochs, lr):
    with pytest.raises(RunError, match=r"at least one epoch|without a stage|must be"):
        Learner(shapes).fit_one_cycle(epochs, lr)
