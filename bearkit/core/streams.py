"""Write to a file that a person named, or to standard output."""

import io
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from bearkit.core.atomic import atomic_write
from bearkit.core.paths import resolve_path


def is_stdout(path: Path) -> bool:
    """Return whether a path stands for standard output.

    >>> is_stdout(Path("-")), is_stdout(Path("rows.csv"))
    (True, False)
    """
    return str(path) in ("-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1")


@contextmanager
def open_output(path: Path) -> Iterator[TextIO]:
    """Open a text file (UTF-8) that a person named, for writing.

    A regular file appears whole, as with `atomic_write`, and keeps its permissions. Links are followed. Devices and
    pipes are written to directly. `-` is standard output.

    Raises:
        OSError: it cannot be written.
    """
    if is_stdout(path):
        text = io.StringIO(newline="")
        yield text
        sys.stdout.flush()
        if hasattr(sys.stdout, "buffer"):
            sys.stdout.buffer.write(text.getvalue().encode())
        else:  # in a notebook
            sys.stdout.write(text.getvalue())
        sys.stdout.flush()
        return
    exists = path.exists()
    # A path such as /dev/fd/3 may lead to a regular file, and still has to be written to directly.
    if exists and (not path.is_file() or path.absolute().parts[1] in ("dev", "proc")):
        with path.open("w", newline="", encoding="utf-8") as file:
            yield file
        return
    target = resolve_path(path, "the file to write")
    with atomic_write(target) as part, part.open("w", newline="", encoding="utf-8") as file:
        yield file
        if exists:
            shutil.copymode(target, part)
