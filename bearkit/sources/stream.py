"""Read an image from standard input or a pipe, with a size limit and a time limit."""

import os
import select
import stat
import sys
from pathlib import Path

from bearkit.errors import ImageError
from bearkit.images import too_big_error

STDIN = ("-", "/dev/stdin", "/dev/fd/0", "/proc/self/fd/0")
SILENCE_SECONDS = 30  # how long a named pipe may send nothing
CHUNK = 2**20


def is_stream(name: str) -> bool:
    """Return whether a name means standard input or a pipe.

    >>> is_stream("-"), is_stream("photo.jpg")
    (True, False)
    """
    try:
        return name in STDIN or stat.S_ISFIFO(Path(name).stat().st_mode)
    except (OSError, ValueError):
        return False


def read(name: str, max_bytes: int) -> bytes:
    """Read standard input or a pipe to its end.

    Raises:
        ImageError: nothing arrives, or more than `max_bytes`.
    """
    data = _read_stdin(max_bytes + 1) if name in STDIN else _read_pipe(name, max_bytes + 1)
    if len(data) > max_bytes:
        raise too_big_error(len(data))
    if not data:
        raise ImageError("it sent no data", hint="for example: cat photo.jpg | bearkit predict MODEL -")
    return data


def _read_stdin(max_bytes: int) -> bytes:
    if sys.stdin is None or sys.stdin.isatty():
        raise ImageError("nothing is piped in", hint="for example: cat photo.jpg | bearkit predict MODEL -")
    return sys.stdin.buffer.read(max_bytes)


def _read_pipe(name: str, max_bytes: int) -> bytes:
    """Read a named pipe. It is opened without blocking, since opening a pipe without a writer blocks forever."""
    parts, size = [], 0
    pipe = os.open(name, os.O_RDONLY | os.O_NONBLOCK)
    try:
        while size < max_bytes:
            if not select.select([pipe], [], [], SILENCE_SECONDS)[0]:
                raise ImageError(f"the pipe sent no data for {SILENCE_SECONDS} s", hint="name a file instead")
            part = os.read(pipe, CHUNK)
            if not part:
                break
            parts.append(part)
            size += len(part)
    finally:
        os.close(pipe)
    return b"".join(parts)
