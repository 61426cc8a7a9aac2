"""A Space for a model, as a folder: a Gradio app without torch, or a page that computes in the visitor's browser."""

import json
import shutil
import sys
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, distribution, version
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from PIL import Image

from bearkit.export import model_card
from bearkit.hub import vendored_modules
from bearkit.hub.examples import write_examples
from bearkit.hub.web_runtime import VERSION, web_runtime
from bearkit.inference import model_folder
from bearkit.inference.predictor import Predictor

SDKS = ("gradio", "static")
SPACES = next(  # in an installed bearkit, and in a checkout
    folder for folder in (vendored_modules.ROOT / "_spaces", vendored_modules.ROOT.parent / "spaces") if folder.is_dir()
)
PAGE = ("index.html", "style.css", "app.js", "classifier.js", "preprocess.js")
PINNED = ("gradio", "numpy", "onnxruntime", "pillow")  # what the Gradio app imports; the versions that run it here
OPTIONAL = ("pillow-heif",)  # for HEIC photos; the app works without it
README = """---
{front}---
# {title}

{what}

{how}
"""
ON_SERVER = """\
The app needs no torch: it computes with onnxruntime, from the files in `model/`, and with the very code that bearkit
predicts with (in `bearkit/`, Apache-2.0). Visitors' pictures are deleted after some ten minutes."""
IN_BROWSER = f"""\
The model runs in the visitor's browser (onnxruntime-web {VERSION}, MIT, by Microsoft): pictures never leave it, and the
page fetches nothing from anywhere else."""
WHAT = """\
Tells {labels} apart. Of {n} validation pictures {rate:.1%} were wrong (with 95 % confidence between {low:.1%} and
{high:.1%})."""


def write_space(
    model: Path, folder: Path, sdk: str, name: str = "", license: str | None = None, examples: Sequence[Path] = (),
    thumbnails: bool = False,
) -> None:  # fmt: skip
    """Write a Space into an empty folder.

    Args:
        model: a model folder.
        folder: where to.
        sdk: gradio or static.
        name: for its title; the labels if left out.
        license: the Hub's word for one.
        examples: pictures that everybody may see.
        thumbnails: whether a Gradio app may show the training pictures most like a new one, if the model carries them.

    Raises:
        ModelError: the model is broken; ImageError: an example is no picture.
        PublishError: the browser's runtime cannot be had.
    """
    predictor = Predictor(model)
    folder.mkdir(parents=True, exist_ok=True)
    names = write_examples(examples, folder / "examples")
    front: dict[str, Any] = {
        "title": name or model_card.title(predictor.vocab), "emoji": "🐻", "colorFrom": "green", "colorTo": "yellow",
        "sdk": sdk, "pinned": False, "tags": ["bearkit"], "short_description": "Drop a picture, see what it is",
    }  # fmt: skip
    if license:
        front["license"] = license.lower()
    if sdk == "gradio":
        front |= {"sdk_version": version("gradio"), "python_version": ".".join(map(str, sys.version_info[:2]))}
        front |= {"app_file": "app.py"}
        _gradio(model, folder, thumbnails)
    else:
        front |= {"app_file": "index.html"}
        _static(predictor, folder, names)
    about = predictor.config.about
    low, high = about["error_interval"]
    labels = ", ".join(f"`{label}`" for label in predictor.vocab)
    what = WHAT.format(labels=labels, n=about["valid_images"], rate=about["error_rate"], low=low, high=high)
    text = README.format(
        front=yaml.safe_dump(front, sort_keys=False, allow_unicode=True), title=front["title"], what=what,
        how=ON_SERVER if sdk == "gradio" else IN_BROWSER,
    )  # fmt: skip
    (folder / "README.md").write_text(text, encoding="utf-8")


def _gradio(model: Path, folder: Path, thumbnails: bool) -> None:
    source = SPACES / "gradio" / "app.py"
    shutil.copyfile(source, folder / "app.py")
    for path in vendored_modules.vendored_modules(source.read_text(encoding="utf-8")):
        target = folder / vendored_modules.ROOT.name / path
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(vendored_modules.ROOT / path, target)
    shutil.copyfile(
        vendored_modules.ROOT / "web" / "page.css", folder / vendored_modules.ROOT.name / "web" / "page.css"
    )
    if license := distribution(vendored_modules.ROOT.name).read_text("licenses/LICENSE"):
        (folder / vendored_modules.ROOT.name / "LICENSE").write_text(license, encoding="utf-8")
    (folder / "model").mkdir()
    for name in ("model.onnx", "config.json", "golden.npz", *([model_folder.THUMBNAILS] if thumbnails else [])):
        if (model / name).is_file():
            shutil.copyfile(model / name, folder / "model" / name)
    pins = "".join(f"{package}=={version(package)}\n" for package in (*PINNED, *filter(_is_installed, OPTIONAL)))
    (folder / "requirements.txt").write_text(f"# what the app imports, in the versions it was tested with\n{pins}")


def _is_installed(package: str) -> bool:
    try:
        return bool(version(package))
    except PackageNotFoundError:
        return False


def _static(predictor: Predictor, folder: Path, examples: Sequence[str]) -> None:
    for name in PAGE:
        shutil.copyfile(SPACES / "static" / name, folder / name)
    for name, path in web_runtime().items():
        shutil.copyfile(path, folder / name)
    shutil.copyfile(predictor.folder / "model.onnx", folder / "model.onnx")
    golden = model_folder.read_golden(predictor.folder)
    for number, picture in enumerate(golden["pictures"]):
        Image.fromarray(picture).save(folder / f"golden-{number}.png")
    config, about = predictor.config, predictor.config.about
    what = {
        "labels": config.vocab,
        "preprocessing": config.preprocessing.as_timm(),
        "threshold": predictor.threshold,
        "error_rate": about["error_rate"],
        "error_interval": about["error_interval"],
        "valid_images": about["valid_images"],
        "scale": max(1 / float(about.get("temperature", 1.0)), float(np.abs(golden["logits"]).max())),
        "golden": [{"picture": f"golden-{n}.png", "logits": row.tolist()} for n, row in enumerate(golden["logits"])],
        "examples": [f"examples/{name}" for name in examples],
    }
    (folder / "model.json").write_text(json.dumps(what, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
