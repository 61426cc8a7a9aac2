"""Preflight: test a Space before it is pushed, and name the root cause if it does not work.

A Gradio Space is installed into a virtual environment and started. A static Space is checked for its files. In both,
the predictions for the golden images must be those of the export.
"""

import json
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from huggingface_hub import metadata_load
from PIL import Image

from bearkit.core.parallel import Progress, no_progress
from bearkit.core.paths import resolve_path
from bearkit.errors import BearkitError, PublishError
from bearkit.hub.sandbox import PROBABILITY_TOLERANCE, SandboxResult, run_in_sandbox
from bearkit.hub.web_runtime import FILES as RUNTIME
from bearkit.images.preprocessing import Preprocessing, preprocess
from bearkit.inference.session import session

STATIC = (
    "index.html", "app.js", "classifier.js", "preprocess.js", "style.css", "model.onnx", "model.json", *RUNTIME.values()
)  # fmt: skip


def preflight(folder: Path, progress: Progress = no_progress) -> dict[str, Any]:
    """Test the folder of a Space as the Hub would run it.

    Args:
        folder: the Space, written by `push_space(..., dry_run=folder)`.
        progress: called at each step.

    Returns:
        ok, seconds and problems; for a Gradio Space also start_seconds, memory_mb and install_mb (`SandboxResult`).

    Raises:
        PublishError: the folder is not a Space.
    """
    started = time.monotonic()
    front = _read_front(folder := resolve_path(folder, "the Space's folder", PublishError))
    problems = [*_problems_of_front(front, folder)]
    result = SandboxResult(problems)
    if front.get("sdk") == "gradio" and not problems:
        result = run_in_sandbox(folder, front, progress)
    elif front.get("sdk") == "static":
        problems += _problems_of_static(folder)
    return {"ok": not result.problems, "seconds": round(time.monotonic() - started, 1), **asdict(result)}


def _read_front(folder: Path) -> dict[str, Any]:
    """Read the front matter of a Space's README.

    Raises:
        PublishError: there is no README, or no valid front matter in it.
    """
    path = folder / "README.md"
    if not path.is_file():
        raise PublishError(
            f"{folder} is not a Space: it has no README.md",
            hint="write one with `bearkit space MODEL USER/NAME --sdk static --dry-run DIR`",
        )
    try:
        front = metadata_load(path)
    except (yaml.YAMLError, ValueError) as error:  # not YAML, not UTF-8, or no mapping
        raise PublishError(f"the front matter of {path} cannot be read: {error}", hint="correct its YAML") from error
    if front is None:
        raise PublishError(
            f"{path} has no front matter between --- and ---",
            hint="the front matter must name the sdk: gradio or static",
        )
    return front


def _problems_of_front(front: dict[str, Any], folder: Path) -> Iterator[str]:
    sdk = front.get("sdk")
    if sdk not in ("gradio", "static"):
        yield f"README.md: sdk is {sdk!r}, but must be gradio or static"
    app_file = front.get("app_file", "app.py" if sdk == "gradio" else "index.html")
    if not (folder / str(app_file)).is_file():
        yield f"README.md: app_file {app_file} is not in the folder"
    if sdk == "gradio" and not front.get("sdk_version"):
        yield "README.md: no sdk_version, so the Hub would use the newest Gradio"


def _problems_of_static(folder: Path) -> Iterator[str]:
    missing = [name for name in STATIC if not (folder / name).is_file()]
    if missing:
        yield f"missing: {', '.join(missing)}"
        return
    try:
        about = json.loads((folder / "model.json").read_text(encoding="utf-8"))
        preprocessing = Preprocessing.from_timm(about["preprocessing"])
        onnx_session = session(folder / "model.onnx", threads=1)
        for golden in about["golden"]:
            with Image.open(folder / golden["picture"]) as image:
                inputs = preprocess(image.convert("RGB"), preprocessing)[None]
            (logits,) = onnx_session.run(["logits"], {"input": inputs})[0]
            off = float(np.abs(logits - golden["logits"]).max())
            if not off <= PROBABILITY_TOLERANCE * about["scale"]:
                yield f"{golden['picture']}: the model predicts otherwise than at its export (off by {off:.2g})"
        if missing := [name for name in about["examples"] if not (folder / name).is_file()]:
            yield f"missing: {', '.join(missing)}"
    except BearkitError as error:
        yield str(error)
    except Exception as error:  # json, onnxruntime and Pillow raise many kinds for damaged files
        yield f"the model cannot be used: {error}"
