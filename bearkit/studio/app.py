"""The studio's page: the project's name and counts, and a tab for each step of the loop."""

import os
from pathlib import Path
from typing import Any

import gradio as gr

from bearkit import runs
from bearkit.core.project import Project
from bearkit.errors import ModelError
from bearkit.export.export import exported
from bearkit.images.thumbnails import clean_folder
from bearkit.inference.predictor import Predictor
from bearkit.studio import modules
from bearkit.studio.data import DataTab
from bearkit.studio.label import LabelTab
from bearkit.studio.outbox import Outbox
from bearkit.studio.predict import PredictTab
from bearkit.studio.publish import PublishTab
from bearkit.studio.review import ReviewTab
from bearkit.studio.shared_index import SharedIndex
from bearkit.studio.steps import TABS, Steps
from bearkit.studio.train import TrainTab
from bearkit.web.launch import HOST, MOST_BYTES, NAMES, PORT, guard_arguments, is_hosted, launch_page, public_address
from bearkit.web.limits import COLLECTOR, OWNER, VISITOR
from bearkit.web.model_page import demo_page
from bearkit.web.theme_switch import theme_switch

CSS = (Path(__file__).parent / "studio.css").read_text()


def build(project: Project) -> gr.Blocks:
    """Build the page of a project; opening or reloading it shows the present state."""
    index = SharedIndex(project)
    page = gr.Blocks(title=f"{project.name} · bearkit", analytics_enabled=False)
    with page:
        header = gr.HTML(elem_id="header")
        theme_switch()
        outbox = Outbox(project)
        with gr.Tabs() as tabs:
            panels = {tab: gr.Tab(name, id=tab, elem_id=f"tab-{tab}") for tab, name in TABS.items()}
            with panels["data"]:
                data = DataTab(project, header, index)
            with panels["label"]:
                LabelTab(project, index)
            with panels["train"]:
                train = TrainTab(project)
            with panels["review"]:
                ReviewTab(project, index)
            with panels["predict"]:
                predict = PredictTab(project, data.sources.changed)
            with panels["publish"]:
                publish = PublishTab(project)
        steps = Steps(project, panels)
        chosen = (panel.select for panel in panels.values())
        for event in (page.load, *chosen, data.counts.change, train.result.change, outbox.counted):
            steps.follow(event)
        for event in (page.load, panels["data"].select):
            event(data.refresh, None, data.shown, show_progress="hidden")
        for event in (page.load, panels["train"].select):
            event(train.refresh, train.choices.fields["unfreeze"], train.live, show_progress="hidden")
        for event in (page.load, panels["predict"].select):
            event(predict.refresh, None, [predict.model, predict.answer], show_progress="hidden")
        opened = (
            panels["publish"]
            .select(publish.refresh, publish.fields, publish.shown, show_progress="hidden")
            .then(publish.follow, None, publish.live, show_progress="hidden", concurrency_limit=None)
        )
        publish.settle(opened.then)
        page.load(_open_tab, None, tabs, show_progress="hidden")
    return page


def _open_tab(request: gr.Request) -> Any:
    """Open the tab that the page's address names, so that a link opens the same tab."""
    name = request.query_params.get("tab")
    return gr.Tabs(selected=name) if name in TABS else gr.skip()


def launch_studio(project: Project, port: int = PORT, open_browser: bool = True) -> tuple[gr.Blocks, str]:
    """Serve the studio from background threads.

    It is reachable from this machine only. In a Space (SPACE_ID is set) everybody can reach it, and it shows only the
    Predict page, unless the environment has BEARKIT_STUDIO=all.

    Args:
        project: the project to show; it need not exist yet.
        port: the first port to try; the next free one is used.
        open_browser: whether to open the page in the browser.

    Returns:
        The page and its address.
    """
    in_space = is_hosted()
    host, port = public_address() if in_space else (HOST, port)
    demo = in_space and os.environ.get("BEARKIT_STUDIO") != "all"
    build_page = hosted_page if demo else build
    guard = guard_arguments(None, framed=True) if in_space else guard_arguments(NAMES)
    routes = {} if demo else {"routes": [modules.route()]}
    page, url, _ = launch_page(
        lambda: build_page(project), host, port, guard | routes, CSS,
        VISITOR if demo else COLLECTOR if in_space else OWNER,
        head=None if demo else modules.preloads(), share=False, inbrowser=open_browser and not in_space,
        max_file_size=MOST_BYTES if demo else None,
        allowed_paths=[str(clean_folder(project))],
    )  # fmt: skip
    return page, url


def hosted_page(project: Project) -> gr.Blocks:
    """Build the Predict page of the project's newest model, for all visitors.

    Raises:
        ModelError: The project has no model.
    """
    if project.exists and any(run.finished for run in runs.list_usable(project)):
        run = runs.find_finished(project)
        return demo_page(Predictor(exported(project, run, run.stage)))
    folders = project.model_folders()  # a Space may hold model folders without runs
    if not folders:
        raise ModelError(f"there is no model in {project.root} yet", hint="`bearkit train`, and then `bearkit export`")
    return demo_page(Predictor(folders[-1]))
