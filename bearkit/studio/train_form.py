"""The form of the Train tab: a field for each option, read as a TrainConfig or as a command line."""

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
from bearkit.web.launch import is_hosted

DEFAULT = TrainConfig()
NEW = "pretrained network"  # the choice of `start` that begins with a new head
RATES = {  # the form has a field for each of the two numbers of `lr_unfrozen`
    "lr_first": replace(OPTIONS["lr_unfrozen"], label="Learning rate, first layers", step=1e-6),
    "lr_last": replace(OPTIONS["lr_unfrozen"], label="Learning rate, last layers", step=1e-5),
}
SHOWN = OPTIONS | RATES
DEFAULTS = DEFAULT.as_dict() | {"lr_first": DEFAULT.lr_unfrozen[0], "lr_last": DEFAULT.lr_unfrozen[1]}
NUMBERS = tuple(name for name, value in DEFAULTS.items() if type(value) in (int, float))
PLAIN = ("epochs", "lr", "unfreeze", "lr_first", "lr_last", "unfreeze_groups", "seed", "views")


class TrainForm:
    """Two folded groups of fields: frequently changed options, and advanced ones.

    Attributes:
        fields: {name of an option: its component}.
    """

    def __init__(self, project: Project) -> None:
        self.project = project
        self.fields: dict[str, Any] = {}
        with gr.Accordion("Settings", open=False), gr.Row():
            self.fields["start"] = gr.Dropdown([NEW], value=NEW, interactive=True, **_field("start"))
            self._numbers(PLAIN)
            self.fields["body"] = gr.Dropdown(
                body_names(),
                value=DEFAULT.body,
                allow_custom_value=not is_hosted(),
                **_field("body", "" if is_hosted() else " (any timm model)"),
            )
            self.fields["weights"] = gr.Textbox(max_lines=1, visible=not is_hosted(), **_field("weights"))
        with gr.Accordion("Advanced settings", open=False):
            with gr.Row():
                self._numbers([name for name in NUMBERS if name not in PLAIN])
                self.fields["sizes"] = gr.Textbox(max_lines=1, **_field("sizes"))
            self.fields["oversample"] = gr.Checkbox(False, **_field("oversample"))
            with gr.Row():
                self.fields["precision"] = gr.Radio(
                    list(OPTIONS["precision"].choices), value=DEFAULT.precision, **_field("precision")
                )
                self.fields["schedule"] = gr.Radio(
                    list(OPTIONS["schedule"].choices), value=DEFAULT.schedule, **_field("schedule")
                )
                self.fields["augment"] = gr.Radio(
                    list(OPTIONS["augment"].choices), value=DEFAULT.augment, **_field("augment")
                )
                self.preview = gr.Button("Preview the changes", size="sm", min_width=160)
            self.previewed = gr.Image(visible=False, show_label=False, buttons=[], width=768)

    def _numbers(self, names: Any) -> None:
        for name in names:
            option = SHOWN[name]
            value = self._seed if name == "seed" else DEFAULTS[name]  # Gradio calls `_seed` when a page opens
            smallest = max(option.least, option.above)
            self.fields[name] = gr.Number(value, minimum=smallest, step=option.step, **_field(name))

    def _seed(self) -> int:
        return resolve_seed(self.project, None)

    @property
    def inputs(self) -> list[Any]:
        """Return the components in the order of `config`'s values."""
        return list(self.fields.values())

    def config(self, *values: Any) -> TrainConfig:
        """Return the values of the fields as a configuration.

        Raises:
            RunError: A field is empty, or has a value that cannot train.
        """
        options = dict(zip(self.fields, values, strict=True))
        for name in NUMBERS:
            options[name] = _number(name, options[name])
        options["lr_unfrozen"] = (options.pop("lr_first"), options.pop("lr_last"))
        options["start"] = "" if options["start"] in (NEW, None) else options["start"]
        options["body"], options["weights"] = (options["body"] or "").strip(), (options["weights"] or "").strip()
        if is_hosted() and (options["weights"] not in ("", "none") or options["body"] not in body_names()):
            raise RunError(
                "this studio trains only the networks of the list", hint="choose one, and leave its file empty"
            )
        options["sizes"] = sizes_from(options["sizes"] or "")
        return TrainConfig(**options)

    def command(self, config: TrainConfig) -> str:
        """Return the command line of the same training."""
        return config.as_command(f" -p {shlex.quote(str(self.project.root))}", self._seed())

    def starts(self) -> Any:
        """Return the choices of the start field: a new head, and the stages of finished runs, newest first."""
        names = [(NEW, NEW)]
        for run in reversed(runs.list_usable(self.project)):
            if run.finished:
                names += [(f"run {run.id}, {stage}", f"{run.id}/{stage}") for stage in reversed(run.checkpoints)]
        return gr.update(choices=names)


def _field(name: str, more: str = "") -> dict[str, Any]:
    """Return the label and minimal width (pixels) of a field."""
    return {"label": SHOWN[name].label + more, "min_width": 230}


def _number(name: str, value: float | None) -> float:
    """Return the number in a field.

    Raises:
        RunError: The field is empty, or has a fraction where a whole number is needed.
    """
    label, whole = SHOWN[name].label, isinstance(DEFAULTS[name], int)
    if value is None or (whole and value != int(value)):
        problem = "is empty" if value is None else f"must be a whole number, not {value}"
        raise RunError(f"“{label}” {problem}", hint=f"the default is {DEFAULTS[name]}")
    return int(value) if whole else value
