"""What pages say of a model, or answer to a question, whatever comes in."""

import pytest

from bearkit.studio.server_functions import errors_as_answers
from bearkit.web import prediction_html

WHOLE = {"error_rate": 0.1, "error_interval": [0.05, 0.2], "valid_images": 40}


def test_a_model_says_how_well_it_tells_labels_apart():
    assert "10.0 % wrong on 40 pictures (likely 5.0 % to 20.0 %)" in prediction_html.head("a / b", WHOLE)


@pytest.mark.parametrize("name", WHOLE)
@pytest.mark.parametrize("value", ["x", None, {}])
def test_a_model_of_somebody_elses_that_says_it_wrongly_is_shown_all_the_same(name, value):
    assert "error rate unknown" in prediction_html.head("a / b", WHOLE | {name: value})


@pytest.mark.parametrize("asked", ["x", None, {}, [], {"n": "many"}])
def test_a_question_that_cannot_be_read_is_answered_with_an_error(asked):
    found = errors_as_answers(lambda given: {"twice": 2 * int(given["n"])})(asked)
    assert set(found) == {"error", "hint"}
