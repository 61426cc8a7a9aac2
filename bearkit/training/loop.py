"""The training loop, the same for a head on cached features and for a whole network on images."""

import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import torch
from torch import nn
from torch.nn import functional

from bearkit.errors import RunError
from bearkit.training.callbacks import Callback, Epoch, Fit, Step
from bearkit.training.optimizer import AdamW
from bearkit.training.precision import Precision
from bearkit.training.schedule import SCHEDULES, Schedule

Batch = tuple[torch.Tensor, torch.Tensor]  # inputs (n, ...), labels int64 (n,)
RNG = "random state"  # its name among the tensors of `TrainSetup.state`
GROWTH = "steps since the scale changed"


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
        scaler = self.precision.scaler
        scaler.step(self.optimiser, lr, momentum)  # type: ignore[arg-type]
        scaler.update()
        self.optimiser.forget()  # where 16-bit gradients overflowed, nothing moved: the next batch has a smaller scale
        return loss

    def _backward(self, batch: Batch) -> float:
        total = 0.0
        for inputs, labels in zip(*(tensor.chunk(self.parts) for tensor in batch), strict=True):
            with self.precision.autocast():
                logits = self.model(inputs)
            loss = functional.cross_entropy(logits.float(), labels, label_smoothing=self.label_smoothing)
            loss = loss * (len(labels) / len(batch[1]))
            self.precision.scaler.scale(loss).backward()  # type: ignore[no-untyped-call]
            total += loss.item()
        return total

    def state(self) -> dict[str, torch.Tensor]:
        """Everything that the next step depends on: weights, buffers, optimiser, random state; copies."""
        tensors = {f"model.{name}": tensor for name, tensor in self.model.state_dict().items()}
        tensors |= {f"optimiser.{name}": tensor for name, tensor in self.optimiser.state().items()}
        copies = {name: tensor.detach().clone() for name, tensor in tensors.items()}
        scaler = self.precision.scaler.state_dict()  # empty if it does nothing
        copies |= {"scale": torch.tensor(scaler.get("scale", 1.0)), RNG: torch.get_rng_state()}
        copies |= {GROWTH: torch.tensor(scaler.get("_growth_tracker", 0))}
        return copies | ({f"{RNG} cuda": torch.cuda.get_rng_state()} if self.precision.device == "cuda" else {})

    @torch.no_grad()
    def load(self, state: dict[str, torch.Tensor]) -> None:
        """Go back to where `state()` was taken."""
        tensors = {f"model.{name}": tensor for name, tensor in self.model.state_dict().items()}
        tensors |= {f"optimiser.{name}": tensor for name, tensor in self.optimiser.state().items()}
        for name, tensor in tensors.items():
            tensor.copy_(state[name])
        if scaler := self.precision.scaler.state_dict():
            growth = state[GROWTH].item() if GROWTH in state else 0  # version 0.1 wrote none
            self.precision.scaler.load_state_dict(scaler | {"scale": state["scale"].item(), "_growth_tracker": growth})
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


def fit(
    setup: TrainSetup,
    epochs: int,
    lr: float,
    schedule: str = "one-cycle",
    callbacks: Sequence[Callback] = (),
    rows: Sequence[Epoch] = (),
) -> None:
    """Train one stage.

    Args:
        setup: what learns, and from what.
        epochs: number of epochs that the schedule is made for.
        lr: highest learning rate of the last layer group.
        schedule: a name in `SCHEDULES`.
        callbacks: called at each event, in this order. Without any, there is no validation after the epochs.
        rows: of epochs that are done already, where a stage goes on after an interruption.

    Raises:
        RunError: the loss is no longer a finite number.
    """
    state = Fit(setup, epochs, list(rows))
    for callback in callbacks:
        callback.before_fit(state)
    for epoch in range(len(rows), epochs):
        if state.stopped:
            break
        _train_epoch(state, epoch, lr, SCHEDULES[schedule], callbacks)
    setup.model.eval()
    for callback in callbacks:
        callback.after_fit(state)


def _train_epoch(state: Fit, epoch: int, lr: float, schedule: Schedule, callbacks: Sequence[Callback]) -> None:
    """Train on each batch once, then validate."""
    setup, clock, loss_sum, seen = state.setup, time.perf_counter(), 0.0, 0
    total = state.epochs * setup.n_batches
    for callback in callbacks:
        callback.before_epoch(state, epoch)
    setup.model.train()
    for number, batch in enumerate(setup.batches(epoch / state.epochs)):
        rate, momentum = schedule((epoch * setup.n_batches + number) / total, lr)
        loss = setup.step(batch, rate, momentum)
        loss_sum += loss * len(batch[1])
        seen += len(batch[1])
        for callback in callbacks:
            callback.after_batch(state, Step(epoch, number + 1, setup.n_batches, loss, rate))
        if state.stopped:
            break
    if not math.isfinite(loss_sum):
        raise RunError(
            f"the loss became {loss_sum} in epoch {epoch}: the learning rate {lr:g} is too high",
            hint=f"try {lr / 10:g}, or leave it out to take the default",
        )
    if setup.check is None or not callbacks:
        return
    setup.model.eval()
    valid_loss, error = setup.check()
    row = Epoch(epoch, loss_sum / seen, valid_loss, error, time.perf_counter() - clock)
    state.rows.append(row)
    for callback in callbacks:
        callback.after_epoch(state, row)
