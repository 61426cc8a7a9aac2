"""Convert a torch network to an ONNX file, and check that both give the same features."""

import hashlib
import threading
import warnings
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path

import onnx
import torch
from torch import nn

from bearkit.core.atomic import atomic_write, user_cache, writable_cache
from bearkit.core.log import logger
from bearkit.core.project import Project
from bearkit.errors import BodyError
from bearkit.inference.session import session

CONVERSION = 1  # increase it when `convert` writes something else, so that converted bodies are made again
_converting = threading.Lock()
TOLERANCE = 1e-3  # largest difference allowed between a feature of torch's and of onnxruntime's


def get_or_convert(project: Project, name: str, network: Callable[[], nn.Module], size: int) -> Path:
    """Return a network's ONNX file; convert the network if there is none, or if the file is damaged.

    Args:
        project: its cache holds the file; this user's own cache if the project is read-only.
        name: the file's name, without its ending.
        network: creates the network in eval mode.
        size: side of the network's input, in pixels.

    Raises:
        BodyError: onnxruntime does not give the features that torch gives.
    """
    path = project.cache / "bodies" / f"{name}-{CONVERSION}.onnx"
    with _converting:  # torch.onnx fails when two threads export at once
        for cached in (path, user_cache(path)):
            if cached.exists() and is_intact(cached):
                return cached
            if cached.exists():
                logger.warning("%s is damaged and is converted again", cached)
        path = writable_cache(path)
        with atomic_write(path) as part:
            convert(network(), size, part)
            digest = _sha256(part)
        with atomic_write(_digest_file(path)) as part:
            part.write_text(digest)
    return path


def is_intact(path: Path) -> bool:
    """Return whether a converted network has the digest that was written with it.

    Files of older versions have no digest; they are intact if onnx can read them.
    """
    digest, stat = _digest_file(path), path.stat()
    return _is_intact(
        path, digest.read_text() if digest.exists() else "", (stat.st_ino, stat.st_size, stat.st_mtime_ns)
    )


@lru_cache(maxsize=64)
def _is_intact(path: Path, digest: str, file: tuple[int, ...]) -> bool:
    """Cached for as long as `file`, its inode, size and time, stays the same."""
    if digest:
        return _sha256(path) == digest
    try:
        onnx.checker.check_model(onnx.load(path))
    except Exception:  # protobuf's and onnx's errors have no common base
        return False
    return True


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _digest_file(path: Path) -> Path:
    return path.with_name(f"{path.name}.sha256")


def convert(network: nn.Module, size: int, path: Path) -> None:
    """Write an eval-mode network as ONNX, (batch, 3, size, size) -> (batch, ...), and check it against torch.

    It uses torch's older exporter: 0.7 s against 7 s for the same graph and speed (EXPERIMENTS.md), and a first
    training waits for it. The batch size is made variable afterwards; a network that has its batch size in the graph
    fails the check. The network is changed in place.

    Raises:
        BodyError: onnxruntime cannot run the network, or does not give the features that torch gives.
    """
    _fix_same_padding(network, size)
    example = torch.zeros(2, 3, size, size)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that the exporter is the older one, and the tracer's warnings
        torch.onnx.export(
            network, (example,), path, dynamo=False, input_names=["input"], output_names=["output"], opset_version=18
        )
    model = onnx.load(path)
    for value in (*model.graph.input, *model.graph.output):
        value.type.tensor_type.shape.dim[0].dim_param = "batch"
    onnx.save(model, path)
    _check_conversion(network, size, path)


def _check_conversion(network: nn.Module, size: int, path: Path) -> None:
    inputs = torch.rand(3, 3, size, size, generator=torch.Generator().manual_seed(0)) * 2 - 1
    with torch.no_grad():
        expected = network(inputs).numpy()
    try:
        outputs = session(path, threads=1).run(None, {"input": inputs.numpy()})[0]
    except Exception as error:  # onnxruntime's errors have no common base
        raise BodyError(f"onnxruntime cannot run this body: {error}", hint="use another body") from error
    if (difference := abs(outputs - expected).max()) > TOLERANCE:
        raise BodyError(f"the converted body differs from torch by {difference:.2g}", hint="use another body")


def _fix_same_padding(network: nn.Module, size: int) -> None:
    """Replace TensorFlow's "same" padding, computed at each call, by the constant padding that it is at this size.

    Otherwise its trace has hundreds of small operators, and onnxruntime runs the body at half the speed.
    """
    names = {id(module): name for name, module in network.named_modules() if type(module).__name__ == "Conv2dSame"}
    shapes: dict[str, Sequence[int]] = {}

    def note_shape(module: nn.Module, inputs: tuple[torch.Tensor, ...]) -> None:
        shapes[names[id(module)]] = inputs[0].shape[-2:]

    hooks = [network.get_submodule(name).register_forward_pre_hook(note_shape) for name in names.values()]
    with torch.no_grad():
        network(torch.zeros(1, 3, size, size))
    for hook in hooks:
        hook.remove()
    for name, shape in shapes.items():
        network.set_submodule(name, _padded(network.get_submodule(name), shape))


def _padded(conv: nn.Module, shape: Sequence[int]) -> nn.Module:
    """Return the convolution with constant padding, for inputs of this height and width."""
    assert isinstance(conv, nn.Conv2d)
    total = [
        max((-(-length // stride) - 1) * stride + (kernel - 1) * dilation + 1 - length, 0)
        for length, stride, kernel, dilation in zip(shape, conv.stride, conv.kernel_size, conv.dilation, strict=True)
    ]
    (top, bottom), (left, right) = ((t // 2, t - t // 2) for t in total)
    plain = nn.Conv2d(
        conv.in_channels, conv.out_channels, conv.kernel_size, conv.stride,  # type: ignore[arg-type]
        dilation=conv.dilation, groups=conv.groups, bias=conv.bias is not None,  # type: ignore[arg-type]
    )  # fmt: skip
    plain.load_state_dict(conv.state_dict())
    return nn.Sequential(nn.ZeroPad2d((left, right, top, bottom)), plain).eval()
