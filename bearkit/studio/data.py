"""The Data tab: bring pictures in, see what is there and what was rejected."""

import random
from pathlib import Path
from typing import Any

import gradio as gr

from bearkit import sample_project
from bearkit.catalog.catalog import Catalog
from bearkit.catalog.ledger import Ledger, labels_of
from bearkit.catalog.tables import SPLITS, ImageRecord
from bearkit.collect.importing import import_images
from bearkit.dataset import dataset
from bearkit.errors import ImportSourceError
from bearkit.project import Project
from bearkit.studio import html
from bearkit.studio.edge import told
from bearkit.thumbnails import thumbnails

BATCH = 18  # pictures in the gallery
EVERY = "all"


def head(project: Project) -> str:
    """The line above the tabs."""
    images = Ledger(Catalog(project)).images() if project.exists else []
    return html.head(project.name, len(images), labels_of(images))


class DataTab:
    """Layout and wiring; `refresh` fills everything from the catalogue."""

    def __init__(self, project: Project, header: gr.HTML) -> None:
        self.project = project
        with gr.Row():
            with gr.Column(scale=1, min_width=280):
                self.source = gr.Textbox(label="Folder or zip on this machine", placeholder="/home/me/bears")
                take = gr.Button("Import", variant="primary")
                upload = gr.File(label="… or drop a zip", file_types=[".zip"], height=150)
                birds = gr.Button("No pictures at hand? Take the sample birds", visible=not project.exists)
                self.receipt = gr.HTML()
                self.counts = gr.HTML()
            with gr.Column(scale=3, min_width=320):
                with gr.Row():
                    label = gr.Dropdown([EVERY], value=EVERY, label="Label", min_width=120)
                    split = gr.Dropdown([EVERY, *SPLITS], value=EVERY, label="Split", min_width=120)
                    again = gr.Button("Another batch", min_width=120)
                gallery = gr.Gallery(
                    label="Pictures", columns=6, height="auto", object_fit="contain", interactive=False, buttons=[]
                )
        with gr.Accordion("Rejected files", open=False, visible=False) as rejected:
            self.rejected = gr.HTML()
        with gr.Accordion("Pictures under two labels", open=False, visible=False) as conflicts:
            self.conflicts = gr.HTML()

        self.shown = [header, birds, label, self.counts, gallery, rejected, self.rejected, conflicts, self.conflicts]
        chosen = [label, split]
        take.click(self.take, [self.source], [self.receipt]).success(self.refresh, chosen, self.shown)
        self.source.submit(self.take, [self.source], [self.receipt]).success(self.refresh, chosen, self.shown)
        upload.upload(self.take, [upload], [self.receipt]).success(self.refresh, chosen, self.shown)
        birds.click(self.take_birds, None, [self.receipt]).success(self.refresh, chosen, self.shown)
        for event in (label.input, split.input, again.click):
            event(self.batch, chosen, [gallery])
        self.chosen = chosen

    @told
    def take(self, source: str | None, progress: gr.Progress = gr.Progress()) -> str:  # noqa: B008 (Gradio's way)
        """Import a folder or zip."""
        if not source or not source.strip():
            raise ImportSourceError("no folder was named", hint="type the path of a folder, or drop a zip")
        return html.receipt(import_images(self.project, source.strip().strip("\"'"), _shown(progress)).as_dict())

    @told
    def take_birds(self, progress: gr.Progress = gr.Progress()) -> str:  # noqa: B008 (Gradio's way)
        """Import the sample photographs."""
        sample_project.prepare(self.project, _shown(progress))
        return self.take(str(sample_project.folder(self.project)), progress)

    @told
    def refresh(self, label: str, split: str) -> list[Any]:
        """Everything on the tab, as it is now."""
        if not self.project.exists:
            return [head(self.project), gr.skip(), gr.skip(), "", [], *[gr.skip()] * 4]
        catalog = Catalog(self.project)
        counts = dataset.counts(catalog)
        rejected, conflicts = catalog.rejected(), catalog.conflicts()
        label = label if label in counts else EVERY
        return [
            head(self.project),
            gr.update(visible=False),
            gr.update(choices=[EVERY, *counts], value=label),
            html.table(("label", *SPLITS), [(name, *(n[s] or "" for s in SPLITS)) for name, n in counts.items()]),
            self.batch(label, split),
            gr.update(visible=bool(rejected), label=f"Rejected files ({len(rejected)})"),
            html.table(("file", "why"), [(Path(row.origin).name, row.reason) for row in rejected]),
            gr.update(visible=bool(conflicts), label=f"Pictures under two labels ({len(conflicts)})"),
            html.table(("labels", "kept", "files"), [_conflict(row) for row in conflicts]),
        ]

    @told
    def batch(self, label: str, split: str) -> list[tuple[str, str]]:
        """Some pictures of this label and split, chosen at random, with their labels."""
        if not self.project.exists:
            return []
        catalog = Catalog(self.project)
        found = [image for image in Ledger(catalog).images() if label in (EVERY, image.label)]
        if split != EVERY:
            assigned = dataset.splits(catalog)
            found = [image for image in found if assigned.get(image.image_id) == split]
        return self._captioned(random.sample(found, min(BATCH, len(found))))

    def _captioned(self, images: list[ImageRecord]) -> list[tuple[str, str]]:
        small = thumbnails(self.project, [(image.image_id, image.path) for image in images])
        return [
            (str(path), image.label or "no label")
            for path, image in zip(small, images, strict=True)
            if path is not None
        ]


def _conflict(row: dict[str, Any]) -> tuple[str, str, str]:
    what = ", ".join(row["labels"]) if len(row["labels"]) > 1 else f"{row['labels'][0]} ({', '.join(row['splits'])})"
    return what, row["kept_label"], ", ".join(Path(path).name for path in row["paths"])


def _shown(progress: gr.Progress) -> Any:
    """A bearkit progress that moves Gradio's bar."""
    return lambda what, done, total: progress((done, total), desc=what)
