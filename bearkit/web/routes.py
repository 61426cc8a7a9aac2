"""Which of Gradio's routes a page needs. All others are refused, above all those that fetch an address for a client."""

import os
import re
from urllib.parse import unquote

GRADIO = "/gradio_api/"
FILE = "file="
NEEDED = frozenset((
    "api", "app_id", "call", "cancel", "component_server", "config", "heartbeat", "info", "login_check", "openapi.json",
    "queue", "reset", "run", "startup-events", "theme.css", "token", "upload", "upload_progress", "user",
))  # fmt: skip
FETCHING = re.compile(r"/(file=|file/|proxy=)")
LOCAL = re.compile(r"([a-z]:)?/[^/]" if os.name == "nt" else r"/[^/]")  # a file of this machine, by its whole path
MOST_ROUNDS = 5  # of percent-encoding, one inside the other


def refusal(path: str) -> str:
    """Why a path is not served; "" if it is.

    Args:
        path: of a request, decoded once, as ASGI gives it.

    >>> refusal("/gradio_api/file=/tmp/bearkit/a.png")
    ''
    >>> refusal("/gradio_api/file=HTTP%3A//example.org/a.png")
    'refused: only files of this page are served, not addresses'
    """
    plain = _plain(path)
    if plain is None:
        return "refused: the path is encoded too often"
    _, below, rest = plain.partition(GRADIO)
    if below and rest.startswith(FILE):
        local = LOCAL.match(rest.removeprefix(FILE))
        return "" if local else "refused: only files of this page are served, not addresses"
    if FETCHING.search(plain):
        return "refused: this server fetches nothing for others"
    return "refused: no part of this page" if below and rest.split("/")[0] not in NEEDED else ""


def is_upload(path: str) -> bool:
    """Whether a request brings files for a page."""
    return path.rstrip("/").endswith(f"{GRADIO}upload")


def is_file(path: str) -> bool:
    """Whether a path asks for a file that somebody sent or a handler made."""
    return f"{GRADIO}{FILE}" in path


def _plain(path: str) -> str | None:
    """A path without what may disguise it: encodings, backslashes, upper case, blanks; None if that has no end."""
    for _ in range(MOST_ROUNDS):
        if (decoded := unquote(path)) == path:
            shown = "".join(c for c in path if c.isprintable() and not c.isspace())
            return shown.replace("\\", "/").lower()
        path = decoded
    return None
