"""The fold of the Data tab in which labels are renamed, merged or removed from all their pictures."""

from typing import Any

import gradio as gr

from bearkit.catalog.decisions import current_user
from bearkit.core import text
from bearkit.core.project import Project
from bearkit.labelling.review_actions import merge_labels, take_labels_away
from bearkit.studio.modules import call_module
from bearkit.web.errors import show_errors
from bearkit.web.prediction_html import note

# The name of the Review tab is the last value.
ADD_REVIEWER = f"async (...values) => [...values.slice(0, -1), await {call_module('reviewer.js', 'reviewer')}]"


class RenameLabels:
    """The layout and event handlers of the fold. Each change is stored as decisions, one step.

    Args:
        project: whose labels.
        changed: a counter that grows with each change.
    """

    def __init__(self, project: Project, changed: gr.State) -> None:
        self.project = project
        with gr.Accordion("Rename or merge labels", open=False):
            with gr.Row():
                self.old = gr.Dropdown([], multiselect=True, label="All pictures labelled")
                self.new = gr.Dropdown([], allow_custom_value=True, label="New label")
                rename = gr.Button("Rename", min_width=120)
                take = gr.Button("Remove these labels", min_width=120)
            message = gr.HTML()
        reviewer = gr.Textbox(visible=False)  # filled in by ADD_REVIEWER
        for button, handler, inputs in (
            (rename, self.rename, [self.old, self.new, changed, reviewer]),
            (take, self.take_away, [self.old, changed, reviewer]),
        ):
            button.click(handler, inputs, [message, changed], js=ADD_REVIEWER)

    @show_errors
    def rename(self, old: list[str], new: str | None, changed: int, reviewer: str) -> Any:
        """Give all pictures of some labels one label."""
        result = merge_labels(self.project, old, new or "", reviewer or current_user())
        n = text.count(len(result["stored"]), "picture")
        message = f"Label of {n} changed to `{result['label']}`. Undo restores the old ones."
        return "".join(map(note, [message, *result["notes"]])), changed + 1

    @show_errors
    def take_away(self, old: list[str], changed: int, reviewer: str) -> Any:
        """Remove some labels from all their pictures."""
        n = take_labels_away(self.project, old, reviewer or current_user())
        return note(f"Label of {text.count(n, 'picture')} removed. Undo restores it."), changed + 1
