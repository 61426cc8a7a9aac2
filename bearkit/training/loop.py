"""The training loop, the same for a head on kept features and for a whole network on pictures."""

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import torch
from torch import nn
from torch.nn import functional

from bearkit.errors import RunError
from bearkit.training.optimizer import AdamW
from bearkit.training.precision import Precision
from bearkit.training.schedule import one_cycle

Batch = tuple[torch.Tensor, torch.Tensor]  # inputs (n, ...), labels int64 (n,)
RNG = "random state"  # its name among a trainee's tensors


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


@dataclass(frozen=True)
class Step:
    """Where a training is: told after each batch."""

    epoch: int
    batch: int  # batches done in this epoch, 1 to `batches`
    batches: int
    loss: float
    lr: float


@dataclass
class TrainSetup:
    """What learns, and from what.

    Attributes:
        model: inputs -> logits. Its BatchNorm layers, if any, keep their statistics.
        optimiser: of the parameters that learn.
        batches: an epoch's batches in random order, given how far the training is, in [0, 1).
        n_batches: how many those are.
        check: loss and error rate on the validation pictures; None where no table is wanted.
        label_smoothing: share of the target that is spread over all labels.
        precision: of the arithmetic.
        parts: into how many parts a batch is split to fit into memory; doubles when it runs out.
    """

    model: nn.Module
    optimiser: AdamW
    batches: Callable[[float], Iterator[Batch]]
    n_batches: int
    check: Callable[[], tuple[float, float]] | None
    label_smoothing: float
    precision: Precision = field(default_factory=Precision)
    parts: int = 1

    def step(self, batch: Batch, lr: float, momentum: float) -> float:
        """Learn from one batch; its mean loss in nats."""
        while True:
            try:
                loss = self._backward(batch)
                break
            except (torch.OutOfMemoryError, MemoryError, RuntimeError) as error:
                self.optimiser.forget()
                if not _is_out_of_memory(error) or self.parts >= len(batch[1]):
                    raise
                self.parts *= 2  # the gradients are the same, since nothing in the model looks across a batch
        if self.precision.unscaled(self.optimiser.gradients()):
            self.optimiser.step(lr, momentum)
        else:
            self.optimiser.forget()  # 16-bit gradients that overflowed: the next batch has a smaller scale
        return loss

    def _backward(self, batch: Batch) -> float:
        total = 0.0
        for inputs, labels in zip(*(tensor.chunk(self.parts) for tensor in batch), strict=True):
            with self.precision.autocast():
                logits = self.model(inputs)
            loss = functional.cross_entropy(logits.float(), labels, label_smoothing=self.label_smoothing)
            loss = loss * (len(labels) / len(batch[1]))
            (loss * self.precision.scale).backward()  # type: ignore[no-untyped-call]
            total += loss.item()
        return total

    def state(self) -> dict[str, torch.Tensor]:
        """Everything that the next step depends on: weights, buffers, optimiser, random state; copies."""
        tensors = {f"model.{name}": tensor for name, tensor in self.model.state_dict().items()}
        tensors |= {f"optimiser.{name}": tensor for name, tensor in self.optimiser.state().items()}
        copies = {name: tensor.detach().clone() for name, tensor in tensors.items()}
        copies |= {"scale": torch.tensor(self.precision.scale), RNG: torch.get_rng_state()}
        return copies | ({f"{RNG} cuda": torch.cuda.get_rng_state()} if self.precision.device == "cuda" else {})

    @torch.no_grad()
    def load(self, state: dict[str, torch.Tensor]) -> None:
        """Go back to where `state()` was taken."""
        tensors = {f"model.{name}": tensor for name, tensor in self.model.state_dict().items()}
        tensors |= {f"optimiser.{name}": tensor for name, tensor in self.optimiser.state().items()}
        for name, tensor in tensors.items():
            tensor.copy_(state[name])
        self.precision.scale = state["scale"].item()
        torch.set_rng_state(state[RNG])
        if self.precision.device == "cuda":
            torch.cuda.set_rng_state(state[f"{RNG} cuda"])


def loss_and_error(logits: torch.Tensor, labels: torch.Tensor, label_smoothing: float) -> tuple[float, float]:
    """Mean cross-entropy in nats, and 1 - accuracy: of logits (N, C) and labels (N,)."""
    loss = functional.cross_entropy(logits, labels, label_smoothing=label_smoothing)
    return loss.item(), (logits.argmax(1) != labels).double().mean().item()


def _is_out_of_memory(error: Exception) -> bool:
    known = isinstance(error, torch.OutOfMemoryError | MemoryError)
    return known or "alloc" in str(error).lower()  # a processor's is a RuntimeError: "can't allocate memory"


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Random numbers of this seed inside, and outside as if nothing had been."""
    with torch.random.fork_rng(devices=range(torch.cuda.device_count())):
        torch.manual_seed(seed)
        yield


def fit_one_cycle(
    trainee: TrainSetup,
    epochs: int,
    lr: float,
    on_epoch: Callable[[Epoch], None] | None = None,
    on_step: Callable[[Step], None] | None = None,
    first: int = 0,
    patience: int = 0,
) -> None:
    """Train with the one-cycle schedule.

    Args:
        trainee: what learns.
        epochs: of the whole schedule.
        lr: its highest rate.
        on_epoch: called with each row of the table.
        on_step: called after each batch.
        first: the epoch to begin with, where the ones before it were done already.
        patience: stop after so many epochs without a lower error rate; 0 for never.

    Raises:
        RunError: the loss is no longer a finite number.
    """
    total, best, since = epochs * trainee.n_batches, math.inf, 0
    for epoch in range(first, epochs):
        clock, loss_sum, seen = time.perf_counter(), 0.0, 0
        trainee.model.train()
        for number, batch in enumerate(trainee.batches(epoch / epochs)):
            rate, momentum = one_cycle((epoch * trainee.n_batches + number) / total, lr)
            loss = trainee.step(batch, rate, momentum)
            loss_sum += loss * len(batch[1])
            seen += len(batch[1])
            if on_step is not None:
                on_step(Step(epoch, number + 1, trainee.n_batches, loss, rate))
        if not math.isfinite(loss_sum):
            raise RunError(
                f"the loss became {loss_sum} in epoch {epoch}: the learning rate {lr:g} is too high",
                hint=f"try {lr / 10:g}, or leave it out to take the default",
            )
        if on_epoch is None or trainee.check is None:
            continue
        trainee.model.eval()
        valid_loss, error = trainee.check()
        on_epoch(Epoch(epoch, loss_sum / seen, valid_loss, error, time.perf_counter() - clock))
        best, since = (error, 0) if error < best else (best, since + 1)
        if patience and since >= patience:
            break
    trainee.model.eval()
