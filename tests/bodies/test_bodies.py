"""Bodies that packages add: with `register_body`, or with an entry point of the group `bearkit.bodies`."""

import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from torch import nn

from bearkit import Learner, Predictor
from bearkit.bodies import onnx_convert, registry, weights
from bearkit.bodies.registry import Body, body_names, register_body
from bearkit.errors import BodyError
from bearkit.images.preprocessing import Preprocessing
from tests import tiny_body

PREPROCESSING = Preprocessing(size=32, crop_pct=1.0)


class ThreeLayers(nn.Module):
    """A network of one's own in plain torch, with the methods that timm's models have."""

    def __init__(self):
        super().__init__()
        self.one, self.two = nn.Conv2d(3, 8, 3, stride=2), nn.Conv2d(8, 16, 3, stride=2)
        self.classifier = nn.Identity()

    def forward_features(self, images):
        return self.two(self.one(images).relu()).relu()

    def forward_head(self, maps, pre_logits=False):
        features = maps.mean((2, 3))
        return features if pre_logits else self.classifier(features)

    def forward(self, images):
        return self.forward_head(self.forward_features(images))

    def get_classifier(self):
        return self.classifier

    def reset_classifier(self, num_classes):
        self.classifier = nn.Linear(16, num_classes)

    def group_matcher(self, coarse=False):
        return {"stem": r"^one", "blocks": r"^two"}


def body(**changes):
    fields = {"name": "three_layers", "architecture": "three_layers", "create": ThreeLayers}
    return Body(**fields | {"preprocessing": PREPROCESSING, "weights": weights.random()} | changes)


@pytest.fixture
def no_bodies(monkeypatch):
    """What a test registers is forgotten after it."""
    monkeypatch.setattr(registry, "BODIES", dict(registry.BODIES))


@pytest.fixture
def package(tmp_path, monkeypatch):
    """Installs a package, `my_bodies`, whose entry point `three_layers` names `net` in this source."""

    def install(source, name="my_bodies", value=None):
        (tmp_path / f"{name}.py").write_text(source)
        folder = tmp_path / f"{name}-1.0.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (folder / "entry_points.txt").write_text(f"[bearkit.bodies]\nthree_layers = {value or f'{name}:net'}\n")
        monkeypatch.syspath_prepend(tmp_path)
        monkeypatch.delitem(sys.modules, name, raising=False)

    return install


def test_a_registered_network_trains_learns_as_a_whole_and_its_model_predicts(shapes, no_bodies):
    register_body("three_layers", body)
    learn = Learner(shapes, "three_layers")
    learn.fit_one_cycle(2)
    frozen = registry.get("three_layers").network().state_dict()
    learn.unfreeze()
    learn.fit_one_cycle(1)
    predictor = Predictor(learn.export())
    assert predictor.config.architecture == "three_layers"
    tuned = learn.run.checkpoint(learn.run.stage)
    assert tuned.stat().st_size > 4 * sum(tensor.numel() for tensor in frozen.values())
    predictions = learn.run.predictions()
    row = int(np.flatnonzero(predictions.paths == "images/disc/disc00.png")[0])
    probs = predictor.predict(shapes.root / "images/disc/disc00.png").probs
    assert max(probs, key=probs.get) == predictions.vocab[predictions.logits[row].argmax()]


def test_its_random_weights_are_seeded_and_a_file_of_weights_is_loaded(tmp_path, no_bodies):
    register_body("three_layers", body)
    first, second = (registry.get("three_layers").network().state_dict() for _ in range(2))
    assert all(torch.equal(first[name], second[name]) for name in first)
    torch.save({name: tensor + 1 for name, tensor in first.items()}, tmp_path / "more.pth")
    loaded = registry.get("three_layers", str(tmp_path / "more.pth")).network().state_dict()
    assert all(torch.equal(loaded[name], first[name] + 1) for name in first)


def test_a_name_is_given_once(no_bodies):
    tiny_body.register()
    tiny_body.register()
    assert registry.get(tiny_body.NAME).name == tiny_body.NAME
    with pytest.raises(BodyError, match="there is already a body `resnet18`"):
        register_body("resnet18", body)
    with pytest.raises(BodyError, match=r"`../net` cannot name a body") as raised:
        register_body("../net", body)
    assert raised.value.hint == "use letters, digits, `_`, `.` and `-`"


def test_an_installed_package_adds_a_body(package):
    assert "three_layers" not in body_names()
    package("from tests.tiny_body import body as net\n")
    assert "three_layers" in body_names()
    found = registry.get("three_layers")
    assert (found.name, found.architecture, found.weights_id) == ("three_layers", tiny_body.NAME, "none")
    with pytest.raises(BodyError, match="there is no body `nowhere`") as raised:
        registry.get("nowhere")
    assert "resnet50, " in raised.value.hint
    assert "three_layers" in raised.value.hint


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("import nothing_of_this_name", r"the body `three_layers` \(my_bodies:net\) cannot be loaded: No module named"),
        ("other = 1", r"the body `three_layers` \(my_bodies:net\) cannot be loaded: .*has no attribute 'net'"),
        ("net = 1", "the body `three_layers` cannot be made: 'int' object is not callable"),
        ("def net():\n    return 1", "the function of body `three_layers` returns int, not a Body"),
        ("def net():\n    raise OSError('no disk')", "the body `three_layers` cannot be made: no disk"),
    ],
)
def test_a_broken_package_is_named_and_hinders_no_other_body(package, source, message):
    package(source)
    with pytest.raises(BodyError, match=message) as raised:
        registry.get("three_layers")
    assert raised.value.hint == "upgrade or uninstall the package that it belongs to"
    assert registry.get("resnet18").name == "resnet18"


def test_two_packages_with_one_name_are_named(package):
    package("net = 1")
    package("net = 1", "other_bodies")
    with pytest.raises(BodyError, match="several packages add a body `three_layers`: my_bodies:net, other_bodies:net"):
        registry.get("three_layers")


def test_a_network_without_timms_methods_is_refused_when_it_is_created(no_bodies):
    register_body("plain", lambda: body(create=lambda: nn.Linear(3, 2)))
    with pytest.raises(BodyError, match=r"`plain` has no forward_features, .*, group_matcher") as raised:
        registry.get("plain").network()
    assert "timm" in raised.value.hint
    register_body("broken", lambda: body(create=lambda: nn.Conv2d(3, 0)))
    with pytest.raises(BodyError, match="the network of body `broken` cannot be created: "):
        registry.get("broken").network()


def test_threads_that_need_a_body_at_once_get_the_one_that_is_converted(project, monkeypatch):
    project.root.mkdir()
    calls = []
    convert = onnx_convert.convert
    monkeypatch.setattr(onnx_convert, "convert", lambda *args: calls.append(args[-1]) or convert(*args))
    with ThreadPoolExecutor(4) as pool:
        paths = set(pool.map(lambda _: body().onnx(project), range(4)))
    assert len(paths) == len(calls) == 1
