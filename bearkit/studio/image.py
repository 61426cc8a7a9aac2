"""One picture on the Data tab: large, with all that is known of it; relabelled or deleted here, and that undone."""

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
from bearkit.labelling.actions import merge_labels, store_decisions, take_labels_away
from bearkit.studio import html
from bearkit.web.errors import show_errors
from bearkit.web.prediction_html import note

WHO = "(...given) => [...given.slice(0, -1), window.bearkitReviewer?.() ?? '']"  # the name that the Review tab uses
NOBODY = '<div class="bk-quiet">Click a picture to see where it came from, to change its label or to delete it.</div>'


class Picture:
    """Layout and wiring. What is decided here is a row of the ledger, as in the review."""

    def __init__(self, project: Project, changed: gr.State) -> None:
        self.project = project
        self.chosen: gr.State = gr.State(None)  # the image id
        with gr.Row(elem_id="picture"):
            with gr.Column(scale=2, min_width=300):
                self.shown = gr.HTML(NOBODY)
            with gr.Column(min_width=220):
                self.label = gr.Dropdown([], label="Its label, one there is or a new one", allow_custom_value=True)
                relabel = gr.Button("Give it this label")
                unlabel = gr.Button("Take its label away")
                delete = gr.Button("Delete it", variant="stop")
                undo = gr.Button("Undo my last step")
                self.said = gr.HTML()
        with gr.Accordion("Rename or merge labels", open=False), gr.Row():
            self.old = gr.Dropdown([], multiselect=True, label="All pictures of")
            new = gr.Dropdown([], allow_custom_value=True, label="become")
            rename = gr.Button("Rename", min_width=120)
            take = gr.Button("Take these labels away", min_width=120)
        self.new = new
        who = gr.Textbox(visible=False)  # the page puts in whose browser it is
        here = [self.shown, self.said, changed]
        for button, handler, inputs, outputs in (
            (relabel, self.relabel, [self.chosen, self.label, changed], here),
            (unlabel, self.unlabel, [self.chosen, changed], here),
            (delete, self.delete, [self.chosen, changed], here),
            (undo, self.undo, [self.chosen, changed], here),
            (rename, self.rename, [self.old, new, changed], [self.said, changed]),
            (take, self.take_away, [self.old, changed], [self.said, changed]),
        ):
            button.click(handler, [*inputs, who], outputs, js=WHO)

    @show_errors
    def show(self, image_id: str | None) -> Any:
        """What is known of a picture; its label goes into the field."""
        known = {image.image_id: image for image in self._ledger().images()} if self.project.exists else {}
        now = known.get(image_id or "")
        return self._facts(image_id), now.label if now else None

    @show_errors
    def relabel(self, image_id: str | None, label: str | None, changed: int, who: str) -> Any:
        """Give the picture another label."""
        result = store_decisions(
            Catalog(self.project), [DecisionRequest(_one(image_id), "relabel", label)], who or current_user()
        )
        said = [f"It is `{result['stored'][0]['to_label']}` now.", *result["notes"]]
        return self._facts(image_id), "".join(map(note, said)), changed + 1

    @show_errors
    def unlabel(self, image_id: str | None, changed: int, who: str) -> Any:
        """Take the picture's label away: it waits for one in the Review tab then."""
        store_decisions(Catalog(self.project), [DecisionRequest(_one(image_id), "unlabel")], who or current_user())
        return self._facts(image_id), note("It has no label now. Undo brings it back."), changed + 1

    @show_errors
    def delete(self, image_id: str | None, changed: int, who: str) -> Any:
        """Leave the picture out from now on; its file stays where it is until the decisions are carried out."""
        if _one(image_id) in {image.image_id for image in self._ledger().images()}:  # a second click says nothing more
            store_decisions(Catalog(self.project), [DecisionRequest(_one(image_id), "delete")], who or current_user())
        return self._facts(image_id), note("Deleted. Undo brings it back."), changed + 1

    @show_errors
    def undo(self, image_id: str | None, changed: int, who: str) -> Any:
        """Take this person's last step back."""
        rows = self._ledger().undo(1, who or current_user())
        return self._facts(image_id), note(html.turned("undo", [row.action for row in rows])), changed + 1

    @show_errors
    def rename(self, old: list[str], new: str | None, changed: int, who: str) -> Any:
        """Give all pictures of some labels one label."""
        result = merge_labels(self.project, old, new or "", who or current_user())
        said = f"{len(result['stored'])} pictures are `{result['label']}` now. Undo takes it back."
        return "".join(map(note, [said, *result["notes"]])), changed + 1

    @show_errors
    def take_away(self, old: list[str], changed: int, who: str) -> Any:
        """Take the labels of all pictures of some labels away."""
        n = take_labels_away(self.project, old, who or current_user())
        return note(f"{text.count(n, 'picture')} without a label now. Undo brings it back."), changed + 1

    def _ledger(self) -> DecisionLog:
        return DecisionLog(Catalog(self.project))

    def _facts(self, image_id: str | None) -> str:
        catalog = Catalog(self.project)
        image = next((image for image in catalog.images() if image.image_id == image_id), None)
        if image is None:
            return NOBODY
        here = {one.image_id: one for one in DecisionLog(catalog).images()}.get(image.image_id)
        made = thumbnails.thumbnails(self.project, [(image.image_id, image.path)], thumbnails.LARGE)[0]
        url = f"/gradio_api/file={quote(str(made))}" if made else ""
        split = dataset.splits(catalog).get(image.image_id, "")
        rows = [
            ("label", here.label or "none" if here else "deleted"),
            ("came as", image.label or "without a label"),
            ("split", split or "none"),
            ("picture", f"{image.width} × {image.height} {image.format}, {image.bytes:,} bytes"),
            ("file", f"{image.path}{' (linked)' if image.linked else ''}"),
            *_sources(catalog, image),
            *(("decided", _sentence(one)) for one in DecisionLog(catalog).of_image(image.image_id)),
            ("id", image.image_id),
        ]
        return html.picture(url, rows)


def _one(image_id: str | None) -> str:
    if not image_id:
        raise ReviewError("no picture is chosen", hint="click one in the gallery first")
    return image_id


def _sources(catalog: Catalog, image: ImageRecord) -> list[tuple[str, str]]:
    rows = []
    for source in catalog.origins(image.image_id):
        when = f", {source.seen[:10]}" if source.seen else ""
        rows.append(("from", source.origin))
        if source.address and source.address != source.origin:
            rows.append(("in the end", source.address))
        rows.append(("", f"{source.status} as `{source.label or 'no label'}`{when}"))
        rows += [
            (name, text)
            for name, text in (("licence", source.license), ("creator", source.creator), ("page", source.page))
            if text
        ]
    return rows


def _sentence(decision: Decision) -> str:
    to = (
        f" `{decision.from_label or 'no label'}` to `{decision.to_label}`"
        if decision.action in ("relabel", "label")
        else ""
    )
    return f"{decision.action}{to}, {decision.reviewer}, {decision.time[:16].replace('T', ' ')}"
