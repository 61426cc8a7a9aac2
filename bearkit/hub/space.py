"""Write a Space for a model as a folder: a Gradio app without torch, or a page that runs in the visitor's browser."""

import json
import shutil
import sys
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, distribution, version
from pathlib import Path
from typing import Any

import yaml
from PIL import Image

from bearkit.core.text import error_rate_sentence
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
PINNED = ("gradio", "numpy", "onnxruntime", "pillow")  # the Gradio app needs them in the versions installed here
OPTIONAL = ("pillow-heif",)  # for HEIC photos
README = """---
{front}---
# {title}

{what}

{how}
"""
ON_SERVER = """\
The app runs the files in `model/` with onnxruntime; it needs no torch. `bearkit/` holds the code with which bearkit
itself predicts (Apache-2.0). Visitors' pictures are deleted after about ten minutes."""
IN_BROWSER = f"""\
The model runs in the visitor's browser (onnxruntime-web {VERSION}, MIT licence, by Microsoft). Pictures never leave the
browser, and the page loads nothing from other sites."""
WHAT = """\
A classifier for {labels} ({error})."""


def write_space(
    model: Path, folder: Path, sdk: str, name: str = "", license: str | None = None, examples: Sequence[Path] = (),
    thumbnails: bool = False,
) -> None:  # fmt: skip
    """Write a Space into an empty folder.

    Args:
        model: a model folder.
        folder: an empty or new folder.
        sdk: gradio or static.
        name: the title; by default the labels.
        license: the licence's id on the Hub, e.g. apache-2.0.
        examples: public images for visitors to try.
        thumbnails: let a Gradio app show the training images most similar to a visitor's, if the model has thumbnails.

    Raises:
        ModelError: the model is broken.
        ImageError: an example is not an image.
        PublishError: the browser's runtime of a static Space cannot be downloaded.
    """
    predictor = Predictor(model)
    folder.mkdir(parents=True, exist_ok=True)
    names = write_examples(examples, folder / "examples")
    front: dict[str, Any] = {
        "title": name or model_card.title(predictor.vocab), "emoji": "🐻", "colorFrom": "green", "colorTo": "yellow",
        "sdk": sdk, "pinned": False, "tags": ["bearkit"], "short_description": "Drop a picture to classify it",
    }  # fmt: skip
    if license:
        front["license"] = license.lower()
    if sdk == "gradio":
        front |= {"sdk_version": version("gradio"), "python_version": ".".join(map(str, sys.version_info[:2]))}
        front |= {"app_file": "app.py"}
        _write_gradio(model, folder, thumbnails)
    else:
        front |= {"app_file": "index.html"}
        _write_static(predictor, folder, names)
    error = error_rate_sentence(predictor.config.info.as_dict())
    labels = ", ".join(f"`{label}`" for label in predictor.vocab)
    description = WHAT.format(labels=labels, error=error)
    text = README.format(
        front=yaml.safe_dump(front, sort_keys=False, allow_unicode=True), title=front["title"], what=description,
        how=ON_SERVER if sdk == "gradio" else IN_BROWSER,
    )  # fmt: skip
    (folder / "README.md").write_text(text, encoding="utf-8")


def _write_gradio(model: Path, folder: Path, thumbnails: bool) -> None:
    """Write the Gradio app with the modules of bearkit that it imports, the model, and pinned requirements."""
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
    (folder / "requirements.txt").write_text(
        f"# the packages that the app imports, in the versions it was tested with\n{pins}"
    )


def _is_installed(package: str) -> bool:
    try:
        return bool(version(package))
    except PackageNotFoundError:
        return False


def _write_static(predictor: Predictor, folder: Path, examples: Sequence[str]) -> None:
    """Write the page with onnxruntime-web, the model, its golden images, and model.json."""
    for name in PAGE:
        shutil.copyfile(SPACES / "static" / name, folder / name)
    for name, path in web_runtime().items():
        shutil.copyfile(path, folder / name)
    shutil.copyfile(predictor.folder / "model.onnx", folder / "model.onnx")
    golden = model_folder.read_golden(predictor.folder)
    for number, image in enumerate(golden["pictures"]):
        Image.fromarray(image).save(folder / f"golden-{number}.png")
    config, info = predictor.config, predictor.config.info
    description = {
        "labels": config.vocab,
        "preprocessing": config.preprocessing.as_timm(),
        "threshold": predictor.threshold,
        "error_rate": info.error_rate,
        "error_interval": info.error_interval,
        "valid_images": info.valid_images,
        "scale": info.logit_scale(golden["logits"]),
        "golden": [{"picture": f"golden-{n}.png", "logits": row.tolist()} for n, row in enumerate(golden["logits"])],
        "examples": [f"examples/{name}" for name in examples],
    }
    (folder / "model.json").write_text(json.dumps(description, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
