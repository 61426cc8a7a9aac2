"""Bodies: pretrained networks by name, for torch and for onnxruntime.

A package adds a body of its own with a function without arguments that returns a `Body`. An entry point of the group
`bearkit.bodies` makes it known in every process, under the entry point's name:

    [project.entry-points."bearkit.bodies"]
    my_net = "my_package.bodies:my_net"

`register_body` does the same for the running process alone, in a notebook or a test.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib.metadata import entry_points
from pathlib import Path

import torch
from torch import nn

from bearkit.bodies import weights
from bearkit.bodies.onnx_convert import get_or_convert
from bearkit.bodies.timm_import import import_timm
from bearkit.bodies.weights import Weights
from bearkit.core.paths import resolve_path
from bearkit.core.project import Project
from bearkit.errors import BodyError
from bearkit.images.preprocessing import Preprocessing

GROUP = "bearkit.bodies"  # of entry points
# What training and export call of timm's models, and so of every network that a package creates.
TIMM_METHODS = ("forward_features", "forward_head", "get_classifier", "reset_classifier", "group_matcher")
UPGRADE = "upgrade or uninstall the package that it belongs to"


@dataclass(frozen=True)
class Body:
    """A pretrained network without its classifier: images (N, 3, size, size) -> features (N, D).

    Attributes:
        name: the name in commands and runs. Cached features are known by the name and the weights, so a network that
            changed needs another name.
        architecture: timm's name for the network, or another one if `create` is given; exported models carry it.
        preprocessing: how an image becomes the network's input.
        weights: the network's weights.
        tuned: whether the weights come from a run's unfrozen stage.
        create: makes the network, without a classifier, with random weights; None for timm's model `architecture`. The
            network has timm's methods TIMM_METHODS, and its classifier is one linear layer.
    """

    name: str
    architecture: str
    preprocessing: Preprocessing
    weights: Weights
    tuned: bool = False
    create: Callable[[], nn.Module] | None = None

    @property
    def weights_id(self) -> str:
        """The start of the sha256 of the file of weights, `none` for random weights.

        Raises:
            BodyError: the file is missing and cannot be downloaded.
        """
        return self.weights.id

    def network(self) -> nn.Module:
        """Create the network with these weights, without a classifier, in eval mode. Random weights are seeded.

        Raises:
            BodyError: the weights are missing, damaged, or another network's; or a package's network is unusable.
        """
        with torch.random.fork_rng(devices=range(torch.cuda.device_count())):
            torch.manual_seed(0)
            network = self._created()
        self.weights.load_into(network)
        return network.eval()

    def _created(self) -> nn.Module:
        timm = import_timm()  # also before a package's code, which may import timm: see `timm_import`
        if self.create is None:
            network: nn.Module = timm.create_model(self.architecture, num_classes=0)
            return network
        try:
            network = self.create()
        except Exception as error:  # a package's code
            raise BodyError(f"the network of body `{self.name}` cannot be created: {error}", hint=UPGRADE) from error
        if missing := [method for method in TIMM_METHODS if not callable(getattr(network, method, None))]:
            raise BodyError(
                f"the network of body `{self.name}` has no {', '.join(missing)}",
                hint="build it from a class of timm's, or give it these methods of timm's models",
            )
        return network

    def onnx(self, project: Project) -> Path:
        """Return the body as an ONNX file, converted once a project (about a second) and checked against torch.

        Raises:
            BodyError: the weights are missing, or onnxruntime does not give the features that torch gives.
        """
        return get_or_convert(project, f"{self.name}-{self.weights_id}", self.network, self.preprocessing.size)


def with_tuned_weights(body: Body, checkpoint: Path, size: int = 0) -> Body:
    """Return a body with the weights that an unfrozen stage saved.

    Args:
        body: the body that the stage started with.
        checkpoint: the stage's file.
        size: side of the images that the weights are for, in pixels; 0 for the body's own.
    """
    preprocessing = replace(body.preprocessing, size=size or body.preprocessing.size)
    return replace(body, preprocessing=preprocessing, weights=weights.from_file(checkpoint), tuned=True)


def _lite0() -> Body:
    half = (0.5, 0.5, 0.5)
    return Body(
        "efficientnet_lite0", "tf_efficientnet_lite0", Preprocessing(mean=half, std=half), weights.from_package()
    )


def _torchvision(name: str, file_name: str, shorter_side: int = 256) -> Callable[[], Body]:
    """One of torchvision's ResNets; timm's of the same name has the same tensors."""
    preprocessing = Preprocessing(crop_pct=224 / shorter_side, interpolation="bilinear")
    return lambda: Body(name, name, preprocessing, weights.from_torchvision(name, file_name))


BODIES = {
    "efficientnet_lite0": _lite0,
    "resnet18": _torchvision("resnet18", "resnet18-f37072fd.pth"),
    "resnet34": _torchvision("resnet34", "resnet34-b627a593.pth"),
    "resnet50": _torchvision("resnet50", "resnet50-11ad3fa6.pth", shorter_side=232),
}


def register_body(name: str, make: Callable[[], Body]) -> None:
    """Add a body for the running process: `get(name)`, `Learner(project, name)` and `--body` then know it.

    Trainings that the studio starts run in a process of their own: for those a package needs an entry point.

    Args:
        name: letters, digits, `_`, `.` and `-`; it wins over timm's model of that name.
        make: returns the body, under any name.

    Raises:
        BodyError: the name has other characters, or another body has it.

    >>> register_body("resnet18_320px", lambda: replace(get("resnet18"), preprocessing=Preprocessing(size=320)))
    >>> get("resnet18_320px").preprocessing.size
    320
    >>> del BODIES["resnet18_320px"]
    """
    if not re.fullmatch(r"[\w.-]+", name):
        raise BodyError(f"`{name}` cannot name a body", hint="use letters, digits, `_`, `.` and `-`")
    if BODIES.setdefault(name, make) is not make:
        raise BodyError(f"there is already a body `{name}`", hint="choose another name")


def body_names() -> list[str]:
    """The bodies that are built in, registered, or added by installed packages; timm's are not listed."""
    return list(dict.fromkeys([*BODIES, *sorted(entry_points(group=GROUP).names)]))


def get(name: str, source: str = "") -> Body:
    """Return the body of this name.

    Args:
        name: one of `body_names()`, or a model name of timm's.
        source: a file with its weights, `none` for random ones; its own pretrained ones if empty.

    Raises:
        BodyError: there is no such body, or the package that adds it is broken.
    """
    make = BODIES.get(name) or _from_package(name)
    body = _made(name, make) if make else _timm(name)
    if not source:
        return body
    if source == weights.RANDOM:
        chosen = weights.random()
    else:
        chosen = weights.from_file(resolve_path(source, "the file of weights", BodyError))
    return replace(body, weights=chosen)


def _from_package(name: str) -> Callable[[], Body] | None:
    """Load the function that an installed package gives for this name; None if there is no such package.

    Raises:
        BodyError: it cannot be loaded, or two packages use the name.
    """
    entries = {entry.value: entry for entry in entry_points(group=GROUP, name=name)}
    if len(entries) > 1:
        raise BodyError(f"several packages add a body `{name}`: {', '.join(sorted(entries))}", hint="uninstall one")
    for entry in entries.values():
        import_timm()  # before the package imports it: see `timm_import`
        try:
            make: Callable[[], Body] = entry.load()
        except Exception as error:  # a package's code
            raise BodyError(f"the body `{name}` ({entry.value}) cannot be loaded: {error}", hint=UPGRADE) from error
        return make
    return None


def _made(name: str, make: Callable[[], Body]) -> Body:
    """Call the function of a body, which may be a package's.

    Raises:
        BodyError: it fails, or returns something else.
    """
    try:
        body = make()
    except BodyError:
        raise
    except Exception as error:  # a package's code
        raise BodyError(f"the body `{name}` cannot be made: {error}", hint=UPGRADE) from error
    if not isinstance(body, Body):
        raise BodyError(f"the function of body `{name}` returns {type(body).__name__}, not a Body", hint=UPGRADE)
    return replace(body, name=name)


def _timm(name: str) -> Body:
    timm = import_timm()
    if not timm.is_model(name):
        similar = timm.list_models(f"*{name}*")[:5]
        more = f"; timm's: {', '.join(similar)}" if similar else ", or any of timm's names"
        raise BodyError(f"there is no body `{name}`", hint=f"bodies: {', '.join(body_names())}{more}")
    config = timm.get_pretrained_cfg(name).to_dict()
    return Body(name, name, Preprocessing.from_timm(config), weights.from_hub(name, config.get("hf_hub_id")))
