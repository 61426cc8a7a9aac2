"""A server on this machine that behaves well, or badly in a way that its address names."""

import gzip
import socket
import struct
import threading
import time
import zlib
from contextlib import contextmanager, suppress
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from tests.conftest import picture


def bomb():
    """A PNG of 50,000 x 50,000 pixels in a few hundred bytes of header; its data would be gigabytes."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 50_000, 50_000, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(bytes(10**6))) + chunk(b"IEND", b"")


@cache
def heavy():
    """300 MiB of nothing, packed."""
    return gzip.compress(bytes(300 * 2**20), 1)


class Handler(BaseHTTPRequestHandler):
    """`/ok/7.png` is picture 7; every other address is a kind of trouble."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        """Keep quiet."""

    def do_GET(self):
        server = self.server
        with server.lock:
            server.asked.append(self.path)
            count = server.asked.count(self.path)
            server.now += 1
            server.most = max(server.most, server.now)
        time.sleep(server.latency)
        with server.lock:
            server.now -= 1  # before it has the answer, and may ask again
        with suppress(BrokenPipeError, ConnectionResetError):
            self.answer(urlsplit(self.path), count)
        self.close_connection = True

    def answer(self, parts, count):
        name = parts.path.strip("/").split("/")[0].partition(".")[0]
        getattr(self, f"give_{name}", self.give_nothing)(parts, count)

    def give(self, data, status=200, kind="image/png", **headers):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", headers.pop("length", len(data)))
        for key, value in headers.items():
            self.send_header(key.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(data)

    def number(self, parts):
        return int("".join(c for c in parts.path if c.isdigit()) or 0)

    def give_ok(self, parts, _):
        self.give(picture(self.number(parts), kind="PNG"))

    def give_nothing(self, *_):
        self.give(b"nothing here", 404, "text/plain")

    def give_endless(self, *_):
        self.send_response(200)
        self.end_headers()
        while True:
            self.wfile.write(bytes(2**16))

    def give_drip(self, *_):
        self.send_response(200)
        self.end_headers()
        self.drip_for_ever(b"\x89")

    def give_driphead(self, *_):
        self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        self.drip_for_ever(b"a")

    def drip_for_ever(self, byte):
        """Until the other side hangs up: whoever lets itself be held up this way never comes back."""
        while True:
            self.wfile.write(byte)
            self.wfile.flush()
            time.sleep(0.1)

    def give_silent(self, *_):
        self.connection.recv(1)  # until the other side hangs up

    def give_loop(self, *_):
        self.give(b"", 302, Location=self.path)

    def give_to(self, parts, _):
        self.give(b"", 302, Location=parse_qs(parts.query)["u"][0])

    def give_lengths(self, parts, _):
        """What no server should say of its answer's length."""
        said = {"two": ("2", "2"), "word": ("abc",), "long": ("9" * 5000,)}[parts.path.rpartition("/")[2]]
        self.send_response(200)
        for length in said:
            self.send_header("Content-Length", length)
        self.end_headers()
        self.wfile.write(b"no")

    def give_nowhere(self, *_):
        self.give(b"", 302, Location="http://[bad")

    def give_heavy(self, *_):
        """A redirect with a body that nobody should read."""
        self.give(heavy(), 302, Content_Encoding="gzip", Location="/ok/1.png")

    def give_damaged(self, *_):
        self.give(gzip.compress(b"a" * 1000)[:-20] + b"no gzip at all, none", Content_Encoding="gzip")

    def give_page(self, *_):
        self.give(b"<!doctype html><html>gone</html>", kind="image/jpeg")

    def give_svg(self, *_):
        self.give(b'<svg xmlns="http://www.w3.org/2000/svg"/>', kind="image/jpeg")

    def give_bomb(self, *_):
        self.give(bomb())

    def give_gzipbomb(self, *_):
        self.give(heavy(), Content_Encoding="gzip")

    def give_zipped(self, parts, _):
        self.give(gzip.compress(picture(self.number(parts), kind="PNG")), Content_Encoding="gzip")

    def give_short(self, parts, _):
        data = picture(3, kind="PNG")
        self.give(data[: len(data) // 2], length=len(data))

    def give_reset(self, *_):
        self.send_response(200)
        self.send_header("Content-Length", 10**6)
        self.end_headers()
        self.wfile.write(bytes(1000))
        self.wfile.flush()
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()

    def give_busy(self, parts, count):
        if count == 1:
            self.give(b"", 429, Retry_After="1")
        else:
            self.give_ok(parts, count)

    def give_flaky(self, parts, count):
        if count < 3:
            self.give(b"", 503)
        else:
            self.give_ok(parts, count)

    def give_wait(self, *_):
        self.give(b"", 429, Retry_After="600")

    def give_broken(self, *_):
        self.give(b"", 500)

    def give_robots(self, parts, _):
        self.give(picture(self.number(parts), kind="PNG"), X_Robots_Tag="noai, noimageai")

    def give_file(self, parts, _):
        """What a replay says of this line; `server.replay` maps a path to bytes, None for dead."""
        data = self.server.replay.get(parts.path)
        if data is None:
            self.give_nothing()
        else:
            self.give(data)


@contextmanager
def serving(latency=0.0, replay=None, handler=Handler):
    """A running server: its `url`, what was `asked`, and the `most` questions at once."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads, server.request_queue_size = True, 128
    server.lock, server.asked, server.now, server.most = threading.Lock(), [], 0, 0
    server.latency, server.replay = latency, replay or {}
    server.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
