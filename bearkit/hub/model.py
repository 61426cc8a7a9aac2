"""Prepare a model folder for the Hub: complete its card, and add example images for the Hub's widget."""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from huggingface_hub import EvalResult, ModelCard, ModelCardData

from bearkit.export import model_card
from bearkit.hub.client import HUB
from bearkit.hub.examples import write_examples
from bearkit.inference import model_folder
from bearkit.inference.model_info import ModelInfo
from bearkit.inference.predictor import Predictor


def write_model(
    model: Path, folder: Path, repo: str, license: str | None = None, examples: Sequence[Path] = (),
    thumbnails: bool = False,
) -> None:  # fmt: skip
    """Copy a model folder, and complete its card with what the Hub shows. Text that people added to the card stays.

    Args:
        model: the model folder.
        folder: where to write.
        repo: USER/NAME on the Hub.
        license: the licence's id on the Hub, e.g. apache-2.0.
        examples: public images for the Hub's widget.
        thumbnails: copy the small training images too, if the model has them.

    Raises:
        ModelError: the model is broken.
        ImageError: an example is not an image.
    """
    predictor = Predictor(model)  # checks its golden pictures
    folder.mkdir(parents=True, exist_ok=True)
    for name in (*model_folder.FILES, *model_folder.OPTIONAL):
        if (model / name).is_file() and (thumbnails or name != model_folder.THUMBNAILS):
            shutil.copyfile(model / name, folder / name)
    names = write_examples(examples, folder / "examples")
    text = model_card.for_hub((folder / "README.md").read_text(encoding="utf-8"), repo)
    text = text.replace(model_card.THUMBNAILS, "")
    text += model_card.THUMBNAILS if (folder / model_folder.THUMBNAILS).exists() else ""
    readme = ModelCard(text, ignore_metadata_errors=True)
    old: dict[str, Any] = readme.data.to_dict()  # type: ignore[no-untyped-call]
    data = ModelCardData(**old | {"model_name": repo.rpartition("/")[2]})
    data.license = license.lower() if license else data.license
    if accuracy := _accuracy(predictor.config.info):
        data.eval_results = [accuracy]
    if names:
        url = f"{HUB}/{repo}/resolve/main/examples"
        data["widget"] = [{"src": f"{url}/{name}", "example_title": Path(name).stem} for name in names]
    readme.data = data
    readme.save(folder / "README.md")


def _accuracy(info: ModelInfo) -> EvalResult | None:
    """Return the accuracy on the validation images for the card's metadata; None if the folder does not have it."""
    if info.error_rate is None or not info.valid_images:
        return None
    name = "Accuracy"
    if info.error_interval:
        high, low = (1 - error for error in info.error_interval)
        name += f" (95 % interval {low:.3f} to {high:.3f})"
    return EvalResult(
        task_type="image-classification", dataset_type="imagefolder", dataset_split="validation",
        dataset_name=f"{info.valid_images} validation pictures", metric_type="accuracy",
        metric_value=round(1 - info.error_rate, 4), metric_name=name,
    )  # fmt: skip
