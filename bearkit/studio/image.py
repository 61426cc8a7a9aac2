"""The details of one picture on the Data tab: its facts, and buttons to relabel or delete it and to undo that."""

from typing import Any
from urllib.parse import quote

import gradio as gr

from bearkit.catalog.catalog import Catalog
from bearkit.catalog.decision_types import DecisionRequest
from bearkit.catalog.decisions import DecisionLog, current_user
from bearkit.catalog.schema import Decision, ImageRecord
from bearkit.core import text
from bearkit.core.project import Project
from bearkit.datasets import dataset
from bearkit.errors import ReviewError
from bearkit.images import thumbnails
from bearkit.labelling.review_actions import merge_labels, store_decisions, take_labels_away
from bearkit.studio import html
from bearkit.studio.modules import call_module
from bearkit.web.errors import show_errors
from bearkit.web.prediction_html import note

# The name of the Review tab is the last value.
ADD_REVIEWER = f"async (...values) => [...values.slice(0, -1), await {call_module('reviewer.js', 'reviewer')}]"
NOTHING_CHOSEN = (
    '<div class="bk-quiet">Click a picture to see where it came from, to change its label or to delete it.</div>'
)


class Picture:
    """The layout and event handlers of a picture's details. Each change is stored as a decision, as in the review."""

    def __init__(self, project: Project, changed: gr.State) -> None:
        self.project = project
        self.chosen: gr.State = gr.State(None)  # the image id
        with gr.Row(elem_id="picture"):
            with gr.Column(scale=2, min_width=300):
                self.shown = gr.HTML(NOTHING_CHOSEN)
            with gr.Column(min_width=220):
                self.label = gr.Dropdown([], label="Label (choose or type)", allow_custom_value=True)
                relabel = gr.Button("Save label")
                unlabel = gr.Button("Remove label")
                delete = gr.Button("Delete picture", variant="stop")
                undo = gr.Button("Undo my last change")
                self.message = gr.HTML()
        with gr.Accordion("Rename or merge labels", open=False), gr.Row():
            self.old = gr.Dropdown([], multiselect=True, label="All pictures labelled")
            new = gr.Dropdown([], allow_custom_value=True, label="New label")
            rename = gr.Button("Rename", min_width=120)
            take = gr.Button("Remove these labels", min_width=120)
        self.new = new
        reviewer = gr.Textbox(visible=False)  # filled in by ADD_REVIEWER
        here = [self.shown, self.message, changed]
        for button, handler, inputs, outputs in (
            (relabel, self.relabel, [self.chosen, self.label, changed], here),
            (unlabel, self.unlabel, [self.chosen, changed], here),
            (delete, self.delete, [self.chosen, changed], here),
            (undo, self.undo, [self.chosen, changed], here),
            (rename, self.rename, [self.old, new, changed], [self.message, changed]),
            (take, self.take_away, [self.old, changed], [self.message, changed]),
        ):
            button.click(handler, [*inputs, reviewer], outputs, js=ADD_REVIEWER)

    @show_errors
    def show(self, image_id: str | None) -> Any:
        """Return a picture's facts, and its label for the label field."""
        images = {image.image_id: image for image in self._log().images()} if self.project.exists else {}
        image = images.get(image_id or "")
        return self._facts(image_id), image.label if image else None

    @show_errors
    def relabel(self, image_id: str | None, label: str | None, changed: int, reviewer: str) -> Any:
        """Change the picture's label."""
        result = store_decisions(
            Catalog(self.project), [DecisionRequest(_chosen(image_id), "relabel", label)], reviewer or current_user()
        )
        messages = [f"Label saved: `{result['stored'][0]['to_label']}`.", *result["notes"]]
        return self._facts(image_id), "".join(map(note, messages)), changed + 1

    @show_errors
    def unlabel(self, image_id: str | None, changed: int, reviewer: str) -> Any:
        """Remove the picture's label; the Review tab then lists it as unlabelled."""
        store_decisions(
            Catalog(self.project), [DecisionRequest(_chosen(image_id), "unlabel")], reviewer or current_user()
        )
        return self._facts(image_id), note("Label removed. Undo restores it."), changed + 1

    @show_errors
    def delete(self, image_id: str | None, changed: int, reviewer: str) -> Any:
        """Exclude the picture from the project; its file stays in place until decisions are applied to files."""
        if _chosen(image_id) in {image.image_id for image in self._log().images()}:  # not deleted already
            store_decisions(
                Catalog(self.project), [DecisionRequest(_chosen(image_id), "delete")], reviewer or current_user()
            )
        return self._facts(image_id), note("Deleted. Undo restores it."), changed + 1

    @show_errors
    def undo(self, image_id: str | None, changed: int, reviewer: str) -> Any:
        """Undo this reviewer's last step."""
        rows = self._log().undo(1, reviewer or current_user())
        return self._facts(image_id), note(html.step_message("undo", [row.action for row in rows])), changed + 1

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

    def _log(self) -> DecisionLog:
        return DecisionLog(Catalog(self.project))

    def _facts(self, image_id: str | None) -> str:
        """Return the picture and its facts as HTML."""
        catalog = Catalog(self.project)
        image = next((image for image in catalog.images() if image.image_id == image_id), None)
        if image is None:
            return NOTHING_CHOSEN
        here = {record.image_id: record for record in DecisionLog(catalog).images()}.get(image.image_id)
        thumbnail = thumbnails.thumbnails(self.project, [(image.image_id, image.path)], thumbnails.LARGE)[0]
        url = f"/gradio_api/file={quote(str(thumbnail))}" if thumbnail else ""
        split = dataset.splits(catalog).get(image.image_id, "")
        rows = [
            ("label", here.label or "none" if here else "deleted"),
            ("imported as", image.label or "without a label"),
            ("split", split or "none"),
            ("picture", f"{image.width} × {image.height} {image.format}, {image.bytes:,} bytes"),
            ("file", f"{image.path}{' (used in place)' if image.linked else ''}"),
            *_sources(catalog, image),
            *(("decision", _sentence(decision)) for decision in DecisionLog(catalog).of_image(image.image_id)),
            ("id", image.image_id),
        ]
        return html.picture(url, rows)


def _chosen(image_id: str | None) -> str:
    """Return the id of the chosen picture.

    Raises:
        ReviewError: No picture is chosen.
    """
    if not image_id:
        raise ReviewError("no picture is chosen", hint="click one in the gallery first")
    return image_id


def _sources(catalog: Catalog, image: ImageRecord) -> list[tuple[str, str]]:
    """Return (name, text) facts about where an image came from."""
    rows = []
    for source in catalog.origins(image.image_id):
        when = f", {source.seen[:10]}" if source.seen else ""
        rows.append(("from", source.origin))
        if source.address and source.address != source.origin:
            rows.append(("redirected to", source.address))
        rows.append(("", f"{source.status} as `{source.label or 'no label'}`{when}"))
        rows += [
            (name, text)
            for name, text in (("licence", source.license), ("creator", source.creator), ("page", source.page))
            if text
        ]
    return rows


def _sentence(decision: Decision) -> str:
    """Return a decision in words: what was done, by whom and when."""
    change = (
        f" `{decision.from_label or 'no label'}` to `{decision.to_label}`"
        if decision.action in ("relabel", "label")
        else ""
    )
    action = html.DONE.get(decision.action, decision.action)
    return f"{action}{change}, by {decision.reviewer}, {decision.time[:16].replace('T', ' ')}"
