"""Bodies: pretrained networks by name, for torch and for onnxruntime."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import nn

from bearkit.bodies import weights
from bearkit.bodies.onnx_convert import get_or_convert
from bearkit.bodies.timm_import import import_timm
from bearkit.bodies.weights import Weights
from bearkit.core.paths import located
from bearkit.core.project import Project
from bearkit.errors import BodyError
from bearkit.images.preprocessing import Preprocessing


@dataclass(frozen=True)
class Body:
    """A pretrained network without its classifier: pictures (N, 3, size, size) -> features (N, D).

    Attributes:
        name: what people call it.
        architecture: what timm calls it.
    """

    name: str
    architecture: str
    preprocessing: Preprocessing
    weights: Weights
    tuned: bool = False  # whether its weights come out of a training of ours

    @property
    def weights_id(self) -> str:
        """What the weights are; BodyError where they cannot be had."""
        return self.weights.id

    def network(self) -> nn.Module:
        """The timm model with these weights, without a classifier, in eval mode.

        Raises:
            BodyError: the weights are not here, damaged, or another network's.
        """
        with torch.random.fork_rng(devices=range(torch.cuda.device_count())):
            torch.manual_seed(0)  # random weights are the same ones each time
            network: nn.Module = import_timm().create_model(self.architecture, num_classes=0)
        self.weights.load_into(network)
        return network.eval()

    def onnx(self, project: Project) -> Path:
        """The body as an ONNX file, converted once a project (about a second) and checked against torch."""
        return get_or_convert(project, f"{self.name}-{self.weights_id}", self.network, self.preprocessing.size)


def with_tuned_weights(body: Body, checkpoint: Path, size: int = 0) -> Body:
    """A body as an unfrozen stage left it.

    Args:
        body: what it was before.
        checkpoint: the stage's file.
        size: of the pictures that it is for now, in pixels; as before where 0.
    """
    how = replace(body.preprocessing, size=size or body.preprocessing.size)
    return replace(body, preprocessing=how, weights=weights.from_file(checkpoint), tuned=True)


def _lite0() -> Body:
    half = (0.5, 0.5, 0.5)
    return Body(
        "efficientnet_lite0", "tf_efficientnet_lite0", Preprocessing(mean=half, std=half), weights.from_package()
    )


def _torchvision(name: str, file_name: str, shorter_side: int = 256) -> Callable[[], Body]:
    """One of torchvision's ResNets; timm's of the same name has the same tensors."""
    how = Preprocessing(crop_pct=224 / shorter_side, interpolation="bilinear")
    return lambda: Body(name, name, how, weights.from_torchvision(name, file_name))


BODIES = {
    "efficientnet_lite0": _lite0,
    "resnet18": _torchvision("resnet18", "resnet18-f37072fd.pth"),
    "resnet34": _torchvision("resnet34", "resnet34-b627a593.pth"),
    "resnet50": _torchvision("resnet50", "resnet50-11ad3fa6.pth", shorter_side=232),
}


def get(name: str, source: str = "") -> Body:
    """The body of this name.

    Args:
        name: one of BODIES, or any that timm knows.
        source: a file with its weights, `none` for random ones; its own pretrained ones if empty.

    Raises:
        BodyError: there is none.
    """
    body = BODIES[name]() if name in BODIES else _timm(name)
    if not source:
        return body
    if source == weights.RANDOM:
        chosen = weights.random()
    else:
        chosen = weights.from_file(located(source, "the file of weights", BodyError))
    return Body(body.name, body.architecture, body.preprocessing, chosen)


def _timm(name: str) -> Body:
    timm = import_timm()
    if not timm.is_model(name):
        alike = timm.list_models(f"*{name}*")[:5]
        more = f"; timm's: {', '.join(alike)}" if alike else ", or any of timm's names"
        raise BodyError(f"there is no body `{name}`", hint=f"bodies: {', '.join(BODIES)}{more}")
    config = timm.get_pretrained_cfg(name).to_dict()
    return Body(name, name, Preprocessing.from_timm(config), weights.from_hub(name, config.get("hf_hub_id")))
