"""Read and write the files of an exported model folder.

model.onnx            for onnxruntime: images (batch, 3, size, size) -> calibrated logits (batch, C), and similarity
                      (batch,) to the training images
model.safetensors     the same weights under timm's names
config.json           timm's layout (architecture, num_classes, label_names, pretrained_cfg), and a part `bearkit`
golden.npz            two drawn images with the outputs that the exported model gave, to check that it still does
README.md             the model card
confusion_matrix.png  a figure for the card
thumbnails.npz        only if the user asked for it: small copies of the images in the memory bank of model.onnx
"""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from bearkit.core import swap
from bearkit.errors import ModelError, ModelNotFoundError
from bearkit.images import is_our_jpeg
from bearkit.images.preprocessing import Preprocessing
from bearkit.inference import model_files, onnx_check
from bearkit.inference.model_info import ModelInfo

FORMAT = 2  # format 1 has no similarity: it calls every image known
READABLE_FORMATS = (1, 2)
FILES = ("model.onnx", "model.safetensors", "config.json", "golden.npz", "README.md")
THUMBNAILS = "thumbnails.npz"
OPTIONAL = ("confusion_matrix.png", THUMBNAILS)
MAX_SIDE = 2048  # pixels of a model's input; memory grows with the square
MAX_GOLDEN = 64 * 2**20  # bytes of golden.npz, unpacked
MAX_THUMBNAILS = 512 * 2**20  # bytes of thumbnails.npz, unpacked


@dataclass(frozen=True)
class ModelConfig:
    """The content of config.json.

    Attributes:
        architecture: timm's name of the network.
        vocab: the labels in training order.
        preprocessing: of the network.
        info: bearkit's own part.
    """

    architecture: str
    vocab: list[str]
    preprocessing: Preprocessing
    info: ModelInfo


def write_config(folder: Path, config: ModelConfig, num_features: int, classifier: str = "classifier") -> None:
    """Write config.json in the layout that timm and transformers read.

    Args:
        folder: the model folder.
        config: its content.
        num_features: size of the features that the head takes.
        classifier: name of the head's layer in timm's network.
    """
    pretrained = config.preprocessing.as_timm() | {"num_classes": len(config.vocab), "classifier": classifier}
    content = {
        "architecture": config.architecture,
        "num_classes": len(config.vocab),
        "num_features": num_features,
        "label_names": config.vocab,
        "pretrained_cfg": pretrained,
        "bearkit": {"format": FORMAT, **config.info.as_dict()},
    }
    (folder / "config.json").write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def read_config(folder: Path) -> ModelConfig:
    """Read config.json.

    Raises:
        ModelNotFoundError: the folder is not a model folder.
        ModelError: the file is damaged, or its format is newer.
    """
    model_files.check(folder, ["config.json"])
    if not (folder / "config.json").is_file() and not swap.restore_folder(folder):
        raise ModelNotFoundError(
            f"{folder} is not a model folder: it has no config.json", hint="make one: `bearkit export`"
        )
    try:
        content = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        ours = content["bearkit"]
        if ours["format"] not in READABLE_FORMATS:
            raise ModelError(
                f"{folder} has format {ours['format']}; this bearkit reads format {FORMAT}",
                hint="upgrade bearkit: `pip install --upgrade bearkit`",
            )
        preprocessing = Preprocessing.from_timm(content["pretrained_cfg"])
        labels = list(content["label_names"])
        config = ModelConfig(content["architecture"], labels, preprocessing, ModelInfo.from_dict(ours))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise damaged(folder, f"config.json: {error!r}") from error
    if problem := _problem(config):
        raise damaged(folder, f"config.json: {problem}")
    return config


def _problem(config: ModelConfig) -> str:
    """Say which value of a configuration is impossible, or would fill the memory; an empty text if none is."""
    spec = config.preprocessing
    if not 1 <= spec.size <= MAX_SIDE:
        return f"an input of {spec.size} x {spec.size} pixels; the limit is {MAX_SIDE} x {MAX_SIDE}"
    if not 0.1 <= spec.crop_pct <= 2:
        return f"crop_pct {spec.crop_pct:g} is not between 0.1 and 2"
    if str(spec.interpolation).upper() not in Image.Resampling.__members__:
        return f"interpolation `{str(spec.interpolation)[:40]}` is not known"
    if len(spec.mean) != 3 or len(spec.std) != 3 or not all(map(math.isfinite, spec.mean + spec.std)) or 0 in spec.std:
        return "mean and std are not three numbers each"
    if not config.vocab or not all(isinstance(label, str) for label in config.vocab):
        return "label_names are not labels"
    return ""


def check(folder: Path) -> None:
    """Check all files of a model folder before any is run or copied: the folder may come from anyone.

    Raises:
        ModelError: one is not a regular file, is too large or a link out of the folder; or the network may run forever.
    """
    model_files.check(folder, (*FILES, *OPTIONAL))
    try:
        onnx_check.check(folder / "model.onnx")
    except (onnx_check.UnsafeGraphError, OSError) as error:
        raise damaged(folder, f"model.onnx: {error}") from error


def is_model(folder: Path) -> bool:
    """Return whether a folder is a model folder that this bearkit can read."""
    try:
        read_config(folder)
    except ModelError:
        return False
    return True


def damaged(folder: Path, what: str) -> ModelError:
    """Make the error for a model folder that is not as it was written."""
    return ModelError(f"the model in {folder} is damaged ({what})", hint="copy it again, or `bearkit export` it again")


def golden_pictures() -> np.ndarray:
    """Draw two images with colours, edges and texture, uint8 (2, 240, 320, 3); the same on every machine."""
    rows, columns = np.mgrid[0:240, 0:320]
    wave = (np.sin(columns / 9) * np.cos(rows / 14) * 60 + 128).astype(np.uint8)
    shade = (columns * 255 // 319).astype(np.uint8)
    pictures = []
    for channels, colour in (((wave, shade, 255 - shade), "yellow"), ((255 - wave, wave, shade), "navy")):
        image = Image.fromarray(np.dstack(channels))
        ImageDraw.Draw(image).ellipse((90, 50, 230, 190), fill=colour)
        pictures.append(np.asarray(image))
    return np.stack(pictures)


def write_golden(folder: Path, pictures: np.ndarray, logits: np.ndarray, similarity: np.ndarray | None) -> None:
    """Write images, uint8 (n, H, W, 3), with the logits that they must give, float32 (n, C), and similarities (n,)."""
    arrays = {"pictures": pictures, "logits": logits} | ({} if similarity is None else {"similarity": similarity})
    np.savez_compressed(folder / "golden.npz", **arrays)  # type: ignore[arg-type]  # it takes the arrays for `allow_pickle`


def read_golden(folder: Path) -> dict[str, np.ndarray]:
    """Read the golden images (`pictures`), their `logits`, and their `similarity` if the model has one.

    Raises:
        ModelError: they are missing or damaged.
    """
    model_files.check(folder, ["golden.npz"])
    try:
        arrays = model_files.read_arrays(folder / "golden.npz", MAX_GOLDEN)
        _ = arrays["pictures"], arrays["logits"]
        return arrays
    except Exception as error:  # numpy and zipfile raise anything on damaged bytes
        raise damaged(folder, f"golden.npz: {error}") from error


def write_thumbnails(folder: Path, pictures: Sequence[tuple[str, bytes]]) -> None:
    """Write (label, JPEG) of each training image in the memory bank, in its order."""
    sizes = np.array([len(data) for _, data in pictures])
    joined = np.frombuffer(b"".join(data for _, data in pictures), np.uint8)
    labels = np.array([label for label, _ in pictures])
    np.savez(folder / THUMBNAILS, labels=labels, sizes=sizes, data=joined)  # no objects, so no pickle


def read_thumbnails(folder: Path) -> list[tuple[str, bytes]]:
    """Read (label, JPEG) of each training image in the memory bank; an empty list if the folder has no thumbnails.

    Raises:
        ModelError: the file is damaged.
    """
    path = folder / THUMBNAILS
    if not path.exists():
        return []
    model_files.check(folder, [THUMBNAILS])
    try:
        file = model_files.read_arrays(path, MAX_THUMBNAILS)
        ends = np.cumsum(file["sizes"])
        data = file["data"].tobytes()
        ranges = zip(file["labels"].tolist(), (ends - file["sizes"]).tolist(), ends.tolist(), strict=True)
        thumbnails = [(str(label), data[start:end]) for label, start, end in ranges]
    except Exception as error:  # numpy and zipfile raise anything on damaged bytes
        raise damaged(folder, f"thumbnails.npz: {error}") from error
    if not all(is_our_jpeg(small) for _, small in thumbnails if small):
        raise damaged(folder, "thumbnails.npz: it holds something that is not a small JPEG")
    return thumbnails
