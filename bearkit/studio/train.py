"""The Train tab: one button; then the curves grow, the table fills, and the result says what it is worth."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import gradio as gr

from bearkit import runs
from bearkit.catalog.catalog import Catalog
from bearkit.catalog.decisions import DecisionLog, labels_of
from bearkit.core.parallel import cores
from bearkit.core.project import Project
from bearkit.engine import jobs
from bearkit.evaluation.interpretation import Interpretation
from bearkit.images.thumbnails import thumbnails
from bearkit.runs import LIVE, Run
from bearkit.studio import augment_preview, curves, html, train_progress
from bearkit.studio.compare import Compare
from bearkit.studio.lr_finder import LRSearch
from bearkit.studio.train_form import TrainForm
from bearkit.training.config import TrainConfig
from bearkit.web.errors import show_errors
from bearkit.web.prediction_html import note

TOP = 12  # mistakes shown as pictures
MANY = 10_000  # of the highest losses, among which they are: a loss may be high though the label is right
SECONDS_A_PICTURE = 0.016  # on one core, to look at it once; only for the estimate on the button
SECONDS_UNFROZEN = 0.045  # on one core, a picture and epoch
COLOURS = {"training": "#2f80c3", "validation": "#e07b00"}
PLOT: dict[str, Any] = {"show_label": False, "buttons": [], "x_axis_format": "d"}


class TrainTab:
    """Layout and wiring. A training lives in its own process; this follows its run's events."""

    def __init__(self, project: Project) -> None:
        self.project = project
        with gr.Row():
            self.go = gr.Button("Train", variant="primary", scale=3)
            self.stop = gr.Button("Stop", visible=False)
            self.resume = gr.Button("Go on where it stopped", visible=False)
        self.choices = TrainForm(project)
        search = LRSearch(project, self.choices)
        with gr.Row():
            with gr.Column(scale=1, min_width=300):
                self.status = gr.HTML()
                self.result = gr.HTML()
                self.wrong = gr.HTML(html.what_could_go_wrong(""))
                self.command = gr.Code(
                    language="shell", label="The same on the command line", visible=False, wrap_lines=True, lines=1
                )
            with gr.Column(scale=2, min_width=320):
                gr.HTML(html.legend("Loss", COLOURS))
                self.losses = gr.LinePlot(
                    curves.losses([]), x="epoch", y="loss", color="pictures", height=260, color_map=COLOURS,
                    colors_in_legend=[], **PLOT,
                )  # fmt: skip
                with gr.Row():
                    self.errors = gr.LinePlot(
                        curves.errors([]), x="epoch", y="error", y_title="error, %", height=190, min_width=240, **PLOT
                    )
                    self.rates = gr.LinePlot(
                        curves.rates(TrainConfig(), -1), x="epoch", y="rate", y_title="learning rate", height=190,
                        min_width=240, **PLOT,
                    )  # fmt: skip
                self.table = gr.HTML()
                self.matrix = gr.HTML()
                self.top_losses = gr.HTML()
        compare = Compare(project)
        self.seen: gr.State = gr.State(("", -1, ""))  # run on screen, how many of its events, run of the result
        self.timer = gr.Timer(0.4, active=False)
        self.live = [
            self.seen, self.timer, self.go, self.stop, self.resume, self.status, self.losses, self.errors, self.rates,
            self.table, self.command, self.result, self.wrong, self.matrix, self.top_losses,
            self.choices.fields["start"], compare.runs,
        ]  # fmt: skip
        fields = self.choices.fields
        self.go.click(self.start, self.choices.inputs, self.live, show_progress="hidden")
        self.stop.click(self.halt, [self.seen], None)
        self.resume.click(self.go_on, fields["unfreeze"], self.live, show_progress="hidden")
        self.timer.tick(self.follow, [self.seen, fields["unfreeze"]], self.live, show_progress="hidden", queue=False)
        fields["unfreeze"].change(self.estimate, [fields["unfreeze"]], self.go, show_progress="hidden")
        self.choices.preview.click(self.show_changes, fields["augment"], self.choices.previewed)
        self.search, self.compare = search, compare

    @show_errors
    def start(self, *values: Any) -> list[Any]:
        """Start a training in a process of its own; it waits for those before it."""
        config = self.choices.config(*values)
        run = jobs.start(self.project, config)
        return self._view(self._shown() or run, config.unfreeze)  # the one under way stays on screen

    @show_errors
    def halt(self, seen: tuple[str, int, str]) -> None:
        """Ask the training on screen to stop."""
        jobs.stop(Run(self.project.runs / seen[0]))

    @show_errors
    def go_on(self, unfreeze: float | None) -> list[Any]:
        """Go on with the newest run, which was stopped or cut off."""
        run = runs.find_unfinished(self.project)
        jobs.resume(self.project, run)
        return self._view(run, unfreeze)

    @show_errors
    def show_changes(self, kind: str) -> Any:
        """What the random changes do to the project's own pictures."""
        return gr.update(value=augment_preview.changed_pictures(self.project, kind), visible=True)

    @show_errors
    def follow(self, seen: tuple[str, int, str], unfreeze: float | None) -> list[Any]:
        """What is new since the last look; nothing is sent when nothing is."""
        run = self._shown()
        if run is None or (seen[:2] == (run.id, len(run.events())) and run.state in LIVE):
            return [gr.skip()] * len(self.live)
        return self._view(run, unfreeze, seen[2])

    @show_errors
    def refresh(self, unfreeze: float | None) -> list[Any]:
        """The run under way, or the newest one, as it is now: what a person sees who opens or reloads the page."""
        run = self._shown()
        if run is not None:
            return self._view(run, unfreeze)
        text = self._first_step()
        blank = [gr.skip()] * len(self.live)
        blank[2], blank[5] = self._button(unfreeze), text
        return blank

    def _first_step(self) -> str:
        """What to do before a training, with a link to where."""
        images = DecisionLog(Catalog(self.project)).images() if self.project.exists else []
        if len(labels := labels_of(images)) > 1:
            return ""
        return html.first_step(len(images), labels)

    def estimate(self, unfreeze: float | None) -> Any:
        """The Train button, once a person asked for unfrozen epochs."""
        run = self._shown()
        return self._button(unfreeze, live=run is not None and run.state in LIVE)

    def _shown(self) -> Run | None:
        """The first run under way, or else the newest."""
        every = runs.list_usable(self.project)
        under_way = [run for run in every[-10:] if run.state in LIVE]
        return under_way[0] if under_way else every[-1] if every else None

    def _view(self, run: Run, unfreeze: float | None, result_on_screen: str = "") -> list[Any]:
        state = run.state  # before the events: once it is finished, all of them are there
        events = run.events()
        live, config = state in LIVE, TrainConfig.from_dict(run.config)
        every = [event for event in events if event["event"] == "epoch"]
        epochs = curves.numbered(config, every)
        done = [one for one in runs.list_usable(self.project) if one.finished]
        last = done[-1] if done else None
        return [
            (run.id, len(events), last.id if last else ""),
            gr.Timer(active=live),
            self._button(unfreeze, live),
            gr.update(visible=live),
            gr.update(visible=state in ("stopped", "interrupted", "failed")),
            train_progress.sentence(run, state, events, config),
            curves.losses(epochs),
            curves.errors(epochs),
            curves.rates(config, train_progress.epochs_done(events, config)),
            train_progress.table(every),
            gr.update(value=self.choices.command(config), visible=True),
            *(self._result(last) if last and last.id != result_on_screen else [gr.skip()] * 6),
        ]

    def _result(self, run: Run) -> list[Any]:
        """A finished run: what it is worth, what went wrong, its mistakes as pictures; it can be begun with now."""
        interp = Interpretation(self.project, run)
        rows = [row for row in interp.top_losses(MANY) if row["predicted"] != row["given"]][:TOP]
        small = thumbnails(self.project, [(row["image_id"], row["path"]) for row in rows])
        changed = run.result.get("seed_changed")
        return [
            html.error_rate(run.result) + (note(changed) if changed else ""),
            html.what_could_go_wrong(run.result["diagnosis"]["verdict"], run.result["diagnosis"]["evidence"]),
            html.confusion_matrix(interp.vocab, interp.confusion_matrix.tolist()),
            html.top_losses(list(zip(small, rows, strict=True))),
            self.choices.starts(),
            self.compare.choices(),
        ]

    def _button(self, unfreeze: float | None, live: bool = False) -> Any:
        """The Train button, which says how long it will take."""
        if live:
            return gr.update(value="Queue another training", variant="secondary")
        images = DecisionLog(Catalog(self.project)).images() if self.project.exists else []
        labels = labels_of(images)
        if len(labels) < 2:
            return gr.update(value=missing(len(images), labels), variant="secondary", interactive=False)
        n_images = sum(bool(image.label) for image in images)
        done = [run for run in runs.list_usable(self.project) if run.finished]
        new = max(0, n_images - _n_predicted(done[-1]) if done else n_images)
        seconds = 3 + (2 + new * SECONDS_A_PICTURE / cores() if new else 0)
        seconds += int(unfreeze or 0) * n_images * SECONDS_UNFROZEN / cores()
        return gr.update(value=f"Train: about {html.duration(seconds)}", variant="primary", interactive=True)


def missing(n_images: int, labels: Sequence[str]) -> str:
    """Why nothing can be trained yet, and what to do, as the Train button says it.

    >>> missing(300, []), missing(300, ["photos"])
    ('Train: label some pictures first (Review)', 'Train: needs a second label beside photos')
    """
    if not n_images:
        return "Train: import pictures first"
    return f"Train: needs a second label beside {labels[0]}" if labels else "Train: label some pictures first (Review)"


@lru_cache(maxsize=8)
def _n_predicted(run: Run) -> int:
    """How many pictures a finished run looked at."""
    return len(run.predictions().targets)
