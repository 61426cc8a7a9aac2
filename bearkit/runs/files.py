"""The files of a run: read with care, since a full disk or a kill may have left one of them damaged."""

import json
import zipfile
from functools import lru_cache
from pathlib import Path
from stat import S_ISREG
from typing import Any

MAX_BYTES = 64 * 2**20
FORMAT = 1  # of config.json


def problem(folder: Path) -> str:
    """Why a run cannot be used; "" where it can."""
    return _problem(folder, tuple(_signature(folder / name) for name in CHECKS))


def read_object(path: Path) -> dict[str, Any]:
    """A JSON object from a file.

    Raises:
        OSError: the file cannot be read.
        ValueError: it holds no JSON object.
    """
    stat = path.stat()
    if not S_ISREG(stat.st_mode) or stat.st_size > MAX_BYTES:
        raise ValueError("it is no file of a run")
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
    with zipfile.ZipFile(path) as file:  # its list of arrays lies at the end, and is cut off first
        if "image_ids.npy" not in file.namelist():
            raise ValueError("it names no pictures")


CHECKS = {"config.json": _check_config, "result.json": _check_result, "predictions.npz": _check_predictions}


@lru_cache(maxsize=1024)
def _problem(folder: Path, signatures: tuple[tuple[int, ...], ...]) -> str:
    """The same, looked at again only where a file changed."""
    for (name, check), signature in zip(CHECKS.items(), signatures, strict=True):
        if not signature:
            continue
        try:
            check(folder / name)
        except (OSError, ValueError, RecursionError, zipfile.BadZipFile) as error:
            return f"{name} cannot be read: {error}"
    return ""


def _signature(path: Path) -> tuple[int, ...]:
    """Numbers that change when a file does; none where there is no such file."""
    try:
        stat = path.stat()
    except OSError:
        return ()
    return stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns
