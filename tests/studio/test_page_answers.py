"""What pages say of a model, or answer to a question, whatever comes in."""

import pytest

from bearkit.inference.model_info import ModelInfo
from bearkit.studio.server_functions import errors_as_answers
from bearkit.web import prediction_html

WHOLE = {"error_rate": 0.1, "error_interval": [0.05, 0.2], "valid_images": 40}


def test_a_model_says_how_well_it_tells_labels_apart():
    sentence = "4 of 40 validation pictures wrong: error rate 10.0 %, likely between 5 and 20 %"
    assert sentence in prediction_html.head("a / b", ModelInfo.from_dict(WHOLE))


@pytest.mark.parametrize("name", ["error_rate", "valid_images"])
@pytest.mark.parametrize("value", ["x", None, {}, -1, float("nan"), True])
def test_a_model_of_somebody_elses_that_says_it_wrongly_is_shown_all_the_same(name, value):
    shown = prediction_html.head("a / b", ModelInfo.from_dict(WHOLE | {name: value}))
    assert "its error rate is not known" in shown


@pytest.mark.parametrize("value", ["x", None, {}, [0.1], [0.2, "x"], [0.3, 0.1], [0, 2]])
def test_a_model_without_an_interval_is_shown_without_it(value):
    shown = prediction_html.head("a / b", ModelInfo.from_dict(WHOLE | {"error_interval": value}))
    assert "4 of 40 validation pictures wrong: error rate 10.0 %<" in shown


@pytest.mark.parametrize("asked", ["x", None, {}, [], {"n": "many"}])
def test_a_question_that_cannot_be_read_is_answered_with_an_error(asked):
    found = errors_as_answers(lambda given: {"twice": 2 * int(given["n"])})(asked)
    assert set(found) == {"error", "hint"}
