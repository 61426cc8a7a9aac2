"""A server's connections and log: who sends no more is let go, and takes no place from others."""

import logging
import socket
import threading
import time
from contextlib import ExitStack, contextmanager

import pytest
import requests
import uvicorn

from bearkit.web import connections
from bearkit.web.connections import Connections, limit_connections
from bearkit.web.logs import EACH, LogLimit

HALF = b"GET / HTTP/1.1\r\nHost: here\r\nX-More: "
BODY = b"POST / HTTP/1.1\r\nHost: here\r\nConnection: close\r\nContent-Length: 100\r\n\r\nx"


async def app(scope, receive, send):
    """Says how many bytes came."""
    n, more = 0, scope["type"] == "http"
    while more:
        message = await receive()
        n, more = n + len(message.get("body", b"")), message.get("more_body", False)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": str(n).encode()})


@contextmanager
def serving(**connections):
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="critical", lifespan="off"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    limit_connections(server)
    for name, value in connections.items():
        setattr(server.config.http_protocol_class.keywords["registry"], name, value)
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        thread.join()


def opened(stack, port, *sent):
    sock = stack.enter_context(socket.create_connection(("127.0.0.1", port), 30))
    for data in sent:
        sock.sendall(data)
    return sock


def ended(sock):
    """Whether the server has closed it, or does so before the socket's time-out."""
    try:
        return sock.recv(1000) == b""
    except TimeoutError:
        return False
    except ConnectionError:
        return True


@pytest.mark.parametrize("sent", [(), (HALF,), (BODY,)], ids=["nothing", "half a header", "half a body"])
def test_who_sends_no_more_is_let_go(monkeypatch, sent):
    monkeypatch.setattr(connections, "HEADER_SECONDS", 0.2)
    monkeypatch.setattr(connections, "BODY_SECONDS", 0.2)
    with serving() as port, ExitStack() as stack:
        assert ended(opened(stack, port, *sent))


def test_a_header_that_drips_in_gets_no_more_time_and_a_body_that_comes_in_pieces_does(monkeypatch):
    monkeypatch.setattr(connections, "HEADER_SECONDS", 0.6)
    monkeypatch.setattr(connections, "BODY_SECONDS", 10)
    with serving() as port, ExitStack() as stack:
        drip, slow = opened(stack, port, HALF), opened(stack, port, BODY)
        with pytest.raises(OSError, match=r"."):
            for _ in range(200):
                drip.sendall(b"a")
                time.sleep(0.05)
        for _ in range(99):
            slow.sendall(b"x")
        with slow.makefile("rb") as reply:
            assert b"\r\n100\r\n" in reply.read()


def test_many_half_sent_requests_end_the_oldest_of_their_own_and_others_are_answered():
    with serving(most=40, share=8) as port, ExitStack() as stack:
        sent = [opened(stack, port, HALF if n % 2 else BODY) for n in range(60)]
        assert requests.get(f"http://127.0.0.1:{port}/", timeout=30).status_code == 200
        assert all(ended(sock) for sock in sent[:50])
        sent[-1].settimeout(0.1)
        assert not ended(sent[-1])


class Client:
    """A connection whose request is all there, and whose answer never ends."""

    def __init__(self, address):
        self.address = address


def test_answers_that_never_end_leave_room_for_others():
    connections = Connections(most=8)
    mine = [Client("1.2.3.4") for _ in range(8)]
    assert [connections.admit(one) for one in mine] == [True] * 6 + [False] * 2
    assert connections.admit(Client("5.6.7.8"))
    connections.remove(mine[0])
    assert connections.admit(mine[7])


def test_a_request_after_another_on_one_connection_is_answered():
    with serving() as port, requests.Session() as session:
        for _ in range(3):
            assert session.post(f"http://127.0.0.1:{port}/", data=b"123", timeout=30).text == "3"


def record(text, *arguments, name="uvicorn.error"):
    return logging.LogRecord(name, logging.WARNING, "", 0, text, arguments, None)


def test_a_log_takes_some_lines_of_a_kind_and_says_how_many_it_left_out(monkeypatch):
    bounded, now = LogLimit(), [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    assert sum(bounded.filter(record("bad request %d", n)) for n in range(1000)) == EACH
    assert bounded.filter(record("something else"))
    now[0] = 61
    late = record("bad request %d", 7)
    assert bounded.filter(late)
    assert late.getMessage() == f"bad request 7 ({1000 - EACH} more like this were not written)"


def test_a_log_holds_nothing_that_a_terminal_obeys():
    hostile = record("no picture at %s", "http://a/\x1b]0;mine\x07\r\u202eb")
    assert LogLimit().filter(hostile)
    assert hostile.getMessage() == "no picture at http://a/\\x1b]0;mine\\x07\\r\\u202eb"
