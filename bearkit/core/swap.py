"""Put a folder in the place of another one, so that whoever looks finds one of the two at every moment."""

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

AT_CWD = -100  # renameat2: paths are as they are given
EXCHANGE = 2  # renameat2: both names stay, and change their folders


def replace_folder(part: Path, target: Path) -> None:
    """Let a new folder appear whole, in place of an older one where there is one; that one is deleted.

    Linux exchanges the two in one step. Where it cannot (another system, some network drives), the older folder has
    another name for a moment; if a kill comes in between, `restored` gives it its own name back.
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
        shutil.rmtree(part, ignore_errors=True)  # the older one


def restore_folder(target: Path) -> bool:
    """Bring a folder back whose exchange was cut off by a kill; whether it was."""
    if target.exists() or not aside_path(target).exists():
        return False
    with _alone(target.parent):
        return _restored(target)


def _restored(target: Path) -> bool:
    aside = aside_path(target)
    if target.exists() or not aside.exists():
        return False
    with suppress(OSError):  # the folder may only be read
        aside.rename(target)
        return True
    return False


def aside_path(target: Path) -> Path:
    """The name that the older folder has for a moment."""
    return target.with_name(f".bearkit-{target.name}.old")


def new_part(target: Path) -> Path:
    """A new empty folder beside the target, to be filled and put in its place."""
    part = target.with_name(f".bearkit-{uuid.uuid4().hex[:12]}.part")
    part.mkdir()
    return part


def _rename(part: Path, target: Path) -> None:
    """The same in three steps."""
    aside = aside_path(target)
    shutil.rmtree(aside, ignore_errors=True)  # of an exchange that was cut off after its last step
    target.rename(aside)
    try:
        part.rename(target)
    except OSError:
        aside.rename(target)
        raise
    shutil.rmtree(aside, ignore_errors=True)


def _exchanged(one: Path, other: Path) -> bool:
    """Exchange two names in one step; False where the system or the drive cannot."""
    if not sys.platform.startswith("linux"):
        return False
    try:
        call = ctypes.CDLL(None, use_errno=True).renameat2
    except AttributeError:  # an old C library
        return False
    return bool(call(AT_CWD, os.fsencode(one), AT_CWD, os.fsencode(other), EXCHANGE) == 0)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold the folder's lock, so that two exchanges in it come one after the other."""
    if sys.platform == "win32":
        yield
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):  # some network drives have no locks; then an exchange may fail, and says so
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
