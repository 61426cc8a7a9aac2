"""Build the exported ONNX graph: the body, the head, and the similarity to training images."""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

from bearkit.evaluation.ood import NEAREST, OODDetector


def write_onnx(body: Path, weight: np.ndarray, bias: np.ndarray, detector: OODDetector | None, path: Path) -> None:
    """Append the head to the body's last output, and save the graph.

    Outputs are logits (batch, C) = features @ weight.T + bias and, with a detector, similarity (batch,), which includes
    the labels' allowances, and cosines (batch, n) with the n training images of the memory bank, which does not.

    Args:
        body: ONNX file, images (batch, 3, size, size) -> features (batch, D).
        weight: float32 (C, D).
        bias: float32 (C,).
        detector: holds the memory bank; None for a model that calls no image unknown.
        path: the file to write.
    """
    model = onnx.load(body)
    graph = model.graph
    features = graph.output[0].name
    floats = onnx.TensorProto.FLOAT
    outputs = [helper.make_tensor_value_info("logits", floats, ["batch", len(bias)])]
    _add(graph, "head.weight", weight, "head.bias", bias)
    graph.node.append(helper.make_node("Gemm", [features, "head.weight", "head.bias"], ["logits"], "head", transB=1))
    if detector is not None:
        nearest = np.full(NEAREST, 1 / NEAREST, np.float32)
        _add(graph, "known.cut", np.float32(detector.cut), "known.bank", detector.bank.T.copy())
        _add(graph, "known.allowance", detector.allowance)
        _add(graph, "known.k", np.array([NEAREST]), "known.mean", nearest)
        graph.node.extend(
            [
                helper.make_node("Min", [features, "known.cut"], ["known/cut"]),
                helper.make_node("LpNormalization", ["known/cut"], ["known/unit"], axis=-1, p=2),
                helper.make_node("Cast", ["known.bank"], ["known/bank"], to=floats),
                helper.make_node("MatMul", ["known/unit", "known/bank"], ["cosines"]),
                helper.make_node("Add", ["cosines", "known.allowance"], ["known/alike"]),
                helper.make_node("TopK", ["known/alike", "known.k"], ["known/nearest", "known/which"]),
                helper.make_node("MatMul", ["known/nearest", "known.mean"], ["similarity"]),
            ]
        )
        outputs.append(helper.make_tensor_value_info("similarity", floats, ["batch"]))
        outputs.append(helper.make_tensor_value_info("cosines", floats, ["batch", len(detector.bank)]))
    del graph.output[:]
    graph.output.extend(outputs)
    onnx.checker.check_model(model)
    onnx.save(model, path)


def read_bank(path: Path) -> np.ndarray:
    """Read the memory bank of an exported model, float16 (D, n); empty if it has none."""
    tensors = {tensor.name: tensor for tensor in onnx.load(path).graph.initializer}
    return numpy_helper.to_array(tensors["known.bank"]) if "known.bank" in tensors else np.zeros((0, 0), np.float16)


def _add(graph: onnx.GraphProto, *named: Any) -> None:
    """Add constants to a graph: name, array, name, array ..."""
    graph.initializer.extend(
        numpy_helper.from_array(np.asarray(a), n) for n, a in zip(named[::2], named[1::2], strict=True)
    )
