"""The studio's page: the project's name and counts, and a tab for each step."""

import os
from pathlib import Path
from typing import Any

import gradio as gr

from bearkit import runs
from bearkit.core.project import Project
from bearkit.errors import ModelError
from bearkit.export.export import exported
from bearkit.images.thumbnails import clean_folder
from bearkit.inference import model_folder
from bearkit.inference.predictor import Predictor
from bearkit.studio.data import DataTab
from bearkit.studio.outbox import Outbox
from bearkit.studio.predict import PredictTab
from bearkit.studio.publish import PublishTab
from bearkit.studio.review import ReviewTab
from bearkit.studio.train import TrainTab
from bearkit.web.launch import HOST, MOST_BYTES, NAMES, PORT, guarded, hosted, launched, public_address
from bearkit.web.limits import COLLECTOR, OWNER, VISITOR
from bearkit.web.model_page import demo_page

CSS = (Path(__file__).parent / "studio.css").read_text()
TABS = ("data", "train", "review", "predict", "publish")


def build(project: Project) -> gr.Blocks:
    """The page for one project. Whoever opens it sees the present state, also after a reload."""
    page = gr.Blocks(title=f"{project.name} · bearkit", analytics_enabled=False)
    with page:
        header = gr.HTML()
        Outbox(project)
        with gr.Tabs() as tabs:
            with gr.Tab("Data", id="data", elem_id="tab-data") as data_tab:
                data = DataTab(project, header)
            with gr.Tab("Train", id="train", elem_id="tab-train") as train_tab:
                train = TrainTab(project)
            with gr.Tab("Review", id="review", elem_id="tab-review"):
                ReviewTab(project)
            with gr.Tab("Predict", id="predict", elem_id="tab-predict") as predict_tab:
                predict = PredictTab(project)
            with gr.Tab("Publish", id="publish", elem_id="tab-publish") as publish_tab:
                publish = PublishTab(project)
        for event in (page.load, data_tab.select):
            event(data.refresh, data.chosen, data.shown, show_progress="hidden")
        for event in (page.load, train_tab.select):
            event(train.refresh, train.choices.fields["unfreeze"], train.live, show_progress="hidden")
        for event in (page.load, predict_tab.select):
            event(predict.refresh, None, [predict.model, predict.answer], show_progress="hidden")
        opened = publish_tab.select(publish.refresh, publish.fields, publish.shown, show_progress="hidden").then(
            publish.follow, None, publish.live, show_progress="hidden", concurrency_limit=None
        )
        publish.settle(opened.then)
        page.load(_asked_for, None, tabs, show_progress="hidden")
    return page


def _asked_for(request: gr.Request) -> Any:
    """The tab that the address names, so that a link opens what its sender saw."""
    asked = request.query_params.get("tab")
    return gr.Tabs(selected=asked) if asked in TABS else gr.skip()


def launch_studio(project: Project, port: int = PORT, open_browser: bool = True) -> tuple[gr.Blocks, str]:
    """Serve the studio from threads of its own; returns the page and its address.

    On this machine only; in a Space (SPACE_ID is set) to everybody, and then the Predict page alone, unless the
    environment says BEARKIT_STUDIO=all.

    Args:
        project: what to show; it need not exist yet.
        port: the first one to try; the next free one is taken.
        open_browser: whether to open it in the browser.
    """
    in_space = hosted()
    host, port = public_address() if in_space else (HOST, port)
    build_it = hosted_page if in_space and os.environ.get("BEARKIT_STUDIO") != "all" else build
    demo = build_it is hosted_page
    page, url, _ = launched(
        lambda: build_it(project), host, port, guarded(None, framed=True) if in_space else guarded(NAMES), CSS,
        VISITOR if demo else COLLECTOR if in_space else OWNER,
        share=False, inbrowser=open_browser and not in_space, max_file_size=MOST_BYTES if demo else None,
        allowed_paths=[str(clean_folder(project))],
    )  # fmt: skip
    return page, url


def hosted_page(project: Project) -> gr.Blocks:
    """The page of the project's newest model, for everybody.

    Raises:
        ModelError: there is none.
    """
    if project.exists and any(run.finished for run in runs.list_usable(project)):
        run = runs.find_finished(project)
        return demo_page(Predictor(exported(project, run, run.stage)))
    folders = model_folder.models(project.models)  # a Space may hold only these
    if not folders:
        raise ModelError(f"there is no model in {project.root} yet", hint="`bearkit train`, and then `bearkit export`")
    return demo_page(Predictor(folders[-1]))
