"""Predict many pictures on the Predict tab: dropped files, a folder or a zip become a grid and a table."""

import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import gradio as gr

from bearkit.core.project import Project
from bearkit.core.text import count
from bearkit.errors import ImageError
from bearkit.images import suffixes
from bearkit.inference.batch import list_items, predict_items, write_csv
from bearkit.inference.predictor import Predictor
from bearkit.sources.importing import import_images
from bearkit.studio import html, import_html, predictions_html
from bearkit.studio.import_question import ONE_AT_A_TIME
from bearkit.studio.sources import origin_of
from bearkit.web.errors import show_errors, take_original_files
from bearkit.web.launch import is_hosted
from bearkit.web.prediction_html import note

SIDE = 160  # pixels of the small copies
MOST_SHOWN = 500  # pictures in the grid; the table has all
SECONDS = 0.3  # between two reports of progress
LABEL_THEM = '<div class="bk-note">They have no labels yet: name them in <a href="?tab=label">Label</a>.</div>'
Rows = list[tuple[dict[str, Any], bytes]]  # see `predict_items`


class PredictMany:
    """The layout and event handlers for many pictures.

    Args:
        project: the project that the pictures can be added to.
        model_of: returns the model for a choice in `model`.
        model: the field that chooses a model.
        changed: a counter that grows with each import.
    """

    def __init__(
        self, project: Project, model_of: Callable[[str | None], Predictor], model: gr.Dropdown, changed: gr.State
    ) -> None:
        self.project, self.model_of = project, model_of
        self._stopping: set[str | None] = set()  # sessions whose run ends after the next picture
        with gr.Row():
            files = gr.File(
                label="Drop pictures, or a .zip of them", file_count="multiple", height=120,
                file_types=[*sorted(suffixes()), ".zip"],
            )  # fmt: skip
            take_original_files(files)
            with gr.Column(visible=not is_hosted()):  # visitors must not read this machine's files
                folder = gr.Textbox(label="Or a folder or .zip on the computer running bearkit", max_lines=1)
                go = gr.Button("Predict", variant="primary")
        status = gr.HTML()
        with gr.Row():
            stop = gr.Button("Stop", visible=False)
            self.table = gr.DownloadButton("Download the table (CSV)", visible=False)
            add = gr.Button("Add these pictures to the data", visible=False)
        grid = gr.HTML()
        paths: gr.State = gr.State([])
        shown = [status, stop, self.table, add, grid, paths]
        files.upload(self.predict_files, [files, model], shown, show_progress="hidden")
        gr.on([go.click, folder.submit], self.predict_folder, [folder, model], shown, show_progress="hidden")
        stop.click(self.stop, show_progress="hidden")  # Gradio's `cancels` can lose the event that comes after it
        add.click(self.add, [paths, changed], [status, add, changed], concurrency_id=ONE_AT_A_TIME)

    @show_errors
    def predict_files(self, files: Sequence[str], model: str | None, request: gr.Request) -> Iterator[list[Any]]:
        """Predict dropped files."""
        yield from self._predict(list(files), model, request.session_hash)

    @show_errors
    def predict_folder(self, folder: str | None, model: str | None, request: gr.Request) -> Iterator[list[Any]]:
        """Predict the files of a folder or a zip of this computer.

        Raises:
            ImageError: nothing was typed, or visitors of a hosted studio ask for it.
        """
        if is_hosted():
            raise ImageError("this studio cannot read folders of the computer that it runs on", hint="drop a .zip")
        if not folder or not folder.strip():
            raise ImageError("no folder was given", hint="type the path of a folder, or drop pictures")
        yield from self._predict([folder.strip().strip("\"'")], model, request.session_hash)

    def stop(self, request: gr.Request) -> None:
        """End the run of this browser tab after the next picture; what was predicted is shown."""
        self._stopping.add(request.session_hash)

    def _predict(self, paths: list[str], model: str | None, session: str | None) -> Iterator[list[Any]]:
        """Yield the values of the components, first with the old answer cleared, then with the progress."""
        hidden = gr.update(visible=False)
        self._stopping.discard(session)
        yield [note("Reading …"), hidden, hidden, hidden, "", paths]
        predictor = self.model_of(model)
        items = list_items(paths)
        rows: Rows = []
        reported = 0.0
        for row, jpeg in predict_items(predictor, items, side=SIDE):
            rows.append((row, jpeg if len(rows) < MOST_SHOWN else b""))
            if time.monotonic() - reported > SECONDS:
                reported = time.monotonic()
                bar = html.progress_bar(len(rows), len(items), f"{len(rows)} of {count(len(items), 'file')}")
                yield [bar, gr.update(visible=True), hidden, hidden, gr.skip(), paths]
            if session in self._stopping:
                break
        yield [*self._answer(rows, predictor.vocab, complete=len(rows) == len(items)), paths]

    def _answer(self, rows: Rows, vocab: list[str], complete: bool) -> list[Any]:
        """Return the values of the components but `paths`, once all is predicted or somebody stopped it.

        Args:
            rows: what was predicted, in the order of the files.
            vocab: the model's labels.
            complete: whether every file is in `rows`.
        """
        n_failed = sum("error" in row for row, _ in rows)
        words = f"{count(len(rows) - n_failed, 'picture')} predicted"
        words += f", {count(n_failed, 'file')} not" if n_failed else ""
        words = f"{words}." if complete else f"Stopped: {words}."
        value = {"value": self._write_table(rows, vocab)} if rows else {}
        table = gr.update(visible=bool(rows), **value)
        grid = predictions_html.predictions(rows)
        add = gr.update(visible=bool(rows) and complete)  # else it would add more than was predicted
        done = note(words, good=n_failed < len(rows))
        return [done, gr.update(visible=False), table, add, grid]

    def _write_table(self, rows: Rows, vocab: list[str]) -> str:
        """Write the table where Gradio may serve it, and return its path."""
        path = Path(tempfile.mkdtemp(dir=self.table.GRADIO_CACHE)) / "predictions.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            write_csv([row | {"path": origin_of(row["path"])} for row, _ in rows], vocab, file)
        return str(path)

    @show_errors
    def add(self, paths: list[str], changed: int) -> list[Any]:
        """Import the pictures without labels: on the Label tab the model proposes theirs."""
        report = import_images(self.project, paths, labelled=False, called=origin_of)
        words = import_html.import_summary(report.as_dict())
        return [words + (LABEL_THEM if report.imported else ""), gr.update(visible=False), changed + 1]
