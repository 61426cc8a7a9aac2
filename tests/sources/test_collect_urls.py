"""Collecting from addresses: real lists replayed, hostile servers, kills, politeness; a row for each address."""

import json
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
import tracemalloc
from collections import Counter
from dataclasses import replace
from types import SimpleNamespace
from urllib.parse import quote, urlsplit

import pytest
import trustme

from bearkit import Limits, Project, collect_images
from bearkit.catalog.catalog import Catalog
from bearkit.cli import output as words
from bearkit.errors import DownloadError, ImportSourceError, ProjectError
from bearkit.sources.web import ssrf, url_list
from bearkit.sources.web.fetch import BACKOFF_SECONDS, fetch
from tests.conftest import picture
from tests.servers import heavy, serving

OWN = Limits(seconds=60, allow_private=True, max_bytes=2**20)  # more than anything takes here, also on a busy machine
SOON = replace(OWN, seconds=1)  # for those that would never answer


def sooner(*names, soon=SOON):
    """`fetch`, which has little patience with these kinds of trouble: it takes their time, and no other time counts."""
    return lambda url, limits: fetch(url, soon if urlsplit(url).path.split("/")[1] in names else limits)


@pytest.fixture
def server():
    with serving() as running:
        yield running


def write_list(path, server, *names):
    path.write_text("".join(f"{server.url}/{name}\n" for name in names))
    return path


def rows(project):
    return {row.origin: row for row in Catalog(project).remote_sources()}


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("endless", "more than 1 MiB"),
        ("drip", "took longer than 1 s"),
        ("driphead", "took longer than 1 s"),
        ("silent", "took longer than 1 s"),
        ("loop", "redirected more than 5 times"),
        ("to?u=ftp://example.org/a.jpg", "refused: neither http nor https"),
        ("to?u=http://nowhere.invalid/a.jpg", "there is no such host"),
        ("to?u=http://127.0.0.1:1/a.jpg", "the connection was refused"),
        ("gzipbomb", "more than 1 MiB"),
        ("short", "the connection broke off"),
        ("reset", "the connection broke off"),
        ("wait", "429 too many requests"),
        ("broken", "500 the server failed"),
        ("robots/1.png", "its server asks not to use it for AI"),
        ("gone", "404 not found"),
        ("nowhere", "not an address"),
        ("to?u=/ok/%1b[2J1.png", "not an address"),
        ("lengths/long", "more than 1 MiB"),
        ("damaged", "its packed answer is damaged"),
    ],
)
def test_every_kind_of_trouble_ends_in_time_with_its_reason(server, name, reason, monkeypatch):
    """drip, driphead and silent end only when we hang up."""
    monkeypatch.setattr("bearkit.sources.web.fetch.BACKOFF_SECONDS", 0)
    heavy()  # made before the time counts
    with pytest.raises(DownloadError) as caught:
        sooner("drip", "driphead", "silent")(f"{server.url}/{name}", OWN)
    assert str(caught.value) == reason


def test_a_plain_server_behind_https_is_told(server):
    with pytest.raises(DownloadError, match="no safe connection can be made to it"):
        fetch(server.url.replace("http://", "https://") + "/ok/1.png", OWN)


def test_a_certificate_that_nobody_vouches_for_is_refused(server):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("localhost", "127.0.0.1").configure_cert(context)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    with pytest.raises(DownloadError, match="its certificate is not valid"):
        fetch(server.url.replace("http://", "https://") + "/ok/1.png", OWN)


def test_silence_ends_a_fetch_before_its_deadline(server, monkeypatch):
    monkeypatch.setattr("bearkit.sources.web.fetch.TIMEOUTS", (0.5, 0.5))
    monkeypatch.setattr("bearkit.sources.web.fetch.TRIES", 1)
    with pytest.raises(DownloadError, match="silent for"):  # at its deadline it would say that it took too long
        fetch(f"{server.url}/silent", OWN)


def test_a_connection_that_opens_when_the_time_is_over_is_ended(server, monkeypatch):
    def late(*args):
        if server.asked:  # the second time
            time.sleep(1.5)
        return ssrf.resolve(*args)

    monkeypatch.setattr("bearkit.sources.web.fetch.resolve", late)
    monkeypatch.setattr("bearkit.sources.web.fetch.TIMEOUTS", (600, 600))  # nothing but the deadline ends it
    with pytest.raises(DownloadError, match="took longer than 1 s"):
        fetch(f"{server.url}/to?u=/silent", SOON)


def test_the_body_of_a_redirect_is_not_even_read(server):
    heavy()  # made before anything is measured
    tracemalloc.start()
    try:
        assert fetch(f"{server.url}/heavy", OWN).data == picture(1, kind="PNG")
        assert tracemalloc.get_traced_memory()[1] < 100 * 2**20, "what it would be unpacked is 300 MiB"
    finally:
        tracemalloc.stop()


def test_one_odd_answer_never_holds_up_the_others(server, tmp_path):
    names = ("lengths/two", "ok/1.png", "lengths/word", "lengths/long", "nowhere", "ok/2.png")
    path = write_list(tmp_path / "list.txt", server, *names)
    report = collect_images(Project(tmp_path / "p"), [("a", path)], limits=OWN)
    assert (report.tried, report.saved, report.failed) == (6, 2, 4)


def test_even_a_bug_of_ours_holds_up_nobody(server, tmp_path, monkeypatch):
    def broken(url, limits):
        if url.endswith("1.png"):
            raise RuntimeError("a bug")
        return fetch(url, limits)

    monkeypatch.setattr("bearkit.sources.web.collect.fetch", broken)
    path = write_list(tmp_path / "list.txt", server, "ok/1.png", "ok/2.png")
    report = collect_images(Project(tmp_path / "p"), [("a", path)], limits=OWN)
    assert report.saved == 1
    assert any("unexpected: RuntimeError" in reason for reason in report.reasons)


def test_a_busy_server_is_asked_again_when_it_says(server, monkeypatch):
    pauses = []
    clock = SimpleNamespace(monotonic=lambda: sum(pauses), sleep=pauses.append, time=time.time)  # goes while one sleeps
    monkeypatch.setattr("bearkit.sources.web.fetch.time", clock)
    assert fetch(f"{server.url}/busy/5.png", OWN).data == picture(5, kind="PNG")
    assert pauses == [1], "as the server says"
    assert fetch(f"{server.url}/flaky/6.png", OWN).data == picture(6, kind="PNG")
    assert pauses[1:] == [BACKOFF_SECONDS, 2 * BACKOFF_SECONDS]
    assert [server.asked.count(path) for path in ("/busy/5.png", "/flaky/6.png")] == [2, 3]
    with pytest.raises(DownloadError, match="429 too many requests"):
        fetch(f"{server.url}/wait/7.png", OWN)
    assert len(pauses) == 3, "who asks for ten minutes is not waited for"


def test_what_is_packed_is_unpacked_and_redirects_are_followed(server):
    assert fetch(f"{server.url}/zipped/4.png", OWN).data == picture(4, kind="PNG")
    found = fetch(f"{server.url}/to?u=/ok/9.png?w=100", OWN)
    assert found.data == picture(9, kind="PNG")
    assert found.address == f"{server.url}/ok/9.png?w=100"
    assert fetch(f"{server.url}/robots/2.png", Limits(allow_private=True, robots=False)).data


@pytest.mark.parametrize(
    "where",
    ["http://127.0.0.1:{port}/ok/1.png", "http://localhost:{port}/ok/1.png", "http://2130706433:{port}/ok/1.png",
     "http://[::ffff:127.0.0.1]:{port}/ok/1.png", "http://169.254.169.254/latest/meta-data", "http://10.0.0.1/",
     "http://0.0.0.0:{port}/ok/1.png", "http://trick.example:{port}/ok/1.png"],
)  # fmt: skip
def test_private_addresses_are_refused_at_first_and_after_a_redirect(server, where, monkeypatch):
    real = socket.getaddrinfo

    def lookup(host, *args, **kwargs):
        return real("127.0.0.1" if host == "trick.example" else host, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    url = where.format(port=server.server_port)
    with pytest.raises(DownloadError, match="refused: it leads into a private network") as caught:
        fetch(url, Limits(seconds=3))
    assert "--allow-private" in caught.value.hint
    first = []

    def public_once(address):  # the first host is let through, as if it were a public one
        first.append(address)
        return len(first) == 1

    monkeypatch.setattr(ssrf, "is_public", public_once)
    with pytest.raises(DownloadError, match="refused: it leads into a private network"):
        fetch(f"{server.url}/to?u={url}", Limits(seconds=3))
    assert not any(path.startswith("/ok") for path in server.asked)


def test_a_hostile_list_leaves_the_rest_saved_and_nothing_outside(server, tmp_path, monkeypatch):
    project = Project(tmp_path / "project")
    monkeypatch.setattr("bearkit.sources.web.collect.fetch", sooner("drip"))
    monkeypatch.setattr("bearkit.sources.web.fetch.BACKOFF_SECONDS", 0)
    trouble = ("endless", "drip", "loop", "page.jpg", "svg.jpg", "bomb.png", "gzipbomb", "short", "reset", "gone")
    good = [f"ok/{n}.png" for n in range(20)]
    names = [name for pair in zip(good, trouble * 2, strict=True) for name in pair]
    path = write_list(tmp_path / "list.txt", server, *names, "ok/%2e%2e%2f%2e%2e%2fescape.png?n=77", "..%2f..%2fx")
    report = collect_images(project, [("bear", path)], limits=OWN)
    found = rows(project)
    assert (report.tried, report.saved, report.failed) == (32, 21, 11)
    assert len(found) == 32
    assert report.skipped == 10
    assert report.reasons["listed twice"] == 10
    reasons = {row.origin.rpartition("/")[2]: row.reason for row in found.values() if row.status == "failed"}
    assert reasons["page.jpg"].endswith("it is a web page")
    assert "SVG" in reasons["svg.jpg"]
    assert "megapixels" in reasons["bomb.png"]
    assert {name: reasons[name] for name in ("endless", "drip", "loop", "gzipbomb", "short", "reset", "gone")} == {
        "endless": "more than 1 MiB", "drip": "took longer than 1 s", "loop": "redirected more than 5 times",
        "gzipbomb": "more than 1 MiB", "short": "the connection broke off", "reset": "the connection broke off",
        "gone": "404 not found",
    }  # fmt: skip
    files = [path for path in project.images.rglob("*") if path.is_file()]
    assert len(files) == 21
    assert not any(path.name.startswith(".") for path in files)
    outside = {path.name for path in tmp_path.iterdir()}
    assert outside == {"project", "list.txt"}


@pytest.mark.slow
def test_real_lists_against_a_server_that_replays_what_their_lines_gave(data, tmp_path, monkeypatch):
    """The three lists of bears_urls, 200 lines each: addresses of this machine with the same paths and queries."""
    replay, lists, alive, late = {}, {}, Counter(), 0
    with (data / "bears_urls" / "replay.tsv").open() as file:
        next(file)
        for line in file:
            label, number, url, outcome = line.rstrip("\n").split("\t")
            slow = outcome == "LIVED_NOT_IN_SNAPSHOT"  # their bytes are lost: they play the servers that take too long
            path = f"/drip/{label}/{number}" if slow else f"/file/{label}/{number}"
            known = (data / "bears_urls" / outcome).is_file()
            replay[path] = (data / "bears_urls" / outcome).read_bytes() if known else None
            lists.setdefault(label, []).append(f"{path}?from={url.replace(' ', '%20')}")
            alive[label] += known
            late += slow
    project = Project(tmp_path / "bears")
    monkeypatch.setattr("bearkit.sources.web.collect.fetch", sooner("drip", soon=Limits(seconds=5, allow_private=True)))
    own = Limits(seconds=60, allow_private=True)
    with serving(replay=replay) as server:
        sources = []
        for label, paths in lists.items():
            (tmp_path / f"{label}.txt").write_text("\n".join(server.url + path for path in paths))
            sources.append((label, tmp_path / f"{label}.txt"))
        report = collect_images(project, sources, limits=own)
        asked = len(server.asked)
        found = rows(project)
        assert len(found) == sum(map(len, lists.values())) == asked
        assert report.tried == 600
        assert report.saved + report.duplicates == sum(alive.values())
        reasons = Counter(row.reason for row in found.values() if row.status == "failed")
        assert reasons == {"404 not found": 600 - sum(alive.values()) - late, "took longer than 5 s": late}
        again = collect_images(project, sources, limits=own)
        assert len(server.asked) == asked
        assert (again.tried, again.skipped) == (0, 600)
    assert all("?from=http" in url for url in found)


@pytest.mark.slow
def test_killed_half_way_it_goes_on_with_no_half_files_and_none_twice(tmp_path):
    with serving(latency=0.05) as server:
        path = write_list(tmp_path / "list.txt", server, *(f"ok/{n}.png" for n in range(300)))
        command = [sys.executable, "-m", "bearkit", "collect", f"bear={path}", "--allow-private", "--workers", "8"]
        command += ["-p", str(tmp_path / "p"), "--json"]
        process = subprocess.Popen(command, stdout=subprocess.PIPE)
        while len(server.asked) < 150:
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        assert json.loads(done.stdout)["failed"] == 0
        project = Project(tmp_path / "p")
        assert len(Catalog(project).images()) == 300
        files = [file for file in project.images.rglob("*") if file.is_file() and not file.name.startswith(".")]
        assert len(files) == 300
        assert {file.read_bytes() for file in files} == {picture(n, kind="PNG") for n in range(300)}


def test_many_at_once_but_few_of_one_public_host(server, tmp_path, monkeypatch):
    server.latency = 0.1
    path = write_list(tmp_path / "list.txt", server, *(f"ok/{n}.png" for n in range(60)))
    collect_images(Project(tmp_path / "own"), [("a", path)], limits=OWN, workers=24)
    assert server.most > 8, "your own server is asked as fast as it answers"
    server.most = 0
    monkeypatch.setattr("bearkit.sources.web.scheduler.is_public", lambda _: True)
    collect_images(Project(tmp_path / "public"), [("a", path)], limits=OWN, workers=24)
    assert server.most <= 8


def test_failed_ones_are_asked_again_only_on_request(server, tmp_path):
    project = Project(tmp_path / "p")
    path = write_list(tmp_path / "list.txt", server, "ok/1.png", "gone/1.png")
    collect_images(project, [("a", path)], limits=OWN)
    assert collect_images(project, [("a", path)], limits=OWN).tried == 0
    server.replay = {}
    assert collect_images(project, [("a", path)], limits=OWN, retry_failed=True).tried == 1
    assert len(rows(project)) == 2


def test_one_by_one_tells_errors_as_they_come(server, tmp_path):
    path = write_list(tmp_path / "list.txt", server, "gone/1.png", "ok/1.png", "gone/2.png")
    told = []
    collect_images(
        Project(tmp_path / "p"), [("a", path)], workers=0, limits=OWN, on_failure=lambda *row: told.append(row)
    )
    assert told == [(f"{server.url}/gone/{n}.png", "404 not found") for n in (1, 2)]
    assert server.asked == ["/gone/1.png", "/ok/1.png", "/gone/2.png"]


def test_lists_are_read_as_people_have_them(tmp_path):
    (tmp_path / "a.txt").write_text(
        '\ufeffhttps://e.org/1.jpg?w=5\n\n"https://e.org/2.jpg"\nnot one\nhttps://e.org/1.jpg?w=5\n'
    )
    (tmp_path / "b.csv").write_text("URL,Label\nhttps://e.org/3.jpg,teddy\nhttps://e.org/2.jpg,teddy\n")
    found = url_list.read_lists([("black", tmp_path / "a.txt"), (None, tmp_path / "b.csv")])
    assert found.urls == {
        "https://e.org/1.jpg?w=5": "black",
        "https://e.org/2.jpg": "black",
        "https://e.org/3.jpg": "teddy",
    }
    assert found.skipped == {
        "blank": 1, "not an address": 1, "listed twice": 1, "listed under `black` too; it keeps that label": 1,
    }  # fmt: skip
    assert len(url_list.read_lists([("black", tmp_path / "a.txt")], most=1).urls) == 1
    for bad in ((None, tmp_path / "a.txt"), ("x", tmp_path / "missing.txt")):
        with pytest.raises(ImportSourceError) as caught:
            url_list.read_lists([bad])
        assert caught.value.hint


def test_what_an_earlier_list_said_is_not_forgotten_and_other_labels_are_told(server, tmp_path):
    project, path = Project(tmp_path / "p"), tmp_path / "list.csv"
    path.write_text(f"url, label ,license\n{server.url}/gone/1, black ,CC0\n{server.url}/ok/1.png, black,\n")
    assert collect_images(project, [(None, path)], limits=OWN).failed == 1
    assert {row.label for row in rows(project).values()} == {"black"}
    plain = write_list(tmp_path / "list.txt", server, "gone/1", "ok/1.png")
    again = collect_images(project, [("teddy", plain)], limits=OWN)
    assert again.reasons == {
        "failed before; --retry-failed tries again": 1,
        "fetched before as `black`; it keeps that label": 1,
    }
    collect_images(project, [("teddy", plain)], limits=OWN, retry_failed=True)
    assert rows(project)[f"{server.url}/gone/1"].license == "CC0"


def test_the_most_is_of_each_label(server, tmp_path):
    path = tmp_path / "list.csv"
    path.write_text("url,label\n" + "".join(f"{server.url}/ok/{n}.png,{'ab'[n > 5]}\n" for n in range(12)))
    assert url_list.read_lists([(None, path)], 2).urls == {
        f"{server.url}/ok/{n}.png": "ab"[n > 5] for n in (0, 1, 6, 7)
    }


def test_a_huge_cell_that_is_no_address_is_counted(tmp_path):
    (tmp_path / "list.csv").write_text(f"url,label\n{'x' * 200_000},a\n")
    assert url_list.read_lists([(None, tmp_path / "list.csv")]).skipped == {"not an address": 1}


def test_nothing_waits_in_a_project_that_is_not_there(tmp_path):
    with pytest.raises(ProjectError):
        collect_images(Project(tmp_path / "p"))
    assert not (tmp_path / "p").exists()


def test_what_waits_goes_on_without_its_list(server, tmp_path):
    project, stop = Project(tmp_path / "p"), threading.Event()
    path = write_list(tmp_path / "list.txt", server, *(f"ok/{n}.png" for n in range(20)))
    first = collect_images(project, [("a", path)], workers=0, limits=OWN, progress=lambda *_: stop.set(), stop=stop)
    assert (first.tried, first.waiting) == (1, 19)
    rest = collect_images(project, limits=OWN)
    assert (rest.tried, rest.saved, rest.waiting) == (19, 19, 0)
    with pytest.raises(ImportSourceError, match="no address waits"):
        collect_images(project)


def test_a_proxy_that_is_not_used_is_told_where_an_address_cannot_be_reached(tmp_path, bearkit_json, monkeypatch):
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:1")
    (tmp_path / "list.txt").write_text("http://127.0.0.1:1/a.jpg\n")
    result = bearkit_json("collect", f"a={tmp_path / 'list.txt'}", "--allow-private", "-p", tmp_path / "p")
    assert result["reasons"] == {"the connection was refused": 1}
    assert result["hint"] == "proxies of the environment are not used (https_proxy is set)"
    assert result["hint"] in words.collected(result)
    asked = ("search", "a=bear", "--provider", "commons=http://127.0.0.1:1", "--allow-private", "-p", tmp_path / "p")
    assert result["hint"] in bearkit_json(*asked, code=1)["error"]


def test_a_redirect_in_letters_of_utf_8_is_followed(server):
    sent = quote("é=à".encode().decode("latin-1"))  # bytes of UTF-8 in a header
    assert fetch(f"{server.url}/to?u=/ok/7.png?{sent}", OWN).address.endswith("/ok/7.png?é=à")
    assert server.asked[-1] == f"/ok/7.png?{quote('é=à', safe='=')}"


def test_collecting_on_the_command_line(server, tmp_path, bearkit_json):
    path = write_list(tmp_path / "list.txt", server, "ok/1.png", "ok/2.png", "gone/1.png")
    result = bearkit_json("collect", f"bear={path}", "--allow-private", "-p", tmp_path / "p")
    assert set(result) == {"tried", "saved", "duplicates", "failed", "skipped", "reasons", "seconds", "waiting"}
    assert (result["tried"], result["saved"], result["failed"]) == (3, 2, 1)
    failed = bearkit_json("sources", "--failed", "-p", tmp_path / "p")["sources"]
    assert [(row["origin"], row["reason"]) for row in failed] == [(f"{server.url}/gone/1.png", "404 not found")]
    assert len(bearkit_json("sources", "--label", "bear", "-p", tmp_path / "p")["sources"]) == 3
    refused = bearkit_json("collect", f"bear={path}", "-p", tmp_path / "q")
    assert refused["reasons"] == {"refused: it leads into a private network": 3}
