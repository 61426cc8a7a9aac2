"""Compare runs on the Train tab: their validation error by epoch, and the options in which they differ."""

from typing import Any

import gradio as gr

from bearkit import runs
from bearkit.core import text
from bearkit.core.project import Project
from bearkit.labelling.review_view import View
from bearkit.runs import Run
from bearkit.studio import curves, html
from bearkit.studio.image_sets import link
from bearkit.training.config import OPTIONS, TrainConfig
from bearkit.web.errors import show_errors

MOST = 6  # runs at once


class Compare:
    """The layout and event handlers of the comparison."""

    def __init__(self, project: Project) -> None:
        self.project = project
        with gr.Accordion("Compare runs", open=False):
            self.runs = gr.Dropdown([], multiselect=True, max_choices=MOST, label="Runs")
            self.errors = gr.LinePlot(
                curves.error_curves({}), x="epoch", y="error", y_title="validation error, %", color="run", height=240,
                visible=False, **curves.PLOT,
            )  # fmt: skip
            self.table = gr.HTML()
        self.runs.change(self.compare, self.runs, [self.errors, self.table], show_progress="hidden")

    def choices(self) -> Any:
        """Return the finished runs as choices, newest first; the last two are chosen."""
        finished = runs.list_finished(self.project)[::-1]
        choices = [(f"run {run.id}: {text.percent(run.result['error_rate'])}", run.id) for run in finished]
        return gr.update(choices=choices, value=[run.id for run in finished[1::-1]] if len(finished) > 1 else [])

    @show_errors
    def compare(self, run_ids: list[str] | None) -> list[Any]:
        """Return the curves and the table of the chosen runs."""
        chosen = [runs.find_finished(self.project, run_id) for run_id in run_ids or []]
        if not chosen:
            return [gr.update(visible=False), ""]
        return [
            gr.update(value=curves.error_curves({run.id: _epochs(run) for run in chosen}), visible=True),
            _table(chosen),
        ]


def _epochs(run: Run) -> list[dict[str, Any]]:
    rows = [event for event in run.events() if event["event"] == "epoch"]
    return curves.number_epochs(TrainConfig.from_dict(run.config), rows)


def _table(chosen: list[Run]) -> str:
    """Return a table with a column for each run: the options in which they differ, and their results."""
    configs = [TrainConfig.from_dict(run.config).as_dict() for run in chosen]
    different = [name for name in configs[0] if len({str(config[name]) for config in configs}) > 1]
    rows: list[list[Any]] = [[OPTIONS[name].label, *(config[name] for config in configs)] for name in different]
    results = [run.result for run in chosen]
    rows.append(["error rate", *(text.percent(result["error_rate"]) for result in results)])
    rows.append(["mistakes", *(link(View("mistake", "valid", run=run.id), f"of run {run.id}") for run in chosen)])
    rows.append(["likely between", *(text.interval(result) for result in results)])
    rows.append(["time", *(html.duration(text.total_seconds(result)) for result in results)])
    rows.append(["diagnosis", *(result["diagnosis"]["verdict"].replace("_", " ") for result in results)])
    return html.table(["", *(f"run {run.id}" for run in chosen)], rows)
