"""A model's own page: what it tells apart, how well, and a place to drop a picture."""

from collections.abc import Sequence
from pathlib import Path

import gradio as gr

from bearkit.inference.predictor import Predictor
from bearkit.web import prediction_html
from bearkit.web.predict_page import PredictPage

LOOK_SECONDS = 60  # between two looks for pictures that are old
KEPT_SECONDS = 600  # that a visitor's picture stays on the disk


def demo_page(predictor: Predictor, examples: Sequence[Path] = (), links: Sequence[tuple[str, str]] = ()) -> gr.Blocks:
    """The page of one model.

    Args:
        predictor: which.
        examples: pictures to try it on.
        links: (address, text) for its head.
    """
    labels = " / ".join(predictor.vocab[:4]) + (" …" if len(predictor.vocab) > 4 else "")
    page = gr.Blocks(title=labels, analytics_enabled=False, delete_cache=(LOOK_SECONDS, KEPT_SECONDS))
    with page:
        gr.HTML(prediction_html.head(labels, predictor.config.info, links))
        PredictPage(lambda _: (predictor, None), examples=examples)
    return page
