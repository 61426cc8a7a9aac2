"""The tabs as the steps of the loop: each name says how far its step is, and which one is next."""

from collections.abc import Mapping
from typing import Any

import gradio as gr

from bearkit import runs
from bearkit.core.project import Project
from bearkit.core.text import percent
from bearkit.labelling.next_step import ProjectProgress, next_step, read_progress
from bearkit.web.errors import show_errors

TABS = {
    "data": "Data", "label": "Label", "train": "Train", "review": "Review", "predict": "Predict", "publish": "Publish",
}  # fmt: skip
TAB_OF = {"import": "data", "export": "publish"}  # of the steps that are named differently from their tab


def step_names(progress: ProjectProgress, error_rate: float | None = None) -> dict[str, str]:
    """Return the names of the tabs with the state of their step.

    Args:
        progress: how far the project is.
        error_rate: of the newest finished run, 0 to 1; None if there is none.

    >>> list(step_names(ProjectProgress(unlabelled=300)).values())
    ['Data · 300', 'Label · 300 left', 'Train', 'Review', 'Predict', 'Publish']
    >>> counts = {"train": 4, "valid": 1}
    >>> list(step_names(ProjectProgress({"black": counts, "teddy": counts}, trained=True), 0.036).values())
    ['Data · 10', 'Label', 'Train · 3.6 % wrong', 'Review · next', 'Predict', 'Publish']
    """
    n_images = progress.unlabelled + sum(sum(splits.values()) for splits in progress.labels.values())
    upcoming = next_step(progress).step
    states = {TAB_OF.get(upcoming, upcoming): "next"}
    if n_images:
        states["data"] = f"{n_images:,}"
    if progress.unlabelled:
        states["label"] = f"{progress.unlabelled:,} left"
    if error_rate is not None:
        states["train"] = "again" if progress.changed else f"{percent(error_rate)} wrong"
    return {tab: f"{name} · {states[tab]}" if tab in states else name for tab, name in TABS.items()}


class Steps:
    """The names of the tabs. `follow` says after which events they are read again.

    Args:
        project: the project to show; it need not exist yet.
        tabs: the tab of each name of `TABS`.
    """

    def __init__(self, project: Project, tabs: Mapping[str, gr.Tab]) -> None:
        self.project = project
        self.tabs = list(tabs.values())

    def follow(self, event: Any) -> None:
        """Read the names anew at each event."""
        event(self.refresh, None, self.tabs, show_progress="hidden")

    @show_errors
    def refresh(self) -> list[Any]:
        """Return the present names of the tabs."""
        finished = runs.list_finished(self.project)
        error_rate = finished[-1].result["error_rate"] if finished else None
        return [gr.Tab(label=name) for name in step_names(read_progress(self.project), error_rate).values()]
