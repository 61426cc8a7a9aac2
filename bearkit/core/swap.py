"""Replace a folder by another one atomically: readers always find the old one or the new one."""

import ctypes
import os
import shutil
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

if sys.platform != "win32":
    import fcntl

AT_CWD = -100  # renameat2's AT_FDCWD: relative paths start at the current folder
EXCHANGE = 2  # renameat2's RENAME_EXCHANGE: swap the two names


def replace_folder(part: Path, target: Path) -> None:
    """Move a new folder to `target`, and delete the older folder that was there, if any.

    Linux exchanges the two in one step. Where that is not possible (other systems, some network drives), the older
    folder is renamed for a moment. If the process is killed in between, `restore_folder` gives it its name back.

    Args:
        part: the new folder, from `new_part`.
        target: where it has to be.
    """
    with _alone(target.parent):
        _restored(target)
        if not target.exists():
            part.rename(target)
            return
        exchanged = _exchanged(part, target)
        if not exchanged:
            _rename(part, target)
    if exchanged:
        shutil.rmtree(part, ignore_errors=True)  # it holds the older folder now


def restore_folder(target: Path) -> bool:
    """Bring back a folder whose replacement was interrupted by a kill. Returns whether there was one."""
    if target.exists() or not aside_path(target).exists():
        return False
    with _alone(target.parent):
        return _restored(target)


def _restored(target: Path) -> bool:
    aside = aside_path(target)
    if target.exists() or not aside.exists():
        return False
    with suppress(OSError):  # the parent folder may be read-only
        aside.rename(target)
        return True
    return False


def aside_path(target: Path) -> Path:
    """Return the temporary name of the older folder."""
    return target.with_name(f".bearkit-{target.name}.old")


def new_part(target: Path) -> Path:
    """Create an empty folder next to `target`, to be filled and passed to `replace_folder`."""
    part = target.with_name(f".bearkit-{uuid.uuid4().hex[:12]}.part")
    part.mkdir()
    return part


def _rename(part: Path, target: Path) -> None:
    """Replace a folder with two renames, where the system cannot exchange them."""
    aside = aside_path(target)
    shutil.rmtree(aside, ignore_errors=True)  # left by a replacement that was killed before its last step
    target.rename(aside)
    try:
        part.rename(target)
    except OSError:
        aside.rename(target)
        raise
    shutil.rmtree(aside, ignore_errors=True)


def _exchanged(one: Path, other: Path) -> bool:
    """Exchange two folders in one step. Returns False where the system or the drive cannot."""
    if not sys.platform.startswith("linux"):
        return False
    try:
        call = ctypes.CDLL(None, use_errno=True).renameat2
    except AttributeError:  # an old C library
        return False
    return bool(call(AT_CWD, os.fsencode(one), AT_CWD, os.fsencode(other), EXCHANGE) == 0)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Lock a folder, so that two processes do not replace folders in it at the same time."""
    if sys.platform == "win32":
        yield
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):  # some network drives have no locks; a conflict then raises in `rename`
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
