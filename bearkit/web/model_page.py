"""The page of one model: its labels, its error rate, and the Predict page."""

from collections.abc import Sequence
from pathlib import Path

import gradio as gr

from bearkit.inference.predictor import Predictor
from bearkit.web import prediction_html
from bearkit.web.predict_page import PredictPage
from bearkit.web.theme_switch import theme_switch

LOOK_SECONDS = 60  # between two searches for old images
KEPT_SECONDS = 600  # that a visitor's image stays on the disk


def demo_page(predictor: Predictor, examples: Sequence[Path] = (), links: Sequence[tuple[str, str]] = ()) -> gr.Blocks:
    """Build the page of one model.

    Args:
        predictor: the model.
        examples: example images that visitors can click.
        links: (address, text) of links in the page's heading.
    """
    labels = " / ".join(predictor.vocab[:4]) + (" …" if len(predictor.vocab) > 4 else "")
    page = gr.Blocks(title=labels, analytics_enabled=False, delete_cache=(LOOK_SECONDS, KEPT_SECONDS))
    with page:
        gr.HTML(prediction_html.head(labels, predictor.config.info, links))
        theme_switch()
        PredictPage(lambda _: (predictor, None), examples=examples)
    return page
