"""The routes of Gradio that a page needs. All others are refused, above all those that download for a client."""

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
LOCAL = re.compile(r"([a-z]:)?/[^/]" if os.name == "nt" else r"/[^/]")  # the absolute path of a local file
MOST_ROUNDS = 5  # of nested percent-encoding


def refusal(path: str) -> str:
    """Return why a path is not served; "" if it is served.

    Args:
        path: of a request, decoded once, as in ASGI.

    >>> refusal("/gradio_api/file=/tmp/bearkit/a.png")
    ''
    >>> refusal("/gradio_api/file=HTTP%3A//example.org/a.png")
    'refused: only files of this page are served, not addresses'
    """
    plain = _plain(path)
    if plain is None:
        return "refused: the path is encoded too many times"
    _, below, rest = plain.partition(GRADIO)
    if below and rest.startswith(FILE):
        local = LOCAL.match(rest.removeprefix(FILE))
        return "" if local else "refused: only files of this page are served, not addresses"
    if FETCHING.search(plain):
        return "refused: this server downloads nothing for others"
    return "refused: not a part of this page" if below and rest.split("/")[0] not in NEEDED else ""


def is_upload(path: str) -> bool:
    """Return whether a path is that of file uploads."""
    return path.rstrip("/").endswith(f"{GRADIO}upload")


def is_file(path: str) -> bool:
    """Return whether a path is that of a file that someone uploaded or a handler wrote."""
    return f"{GRADIO}{FILE}" in path


def _plain(path: str) -> str | None:
    """Return a path in lower case without encodings, backslashes and blanks; None if it is encoded too many times."""
    for _ in range(MOST_ROUNDS):
        if (decoded := unquote(path)) == path:
            shown = "".join(c for c in path if c.isprintable() and not c.isspace())
            return shown.replace("\\", "/").lower()
        path = decoded
    return None
