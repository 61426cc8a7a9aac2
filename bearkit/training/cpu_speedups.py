"""Two changes that make torch train several times faster on a CPU (EXPERIMENTS.md)."""

import ctypes
import os
import platform
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch.nn import functional
from torch.overrides import TorchFunctionMode

M_TRIM_THRESHOLD, M_MMAP_MAX = -1, -4  # parameters of glibc's mallopt
MMAP_MAX_DEFAULT, TRIM_DEFAULT, NEVER = 65536, 128 * 1024, 2**31 - 1
TUNING_VARIABLES = ("MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_MAX_", "MALLOC_MMAP_THRESHOLD_", "MALLOC_TOP_PAD_")


_lock = threading.Lock()
_inside: set[object] = set()  # trainings of this process that are inside `keep_freed_memory`


@contextmanager
def keep_freed_memory() -> Iterator[None]:
    """Let the process keep freed memory inside, so that the system does not clear it at each use.

    Every batch frees and allocates the same hundreds of megabytes; clearing them costs as much as the computation.
    Afterwards the memory is returned to the system and glibc's defaults are set, because glibc cannot be asked for the
    values before. Without glibc, or if environment variables tune glibc, this does nothing.

    The settings are those of the whole process, and glibc does not promise that they may change while other threads
    run. So they change as rarely as possible: when the first training begins, and when the last one ends.
    """
    tuned = any(name in os.environ for name in TUNING_VARIABLES)
    tuned |= "glibc.malloc" in os.environ.get("GLIBC_TUNABLES", "")
    if tuned or platform.libc_ver()[0] != "glibc":
        yield
        return
    libc, training = ctypes.CDLL(None), object()
    with _lock:
        if not _inside:
            libc.mallopt(M_MMAP_MAX, 0)
            libc.mallopt(M_TRIM_THRESHOLD, NEVER)
        _inside.add(training)
    try:
        yield
    finally:
        with _lock:
            _inside.remove(training)
            if not _inside:
                libc.mallopt(M_MMAP_MAX, MMAP_MAX_DEFAULT)
                libc.mallopt(M_TRIM_THRESHOLD, TRIM_DEFAULT)
                libc.malloc_trim(0)


class DepthwiseIn32Bits(TorchFunctionMode):
    """Computes gradients of bfloat16 depthwise convolutions in 32 bits inside.

    On a CPU, torch has fast kernels for 32 bits and none for bfloat16, which takes two to seven times as long.
    """

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Replace `conv2d` if it is depthwise, on a CPU, and autocast to bfloat16."""
        if func is torch.conv2d or func is functional.conv2d:
            return _conv2d(*args, **(kwargs or {}))
        return func(*args, **(kwargs or {}))


def _conv2d(
    inputs: torch.Tensor, weight: torch.Tensor, bias: Any = None,
    stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: int = 1,
) -> torch.Tensor:  # fmt: skip
    cast = torch.is_autocast_enabled("cpu") and torch.get_autocast_dtype("cpu") == torch.bfloat16
    if not (cast and groups == weight.shape[0] > 1 and weight.requires_grad and inputs.device.type == "cpu"):
        plain: torch.Tensor = functional.conv2d(inputs, weight, bias, stride, padding, dilation, groups)
        return plain
    pairs = (tuple(v) if isinstance(v, tuple | list) else (v, v) for v in (stride, padding, dilation))
    result: torch.Tensor = _Depthwise.apply(inputs.bfloat16(), weight, bias, *pairs)  # type: ignore[no-untyped-call]
    return result


class _Depthwise(torch.autograd.Function):
    """A depthwise convolution: forward in bfloat16, gradients in 32 bits."""

    @staticmethod
    def forward(
        ctx: Any, inputs: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None, *geometry: tuple[int, int]
    ) -> torch.Tensor:
        ctx.save_for_backward(inputs, weight)
        ctx.geometry, ctx.has_bias = geometry, bias is not None
        small_bias = bias.bfloat16() if bias is not None else None
        stride, padding, dilation = geometry
        return functional.conv2d(inputs, weight.bfloat16(), small_bias, stride, padding, dilation, len(weight))

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> Any:
        inputs, weight = ctx.saved_tensors
        stride, padding, dilation = ctx.geometry
        needed = [ctx.needs_input_grad[0], ctx.needs_input_grad[1], ctx.has_bias and ctx.needs_input_grad[2]]
        d_inputs, d_weight, d_bias = torch.ops.aten.convolution_backward(
            gradients[0].float(), inputs.float(), weight.float(), [len(weight)], stride, padding, dilation,
            False, [0, 0], len(weight), needed,
        )  # fmt: skip
        d_inputs = d_inputs.to(inputs.dtype) if needed[0] else None
        return d_inputs, d_weight, d_bias if needed[2] else None, None, None, None


@contextmanager
def cpu_speedups() -> Iterator[None]:
    """Apply both changes while a network trains."""
    with keep_freed_memory(), DepthwiseIn32Bits():
        yield
