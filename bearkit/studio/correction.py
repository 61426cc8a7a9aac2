"""Correct a wrong prediction on the Predict tab: the picture gets its right label and joins the project's images."""

from pathlib import Path
from typing import Any

import gradio as gr

from bearkit.catalog.catalog import Catalog
from bearkit.catalog.decision_types import DecisionRequest
from bearkit.catalog.decisions import DecisionLog, current_user, labels_of
from bearkit.core.project import Project
from bearkit.errors import ImportSourceError
from bearkit.images import content_id, read_file
from bearkit.labelling.next_step import read_progress
from bearkit.labelling.review_actions import store_decisions
from bearkit.sources.importing import import_images
from bearkit.studio import html
from bearkit.studio.rename import ADD_REVIEWER
from bearkit.studio.sources import origin_of
from bearkit.web.errors import show_errors
from bearkit.web.predict_page import PredictPage
from bearkit.web.prediction_html import note

TRAIN_AGAIN = '<div class="bk-note">The model learns from it when you <a href="?tab=train">train again</a>.</div>'


class Correction:
    """The layout and event handlers below a prediction: its right label, and a button that adds the picture.

    Args:
        project: the project that gets the picture.
        page: the Predict page that is corrected.
        changed: a counter that grows with each import.
    """

    def __init__(self, project: Project, page: PredictPage, changed: gr.State) -> None:
        self.project = project
        with page.column:
            with gr.Group(visible=False) as group:
                self.label = gr.Dropdown(
                    [], label="Wrong? Choose or type the right label", allow_custom_value=True, value=None
                )
                add = gr.Button("Add the picture to the data")
            message = gr.HTML()
        reviewer = gr.Textbox(visible=False)  # filled in by ADD_REVIEWER
        shown = [group, self.label, message]
        page.predicted.success(self.offer, None, shown, show_progress="hidden")
        for gone in (page.cleared, page.replaced):
            gone.then(lambda: [gr.update(visible=False), None, ""], None, shown, show_progress="hidden", queue=False)
        add.click(self.add, [page.picture, self.label, changed, reviewer], [message, changed], js=ADD_REVIEWER)

    def offer(self) -> list[Any]:
        """Return an empty field with the project's labels to choose from."""
        labels = labels_of(DecisionLog(Catalog(self.project)).images()) if self.project.exists else []
        return [gr.update(visible=True), gr.update(choices=list(labels), value=None), ""]

    @show_errors
    def add(self, picture: str | None, label: str | None, changed: int, reviewer: str) -> list[Any]:
        """Import the picture with its label. One that the project has already gets the label as a decision.

        Returns:
            What was done, as HTML, and the next value of the counter.

        Raises:
            ImportSourceError: there is no picture, or no label.
        """
        if picture is None:
            raise ImportSourceError("there is no picture", hint="drop one first")
        if not label or not label.strip():
            raise ImportSourceError("no label was given", hint="choose the right label, or type a new one")
        report = import_images(self.project, picture, label=label.strip(), called=origin_of)
        if report.imported:
            words = [f"Added as {label.strip()}.", *report.notes]
        else:
            words = self._relabel(picture, label, reviewer or current_user())
        upcoming = html.first_step(read_progress(self.project)) or TRAIN_AGAIN
        return ["".join(map(note, words)) + upcoming, changed + 1]

    def _relabel(self, picture: str, label: str, reviewer: str) -> list[str]:
        image_id = content_id(read_file(Path(picture)))
        catalog = Catalog(self.project)
        present = {image.image_id: image.label for image in DecisionLog(catalog).images()}
        if present.get(image_id) == label.strip():
            return [f"This picture is in the data already, as {label.strip()}."]
        result = store_decisions(catalog, [DecisionRequest(image_id, "relabel", label)], reviewer)
        had = f" Its label was {present[image_id]}." if present.get(image_id) else ""
        return [f"This picture was in the data already; it is {label.strip()} now.{had}", *result["notes"]]
