"""A trainee whose body learns too: the whole of it from pixels, or its last groups from what comes out below a cut."""

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

Inputs = Callable[[Sequence[int], float, bool], torch.Tensor]


def build_finetune_setup(
    project: Project, data: Dataset, body: Body, network: Network, config: TrainConfig, progress: Progress
) -> TrainSetup:
    """The whole network, or its last layer groups, ready to learn.

    Args:
        project: whose pictures.
        data: which pictures to learn from and to check on.
        body: what the network's body was made from.
        network: what learns, in place.
        config: see `TrainConfig`; rates are `lr_unfrozen`, whose second one the schedule is for.
        progress: told while pictures are decoded or go through the lower part.

    Raises:
        BodyError: the body cannot be cut there; RunError: a picture cannot be read any more.
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
        """Each picture once, in random order, changed at random."""
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
    """See that the last groups of a body, the head counted as one, can learn without the others.

    Raises:
        BodyError: there are not so many groups, or the body cannot be cut there.
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


def _rows(found: CachedRows, data: Dataset) -> list[np.ndarray]:
    """A row for each picture of the data set.

    Raises:
        RunError: a picture was changed or damaged since its features were made.
    """
    if found.skipped:
        first, n = found.skipped[0], len(found.skipped)
        raise RunError(
            f"{n} of {len(data.images)} pictures cannot be read any more: {first['path']}: {first['reason']}",
            hint="import them again, then `bearkit train --resume`",
        )
    return found.rows


def _optimiser(model: Network, config: TrainConfig) -> AdamW:
    """The layer groups from the stem, or the cut, to the head, each with its share of the highest rate."""
    parameters = dict(model.body.named_parameters())
    groups = [[parameters[name] for name in names] for names in layer_groups(model.body)]
    groups.append(list(model.head.linear.parameters()))
    factors = lr_factors(len(groups), *config.lr_unfrozen)
    return AdamW([Group(group, config.weight_decay, factor) for group, factor in zip(groups, factors, strict=True)])


def _from_pixels(
    project: Project, data: Dataset, how: Preprocessing, config: TrainConfig, progress: Progress
) -> Inputs:
    """Batches of pictures, augmented in training and cut as THE preprocessing does in validation."""
    largest = max(config.sizes, default=how.size)
    rows = _rows(load_pixels(project, data.images, replace(how, size=largest), progress), data)
    sizes = config.sizes or (how.size,)
    mean, std = (torch.tensor(values).view(3, 1, 1) for values in (how.mean, how.std))

    def inputs(wanted: Sequence[int], position: float, learning: bool) -> torch.Tensor:
        squares = torch.from_numpy(np.stack([rows[row] for row in wanted]))
        size = sizes[min(int(position * len(sizes)), len(sizes) - 1)]
        kind = config.augment if learning else "none"
        pictures = augment.augment_batch(squares, kind, size, how.size / how.shorter_side)
        return ((pictures - mean) / std).contiguous(memory_format=torch.channels_last)

    return inputs


def _upper_part(
    project: Project, data: Dataset, body: Body, network: Network, config: TrainConfig, progress: Progress
) -> tuple[Network, Inputs]:
    """The upper part of the network, whose weights it shares, and batches of what the lower part made of the views.

    The lower part stands still, so a picture goes through it once here too.
    """
    size, n_views = body.preprocessing.size, augment.CROPS[config.augment]
    below, above = cut(network.body, config.unfreeze_groups - 1, size)
    lower_id = _fingerprint(below)
    store = feature_cache(project, body, n_views, f"-below{config.unfreeze_groups}-{lower_id}")

    def onnx(project: Project) -> Path:
        return get_or_convert(project, f"{body.name}-below-{lower_id}", lambda: below, size)

    rows = _rows(extract_with_onnx(project, data.images, store, body, n_views, onnx, progress, np.float16), data)

    def inputs(wanted: Sequence[int], _: float, learning: bool) -> torch.Tensor:
        views = torch.randint(n_views, (len(wanted),)).tolist() if learning else [0] * len(wanted)
        maps = np.stack([rows[row][view] for row, view in zip(wanted, views, strict=True)])
        result = torch.from_numpy(maps).float()
        return result.contiguous(memory_format=torch.channels_last) if result.ndim == 4 else result

    return Network(above, network.head), inputs


def _fingerprint(network: nn.Module) -> str:
    """What a network's weights are: the start of a sha256."""
    digest = hashlib.sha256()
    for name, tensor in network.state_dict().items():
        digest.update(name.encode() + tensor.contiguous().numpy().tobytes())
    return digest.hexdigest()[:12]
