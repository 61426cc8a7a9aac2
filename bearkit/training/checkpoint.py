"""Saved weights: a trained head, or a body and a head, with what is known of them. Safetensors, so no code in it."""

import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
import torch

from bearkit.core.project import whole
from bearkit.errors import RunError
from bearkit.training.head import StateDict

ABOUT = "bearkit"  # the name of our part of the file's metadata


@dataclass(frozen=True)
class CheckpointMetadata:
    """What is known of saved weights.

    Attributes:
        stage: frozen or unfrozen.
        epoch: the last one that they learnt in.
        error_rate: on the validation pictures, after that epoch.
        size: of the pictures that the model is for, in pixels; 0 for the body's own.
        seconds: that the stage has taken so far.
        weights: which ones the body had, where it is not in here.
        vocab: the labels that the head was trained for, in its order.
        rows: of the table of epochs so far; only where a training goes on from here.
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
    """Save tensors; the file appears whole."""
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in state.items()}
    with whole(path) as part:
        part.write_bytes(safetensors.torch.save(tensors, {ABOUT: json.dumps(asdict(about))}))


def read(path: Path) -> tuple[StateDict, CheckpointMetadata]:
    """The tensors and what is known of them.

    Raises:
        RunError: the file is gone or damaged.
    """
    try:
        with safetensors.safe_open(path, framework="pt") as file:
            metadata = json.loads((file.metadata() or {}).get(ABOUT, "{}"))
            state: dict[str, torch.Tensor] = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (OSError, safetensors.SafetensorError) as error:
        raise RunError(f"{path} cannot be read: {error}", hint="train again: `bearkit train`") from error
    known: dict[str, Any] = {
        field.name: metadata[field.name] for field in fields(CheckpointMetadata) if field.name in metadata
    }
    known["rows"], known["vocab"] = tuple(map(tuple, known.get("rows", ()))), tuple(known.get("vocab", ()))
    about: dict[str, Any] = {"stage": "frozen", "epoch": 0, "error_rate": 1.0, **known}
    return state, CheckpointMetadata(**about)
