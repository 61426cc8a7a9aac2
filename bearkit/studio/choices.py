"""The form of a training's choices: fields, what they say as a TrainConfig, and as a command line."""

import shlex
from typing import Any

import gradio as gr

from bearkit import runs
from bearkit.dataset.seed import seed_for
from bearkit.errors import RunError
from bearkit.page.launch import hosted
from bearkit.project import Project
from bearkit.training.bodies import BODIES
from bearkit.training.config import AUGMENTATIONS, PRECISIONS, TrainConfig

DEFAULT = TrainConfig()
NEW = "a new head"
NUMBERS = {  # field: label, smallest, step, whole numbers only
    "epochs": ("Epochs with the body frozen", 0, 1, True),
    "lr": ("Highest learning rate", 0, 1e-4, False),
    "unfreeze": ("Then epochs with the body unfrozen", 0, 1, True),
    "lr_first": ("Unfrozen: highest rate of the stem", 0, 1e-6, False),
    "lr_last": ("Unfrozen: highest rate of the head", 0, 1e-5, False),
    "unfreeze_groups": ("Unfrozen: last layer groups that learn (0: all)", 0, 1, True),
    "seed": ("Seed (another one sets other pictures aside)", 0, 1, True),
    "views": ("Crops of each picture", 1, 1, True),
    "weight_decay": ("Weight decay", 0, 0.01, False),
    "dropout": ("Dropout", 0, 0.05, False),
    "label_smoothing": ("Label smoothing", 0, 0.05, False),
    "batch_size": ("Pictures a step, frozen", 1, 1, True),
    "unfrozen_batch_size": ("Pictures a step, unfrozen", 1, 1, True),
    "patience": ("End after so many epochs without gain (0: never)", 0, 1, True),
}
PLAIN = ("epochs", "lr", "unfreeze", "lr_first", "lr_last", "unfreeze_groups", "seed", "views")
FIELD: dict[str, Any] = {"min_width": 230}
DEFAULTS = DEFAULT.as_dict() | {"lr_first": DEFAULT.lr_unfrozen[0], "lr_last": DEFAULT.lr_unfrozen[1]}


class Choices:
    """Two folded groups of fields: what one changes often, and the tricks."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.fields: dict[str, Any] = {}
        with gr.Accordion("Choices", open=False), gr.Row():
            self.fields["start"] = gr.Dropdown([NEW], value=NEW, label="Begin with", interactive=True, **FIELD)
            self._numbers(PLAIN)
            self.fields["body"] = gr.Dropdown(
                list(BODIES),
                value=DEFAULT.body,
                label="Body" if hosted() else "Body, or any name of timm's",
                allow_custom_value=not hosted(),
                **FIELD,
            )
            self.fields["weights"] = gr.Textbox(
                label="File with its weights (none: random)", max_lines=1, visible=not hosted(), **FIELD
            )
        with gr.Accordion("Tricks", open=False):
            with gr.Row():
                self._numbers([name for name in NUMBERS if name not in PLAIN])
                self.fields["sizes"] = gr.Textbox(label="Unfrozen: sizes in pixels, like 128,224", max_lines=1, **FIELD)
                self.fields["oversample"] = gr.Checkbox(False, label="Show rare labels as often as the commonest")
            with gr.Row():
                self.fields["precision"] = gr.Radio(
                    list(PRECISIONS), value=DEFAULT.precision, label="Unfrozen: precision", **FIELD
                )
                self.fields["augment"] = gr.Radio(
                    list(AUGMENTATIONS), value=DEFAULT.augment, label="Unfrozen: random changes to pictures", **FIELD
                )
                self.preview = gr.Button("Show what they do", size="sm", min_width=160)
            self.previewed = gr.Image(visible=False, show_label=False, buttons=[], width=768)

    def _numbers(self, names: Any) -> None:
        for name in names:
            label, smallest, step, _ = NUMBERS[name]
            value = self._seed if name == "seed" else DEFAULTS[name]  # the project's, asked for as a page opens
            self.fields[name] = gr.Number(value, minimum=smallest, step=step, label=label, **FIELD)

    def _seed(self) -> int:
        return seed_for(self.project, None)

    @property
    def inputs(self) -> list[Any]:
        """The components, in the order of `config`'s values."""
        return list(self.fields.values())

    def config(self, *values: Any) -> TrainConfig:
        """What the fields say.

        Raises:
            RunError: a field is empty, or its number cannot train.
        """
        said = dict(zip(self.fields, values, strict=True))
        for name in NUMBERS:
            said[name] = _number(name, said[name])
        said["lr_unfrozen"] = (said.pop("lr_first"), said.pop("lr_last"))
        said["start"] = "" if said["start"] in (NEW, None) else said["start"]
        said["body"], said["weights"] = (said["body"] or "").strip(), (said["weights"] or "").strip()
        if hosted() and (said["weights"] not in ("", "none") or said["body"] not in BODIES):
            raise RunError(
                "here a training begins with a body of the list", hint="choose one, and leave its file empty"
            )
        try:
            said["sizes"] = tuple(int(size) for size in (said["sizes"] or "").split(",") if size.strip())
        except ValueError as error:
            raise RunError("sizes must be numbers of pixels", hint="write them like 128,224") from error
        return TrainConfig(**said)

    def command(self, config: TrainConfig) -> str:
        """The command line that would do the same."""
        return config.as_command(f" -p {shlex.quote(str(self.project.root))}", self._seed())

    def starts(self) -> Any:
        """The stages that a training can begin with, the newest first."""
        names = [(NEW, NEW)]
        for run in reversed(runs.every(self.project)):
            if run.finished:
                names += [(f"run {run.id}, {stage}", f"{run.id}/{stage}") for stage in reversed(run.checkpoints)]
        return gr.update(choices=names)


def _number(name: str, value: float | None) -> float:
    """What a person put into a field.

    Raises:
        RunError: nothing, or a fraction where only whole numbers make sense.
    """
    label, _, _, whole = NUMBERS[name]
    if value is None or (whole and value != int(value)):
        said = "is empty" if value is None else f"must be a whole number, not {value}"
        raise RunError(f"{label}: {said}", hint=f"{DEFAULTS[name]} is the default")
    return int(value) if whole else value
