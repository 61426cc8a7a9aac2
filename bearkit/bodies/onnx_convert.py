"""A torch network as an ONNX file, checked against torch."""

import hashlib
import warnings
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path

import onnx
import torch
from torch import nn

from bearkit.core.project import Project, spare, spare_of, whole
from bearkit.errors import BodyError
from bearkit.inference.session import session

CONVERSION = 1  # counts up when `convert` changes what it writes


def get_or_convert(project: Project, name: str, network: Callable[[], nn.Module], size: int) -> Path:
    """An eval-mode network as an ONNX file under this name, converted once a project; see `convert`.

    A file that is no longer as it was written is made anew.
    """
    path = project.cache / "bodies" / f"{name}-{CONVERSION}.onnx"
    for known in (path, spare_of(path)):
        if known.exists() and is_intact(known):
            return known
    path = spare(path)
    with whole(path) as part:
        convert(network(), size, part)
        digest = _digest(part)
    with whole(_digest_of(path)) as part:
        part.write_text(digest)
    return path


def is_intact(path: Path) -> bool:
    """Whether a converted network is as it was written; of one by an older bearkit, whether it can be read."""
    digest, stat = _digest_of(path), path.stat()
    return _is_whole(path, digest.read_text() if digest.exists() else "", (stat.st_ino, stat.st_size, stat.st_mtime_ns))


@lru_cache(maxsize=64)
def _is_whole(path: Path, digest: str, file: tuple[int, ...]) -> bool:
    if digest:
        return _digest(path) == digest
    try:
        onnx.checker.check_model(onnx.load(path))
    except Exception:  # protobuf's and onnx's errors have no common base
        return False
    return True


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _digest_of(path: Path) -> Path:
    return path.with_name(f"{path.name}.sha256")


def convert(network: nn.Module, size: int, path: Path) -> None:
    """Write an eval-mode network as ONNX, (batch, 3, size, size) -> (batch, ...), and check it against torch.

    It uses torch's older exporter on purpose: 0.7 s against 7 s for the same graph and speed (EXPERIMENTS.md), and this
    stands between a person and their first model. The batch is made free afterwards; a network that bakes its batch
    size into the graph fails the check.

    Raises:
        BodyError: onnxruntime does not give the same features as torch.
    """
    _fix_same_padding(network, size)
    example = torch.zeros(2, 3, size, size)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that the exporter is the older one; and notes of its tracer
        torch.onnx.export(
            network, (example,), path, dynamo=False, input_names=["input"], output_names=["output"], opset_version=18
        )
    graph = onnx.load(path)
    for value in (*graph.graph.input, *graph.graph.output):
        value.type.tensor_type.shape.dim[0].dim_param = "batch"
    onnx.save(graph, path)
    _check_conversion(network, size, path)


def _check_conversion(network: nn.Module, size: int, path: Path) -> None:
    pictures = torch.rand(3, 3, size, size, generator=torch.Generator().manual_seed(0)) * 2 - 1
    with torch.no_grad():
        expected = network(pictures).numpy()
    try:
        found = session(path, threads=1).run(None, {"input": pictures.numpy()})[0]
    except Exception as error:  # onnxruntime's errors have no common base
        raise BodyError(f"onnxruntime cannot run this body: {error}", hint="use another body") from error
    if (difference := abs(found - expected).max()) > 1e-3:
        raise BodyError(f"the converted body differs from torch by {difference:.2g}", hint="use another body")


def _fix_same_padding(network: nn.Module, size: int) -> None:
    """Replace TensorFlow-style "same" padding, computed at each call, by the numbers it comes to at this size.

    Traced as it is, it becomes hundreds of small operators and onnxruntime runs the body at half its speed.
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
    """The same convolution with its padding, for inputs of this height and width, spelled out."""
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
