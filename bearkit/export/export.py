"""Export a checkpoint of a run as a model folder that others can load, checked before it appears."""

import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

import numpy as np

from bearkit import runs
from bearkit.core import swap
from bearkit.core.atomic import atomic_write, sync_files, user_cache, writable_cache
from bearkit.core.paths import resolve_path
from bearkit.core.project import Project
from bearkit.errors import ModelError
from bearkit.export.inputs import load_inputs
from bearkit.export.onnx_graph import read_bank
from bearkit.export.write import ExportOptions, write_model_folder
from bearkit.inference import leftovers, model_folder
from bearkit.inference.predictor import Predictor
from bearkit.runs import Run


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
        project: the project of the run.
        folder: the model folder to write; `models/<run>` in the project if left out. An older model there is replaced.
        run_id: id of a finished run; the newest one if left out.
        stage: the name of a checkpoint of the run; its last one if left out.
        thumbnails: add small copies of training images, to show those most like a new image.
        int8: store the weights of `model.onnx` as 8-bit integers if no more validation images are wrong with them:
            a third of the size, as fast. `config.json` has the outcome.

    Returns:
        The model folder.

    Raises:
        RunError: there is no such run or stage.
        ModelError: the folder holds something else, or the written model gives other outputs than the trained one.
    """
    run = runs.find_finished(project, run_id)
    last_stage = run.stage
    stage = stage or last_stage
    run.checkpoint(stage)
    if folder is None:
        project.require_writable("name a folder elsewhere for the model")
    own = _own_folder(project, run, stage, last_stage)
    target = resolve_path(folder, "the model's folder", ModelError) if folder is not None else own
    if target.exists() and not _may_replace(target):
        raise ModelError(f"{target} is there already and is not a model folder", hint="name a new folder")
    target.parent.mkdir(parents=True, exist_ok=True)
    _sweep(target.parent, own=target.parent == project.models)
    part = swap.new_part(target)
    try:
        inputs = load_inputs(project, run, stage, last_stage)
        write_model_folder(inputs, part, ExportOptions(thumbnails, int8))
        Predictor(part)  # compares the ONNX file's outputs with those of torch
        sync_files(part.iterdir())
        swap.replace_folder(part, target)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return target


def exported(project: Project, run: Run, stage: str) -> Path:
    """Return the model folder of a checkpoint; export it first if there is none, or one of other weights.

    In a project that may only be read, it is written into the user's own cache.
    """
    own = _own_folder(project, run, stage, run.stage)
    checkpoint = run.checkpoint_id(stage)
    for folder in (own, user_cache(own)):
        with suppress(ModelError):
            info = model_folder.read_config(folder).info
            if info.checkpoint == checkpoint and info.temperature is not None:  # None: of a version without calibration
                return folder
    return export_model(project, writable_cache(own), run.id, stage)


def add_thumbnails(project: Project, folder: Path) -> None:
    """Add small copies of the training images to a model folder that was exported without them.

    Raises:
        ModelError: the folder does not name its run, or images of its memory bank are missing.
    """
    info = model_folder.read_config(folder).info
    if not info.run or not info.stage:
        raise ModelError(
            f"{folder} does not name its training, so its training pictures are not known",
            hint="export it again: `bearkit export --thumbnails`",
        )
    with tempfile.TemporaryDirectory(prefix="bearkit-") as scratch:
        again = export_model(project, Path(scratch) / "model", info.run, info.stage, thumbnails=True)
        same = np.array_equal(read_bank(folder / "model.onnx"), read_bank(again / "model.onnx"))
        if not same or not model_folder.read_thumbnails(again):
            raise ModelError("some of the pictures that this model was trained on are missing", hint="train a new one")
        with atomic_write(folder / model_folder.THUMBNAILS) as part:
            shutil.copyfile(again / model_folder.THUMBNAILS, part)


def _own_folder(project: Project, run: Run, stage: str, last_stage: str) -> Path:
    """Return the folder in the project for the model of a checkpoint."""
    return project.models / (run.id if stage == last_stage else f"{run.id}-{stage}")


def _may_replace(folder: Path) -> bool:
    """Return whether a folder is empty, or holds nothing but a model that bearkit wrote."""
    if not folder.is_dir():
        return False
    names = {file.name for file in folder.iterdir()}
    return not names or (names <= {*model_folder.FILES, *model_folder.OPTIONAL} and model_folder.is_model(folder))


def _sweep(folder: Path, own: bool) -> None:
    """Delete the half-written folders of exports that were killed, and restore the models that they were replacing."""
    for left in leftovers.half_written(folder):
        if left.name.startswith(".bearkit-"):
            leftovers.remove(left)
    for left in leftovers.set_aside(folder):
        if own or not leftovers.OLDER.fullmatch(left.name):
            leftovers.put_back(left)
