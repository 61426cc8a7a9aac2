"""The Predict page: drop a picture; one label in large letters, the others as bars; and why, when asked."""

import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import gradio as gr

from bearkit.errors import BusyError
from bearkit.images import is_shown_by_browsers, small_jpeg
from bearkit.inference.occlusion import occlusion_map
from bearkit.inference.predictor import Predictor
from bearkit.web import prediction_html
from bearkit.web.errors import show_errors, take_files

TOP = 5  # labels shown as bars
SIDE = 320  # pixels of a picture that the browser itself does not show
FRAME = "bk-frame"  # the class of where a picture is dropped
WHYS = 8  # questions why that may wait: each takes some hundred runs of the network
NEAR = "with the training pictures most like it (small copies of them are kept with the model)"


class PredictPage:
    """A picture in, a label in large letters out: layout and wiring, for the studio, a served model and a Space.

    Args:
        model_of: the model to ask, from what was chosen in `model`, and where its folder is if people may know.
        models: whether there is a choice.
        examples: pictures to try it on.
        with_near: the same model with small training pictures, made when somebody ticks that they want them.
    """

    def __init__(
        self,
        model_of: Callable[[str | None], tuple[Predictor, Path | None]],
        models: bool = False,
        examples: Sequence[Path] = (),
        with_near: Callable[[str | None], Predictor] | None = None,
    ) -> None:
        self.model_of, self.model, self.with_near = model_of, None, with_near
        self._places, self._turn = threading.BoundedSemaphore(WHYS), threading.Lock()
        with gr.Row():
            with gr.Column(min_width=320):
                picture = gr.Image(
                    label="Drop, paste or take a picture", sources=["upload", "clipboard", "webcam"], type="filepath",
                    height=360, buttons=[], elem_classes=FRAME,
                )  # fmt: skip
                take_files(picture)
                asked: list[Any] = [picture]
                if models:
                    self.model = gr.Dropdown([], label="Model")
                    asked.append(self.model)
            with gr.Column(min_width=320):
                self.answer = gr.HTML(prediction_html.note("Drop a picture."))
                bars = gr.Label(num_top_classes=TOP, show_heading=False, show_label=False, elem_classes="bk-bars")
                ask = gr.Button("Why?", size="sm", interactive=False)
                near = gr.Checkbox(False, label=NEAR, visible=with_near is not None)
                why = gr.HTML()
                code = gr.Code(language="python", label="The same in Python", visible=False)
        shown = [self.answer, bars, code, ask, why]
        if examples:
            gr.Examples(
                [[str(path)] for path in examples], picture, shown, self.predict, run_on_click=True,
                cache_examples=False, label="Or try one of these", api_visibility="private",
            )  # fmt: skip
        blank = ["", None, gr.skip(), gr.update(interactive=False), ""]
        picture.input(lambda: blank, None, shown, show_progress="hidden", api_visibility="private").then(
            self.predict, asked, shown, show_progress="hidden", api_name="predict"
        )  # an answer never stands beside another picture, also when that one cannot be read
        picture.clear(lambda: blank, None, shown)
        ask.click(
            self.why, [*asked, near] if with_near else asked, why, show_progress="minimal", api_name="why",
            concurrency_limit=None,
        )  # fmt: skip
        if self.model is not None:
            self.model.input(self.predict, asked, shown, show_progress="hidden")

    @show_errors
    def predict(self, picture: str | None, model: str | None = None) -> list[Any]:
        """Label the picture."""
        if picture is None:
            return ["", None, gr.skip(), gr.update(interactive=False), ""]
        predictor, folder = self.model_of(model)
        clock = time.perf_counter()
        found = predictor.predict(picture)
        milliseconds = (time.perf_counter() - clock) * 1e3
        code = f'from bearkit import Predictor\n\nPredictor({str(folder)!r}).predict("picture.jpg")' if folder else ""
        shown = gr.update(value=code, visible=folder is not None)
        said = prediction_html.prediction(found, milliseconds)
        if not is_shown_by_browsers(picture):
            said += prediction_html.seen(small_jpeg(predictor.load_image(picture), SIDE), FRAME)
        return [said, found.probs, shown, gr.update(interactive=True), ""]

    @show_errors
    def why(self, picture: str | None, model: str | None = None, near: bool = False) -> str:
        """Show which part of the picture spoke for the label, and the training pictures most like it."""
        if picture is None:
            return ""
        if not self._places.acquire(blocking=False):
            raise BusyError(f"{WHYS} others ask why already", hint="try again in a moment")
        try:
            with self._turn:
                predictor = self.with_near(model) if near and self.with_near else self.model_of(model)[0]
                return prediction_html.why(occlusion_map(predictor, picture), predictor.nearest(picture))
        finally:
            self._places.release()
