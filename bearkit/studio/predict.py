"""The Predict tab: one picture at a time, or many, with a choice of the project's models."""

from functools import lru_cache
from pathlib import Path
from typing import Any

import gradio as gr

from bearkit import runs
from bearkit.core import text
from bearkit.core.project import Project
from bearkit.errors import ModelError
from bearkit.export.export import add_thumbnails, exported
from bearkit.inference import model_folder
from bearkit.inference.predictor import Predictor
from bearkit.studio.correction import Correction
from bearkit.studio.predict_many import PredictMany
from bearkit.web.errors import show_errors
from bearkit.web.launch import is_hosted
from bearkit.web.predict_page import PredictPage
from bearkit.web.prediction_html import note


class PredictTab:
    """The Predict page in the studio. A model is exported when it first predicts; the newest one is chosen.

    Args:
        project: the project to show; it need not exist yet.
        changed: a counter that grows with each import.
    """

    def __init__(self, project: Project, changed: gr.State) -> None:
        self.project = project
        shown = self._without_place if is_hosted() else self._chosen
        self.model = gr.Dropdown([], label="Model", elem_id="model")
        with gr.Tabs():
            with gr.Tab("One picture"):
                page = PredictPage(shown, self.model, with_near=self._with_near)
                Correction(project, page, changed)
            with gr.Tab("Many pictures"):
                PredictMany(project, lambda model: self._chosen(model)[0], self.model, changed)
        self.answer = page.answer

    @show_errors
    def refresh(self) -> list[Any]:
        """Return the models to choose from, and a hint."""
        names = models(self.project)
        hint = note("Drop a picture." if names else "No model yet: train one in the Train tab.", good=bool(names))
        return [gr.update(choices=names, value=names[0][1] if names else None), hint]

    def _chosen(self, model: str | None) -> tuple[Predictor, Path]:
        if model is None:
            raise ModelError("there is no model yet", hint="train one in the Train tab")
        folder = folder_of(self.project, model)
        return _predictor(str(folder), (folder / "config.json").stat().st_mtime_ns), folder

    def _without_place(self, model: str | None) -> tuple[Predictor, None]:
        """Return the chosen model without its folder, which visitors of a hosted studio must not see."""
        return self._chosen(model)[0], None

    def _with_near(self, model: str | None) -> Predictor:
        """Return the chosen model with thumbnails of training images; they are added to its folder if needed."""
        _, folder = self._chosen(model)
        if not (folder / model_folder.THUMBNAILS).exists():
            add_thumbnails(self.project, folder)
            _predictor.cache_clear()
        return self._chosen(model)[0]


def models(project: Project) -> list[tuple[str, str]]:
    """Return (text, RUN or RUN/STAGE) of each finished run and of its other checkpoints, newest run first."""
    choices = []
    for run in (run for run in reversed(runs.list_usable(project)) if run.finished):
        choices.append((f"run {run.id}: {text.percent(run.result['error_rate'])} wrong", run.id))
        others = [stage for stage in reversed(run.checkpoints) if stage != run.stage]
        choices += [(f"run {run.id}, {stage}", f"{run.id}/{stage}") for stage in others]
    return choices


def folder_of(project: Project, model: str) -> Path:
    """Return the model folder of RUN or RUN/STAGE; it is exported first if needed."""
    run_id, _, stage = model.partition("/")
    run = runs.find_finished(project, run_id)
    return exported(project, run, stage or run.stage)


@lru_cache(maxsize=4)
def _predictor(folder: str, _written: int) -> Predictor:
    """Return a loaded model; `_written`, the folder's time stamp, makes the cache load a changed one again."""
    return Predictor(folder)
