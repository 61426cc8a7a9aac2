"""From a run's checkpoint to a model folder that others can load, checked before it appears."""

import os
import shutil
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.torch
import torch
from PIL import Image
from torch import nn

from bearkit import runs
from bearkit.catalog.catalog import Catalog
from bearkit.catalog.statistics import curation_stats
from bearkit.core import swap
from bearkit.core.atomic import atomic_write, sync_files, user_cache, writable_cache
from bearkit.core.parallel import ordered_map
from bearkit.core.paths import resolve_path
from bearkit.core.project import Project
from bearkit.datasets.seed import DEFAULT_SEED
from bearkit.errors import ImageError, ModelError
from bearkit.evaluation import metrics
from bearkit.evaluation.figure_text import unwritable_labels
from bearkit.evaluation.figures import MAX_NAMED_LABELS
from bearkit.evaluation.interpretation import Interpretation
from bearkit.evaluation.ood import OODDetector
from bearkit.export import model_card
from bearkit.export.measurements import RunFeatures, load_run_features, measure
from bearkit.export.onnx_graph import bank_of, write_onnx
from bearkit.export.quantize import with_int8
from bearkit.images import decode, read_verified, small_jpeg
from bearkit.images.preprocessing import preprocess
from bearkit.inference import leftovers, model_folder
from bearkit.inference.predictor import Predictor
from bearkit.inference.session import session
from bearkit.runs import Run
from bearkit.runs.predictions import Predictions
from bearkit.training import head, warm_start
from bearkit.training.checkpoint import CheckpointMetadata

THUMBNAIL = 128  # pixels of a training picture's longer side


def export_model(
    project: Project,
    folder: str | os.PathLike[str] | None = None,
    run_id: str | None = None,
    stage: str | None = None,
    thumbnails: bool = False,
    int8: bool = False,
) -> Path:
    """Write a run's model as a folder that bearkit, timm, transformers and onnxruntime load.

    Args:
        project: whose run.
        folder: where to; `models/<run>` in the project unless told otherwise. An older model there is replaced.
        run_id: which run; the newest finished one unless told otherwise.
        stage: which of its stages; the last one unless told otherwise.
        thumbnails: keep small copies of training pictures in the folder, to show those most like a new picture.
        int8: compute with 8-bit integers, if the validation error is no worse; config.json says what came of it.

    Raises:
        RunError: no such run or stage.
        ModelError: something else is in the folder, or the written model does not answer as the trained one.
    """
    run = runs.find_finished(project, run_id)
    stage = stage or run.stage
    run.checkpoint(stage)
    if folder is None:
        project.require_writable("name a folder elsewhere for the model")
    own = _own_folder(project, run, stage)
    target = resolve_path(folder, "the model's folder", ModelError) if folder is not None else own
    if target.exists() and not _may_replace(target):
        raise ModelError(f"{target} is there already and is not a model folder", hint="name a new folder")
    target.parent.mkdir(parents=True, exist_ok=True)
    _sweep(target.parent, own=target.parent == project.models)
    part = swap.new_part(target)
    try:
        _write(project, run, stage, part, thumbnails, int8)
        Predictor(part)  # checks the ONNX file against what torch answered
        sync_files(part.iterdir())
        swap.replace_folder(part, target)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return target


def exported(project: Project, run: Run, stage: str) -> Path:
    """A stage's model folder in the project, written if it is not there yet, or is not of these weights.

    Where the project may only be read, it is written into this user's own cache.
    """
    own = _own_folder(project, run, stage)
    for folder in (own, user_cache(own)):
        about = model_folder.read_config(folder).about if model_folder.is_model(folder) else {}
        if about.get("checkpoint") == run.checkpoint_id(stage) and "temperature" in about:  # older ones had none
            return folder
    return export_model(project, writable_cache(own), run.id, stage)


def add_thumbnails(project: Project, folder: Path) -> None:
    """Put small copies of the training pictures into a model folder that was exported without; nothing else changes.

    Raises:
        ModelError: the training pictures are no longer those that the model compares with.
    """
    about = model_folder.read_config(folder).about
    with tempfile.TemporaryDirectory(prefix="bearkit-") as scratch:
        again = export_model(project, Path(scratch) / "model", about["run"], about["stage"], thumbnails=True)
        same = np.array_equal(bank_of(folder / "model.onnx"), bank_of(again / "model.onnx"))
        if not same or not model_folder.read_thumbnails(again):
            raise ModelError(
                "the pictures that this model was trained on are not all there any more", hint="train a new one"
            )
        with atomic_write(folder / model_folder.THUMBNAILS) as part:
            shutil.copyfile(again / model_folder.THUMBNAILS, part)


def _own_folder(project: Project, run: Run, stage: str) -> Path:
    return project.models / (run.id if stage == run.stage else f"{run.id}-{stage}")


def _may_replace(folder: Path) -> bool:
    """Whether a folder holds nothing but a model that bearkit wrote, or nothing."""
    if not folder.is_dir():
        return False
    names = {file.name for file in folder.iterdir()}
    return not names or (names <= {*model_folder.FILES, *model_folder.OPTIONAL} and model_folder.is_model(folder))


def _sweep(folder: Path, own: bool) -> None:
    """Take away what exports that were killed left, and bring back the models that they were replacing."""
    for left in leftovers.half_written(folder):
        if left.name.startswith(".bearkit-"):
            leftovers.remove(left)
    for left in leftovers.set_aside(folder):
        if own or not leftovers.OLDER.fullmatch(left.name):
            leftovers.put_back(left)


def _write(project: Project, run: Run, stage: str, folder: Path, thumbnails: bool, int8: bool) -> None:
    model = warm_start.load_stage(run, stage)
    assert model.head is not None and model.about is not None
    body, (weight, bias) = model.body, head.fuse_standardisation(model.head)
    how = body.preprocessing
    looked = load_run_features(project, run, body)
    predictions = run.predictions()
    last = run.checkpoint_id(stage) == run.checkpoint_id(run.stage)  # of other weights no predictions are kept
    found = measure(looked, weight.numpy(), bias.numpy(), predictions.only("valid") if last else None)
    weight, bias = weight / found.temperature, bias / found.temperature
    write_onnx(body.onnx(project), weight.numpy(), bias.numpy(), found.known, folder / "model.onnx")
    smaller = {"int8": with_int8(project, folder / "model.onnx", how, looked, found)} if int8 else {}
    network = body.network()
    name = _give_classifier(network, weight, bias)
    tensors = safetensors.torch.save(network.state_dict(), metadata={"format": "pt"})
    (folder / "model.safetensors").write_bytes(tensors)  # save_file would make it readable by its owner alone
    inputs = np.stack([preprocess(Image.fromarray(picture), how) for picture in model_folder.golden_pictures()])
    answers = _torch_answers(network, inputs, found.known)
    if smaller and smaller["int8"]["kept"]:  # those of its own, to see whether it computes the same elsewhere
        answers = _onnx_answers(folder / "model.onnx", inputs, found.known is not None)
    model_folder.write_golden(folder, model_folder.golden_pictures(), *answers)
    about = {"version": version("bearkit"), "body": body.name, "tuned": model.tuned, "run": run.id, "stage": stage}
    about["seed"] = run.config.get("seed", DEFAULT_SEED)
    about |= {"checkpoint": run.checkpoint_id(stage)} | _figures(run, stage, model.about) | found.as_dict() | smaller
    config = model_folder.ModelConfig(body.architecture, [str(label) for label in predictions.vocab], how, about)
    model_folder.write_config(folder, config, num_features=weight.shape[1], classifier=name)
    confused: list[tuple[str, str, int]] = []
    if last:
        seen = Interpretation(project, run)
        seen.plot_confusion_matrix().savefig(folder / "confusion_matrix.png", dpi=120)
        confused = seen.most_confused() if len(config.vocab) > MAX_NAMED_LABELS else []
    if thumbnails:
        model_folder.write_thumbnails(folder, _thumbnails(project, looked, found.known, config.vocab))
    trained_as = dict(zip(predictions.image_ids.tolist(), predictions.vocab[predictions.targets].tolist(), strict=True))
    began = next((event["time"] for event in run.events()), None)
    numbered = unwritable_labels(config.vocab) if len(config.vocab) <= MAX_NAMED_LABELS else {}
    done = curation_stats(Catalog(project), trained_as, began)
    facts = model_card.Facts(_counts(predictions), last, done, confused, numbered)
    (folder / "README.md").write_text(model_card.model_card(config, facts), encoding="utf-8")


def _counts(told: Predictions) -> dict[str, tuple[int, int]]:
    """Training and validation pictures of each label."""
    train, valid = (np.bincount(told.only(split).targets, minlength=len(told.vocab)) for split in ("train", "valid"))
    return {str(label): (int(train[n]), int(valid[n])) for n, label in enumerate(told.vocab)}


def _thumbnails(
    project: Project, looked: RunFeatures, known: OODDetector | None, vocab: list[str]
) -> list[tuple[str, bytes]]:
    """(label, small JPEG) of each picture in the bank; an empty one where the file is gone, or it is there already."""
    rows = known.rows.tolist() if known else []

    def one(place: int) -> tuple[str, bytes]:
        row = rows[place]
        try:
            image = looked.train[row]
            data = read_verified(project.picture(image.path), image.image_id)
            small = small_jpeg(decode(data, at_least=THUMBNAIL).image, THUMBNAIL) if rows.index(row) == place else b""
        except ImageError:
            small = b""
        return vocab[looked.targets[0][row]], small

    return list(ordered_map(one, range(len(rows))))


def _figures(run: Run, stage: str, about: CheckpointMetadata) -> dict[str, Any]:
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


@torch.no_grad()
def _torch_answers(
    network: nn.Module, inputs: np.ndarray, measure: OODDetector | None
) -> tuple[np.ndarray, np.ndarray | None]:
    """The logits that torch gives, and the similarities."""
    batch = torch.from_numpy(inputs)
    logits: np.ndarray = network(batch).numpy()
    if measure is None:
        return logits, None
    pooled: torch.Tensor = network.forward_head(network.forward_features(batch), pre_logits=True)  # type: ignore[operator]
    return logits, measure.similarity(pooled.numpy())


def _onnx_answers(model: Path, inputs: np.ndarray, measured: bool) -> tuple[np.ndarray, np.ndarray | None]:
    """The same as the file gives them."""
    logits, *more = session(model, threads=1).run(
        ["logits", "similarity"] if measured else ["logits"], {"input": inputs}
    )
    return logits, more[0] if more else None
