"""Make a model smaller: store its weights as 8-bit integers, if that makes no more validation images wrong.

Only weights are quantized, with one scale for each output channel. Activations stay floats: in 8 bits they turn the
features of an EfficientNet-Lite0 by 25 to 35 degrees (EXPERIMENTS.md). The weights of the first convolution and of
depthwise ones stay floats too: they are few, and matter most. The file has a third of the size. onnxruntime turns the
integers into floats when it loads the file, so the model is as fast as before.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
from onnx import helper, numpy_helper

from bearkit.bodies.features import read_image
from bearkit.catalog.schema import ImageRecord
from bearkit.core.parallel import cores, ordered_map
from bearkit.core.project import Project
from bearkit.errors import ImageError
from bearkit.export.inputs import RunFeatures
from bearkit.export.measurements import Measurements
from bearkit.images.preprocessing import Preprocessing, preprocess
from bearkit.inference.model_info import Int8Result
from bearkit.inference.session import InferenceSession, session

MAX_NEWLY_UNKNOWN = 0.02  # share of the validation images that may become unknown through quantization
LEVELS = 127  # largest integer
FEW = 4  # convolutions with no more input channels than this keep floats: the first, and depthwise ones


def quantize_model(
    project: Project, model: Path, preprocessing: Preprocessing, features: RunFeatures, measured: Measurements
) -> Int8Result:
    """Quantize the weights of a written model.onnx, in place, if it is no worse on the validation images.

    Args:
        project: the project with the images.
        model: the ONNX file.
        preprocessing: of its body.
        features: has the validation images and their targets.
        measured: has the threshold for unknown images.

    Returns:
        Whether the file now has 8-bit weights, and the errors and sizes with both kinds of weights.
    """
    small = model.with_name("int8.onnx")
    onnx.save(_quantize(onnx.load(model)), small)
    try:
        counts, n = _count_errors([small, model], project, preprocessing, features, measured.threshold)
        (wrong, known), (float_wrong, float_known) = counts.tolist()
        if not n or n < len(features.valid):
            why = "some validation pictures are missing, so the 8-bit weights cannot be checked"
            return Int8Result(kept=False, why=why)
        why = ""
        if wrong > float_wrong:
            why = f"{wrong} of {n} validation pictures would be wrong, not {float_wrong}"
        elif known < float_known - MAX_NEWLY_UNKNOWN * n:
            why = f"{known} of {n} validation pictures would be known, not {float_known}"
        sizes = small.stat().st_size, model.stat().st_size
        if not why:
            small.replace(model)
        return Int8Result(not why, why, wrong / n, float_wrong / n, n, *sizes)
    finally:
        small.unlink(missing_ok=True)


def _count_errors(
    models: Sequence[Path], project: Project, preprocessing: Preprocessing, features: RunFeatures,
    threshold: float | None,
) -> tuple[np.ndarray, int]:  # fmt: skip
    """Run models on the validation images that can be read.

    Returns:
        For each model, the number of images that it gets wrong, and of those that it does not call unknown, int
        (len(models), 2); and the number of images.
    """

    def read(image: ImageRecord) -> np.ndarray | None:
        try:
            array = read_image(project.picture(image.path), image.image_id, preprocessing)
        except ImageError:
            return None
        return preprocess(array, preprocessing)

    sessions = [session(path, threads=cores()) for path in models]
    counts, n = np.zeros((len(models), 2), int), 0
    for pixels, target in zip(ordered_map(read, features.valid), features.targets[1], strict=True):
        if pixels is not None:
            counts += [_is_wrong_and_known(model, pixels, target, threshold) for model in sessions]
            n += 1
    return counts, n


def _is_wrong_and_known(
    model: InferenceSession, pixels: np.ndarray, target: int, threshold: float | None
) -> tuple[bool, bool]:
    """Return whether a model gets an image, float32 (3, size, size), wrong, and whether it does not call it unknown."""
    names = ["logits"] if threshold is None else ["logits", "similarity"]
    logits, *similarity = model.run(names, {"input": pixels[None]})
    return bool(logits[0].argmax() != target), bool(threshold is None or similarity[0][0] >= threshold)


def _quantize(model: onnx.ModelProto) -> onnx.ModelProto:
    """Replace weights by int8 ones with a scale for each output channel, in place."""
    graph = model.graph
    weights = {node.input[1] for node in graph.node if node.op_type in ("Conv", "Gemm")}
    dequantize_nodes = []
    for tensor in [tensor for tensor in graph.initializer if tensor.name in weights]:
        values = numpy_helper.to_array(tensor)
        if values.ndim < 2 or values.shape[1] <= FEW or values.dtype != np.float32:
            continue
        flat = values.reshape(len(values), -1)
        scale = np.maximum(np.abs(flat).max(axis=1) / LEVELS, 1e-12).astype(np.float32)
        integers = np.round(flat / scale[:, None]).astype(np.int8).reshape(values.shape)
        name, parts = tensor.name, (f"{tensor.name}.int8", f"{tensor.name}.scale")
        graph.initializer.remove(tensor)
        graph.initializer.extend(numpy_helper.from_array(a, n) for a, n in zip((integers, scale), parts, strict=True))
        dequantize_nodes.append(helper.make_node("DequantizeLinear", list(parts), [name], axis=0))
    for node in reversed(dequantize_nodes):
        graph.node.insert(0, node)
    onnx.checker.check_model(model)
    return model
