"""From a run's checkpoint to a model folder that others can load, checked before it appears."""

import os
import shutil
import time
import uuid
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import safetensors.torch
import torch
from onnx import helper, numpy_helper
from PIL import Image
from torch import nn

from bearkit import bundle, card, runs, stages
from bearkit.catalog.catalog import Catalog
from bearkit.errors import ModelError, NoImagesError
from bearkit.interpretation import metrics
from bearkit.interpretation.calibration import temperature
from bearkit.interpretation.known import NEAREST, Known, known
from bearkit.predict import Predictor
from bearkit.preprocessing import preprocess
from bearkit.project import Project
from bearkit.runs import Run
from bearkit.training import head
from bearkit.training.bodies import Body
from bearkit.training.checkpoint import About
from bearkit.training.config import TrainConfig
from bearkit.training.features import features

MOST_THERE = 0.9  # share of the run's training pictures without which nothing is said of what is known
OLD_SECONDS = 3600  # no export takes that long


def export_model(
    project: Project,
    folder: str | os.PathLike[str] | None = None,
    run_id: str | None = None,
    stage: str | None = None,
) -> Path:
    """Write a run's model as a folder that bearkit, timm, transformers and onnxruntime load.

    Args:
        project: whose run.
        folder: where to; `models/<run>` in the project unless told otherwise. An older model there is replaced.
        run_id: which run; the newest finished one unless told otherwise.
        stage: which of its stages; the last one unless told otherwise.

    Raises:
        RunError: no such run or stage.
        ModelError: something else is in the folder, or the written model does not answer as the trained one.
    """
    run = runs.finished(project, run_id)
    stage = stage or run.stage
    run.checkpoint(stage)
    target = Path(folder).expanduser().resolve() if folder is not None else _own_folder(project, run, stage)
    if target.exists() and not _may_replace(target):
        raise ModelError(f"{target} is there already and is not a model folder", hint="name a new folder")
    target.parent.mkdir(parents=True, exist_ok=True)
    for left in target.parent.glob(".bearkit-*.part"):  # by an export that was killed
        if time.time() - left.stat().st_mtime > OLD_SECONDS:
            shutil.rmtree(left, ignore_errors=True)
    part = target.with_name(f".bearkit-{uuid.uuid4().hex[:12]}.part")
    part.mkdir()
    try:
        _write(project, run, stage, part)
        Predictor(part)  # checks the ONNX file against what torch answered
        _put_in_place(part, target)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return target


def exported(project: Project, run: Run, stage: str) -> Path:
    """A stage's model folder in the project, written if it is not there yet, or is not of these weights."""
    folder = _own_folder(project, run, stage)
    about = bundle.read_config(folder).about if bundle.is_model(folder) else {}
    if about.get("checkpoint") == run.checkpoint_id(stage) and "temperature" in about:  # older ones had none
        return folder
    return export_model(project, None, run.id, stage)


def _own_folder(project: Project, run: Run, stage: str) -> Path:
    return project.models / (run.id if stage == run.stage else f"{run.id}-{stage}")


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


def _write(project: Project, run: Run, stage: str, folder: Path) -> None:
    model = stages.saved(run, stage)
    assert model.head is not None and model.about is not None
    body, (weight, bias) = model.body, head.folded(model.head)
    vocab = [str(label) for label in run.predictions().vocab]
    measured = _measured(project, run, body, weight, bias)
    weight, bias = weight / measured.temperature, bias / measured.temperature
    _write_onnx(body.onnx(project), weight, bias, measured.known, folder / "model.onnx")
    network = body.network()
    name = _give_classifier(network, weight, bias)
    tensors = safetensors.torch.save(network.state_dict(), metadata={"format": "pt"})
    (folder / "model.safetensors").write_bytes(tensors)  # save_file would make it readable by its owner alone
    pictures = bundle.golden_pictures()
    inputs = np.stack([preprocess(Image.fromarray(picture), body.preprocessing) for picture in pictures])
    bundle.write_golden(folder, pictures, *_torch_answers(network, inputs, measured.known))
    about = {"version": version("bearkit"), "body": body.name, "tuned": model.tuned, "run": run.id, "stage": stage}
    about |= {"checkpoint": run.checkpoint_id(stage)} | _figures(run, stage, model.about) | measured.as_dict()
    config = bundle.ModelConfig(body.architecture, vocab, body.preprocessing, about)
    bundle.write_config(folder, config, num_features=weight.shape[1], classifier=name)
    (folder / "README.md").write_text(card.model_card(config, run), encoding="utf-8")


def _figures(run: Run, stage: str, about: About) -> dict[str, Any]:
    """The error rate of these weights, with what it is worth."""
    result = run.result
    if stage == run.stage:
        return {key: result[key] for key in ("error_rate", "error_interval", "valid_images")}
    n = result["valid_images"]
    interval = metrics.error_interval(round(about.error_rate * n), n)
    return {"error_rate": about.error_rate, "error_interval": list(interval), "valid_images": n}


def _give_classifier(network: nn.Module, weight: torch.Tensor, bias: torch.Tensor) -> str:
    """Make the timm network whole with the head as its classifier, in place; the classifier's name.

    Raises:
        ModelError: this architecture has no classifier of one linear layer on the features.
    """
    network.reset_classifier(len(bias))  # type: ignore[operator]
    classifier = network.get_classifier()  # type: ignore[operator]
    if not isinstance(classifier, nn.Linear) or classifier.weight.shape != weight.shape:
        raise ModelError("this body's classifier is not one linear layer", hint="train with another body")
    classifier.load_state_dict({"weight": weight, "bias": bias})
    names: list[str] = [name for name, module in network.named_modules() if module is classifier]
    return names[0]


@dataclass(frozen=True)
class _Measured:
    """What the features of the run's pictures say about its model, before the temperature."""

    temperature: float
    known: Known | None

    def as_dict(self) -> dict[str, Any]:
        return {"temperature": self.temperature, "threshold": self.known.threshold if self.known else None}


def _measured(project: Project, run: Run, body: Body, weight: torch.Tensor, bias: torch.Tensor) -> _Measured:
    """Temperature and similarity, from those pictures of the run that are still there."""
    told = run.predictions()
    ids = told.image_ids.tolist()
    split, target = (dict(zip(ids, values.tolist(), strict=True)) for values in (told.splits, told.targets))
    images = [image for image in Catalog(project).images() if image.image_id in split]
    try:
        found = features(project, images, body, TrainConfig.from_dict(run.config).views)
    except NoImagesError:
        return _Measured(1.0, None)
    splits = np.array([split[one] for one in found.image_ids])
    targets = np.array([target[one] for one in found.image_ids])
    train, valid = (found.values[splits == name, 0] for name in ("train", "valid"))
    logits = valid @ weight.numpy().T + bias.numpy()
    there = len(train) >= MOST_THERE * list(split.values()).count("train")
    there &= set(targets[splits == "train"]) == {target[one] for one, name in split.items() if name == "train"}
    return _Measured(temperature(logits, targets[splits == "valid"]), known(train, valid) if there else None)


@torch.no_grad()
def _torch_answers(
    network: nn.Module, inputs: np.ndarray, measure: Known | None
) -> tuple[np.ndarray, np.ndarray | None]:
    """The logits that torch gives, and the similarities."""
    batch = torch.from_numpy(inputs)
    logits: np.ndarray = network(batch).numpy()
    if measure is None:
        return logits, None
    pooled: torch.Tensor = network.forward_head(network.forward_features(batch), pre_logits=True)  # type: ignore[operator]
    return logits, measure.similarity(pooled.numpy())


def _write_onnx(body: Path, weight: torch.Tensor, bias: torch.Tensor, measure: Known | None, path: Path) -> None:
    """Put the head behind the body's last output: logits = features @ weight.T + bias; and the similarity."""
    model = onnx.load(body)
    graph = model.graph
    features = graph.output[0].name
    floats = onnx.TensorProto.FLOAT
    outputs = [helper.make_tensor_value_info("logits", floats, ["batch", len(bias)])]
    _add(graph, "head.weight", weight.numpy(), "head.bias", bias.numpy())
    graph.node.append(helper.make_node("Gemm", [features, "head.weight", "head.bias"], ["logits"], "head", transB=1))
    if measure is not None:
        nearest = np.full(NEAREST, 1 / NEAREST, np.float32)
        _add(graph, "known.cut", np.float32(measure.cut), "known.bank", measure.bank.T.copy())
        _add(graph, "known.k", np.array([NEAREST]), "known.mean", nearest)
        graph.node.extend(
            [
                helper.make_node("Min", [features, "known.cut"], ["known/cut"]),
                helper.make_node("LpNormalization", ["known/cut"], ["known/unit"], axis=-1, p=2),
                helper.make_node("Cast", ["known.bank"], ["known/bank"], to=floats),
                helper.make_node("MatMul", ["known/unit", "known/bank"], ["known/cosines"]),
                helper.make_node("TopK", ["known/cosines", "known.k"], ["known/nearest", "known/which"]),
                helper.make_node("MatMul", ["known/nearest", "known.mean"], ["similarity"]),
            ]
        )
        outputs.append(helper.make_tensor_value_info("similarity", floats, ["batch"]))
    del graph.output[:]
    graph.output.extend(outputs)
    onnx.checker.check_model(model)
    onnx.save(model, path)


def _add(graph: onnx.GraphProto, *named: Any) -> None:
    """Constants for a graph: name, array, name, array ..."""
    graph.initializer.extend(
        numpy_helper.from_array(np.asarray(a), n) for n, a in zip(named[::2], named[1::2], strict=True)
    )
