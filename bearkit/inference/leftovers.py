"""Find and repair what killed programs left in a project: half-written files, and models that were being replaced."""

import re
import shutil
import time
from contextlib import suppress
from pathlib import Path

from bearkit.core import swap
from bearkit.errors import ModelError
from bearkit.inference import model_folder

OLD_SECONDS = 3600  # no file takes that long to write
OLDER = re.compile(r"\.bearkit-[0-9a-f]{12}\.old")  # a random name, by an earlier bearkit


def half_written(folder: Path) -> list[Path]:
    """List files and folders whose writing was interrupted an hour ago or earlier."""
    paths = []
    for path in sorted(folder.glob(".*.part*")):
        with suppress(FileNotFoundError):
            if time.time() - path.stat().st_mtime > OLD_SECONDS:
                paths.append(path)
    return paths


def set_aside(folder: Path) -> list[Path]:
    """List the model folders that were being replaced when a program was killed."""
    return sorted(folder.glob(".bearkit-*.old"))


def remove(path: Path) -> None:
    """Delete a leftover file or folder."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def put_back(aside: Path) -> Path | None:
    """Give a model folder that was being replaced its own name back; delete it if another one has that name.

    Returns:
        The folder with its own name; None if it was deleted, or its own name is not known.
    """
    target = _own_name(aside)
    if target is None or swap.restore_folder(target):
        return target
    if not target.exists() and aside != swap.aside_path(target):
        aside.rename(target)
        return target
    remove(aside)
    return None


def _own_name(aside: Path) -> Path | None:
    """Return the name that the folder had before it was set aside; None if it is not known."""
    if not OLDER.fullmatch(aside.name):
        return aside.with_name(aside.name.removeprefix(".bearkit-").removesuffix(".old"))
    try:
        return aside.with_name(model_folder.read_config(aside).info.run)
    except (ModelError, ValueError):  # no model, or it does not name its run
        return None
