"""Serve a model: the Predict page at /, the API at /api."""

import os

import gradio as gr

from bearkit.inference.predictor import Predictor
from bearkit.serve.api import Api
from bearkit.web.launch import HOST, MOST_BYTES, PORT, guarded, launched, names_of
from bearkit.web.limits import VISITOR
from bearkit.web.model_page import demo_page


def serve_model(
    model: str | os.PathLike[str], host: str = HOST, port: int = PORT, share: bool = False, allow_private: bool = False
) -> tuple[gr.Blocks, str, str | None]:
    """Serve a model folder from threads of its own.

    Args:
        model: as `bearkit export` writes it.
        host: the address to listen on; 0.0.0.0 for every one of this machine's.
        port: the first one to try; the next free one is taken.
        share: make Gradio's public link to this page.
        allow_private: let the API fetch pictures from servers of your own network.

    Returns:
        The page (`block_thread` waits), its address, and the public one.

    Raises:
        ModelError: the folder is no model, or does not answer as it did.
    """
    predictor = Predictor(model)
    return launched(
        lambda: demo_page(predictor, links=[("api", "API")]), host, port,
        guarded(None if share else names_of(host)) | {"routes": Api(predictor, allow_private).routes()},
        allowed=VISITOR, share=share, max_file_size=MOST_BYTES,
    )  # fmt: skip
