"""The Train tab: one button starts a training, which the curves follow; then come its result and its mistakes."""

from functools import lru_cache
from typing import Any

import gradio as gr

from bearkit import runs
from bearkit.catalog.catalog import Catalog
from bearkit.catalog.decisions import DecisionLog
from bearkit.core.parallel import cores
from bearkit.core.project import Project
from bearkit.engine import jobs
from bearkit.evaluation.interpretation import Interpretation
from bearkit.images.thumbnails import thumbnails
from bearkit.labelling.next_step import read_progress
from bearkit.runs import LIVE, Run
from bearkit.studio import augment_preview, curves, html, mistakes, train_progress
from bearkit.studio.compare import Compare
from bearkit.studio.lr_finder import LRSearch
from bearkit.studio.train_form import TrainForm
from bearkit.training.config import TrainConfig
from bearkit.training.fit_options import UNFROZEN_EPOCHS
from bearkit.web.errors import show_errors
from bearkit.web.prediction_html import note

PRESETS = [  # and the number of unfrozen epochs of each
    ("Fast: the classifier only", 0), ("Better, takes minutes: the whole network too", UNFROZEN_EPOCHS),
]  # fmt: skip
TOP = 12  # mistakes shown as pictures
SECONDS_A_PICTURE = 0.016  # to compute its features on one core; only for the estimate on the button
SECONDS_UNFROZEN = 0.045  # on one core, for each picture and epoch of the whole network
COLOURS = {"training": "#2f80c3", "validation": "#e07b00"}


class TrainTab:
    """The layout and event handlers of the Train tab. A training is a process; the tab follows its run's events."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.preset = gr.Radio(PRESETS, value=0, label="How to train", elem_id="preset")
        with gr.Row():
            self.go = gr.Button("Train", variant="primary", scale=3)
            self.stop = gr.Button("Stop", visible=False)
            self.resume = gr.Button("Resume training", visible=False)
        self.status = gr.HTML()
        with gr.Row():
            with gr.Column(scale=1, min_width=300):
                self.result = gr.HTML()
                self.wrong = gr.HTML()
            with gr.Column(scale=2, min_width=320):
                self.matrix = gr.HTML()
        self.top_losses = gr.HTML()
        with gr.Accordion("Curves and epochs", open=False) as self.curves:
            self._plots()
            self.table = gr.HTML()
        self.choices = TrainForm(project)
        search = LRSearch(project, self.choices)
        compare = Compare(project)
        self.command = gr.HTML()
        self.seen: gr.State = gr.State(("", -1, ""))  # run on screen, number of its events, run of the result
        self.timer = gr.Timer(0.4, active=False)
        self.live = [
            self.seen, self.timer, self.go, self.stop, self.resume, self.status, self.curves, self.losses, self.errors,
            self.rates, self.table, self.command, self.result, self.wrong, self.matrix, self.top_losses,
            self.choices.fields["start"], compare.runs,
        ]  # fmt: skip
        self.search, self.compare = search, compare
        self._wire()

    def _plots(self) -> None:
        """Lay out the curves of the losses, the error and the learning rate."""
        gr.HTML(html.legend("Loss", COLOURS))
        self.losses = gr.LinePlot(
            curves.losses([]), x="epoch", y="loss", color="pictures", height=260, color_map=COLOURS,
            colors_in_legend=[], **curves.PLOT,
        )  # fmt: skip
        with gr.Row():
            self.errors = gr.LinePlot(
                curves.errors([]), x="epoch", y="error", y_title="error, %", height=190, min_width=240, **curves.PLOT
            )
            self.rates = gr.LinePlot(
                curves.rates(TrainConfig(), -1), x="epoch", y="rate", y_title="learning rate", height=190,
                min_width=240, **curves.PLOT,
            )  # fmt: skip

    def _wire(self) -> None:
        """Connect the buttons, the timer and the form with their handlers."""
        fields = self.choices.fields
        self.go.click(self.start, self.choices.inputs, self.live, show_progress="hidden")
        self.stop.click(self.stop_run, [self.seen], None)
        self.resume.click(self.resume_run, fields["unfreeze"], self.live, show_progress="hidden")
        self.timer.tick(self.follow, [self.seen, fields["unfreeze"]], self.live, show_progress="hidden", queue=False)
        fields["unfreeze"].change(self.estimate, [fields["unfreeze"]], [self.go, self.preset], show_progress="hidden")
        self.preset.input(lambda epochs: epochs, self.preset, fields["unfreeze"], show_progress="hidden")
        self.choices.preview.click(self.show_changes, fields["augment"], self.choices.previewed)

    @show_errors
    def start(self, *values: Any) -> list[Any]:
        """Start a training in its own process; it waits for earlier trainings."""
        config = self.choices.config(*values)
        run = jobs.start(self.project, config)
        return self._view(self._shown() or run, config.unfreeze)  # a running one stays on screen

    @show_errors
    def stop_run(self, seen: tuple[str, int, str]) -> None:
        """Stop the training on screen."""
        jobs.stop(Run(self.project.runs / seen[0]))

    @show_errors
    def resume_run(self, unfreeze: float | None) -> list[Any]:
        """Resume the newest run, which was stopped or interrupted."""
        run = runs.find_unfinished(self.project)
        jobs.resume(self.project, run)
        return self._view(run, unfreeze)

    @show_errors
    def show_changes(self, kind: str) -> Any:
        """Show what augmentation does to the project's own pictures."""
        return gr.update(value=augment_preview.changed_pictures(self.project, kind), visible=True)

    @show_errors
    def follow(self, seen: tuple[str, int, str], unfreeze: float | None) -> list[Any]:
        """Return the values of `live`, or no updates if the run on screen has no new events."""
        run = self._shown()
        if run is None or (seen[:2] == (run.id, len(run.events())) and run.state in LIVE):
            return [gr.skip()] * len(self.live)
        return self._view(run, unfreeze, seen[2])

    @show_errors
    def refresh(self, unfreeze: float | None) -> list[Any]:
        """Return the values of `live` for a page that opens or reloads: the running or newest run, or a first step."""
        run = self._shown()
        if run is not None:
            return self._view(run, unfreeze)
        updates = [gr.skip()] * len(self.live)
        updates[self.live.index(self.go)] = self._button(unfreeze)
        updates[self.live.index(self.status)] = html.first_step(read_progress(self.project))
        return updates

    def estimate(self, unfreeze: float | None) -> list[Any]:
        """Update the Train button's estimate, and the preset, after the number of unfrozen epochs changed."""
        run = self._shown()
        preset = unfreeze if unfreeze in dict(PRESETS).values() else None
        return [self._button(unfreeze, live=run is not None and run.state in LIVE), preset]

    def _shown(self) -> Run | None:
        """Return the first running run, or else the newest; None if there are none."""
        newest = runs.list_usable(self.project)[-10:]
        running = [run for run in newest if run.state in LIVE]
        return running[0] if running else newest[-1] if newest else None

    def _view(self, run: Run, unfreeze: float | None, result_on_screen: str = "") -> list[Any]:
        """Return the values of `live` for a run.

        Args:
            run: the run to show.
            unfreeze: epochs of the whole network in the form, for the button's estimate.
            result_on_screen: the id of the run whose result the page shows already.
        """
        state = run.state  # read before the events: a finished run has all of them
        events = run.events()
        live, config = state in LIVE, TrainConfig.from_dict(run.config)
        epoch_events = [event for event in events if event["event"] == "epoch"]
        epochs = curves.number_epochs(config, epoch_events)
        finished = runs.list_finished(self.project)
        last = finished[-1] if finished else None
        return [
            (run.id, len(events), last.id if last else ""),
            gr.Timer(active=live),
            self._button(unfreeze, live),
            gr.update(visible=live),
            gr.update(visible=state in ("stopped", "interrupted", "failed")),
            train_progress.sentence(run, state, events, config),
            gr.update(open=True) if live else gr.skip(),  # they stay open after a training
            curves.losses(epochs),
            curves.errors(epochs),
            curves.rates(config, train_progress.epochs_done(events, config)),
            train_progress.table(epoch_events),
            html.command(self.choices.command(config)),
            *(self._result(last) if last and last.id != result_on_screen else [gr.skip()] * 6),
        ]

    def _result(self, run: Run) -> list[Any]:
        """Return the last six values of `live` for a finished run: its result, diagnosis, mistakes and choices."""
        labels = {image.image_id: image.label for image in DecisionLog(Catalog(self.project)).images()}
        interp = Interpretation(self.project, run, labels=labels)
        matrix = interp.confusion_matrix
        rows = interp.top_losses(TOP, mistakes=True)
        paths = thumbnails(self.project, [(row["image_id"], row["path"]) for row in rows])
        changed = run.result.get("seed_changed")
        return [
            html.error_rate(run.result) + (note(changed) if changed else ""),
            html.what_could_go_wrong(run.result["diagnosis"]["verdict"], run.result["diagnosis"]["evidence"]),
            mistakes.confusion_matrix(interp.vocab, matrix.tolist(), run.id, interp.n_changed),
            mistakes.top_losses(list(zip(paths, rows, strict=True)), int(matrix.sum() - matrix.trace()), run.id),
            self.choices.starts(),
            self.compare.choices(),
        ]

    def _button(self, unfreeze: float | None, live: bool = False) -> Any:
        """Return the Train button with an estimate of the time, or with what is missing."""
        if live:
            return gr.update(value="Queue another training", variant="secondary")
        progress = read_progress(self.project)
        if missing := html.train_button(progress):
            return gr.update(value=missing, variant="secondary", interactive=False)
        n_images = sum(sum(splits.values()) for splits in progress.labels.values())
        finished = runs.list_finished(self.project)
        n_new = max(0, n_images - _n_predicted(finished[-1]) if finished else n_images)
        seconds = 3 + (2 + n_new * SECONDS_A_PICTURE / cores() if n_new else 0)
        seconds += int(unfreeze or 0) * n_images * SECONDS_UNFROZEN / cores()
        return gr.update(value=f"Train: about {html.duration(seconds)}", variant="primary", interactive=True)


@lru_cache(maxsize=8)
def _n_predicted(run: Run) -> int:
    """Return how many images a finished run has predictions for."""
    return len(run.predictions().targets)
