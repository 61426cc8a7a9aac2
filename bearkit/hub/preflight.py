"""Preflight: does a Space work? Before it is pushed, and with the root cause where it does not.

A Gradio Space is installed into an environment of its own, started, and asked about the golden pictures. A static one
is looked through, and its model asked the same.
"""

import json
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from PIL import Image

from bearkit.core.parallel import Progress, no_progress
from bearkit.core.paths import located
from bearkit.errors import BearkitError, PublishError
from bearkit.hub.front_matter import front_matter
from bearkit.hub.sandbox import PROBABILITY_TOLERANCE, SandboxResult, tried
from bearkit.hub.web_runtime import FILES as RUNTIME
from bearkit.images.preprocessing import Preprocessing, preprocess
from bearkit.inference.session import session

STATIC = (
    "index.html", "app.js", "classifier.js", "preprocess.js", "style.css", "model.onnx", "model.json", *RUNTIME.values()
)  # fmt: skip


def preflight(folder: Path, progress: Progress = no_progress) -> dict[str, Any]:
    """Try a Space's folder out, as the Hub would.

    Returns:
        ok, seconds and problems; for a Gradio Space also start_seconds, memory_mb and install_mb (`SandboxResult`).

    Raises:
        PublishError: the folder is no Space.
    """
    clock = time.monotonic()
    front = _front(folder := located(folder, "the Space's folder", PublishError))
    problems = [*_problems_of_front(front, folder)]
    found = SandboxResult(problems)
    if front.get("sdk") == "gradio" and not problems:
        found = tried(folder, front, progress)
    elif front.get("sdk") == "static":
        problems += _problems_of_static(folder)
    return {"ok": not found.problems, "seconds": round(time.monotonic() - clock, 1), **asdict(found)}


def _front(folder: Path) -> dict[str, Any]:
    path = folder / "README.md"
    if not path.is_file():
        raise PublishError(
            f"{folder} is no Space: it has no README.md", hint="`bearkit space MODEL USER/NAME --dry-run DIR`"
        )
    try:
        front = front_matter(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise PublishError(f"the front matter of {path} cannot be read: {error}", hint="mend it") from error
    if front is None:
        raise PublishError(f"{path} has no front matter between --- and ---", hint="it says what kind of Space it is")
    return front


def _problems_of_front(front: dict[str, Any], folder: Path) -> Iterator[str]:
    sdk = front.get("sdk")
    if sdk not in ("gradio", "static"):
        yield f"README.md: sdk is {sdk!r}, not gradio or static"
    start = front.get("app_file", "app.py" if sdk == "gradio" else "index.html")
    if not (folder / str(start)).is_file():
        yield f"README.md: app_file {start} is not in the folder"
    if sdk == "gradio" and not front.get("sdk_version"):
        yield "README.md: no sdk_version, so the Hub would take its newest Gradio"


def _problems_of_static(folder: Path) -> Iterator[str]:
    missing = [name for name in STATIC if not (folder / name).is_file()]
    if missing:
        yield f"missing: {', '.join(missing)}"
        return
    try:
        about = json.loads((folder / "model.json").read_text(encoding="utf-8"))
        how = Preprocessing.from_timm(about["preprocessing"])
        running = session(folder / "model.onnx", threads=1)
        for golden in about["golden"]:
            with Image.open(folder / golden["picture"]) as picture:
                (logits,) = running.run(["logits"], {"input": preprocess(picture.convert("RGB"), how)[None]})[0]
            off = float(np.abs(logits - golden["logits"]).max())
            if not off <= PROBABILITY_TOLERANCE * about["scale"]:
                yield f"{golden['picture']}: the model gives other answers than when it was exported (off by {off:.2g})"
        if gone := [name for name in about["examples"] if not (folder / name).is_file()]:
            yield f"missing: {', '.join(gone)}"
    except BearkitError as error:
        yield str(error)
    except Exception as error:  # whatever damaged files make json, onnxruntime or Pillow say
        yield f"the model cannot be used: {error}"
