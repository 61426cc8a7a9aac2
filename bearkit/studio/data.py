"""The Data tab: import pictures, look through all of them, see where each came from and which files were rejected."""

from pathlib import Path
from typing import Any

import gradio as gr

from bearkit.catalog.catalog import Catalog
from bearkit.catalog.decisions import DecisionLog, labels_of
from bearkit.core.project import Project
from bearkit.labelling.next_step import read_progress
from bearkit.labelling.review_view import View
from bearkit.studio import html
from bearkit.studio.image_sets import link
from bearkit.studio.pictures import Pictures
from bearkit.studio.rename import RenameLabels
from bearkit.studio.shared_index import SharedIndex
from bearkit.studio.sources import Sources
from bearkit.web.errors import show_errors

TELL_GRID = "() => window.dispatchEvent(new Event('bearkit-data'))"  # the grid reads the pictures again


def head(project: Project) -> str:
    """Return the line above the tabs: the project's name and counts."""
    images = DecisionLog(Catalog(project)).images() if project.exists else []
    return html.head(project.name, len(images), labels_of(images))


class DataTab:
    """The layout and event handlers of the Data tab; `refresh` fills it from the catalogue.

    Args:
        project: the project to show; it need not exist yet.
        header: the line above the tabs, which the tab updates.
        index: what the model knows of the images, for the grid.
    """

    def __init__(self, project: Project, header: gr.HTML, index: SharedIndex) -> None:
        self.project = project
        with gr.Row(elem_id="data"):
            with gr.Column(scale=3, min_width=300):
                self.welcome = gr.HTML()
                self.sources = Sources(project)
            with gr.Column(scale=5, min_width=320, visible=project.exists, elem_id="browse") as self.browser:
                pictures = Pictures(project, index)
                self.counts = gr.HTML()
                names = RenameLabels(project, self.sources.changed)
        self.problems = gr.HTML()
        self.shown = [
            header, self.welcome, self.browser, self.sources.birds, self.counts, self.problems,
            self.sources.label, names.old, names.new, *self.sources.live[:-1],
        ]  # fmt: skip
        changed = self.sources.changed.change(self.refresh, None, self.shown, show_progress="hidden")
        changed.then(None, js=TELL_GRID)
        pictures.decided(self.refresh, None, self.shown, show_progress="hidden")

    @show_errors
    def refresh(self) -> list[Any]:
        """Return the present values of everything on the tab but its grid, in the order of `shown`."""
        if not self.project.exists:
            empty = [html.WELCOME, gr.update(visible=False), gr.skip(), "", "", *[gr.skip()] * 3]
            return [head(self.project), *empty, *self.sources.refresh()]
        catalog = Catalog(self.project)
        progress = read_progress(self.project)
        rejected, conflicts = catalog.rejected(), catalog.conflicts()
        labels = gr.update(choices=list(progress.labels))
        return [
            head(self.project),
            "" if progress.labels or progress.unlabelled else html.WELCOME,
            gr.update(visible=True),
            gr.update(visible=False),
            html.data_counts(progress),
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
            *[labels] * 3,
            *self.sources.refresh(),
        ]


def _conflict(row: dict[str, Any]) -> tuple[str, str, str]:
    """Return a table row for an image that was imported with several labels or splits."""
    labels = ", ".join(row["labels"]) or "no label"
    conflict = labels if len(row["labels"]) > 1 else f"{labels} ({', '.join(row['splits'])})"
    return conflict, row["kept_label"], ", ".join(Path(path).name for path in row["paths"])
