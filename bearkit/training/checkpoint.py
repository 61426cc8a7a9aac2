"""Checkpoints: a trained head, or a body and a head, with metadata. Safetensors files, which contain no code."""

import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
import torch

from bearkit.core.atomic import atomic_write
from bearkit.errors import RunError
from bearkit.training.head import StateDict

METADATA_KEY = "bearkit"  # of our part of the file's metadata


@dataclass(frozen=True)
class CheckpointMetadata:
    """The metadata of a checkpoint.

    Attributes:
        stage: `frozen` or `unfrozen`.
        epoch: the last epoch of the training so far.
        error_rate: on the validation images, after that epoch.
        size: side of the images that the model is for, in pixels; 0 for the body's own.
        seconds: how long the stage has trained so far.
        weights: the `weights_id` of the body, if the checkpoint does not contain the body.
        vocab: the labels of the head's outputs, in their order.
        rows: the table of epochs so far, in a checkpoint to resume from; empty in others.
    """

    stage: str
    epoch: int
    error_rate: float
    size: int = 0
    seconds: float = 0.0
    weights: str = ""
    vocab: tuple[str, ...] = ()
    rows: tuple[tuple[float, ...], ...] = ()


def write(path: Path, state: StateDict, about: CheckpointMetadata) -> None:
    """Save tensors and their metadata; the file appears whole or not at all."""
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in state.items()}
    with atomic_write(path) as part:
        part.write_bytes(safetensors.torch.save(tensors, {METADATA_KEY: json.dumps(asdict(about))}))


def read(path: Path) -> tuple[StateDict, CheckpointMetadata]:
    """Read tensors and their metadata; metadata that an older version did not write gets default values.

    Raises:
        RunError: the file is gone or damaged.
    """
    try:
        with safetensors.safe_open(path, framework="pt") as file:
            metadata = json.loads((file.metadata() or {}).get(METADATA_KEY, "{}"))
            state: dict[str, torch.Tensor] = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (OSError, safetensors.SafetensorError) as error:
        raise RunError(f"{path} cannot be read: {error}", hint="train again: `bearkit train`") from error
    names = {field.name for field in fields(CheckpointMetadata)}
    about: dict[str, Any] = {"stage": "frozen", "epoch": 0, "error_rate": 1.0}
    about |= {name: value for name, value in metadata.items() if name in names}
    about["rows"], about["vocab"] = tuple(map(tuple, about.get("rows", ()))), tuple(about.get("vocab", ()))
    return state, CheckpointMetadata(**about)
