"""A smaller model: its weights as 8-bit integers, kept only where its mistakes are no more.

Weights alone, and not those of the first convolution and of the depthwise ones, which are few and matter most: the
activations stay floats (in 8 bits they turn the features of an EfficientNet-Lite0 by 25 to 35 degrees: EXPERIMENTS.md).
A third of the size; the integers become floats again when it is loaded, so it is as fast, and answers alike everywhere.
"""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

from bearkit.bodies.features import read_image
from bearkit.core.parallel import cores, ordered_map
from bearkit.core.project import Project
from bearkit.errors import ImageError
from bearkit.export.measurements import Measured, RunFeatures
from bearkit.images.preprocessing import Preprocessing, preprocess
from bearkit.inference.session import InferenceSession, session

KNOWN_LESS = 0.02  # share of the validation pictures that may become unknown by it
LEVELS = 127  # on either side of 0
FEW = 4  # input channels of a convolution that stays as it is: depthwise, or of the picture itself


def with_int8(
    project: Project, model: Path, how: Preprocessing, looked: RunFeatures, measured: Measured
) -> dict[str, Any]:
    """Put 8-bit weights into a written model.onnx, if it is no worse with them on the validation pictures.

    Returns:
        Whether they are kept, and why not; error_rate with and float_error_rate without them on so many valid_images;
        the bytes of both files.
    """

    def one(row: int) -> np.ndarray | None:
        image = looked.valid[row]
        try:
            return preprocess(read_image(project.picture(image.path), image.image_id, how), how)
        except ImageError:
            return None

    small = model.with_name("int8.onnx")
    onnx.save(_in_8_bits(onnx.load(model)), small)
    threshold = measured.known.threshold if measured.known else None
    told = np.zeros((2, 2), int)  # of both models: how many are wrong, and known
    running, n = [session(path, threads=cores()) for path in (small, model)], 0
    for inputs, target in zip(ordered_map(one, range(len(looked.valid))), looked.targets[1], strict=True):
        if inputs is not None:
            told += [_told(model, inputs, target, threshold) for model in running]
            n += 1
    (wrong, known), (before, known_before) = told.tolist()
    if not n or n < len(looked.valid):
        small.unlink()
        return {"kept": False, "why": "the validation pictures that would show whether it is worse are not all there"}
    figures: dict[str, Any] = {"error_rate": wrong / n, "float_error_rate": before / n, "valid_images": n}
    figures |= {"bytes": small.stat().st_size, "float_bytes": model.stat().st_size}
    if wrong > before:
        why = f"{wrong} of {n} validation pictures would be wrong, not {before}"
    elif known < known_before - KNOWN_LESS * n:
        why = f"{known} of {n} validation pictures would be known, not {known_before}"
    else:
        small.replace(model)
        return {"kept": True, **figures}
    small.unlink()
    return {"kept": False, "why": why, **figures}


def _told(running: InferenceSession, inputs: np.ndarray, target: int, threshold: float | None) -> tuple[int, int]:
    """Whether a model gets a picture wrong, and whether it knows it."""
    names = ["logits"] if threshold is None else ["logits", "similarity"]
    logits, *more = running.run(names, {"input": inputs[None]})
    return int(logits[0].argmax() != target), int(threshold is None or more[0][0] >= threshold)


def _in_8_bits(model: onnx.ModelProto) -> onnx.ModelProto:
    """The same graph with int8 weights and a scale for each output channel, in place."""
    graph = model.graph
    weights = {node.input[1] for node in graph.node if node.op_type in ("Conv", "Gemm")}
    dequantised = []
    for tensor in [tensor for tensor in graph.initializer if tensor.name in weights]:
        values = numpy_helper.to_array(tensor)
        if values.ndim < 2 or values.shape[1] <= FEW or values.dtype != np.float32:
            continue
        flat = values.reshape(len(values), -1)
        scale = np.maximum(np.abs(flat).max(axis=1) / LEVELS, 1e-12).astype(np.float32)
        whole = np.round(flat / scale[:, None]).astype(np.int8).reshape(values.shape)
        name, parts = tensor.name, (f"{tensor.name}.int8", f"{tensor.name}.scale")
        graph.initializer.remove(tensor)
        graph.initializer.extend(numpy_helper.from_array(a, n) for a, n in zip((whole, scale), parts, strict=True))
        dequantised.append(helper.make_node("DequantizeLinear", list(parts), [name], axis=0))
    for node in reversed(dequantised):
        graph.node.insert(0, node)
    onnx.checker.check_model(model)
    return model
