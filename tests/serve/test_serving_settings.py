"""Where a server listens, past which proxies it is reached, and what it offers to strangers."""

import os
import socket
import subprocess
import sys

import gradio as gr
import httpx
import pytest

from bearkit.cli.common import run
from bearkit.core.proxies import unusable_variables, usable_proxies
from bearkit.errors import BearkitError, RunError
from bearkit.studio.app import build
from bearkit.studio.collect_job import limits
from bearkit.studio.sources import Sources
from bearkit.studio.train_form import DEFAULT, TrainForm
from bearkit.web.launch import NAMES, find_free_port, host_names, public_address
from tests.gradio_parts import made
from tests.processes import run_async
from tests.servers import serving

PROXIES = ("ALL_PROXY", "all_proxy", "HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy")


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch):
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ALL_PROXY", "socks://127.0.0.1:9/"),
        ("all_proxy", "SOCKS4://127.0.0.1:9"),
        ("https_proxy", "socks5h://127.0.0.1:9"),
        ("HTTP_PROXY", "ftp://127.0.0.1:9"),
        ("http_proxy", "http://127.0.0.1:many"),
        ("http_proxy", "http://"),
    ],
)
def test_a_proxy_that_no_client_can_use_is_left_out_only_inside(monkeypatch, name, value):
    monkeypatch.setenv(name, value)
    assert unusable_variables() == [name]
    with usable_proxies(), httpx.Client():
        assert name not in os.environ
    assert (os.environ[name], "NO_PROXY" in os.environ) == (value, False)


def test_a_proxy_that_does_not_serve_this_machine_is_not_asked_for_it(monkeypatch):
    with socket.socket() as nobody, serving() as server:
        nobody.bind(("127.0.0.1", 0))
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{nobody.getsockname()[1]}")
        monkeypatch.setenv("no_proxy", "intranet.example")
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"{server.url}/ok/1.png")
        with usable_proxies("192.168.1.5"):
            assert httpx.get(f"{server.url}/ok/1.png").status_code == 200
            assert os.environ["NO_PROXY"] == "intranet.example,127.0.0.1,localhost,::1,192.168.1.5"
            assert "http_proxy" in os.environ  # others are still reached through it
        assert os.environ["no_proxy"] == "intranet.example"


def test_a_usable_proxy_stays(monkeypatch):
    for value in ("http://proxy:3128", "https://me:secret@proxy:3128/", "proxy:3128", "proxy", "http://[::1]:3128"):
        monkeypatch.setenv("https_proxy", value)
        assert unusable_variables() == []


@pytest.mark.slow
def test_the_servers_can_be_imported_with_any_proxy():
    code = "import bearkit.serve, bearkit.studio, os; print(os.environ['ALL_PROXY'])"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False,
        env=os.environ | {"ALL_PROXY": "socks://127.0.0.1:9/"},
    )  # fmt: skip
    assert done.stdout.strip() == "socks://127.0.0.1:9/", done.stderr


@pytest.mark.parametrize("port", [70000, 65536, -1, 10**20])
def test_a_port_out_of_range_is_said_so(port):
    with pytest.raises(BearkitError, match=f"there is no port {port}"):
        find_free_port(port, "127.0.0.1")


def test_the_last_ports_end_the_search(monkeypatch):
    with pytest.raises(BearkitError, match="no free port from 65535 on"), socket.socket() as taken:
        taken.bind(("127.0.0.1", 65535))
        taken.listen()
        find_free_port(65535, "127.0.0.1")
    assert find_free_port(0, "127.0.0.1") > 0
    monkeypatch.setenv("GRADIO_SERVER_PORT", "http")
    with pytest.raises(BearkitError, match="GRADIO_SERVER_PORT is `http`"):
        public_address()


@pytest.mark.parametrize("command", [("serve", "m"), ("studio",)])
@pytest.mark.parametrize("port", ["70000", "-1", "many"])
def test_wrong_ports_are_wrong_usage(monkeypatch, command, port, capsys):
    monkeypatch.setattr(sys, "argv", ["bearkit", *command, "--port", port])
    with pytest.raises(SystemExit) as ended:
        run()
    assert ended.value.code == 2
    assert "--port" in capsys.readouterr().err


@pytest.mark.parametrize("host", ["nowhere.invalid", "", " ", "a" * 300, "bär..", "192.0.2.1", "127.0.0.1:7860"])
def test_an_address_that_is_none_is_said_so(host):
    with pytest.raises(BearkitError, match="address"):
        find_free_port(0, host)


def test_a_server_of_this_machine_alone_is_known_by_its_own_names():
    assert host_names("127.0.0.1") == NAMES
    assert host_names("127.0.0.2") == NAMES | {"127.0.0.2"}
    assert host_names("[::1]") == NAMES
    assert host_names("0.0.0.0") is None
    assert host_names("") is None


@pytest.fixture
def in_a_space(monkeypatch):
    monkeypatch.setenv("SPACE_ID", "me/bears")
    monkeypatch.setenv("BEARKIT_STUDIO", "all")
    monkeypatch.setenv("HF_TOKEN", "hf_of_the_owner")


def offered(project):
    """The labels of what a page shows, and the names of what programs may ask of it."""
    config = run_async(_config(project))
    shown = [part["props"] for part in config["components"] if part["props"].get("visible", True)]
    return {part.get("label") for part in shown}, {dependency["api_name"] for dependency in config["dependencies"]}


async def _config(project):
    return build(project).config


def test_a_hosted_studio_offers_nothing_of_its_owners_machine(project, in_a_space, monkeypatch):
    labels, names = offered(project)
    monkeypatch.delenv("SPACE_ID")
    local_labels, local_names = offered(project)
    gone = {
        "Folder or .zip on the computer running bearkit",
        "Use the files in place (don't copy)",
        "Allow addresses on my own network",
        "File with its weights (none: random)",
    }
    assert gone < local_labels
    assert not gone & labels
    assert "take" in local_names
    assert "take" not in names


@pytest.mark.parametrize("source", ["/etc", "hf://me/private", "https://example.org/a.zip"])
def test_what_a_hosted_studio_does_not_offer_is_refused_by_the_server(project, in_a_space, source):
    sources = made(Sources, project)
    with pytest.raises(gr.Error, match="cannot read folders of the computer"):
        list(sources.take(source, False, 0))
    assert limits(True).allow_private is False


def test_a_hosted_training_reads_no_file_that_a_stranger_names(project, in_a_space):
    choices = made(TrainForm, project)
    values = {name: field.value for name, field in choices.fields.items()}
    assert choices.config(*values.values()).body == DEFAULT.body
    for wrong in ({"weights": "/etc/hostname"}, {"body": "hf-hub:me/private"}):
        with pytest.raises(RunError, match="only the networks of the list"):
            choices.config(*(values | wrong).values())
