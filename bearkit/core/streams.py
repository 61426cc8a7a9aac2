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
    """Whether a person means standard output.

    >>> is_stdout(Path("-")), is_stdout(Path("rows.csv"))
    (True, False)
    """
    return str(path) in ("-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1")


@contextmanager
def open_output(path: Path) -> Iterator[TextIO]:
    """Write a text file (UTF-8) under a name that a person gave: yields it, open.

    A file appears whole, as with `whole`, and keeps its permissions. A link is followed. What is no file (a device, a
    pipe) is written to. `-` is standard output.

    Raises:
        OSError: it cannot be written.
    """
    if is_stdout(path):
        text = io.StringIO(newline="")
        yield text
        sys.stdout.flush()
        if hasattr(sys.stdout, "buffer"):
            sys.stdout.buffer.write(text.getvalue().encode())
        else:  # a notebook's
            sys.stdout.write(text.getvalue())
        sys.stdout.flush()
        return
    there = path.exists()
    if there and (not path.is_file() or path.absolute().parts[1] in ("dev", "proc")):  # also where that is a file now
        with path.open("w", newline="", encoding="utf-8") as file:
            yield file
        return
    target = resolve_path(path, "the file to write")
    with atomic_write(target) as part, part.open("w", newline="", encoding="utf-8") as file:
        yield file
        if there:
            shutil.copymode(target, part)
