"""Write the files of a model folder from the inputs of an export."""

from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np
import safetensors.torch
import torch
from PIL import Image
from torch import nn

from bearkit.catalog.statistics import curation_stats
from bearkit.core.parallel import ordered_map
from bearkit.errors import ImageError, ModelError
from bearkit.evaluation import figures, metrics
from bearkit.evaluation.figure_text import unwritable_labels
from bearkit.evaluation.figures import MAX_NAMED_LABELS
from bearkit.evaluation.ood import OODDetector
from bearkit.export import model_card
from bearkit.export.inputs import ExportInputs, RunFeatures
from bearkit.export.measurements import Measurements, measure
from bearkit.export.onnx_graph import write_onnx
from bearkit.export.quantize import quantize_model
from bearkit.images import decode, read_verified, small_jpeg
from bearkit.images.preprocessing import preprocess
from bearkit.inference import model_folder
from bearkit.inference.model_folder import ModelConfig
from bearkit.inference.model_info import Int8Result, ModelInfo
from bearkit.inference.session import session

THUMBNAIL_SIDE = 128  # pixels of a thumbnail's longer side


@dataclass(frozen=True)
class ExportOptions:
    """The options of an export.

    Attributes:
        thumbnails: add small copies of training images, to show those most like a new image.
        int8: store the weights of `model.onnx` as 8-bit integers, if the model is no worse with them.
    """

    thumbnails: bool = False
    int8: bool = False


def write_model_folder(inputs: ExportInputs, folder: Path, options: ExportOptions) -> None:
    """Write all files of a model folder into an empty folder.

    Raises:
        ModelError: the body's classifier is not one linear layer.
        BodyError: the body's weights are not here.
    """
    preprocessing, vocab = inputs.body.preprocessing, inputs.vocab
    valid = inputs.predictions.only("valid") if inputs.are_predictions_of_stage else None
    measured = measure(inputs.features, inputs.weight.numpy(), inputs.bias.numpy(), valid)
    weight, bias = inputs.weight / measured.temperature, inputs.bias / measured.temperature

    onnx_file = folder / "model.onnx"
    write_onnx(inputs.body.onnx(inputs.project), weight.numpy(), bias.numpy(), measured.detector, onnx_file)
    int8 = quantize_model(inputs.project, onnx_file, preprocessing, inputs.features, measured) if options.int8 else None

    network = inputs.body.network()
    classifier = _set_classifier(network, weight, bias)
    tensors = safetensors.torch.save(network.state_dict(), metadata={"format": "pt"})
    (folder / "model.safetensors").write_bytes(tensors)  # `save_file` would make it readable by its owner alone

    pictures = model_folder.golden_pictures()
    pixels = np.stack([preprocess(Image.fromarray(picture), preprocessing) for picture in pictures])
    if int8 and int8.kept:  # its own outputs, since torch has the float weights
        outputs = _onnx_outputs(onnx_file, pixels, measured.detector is not None)
    else:
        outputs = _torch_outputs(network, pixels, measured.detector)
    model_folder.write_golden(folder, pictures, *outputs)

    config = ModelConfig(inputs.body.architecture, vocab, preprocessing, _model_info(inputs, measured, int8))
    model_folder.write_config(folder, config, num_features=weight.shape[1], classifier=classifier)
    if options.thumbnails:
        thumbnails = _thumbnails(inputs, measured.detector)
        model_folder.write_thumbnails(folder, thumbnails)
    _write_card(inputs, config, folder)


def _model_info(inputs: ExportInputs, measured: Measurements, int8: Int8Result | None) -> ModelInfo:
    return ModelInfo(
        version=version("bearkit"),
        body=inputs.body.name,
        tuned=inputs.body.tuned,
        run=inputs.run.id,
        stage=inputs.stage,
        seed=inputs.seed,
        checkpoint=inputs.checkpoint,
        error_rate=inputs.error_rate,
        error_interval=inputs.error_interval,
        valid_images=inputs.valid_images,
        temperature=measured.temperature,
        threshold=measured.threshold,
        warnings=measured.warnings,
        int8=int8,
    )


def _write_card(inputs: ExportInputs, config: ModelConfig, folder: Path) -> None:
    """Write the model card, and the confusion matrix where the predictions are these weights' own."""
    vocab, confused = config.vocab, []
    if inputs.are_predictions_of_stage:
        valid = inputs.predictions.only("valid")
        matrix = metrics.confusion_matrix(valid.probs, valid.targets)
        figures.confusion_matrix(matrix, vocab).savefig(folder / "confusion_matrix.png", dpi=120)
        if len(vocab) > MAX_NAMED_LABELS:  # the figure does not name them
            confused = [(vocab[given], vocab[predicted], n) for given, predicted, n in metrics.most_confused(matrix)]
    facts = model_card.Facts(
        counts=inputs.counts,
        has_matrix=inputs.are_predictions_of_stage,
        cleaned=curation_stats(inputs.catalog, inputs.labels, inputs.started_at),
        confused=confused,
        numbered=unwritable_labels(vocab) if len(vocab) <= MAX_NAMED_LABELS else {},
    )
    (folder / "README.md").write_text(model_card.model_card(config, facts), encoding="utf-8")


def _thumbnails(inputs: ExportInputs, detector: OODDetector | None) -> list[tuple[str, bytes]]:
    """Make a thumbnail of each image in the memory bank.

    Returns:
        (label, small JPEG) in the order of the bank. The JPEG is empty if the file is missing, or if the same image is
        in the bank earlier.
    """
    features: RunFeatures = inputs.features
    rows = detector.rows.tolist() if detector else []

    def thumbnail(place: int) -> tuple[str, bytes]:
        row = rows[place]
        image, label = features.train[row], inputs.vocab[features.targets[0][row]]
        if rows.index(row) < place:
            return label, b""
        try:
            data = read_verified(inputs.project.picture(image.path), image.image_id)
            return label, small_jpeg(decode(data, at_least=THUMBNAIL_SIDE).image, THUMBNAIL_SIDE)
        except ImageError:
            return label, b""

    return list(ordered_map(thumbnail, range(len(rows))))


def _set_classifier(network: nn.Module, weight: torch.Tensor, bias: torch.Tensor) -> str:
    """Make the head the classifier of a timm network, in place. Returns the classifier's name.

    Raises:
        ModelError: the classifier of this architecture is not one linear layer on the features.
    """
    network.reset_classifier(len(bias))  # type: ignore[operator]
    classifier = network.get_classifier()  # type: ignore[operator]
    if not isinstance(classifier, nn.Linear) or classifier.weight.shape != weight.shape:
        raise ModelError("this body's classifier is not one linear layer", hint="train with another body")
    classifier.load_state_dict({"weight": weight, "bias": bias})
    names: list[str] = [name for name, module in network.named_modules() if module is classifier]
    return names[0]


@torch.no_grad()
def _torch_outputs(
    network: nn.Module, pixels: np.ndarray, detector: OODDetector | None
) -> tuple[np.ndarray, np.ndarray | None]:
    """Compute logits (n, C) and similarities (n,), None without a detector, with torch."""
    maps: torch.Tensor = network.forward_features(torch.from_numpy(pixels))  # type: ignore[operator]
    logits: torch.Tensor = network.forward_head(maps)  # type: ignore[operator]
    if detector is None:
        return logits.numpy(), None
    pooled: torch.Tensor = network.forward_head(maps, pre_logits=True)  # type: ignore[operator]
    return logits.numpy(), detector.similarity(pooled.numpy())


def _onnx_outputs(model: Path, pixels: np.ndarray, has_similarity: bool) -> tuple[np.ndarray, np.ndarray | None]:
    """Compute logits (n, C) and similarities (n,), None if the model has none, with onnxruntime."""
    names = ["logits", "similarity"] if has_similarity else ["logits"]
    logits, *similarity = session(model, threads=1).run(names, {"input": pixels})
    return logits, similarity[0] if similarity else None
