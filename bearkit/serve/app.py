"""Serve a model: the Predict page at /, the REST API at /api."""

import os

import gradio as gr

from bearkit.inference.predictor import Predictor
from bearkit.serve.api import Api
from bearkit.web.launch import HOST, MOST_BYTES, PORT, guard_arguments, host_names, launch_page
from bearkit.web.limits import VISITOR
from bearkit.web.model_page import demo_page


def serve_model(
    model: str | os.PathLike[str], host: str = HOST, port: int = PORT, share: bool = False, allow_private: bool = False
) -> tuple[gr.Blocks, str, str | None]:
    """Serve a model folder in background threads.

    Args:
        model: a folder written by `bearkit export`.
        host: the address to listen on; 0.0.0.0 for all addresses of this machine.
        port: the first port to try; if it is taken, the next free one is used.
        share: create a public link to the page, through Gradio.
        allow_private: let the API download images from servers in your own network.

    Returns:
        The page (its `block_thread` waits), its URL, and the public URL or None.

    Raises:
        ModelError: the folder is not a model, or the model does not predict as at its export.
    """
    predictor = Predictor(model)
    return launch_page(
        lambda: demo_page(predictor, links=[("api", "API")]), host, port,
        guard_arguments(None if share else host_names(host)) | {"routes": Api(predictor, allow_private).routes()},
        allowed=VISITOR, share=share, max_file_size=MOST_BYTES,
    )  # fmt: skip
