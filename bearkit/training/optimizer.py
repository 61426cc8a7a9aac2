"""torch's AdamW step without torch's optimiser class.

Making the first `torch.optim.Optimizer` of a process imports torch's compiler, 1.2 s, ten times what the training of a
head takes. The step itself is torch's own function; a test compares both, step by step.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch.optim.adamw import adamw

BETA2, EPS = 0.99, 1e-5  # fastai's


@dataclass(frozen=True)
class Group:
    """Parameters that learn alike.

    Attributes:
        parameters: what the steps move.
        weight_decay: AdamW's, which biases and norm layers (of one dimension) are spared.
        lr_factor: their rate is the schedule's times this.
    """

    parameters: Sequence[torch.Tensor]
    weight_decay: float
    lr_factor: float = 1.0


class AdamW:
    """AdamW (Loshchilov & Hutter 2019) over layer groups."""

    def __init__(self, groups: Sequence[Group]) -> None:
        self._of = [
            (parameter, group.weight_decay if parameter.ndim > 1 else 0.0, group.lr_factor)
            for group in groups
            for parameter in group.parameters
        ]
        # kept in 32 bits: running averages of the gradients and of their squares, and the number of steps
        self._averages = [torch.zeros_like(parameter) for parameter, _, _ in self._of]
        self._squares = [torch.zeros_like(parameter) for parameter, _, _ in self._of]
        self._count = torch.tensor(0.0)

    @torch.no_grad()
    def step(self, lr: float, momentum: float) -> None:
        """Move each parameter against its gradient, then forget the gradient."""
        for (parameter, weight_decay, factor), average, square in zip(
            self._of, self._averages, self._squares, strict=True
        ):
            if parameter.grad is None:  # nothing that the loss depends on, as a classifier that was taken off
                continue
            adamw(
                [parameter], [parameter.grad], [average], [square], [], [self._count.clone()], foreach=False,
                amsgrad=False, beta1=momentum, beta2=BETA2, lr=lr * factor, weight_decay=weight_decay, eps=EPS,
                maximize=False,
            )  # fmt: skip
        self._count += 1
        self.forget()

    def forget(self) -> None:
        """Drop the gradients."""
        for parameter, _, _ in self._of:
            parameter.grad = None

    def gradients(self) -> list[torch.Tensor]:
        """Those of the parameters that have one."""
        return [parameter.grad for parameter, _, _ in self._of if parameter.grad is not None]

    def state(self) -> dict[str, torch.Tensor]:
        """What the next step depends on, but for the parameters; the tensors themselves, not copies."""
        numbered = enumerate(zip(self._averages, self._squares, strict=True))
        named = {f"{n}.{name}": t for n, pair in numbered for name, t in zip(("average", "square"), pair, strict=True)}
        return {"count": self._count, **named}
