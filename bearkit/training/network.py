"""A body and its head as one network, which can be trained completely or from a cut upwards."""

import copy
from collections.abc import Iterator

import torch
from torch import nn

from bearkit.bodies.timm_import import import_timm
from bearkit.errors import BodyError
from bearkit.training.head import Head, StateDict

PARTS = ("body.", "head.")
TOLERANCE = 1e-3  # that the features of a cut body may differ by


class Network(nn.Module):
    """A network from images (N, 3, size, size), or feature maps at a cut, to logits (N, C).

    BatchNorm keeps its statistics, whatever the mode: on a few hundred pictures that decides (EXPERIMENTS.md).
    """

    def __init__(self, body: nn.Module, head: Head) -> None:
        super().__init__()
        self.body, self.head = body, head

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """Compute logits (N, C)."""
        logits: torch.Tensor = self.head(self.body(inputs).float())
        return logits

    def train(self, mode: bool = True) -> "Network":
        """Set the mode of the head alone: its dropout is the only layer that depends on it."""
        super().train(mode)
        self.body.eval()
        return self


def parts_of(state: StateDict) -> tuple[StateDict, StateDict]:
    """Split a checkpoint into the state of the body, empty if it was frozen, and the state of the head."""
    body, head = ({name[len(p) :]: t for name, t in state.items() if name.startswith(p)} for p in PARTS)
    return (body, head) if head else ({}, state)


def layer_groups(body: nn.Module) -> list[list[str]]:
    """Return the names of the body's parameters in timm's coarse groups, the stem first."""
    matcher = body.group_matcher(coarse=True)  # type: ignore[operator]
    groups = import_timm().models.group_parameters(body, matcher)
    return [names for _, names in sorted(groups.items()) if names]


def lr_factors(n_groups: int, lowest: float, highest: float) -> list[float]:
    """Return fastai's slice(lowest, highest) as shares of the highest rate, evenly spread on a log scale, head last.

    >>> [round(factor, 3) for factor in lr_factors(3, 1e-5, 1e-3)]
    [0.01, 0.1, 1.0]
    """
    if n_groups == 1:
        return [1.0]
    ratio = lowest / highest
    return [ratio ** (1 - n / (n_groups - 1)) for n in range(n_groups)]


def cut(body: nn.Module, n_learning: int, size: int) -> tuple[nn.Module, nn.Module]:
    """Cut a body before its last `n_learning` layer groups; the second part takes the output of the first.

    Both share their weights with the body.

    Modules on the other side of the cut are replaced by nothing, which is right for networks that are a chain of
    blocks; whether this one is, is checked on numbers.

    Raises:
        BodyError: the network is no chain.
    """
    groups = layer_groups(body)
    learning = {name.rpartition(".")[0] for names in groups[-n_learning:] for name in names}
    called = _in_order(body, size)
    first = next((n for n, name in enumerate(called) if name in learning), len(called))
    tensors = {id(tensor): tensor for tensor in (*body.parameters(), *body.buffers())}
    below, above = (copy.deepcopy(body, dict(tensors)) for _ in range(2))
    _empty(below, set(called[:first]))
    _empty(above, set(called[first:]))
    _check_cut(body, below, above, size)
    return below, above


def _in_order(body: nn.Module, size: int) -> list[str]:
    """Return the names of the modules without children, in the order in which an image passes them."""
    called: list[str] = []
    leaves = [(name, module) for name, module in body.named_modules() if not list(module.children())]
    hooks = [module.register_forward_pre_hook(lambda _m, _i, name=name: called.append(name)) for name, module in leaves]
    with torch.no_grad():
        body(torch.zeros(1, 3, size, size))
    for hook in hooks:
        hook.remove()
    return list(dict.fromkeys(called))


def _empty(body: nn.Module, kept: set[str]) -> None:
    """Replace the largest modules that contain nothing to keep."""
    leaves = {name for name, module in body.named_modules() if not list(module.children())}

    def walk(prefix: str, module: nn.Module) -> Iterator[str]:
        for name, child in module.named_children():
            path = f"{prefix}{name}"
            inside = {leaf for leaf in leaves if leaf == path or leaf.startswith(f"{path}.")}
            if not inside & kept:
                yield path
            elif not inside <= kept:
                yield from walk(f"{path}.", child)

    for path in list(walk("", body)):
        body.set_submodule(path, nn.Identity())


@torch.no_grad()
def _check_cut(body: nn.Module, below: nn.Module, above: nn.Module, size: int) -> None:
    pictures = torch.rand(2, 3, size, size, generator=torch.Generator().manual_seed(0)) * 2 - 1
    hint = "leave --unfreeze-groups out to train the whole body"
    try:
        found, expected = above(below(pictures)), body(pictures)
    except (RuntimeError, ValueError, TypeError, AttributeError) as error:
        raise BodyError(f"this body cannot be cut: {error}", hint) from error
    if found.shape != expected.shape or (found - expected).abs().max() > TOLERANCE:
        raise BodyError("this body cannot be cut in two: it is no chain of blocks", hint)
