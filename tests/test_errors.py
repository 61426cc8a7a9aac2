"""Errors: caught as Python's own where they are the same, and sent from process to process without a loss."""

import pickle

import pytest

import bearkit
from bearkit import Predictor, Project, errors, runs
from bearkit.errors import BearkitError, RunError
from bearkit.images import read_file
from bearkit.serve.api import RequestError
from bearkit.training.config import TrainConfig

CLASSES = [value for value in vars(errors).values() if isinstance(value, type) and issubclass(value, BearkitError)]


@pytest.mark.parametrize("kind", CLASSES)
def test_each_error_is_public_and_pickled_whole(kind):
    assert getattr(bearkit, kind.__name__) is kind
    error = pickle.loads(pickle.dumps(kind("it broke", "mend it")))
    assert type(error) is kind
    assert (str(error), error.hint, error.as_dict()) == (
        "it broke",
        "mend it",
        {"error": "it broke", "hint": "mend it"},
    )


def test_what_an_error_carries_is_pickled_too():
    error = pickle.loads(pickle.dumps(errors.PublishError("no", "log in", 401, repo="me/bears")))
    assert (error.status, error.details) == (401, {"repo": "me/bears"})
    error = pickle.loads(pickle.dumps(errors.DownloadError("late", again=True, after=3.0)))
    assert (error.again, error.after) == (True, 3.0)
    error = pickle.loads(pickle.dumps(RequestError(404, "none", "look")))
    assert (error.status, str(error), error.hint) == (404, "none", "look")


def test_what_is_missing_is_pythons_file_not_found_too(tmp_path):
    for ask in (
        lambda: read_file(tmp_path / "no.jpg"),
        lambda: Project(tmp_path / "no").require(),
        lambda: Predictor(tmp_path),
        lambda: bearkit.import_images(Project(tmp_path / "p"), tmp_path / "no"),
    ):
        with pytest.raises(FileNotFoundError) as raised:
            ask()
        assert isinstance(raised.value, BearkitError)
        assert raised.value.hint


def test_a_run_that_is_not_there_is_a_file_not_found_too(trained):
    with pytest.raises(FileNotFoundError, match="there is no run `99`") as raised:
        runs.find(trained.project, "99")
    assert isinstance(raised.value, RunError)


def test_a_value_that_cannot_be_is_pythons_value_error_too():
    with pytest.raises(ValueError, match="dropout must be"):
        TrainConfig(dropout=2)
    with pytest.raises(errors.OptionError, match="schedule must be one of"):
        TrainConfig(schedule="none")
    assert issubclass(errors.ShapeError, ValueError)
