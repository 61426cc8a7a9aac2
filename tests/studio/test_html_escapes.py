"""Each function that returns HTML escapes every text that it is given. A new function must be called here too."""

import inspect
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bearkit.inference.model_info import ModelInfo
from bearkit.inference.occlusion import Explanation
from bearkit.inference.predictor import Neighbour, Prediction
from bearkit.labelling.next_step import ProjectProgress
from bearkit.labelling.review_view import View
from bearkit.studio import html, image_sets, import_html, mistakes, predictions_html
from bearkit.web import prediction_html

EVIL = '<b id="x">\'&'  # as a label, a name or a reason; in a tag, in an attribute in either quotes
LONG = EVIL + "y" * 50
SEEN = Prediction(EVIL, 0, {EVIL: 0.9, "teddy": 0.1})
HEAT, FLAT = (Explanation(SEEN, Image.new("RGB", (8, 8)), np.full((2, 2), n, np.float32)) for n in (1, 0))
SPLITS = {"train": 3, "valid": 2}
RESULT = {
    "error_rate": 0.1, "valid_images": 10, "error_interval": [0.0, 0.3], "diagnosis": {"advice": EVIL}, "run": EVIL,
    "features_seconds": 1.0, "stages": [], "old": EVIL, "new": EVIL, "table": [[0.1, 0.2], [0.1, 0.1]],
    "sentence": EVIL, "verdict": "worse", "imported": 1, "duplicates": 0, "rejected": [], "notes": [EVIL],
    "found": {EVIL: 3}, "failed_providers": [{"provider": EVIL, "label": EVIL, "reason": EVIL}],
}  # fmt: skip
REPORT = {
    "saved": 1, "duplicates": 0, "failed": 1, "skipped": 0, "waiting": 0, "seconds": 1.0, "notes": [EVIL],
    "reasons": {EVIL: 1},
}  # fmt: skip
LOSS = {"predicted": EVIL, "given": LONG, "probability": 0.5, "loss": 1.0, "image_id": EVIL}
ROW = {"path": f"/tmp/{EVIL}.jpg", "label": LONG, "probability": 0.5, "known": True}
FAILED = {"path": f"/tmp/{EVIL}.jpg", "error": EVIL, "hint": EVIL}
CALLS = {
    "head": lambda: html.head(EVIL, 3, [EVIL, LONG]),
    "quiet": lambda: html.quiet(EVIL),
    "first_step": lambda: html.first_step(ProjectProgress({EVIL: SPLITS}, unlabelled=3)),
    "data_counts": lambda: html.data_counts(ProjectProgress({EVIL: SPLITS, LONG: SPLITS})),
    "table": lambda: html.table([EVIL], [[LONG], [EVIL]]),
    "fold": lambda: html.fold(EVIL, "", 1),
    "error_rate": lambda: html.error_rate(RESULT),
    "what_could_go_wrong": lambda: html.what_could_go_wrong("overfitting", {EVIL: 1.0}),
    "short": lambda: image_sets.link(View("any", label=LONG), html.short(LONG)),
    "scrolled": lambda: html.scrolled("", EVIL),
    "command": lambda: html.command(EVIL),
    "link": lambda: image_sets.link(View("mistake", label=EVIL, predicted=LONG, run=EVIL), EVIL),
    "number": lambda: image_sets.number(View("mistake", label=EVIL, predicted=LONG), 3),
    "confusion_matrix": lambda: mistakes.confusion_matrix([EVIL, LONG], [[1, 2], [0, 3]], EVIL, 1),
    "legend": lambda: html.legend(EVIL, {EVIL: "#fff"}),
    "top_losses": lambda: mistakes.top_losses([(Path(f"/tmp/{EVIL}.jpg"), LOSS), (None, LOSS)], 2, EVIL),
    "comparison": lambda: mistakes.comparison(RESULT),
    "import_summary": lambda: import_html.import_summary(RESULT),
    "gather_instructions": lambda: import_html.gather_instructions(EVIL),
    "download_status": lambda: import_html.download_status(False, 1, 2, REPORT, ""),
    "link_table": lambda: import_html.link_table([(EVIL, EVIL, EVIL, 1)], []),
    "search_summary": lambda: import_html.search_summary(RESULT),
    "predictions": lambda: predictions_html.predictions([(ROW, b"jpeg"), (ROW | {"known": False}, b""), (FAILED, b"")]),
    "progress_bar": lambda: html.progress_bar(1, 2, EVIL) + html.progress_bar(1, 0, EVIL),
    "prediction_html.head": lambda: prediction_html.head(EVIL, ModelInfo(), [(EVIL, EVIL)]),
    "cut": lambda: prediction_html.cut(LONG),
    "note": lambda: prediction_html.note(EVIL),
    "prediction": lambda: (
        prediction_html.prediction(SEEN, 3.0) + prediction_html.prediction(replace(SEEN, known=False), 3.0)
    ),
    "small_copy": lambda: prediction_html.small_copy(b"jpeg", "frame"),
    "explanation": lambda: (
        prediction_html.explanation(HEAT, [Neighbour(LONG, b"jpeg", 0.5)]) + prediction_html.explanation(FLAT, [])
    ),
}
TEXTS = {"counts", "address", "title", "step_message", "train_button", "duration"}  # functions of plain text


def test_every_function_of_html_is_called_here():
    modules = (html, image_sets, import_html, mistakes, prediction_html, predictions_html)
    names = {
        name
        for module in modules
        for name, made in inspect.getmembers(module, inspect.isfunction)
        if made.__module__ == module.__name__ and not name.startswith("_")
    }
    assert names - TEXTS == {name.rpartition(".")[2] for name in CALLS}


@pytest.mark.parametrize("name", CALLS)
def test_texts_are_escaped(name):
    made = CALLS[name]()
    assert EVIL not in made
    assert "<b id=" not in made
    assert 'id="x"' not in made
