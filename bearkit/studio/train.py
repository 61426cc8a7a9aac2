"""The Train tab: one button; then the curves grow, the table fills, and the result says what it is worth."""

from typing import Any

import gradio as gr
import pandas as pd

from bearkit import jobs, runs
from bearkit.catalog import Catalog
from bearkit.errors import RunError
from bearkit.interpretation.interpretation import Interpretation
from bearkit.parallel import cores
from bearkit.project import Project
from bearkit.runs import Run
from bearkit.studio import html
from bearkit.studio.edge import told
from bearkit.thumbnails import thumbnails
from bearkit.training.config import TrainConfig

TABLE = ("epoch", "train_loss", "valid_loss", "error_rate", "seconds")
TOP = 12  # losses shown as pictures
SECONDS_A_PICTURE = 0.016  # on one core; only for the estimate on the button
LIVE = ("starting", "running")
MAX_ROWS = 30  # of the table, the last ones
FIELDS = {"epochs": "Epochs", "lr": "Highest learning rate", "seed": "Seed", "views": "Crops of each picture"}
LOSSES = {"train_loss": "training", "valid_loss": "validation"}
COLOURS = {"training": "#2f80c3", "validation": "#e07b00"}


class TrainTab:
    """Layout and wiring. A training lives in its own process; this follows its run's events."""

    def __init__(self, project: Project) -> None:
        self.project = project
        with gr.Row():
            with gr.Column(scale=1, min_width=280):
                self.go = gr.Button("Train", variant="primary")
                self.stop = gr.Button("Stop", visible=False)
                with gr.Accordion("Choices", open=False):
                    default = TrainConfig()
                    epochs = gr.Number(default.epochs, minimum=1, label=FIELDS["epochs"])
                    lr = gr.Number(default.lr, minimum=0, step=1e-4, label=FIELDS["lr"])
                    seed = gr.Number(default.seed, label=f"{FIELDS['seed']} (another one sets other pictures aside)")
                    views = gr.Number(default.views, minimum=1, label=FIELDS["views"])
                self.status = gr.HTML()
                self.result = gr.HTML()
            with gr.Column(scale=2, min_width=320):
                gr.HTML(html.legend("Loss", COLOURS))
                self.plot = gr.LinePlot(
                    _curve([]),
                    x="epoch",
                    y="loss",
                    color="pictures",
                    height=300,
                    show_label=False,
                    buttons=[],
                    x_axis_format="d",
                    color_map=COLOURS,
                    colors_in_legend=[],
                )
                self.table = gr.HTML()
                self.matrix = gr.HTML()
                self.losses = gr.HTML()
        self.seen: gr.State = gr.State(("", -1))  # the run on screen, and how many of its events
        self.timer = gr.Timer(0.4, active=False)
        self.choices = [epochs, lr, seed, views]
        self.live = [
            self.seen, self.timer, self.go, self.stop, self.status, self.plot, self.table,
            self.result, self.matrix, self.losses,
        ]  # fmt: skip
        self.go.click(self.start, self.choices, self.live, show_progress="hidden")
        self.stop.click(self.halt, [self.seen], None)
        self.timer.tick(self.follow, [self.seen], self.live, show_progress="hidden", queue=False)

    @told
    def start(self, epochs: float | None, lr: float | None, seed: float | None, views: float | None) -> list[Any]:
        """Start a training in a process of its own, unless one is under way."""
        newest = self._newest()
        if newest is not None and newest.state in LIVE:
            return self._view(newest)
        config = TrainConfig(
            epochs=int(_number("epochs", epochs)),
            lr=_number("lr", lr),
            seed=int(_number("seed", seed)),
            views=int(_number("views", views)),
        )
        return self._view(jobs.start(self.project, config))

    @told
    def halt(self, seen: tuple[str, int]) -> None:
        """Ask the training on screen to stop."""
        jobs.stop(Run(self.project.runs / seen[0]))

    @told
    def follow(self, seen: tuple[str, int]) -> list[Any]:
        """What is new since the last look; nothing is sent when nothing is."""
        run = self._newest()
        if run is None or (seen == (run.id, len(run.events())) and run.state in LIVE):
            return [gr.skip()] * len(self.live)
        return self._view(run)

    @told
    def refresh(self) -> list[Any]:
        """The newest run, as it is now: what a person sees who opens or reloads the page."""
        run = self._newest()
        if run is not None:
            return self._view(run)
        text = "" if self.project.exists else html.note("Import pictures first, in the Data tab.")
        return [*[gr.skip()] * 2, self._button(), gr.skip(), text, *[gr.skip()] * 5]

    def _newest(self) -> Run | None:
        every = runs.every(self.project)
        return every[-1] if every else None

    def _view(self, run: Run) -> list[Any]:
        state = run.state  # before the events: once it is finished, all of them are there
        events = run.events()
        epochs = [event for event in events if event["event"] == "epoch"]
        live = state in LIVE
        rows = [[e["epoch"], *(f"{e[key]:.4f}" for key in TABLE[1:4]), f"{e['seconds']:.2f}"] for e in epochs]
        result = html.error_rate(run.result) if state == "finished" else ""
        return [
            (run.id, len(events)),
            gr.Timer(active=live),
            self._button(live),
            gr.update(visible=live),
            _status(run, state, events),
            _curve(epochs),
            html.table(TABLE, rows[-MAX_ROWS:]) if rows else "",
            result,
            *(self._wrong(run) if state == "finished" else ("", "")),
        ]

    def _wrong(self, run: Run) -> tuple[str, str]:
        """The confusion matrix and the top losses as pictures."""
        interp = Interpretation(self.project, run)
        rows = interp.top_losses(TOP)
        small = thumbnails(self.project, [(row["image_id"], row["path"]) for row in rows])
        matrix = html.confusion_matrix(interp.vocab, interp.confusion_matrix.tolist())
        return matrix, html.top_losses(list(zip(small, rows, strict=True)))

    def _button(self, live: bool = False) -> Any:
        """The Train button, which says how long it will take."""
        n_images = len(Catalog(self.project).images()) if self.project.exists else 0
        done = [run for run in runs.every(self.project) if run.finished]
        known = len(done[-1].predictions().targets) if done else 0
        new = max(0, n_images - known)
        seconds = 3 + (2 + new * SECONDS_A_PICTURE / cores() if new else 0)
        return gr.update(value=f"Train: about {seconds:.0f} s", interactive=n_images > 0 and not live)


def _number(name: str, value: float | None) -> float:
    """What a person put into a field.

    Raises:
        RunError: nothing, or a fraction where only whole numbers make sense.
    """
    if value is None or (name != "lr" and value != int(value)):
        said = "is empty" if value is None else f"must be a whole number, not {value}"
        raise RunError(f"{FIELDS[name]} {said}", hint=f"{getattr(TrainConfig(), name)} is the default")
    return value


def _status(run: Run, state: str, events: list[dict[str, Any]]) -> str:
    """One sentence about where the training is."""
    last = events[-1] if events else {}
    if state == "stopped":
        return html.note(f"Run {run.id}: Stopped; what was learnt about the pictures is kept.")
    if state == "failed":
        failure = next(event for event in events if event["event"] == "failed")
        return html.note(f"Run {run.id}: {failure['error']}. {failure['hint']}", good=False)
    if state == "interrupted":
        return html.note(f"Run {run.id} was cut off. Nothing is lost: train again and it goes on.", good=False)
    if state == "finished":
        return html.note("Next: try it on a picture, in the Predict tab.")
    if last.get("event") == "features":
        return html.note(f"Looking at each picture once: {last['done']} of {last['total']}")
    if last.get("event") == "epoch":
        return html.note(f"Epoch {last['epoch'] + 1} of {run.config['epochs']}")
    return html.note("Starting …")


def _curve(epochs: list[dict[str, Any]]) -> pd.DataFrame:
    """Losses in long form for LinePlot; an empty row of each kind first, since it fixes its colours at the start."""
    rows: list[dict[str, Any]] = [{"epoch": 0, "loss": None, "pictures": name} for name in LOSSES.values()]
    rows += [
        {"epoch": event["epoch"], "loss": event[key], "pictures": name}
        for event in epochs
        for key, name in LOSSES.items()
    ]
    return pd.DataFrame(rows).astype({"loss": float})
