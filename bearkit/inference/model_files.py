"""Check files of a model folder before they are read: the folder may come from anyone, and fill the memory."""

import os
import stat
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from bearkit.core.paths import real, resolve_path
from bearkit.errors import ModelError

MB = 2**20
LIMITS = {"config.json": 16 * MB, "golden.npz": 64 * MB, "README.md": 16 * MB, "confusion_matrix.png": 64 * MB}
LIMIT = 2**33  # of any other file
MAX_ARRAYS = 16  # in an .npz file
HINT = "use a model folder only as `bearkit export` or the Hub gives it, from people whom you trust"
OURS = "ask for the permission, or copy the folder to one of yours"


def check(folder: Path, names: Iterable[str]) -> None:
    """Check that each file is a regular file, is not too large, and lies in the folder. Missing files are skipped.

    A link may point into the folder, or to where the Hub's client stores its downloads.

    Raises:
        ModelError: a file cannot be read, is a pipe or a device, is too large, or is a link out of the folder.
    """
    home = resolve_path(folder, "the model's folder", ModelError)
    for name in names:
        path = folder / name
        try:
            status, target = path.stat(), real(path)
        except PermissionError as error:
            raise ModelError(f"{name} in {folder} cannot be read: permission denied", hint=OURS) from error
        except OSError:  # it is missing: the code that needs it raises
            continue
        if not stat.S_ISREG(status.st_mode):
            raise ModelError(f"{name} in {folder} is not a file, but a pipe, a device or a folder", hint=HINT)
        if status.st_size > LIMITS.get(name, LIMIT):
            size, limit = status.st_size // MB, LIMITS.get(name, LIMIT) // MB
            raise ModelError(f"{name} in {folder} has {size:,} MiB; the limit is {limit:,} MiB", hint=HINT)
        downloads = home.parent.parent / "blobs"  # the Hub's cache: blobs/ and snapshots/<revision>/
        if not target.is_relative_to(home) and target.parent != downloads:
            raise ModelError(f"{name} in {folder} is a link to {target}, out of the folder", hint="copy the file there")


def read_arrays(path: Path, max_bytes: int) -> dict[str, np.ndarray[Any, Any]]:
    """Read the arrays of an .npz file.

    Args:
        path: the file.
        max_bytes: limit for all arrays together, unpacked.

    Raises:
        ValueError: the arrays are larger, or hold objects.
        OSError: the file is damaged; so are zipfile.BadZipFile and other errors of numpy.
    """
    with path.open("rb") as raw:  # opened here, since numpy leaves damaged files open
        with zipfile.ZipFile(raw) as archive:
            members = archive.infolist()
            size = sum(member.file_size for member in members)
        if size > max_bytes or len(members) > MAX_ARRAYS:
            raise ValueError(
                f"{len(members)} arrays of {size / MB:,.0f} MiB once unpacked; the limit is {max_bytes // MB} MiB"
            )
        raw.seek(0, os.SEEK_SET)
        with np.load(raw, allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
