"""The head: features standardised, dropout, one linear layer that starts at zero; trained in tenths of a second."""

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from bearkit.errors import RunError
from bearkit.training.config import TrainConfig
from bearkit.training.optimiser import AdamW
from bearkit.training.schedule import one_cycle

DEFAULTS = TrainConfig()


@dataclass(frozen=True)
class Epoch:
    """A row of the table that people watch while a model trains.

    train_loss is the mean over the epoch's batches, with dropout; valid_loss is measured after it, without. Both are
    cross-entropies in nats with the same label smoothing. error_rate is 1 - accuracy on the validation pictures.
    """

    epoch: int
    train_loss: float
    valid_loss: float
    error_rate: float
    seconds: float


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


def folded(state: dict[str, torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor]:
    """A trained head's state as one linear layer on raw features: weight (C, D) and bias (C,)."""
    weight = state["linear.weight"] / state["std"]
    return weight, state["linear.bias"] - weight @ state["mean"]


def new_head(features: np.ndarray, n_labels: int, dropout: float) -> Head:
    """A head that standardises by these training features, float32 (N, V, D)."""
    flat = features.reshape(-1, features.shape[-1])
    mean, std = flat.mean(axis=0), flat.std(axis=0)
    floor = max(float(std.mean()) * 1e-2, 1e-6)  # a feature that hardly varies must not be blown up
    return Head(torch.from_numpy(mean), torch.from_numpy(np.maximum(std, floor)), n_labels, dropout)


def train_head(
    features: np.ndarray,
    targets: np.ndarray,
    valid_features: np.ndarray,
    valid_targets: np.ndarray,
    n_labels: int,
    config: TrainConfig = DEFAULTS,
    on_epoch: Callable[[Epoch], None] | None = None,
) -> Head:
    """Fit a head with the one-cycle schedule. The same arguments give the same head.

    Args:
        features: training features, float32 (N, V, D); each epoch takes one random view of each picture.
        targets: their labels, int64 (N,).
        valid_features: features to check on, float32 (M, D); M may be 0 where no table is wanted.
        valid_targets: int64 (M,).
        n_labels: C.
        config: see `TrainConfig`.
        on_epoch: called with each row of the table.

    Raises:
        RunError: the loss is no longer a finite number.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        head = new_head(features, n_labels, config.dropout)
        optimiser = AdamW([(head.linear.weight, config.weight_decay), (head.linear.bias, 0.0)])
        views, labels = torch.from_numpy(features), torch.from_numpy(targets)
        n_batches = -(-len(views) // config.batch_size)
        for epoch in range(config.epochs):
            clock, loss_sum = time.perf_counter(), 0.0
            head.train()
            for number, (batch, batch_labels) in enumerate(_batches(views, labels, config.batch_size)):
                lr, momentum = one_cycle((epoch * n_batches + number) / (config.epochs * n_batches), config.lr)
                loss = functional.cross_entropy(head(batch), batch_labels, label_smoothing=config.label_smoothing)
                loss.backward()  # type: ignore[no-untyped-call]
                optimiser.step(lr, momentum)
                loss_sum += loss.item() * len(batch)
            if not math.isfinite(loss_sum):
                raise RunError(
                    f"the loss became {loss_sum} in epoch {epoch}: the learning rate {config.lr:g} is too high",
                    hint=f"try {config.lr / 10:g}, or leave it out to take {DEFAULTS.lr:g}",
                )
            if on_epoch is not None:
                valid_loss, error = _check(head, valid_features, valid_targets, config.label_smoothing)
                on_epoch(Epoch(epoch, loss_sum / len(views), valid_loss, error, time.perf_counter() - clock))
        return head.eval()


def _batches(views: torch.Tensor, labels: torch.Tensor, size: int) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Each picture once, in random order, as a random one of its views: features (n, D) and labels (n,)."""
    n, n_views, _ = views.shape
    chosen = torch.randint(n_views, (n,))
    for rows in torch.split(torch.randperm(n), size):
        yield views[rows, chosen[rows]], labels[rows]


@torch.no_grad()
def _check(head: Head, features: np.ndarray, targets: np.ndarray, smoothing: float) -> tuple[float, float]:
    """Loss and error rate on the validation pictures."""
    head.eval()
    logits, labels = head(torch.from_numpy(features)), torch.from_numpy(targets)
    loss = functional.cross_entropy(logits, labels, label_smoothing=smoothing)
    return loss.item(), (logits.argmax(1) != labels).double().mean().item()


@torch.no_grad()
def predict_probs(head: Head, features: np.ndarray) -> np.ndarray:
    """Probabilities, float32 (N, C), for features (N, D)."""
    probs: np.ndarray = functional.softmax(head.eval()(torch.from_numpy(features)), dim=1).numpy()
    return probs
