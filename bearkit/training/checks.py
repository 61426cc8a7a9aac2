"""Look at a training: predictions for a split, a description of the network, images as the training sees them."""

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import torch

from bearkit.bodies.features import Features, read_image
from bearkit.bodies.weights import RANDOM
from bearkit.catalog.catalog import Catalog
from bearkit.core.project import Project
from bearkit.datasets import dataset
from bearkit.datasets.dataset import Dataset
from bearkit.errors import DatasetError
from bearkit.evaluation import figures
from bearkit.images.preprocessing import center_crop
from bearkit.training import augment
from bearkit.training.config import TrainConfig
from bearkit.training.head import head_from, predict_logits
from bearkit.training.loop import loss_and_error
from bearkit.training.network import layer_groups
from bearkit.training.warm_start import LoadedStage, check_labels, starting_point

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def split_logits(stage: LoadedStage, data: Dataset, features: Features, split: str) -> tuple[np.ndarray, np.ndarray]:
    """The predictions of a trained stage for one split.

    Args:
        stage: a stage with a head.
        data: the data set of N images.
        features: of its images by the stage's body, float32 (N, V, D).
        split: train, valid or test.

    Returns:
        Logits, float32 (n, C), and targets, int64 (n,).

    Raises:
        DatasetError: the split has no images.
        RunError: the labels have changed since the stage was trained.
    """
    check_labels(stage.about, data)
    rows = data.indices(split)
    if not len(rows):
        raise DatasetError(f"there are no {split} images", hint="the splits are train, valid and test")
    assert stage.head is not None
    return predict_logits(head_from(stage.head, 0), features.values[rows, 0]), data.targets[rows]


def loss_and_error_of(logits: np.ndarray, targets: np.ndarray, label_smoothing: float) -> tuple[float, float]:
    """Compute the mean cross-entropy in nats, and 1 - accuracy, of logits (N, C) and targets (N,)."""
    return loss_and_error(torch.from_numpy(logits), torch.from_numpy(targets), label_smoothing)


def summary(project: Project, config: TrainConfig, frozen: bool) -> str:
    """Describe the network: body, head, number of parameters, and which layer groups learn.

    Args:
        project: the project with the images.
        config: what the next training begins with.
        frozen: whether the head alone learns.

    Raises:
        DatasetError: the images cannot be trained on.
        BodyError: the body's weights are not here.
    """
    stage = starting_point(project, config)
    vocab = dataset.load(Catalog(project), config.seed).vocab
    network = stage.body.network()
    sizes = {name: parameter.numel() for name, parameter in network.named_parameters()}
    n_features = len(stage.head["mean"]) if stage.head else _n_features(network, stage.body.preprocessing.size)
    counts = [sum(sizes[name] for name in names) for names in layer_groups(network)]
    counts.append((n_features + 1) * len(vocab))
    n_learning = 1 if frozen else (config.unfreeze_groups or len(counts))
    state = "fine-tuned" if stage.tuned else "random weights" if config.weights == RANDOM else "pretrained"
    lines = [
        f"body: {stage.body.name}, {stage.body.preprocessing.size} px, {sum(counts[:-1]):,} parameters, {state}",
        f"head: {n_features} features -> {len(vocab)} labels, {counts[-1]:,} parameters, "
        + ("trained" if stage.head else "new"),
        f"learns: {sum(counts[-n_learning:]):,} of {sum(counts):,} parameters",
        "layer groups:",
    ]
    for number, count in enumerate(counts, start=1):
        name = "head" if number == len(counts) else "body"
        learns = "learns" if number > len(counts) - n_learning else "frozen"
        lines.append(f"  {number:>3}  {name}  {count:>12,}  {learns}")
    return "\n".join(lines)


@torch.no_grad()
def _n_features(network: torch.nn.Module, size: int) -> int:
    return int(network(torch.zeros(1, 3, size, size)).shape[1])


def batch_figure(project: Project, config: TrainConfig, frozen: bool, n: int) -> "Figure":
    """Draw `n` random training images with their labels.

    Args:
        project: the project with the images.
        config: its `augment` names the random changes; the last of its `sizes` is used, or the body's own size.
        frozen: whether the head alone learns: then nothing is changed at random.
        n: number of images; all training images if there are fewer.

    Raises:
        DatasetError: the images cannot be trained on.
        ImageError: an image is gone or damaged.
    """
    data, how = dataset.load(Catalog(project), config.seed), starting_point(project, config).body.preprocessing
    train = data.indices("train")
    rows = np.random.default_rng().choice(train, min(n, len(train)), replace=False)
    kind, sizes = ("none", ()) if frozen else (config.augment, config.sizes)
    how = replace(how, size=(sizes or (how.size,))[-1])
    square = replace(how, size=how.shorter_side, crop_pct=1.0)
    images = [data.images[row] for row in rows]
    pictures = [read_image(project.picture(image.path), image.image_id, how) for image in images]
    squares = np.stack([np.asarray(center_crop(picture, square)) for picture in pictures])
    seed = int(np.random.default_rng().integers(2**31))
    shown = augment.examples(squares, kind, how.size, how.crop_pct, seed)
    return figures.image_grid(list(shown), [image.label for image in images])
