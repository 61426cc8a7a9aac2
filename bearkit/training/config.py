"""The options of a training, as one frozen dataclass that is stored with the run. It does not import torch.

Each field declares its help, its limits and its label in the studio. The command line (`cli/train_options.py`), the
studio's form (`studio/train_form.py`) and the checks follow from these declarations.
"""

import math
import shlex
from collections.abc import Callable
from dataclasses import Field, asdict, dataclass, field, fields
from typing import Any, TypedDict

from bearkit.datasets.seed import DEFAULT_SEED
from bearkit.errors import OptionError, RunError
from bearkit.training.schedule import SCHEDULES

AUGMENTATIONS = ("none", "light", "strong")
PRECISIONS = ("auto", "32", "bf16", "16")
MOST_EPOCHS = 1_000_000
SMALLEST_SIZE = 32  # pixels; smaller images vanish before the last layers


@dataclass(frozen=True)
class Option:
    """The help, the limits and the choices of one field of `TrainConfig`.

    Attributes:
        help: one sentence, for the command line and the docs.
        label: a few words, for the form.
        flag: its name on the command line; `--` and the field's name if empty.
        metavar: what the command line's help shows for the value.
        least, most: the limits, both allowed.
        above, below: limits that are not allowed themselves.
        choices: the only words allowed.
        step: the amount by which the form's arrows change a number.
        parse: turns a person's text into the value, for fields of several numbers.
        separator: between these numbers.
    """

    help: str
    label: str
    flag: str = ""
    metavar: str | None = None
    least: float = -math.inf
    most: float = math.inf
    above: float = -math.inf
    below: float = math.inf
    choices: tuple[str, ...] = ()
    step: float = 1
    parse: Callable[[str], Any] | None = None
    separator: str = ""

    def check(self, name: str, value: Any) -> None:
        """Refuse a value of the field `name` that is outside the limits.

        Raises:
            OptionError: it is outside the limits, or is nan.
        """
        name = name.replace("_", " ")
        if self.choices:
            _demand(value in self.choices, f"{name} must be one of {', '.join(self.choices)}, not {value}")
            return
        for number in value if isinstance(value, tuple) else (value,):
            if isinstance(number, int | float):
                within = self.least <= number <= self.most and self.above < number < self.below
                _demand(within, f"{name} must be {self.limits}, not {number}")

    @property
    def limits(self) -> str:
        """Describe the limits.

        >>> Option("", "", least=1).limits, Option("", "", least=0, below=1).limits, Option("", "", above=0).limits
        ('at least 1', 'at least 0 and below 1', 'above 0')
        """
        words = [
            f"at least {self.least}" if self.least > -math.inf else "",
            f"above {self.above}" if self.above > -math.inf else "",
            f"at most {self.most}" if self.most < math.inf else "",
            f"below {self.below}" if self.below < math.inf else "",
        ]
        return " and ".join(filter(None, words))

    def as_text(self, value: Any) -> str:
        """Return a value as a person types it."""
        return self.separator.join(f"{part:g}" for part in value) if isinstance(value, tuple) else str(value)


def rates_from(text: str) -> tuple[float, float]:
    """Read `A:B`, two learning rates; one number alone is the rate of all layer groups.

    Raises:
        OptionError: it is something else.

    >>> rates_from("1e-5:1e-3"), rates_from("1e-4")
    ((1e-05, 0.001), (0.0001, 0.0001))
    """
    first, _, last = text.partition(":")
    try:
        return float(first), float(last or first)
    except ValueError as error:
        raise OptionError(f"{text!r} is not two rates", hint="write them like 1e-5:1e-3") from error


def sizes_from(text: str) -> tuple[int, ...]:
    """Read image sizes in pixels, as in `128,224`.

    Raises:
        OptionError: it is something else.
    """
    try:
        return tuple(int(size) for size in text.split(",") if size.strip())
    except ValueError as error:
        raise OptionError(f"{text!r} is not a list of sizes in pixels", hint="write them like 128,224") from error


def _option(default: Any, help: str, label: str, **rest: Any) -> Any:
    return field(default=default, metadata={"option": Option(help, label, **rest)})


@dataclass(frozen=True)
class TrainConfig:
    """The options of a training. The defaults were chosen by measurement (EXPERIMENTS.md)."""

    epochs: int = _option(
        15, "Times the head sees each image, with the body frozen.", "Epochs: classifier only (body frozen)",
        least=0, most=MOST_EPOCHS,
    )  # fmt: skip
    lr: float = _option(
        3e-3,
        "Highest learning rate while the body is frozen.",
        "Learning rate, classifier only",
        above=0,
        below=math.inf,
        step=1e-4,
    )
    schedule: str = _option(
        "one-cycle", "Learning rate over the epochs: one-cycle (it rises, then falls) or flat.",
        "Learning rate over the epochs", choices=tuple(SCHEDULES),
    )  # fmt: skip
    unfreeze: int = _option(
        0, "Epochs with the body unfrozen, after the frozen ones.", "Epochs: whole network (slower)",
        least=0, most=MOST_EPOCHS,
    )  # fmt: skip
    lr_unfrozen: tuple[float, float] = _option(
        (1e-5, 1e-3), "Unfrozen: highest rates of the first and the last layer group.", "Unfrozen: highest rate",
        metavar="A:B", above=0, below=math.inf, parse=rates_from, separator=":",
    )  # fmt: skip
    unfreeze_groups: int = _option(
        0, "Unfrozen: how many of the last layer groups learn; 0 for all.",
        "Whole network: last layer groups that learn (0: all)", least=0,
    )  # fmt: skip
    sizes: tuple[int, ...] = _option(
        (), "Unfrozen: image sizes in pixels, one after the other.", "Whole network: sizes in pixels, such as 128,224",
        metavar="128,224", least=SMALLEST_SIZE, parse=sizes_from, separator=",",
    )  # fmt: skip
    augment: str = _option(
        "light", "Unfrozen: random changes to the images: none, light or strong.",
        "Whole network: random changes to pictures", choices=AUGMENTATIONS,
    )  # fmt: skip
    seed: int = _option(
        DEFAULT_SEED, "Another seed sets other images aside; the project's if left out.",
        "Seed (another one chooses other validation pictures)", least=0, below=2**63,
    )  # fmt: skip
    body: str = _option(
        "efficientnet_lite0", "efficientnet_lite0, resnet18, resnet34, resnet50, or a timm name.", "Network"
    )
    weights: str = _option(
        "", "The body's weights; `none` for random ones.", "File with its weights (none: random)", metavar="FILE"
    )
    start: str = _option("", "Begin with these weights.", "Start from", metavar="RUN/STAGE")
    views: int = _option(
        1, "Crops of each image for the head; an epoch takes one at random.", "Crops per picture", least=1
    )
    weight_decay: float = _option(
        0.01, "Weight decay of AdamW.", "Weight decay", flag="--wd", least=0, below=math.inf, step=0.01
    )
    dropout: float = _option(
        0.25, "Share of the features that are left out at each step.", "Dropout", least=0, below=1, step=0.05
    )
    label_smoothing: float = _option(
        0.1, "Share of the target that is spread over all labels.", "Label smoothing", least=0, below=1, step=0.05
    )
    oversample: bool = _option(
        False, "Show images of rare labels as often as those of the most frequent label.",
        "Show rare labels as often as the most frequent one",
    )  # fmt: skip
    batch_size: int = _option(64, "Images a step, frozen.", "Pictures per step, classifier only", least=1)
    unfrozen_batch_size: int = _option(32, "Images a step, unfrozen.", "Pictures per step, whole network", least=1)
    precision: str = _option(
        "auto", "Unfrozen: floats of 32 bits, bf16, 16 bits, or auto: 16 bits where the processor is made for them.",
        "Whole network: precision", choices=PRECISIONS,
    )  # fmt: skip
    patience: int = _option(
        0, "Stop a stage after this many epochs without a lower error; 0 for never.",
        "Stop after this many epochs without improvement (0: never)", least=0,
    )  # fmt: skip

    def __post_init__(self) -> None:
        """Check the values.

        Raises:
            OptionError: a value is outside its limits, or two values exclude each other.
        """
        for name, option in OPTIONS.items():
            option.check(name, getattr(self, name))
        _demand(self.epochs + self.unfreeze >= 1, "there must be at least one epoch, frozen or unfrozen")
        _demand(self.epochs > 0 or bool(self.start), "without a stage to start from, frozen epochs must be at least 1")
        _demand(
            not (self.sizes and self.unfreeze_groups), "sizes and unfreeze groups exclude each other",
            "the last layer groups learn from stored feature maps of one size: leave out one of the two",
        )  # fmt: skip

    def as_dict(self) -> dict[str, Any]:
        """Return plain values, as the run stores them."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}

    def as_command(self, place: str = "", seed: int = DEFAULT_SEED) -> str:
        """Return the command for this training. `place` is the option of the project (` -p DIR`), `seed` its seed."""
        words = [f"bearkit train{place}"]
        for name, default in asdict(TrainConfig(seed=seed)).items():
            value, option = getattr(self, name), OPTIONS[name]
            if value != default:
                words.append(flag(name) if value is True else f"{flag(name)} {shlex.quote(option.as_text(value))}")
        return " ".join(words)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "TrainConfig":
        """Do the inverse of `as_dict`. Fields that an older bearkit did not have get their defaults.

        Raises:
            RunError: a newer bearkit wrote the values.
        """
        if unknown := set(values) - set(OPTIONS):
            raise RunError(
                f"this bearkit does not know {', '.join(sorted(unknown))}", hint="`pip install --upgrade bearkit`"
            )
        plain: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in values.items()}
        return cls(**plain)


def _option_of(one: Field[Any]) -> Option:
    found = one.metadata["option"]
    assert isinstance(found, Option)
    return found


OPTIONS = {one.name: _option_of(one) for one in fields(TrainConfig)}


def flag(name: str) -> str:
    """Return a field's name on the command line.

    >>> flag("label_smoothing"), flag("weight_decay")
    ('--label-smoothing', '--wd')
    """
    return OPTIONS[name].flag or f"--{name.replace('_', '-')}"


class FitOptions(TypedDict, total=False):
    """The fields of `TrainConfig` that each fit may set, for type checkers."""

    schedule: str
    unfreeze: int
    lr_unfrozen: tuple[float, float]
    unfreeze_groups: int
    sizes: tuple[int, ...]
    augment: str
    views: int
    weight_decay: float
    dropout: float
    label_smoothing: float
    oversample: bool
    batch_size: int
    unfrozen_batch_size: int
    precision: str
    patience: int


class TrainOptions(FitOptions, total=False):
    """All fields of `TrainConfig` except the body and the seed, for type checkers."""

    epochs: int
    lr: float
    weights: str
    start: str


def _demand(holds: bool, otherwise: str, hint: str = "leave it out to take the default") -> None:
    if not holds:
        raise OptionError(otherwise, hint=hint)
