"""Figures and cards of many labels, and of labels that are letters matplotlib or Markdown would take for signs."""

import io
import warnings
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from bearkit import Project
from bearkit.catalog.statistics import CurationStats
from bearkit.evaluation import figures
from bearkit.evaluation.figure_text import text_and_fonts, unwritable_labels
from bearkit.export.model_card import Facts, model_card
from bearkit.inference.model_folder import read_config


def drawn(figure):
    """A figure as people see it, uint8 (H, W, 3); no warning may come up."""
    out = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        figure.savefig(out, dpi=120)
    return np.asarray(Image.open(out).convert("RGB"))


@pytest.mark.parametrize("n", [61, 500])
def test_a_matrix_of_many_labels_has_a_bounded_size_and_no_names(n):
    figure = figures.confusion_matrix(np.eye(n, dtype=int), [f"species {k}" for k in range(n)])
    assert max(drawn(figure).shape) <= 1500
    assert not figure.axes[0].texts


def test_a_matrix_of_40_labels_has_names_and_numbers_and_is_not_huge():
    figure = figures.confusion_matrix(2 * np.eye(40, dtype=int), [f"species {k}" for k in range(40)])
    assert len(figure.axes[0].texts) == 40
    assert max(drawn(figure).shape) <= 2400


@pytest.mark.parametrize("labels", [["$", "$$", "$$$"], ["a$b", r"\$", "x^2$_"], ["US$ 5", "$x$", r"\frac$1$"]])
def test_dollars_are_letters(labels):
    figure = figures.confusion_matrix(np.eye(3, dtype=int), labels)
    drawn(figure)
    rows = [{"predicted": labels[0], "given": labels[1], "loss": 1, "probability": 0.5, "path": "images/$nowhere$.png",
             "image_id": "0" * 64}]  # fmt: skip
    drawn(figures.top_losses(rows, Project("/nonexistent")))
    assert len({label.get_text() for label in figure.axes[0].get_xticklabels()}) == 3


@pytest.mark.parametrize("labels", [["\U0001f43b", "\U0001f43c", "bear"], ["\U000f0001", "\U000f0002", "Bär"]])
def test_labels_that_no_font_here_writes_are_numbers_that_the_card_explains(trained, labels):
    figure = figures.confusion_matrix(np.eye(3, dtype=int), labels)
    drawn(figure)
    numbered = unwritable_labels(labels)
    written = [label.get_text() for label in figure.axes[0].get_xticklabels()]
    assert written == [f"{n + 1}." if n in numbered else label for n, label in enumerate(labels)]
    assert labels[2] not in numbered.values()
    config = replace(read_config(trained.model), vocab=labels)
    facts = Facts(dict.fromkeys(labels, (5, 5)), has_matrix=True, cleaned=CurationStats(0, 0, 0, {}), numbered=numbered)
    for n, label in numbered.items():
        assert f"{n + 1}. {label}" in model_card(config, facts)


def test_a_letter_that_no_font_here_writes_is_spelled():
    assert text_and_fonts("Bär \U000f0001 1 $")[0] == r"Bär U+F0001 1 \$"


def test_a_card_of_500_labels_lists_the_most_confused_and_not_every_pair(trained):
    labels = [f"species {n:03}" for n in range(500)]
    confused = [(labels[n], labels[n + 1], 9 - n % 9) for n in range(400)]
    config = replace(read_config(trained.model), vocab=labels)
    text = model_card(config, Facts(dict.fromkeys(labels, (2, 1)), True, CurationStats(0, 0, 0, {}), confused))
    assert "`species 059` and 440 others apart" in text
    assert "| species 000 | species 001 | 9 |" in text
    assert text.count("| species") < 600
    assert len(text) < 30_000


def test_labels_are_no_markdown_in_a_card(trained):
    labels = ["a|b", "*bold*", "`tick`", "<script>x</script>", "[a](b)"]
    config = replace(read_config(trained.model), vocab=labels)
    text = model_card(config, Facts(dict.fromkeys(labels, (2, 1)), False, CurationStats(0, 0, 0, {})))
    assert r"| a\|b | 2 | 1 |" in text
    assert r"| \*bold\* | 2 | 1 |" in text
    assert r"| \`tick\` | 2 | 1 |" in text
    assert r"| \<script\>x\</script\> | 2 | 1 |" in text
    assert r"| \[a\]\(b\) | 2 | 1 |" in text
    assert "`` `tick` ``" in text
