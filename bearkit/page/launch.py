"""How a page of Gradio is served: its uploads are its own, it is guarded, without footers or telemetry."""

import atexit
import errno
import os
import shutil
import socket
import tempfile
from collections.abc import Callable, Collection
from typing import Any

import gradio as gr
from starlette.middleware import Middleware

from bearkit.errors import BearkitError
from bearkit.page.guard import Guard
from bearkit.page.theme import CSS, theme

HOST = "127.0.0.1"
PORT = 7860
MOST_BYTES = 20 * 2**20  # of one picture that a stranger sends
NAMES = frozenset({HOST, "localhost"})  # under which a server that only this machine reaches is known


def launched(
    build: Callable[[], gr.Blocks],
    host: str,
    port: int,
    app_kwargs: dict[str, Any],
    css: str = "",
    **more: Any,
) -> tuple[gr.Blocks, str, str | None]:
    """Build a page and serve it from threads of its own; the page, its address, and the public one if it has one.

    Args:
        build: makes the page, once its uploads have a folder.
        host: the address to listen on.
        port: the first one to try; the next free one is taken.
        app_kwargs: of the application that serves the page, `guarded` among them.
        css: beside what every page has.
        more: of Gradio's `launch`.

    Raises:
        BearkitError: there is no such address, or no free port.
    """
    uploads = tempfile.mkdtemp(prefix="bearkit-")  # private: Gradio serves all of its folder to every visitor
    atexit.register(shutil.rmtree, uploads, ignore_errors=True)
    os.environ["GRADIO_TEMP_DIR"] = uploads
    page = build()
    _, url, public = page.launch(
        server_name=host, server_port=_free_port(port, host), prevent_thread_lock=True, quiet=True, footer_links=[],
        run_history=False, app_kwargs=app_kwargs, theme=theme(), css=CSS + css, ssr_mode=False,
        enable_monitoring=False, **more,
    )  # fmt: skip
    return page, url, public


def guarded(hosts: Collection[str] | None, framed: bool = False, public: bool = False) -> dict[str, Any]:
    """What makes an application keep other sites out; the arguments as the guard takes them."""
    return {"middleware": [Middleware(Guard, hosts=hosts, framed=framed, public=public)]}


def public_address() -> tuple[str, int]:
    """Where a Space serves, as its environment says."""
    host = os.environ.get("GRADIO_SERVER_NAME", "0.0.0.0" if os.environ.get("SPACE_ID") else HOST)
    return host, int(os.environ.get("GRADIO_SERVER_PORT", PORT))


def serve_publicly(build: Callable[[], gr.Blocks]) -> None:
    """Serve a page to everybody until the process ends, as a Space; other sites may ask it and show it."""
    open_to_all = guarded(None, framed=True, public=True)
    page, url, _ = launched(build, *public_address(), open_to_all, share=False, max_file_size=MOST_BYTES)
    print(f"serving at {url}", flush=True)
    page.block_thread()


def _free_port(first: int, host: str) -> int:
    """The first free port from this one on; 0 asks the system for any.

    Raises:
        BearkitError: a hundred of them are taken, or there is no such address.
    """
    try:
        family, _, _, _, (address, *_) = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)[0]
    except OSError as error:
        raise BearkitError(
            f"there is no address `{host}` to listen on", hint="127.0.0.1, or 0.0.0.0 for all"
        ) from error
    for port in range(first, first + 100):
        with socket.socket(family) as probe:
            if os.name == "posix":  # a port that was just left is free
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((address, port))
            except OSError as error:
                if error.errno == errno.EADDRNOTAVAIL:
                    raise BearkitError(
                        f"{host} is no address of this machine", hint="0.0.0.0 for all of them"
                    ) from error
                continue
            free: int = probe.getsockname()[1]
            return free
    raise BearkitError(f"no free port from {first} on", hint="name another one with --port")
