"""The Predict page: drop a picture, get a label in large letters and the others as bars, and ask why."""

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
from bearkit.web.errors import show_errors, take_original_files

TOP = 5  # labels shown as bars
SIDE = 320  # pixels of the copy of an image that browsers cannot show
FRAME = "bk-frame"  # CSS class of the field where an image is dropped
WHYS = 8  # explanations that may wait: each needs some hundred runs of the network
NEAR = "Also show similar training pictures (stores small copies of them with the model)"


class PredictPage:
    """The layout and event handlers of the Predict page, for the studio, a served model and a Space.

    Args:
        model_of: returns the model for a choice in `model`, and its folder if visitors may know it.
        model: a field that chooses among several models; None if there is one.
        examples: example images that visitors can click.
        with_near: returns the same model with thumbnails of its training images; None to offer none.

    Attributes:
        picture: the field with the image.
        answer: the field with the prediction.
        column: the column with the prediction, to which a page may add.
        replaced: the event after another image was dropped, before it is predicted.
        predicted: the event after an image was predicted.
        cleared: the event after the image was taken away.
    """

    def __init__(
        self,
        model_of: Callable[[str | None], tuple[Predictor, Path | None]],
        model: gr.Dropdown | None = None,
        examples: Sequence[Path] = (),
        with_near: Callable[[str | None], Predictor] | None = None,
    ) -> None:
        self.model_of, self.with_near = model_of, with_near
        self._places, self._turn = threading.BoundedSemaphore(WHYS), threading.Lock()
        with gr.Row():
            with gr.Column(min_width=320):
                picture = self.picture = gr.Image(
                    label="Drop, paste or take a picture", sources=["upload", "clipboard", "webcam"], type="filepath",
                    height=360, buttons=[], elem_classes=FRAME,
                )  # fmt: skip
                take_original_files(picture)
                asked: list[Any] = [picture] if model is None else [picture, model]
                code = gr.Code(language="python", label="The same in Python", visible=False)
            with gr.Column(min_width=320) as self.column:
                self.answer = gr.HTML(prediction_html.note("Drop a picture."))
                bars = gr.Label(num_top_classes=TOP, show_heading=False, show_label=False, elem_classes="bk-bars")
                ask = gr.Button("Why?", size="sm", interactive=False)
                near = gr.Checkbox(False, label=NEAR, visible=with_near is not None)
                why = gr.HTML()
        shown = [self.answer, bars, code, ask, why]
        if examples:
            gr.Examples(
                [[str(path)] for path in examples], picture, shown, self.predict, run_on_click=True,
                cache_examples=False, label="Or try one of these", api_visibility="private",
            )  # fmt: skip
        blank = ["", None, gr.skip(), gr.update(interactive=False), ""]
        cleared = picture.input(lambda: blank, None, shown, show_progress="hidden", api_visibility="private")
        # The old answer is cleared first, so that it is gone even if the new picture cannot be read.
        self.replaced = cleared
        self.predicted = cleared.then(self.predict, asked, shown, show_progress="hidden", api_name="predict")
        self.cleared = picture.clear(lambda: blank, None, shown)
        ask.click(
            self.why, [*asked, near] if with_near else asked, why, show_progress="minimal", api_name="why",
            concurrency_limit=None,
        )  # fmt: skip
        if model is not None:
            model.input(self.predict, asked, shown, show_progress="hidden")

    @show_errors
    def predict(self, picture: str | None, model: str | None = None) -> list[Any]:
        """Return the prediction for a picture: label, probabilities, and the same call in Python."""
        if picture is None:
            return ["", None, gr.skip(), gr.update(interactive=False), ""]
        predictor, folder = self.model_of(model)
        clock = time.perf_counter()
        prediction = predictor.predict(picture)
        milliseconds = (time.perf_counter() - clock) * 1e3
        code = f'from bearkit import Predictor\n\nPredictor({str(folder)!r}).predict("picture.jpg")' if folder else ""
        shown = gr.update(value=code, visible=folder is not None)
        answer = prediction_html.prediction(prediction, milliseconds)
        if not is_shown_by_browsers(picture):
            answer += prediction_html.small_copy(small_jpeg(predictor.load_image(picture), SIDE), FRAME)
        return [answer, prediction.probs, shown, gr.update(interactive=True), ""]

    @show_errors
    def why(self, picture: str | None, model: str | None = None, near: bool = False) -> str:
        """Return which areas of the picture support the label, and the most similar training images.

        Raises:
            BusyError: Too many explanations are waiting.
        """
        if picture is None:
            return ""
        if not self._places.acquire(blocking=False):
            raise BusyError(f"{WHYS} other explanations are waiting already", hint="try again in a moment")
        try:
            with self._turn:
                predictor = self.with_near(model) if near and self.with_near else self.model_of(model)[0]
                return prediction_html.explanation(occlusion_map(predictor, picture), predictor.nearest(picture))
        finally:
            self._places.release()
