"""From a run's checkpoint to a model folder that others can load, checked before it appears."""

import os
import shutil
import time
import uuid
from importlib.metadata import version
from pathlib import Path

import numpy as np
import onnx
import safetensors.torch
import torch
from onnx import helper, numpy_helper
from PIL import Image

from bearkit import bundle, card, runs
from bearkit.errors import ModelError
from bearkit.predict import Predictor
from bearkit.preprocessing import preprocess
from bearkit.project import Project
from bearkit.runs import Run
from bearkit.training import bodies, head
from bearkit.training.bodies import Body

OLD_SECONDS = 3600  # no export takes that long


def export_model(project: Project, folder: str | os.PathLike[str] | None = None, run_id: str | None = None) -> Path:
    """Write a run's model as a folder that bearkit, timm, transformers and onnxruntime load.

    Args:
        project: whose run.
        folder: where to; `models/<run>` in the project unless told otherwise. An older model there is replaced.
        run_id: which run; the newest finished one unless told otherwise.

    Raises:
        RunError: no such run.
        ModelError: something else is in the folder, or the written model does not answer as the trained one.
    """
    run = runs.finished(project, run_id)
    target = Path(folder).expanduser().resolve() if folder is not None else project.models / run.id
    if target.exists() and not _may_replace(target):
        raise ModelError(f"{target} is there already and is not a model folder", hint="name a new folder")
    target.parent.mkdir(parents=True, exist_ok=True)
    for left in target.parent.glob(".bearkit-*.part"):  # by an export that was killed
        if time.time() - left.stat().st_mtime > OLD_SECONDS:
            shutil.rmtree(left, ignore_errors=True)
    part = target.with_name(f".bearkit-{uuid.uuid4().hex[:12]}.part")
    part.mkdir()
    try:
        _write(project, run, part)
        Predictor(part)  # checks the ONNX file against what torch answered
        _put_in_place(part, target)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return target


def _may_replace(folder: Path) -> bool:
    """Whether a folder holds nothing but a model that bearkit wrote, or nothing."""
    if not folder.is_dir():
        return False
    names = {file.name for file in folder.iterdir()}
    return not names or (names <= set(bundle.FILES) and bundle.is_model(folder))


def _put_in_place(part: Path, target: Path) -> None:
    """Let the new folder appear whole, in place of an older one."""
    old = part.with_suffix(".old")
    if target.exists():
        target.rename(old)
    part.rename(target)
    shutil.rmtree(old, ignore_errors=True)


def _write(project: Project, run: Run, folder: Path) -> None:
    body, vocab = bodies.get(run.config["body"]), [str(label) for label in run.predictions().vocab]
    weight, bias = head.folded(safetensors.torch.load_file(run.checkpoint))
    _write_onnx(body.onnx(project), weight, bias, folder / "model.onnx")
    network = _network(body, weight, bias)
    tensors = safetensors.torch.save(network.state_dict(), metadata={"format": "pt"})
    (folder / "model.safetensors").write_bytes(tensors)  # save_file would make it readable by its owner alone
    pictures = bundle.golden_pictures()
    bundle.write_golden(folder, pictures, _torch_logits(network, body, pictures))
    result = run.result
    about = {"version": version("bearkit"), "body": body.name, "run": run.id, "checkpoint": run.checkpoint_id} | {
        key: result[key] for key in ("error_rate", "error_interval", "valid_images")
    }
    config = bundle.ModelConfig(body.architecture, vocab, body.preprocessing, about)
    bundle.write_config(folder, config, num_features=weight.shape[1])
    (folder / "README.md").write_text(card.model_card(config, run), encoding="utf-8")


def _network(body: Body, weight: torch.Tensor, bias: torch.Tensor) -> torch.nn.Module:
    """The whole model in torch: the timm network with the head as its classifier."""
    network = body.network(num_classes=len(bias))
    classifier = network.get_submodule("classifier")
    classifier.load_state_dict({"weight": weight, "bias": bias})
    return network


@torch.no_grad()
def _torch_logits(network: torch.nn.Module, body: Body, pictures: np.ndarray) -> np.ndarray:
    inputs = np.stack([preprocess(Image.fromarray(picture), body.preprocessing) for picture in pictures])
    logits: np.ndarray = network(torch.from_numpy(inputs)).numpy()
    return logits


def _write_onnx(body: Path, weight: torch.Tensor, bias: torch.Tensor, path: Path) -> None:
    """Put the head behind the body's last output: logits = features @ weight.T + bias."""
    model = onnx.load(body)
    graph = model.graph
    features = graph.output[0].name
    graph.initializer.extend(
        [numpy_helper.from_array(weight.numpy(), "head.weight"), numpy_helper.from_array(bias.numpy(), "head.bias")]
    )
    graph.node.append(helper.make_node("Gemm", [features, "head.weight", "head.bias"], ["logits"], "head", transB=1))
    del graph.output[:]
    graph.output.append(helper.make_tensor_value_info("logits", onnx.TensorProto.FLOAT, ["batch", len(bias)]))
    onnx.checker.check_model(model)
    onnx.save(model, path)
