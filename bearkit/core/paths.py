"""Resolve paths that people type, or raise a clear error."""

import errno
import os
from pathlib import Path

from bearkit.errors import BearkitError

MAX_SHOWN = 60  # characters of a path in an error
UNSET = "was a variable not set? `.` is the current folder"
WHY = {
    errno.ELOOP: ("is a link that leads in a circle", "look where it leads with `ls -l`, and name the folder or file"),
    errno.ENAMETOOLONG: ("is too long for a path", "a name has at most 255 bytes, a path 4,095"),
    errno.EACCES: ("cannot be read: permission denied", "ask for the permission, or name another place"),
    errno.EPERM: ("cannot be read: permission denied", "ask for the permission, or name another place"),
    errno.ENOTDIR: ("cannot exist: a part of the path is a file, not a folder", "check the path"),
}
GivenPath = str | os.PathLike[str]


def real(path: GivenPath) -> Path:
    """Return a path without symbolic links. `Path.resolve` raises for links in a circle; this leaves such a path.

    >>> real("/") == Path("/")
    True
    """
    return Path(os.path.realpath(path))


def expand_user(path: GivenPath) -> Path:
    """Replace `~` in a path by the home folder; a path with an unknown user stays as it is.

    >>> expand_user("~no_such_user/a") == Path("~no_such_user/a")
    True
    """
    try:
        return Path(path).expanduser()
    except RuntimeError:
        return Path(path)


def resolve_path(given: GivenPath, called: str, kind: type[BearkitError] = BearkitError) -> Path:
    r"""Make a path that a person typed absolute: `~` replaced, links followed. The file need not exist.

    Args:
        given: the path.
        called: what the path is for; the subject of the error.
        kind: class of the error.

    Raises:
        BearkitError: the path is empty, or the system refuses it (links in a circle, a name that is too long, a NUL
            character, no permission, an unknown user). It is of the class `kind`.

    >>> resolve_path("", "the model's folder")
    Traceback (most recent call last):
    bearkit.errors.BearkitError: the model's folder is an empty text
    >>> resolve_path("a\0b", "the model's folder")
    Traceback (most recent call last):
    bearkit.errors.BearkitError: the model's folder cannot be `a\x00b`: no path holds a NUL character
    """
    text = os.fsdecode(given)
    if not text.strip():
        raise kind(f"{called} is {'an empty text' if not text else 'a text of spaces only'}", hint=UNSET)
    shown = _shown(text)
    if "\0" in text:
        raise kind(f"{called} cannot be `{shown}`: no path holds a NUL character", hint="name it without that")
    try:
        path = real(expand_user(text))
        path.stat()
    except FileNotFoundError as error:
        if not text.startswith(("/", "~")) and not _is_here():
            raise kind(f"{called} is `{shown}`: the current folder is gone", hint="change to another one") from error
        if text.startswith("~") and expand_user(text) == Path(text):
            raise kind(f"{called} is `{shown}`: there is no user of this name", hint="write the full path") from error
    except OSError as error:
        why, hint = WHY.get(error.errno or 0, (f"cannot be read: {error.strerror or error}", "check the path"))
        raise kind(f"{called} `{shown}` {why}", hint=hint) from error
    return path


def is_there(given: GivenPath) -> bool:
    """Return whether something exists at a path; False for a path that the system refuses.

    >>> is_there("/"), is_there("a" * 5000), is_there("")
    (True, False, False)
    """
    try:
        return bool(os.fspath(given)) and expand_user(given).exists()
    except (OSError, ValueError):
        return False


def _is_here() -> bool:
    """Return whether the current folder still exists."""
    try:
        return bool(Path.cwd())
    except OSError:
        return False


def _shown(text: str) -> str:
    """Return a path as text for an error: control characters escaped, and not longer than a line."""
    plain = text if text.isprintable() else text.encode("unicode_escape").decode()
    return plain if len(plain) <= MAX_SHOWN else f"{plain[:MAX_SHOWN]}…"
