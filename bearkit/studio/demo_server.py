"""Serve the folder of a static demo at an address of its own, so that it can be tried before it is published."""

from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from bearkit.web.launch import HOST


class _QuietHandler(SimpleHTTPRequestHandler):
    def do_GET(self) -> None:
        """Serve a file, but not to a page of another site whose name leads to this machine (DNS rebinding)."""
        if self.headers.get("Host") == f"{HOST}:{self.connection.getsockname()[1]}":
            super().do_GET()
        else:
            self.send_error(403)

    def log_message(self, *_: Any) -> None:
        """Print nothing for a request."""

    def end_headers(self) -> None:
        """Let the browser ask again for each file: the next preview may have the same address."""
        self.send_header("Cache-Control", "no-store")
        super().end_headers()


class DemoServer:
    """A server for browsers on this machine.

    Its address has another port than the studio's: a page there has no access to the studio.

    Args:
        folder: what `bearkit space --sdk static` writes.

    Attributes:
        url: the address of the demo.
    """

    def __init__(self, folder: Path) -> None:
        self._server = ThreadingHTTPServer((HOST, 0), partial(_QuietHandler, directory=str(folder)))
        self.url = f"http://{HOST}:{self._server.server_address[1]}/"
        Thread(target=self._server.serve_forever, name="demo", daemon=True).start()

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()
