"""Serve a model: the Predict page at /, the API at /api."""

import atexit
import os
import shutil
import tempfile
from typing import Any

import gradio as gr
from starlette.middleware import Middleware

from bearkit.predict import Predictor
from bearkit.serve.api import MOST_BYTES, Api
from bearkit.studio import html
from bearkit.studio.app import HOST, free_port
from bearkit.studio.guard import Guard
from bearkit.studio.predict import PredictPage
from bearkit.studio.theme import CSS, theme

PORT = 7860
KEPT_SECONDS = 600  # that a visitor's picture stays on the disk


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
    uploads = tempfile.mkdtemp(prefix="bearkit-")  # private: Gradio serves all of its folder to every visitor
    atexit.register(shutil.rmtree, uploads, ignore_errors=True)
    os.environ["GRADIO_TEMP_DIR"] = uploads
    page = build(predictor)
    hosts = {HOST, "localhost"} if host in (HOST, "localhost") and not share else None
    options: dict[str, Any] = {
        "routes": Api(predictor, allow_private).routes(),
        "middleware": [Middleware(Guard, hosts=hosts)],
    }
    _, url, public = page.launch(
        server_name=host, server_port=free_port(port, host), share=share, prevent_thread_lock=True, quiet=True,
        footer_links=[], run_history=False, app_kwargs=options, theme=theme(), css=CSS, ssr_mode=False,
        max_file_size=MOST_BYTES, enable_monitoring=False,
    )  # fmt: skip
    return page, url, public


def build(predictor: Predictor) -> gr.Blocks:
    """The page: drop a picture, one label in large letters."""
    labels = " / ".join(predictor.vocab[:4]) + (" …" if len(predictor.vocab) > 4 else "")
    about = predictor.config.about
    page = gr.Blocks(title=labels, analytics_enabled=False, delete_cache=(KEPT_SECONDS, KEPT_SECONDS))
    with page:
        gr.HTML(html.title(labels, about))
        PredictPage(lambda _: (predictor, None))
    return page
