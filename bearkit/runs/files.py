"""Read and check the files of a run: a full disk or a kill may have damaged one of them."""

import json
import zipfile
from functools import lru_cache
from pathlib import Path
from stat import S_ISREG
from typing import Any

MAX_BYTES = 64 * 2**20  # of a JSON file
FORMAT = 1  # of config.json


def problem(folder: Path) -> str:
    """Return why a run cannot be used, or "" if its files are in order. Files are checked again once they change."""
    return _check(folder, tuple(_signature(folder / name) for name in CHECKS))


def read_object(path: Path) -> dict[str, Any]:
    """Read a JSON object from a file.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is not a regular file, is larger than `MAX_BYTES`, or holds no JSON object.
    """
    stat = path.stat()
    if not S_ISREG(stat.st_mode) or stat.st_size > MAX_BYTES:
        raise ValueError("it is not a file, or larger than a run writes it")
    content = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(content, dict):
        raise ValueError("it holds no JSON object")
    return content


def _check_config(path: Path) -> None:
    if read_object(path).get("format") != FORMAT:
        raise ValueError("it is of another version of bearkit")


def _check_result(path: Path) -> None:
    rate = read_object(path).get("error_rate")
    if not isinstance(rate, int | float) or not 0 <= rate <= 1:
        raise ValueError(f"its error_rate is {rate}")


def _check_predictions(path: Path) -> None:
    with zipfile.ZipFile(path) as file:  # its directory is at the end, so a file that is cut off has none
        if "image_ids.npy" not in file.namelist():
            raise ValueError("it has no list of images")


CHECKS = {"config.json": _check_config, "result.json": _check_result, "predictions.npz": _check_predictions}


@lru_cache(maxsize=1024)
def _check(folder: Path, signatures: tuple[tuple[int, ...], ...]) -> str:
    """Check the files of a run; the signatures are a part of the cache's key."""
    for (name, check), signature in zip(CHECKS.items(), signatures, strict=True):
        if not signature:
            continue
        try:
            check(folder / name)
        except (OSError, ValueError, RecursionError, zipfile.BadZipFile) as error:
            return f"{name} cannot be read: {error}"
    return ""


def _signature(path: Path) -> tuple[int, ...]:
    """Return device, inode, size and time of change of a file; () if there is no such file."""
    try:
        stat = path.stat()
    except OSError:
        return ()
    return stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns
