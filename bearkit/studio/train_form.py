"""The form of a training's choices: fields, what they say as a TrainConfig, and as a command line."""

import shlex
from dataclasses import replace
from typing import Any

import gradio as gr

from bearkit import runs
from bearkit.bodies.registry import body_names
from bearkit.core.project import Project
from bearkit.datasets.seed import resolve_seed
from bearkit.errors import RunError
from bearkit.training.config import OPTIONS, TrainConfig, sizes_from
from bearkit.web.launch import hosted

DEFAULT = TrainConfig()
NEW = "a new head"
RATES = {  # the form has a field for each of the two numbers of `lr_unfrozen`
    "lr_first": replace(OPTIONS["lr_unfrozen"], label="Unfrozen: highest rate of the stem", step=1e-6),
    "lr_last": replace(OPTIONS["lr_unfrozen"], label="Unfrozen: highest rate of the head", step=1e-5),
}
SHOWN = OPTIONS | RATES
DEFAULTS = DEFAULT.as_dict() | {"lr_first": DEFAULT.lr_unfrozen[0], "lr_last": DEFAULT.lr_unfrozen[1]}
NUMBERS = tuple(name for name, value in DEFAULTS.items() if type(value) in (int, float))
PLAIN = ("epochs", "lr", "unfreeze", "lr_first", "lr_last", "unfreeze_groups", "seed", "views")


class TrainForm:
    """Two folded groups of fields: what one changes often, and the tricks."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.fields: dict[str, Any] = {}
        with gr.Accordion("Choices", open=False), gr.Row():
            self.fields["start"] = gr.Dropdown([NEW], value=NEW, interactive=True, **_field("start"))
            self._numbers(PLAIN)
            self.fields["body"] = gr.Dropdown(
                body_names(),
                value=DEFAULT.body,
                allow_custom_value=not hosted(),
                **_field("body", "" if hosted() else ", or any name of timm's"),
            )
            self.fields["weights"] = gr.Textbox(max_lines=1, visible=not hosted(), **_field("weights"))
        with gr.Accordion("Tricks", open=False):
            with gr.Row():
                self._numbers([name for name in NUMBERS if name not in PLAIN])
                self.fields["sizes"] = gr.Textbox(max_lines=1, **_field("sizes"))
                self.fields["oversample"] = gr.Checkbox(False, label=OPTIONS["oversample"].label)
            with gr.Row():
                self.fields["precision"] = gr.Radio(
                    list(OPTIONS["precision"].choices), value=DEFAULT.precision, **_field("precision")
                )
                self.fields["augment"] = gr.Radio(
                    list(OPTIONS["augment"].choices), value=DEFAULT.augment, **_field("augment")
                )
                self.fields["schedule"] = gr.Radio(
                    list(OPTIONS["schedule"].choices), value=DEFAULT.schedule, **_field("schedule")
                )
                self.preview = gr.Button("Show what they do", size="sm", min_width=160)
            self.previewed = gr.Image(visible=False, show_label=False, buttons=[], width=768)

    def _numbers(self, names: Any) -> None:
        for name in names:
            option = SHOWN[name]
            value = self._seed if name == "seed" else DEFAULTS[name]  # the project's, asked for as a page opens
            smallest = max(option.least, option.above)
            self.fields[name] = gr.Number(value, minimum=smallest, step=option.step, **_field(name))

    def _seed(self) -> int:
        return resolve_seed(self.project, None)

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
        if hosted() and (said["weights"] not in ("", "none") or said["body"] not in body_names()):
            raise RunError(
                "here a training begins with a body of the list", hint="choose one, and leave its file empty"
            )
        said["sizes"] = sizes_from(said["sizes"] or "")
        return TrainConfig(**said)

    def command(self, config: TrainConfig) -> str:
        """The command line that would do the same."""
        return config.as_command(f" -p {shlex.quote(str(self.project.root))}", self._seed())

    def starts(self) -> Any:
        """The stages that a training can begin with, the newest first."""
        names = [(NEW, NEW)]
        for run in reversed(runs.list_usable(self.project)):
            if run.finished:
                names += [(f"run {run.id}, {stage}", f"{run.id}/{stage}") for stage in reversed(run.checkpoints)]
        return gr.update(choices=names)


def _field(name: str, more: str = "") -> dict[str, Any]:
    """The label of a field and its width, in pixels."""
    return {"label": SHOWN[name].label + more, "min_width": 230}


def _number(name: str, value: float | None) -> float:
    """What a person put into a field.

    Raises:
        RunError: nothing, or a fraction where only whole numbers make sense.
    """
    label, whole = SHOWN[name].label, isinstance(DEFAULTS[name], int)
    if value is None or (whole and value != int(value)):
        said = "is empty" if value is None else f"must be a whole number, not {value}"
        raise RunError(f"{label}: {said}", hint=f"{DEFAULTS[name]} is the default")
    return int(value) if whole else value
