"""A model behind HTTP: answers as the Predictor's, clear errors for anything else, and the next one is served."""

import contextlib
import os
import re
import signal
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest
import requests
from starlette.requests import Request

from bearkit import Predictor
from bearkit.errors import BusyError
from bearkit.serve.api import Api
from bearkit.serve.batching import SHARE, Batcher
from bearkit.web.launch import MOST_BYTES
from tests.conftest import picture
from tests.processes import Served
from tests.servers import bomb, serving


@pytest.fixture(scope="module")
def served(trained):
    running = Served(trained.model, "--allow-private")
    yield running
    running.end()


@pytest.fixture(scope="module")
def paths(trained):
    return sorted(trained.project.images.rglob("*.png"))


def test_a_form_a_body_and_an_address_get_the_predictors_answer(served, trained, paths):
    expected = Predictor(trained.model).predict(paths[0]).as_dict()
    data = paths[0].read_bytes()
    with serving(replay={"/file/1.png": data}) as server:
        replies = [
            served.post(files={"file": ("a.png", data)}),
            served.post(data=data, headers={"Content-Type": "image/png"}),
            served.post(json={"url": f"{server.url}/file/1.png"}),
        ]
        names = ["a.png", "picture", f"{server.url}/file/1.png"]
    for (status, said), name in zip(replies, names, strict=True):
        assert status == 200
        (row,) = said["predictions"]
        assert row["path"] == name
        assert row["probs"] == pytest.approx(expected["probs"], abs=1e-5)
        assert (row["label"], row["known"]) == (expected["label"], expected["known"])
        assert len(row["top"]) == 3
    _, said = served.post(files={"f": data}, params={"top": 1})
    assert len(said["predictions"][0]["top"]) == 1


@pytest.mark.parametrize(
    ("options", "status", "error"),
    [
        ({"files": {"file": b""}}, 400, "0 bytes"),
        ({"data": b"", "headers": {"Content-Type": "image/png"}}, 400, "0 bytes"),
        ({"files": {"file": picture(1)[:200]}}, 422, "cut off|damaged|not a picture"),
        ({"files": {"file": bomb()}}, 422, "megapixels"),
        ({"files": {"file": b"<html></html>"}}, 422, "web page"),
        ({"data": {"a": "b"}}, 415, "unsupported content type"),
        ({"data": b"x", "headers": {"Content-Type": "text/plain"}}, 415, "unsupported content type"),
        ({"data": b"x", "headers": {"Content-Type": "multipart/form-data"}}, 400, "form cannot be read"),
        ({"data": b"x", "headers": {"Content-Type": "multipart/form-data; boundary=b"}}, 400, "form"),
        ({"json": {"link": "x"}}, 400, "names no picture"),
        ({"json": {"url": 7}}, 400, "not a text"),
        ({"data": b"{", "headers": {"Content-Type": "application/json"}}, 400, "names no picture"),
        ({"json": {"url": "ftp://example.org/a"}}, 400, "neither http nor https"),
        ({"json": {"url": "http://nowhere.invalid/a.png"}}, 400, "no such host"),
        ({"data": b"[" * 200_000, "headers": {"Content-Type": "application/json"}}, 400, "names no picture"),
        ({"params": {"top": "9" * 5000}, "data": b"x", "headers": {"Content-Type": "image/png"}}, 400, "top=999"),
        ({"params": {"top": "many"}, "data": b"x", "headers": {"Content-Type": "image/png"}}, 400, "top=many"),
    ],
)  # fmt: skip
def test_bad_requests_get_a_clear_error_and_the_next_one_is_served(served, paths, options, status, error):
    got, said = served.post(**options)
    assert got == status
    assert said["hint"]
    assert re.search(error, said["error"])
    assert served.post(files={"file": paths[0].read_bytes()})[0] == 200


@pytest.mark.parametrize(
    ("method", "path", "headers", "status", "allowed"),
    [
        ("GET", "/api/predict", {}, 405, "POST"),
        ("PUT", "/api/predict", {}, 405, "POST"),
        ("DELETE", "/api/health", {}, 405, "GET, HEAD"),
        ("POST", "/api", {}, 405, "GET, HEAD"),
        ("GET", "/api/nothing/here", {}, 404, None),
        ("POST", "/api/predict", {"Host": "evil.example"}, 403, None),
        ("POST", "/api/predict", {"Origin": "http://evil.example"}, 403, None),
        ("GET", "/api/health", {"Sec-Fetch-Site": "cross-site"}, 403, None),
    ],
)
def test_what_the_api_does_not_do_is_an_object_with_a_hint(served, method, path, headers, status, allowed):
    reply = requests.request(method, served.url + path, headers=headers, timeout=60)
    assert (reply.status_code, reply.headers.get("Allow")) == (status, allowed)
    assert set(reply.json()) == {"error", "hint"}
    assert reply.json()["hint"]


def raw(served, head, body=b""):
    """Send what no client library would; the socket, to read from."""
    host, port = served.url.removeprefix("http://").split(":")
    sock = socket.create_connection((host, int(port)), 60)
    sock.sendall(
        f"POST /api/predict HTTP/1.1\r\nHost: {host}:{port}\r\nContent-Type: image/png\r\n{head}\r\n\r\n".encode()
        + body
    )
    return sock


def test_a_hundred_megabytes_are_refused_before_they_are_read(served):
    with raw(served, f"Content-Length: {100 * 2**20}") as sock:
        answer = sock.recv(4096).decode()
    assert " 413 " in answer
    chunk = b"100000\r\n" + bytes(2**20) + b"\r\n"
    with raw(served, "Transfer-Encoding: chunked") as sock, contextlib.suppress(ConnectionError):
        for _ in range(100):
            sock.sendall(chunk)
    assert MOST_BYTES < 100 * 2**20
    health = requests.get(f"{served.url}/api/health", timeout=60).json()
    assert health["waiting"] == 0


@pytest.mark.slow
def test_who_sends_slowly_or_hangs_up_holds_up_nobody(served, paths):
    slow = [raw(served, "Content-Length: 100", b"x") for _ in range(140)]
    with serving(latency=20) as server, ThreadPoolExecutor(20) as pool:
        hanging = [pool.submit(served.post, json={"url": f"{server.url}/ok/{n}.png"}) for n in range(8)]
        assert served.post(files={"file": paths[0].read_bytes()})[0] == 200
        assert not any(one.done() for one in hanging), "it is answered while the others hang"
        assert all(one.result()[0] in (400, 408) for one in hanging)
    for sock in slow:
        sock.close()
    while requests.get(f"{served.url}/api/health", timeout=60).json()["waiting"]:
        time.sleep(0.05)


def test_private_addresses_are_refused_unless_told_otherwise(small, request):
    running = Served(small.model)
    request.addfinalizer(running.end)
    with serving(replay={"/file/1.png": picture(1, kind="PNG")}) as server:
        status, said = running.post(json={"url": f"{server.url}/file/1.png"})
        assert (status, server.asked) == (400, [])
        assert "private network" in said["error"]
    assert requests.get(running.url, headers={"Host": "evil.example"}, timeout=60).status_code == 403
    os.kill(running.process.pid, signal.SIGTERM)
    running.process.join(20)
    assert running.process.exitcode is not None


@pytest.mark.slow
def test_a_thousand_at_once_are_answered_or_told_to_come_back(served, trained, paths):
    predictor = Predictor(trained.model)
    contents = [path.read_bytes() for path in paths]
    expected = [predictor.predict(path).label for path in paths]

    def ask(n):
        return n, *served.post(files={"file": contents[n % len(contents)]})

    before = memory(served)
    with ThreadPoolExecutor(200) as pool:
        replies = list(pool.map(ask, range(1000)))
    assert {status for _, status, _ in replies} <= {200, 429}
    good = [(n, said) for n, status, said in replies if status == 200]
    assert len(good) >= 128
    assert all(said["predictions"][0]["label"] == expected[n % len(paths)] for n, said in good)
    assert all("try again" in said["hint"] for _, status, said in replies if status == 429)
    assert memory(served) - before < 300
    assert served.post(files={"file": contents[0]})[0] == 200
    health = requests.get(f"{served.url}/api/health", timeout=60).json()
    assert (health["status"], health["waiting"]) == ("ok", 0)


def memory(served):
    """MiB that its process held at the most so far."""
    told = Path(f"/proc/{served.process.pid}/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+) kB", told)[1]) / 2**10


def test_it_describes_itself(served, trained):
    described = requests.get(f"{served.url}/api/openapi.json", timeout=60).json()
    assert set(described["paths"]) == {"/api/predict", "/api/health"}
    properties = described["paths"]["/api/predict"]["post"]["responses"]["200"]["content"]["application/json"]["schema"]
    row = properties["properties"]["predictions"]["items"]["properties"]
    _, said = served.post(files={"file": picture(1)})
    assert set(row) == set(said["predictions"][0])
    assert row["label"]["enum"] == Predictor(trained.model).vocab
    predict = described["paths"]["/api/predict"]["post"]
    assert predict["requestBody"]["content"]["application/json"]["schema"]["required"] == ["url"]
    assert {"400", "403", "405", "408", "413", "415", "422", "429", "500"} < set(predict["responses"])
    page = requests.get(f"{served.url}/api", timeout=60).text
    assert f"curl -F file=@picture.jpg {served.url}/api/predict" in page
    assert "http" not in page.replace(served.url, "").replace("https://example.org", "")


def test_one_address_takes_not_all_places_and_a_picture_that_is_not_there_takes_none(small):
    batcher = Batcher(Predictor(small.model))
    with ExitStack() as stack:
        for _ in range(SHARE):
            stack.enter_context(batcher.place("10.0.0.1"))
        with pytest.raises(BusyError, match="of yours"), batcher.place("10.0.0.1"):
            pass
        with batcher.place("10.0.0.2"):
            assert batcher.waiting == SHARE + 1
    assert batcher.waiting == 0


def test_large_pictures_that_are_being_sent_leave_room_for_small_ones(small):
    api = Api(Predictor(small.model))

    def hold(client, megabytes):
        request = Request({"type": "http", "client": (client, 1), "state": {"held": 0}})
        try:
            api._hold(request, int(megabytes * 2**20))
        except BusyError:
            api._hold(request, -request.state.held)  # it is over
            raise
        return request

    held = [hold("10.0.0.1", 19) for _ in range(6)]
    with pytest.raises(BusyError, match="large pictures"):
        hold("10.0.0.1", 19)
    held.append(hold("10.0.0.2", 19))
    with pytest.raises(BusyError, match="large pictures"):
        hold("10.0.0.3", 19)
    api._hold(hold("10.0.0.1", 0.5), 0)
    for request in held:
        api._hold(request, -request.state.held)
    assert hold("10.0.0.1", 19).state.held == 19 * 2**20
