"""The studio's page: the project's name and counts, and a tab for each step."""

import atexit
import errno
import os
import shutil
import socket
import tempfile
from typing import Any

import gradio as gr
from starlette.middleware import Middleware

from bearkit.errors import BearkitError
from bearkit.project import Project
from bearkit.studio.data import DataTab
from bearkit.studio.guard import Guard
from bearkit.studio.predict import PredictTab
from bearkit.studio.review import SHOW, ReviewTab
from bearkit.studio.theme import CSS, theme
from bearkit.studio.train import TrainTab
from bearkit.thumbnails import folder as thumbnails_folder

HOST = "127.0.0.1"
PORT = 7860
TABS = ("data", "train", "review", "predict")


def build(project: Project) -> gr.Blocks:
    """The page for one project. Whoever opens it sees the present state, also after a reload."""
    page = gr.Blocks(title=f"{project.name} · bearkit", analytics_enabled=False)
    with page:
        header = gr.HTML()
        with gr.Tabs() as tabs:
            with gr.Tab("Data", id="data") as data_tab:
                data = DataTab(project, header)
            with gr.Tab("Train", id="train") as train_tab:
                train = TrainTab(project)
            with gr.Tab("Review", id="review") as review_tab:
                ReviewTab(project)
            with gr.Tab("Predict", id="predict") as predict_tab:
                predict = PredictTab(project)
        for event in (page.load, data_tab.select):
            event(data.refresh, data.chosen, data.shown, show_progress="hidden")
        for event in (page.load, train_tab.select):
            event(train.refresh, train.choices.fields["unfreeze"], train.live, show_progress="hidden")
        for event in (page.load, predict_tab.select):
            event(predict.refresh, None, [predict.model, predict.answer], show_progress="hidden")
        review_tab.select(None, js=SHOW)
        page.load(_asked_for, None, tabs, show_progress="hidden")
    return page


def _asked_for(request: gr.Request) -> Any:
    """The tab that the address names, so that a link opens what its sender saw."""
    asked = request.query_params.get("tab")
    return gr.Tabs(selected=asked) if asked in TABS else gr.skip()


def free_port(first: int, host: str = HOST) -> int:
    """The first free port from this one on; 0 asks the system for any.

    Raises:
        BearkitError: a hundred of them are taken, or there is no such address.
    """
    try:
        family, _, _, _, (address, *_) = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)[0]
    except OSError as error:
        raise BearkitError(
            f"there is no address `{host}` to listen on", hint="127.0.0.1, or 0.0.0.0 for all"
        ) from error
    for port in range(first, first + 100):
        with socket.socket(family) as probe:
            if os.name == "posix":  # a port that was just left is free
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((address, port))
            except OSError as error:
                if error.errno == errno.EADDRNOTAVAIL:
                    raise BearkitError(
                        f"{host} is no address of this machine", hint="0.0.0.0 for all of them"
                    ) from error
                continue
            free: int = probe.getsockname()[1]
            return free
    raise BearkitError(f"no free port from {first} on", hint="name another one with --port")


def launch_studio(project: Project, port: int = PORT, open_browser: bool = True) -> tuple[gr.Blocks, str]:
    """Serve the studio, on this machine only, from threads of its own; returns the page and its address.

    Args:
        project: what to show; it need not exist yet.
        port: the first one to try; the next free one is taken.
        open_browser: whether to open it in the browser.
    """
    uploads = tempfile.mkdtemp(prefix="bearkit-")  # private: Gradio serves all of its folder to every visitor
    atexit.register(shutil.rmtree, uploads, ignore_errors=True)
    os.environ["GRADIO_TEMP_DIR"] = uploads
    page = build(project)
    options: dict[str, Any] = {"middleware": [Middleware(Guard, hosts={HOST, "localhost"})]}
    _, url, _ = page.launch(
        server_name=HOST, server_port=free_port(port), share=False, inbrowser=open_browser, prevent_thread_lock=True,
        quiet=True, footer_links=[], run_history=False, allowed_paths=[str(thumbnails_folder(project))],
        app_kwargs=options, theme=theme(), css=CSS, ssr_mode=False,
    )  # fmt: skip
    return page, url
