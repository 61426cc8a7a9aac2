"""The head: features standardised, dropout, one linear layer that starts at zero; trained in tenths of a second."""

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
RARELY = 0.1  # of the mean deviation, below which none counts: a feature that few training pictures show would decide
# alone about a new one that shows it (at 0.01 it became 3,700 deviations, and logits differed by more than 100)


@dataclass(frozen=True)
class TrainValidFeatures:
    """Features to learn from, float32 (N, V, D), and to check on, (M, D), with their targets, int64 (N,) and (M,)."""

    features: np.ndarray
    targets: np.ndarray
    valid_features: np.ndarray
    valid_targets: np.ndarray
    n_labels: int


class Head(nn.Module):
    """Features (N, D) -> logits (N, C)."""

    def __init__(self, mean: torch.Tensor, std: torch.Tensor, n_labels: int, dropout: float) -> None:
        super().__init__()
        self.mean = nn.Buffer(mean)
        self.std = nn.Buffer(std)
        self.dropout = nn.Dropout(dropout)
        self.linear = nn.Linear(len(mean), n_labels)
        nn.init.zeros_(self.linear.weight)
        nn.init.zeros_(self.linear.bias)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Logits (N, C)."""
        logits: torch.Tensor = self.linear(self.dropout((features - self.mean) / self.std))
        return logits


def fuse_standardisation(state: StateDict) -> tuple[torch.Tensor, torch.Tensor]:
    """A trained head's state as one linear layer on raw features: weight (C, D) and bias (C,)."""
    weight = state["linear.weight"] / state["std"]
    return weight, state["linear.bias"] - weight @ state["mean"]


def new_head(features: np.ndarray, n_labels: int, dropout: float) -> Head:
    """A head that standardises by these training features, float32 (N, V, D)."""
    flat = features.reshape(-1, features.shape[-1])
    mean, std = flat.mean(axis=0), flat.std(axis=0)
    floor = max(float(std.mean()) * RARELY, 1e-6)
    return Head(torch.from_numpy(mean), torch.from_numpy(np.maximum(std, floor)), n_labels, dropout)


def head_from(state: StateDict, dropout: float) -> Head:
    """A head as it was saved."""
    head = Head(state["mean"], state["std"], len(state["linear.bias"]), dropout)
    head.load_state_dict(state)
    return head


@contextmanager
def seeded_alone(seed: int) -> Iterator[None]:
    """Random numbers of this seed, and one thread: a second one only costs, and far more beside another training."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with seeded(seed):
            yield
    finally:
        torch.set_num_threads(threads)


def build_head_setup(sides: TrainValidFeatures, config: TrainConfig, start: StateDict | None = None) -> TrainSetup:
    """A head that is ready to learn, new or as it was saved."""
    views, labels = torch.from_numpy(sides.features), torch.from_numpy(sides.targets)
    valid, valid_labels = torch.from_numpy(sides.valid_features), torch.from_numpy(sides.valid_targets)
    n_shown = epoch_size(labels, config.oversample)
    head = head_from(start, config.dropout) if start else new_head(sides.features, sides.n_labels, config.dropout)

    def batches(_: float) -> Iterator[Batch]:
        """Each picture once, in random order, as a random one of its views."""
        chosen = torch.randint(views.shape[1], (n_shown,))
        order = epoch_order(labels, config.oversample)
        for rows, view in zip(*(torch.split(numbers, config.batch_size) for numbers in (order, chosen)), strict=True):
            yield views[rows, view], labels[rows]

    @torch.no_grad()
    def check() -> tuple[float, float]:
        return loss_and_error(head(valid), valid_labels, config.label_smoothing)

    optimiser = AdamW([Group(list(head.linear.parameters()), config.weight_decay)])
    return TrainSetup(
        head, optimiser, batches, -(-n_shown // config.batch_size), check if len(valid) else None,
        config.label_smoothing,
    )  # fmt: skip


def train_head(
    sides: TrainValidFeatures,
    config: TrainConfig = DEFAULTS,
    on_epoch: Callable[[Epoch], None] | None = None,
    start: StateDict | None = None,
) -> Head:
    """Train a head. The same arguments give the same head.

    Args:
        sides: what to learn from and to check on.
        config: see `TrainConfig`.
        on_epoch: called with each row of the table.
        start: a saved head to go on from; a new one otherwise.

    Raises:
        RunError: the loss is no longer a finite number.
    """
    callbacks: list[Callback] = [FunctionCallback(on_epoch)] if on_epoch is not None else []
    callbacks += [EarlyStopping(config.patience)] if config.patience else []
    with seeded_alone(config.seed):
        learns = build_head_setup(sides, config, start)
        fit(learns, config.epochs, config.lr, config.schedule, callbacks)
    assert isinstance(learns.model, Head)
    return learns.model


@torch.no_grad()
def predict_logits(head: Head, features: np.ndarray) -> np.ndarray:
    """Logits, float32 (N, C), for features (N, D)."""
    logits: np.ndarray = head.eval()(torch.from_numpy(features)).numpy()
    return logits


def predict_probs(head: Head, features: np.ndarray) -> np.ndarray:
    """Probabilities, float32 (N, C), for features (N, D)."""
    probs: np.ndarray = functional.softmax(torch.from_numpy(predict_logits(head, features)), dim=1).numpy()
    return probs
