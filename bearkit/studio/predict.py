"""The Predict tab: drop a picture; one label in large letters, the others as bars."""

import time
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import gradio as gr

from bearkit import report, runs
from bearkit.errors import ModelError
from bearkit.export import exported
from bearkit.predict import Predictor
from bearkit.project import Project
from bearkit.studio import html
from bearkit.studio.edge import take_files, told

TOP = 5  # labels shown as bars


class PredictPage:
    """A picture in, a label in large letters out: layout and wiring, for the studio and for a served model.

    Args:
        model_of: the model to ask, from what was chosen in `model`, and where its folder is if people may know.
        models: whether there is a choice.
    """

    def __init__(self, model_of: Callable[[str | None], tuple[Predictor, Path | None]], models: bool = False) -> None:
        self.model_of = model_of
        with gr.Row():
            with gr.Column(min_width=320):
                picture = gr.Image(
                    label="Drop, paste or take a picture", sources=["upload", "clipboard", "webcam"], type="filepath",
                    height=360, buttons=[],
                )  # fmt: skip
                take_files(picture)
                self.model = gr.Dropdown([], label="Model", visible=models)
            with gr.Column(min_width=320):
                self.answer = gr.HTML(html.note("Drop a picture."))
                self.bars = gr.Label(num_top_classes=TOP, show_heading=False, show_label=False)
                self.code = gr.Code(language="python", label="The same in Python", visible=False)
        shown = [self.answer, self.bars, self.code]
        picture.input(self.predict, [picture, self.model], shown, show_progress="hidden")
        picture.clear(lambda: ["", None, gr.update(visible=False)], None, shown)
        self.model.input(self.predict, [picture, self.model], shown, show_progress="hidden")

    @told
    def predict(self, picture: str | None, model: str | None) -> list[Any]:
        """Label the picture."""
        if picture is None:
            return ["", None, gr.update(visible=False)]
        predictor, folder = self.model_of(model)
        clock = time.perf_counter()
        found = predictor.predict(picture)
        milliseconds = (time.perf_counter() - clock) * 1e3
        code = f'from bearkit import Predictor\n\nPredictor({str(folder)!r}).predict("picture.jpg")' if folder else ""
        return [html.prediction(found, milliseconds), found.probs, gr.update(value=code, visible=folder is not None)]


class PredictTab:
    """The page in the studio; the model is the newest run's, exported when it is first asked."""

    def __init__(self, project: Project) -> None:
        self.project = project
        page = PredictPage(self._chosen, models=True)
        self.model, self.answer = page.model, page.answer

    @told
    def refresh(self) -> list[Any]:
        """The models there are: every finished run's, the newest first, and what else was kept of it."""
        done = [run for run in reversed(runs.every(self.project)) if run.finished]
        names = []
        for run in done:
            names.append((f"run {run.id}: {report.percent(run.result['error_rate'])} wrong", run.id))
            others = [stage for stage in reversed(run.checkpoints) if stage != run.stage]
            names += [(f"run {run.id}, {stage}", f"{run.id}/{stage}") for stage in others]
        hint = html.note("Drop a picture." if done else "No model yet: train one in the Train tab.", good=bool(done))
        return [gr.update(choices=names, value=done[0].id if done else None), hint]

    def _chosen(self, model: str | None) -> tuple[Predictor, Path]:
        if model is None:
            raise ModelError("there is no model yet", hint="train one in the Train tab")
        folder = self._folder(model)
        return _predictor(str(folder), (folder / "config.json").stat().st_mtime_ns), folder

    def _folder(self, model: str) -> Path:
        """The model folder of RUN or RUN/STAGE, exported if it is not there yet."""
        run_id, _, stage = model.partition("/")
        run = runs.finished(self.project, run_id)
        return exported(self.project, run, stage or run.stage)


@lru_cache(maxsize=4)
def _predictor(folder: str, _written: int) -> Predictor:
    """A loaded model; loaded again when its folder was written again."""
    return Predictor(folder)
