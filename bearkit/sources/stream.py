"""Read a picture that comes through a pipe, of a bounded size and without waiting for ever."""

import os
import select
import stat
import sys
from pathlib import Path

from bearkit.errors import ImageError
from bearkit.images import too_big_error

STDIN = ("-", "/dev/stdin", "/dev/fd/0", "/proc/self/fd/0")
SILENCE_SECONDS = 30  # of a named pipe
CHUNK = 2**20


def is_stream(name: str) -> bool:
    """Whether a name means standard input or a pipe.

    >>> is_stream("-"), is_stream("photo.jpg")
    (True, False)
    """
    try:
        return name in STDIN or stat.S_ISFIFO(Path(name).stat().st_mode)
    except (OSError, ValueError):
        return False


def read(name: str, most: int) -> bytes:
    """All that comes through, until the other side ends it.

    Raises:
        ImageError: nothing comes, or more than `most` bytes.
    """
    data = _from_stdin(most + 1) if name in STDIN else _from_pipe(name, most + 1)
    if len(data) > most:
        raise too_big_error(len(data))
    if not data:
        raise ImageError("nothing came through it", hint="for example: cat photo.jpg | bearkit predict MODEL -")
    return data


def _from_stdin(most: int) -> bytes:
    if sys.stdin is None or sys.stdin.isatty():
        raise ImageError("nothing is piped in", hint="for example: cat photo.jpg | bearkit predict MODEL -")
    return sys.stdin.buffer.read(most)


def _from_pipe(name: str, most: int) -> bytes:
    """Opened without waiting, since a pipe that nobody writes to would block for ever."""
    parts, size = [], 0
    pipe = os.open(name, os.O_RDONLY | os.O_NONBLOCK)
    try:
        while size < most:
            if not select.select([pipe], [], [], SILENCE_SECONDS)[0]:
                raise ImageError(f"nothing came through the pipe for {SILENCE_SECONDS} s", hint="name a file instead")
            part = os.read(pipe, CHUNK)
            if not part:
                break
            parts.append(part)
            size += len(part)
    finally:
        os.close(pipe)
    return b"".join(parts)
