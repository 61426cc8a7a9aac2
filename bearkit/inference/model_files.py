"""The files of a model folder, which may be anybody's: checked before they are read, so that none fills the memory."""

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
MAX_ARRAYS = 16  # in an .npz
HINT = "use a model folder only as `bearkit export` or the Hub gives it, from people whom you trust"
OURS = "ask for the permission, or copy the folder to one of yours"


def check(folder: Path, names: Iterable[str]) -> None:
    """Look at those of the files that are there: each is a file, of a bearable size, and lies in the folder.

    Links are followed inside the folder, and to where the Hub's client keeps its downloads.

    Raises:
        ModelError: the folder cannot be looked at; one is a pipe or a device, too large, or a link out of the folder.
    """
    home = resolve_path(folder, "the model's folder", ModelError)
    for name in names:
        path = folder / name
        try:
            about, place = path.stat(), real(path)
        except PermissionError as error:
            raise ModelError(f"{name} in {folder} cannot be read: permission denied", hint=OURS) from error
        except OSError:  # it is missing: told where it is needed
            continue
        if not stat.S_ISREG(about.st_mode):
            raise ModelError(f"{name} in {folder} is not a file, but a pipe, a device or a folder", hint=HINT)
        if about.st_size > LIMITS.get(name, LIMIT):
            size, limit = about.st_size // MB, LIMITS.get(name, LIMIT) // MB
            raise ModelError(f"{name} in {folder} has {size:,} MiB; the limit is {limit:,} MiB", hint=HINT)
        downloads = home.parent.parent / "blobs"  # beside snapshots/<revision>, in the Hub's cache
        if not place.is_relative_to(home) and place.parent != downloads:
            raise ModelError(f"{name} in {folder} is a link to {place}, out of the folder", hint="copy the file there")


def read_arrays(path: Path, most: int) -> dict[str, np.ndarray[Any, Any]]:
    """The arrays of an .npz file.

    Args:
        path: the file.
        most: bytes that they may have together, once they are unpacked.

    Raises:
        ValueError: they have more, or are no plain arrays; OSError, zipfile.BadZipFile and others: it is damaged.
    """
    with path.open("rb") as raw:  # opened here, since numpy leaves damaged files open
        with zipfile.ZipFile(raw) as archive:
            members = archive.infolist()
            size = sum(member.file_size for member in members)
        if size > most or len(members) > MAX_ARRAYS:
            raise ValueError(
                f"{len(members)} arrays of {size / MB:,.0f} MiB once unpacked; the limit is {most // MB} MiB"
            )
        raw.seek(0, os.SEEK_SET)
        with np.load(raw, allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
