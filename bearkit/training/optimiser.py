"""torch's AdamW step for the head, without torch's optimiser class.

Making the first `torch.optim.Optimizer` of a process imports torch's compiler, 1.2 s, ten times what the training of a
head takes. The step itself is torch's own function; a test compares both, step by step.
"""

from collections.abc import Sequence

import torch
from torch.optim.adamw import adamw

BETA2, EPS = 0.99, 1e-5  # fastai's


class AdamW:
    """AdamW (Loshchilov & Hutter 2019) for a few parameters, each with its own weight decay."""

    def __init__(self, parameters: Sequence[tuple[torch.Tensor, float]]) -> None:
        self._states = [
            (parameter, weight_decay, torch.zeros_like(parameter), torch.zeros_like(parameter), torch.tensor(0.0))
            for parameter, weight_decay in parameters
        ]

    @torch.no_grad()
    def step(self, lr: float, momentum: float) -> None:
        """Move each parameter against its gradient, then forget the gradient."""
        for parameter, weight_decay, average, square, count in self._states:
            assert parameter.grad is not None
            adamw(
                [parameter], [parameter.grad], [average], [square], [], [count], foreach=False, amsgrad=False,
                beta1=momentum, beta2=BETA2, lr=lr, weight_decay=weight_decay, eps=EPS, maximize=False,
            )  # fmt: skip
            parameter.grad = None
