"""The learning rate finder of the Train tab: a curve, and a button for each suggestion that puts it into the form."""

from typing import Any

import gradio as gr
from PIL import Image

from bearkit.core.project import Project
from bearkit.engine import jobs
from bearkit.studio.train_form import TrainForm
from bearkit.training.lr_curve import NAMES
from bearkit.web.errors import show_errors
from bearkit.web.prediction_html import note

STEM_SHARE = 0.01  # the first layers' learning rate as a share of the last layers', when a suggestion sets both


class LRSearch:
    """The layout and event handlers of the finder; the search runs in its own process."""

    def __init__(self, project: Project, choices: TrainForm) -> None:
        self.project, self.choices = project, choices
        with gr.Accordion("Find a learning rate", open=False):
            with gr.Row():
                head = gr.Button("For the classifier", size="sm")
                body = gr.Button("For the whole network (takes a minute)", size="sm")
            self.reason = gr.HTML()
            self.curve = gr.Image(visible=False, show_label=False, buttons=[], width=720)
            with gr.Row():
                self.buttons = [gr.Button(visible=False, size="sm", min_width=90) for _ in NAMES]
        self.found: gr.State = gr.State({})
        shown = [self.found, self.reason, self.curve, *self.buttons]
        rates = [choices.fields[name] for name in ("lr", "lr_first", "lr_last")]
        for button, unfrozen in ((head, False), (body, True)):
            button.click(lambda: note("Trying 100 learning rates …"), None, self.reason, show_progress="hidden").then(
                self.searcher(unfrozen), choices.inputs, shown, show_progress="minimal"
            )
        for name, button in zip(NAMES, self.buttons, strict=True):
            button.click(self.putter(name), [self.found], rates, show_progress="hidden")

    def searcher(self, unfrozen: bool) -> Any:
        """Return the handler of a search button.

        Args:
            unfrozen: whether the whole network trains, or the classifier only.
        """

        @show_errors
        def search(*values: Any) -> list[Any]:
            result = jobs.find_lr(self.project, self.choices.config(*values), unfrozen)
            with Image.open(result["plot"]) as image:
                image.load()
            suggestions = result["suggestions"]
            buttons = [
                gr.update(value=f"{name} {suggestions[name]:.2g}", visible=True)
                if suggestions[name]
                else gr.update(visible=False)
                for name in NAMES
            ]
            found = {"unfrozen": unfrozen, "suggestions": suggestions}
            return [found, note(result["reason"]), gr.update(value=image, visible=True), *buttons]

        return search

    def putter(self, name: str) -> Any:
        """Return the handler of a suggestion's button, which puts its rate into the form."""

        def put(found: dict[str, Any]) -> list[Any]:
            rate = found["suggestions"][name]
            return [gr.skip(), STEM_SHARE * rate, rate] if found["unfrozen"] else [rate, gr.skip(), gr.skip()]

        return put
