"""Serve a Gradio page: with its own upload folder, guarded, without footer links or telemetry."""

import errno
import ipaddress
import os
import socket
from collections.abc import Callable, Collection
from typing import Any

import gradio as gr
from starlette.middleware import Middleware

from bearkit.core.proxies import usable_proxies
from bearkit.errors import BearkitError
from bearkit.web.connections import limit_connections
from bearkit.web.limits import OWNER, VISITOR, Allowance, Limits
from bearkit.web.logs import limit_logs
from bearkit.web.origin_guard import OriginGuard
from bearkit.web.theme import CSS, theme
from bearkit.web.uploads import upload_folder

HOST = "127.0.0.1"
PORT = 7860
LAST_PORT = 65535
TRIED = 100  # ports to try, from the first one
MOST_QUEUED = 200  # waiting events of all visitors; Gradio refuses more
MOST_BYTES = 20 * 2**20  # of one image that a visitor sends
NAMES = frozenset({HOST, "localhost", "::1"})  # host names of a server that only this machine can reach


def launch_page(
    build: Callable[[], gr.Blocks],
    host: str,
    port: int,
    app_kwargs: dict[str, Any],
    css: str = "",
    allowed: Allowance = OWNER,
    **more: Any,
) -> tuple[gr.Blocks, str, str | None]:
    """Build a page and serve it from background threads.

    Args:
        build: builds the page; it is called once the upload folder exists.
        host: the address to listen on.
        port: the first port to try; the next free one is used.
        app_kwargs: arguments of the FastAPI application, such as those of `guard_arguments`.
        css: style sheet in addition to that of every page.
        allowed: what visitors may upload.
        more: arguments of Gradio's `launch`.

    Returns:
        The page, its address, and its public address if it has one.

    Raises:
        BearkitError: There is no such address, or no free port.
    """
    with upload_folder() as folder, usable_proxies(host.strip("[]")):
        page = build()
        free = find_free_port(port, host)  # only now: another program could take it while the page is built
        page.queue(max_size=MOST_QUEUED)
        middleware = [*app_kwargs.get("middleware", []), Middleware(Limits, folder=folder, allowed=allowed)]
        _, url, public = page.launch(
            server_name=f"[{host}]" if ":" in host.strip("[]") else host, server_port=free, prevent_thread_lock=True,
            quiet=True, footer_links=[], run_history=False, app_kwargs={**app_kwargs, "middleware": middleware},
            theme=theme(), css=CSS + css, ssr_mode=False, enable_monitoring=False, **more,
        )  # fmt: skip
    limit_connections(page.server)
    limit_logs()
    return page, url, public


def guard_arguments(hosts: Collection[str] | None, framed: bool = False, public: bool = False) -> dict[str, Any]:
    """Return arguments of a FastAPI application that keep other sites out; see `OriginGuard`."""
    return {"middleware": [Middleware(OriginGuard, hosts=hosts, framed=framed, public=public)]}


def is_hosted() -> bool:
    """Return whether this runs in a Hugging Face Space, where visitors use somebody else's machine."""
    return bool(os.environ.get("SPACE_ID"))


def host_names(host: str) -> frozenset[str] | None:
    """Return the host names under which browsers may open a server on this address; None if they are unknown."""
    host = host.strip("[]").lower()
    try:
        found = {entry[4][0] for entry in socket.getaddrinfo(host or None, None, type=socket.SOCK_STREAM)}
        local = bool(host) and all(ipaddress.ip_address(address).is_loopback for address in found)
    except (OSError, ValueError):
        return None
    return NAMES | {host} if local else None


def public_address() -> tuple[str, int]:
    """Return the host and port that a Space's environment names.

    Raises:
        BearkitError: The port is not a number.
    """
    host = os.environ.get("GRADIO_SERVER_NAME", "0.0.0.0" if is_hosted() else HOST)  # noqa: S104
    port = os.environ.get("GRADIO_SERVER_PORT", str(PORT))
    if not port.isdecimal():
        raise BearkitError(f"GRADIO_SERVER_PORT is `{port}`", hint=f"a number from 0 to {LAST_PORT}")
    return host, int(port[:9])


def serve_publicly(build: Callable[[], gr.Blocks]) -> None:
    """Serve a page to everybody until the process ends, as in a Space; other sites may call and embed it."""
    open_to_all = guard_arguments(None, framed=True, public=True)
    page, url, _ = launch_page(
        build, *public_address(), open_to_all, allowed=VISITOR, share=False, max_file_size=MOST_BYTES
    )
    print(f"serving at {url}", flush=True)
    page.block_thread()


def find_free_port(first: int, host: str) -> int:
    """Return the first free port from `first` on; 0 lets the system choose one.

    Raises:
        BearkitError: The port or address does not exist, or none of the `TRIED` ports is free.
    """
    if not 0 <= first <= LAST_PORT:
        raise BearkitError(f"there is no port {first}", hint=f"--port takes 0 (any free one) to {LAST_PORT}")
    family, address = _resolved(host)
    for port in range(first, min(first + TRIED, LAST_PORT + 1)):
        with socket.socket(family) as probe:
            if os.name == "posix":  # a port that was closed a moment ago counts as free
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


def _resolved(host: str) -> tuple[int, str]:
    """Return the address family and the address of a host name.

    Raises:
        BearkitError: There is no such address.
    """
    try:
        if not host.strip("[]"):
            raise OSError("no name")
        found = socket.getaddrinfo(host.strip("[]"), None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise BearkitError(
            f"there is no address `{host}` to listen on", hint="127.0.0.1, or 0.0.0.0 for all"
        ) from error
    family, _, _, _, (address, *_) = found[0]
    return family, str(address)
