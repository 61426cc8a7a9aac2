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


@dataclass(frozen=True)
class _Moved:
    """A parameter, and the running averages of its gradient and of the gradient's square, in 32 bits."""

    parameter: torch.Tensor
    average: torch.Tensor
    square: torch.Tensor


class AdamW:
    """AdamW (Loshchilov & Hutter 2019) over layer groups. On a GPU, parameters that learn alike move in one kernel."""

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
        """Move each parameter against its gradient, then forget the gradient."""
        for (weight_decay, factor), alike in self._alike.items():
            # a parameter that the loss does not depend on has no gradient, as a classifier that was taken off
            with_gradient = [(moved, moved.parameter.grad) for moved in alike if moved.parameter.grad is not None]
            if not with_gradient:
                continue
            moved, gradients = zip(*with_gradient, strict=True)
            device = gradients[0].device
            counts = self._count.to(device).repeat(len(moved)).unbind()  # torch counts each of them up
            adamw(
                [one.parameter for one in moved], list(gradients), [one.average for one in moved],
                [one.square for one in moved], [], list(counts), foreach=False, fused=device.type == "cuda",
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
        """What the next step depends on, but for the parameters; the tensors themselves, not copies."""
        averages = {f"{n}.average": moved.average for n, moved in enumerate(self._moved)}
        return {"count": self._count, **averages, **{f"{n}.square": m.square for n, m in enumerate(self._moved)}}
