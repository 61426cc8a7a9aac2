"""How a model is trained: one frozen record, kept with the run. Reading it needs no torch."""

from dataclasses import asdict, dataclass
from typing import Any

from bearkit.errors import RunError


@dataclass(frozen=True)
class TrainConfig:
    """The defaults were chosen by measurement (EXPERIMENTS.md).

    Attributes:
        body: the pretrained network.
        epochs: times that the head sees each training picture.
        lr: highest learning rate of the one-cycle schedule.
        seed: decides which pictures are set aside, and every random number of the training.
        views: crops of each picture that go through the body; an epoch takes one of them at random.
        batch_size: pictures a step.
        weight_decay: AdamW's, on weights only.
        dropout: share of standardised features that is left out at each step.
        label_smoothing: share of the target that is spread over all labels.
    """

    body: str = "efficientnet_lite0"
    epochs: int = 15
    lr: float = 3e-3
    seed: int = 42
    views: int = 1
    batch_size: int = 64
    weight_decay: float = 0.01
    dropout: float = 0.25
    label_smoothing: float = 0.1

    def __post_init__(self) -> None:
        """Refuse numbers that cannot train."""
        if self.epochs < 1 or self.views < 1 or self.batch_size < 1:
            raise RunError(
                f"epochs ({self.epochs}), views ({self.views}) and batch size ({self.batch_size}) must be at least 1",
                hint="leave them out to take the defaults",
            )
        if not 0 <= self.seed < 2**63:
            raise RunError(f"the seed must be between 0 and 2**63, not {self.seed}", hint="42 is the default")
        if not 0 < self.lr < float("inf"):
            raise RunError(f"the learning rate must be above 0, not {self.lr}", hint="3e-3 is the default")

    def as_dict(self) -> dict[str, Any]:
        """Plain values, as the run keeps them."""
        return asdict(self)
