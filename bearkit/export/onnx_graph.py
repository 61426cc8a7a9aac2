"""The exported ONNX graph: the body's own, with the head behind it, and how like training pictures a picture is."""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

from bearkit.evaluation.ood import NEAREST, OODDetector


def write_onnx(body: Path, weight: np.ndarray, bias: np.ndarray, measure: OODDetector | None, path: Path) -> None:
    """Put the head behind the body's last output.

    logits = features @ weight.T + bias; similarity (batch,), in which the allowances of the labels are, and the plain
    cosines (batch, n) with the n training pictures of the bank, where there is a measure.

    Args:
        body: pictures (batch, 3, size, size) -> features (batch, D).
        weight: float32 (C, D).
        bias: float32 (C,).
        measure: what pictures are compared with.
        path: where to.
    """
    model = onnx.load(body)
    graph = model.graph
    features = graph.output[0].name
    floats = onnx.TensorProto.FLOAT
    outputs = [helper.make_tensor_value_info("logits", floats, ["batch", len(bias)])]
    _add(graph, "head.weight", weight, "head.bias", bias)
    graph.node.append(helper.make_node("Gemm", [features, "head.weight", "head.bias"], ["logits"], "head", transB=1))
    if measure is not None:
        nearest = np.full(NEAREST, 1 / NEAREST, np.float32)
        _add(graph, "known.cut", np.float32(measure.cut), "known.bank", measure.bank.T.copy())
        _add(graph, "known.allowance", measure.allowance)
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
        outputs.append(helper.make_tensor_value_info("cosines", floats, ["batch", len(measure.bank)]))
    del graph.output[:]
    graph.output.extend(outputs)
    onnx.checker.check_model(model)
    onnx.save(model, path)


def bank_of(path: Path) -> np.ndarray:
    """The training features that a written model compares with, (D, n); empty where it has none."""
    named = {tensor.name: tensor for tensor in onnx.load(path).graph.initializer}
    return numpy_helper.to_array(named["known.bank"]) if "known.bank" in named else np.zeros((0, 0), np.float16)


def _add(graph: onnx.GraphProto, *named: Any) -> None:
    """Constants for a graph: name, array, name, array ..."""
    graph.initializer.extend(
        numpy_helper.from_array(np.asarray(a), n) for n, a in zip(named[::2], named[1::2], strict=True)
    )
