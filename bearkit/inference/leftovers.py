"""What programs that were killed left in a project's folders: half-written files, models that were being replaced."""

import re
import shutil
import time
from contextlib import suppress
from pathlib import Path

from bearkit.core import swap
from bearkit.errors import ModelError
from bearkit.inference import model_folder

OLD_SECONDS = 3600  # nothing takes that long to write
OLDER = re.compile(r"\.bearkit-[0-9a-f]{12}\.old")  # of a bearkit that gave it a name of chance


def half_written(folder: Path) -> list[Path]:
    """Files and folders whose writing was cut off, an hour ago or longer."""
    found = []
    for path in sorted(folder.glob(".*.part*")):
        with suppress(FileNotFoundError):
            if time.time() - path.stat().st_mtime > OLD_SECONDS:
                found.append(path)
    return found


def set_aside(folder: Path) -> list[Path]:
    """The models that were being replaced when a kill came."""
    return sorted(folder.glob(".bearkit-*.old"))


def remove(path: Path) -> None:
    """Take a leftover away."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def put_back(aside: Path) -> Path | None:
    """Give a model that was being replaced its own name back; delete it where another one has that.

    Returns where it is now; None where it was deleted, or whose it was cannot be known.
    """
    target = _own_name(aside)
    if target is None or swap.restored(target):
        return target
    if not target.exists() and aside != swap.aside_of(target):
        aside.rename(target)
        return target
    remove(aside)
    return None


def _own_name(aside: Path) -> Path | None:
    if not OLDER.fullmatch(aside.name):
        return aside.with_name(aside.name.removeprefix(".bearkit-").removesuffix(".old"))
    try:
        return aside.with_name(model_folder.read_config(aside).info.run)
    except (ModelError, ValueError):  # no model, or it does not name its run
        return None
