"""A Hub on this machine, as far as huggingface_hub asks one when it downloads a data set."""

import hashlib
import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote

COMMIT = "4be8a1c0" * 5


def oid(data):
    return hashlib.sha1(data, usedforsecurity=False).hexdigest()


class Handler(BaseHTTPRequestHandler):
    """`/api/datasets/USER/NAME[/revision/REV | /tree/REV]` and `/datasets/USER/NAME/resolve/REV/PATH`."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        """Keep quiet."""

    def do_HEAD(self):
        self.do_GET()

    def do_GET(self):
        parts = unquote(self.path.partition("?")[0]).strip("/").split("/")
        self.server.asked.append(self.path)
        if parts[:2] == ["api", "datasets"] and "/".join(parts[2:4]) in self.server.repos:
            files = self.server.repos["/".join(parts[2:4])]
            about = {"id": "/".join(parts[2:4]), "sha": COMMIT, "siblings": [{"rfilename": name} for name in files]}
            tree = [{"type": "file", "path": name, "size": len(data), "oid": oid(data)} for name, data in files.items()]
            self.give(json.dumps(tree if parts[4:5] == ["tree"] else about).encode(), kind="application/json")
        elif parts[0] == "datasets" and parts[3:4] == ["resolve"]:
            data = self.server.repos.get("/".join(parts[1:3]), {}).get("/".join(parts[5:]))
            if data is None:
                self.missing("EntryNotFound")
            else:
                self.give(data, ETag=f'"{oid(data)}"', **{"X-Repo-Commit": COMMIT})
        else:
            self.missing("RepoNotFound")

    def missing(self, code):
        self.give(
            b'{"error": "not found"}', 404, "application/json", **{"X-Error-Code": code, "X-Error-Message": "not found"}
        )

    def give(self, data, status=200, kind="application/octet-stream", **headers):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        for key, value in headers.items():
            self.send_header(key, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)


@contextmanager
def hub(repos):
    """A Hub with these data sets, {name: {path: bytes}}; `.url`, and `.asked`: every address in turn."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.repos, server.asked = repos, []
    server.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
