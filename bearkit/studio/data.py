"""The Data tab: bring pictures in, see what is there and where it came from, and what was rejected."""

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import gradio as gr

from bearkit.catalog.catalog import Catalog
from bearkit.catalog.decisions import DecisionLog, labels_of
from bearkit.catalog.schema import SPLITS, ImageRecord
from bearkit.core.project import Project
from bearkit.datasets import dataset
from bearkit.images.thumbnails import thumbnails
from bearkit.studio import html
from bearkit.studio.image import Picture
from bearkit.studio.sources import Sources
from bearkit.web.errors import show_errors

BATCH = 18  # pictures in the gallery
EVERY = "all"
INTO_SIGHT = """() => {
  const seen = () => document.getElementById('picture')?.scrollIntoView({ block: 'nearest' });
  setTimeout(seen, 100);  // once Gradio has put the details there
}"""


def head(project: Project) -> str:
    """The line above the tabs."""
    images = DecisionLog(Catalog(project)).images() if project.exists else []
    return html.head(project.name, len(images), labels_of(images))


class DataTab:
    """Layout and wiring; `refresh` fills everything from the catalogue."""

    def __init__(self, project: Project, header: gr.HTML) -> None:
        self.project = project
        with gr.Row():
            with gr.Column(scale=3, min_width=300):
                self.sources = Sources(project)
            with gr.Column(scale=5, min_width=320):
                self.counts = gr.HTML()
                with gr.Row():
                    label = gr.Dropdown([EVERY], value=EVERY, label="Label", min_width=120)
                    split = gr.Dropdown([EVERY, *SPLITS], value=EVERY, label="Split", min_width=120)
                    again = gr.Button("Another batch", min_width=120)
                gallery = gr.Gallery(
                    show_label=False, columns=6, height="auto", object_fit="contain", interactive=False, buttons=[],
                    allow_preview=False, elem_id="pictures",
                )  # fmt: skip
                self.in_gallery: gr.State = gr.State([])  # image ids
                self.picture = Picture(project, self.sources.changed)
        self.problems = gr.HTML()

        batch = [gallery, self.in_gallery]
        self.shown = [
            header, self.sources.birds, label, self.counts, *batch, self.problems,
            self.sources.label, self.picture.label, self.picture.old, self.picture.new,
            *self.sources.live[:-1],
        ]  # fmt: skip
        self.chosen = [label, split, self.in_gallery]
        self.sources.changed.change(self.refresh, self.chosen, self.shown, show_progress="hidden")
        for event in (label.input, split.input, again.click):
            event(self.batch, [label, split], batch)
        chosen = self.picture.chosen
        gallery.select(_chosen, self.in_gallery, chosen).then(
            self.picture.show, chosen, [self.picture.shown, self.picture.label], show_progress="hidden"
        ).then(None, js=INTO_SIGHT)

    @show_errors
    def refresh(self, label: str, split: str, on_screen: list[str]) -> list[Any]:
        """Everything on the tab, as it is now."""
        if not self.project.exists:
            return [head(self.project), gr.skip(), gr.skip(), "", [], [], "", *[gr.skip()] * 4, *self.sources.refresh()]
        catalog = Catalog(self.project)
        counts = dataset.counts(catalog)
        rejected, conflicts = catalog.rejected(), catalog.conflicts()
        label = label if label in counts else EVERY
        labels = gr.update(choices=list(counts))
        return [
            head(self.project),
            gr.update(visible=False),
            gr.update(choices=[EVERY, *counts], value=label),
            html.table(("label", *SPLITS), [(name, *(n[s] or "" for s in SPLITS)) for name, n in counts.items()]),
            *self.batch(label, split, on_screen),
            html.folded(
                f"Rejected files ({len(rejected)})",
                html.table(("file", "why"), [(Path(row.origin).name, row.reason) for row in rejected]),
                len(rejected),
            )
            + html.folded(
                f"Pictures under two labels ({len(conflicts)})",
                html.table(("labels", "kept", "files"), [_conflict(row) for row in conflicts]),
                len(conflicts),
            ),
            *[labels] * 4,
            *self.sources.refresh(),
        ]

    @show_errors
    def batch(self, label: str, split: str, keep: Sequence[str] = ()) -> tuple[list[tuple[str, str]], list[str]]:
        """Some pictures of this label and split, with their labels, and their ids: those to keep, others at random."""
        if not self.project.exists:
            return [], []
        catalog = Catalog(self.project)
        found = [image for image in DecisionLog(catalog).images() if label in (EVERY, image.label)]
        if split != EVERY:
            assigned = dataset.splits(catalog)
            found = [image for image in found if assigned.get(image.image_id) == split]
        random.shuffle(found)
        place = {image_id: number for number, image_id in enumerate(keep)}
        found.sort(key=lambda image: place.get(image.image_id, len(place)))
        return self._captioned(found[:BATCH])

    def _captioned(self, images: list[ImageRecord]) -> tuple[list[tuple[str, str]], list[str]]:
        small = thumbnails(self.project, [(image.image_id, image.path) for image in images])
        there = [(path, image) for path, image in zip(small, images, strict=True) if path is not None]
        return [(str(path), image.label or "no label") for path, image in there], [image.image_id for _, image in there]


def _chosen(ids: list[str], event: gr.SelectData) -> str | None:
    """The id of the picture that was clicked."""
    return ids[event.index] if event.index < len(ids) else None


def _conflict(row: dict[str, Any]) -> tuple[str, str, str]:
    labels = ", ".join(row["labels"]) or "no label"
    what = labels if len(row["labels"]) > 1 else f"{labels} ({', '.join(row['splits'])})"
    return what, row["kept_label"], ", ".join(Path(path).name for path in row["paths"])
