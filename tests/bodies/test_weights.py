"""Where bodies come from: names, files, servers; and what is said when they cannot be had."""

import threading
from functools import partial
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest
import safetensors.torch
import torch
from huggingface_hub import constants

from bearkit import Learner, Predictor
from bearkit.bodies import registry, weights
from bearkit.errors import BodyError
from tests.conftest import calibrated, close

NOWHERE = "http://127.0.0.1:9/"  # nothing answers there


@pytest.fixture
def resnet_file(tmp_path):
    """Weights of a ResNet-18 as torchvision saves them: with a classifier, of no use here."""
    network = registry.get("resnet18", "none").network()
    network.reset_classifier(1000)
    torch.manual_seed(3)
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.02)
    path = tmp_path / "resnet18-f37072fd.pth"
    torch.save(network.state_dict(), path)
    return path


@pytest.mark.slow
def test_a_file_of_weights_trains_and_its_model_predicts(shapes, resnet_file):
    learn = Learner(shapes, body="resnet18", weights=str(resnet_file))
    result = learn.fit_one_cycle(2)
    predictor = Predictor(learn.export())
    assert predictor.config.architecture == "resnet18"
    predictions = learn.run.predictions()
    expected = predictions.logits[predictions.paths == "images/disc/disc00.png"][0]
    found = predictor.predict(shapes.root / "images/disc/disc00.png").probs
    assert list(found.values()) == pytest.approx(calibrated(expected, predictor), abs=close(predictor))
    assert result.stages[0]["name"] == "frozen"
    body = registry.get("resnet18", str(resnet_file))
    assert torch.equal(body.network().state_dict()["conv1.weight"], torch.load(resnet_file)["conv1.weight"])


def test_random_weights_are_the_same_each_time():
    first, second = (registry.get("resnet18", "none").network().state_dict() for _ in range(2))
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert registry.get("resnet18", "none").weights_id == "none"


def test_files_that_are_no_weights_or_anothers_are_told(tmp_path, resnet_file):
    with pytest.raises(BodyError, match="there is no file"):
        registry.get("resnet18", str(tmp_path / "nowhere.pth")).network()
    (tmp_path / "x.safetensors").write_bytes(b"nothing")
    with pytest.raises(BodyError, match="holds no weights that can be read"):
        registry.get("resnet18", str(tmp_path / "x.safetensors")).network()
    torch.save({"state_dict": {"module.stem.weight": torch.zeros(1)}}, tmp_path / "x.pth")
    with pytest.raises(BodyError, match=r"does not fit this body: .* tensors are missing") as raised:
        registry.get("resnet18", str(tmp_path / "x.pth")).network()
    assert "--body NAME" in raised.value.hint
    with pytest.raises(BodyError, match="does not fit"):
        registry.get("resnet34", str(resnet_file)).network()


def test_a_pickle_with_code_in_it_is_not_run(tmp_path):
    class Code:
        def __reduce__(self):
            return (tmp_path.joinpath("ran").touch, ())

    torch.save({"conv1.weight": Code()}, tmp_path / "x.pth")
    with pytest.raises(BodyError, match="holds no weights that can be read"):
        registry.get("resnet18", str(tmp_path / "x.pth")).network()
    assert not (tmp_path / "ran").exists()


@pytest.fixture
def server():
    """Serves a folder on loopback; called with the folder, gives the address."""
    servers = []

    def start(handler):
        one = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=one.serve_forever, args=(0.02,), daemon=True).start()
        servers.append(one)
        return f"http://127.0.0.1:{one.server_port}/"

    yield start
    for one in servers:
        one.shutdown()
        one.server_close()


class QuietFiles(SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


def test_torchvisions_weights_are_fetched_once_and_kept(tmp_path, monkeypatch, resnet_file, server):
    content = resnet_file.read_bytes()
    name = f"resnet18-{__import__('hashlib').sha256(content).hexdigest()[:8]}.pth"
    (tmp_path / "served").mkdir()
    (tmp_path / "served" / name).write_bytes(content)
    monkeypatch.setattr(weights, "TORCHVISION", server(partial(QuietFiles, directory=tmp_path / "served")))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    source = weights.from_torchvision("resnet18", name)
    assert source.find().read_bytes() == content
    monkeypatch.setattr(weights, "TORCHVISION", NOWHERE)
    assert source.find() == tmp_path / "torch" / "hub" / "checkpoints" / name


def test_out_of_reach_the_commands_that_help_are_told(tmp_path, monkeypatch):
    monkeypatch.setattr(weights, "TORCHVISION", NOWHERE)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    with pytest.raises(BodyError, match="weights of `resnet34` are not on this machine") as raised:
        _ = registry.get("resnet34").weights_id
    for words in ("--weights FILE", "--body efficientnet_lite0", "--weights none"):
        assert words in raised.value.hint
    assert list(tmp_path.rglob("*.pth")) == []


class HubFiles(BaseHTTPRequestHandler):
    """Just enough of a model hub: one file, with the headers that its client asks for."""

    content = b""

    def do_HEAD(self):
        self.answer()

    def do_GET(self):
        self.answer()
        self.wfile.write(self.content)

    def answer(self):
        found = self.path.startswith("/timm/convnext_atto.d2_in1k/resolve/main/model.safetensors")
        self.send_response(200 if found else 404)
        self.send_header("ETag", '"0123456789abcdef"')
        self.send_header("X-Repo-Commit", "a" * 40)
        self.send_header("Content-Length", str(len(self.content) if found else 0))
        self.end_headers()

    def log_message(self, *args):
        pass


@pytest.fixture
def hub_at(tmp_path, monkeypatch):
    """Lets the Hub's client ask an address, as HF_ENDPOINT does for a new process; it keeps its files in a folder."""

    def ask(address):
        files = address + "/{repo_id}/resolve/{revision}/{filename}"
        monkeypatch.setattr(constants, "ENDPOINT", address)
        monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", files)
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))

    return ask


@pytest.mark.slow
def test_any_timm_name_takes_its_weights_from_the_hub(server, hub_at):
    random = registry.get("convnext_atto", "none").network().state_dict()
    given = {name: tensor + 1 for name, tensor in random.items()}
    HubFiles.content = safetensors.torch.save(given)
    found = []
    for address in (server(HubFiles)[:-1], NOWHERE[:-1]):
        hub_at(address)
        body = registry.get("convnext_atto")
        found.append((body.weights_id, body.network().state_dict()))
    assert found[0][0] == found[1][0] != "none"
    for _, state in found:
        assert all(torch.equal(state[name], tensor) for name, tensor in given.items())
    with pytest.raises(BodyError, match="are not on this machine, and timm/convnext_femto"):
        _ = registry.get("convnext_femto").weights_id


def test_an_unknown_name_is_told_with_those_like_it():
    with pytest.raises(BodyError, match="no body `convnext_at`") as raised:
        registry.get("convnext_at")
    assert "convnext_atto" in raised.value.hint
