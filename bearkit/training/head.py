"""The head: standardised features, dropout, one linear layer that starts at zero. It trains in under a second."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from bearkit.training.callbacks import Callback, EarlyStopping, Epoch, FunctionCallback
from bearkit.training.config import TrainConfig
from bearkit.training.loop import Batch, TrainSetup, fit, loss_and_error, seeded
from bearkit.training.optimizer import AdamW, Group
from bearkit.training.sampling import epoch_order, epoch_size

DEFAULTS = TrainConfig()
StateDict = dict[str, torch.Tensor]
# Standard deviations below this share of their mean are raised to it. Otherwise a feature that few training images have
# would decide alone about a new image that has it: at 0.01 it was 3,700 deviations, and logits differed by over 100.
MIN_STD = 0.1


@dataclass(frozen=True)
class TrainValidFeatures:
    """Features and targets of the training and the validation images.

    Attributes:
        features: of N training images in V crops, float32 (N, V, D).
        targets: their labels, int64 (N,).
        valid_features: of M validation images, float32 (M, D); M may be 0.
        valid_targets: their labels, int64 (M,).
        n_labels: number of labels, C.
    """

    features: np.ndarray
    targets: np.ndarray
    valid_features: np.ndarray
    valid_targets: np.ndarray
    n_labels: int


class Head(nn.Module):
    """A network from features (N, D) to logits (N, C).

    Args:
        mean: of each feature, float32 (D,).
        std: standard deviation of each feature, float32 (D,).
        n_labels: C.
        dropout: share of the features that are left out at each step.
    """

    def __init__(self, mean: torch.Tensor, std: torch.Tensor, n_labels: int, dropout: float) -> None:
        super().__init__()
        self.mean = nn.Buffer(mean)
        self.std = nn.Buffer(std)
        self.dropout = nn.Dropout(dropout)
        self.linear = nn.Linear(len(mean), n_labels)
        nn.init.zeros_(self.linear.weight)
        nn.init.zeros_(self.linear.bias)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Compute logits (N, C)."""
        logits: torch.Tensor = self.linear(self.dropout((features - self.mean) / self.std))
        return logits


def fuse_standardisation(state: StateDict) -> tuple[torch.Tensor, torch.Tensor]:
    """Fuse a trained head into one linear layer on raw features: weight (C, D) and bias (C,)."""
    weight = state["linear.weight"] / state["std"]
    return weight, state["linear.bias"] - weight @ state["mean"]


def new_head(features: np.ndarray, n_labels: int, dropout: float) -> Head:
    """Create a head that standardises by the mean and deviation of these training features, float32 (N, V, D)."""
    flat = features.reshape(-1, features.shape[-1])
    mean, std = flat.mean(axis=0), flat.std(axis=0)
    floor = max(float(std.mean()) * MIN_STD, 1e-6)
    return Head(torch.from_numpy(mean), torch.from_numpy(np.maximum(std, floor)), n_labels, dropout)


def head_from(state: StateDict, dropout: float) -> Head:
    """Create a head from its saved state."""
    head = Head(state["mean"], state["std"], len(state["linear.bias"]), dropout)
    head.load_state_dict(state)
    return head


@contextmanager
def seeded_alone(seed: int) -> Iterator[None]:
    """Seed torch and use one thread inside; restore both afterwards.

    A second thread makes a head's training slower, much slower if another training runs.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with seeded(seed):
            yield
    finally:
        torch.set_num_threads(threads)


def build_head_setup(data: TrainValidFeatures, config: TrainConfig, start: StateDict | None = None) -> TrainSetup:
    """Prepare a head for training.

    Args:
        data: training and validation features.
        config: see `TrainConfig`.
        start: a saved head to start from; None for a new one.
    """
    features, labels = torch.from_numpy(data.features), torch.from_numpy(data.targets)
    valid, valid_labels = torch.from_numpy(data.valid_features), torch.from_numpy(data.valid_targets)
    n_shown = epoch_size(labels, config.oversample)
    head = head_from(start, config.dropout) if start else new_head(data.features, data.n_labels, config.dropout)

    def batches(_: float) -> Iterator[Batch]:
        """Yield each image once, in random order, in one of its crops at random."""
        crops = torch.randint(features.shape[1], (n_shown,))
        order = epoch_order(labels, config.oversample)
        for rows, crop in zip(*(torch.split(numbers, config.batch_size) for numbers in (order, crops)), strict=True):
            yield features[rows, crop], labels[rows]

    @torch.no_grad()
    def check() -> tuple[float, float]:
        return loss_and_error(head(valid), valid_labels, config.label_smoothing)

    optimiser = AdamW([Group(list(head.linear.parameters()), config.weight_decay)])
    return TrainSetup(
        head, optimiser, batches, -(-n_shown // config.batch_size), check if len(valid) else None,
        config.label_smoothing,
    )  # fmt: skip


def train_head(
    data: TrainValidFeatures,
    config: TrainConfig = DEFAULTS,
    on_epoch: Callable[[Epoch], None] | None = None,
    start: StateDict | None = None,
) -> Head:
    """Train a head. The same arguments give the same head.

    Args:
        data: training and validation features.
        config: see `TrainConfig`.
        on_epoch: called with each row of the table of epochs.
        start: a saved head to start from; None for a new one.

    Raises:
        RunError: the loss became infinite or not a number.
    """
    callbacks: list[Callback] = [FunctionCallback(on_epoch)] if on_epoch is not None else []
    callbacks += [EarlyStopping(config.patience)] if config.patience else []
    with seeded_alone(config.seed):
        setup = build_head_setup(data, config, start)
        fit(setup, config.epochs, config.lr, config.schedule, callbacks)
    assert isinstance(setup.model, Head)
    return setup.model


@torch.no_grad()
def predict_logits(head: Head, features: np.ndarray) -> np.ndarray:
    """Compute logits, float32 (N, C), of features, float32 (N, D). The head is set to eval mode."""
    logits: np.ndarray = head.eval()(torch.from_numpy(features)).numpy()
    return logits


def predict_probs(head: Head, features: np.ndarray) -> np.ndarray:
    """Compute probabilities, float32 (N, C), of features, float32 (N, D). The head is set to eval mode."""
    probs: np.ndarray = functional.softmax(torch.from_numpy(predict_logits(head, features)), dim=1).numpy()
    return probs
