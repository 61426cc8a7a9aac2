"""torch's AdamW step without torch's optimiser class.

The first `torch.optim.Optimizer` of a process imports torch's compiler. That takes 1.2 s, ten times as long as the
training of a head. The step is torch's own function; a test compares it with torch's class, step by step.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch.optim.adamw import adamw

BETA2, EPS = 0.99, 1e-5  # fastai's


@dataclass(frozen=True)
class Group:
    """Parameters with the same learning rate.

    Attributes:
        parameters: the tensors.
        weight_decay: of AdamW. Biases and norm layers, which have one dimension, have none.
        lr_factor: the learning rate is the rate of the schedule times this.
    """

    parameters: Sequence[torch.Tensor]
    weight_decay: float
    lr_factor: float = 1.0


@dataclass(frozen=True)
class _Moved:
    """A parameter, and the running averages of its gradient and of the gradient's square, in 32 bits."""

    parameter: torch.Tensor
    average: torch.Tensor
    square: torch.Tensor


class AdamW:
    """AdamW (Loshchilov & Hutter 2019) over layer groups. One kernel updates a parameter, on a GPU all of a setting."""

    def __init__(self, groups: Sequence[Group]) -> None:
        self._moved: list[_Moved] = []
        self._alike: dict[tuple[float, float], list[_Moved]] = {}  # by weight decay and rate
        for group in groups:
            for parameter in group.parameters:
                moved = _Moved(parameter, torch.zeros_like(parameter), torch.zeros_like(parameter))
                weight_decay = group.weight_decay if parameter.ndim > 1 else 0.0
                self._moved.append(moved)
                self._alike.setdefault((weight_decay, group.lr_factor), []).append(moved)
        self._count = torch.tensor(0.0)  # steps

    @property
    def param_groups(self) -> list[dict[str, list[torch.Tensor]]]:
        """The parameters, as `torch.amp.GradScaler` asks for them."""
        return [{"params": [moved.parameter for moved in self._moved]}]

    @torch.no_grad()
    def step(self, lr: float, momentum: float) -> None:
        """Update each parameter, then drop its gradient."""
        for (weight_decay, factor), alike in self._alike.items():
            # a parameter that the loss does not depend on has no gradient, such as a classifier that was removed
            with_gradient = [(moved, moved.parameter.grad) for moved in alike if moved.parameter.grad is not None]
            if not with_gradient:
                continue
            moved, gradients = zip(*with_gradient, strict=True)
            device = gradients[0].device
            counts = self._count.to(device).repeat(len(moved)).unbind()  # torch adds 1 to each
            adamw(
                [one.parameter for one in moved], list(gradients), [one.average for one in moved],
                [one.square for one in moved], [], list(counts), foreach=False, fused=True,
                amsgrad=False, beta1=momentum, beta2=BETA2, lr=lr * factor, weight_decay=weight_decay, eps=EPS,
                maximize=False,
            )  # fmt: skip
        self._count += 1
        self.forget()

    def forget(self) -> None:
        """Drop the gradients."""
        for moved in self._moved:
            moved.parameter.grad = None

    def state(self) -> dict[str, torch.Tensor]:
        """Return the tensors that the next step depends on, without the parameters. They are not copies."""
        averages = {f"{n}.average": moved.average for n, moved in enumerate(self._moved)}
        return {"count": self._count, **averages, **{f"{n}.square": m.square for n, m in enumerate(self._moved)}}
