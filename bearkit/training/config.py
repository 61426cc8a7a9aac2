"""How a model is trained: one frozen record, kept with the run. Reading it needs no torch."""

import math
import shlex
from dataclasses import asdict, dataclass, fields
from typing import Any

from bearkit.dataset.seed import DEFAULT_SEED
from bearkit.errors import RunError

AUGMENTATIONS = ("none", "light", "strong")
PRECISIONS = ("auto", "32", "bf16", "16")
OPTIONS = {"weight_decay": "--wd"}  # of the command line, where they are not called as here
MOST_EPOCHS = 1_000_000
SMALLEST_SIZE = 32  # pixels; below that nothing is left of a picture in the last layers


@dataclass(frozen=True)
class TrainConfig:
    """The defaults were chosen by measurement (EXPERIMENTS.md).

    Attributes:
        body: the pretrained network.
        weights: a file with the body's weights, `none` for random ones, or nothing for the pretrained ones.
        start: RUN/STAGE whose weights to begin with; nothing for a new head.
        epochs: times that the head sees each training picture while the body is frozen.
        lr: highest learning rate of those epochs.
        seed: decides which pictures are set aside, and every random number of the training.
        views: crops of each picture that go through the frozen body; an epoch takes one of them at random.
        batch_size: pictures a step while the body is frozen.
        weight_decay: AdamW's, on weights only.
        dropout: share of standardised features that is left out at each step.
        label_smoothing: share of the target that is spread over all labels.
        oversample: whether pictures of rare labels are shown as often as those of the commonest.
        patience: stop a stage after so many epochs without a lower error; 0 for never.
        unfreeze: epochs with the body unfrozen, after the frozen ones.
        lr_unfrozen: highest rates of the first and the last layer group; those between lie evenly between.
        unfreeze_groups: how many of the last layer groups learn, the head among them; 0 for all.
        unfrozen_batch_size: pictures a step while the body is unfrozen.
        augment: how much the pictures are changed at random while the body is unfrozen: none, light or strong.
        sizes: picture sizes in pixels, one after the other through the unfrozen epochs; nothing for the body's own.
        precision: of the unfrozen arithmetic: 32, bf16, 16, or auto: 16 bits where the processor is made for them.
    """

    body: str = "efficientnet_lite0"
    weights: str = ""
    start: str = ""
    epochs: int = 15
    lr: float = 3e-3
    seed: int = DEFAULT_SEED
    views: int = 1
    batch_size: int = 64
    weight_decay: float = 0.01
    dropout: float = 0.25
    label_smoothing: float = 0.1
    oversample: bool = False
    patience: int = 0
    unfreeze: int = 0
    lr_unfrozen: tuple[float, float] = (1e-5, 1e-3)
    unfreeze_groups: int = 0
    unfrozen_batch_size: int = 32
    augment: str = "light"
    sizes: tuple[int, ...] = ()
    precision: str = "auto"

    def __post_init__(self) -> None:
        """Refuse what cannot train."""
        at_least_1 = {
            "views": self.views,
            "batch size": self.batch_size,
            "unfrozen batch size": self.unfrozen_batch_size,
        }
        for name, value in at_least_1.items():
            _demand(value >= 1, f"the {name} must be at least 1, not {value}")
        for name, value in {"epochs": self.epochs, "unfrozen epochs": self.unfreeze}.items():
            _demand(0 <= value <= MOST_EPOCHS, f"the {name} must be between 0 and {MOST_EPOCHS}, not {value}")
        _demand(self.epochs + self.unfreeze >= 1, "there must be at least one epoch, frozen or unfrozen")
        _demand(self.epochs > 0 or bool(self.start), "without a stage to start from, frozen epochs must be at least 1")
        _demand(0 <= self.seed < 2**63, f"the seed must be between 0 and 2**63, not {self.seed}")
        for rate in (self.lr, *self.lr_unfrozen):
            _demand(0 < rate < math.inf, f"a learning rate must be above 0, not {rate}")
        _demand(0 <= self.weight_decay < math.inf, f"weight decay must be 0 or more, not {self.weight_decay}")
        for name, share in {"dropout": self.dropout, "label smoothing": self.label_smoothing}.items():
            _demand(0 <= share < 1, f"{name} must be between 0 and 1, not {share}")
        _demand(min(self.patience, self.unfreeze_groups) >= 0, "patience and unfreeze groups must be 0 or more")
        _demand(self.augment in AUGMENTATIONS, f"augment must be one of {', '.join(AUGMENTATIONS)}, not {self.augment}")
        _demand(self.precision in PRECISIONS, f"precision must be one of {', '.join(PRECISIONS)}, not {self.precision}")
        smallest = min(self.sizes, default=SMALLEST_SIZE)
        _demand(smallest >= SMALLEST_SIZE, f"sizes must be at least {SMALLEST_SIZE} pixels, not {smallest}")
        _demand(
            not (self.sizes and self.unfreeze_groups), "sizes and unfreeze groups cannot be had together",
            "a part of the body learns from kept features, which are of one size: leave one of the two out",
        )  # fmt: skip

    def as_dict(self) -> dict[str, Any]:
        """Plain values, as the run keeps them."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}

    def as_command(self, place: str = "", seed: int = DEFAULT_SEED) -> str:
        """The command line that trains like this, in the project that ` -p DIR` names (`place`), whose seed this is."""
        words = [f"bearkit train{place}"]
        for name, default in asdict(TrainConfig(seed=seed)).items():
            value, option = getattr(self, name), OPTIONS.get(name, f"--{name.replace('_', '-')}")
            if value == default:
                continue
            if isinstance(value, tuple):
                value = (":" if name == "lr_unfrozen" else ",").join(f"{part:g}" for part in value)
            words.append(option if value is True else f"{option} {shlex.quote(str(value))}")
        return " ".join(words)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "TrainConfig":
        """The inverse of `as_dict`. What an older bearkit did not know yet has its default.

        Raises:
            RunError: a newer bearkit wrote it.
        """
        if unknown := set(values) - {field.name for field in fields(cls)}:
            raise RunError(
                f"this bearkit does not know {', '.join(sorted(unknown))}", hint="`pip install --upgrade bearkit`"
            )
        plain: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in values.items()}
        return cls(**plain)


def _demand(holds: bool, otherwise: str, hint: str = "leave it out to take the default") -> None:
    if not holds:
        raise RunError(otherwise, hint=hint)


def slice_rates(lr: float | slice) -> tuple[float, float]:
    """The rates of the first and the last layer group that fastai's words ask for.

    >>> slice_rates(1e-3), slice_rates(slice(1e-5, 1e-3)), slice_rates(slice(1e-3))
    ((0.001, 0.001), (1e-05, 0.001), (0.0001, 0.001))
    """
    if not isinstance(lr, slice):
        return lr, lr
    return (lr.start, lr.stop) if lr.start is not None else (lr.stop / 10, lr.stop)
