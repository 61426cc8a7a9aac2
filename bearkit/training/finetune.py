"""Fine-tuning: prepare the whole network to learn from pixels, or its last layer groups from cached feature maps."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import nn

from bearkit.bodies.array_cache import CachedRows
from bearkit.bodies.features import extract_with_onnx, feature_cache
from bearkit.bodies.onnx_convert import get_or_convert
from bearkit.bodies.pixel_cache import load_pixels
from bearkit.bodies.registry import Body
from bearkit.core.parallel import Progress
from bearkit.core.project import Project
from bearkit.datasets.dataset import Dataset
from bearkit.errors import BodyError, RunError
from bearkit.images.preprocessing import Preprocessing
from bearkit.training import augment, precision
from bearkit.training.config import TrainConfig
from bearkit.training.loop import Batch, TrainSetup, loss_and_error
from bearkit.training.network import Network, cut, layer_groups, lr_factors
from bearkit.training.optimizer import AdamW, Group
from bearkit.training.sampling import epoch_order, epoch_size

# (rows of the data set, position of the training in [0, 1], whether to augment) -> a batch of inputs
Inputs = Callable[[Sequence[int], float, bool], torch.Tensor]


def build_finetune_setup(
    project: Project, data: Dataset, body: Body, network: Network, config: TrainConfig, progress: Progress
) -> TrainSetup:
    """Prepare a network, or its last layer groups, for training.

    Args:
        project: the project that the images belong to.
        data: the training and validation images, with their labels.
        body: the body that the network was made from.
        network: the network; its weights are changed in place.
        config: see `TrainConfig`. The learning rates are `lr_unfrozen`; the schedule gives the second, highest one.
        progress: called while images are decoded, or go through the frozen part.

    Raises:
        BodyError: the body cannot be cut at those layer groups.
        RunError: an image can no longer be read.
    """
    chosen = precision.choose(config.precision)
    if 0 < config.unfreeze_groups <= len(layer_groups(network.body)):
        model, inputs = _upper_part(project, data, body, network, config, progress)
    else:
        model, inputs = network, _from_pixels(project, data, body.preprocessing, config, progress)
    model.to(chosen.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    targets = torch.from_numpy(data.targets)
    train, valid = (torch.from_numpy(data.indices(split)) for split in ("train", "valid"))

    def batches(position: float) -> Iterator[Batch]:
        """Yield each training image once, in random order, augmented."""
        order = train[epoch_order(targets[train], config.oversample)]
        for rows in torch.split(order, config.unfrozen_batch_size):
            yield inputs(rows.tolist(), position, True).to(chosen.device), targets[rows].to(chosen.device)

    @torch.no_grad()
    def check() -> tuple[float, float]:
        logits = []
        for rows in torch.split(valid, config.unfrozen_batch_size):
            with chosen.autocast():
                logits.append(model(inputs(rows.tolist(), 1.0, False).to(chosen.device)).float().cpu())
        return loss_and_error(torch.cat(logits), targets[valid], config.label_smoothing)

    n_batches = -(-epoch_size(targets[train], config.oversample) // config.unfrozen_batch_size)
    return TrainSetup(model, _optimiser(model, config), batches, n_batches, check, config.label_smoothing, chosen)


def check_groups(body: Body, n_learning: int) -> None:
    """Check that the last layer groups of a body can be trained alone.

    Args:
        body: the body.
        n_learning: how many groups learn; the head is one of them.

    Raises:
        BodyError: the body has fewer groups, or cannot be cut at those.
    """
    network = body.network()
    n_groups = len(layer_groups(network)) + 1
    if not 2 <= n_learning <= n_groups:
        raise BodyError(
            f"{body.name} has {n_groups} layer groups with the head; {n_learning} cannot be unfrozen",
            hint=f"--unfreeze-groups between 2 and {n_groups}, or leave it out for all",
        )
    if n_learning < n_groups:
        cut(network, n_learning - 1, body.preprocessing.size)


def _all_rows(cached: CachedRows, data: Dataset) -> list[np.ndarray]:
    """Return the row of each image of the data set.

    Raises:
        RunError: an image was changed or damaged since its features were computed.
    """
    if cached.skipped:
        first, n = cached.skipped[0], len(cached.skipped)
        raise RunError(
            f"{n} of {len(data.images)} pictures cannot be read any more: {first['path']}: {first['reason']}",
            hint="import them again, then `bearkit train --resume`",
        )
    return cached.rows


def _optimiser(model: Network, config: TrainConfig) -> AdamW:
    """Create the optimiser of the layer groups, from the first to the head, each with its share of the highest rate."""
    parameters = dict(model.body.named_parameters())
    groups = [[parameters[name] for name in names] for names in layer_groups(model.body)]
    groups.append(list(model.head.linear.parameters()))
    factors = lr_factors(len(groups), *config.lr_unfrozen)
    return AdamW([Group(group, config.weight_decay, factor) for group, factor in zip(groups, factors, strict=True)])


def _from_pixels(
    project: Project, data: Dataset, spec: Preprocessing, config: TrainConfig, progress: Progress
) -> Inputs:
    """Return batches of images: augmented for training, centre crops for validation."""
    largest = max(config.sizes, default=spec.size)
    squares = _all_rows(load_pixels(project, data.images, replace(spec, size=largest), progress), data)
    sizes = config.sizes or (spec.size,)
    mean, std = (torch.tensor(values).view(3, 1, 1) for values in (spec.mean, spec.std))

    def inputs(rows: Sequence[int], position: float, learning: bool) -> torch.Tensor:
        batch = torch.from_numpy(np.stack([squares[row] for row in rows]))
        size = sizes[min(int(position * len(sizes)), len(sizes) - 1)]
        preset = config.augment if learning else "none"
        images = augment.augment_batch(batch, preset, size, spec.size / spec.shorter_side)
        return ((images - mean) / std).contiguous(memory_format=torch.channels_last)

    return inputs


def _upper_part(
    project: Project, data: Dataset, body: Body, network: Network, config: TrainConfig, progress: Progress
) -> tuple[Network, Inputs]:
    """Return the last layer groups as a network, which shares the weights, and batches of their inputs.

    The groups below do not change, so each crop goes through them once and the result is cached.
    """
    size, n_crops = body.preprocessing.size, augment.CROPS[config.augment]
    below, above = cut(network.body, config.unfreeze_groups - 1, size)
    below_id = _fingerprint(below)
    cache = feature_cache(project, body, n_crops, f"-below{config.unfreeze_groups}-{below_id}")

    def onnx(project: Project) -> Path:
        return get_or_convert(project, f"{body.name}-below-{below_id}", lambda: below, size)

    cached = extract_with_onnx(project, data.images, cache, body, n_crops, onnx, progress, np.float16)
    feature_maps = _all_rows(cached, data)

    def inputs(rows: Sequence[int], _: float, learning: bool) -> torch.Tensor:
        crops = torch.randint(n_crops, (len(rows),)).tolist() if learning else [0] * len(rows)
        batch = np.stack([feature_maps[row][crop] for row, crop in zip(rows, crops, strict=True)])
        result = torch.from_numpy(batch).float()
        return result.contiguous(memory_format=torch.channels_last) if result.ndim == 4 else result

    return Network(above, network.head), inputs


def _fingerprint(network: nn.Module) -> str:
    """Compute the start of the sha256 of a network's weights."""
    digest = hashlib.sha256()
    for name, tensor in network.state_dict().items():
        digest.update(name.encode() + tensor.contiguous().numpy().tobytes())
    return digest.hexdigest()[:12]
