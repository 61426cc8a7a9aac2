"""The Data tab: import pictures, browse them, see where each came from, and which files were rejected."""

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
from bearkit.labelling.next_step import read_progress
from bearkit.labelling.review_view import View
from bearkit.studio import html
from bearkit.studio.image import Picture
from bearkit.studio.image_sets import link
from bearkit.studio.sources import Sources
from bearkit.web.errors import show_errors

BATCH = 18  # pictures in the gallery
EVERY = "all"  # the choice of a filter that shows every label, or every split
SCROLL_TO_DETAILS = """() => {
  const scroll = () => document.getElementById('picture')?.scrollIntoView({ block: 'nearest' });
  setTimeout(scroll, 100);  // Gradio renders the details first
}"""


def head(project: Project) -> str:
    """Return the line above the tabs: the project's name and counts."""
    images = DecisionLog(Catalog(project)).images() if project.exists else []
    return html.head(project.name, len(images), labels_of(images))


class DataTab:
    """The layout and event handlers of the Data tab; `refresh` fills it from the catalogue.

    Args:
        project: the project to show; it need not exist yet.
        header: the line above the tabs, which the tab updates.
    """

    def __init__(self, project: Project, header: gr.HTML) -> None:
        self.project = project
        with gr.Row(elem_id="data"):
            with gr.Column(scale=3, min_width=300):
                self.welcome = gr.HTML()
                self.sources = Sources(project)
            with gr.Column(scale=5, min_width=320, visible=project.exists, elem_id="browse") as self.browser:
                self.counts = gr.HTML()
                with gr.Row():
                    label = gr.Dropdown([EVERY], value=EVERY, label="Label", min_width=120)
                    split = gr.Dropdown([EVERY, *SPLITS], value=EVERY, label="Split", min_width=120)
                    others = gr.Button("Show others", min_width=120)
                gallery = gr.Gallery(
                    show_label=False, columns=6, height="auto", object_fit="contain", interactive=False, buttons=[],
                    allow_preview=False, elem_id="pictures",
                )  # fmt: skip
                self.in_gallery: gr.State = gr.State([])  # image ids
                self.picture = Picture(project, self.sources.changed)
        self.problems = gr.HTML()

        batch = [gallery, self.in_gallery]
        self.shown = [
            header, self.welcome, self.browser, self.sources.birds, label, self.counts, *batch, self.problems,
            self.sources.label, self.picture.label, self.picture.old, self.picture.new,
            *self.sources.live[:-1],
        ]  # fmt: skip
        self.chosen = [label, split, self.in_gallery]
        self.sources.changed.change(self.refresh, self.chosen, self.shown, show_progress="hidden")
        for event in (label.input, split.input, others.click):
            event(self.batch, [label, split], batch)
        chosen = self.picture.chosen
        gallery.select(_chosen, self.in_gallery, chosen).then(
            self.picture.show, chosen, [self.picture.shown, self.picture.label], show_progress="hidden"
        ).then(None, js=SCROLL_TO_DETAILS)

    @show_errors
    def refresh(self, label: str, split: str, on_screen: list[str]) -> list[Any]:
        """Return the present values of everything on the tab, in the order of `shown`."""
        if not self.project.exists:
            empty = [html.WELCOME, gr.update(visible=False), gr.skip(), gr.skip(), "", [], [], "", *[gr.skip()] * 4]
            return [head(self.project), *empty, *self.sources.refresh()]
        catalog = Catalog(self.project)
        progress = read_progress(self.project)
        counts = progress.labels
        rejected, conflicts = catalog.rejected(), catalog.conflicts()
        label = label if label in counts else EVERY
        labels = gr.update(choices=list(counts))
        return [
            head(self.project),
            "" if progress.labels or progress.unlabelled else html.WELCOME,
            gr.update(visible=True),
            gr.update(visible=False),
            gr.update(choices=[EVERY, *counts], value=label),
            html.data_counts(progress),
            *self.batch(label, split, on_screen),
            html.fold(
                f"Rejected files ({len(rejected)})",
                html.table(("file", "reason"), [(Path(row.origin).name, row.reason) for row in rejected]),
                len(rejected),
                "bk-rejected",
            )
            + html.fold(
                f"Pictures with conflicting labels or splits ({len(conflicts)})",
                html.table(("labels", "label used", "files"), [_conflict(row) for row in conflicts])
                + link(View("conflict"), "See and correct these pictures"),
                len(conflicts),
            ),
            *[labels] * 4,
            *self.sources.refresh(),
        ]

    @show_errors
    def batch(self, label: str, split: str, keep: Sequence[str] = ()) -> tuple[list[tuple[str, str]], list[str]]:
        """Choose up to `BATCH` images of a label and split for the gallery.

        Args:
            label: a label, or `EVERY`.
            split: a split, or `EVERY`.
            keep: the ids of images that come first; the others are chosen at random.

        Returns:
            A (thumbnail path, caption) pair for each image, and the image ids in the same order.
        """
        if not self.project.exists:
            return [], []
        catalog = Catalog(self.project)
        images = [image for image in DecisionLog(catalog).images() if label in (EVERY, image.label)]
        if split != EVERY:
            assigned = dataset.splits(catalog)
            images = [image for image in images if assigned.get(image.image_id) == split]
        random.shuffle(images)
        rank = {image_id: number for number, image_id in enumerate(keep)}
        images.sort(key=lambda image: rank.get(image.image_id, len(rank)))
        return self._with_captions(images[:BATCH])

    def _with_captions(self, images: list[ImageRecord]) -> tuple[list[tuple[str, str]], list[str]]:
        paths = thumbnails(self.project, [(image.image_id, image.path) for image in images])
        readable = [(path, image) for path, image in zip(paths, images, strict=True) if path is not None]
        captions = [(str(path), image.label or "no label") for path, image in readable]
        return captions, [image.image_id for _, image in readable]


def _chosen(ids: list[str], event: gr.SelectData) -> str | None:
    """Return the id of the clicked image."""
    return ids[event.index] if event.index < len(ids) else None


def _conflict(row: dict[str, Any]) -> tuple[str, str, str]:
    """Return a table row for an image that was imported with several labels or splits."""
    labels = ", ".join(row["labels"]) or "no label"
    conflict = labels if len(row["labels"]) > 1 else f"{labels} ({', '.join(row['splits'])})"
    return conflict, row["kept_label"], ", ".join(Path(path).name for path in row["paths"])
