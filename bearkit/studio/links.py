"""The Links panel of the Data tab: download pasted links, or a list of links, in the background."""

import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

import gradio as gr

from bearkit.errors import ImportSourceError
from bearkit.sources.web import url_list
from bearkit.studio import import_html
from bearkit.studio.collect_job import CollectJob, limits
from bearkit.web.errors import show_errors, take_original_files
from bearkit.web.launch import is_hosted

NO_LABEL = "No label yet"  # a checkbox that advice names
GATHER = (Path(__file__).parent / "gather.js").read_text()


class Links:
    """The layout and event handlers of the Links panel.

    Args:
        downloads: runs the downloads of this project.
        timer: the timer that follows a download.

    Attributes:
        private: the checkbox that allows addresses on the own network.
        fetch: the event that starts a download.
    """

    def __init__(self, downloads: CollectJob, timer: gr.Timer) -> None:
        self.downloads = downloads
        label = gr.Textbox(label="Label", placeholder="grizzly", max_lines=1)
        none = no_label_box()
        listed = gr.Textbox(label="Links to pictures, one per line", lines=3, max_lines=8)
        files = gr.File(
            label="Or a list: .txt, or .csv with a label column",
            file_types=[".txt", ".csv", ".tsv", ".json", ".jsonl"],
            height=120,
            elem_id="address-list",
        )
        take_original_files(files)
        self.private = gr.Checkbox(False, label=import_html.OWN_NETWORK, visible=not is_hosted())
        go = gr.Button("Download the pictures", variant="primary")
        gr.HTML(import_html.gather_instructions("javascript:" + quote(GATHER)))
        with gr.Accordion("The same as code for the browser's console", open=False):
            gr.Code(GATHER, language="javascript", show_label=False, lines=6, max_lines=12)
        go.click(self.collect, [label, none, listed, files, self.private], [timer, listed, files, label])
        self.fetch = go.click

    @show_errors
    def collect(self, label: str | None, none: bool, listed: str | None, file: str | None, private: bool) -> Any:
        """Start to download a list of links in the background.

        Args:
            label: the label of the pasted links, and of a list without labels.
            none: whether the pictures get no label yet.
            listed: pasted links, one per line.
            file: the path of a dropped list.
            private: whether links into this machine's own network are allowed.
        """
        lists = [("", Path(file)) if none else _labelled_list(label, Path(file))] if file else []
        with tempfile.TemporaryDirectory() as folder:
            if listed and listed.strip():
                pasted = Path(folder) / "the pasted links.txt"
                pasted.write_text(listed, encoding="utf-8")
                lists.append((given_label(label, none), pasted))
            links = url_list.read_lists(lists)
        if not links.urls:
            skipped = ", ".join(f"{n} {reason}" for reason, n in links.skipped.items())
            raise ImportSourceError(
                f"there are no links to download{f': {skipped}' if skipped else ''}",
                hint="paste links, one per line, or drop a list",
            )
        self.downloads.start(links, limits(private))
        return gr.Timer(active=True), "", None, ""


def _labelled_list(label: str | None, path: Path) -> tuple[str | None, Path]:
    """Return a dropped list with its label, or with None if the list has labels of its own.

    Raises:
        ImportSourceError: The list cannot be read, or it has no labels and none was given.
    """
    with suppress(ImportSourceError):
        url_list.read_lists([(None, path)])
        return None, path
    return given_label(label), path


def no_label_box() -> gr.Checkbox:
    """Make the checkbox for pictures without a label."""
    return gr.Checkbox(False, label=NO_LABEL, min_width=120)


def given_label(label: str | None, none: bool = False) -> str:
    """Return the label that was typed; "" if the pictures get none yet.

    Raises:
        ImportSourceError: The label is empty.
    """
    if none:
        return ""
    if not label or not label.strip():
        raise ImportSourceError(
            "no label was given", hint=f"choose a label for these files first, or tick “{NO_LABEL}”"
        )
    return label.strip()
