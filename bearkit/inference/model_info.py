"""The part `bearkit` of a model folder's config.json: the origin of the model, its error and its calibration."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Int8Result:
    """Outcome of an export with 8-bit weights.

    Attributes:
        kept: whether `model.onnx` has 8-bit weights; False if the model got worse with them.
        why: the reason if they are not kept.
        error_rate: of the model with 8-bit weights, on the validation images; None if it was not measured.
        float_error_rate: of the model with float weights, on the same images.
        valid_images: number of these images.
        bytes: size of the file with 8-bit weights.
        float_bytes: size of the file with float weights.
    """

    kept: bool
    why: str = ""
    error_rate: float | None = None
    float_error_rate: float | None = None
    valid_images: int | None = None
    bytes: int | None = None
    float_bytes: int | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON, without unknown ones."""
        return {"kept": self.kept} | {key: value for key, value in vars(self).items() if value not in (None, "")}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Int8Result":
        """Read what `as_dict` wrote; a value of another type counts as not known."""
        return cls(
            kept=values.get("kept") is True,
            why=_text(values, "why"),
            error_rate=_share(values.get("error_rate")),
            float_error_rate=_share(values.get("float_error_rate")),
            **{key: _count(values.get(key)) for key in ("valid_images", "bytes", "float_bytes")},
        )


@dataclass(frozen=True)
class ModelInfo:
    """Information about the model of a folder. Values that the folder does not have are None or empty.

    Attributes:
        version: of the bearkit that wrote the folder.
        body: name of the pretrained network.
        tuned: whether the body was fine-tuned.
        run: id of the training.
        stage: name of its checkpoint.
        seed: the seed that chose the validation images.
        checkpoint: first 12 hex digits of the sha256 of the weights that were exported.
        error_rate: on the validation images, 0 to 1.
        error_interval: its 95 % confidence interval.
        valid_images: number of validation images.
        temperature: the logits were divided by it; None if they are not calibrated.
        threshold: images with a similarity below it are unknown; None if the model calls no image unknown.
        warnings: sentences without a full stop.
        int8: outcome of the 8-bit export, if one was asked for.
    """

    version: str = ""
    body: str = ""
    tuned: bool = False
    run: str = ""
    stage: str = ""
    seed: int | None = None
    checkpoint: str = ""
    error_rate: float | None = None
    error_interval: tuple[float, float] | None = None
    valid_images: int | None = None
    temperature: float | None = None
    threshold: float | None = None
    warnings: tuple[str, ...] = ()
    int8: Int8Result | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for config.json; `int8` only if there is an outcome."""
        values = vars(self) | {"warnings": list(self.warnings)}
        values["error_interval"] = list(self.error_interval) if self.error_interval else None
        del values["int8"]
        return values | ({"int8": self.int8.as_dict()} if self.int8 else {})

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "ModelInfo":
        """Read the part `bearkit` of a config.json, of any version or author.

        Unknown keys are ignored. A value of a wrong type counts as unknown.

        Raises:
            ValueError: temperature or threshold are not finite numbers. Predictions depend on them.
        """
        int8, interval = values.get("int8"), values.get("error_interval")
        warnings = values.get("warnings")
        return cls(
            **{key: _text(values, key) for key in ("version", "body", "run", "stage", "checkpoint")},
            tuned=values.get("tuned") is True,
            seed=_count(values.get("seed")),
            error_rate=_share(values.get("error_rate")),
            error_interval=_interval(interval),
            valid_images=_count(values.get("valid_images")),
            temperature=_parameter(values, "temperature", positive=True),
            threshold=_parameter(values, "threshold"),
            warnings=tuple(map(str, warnings)) if isinstance(warnings, list) else (),
            int8=Int8Result.from_dict(int8) if isinstance(int8, Mapping) else None,
        )

    def logit_scale(self, logits: np.ndarray) -> float:
        """Return the size that tolerances of logits are relative to: the largest logit, at least 1 / temperature."""
        return max(1 / (self.temperature or 1.0), float(np.abs(logits).max()))


def _text(values: Mapping[str, Any], key: str) -> str:
    value = values.get(key)
    return value if isinstance(value, str) else ""


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _share(value: Any) -> float | None:
    """Return a number from 0 to 1, or None."""
    return value if _is_number(value) and 0 <= value <= 1 else None


def _count(value: Any) -> int | None:
    """Return a whole number from 0, or None."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _interval(value: Any) -> tuple[float, float] | None:
    """Return two shares, the lower one first, or None."""
    bounds = [_share(bound) for bound in value] if isinstance(value, list | tuple) else []
    if len(bounds) != 2 or bounds[0] is None or bounds[1] is None or bounds[0] > bounds[1]:
        return None
    return bounds[0], bounds[1]


def _parameter(values: Mapping[str, Any], key: str, positive: bool = False) -> float | None:
    """Return a number that predictions depend on, or None if it is missing; raise ValueError for anything else."""
    value = values.get(key)
    if value is not None and not (_is_number(value) and (value > 0 or not positive)):
        raise ValueError(f"{key} is not a {'positive ' if positive else ''}number")
    return value
