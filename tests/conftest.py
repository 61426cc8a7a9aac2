"""Small real things to test with: pictures drawn here, a trained project, and the shared photographs where they are."""

import gc
import io
import json
import os
import shutil
import sys
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache
from pathlib import Path

os.environ |= {"HF_HUB_DISABLE_XET": "1", "HF_HUB_DISABLE_TELEMETRY": "1"}  # read when the client is imported
os.environ.setdefault("OMP_NUM_THREADS", "1")  # several workers share the cores; read when torch is imported

import numpy as np
import pytest
from filelock import FileLock
from huggingface_hub import constants
from hypothesis import HealthCheck, settings
from PIL import Image
from scipy.special import softmax

from bearkit import Learner, Project, import_images
from bearkit.bodies import registry
from bearkit.bodies.features import extract_features
from bearkit.catalog.catalog import Catalog
from bearkit.catalog.decision_types import DecisionRequest
from bearkit.catalog.decisions import DecisionLog
from bearkit.cli.common import run
from bearkit.datasets import dataset
from bearkit.sources.samples import pictures
from bearkit.training.config import TrainConfig
from tests import tiny_body
from tests.fake_hub import TOKEN, hub

ROOT = Path(__file__).parent.parent
collect_ignore = ["make_old_project.py"]  # it runs with the code of an older commit
DATA = Path(os.environ.get("BEARKIT_TEST_DATA", ROOT.parent / "shared" / "data"))

# The same examples in each run, few of them, and no clock: a busy machine changes nothing. To look further for a while:
# `pytest tests/test_*_properties.py --hypothesis-profile=search`.
settings.register_profile(
    "tests",
    derandomize=True,
    deadline=None,
    max_examples=40,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("search", settings.get_profile("tests"), derandomize=False, max_examples=1000)
settings.load_profile("tests")


def pytest_collection():
    """Let Python look for no garbage while everything is imported: that takes a quarter of the time."""
    gc.disable()


def pytest_collection_finish():
    """Collect garbage again, but never look through what was imported."""
    gc.freeze()
    gc.enable()


@pytest.fixture(scope="session")
def data():
    """The shared photographs; tests that need them are skipped where they are not."""
    if not DATA.is_dir():
        pytest.skip("the shared photographs are not here (BEARKIT_TEST_DATA names their folder)")
    return DATA


def pytest_collection_modifyitems(items):
    """Mark what needs a browser or a Hub, and begin with what takes longest, so that no worker waits for the other."""
    for item in items:
        for fixture, mark in (("browser", "browser"), ("with_hub", "hub")):
            if fixture in getattr(item, "fixturenames", ()):
                item.add_marker(mark)
    weight = Counter()
    for item in items:
        weight[item.path] += seconds(item)
    items.sort(key=lambda item: -weight[item.path])  # files stay whole


def seconds(item):
    """Of processor time, as measured (EXPERIMENTS.md)."""
    slow = item.get_closest_marker("slow")
    if slow and slow.args:
        return slow.args[0]
    return 6 if item.get_closest_marker("browser") else 2 if slow else 0.07


def encoded(image, kind="PNG", **options):
    """A picture as the bytes of a file."""
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def picture(number=0, size=(64, 48), kind="JPEG"):
    """The bytes of a small picture that no other number gives."""
    colours = ((number * 37) % 256, (number * 91) % 256, (number * 53) % 256)
    image = Image.new("RGB", size, colours)
    image.putpixel((number % size[0], number // size[0] % size[1]), (255, 255, 255))
    return encoded(image, kind)


def write_pictures(folder, counts, start=0):
    """Put `counts` pictures of each label into folder/label/."""
    for label, n in counts.items():
        (folder / label).mkdir(parents=True, exist_ok=True)
        for _ in range(n):
            (folder / label / f"{start}.png").write_bytes(picture(start, kind="PNG"))
            start += 1
    return folder


@cache
def drawings():
    """Every drawing of the demo, drawn once: that takes half a second of CPU."""
    return list(pictures.drawings())


def write_drawings(folder, each):
    """Put drawn discs, squares and stars into folder/label/: something that a body can tell apart."""
    for label, name, content in drawings():
        if int("".join(c for c in name if c.isdigit())) < each:
            (folder / label).mkdir(parents=True, exist_ok=True)
            (folder / label / name).write_bytes(content)
    return folder


@pytest.fixture
def project(tmp_path):
    """An empty project."""
    return Project(tmp_path / "project")


@pytest.fixture(scope="session")
def pictured(tmp_path_factory):
    """Gives a project with that number of pictures of each label, and their folder; it imports once, then copies."""
    made = {}

    def give(folder, name, counts):
        kind = name, *counts.items()
        if kind not in made:
            made[kind] = tmp_path_factory.mktemp("pictured")
            import_images(Project(made[kind] / "project"), write_pictures(made[kind] / name, counts))
        shutil.copytree(made[kind], folder, dirs_exist_ok=True)
        return Project(folder / "project")

    return give


@dataclass(frozen=True)
class Trained:
    """A project of 36 drawings with one finished run and its model folder. Not to be changed by tests."""

    project: Project
    learn: Learner
    model: Path


@pytest.fixture(scope="session")
def once(tmp_path_factory):
    """Makes a folder once for all tests of all workers: `once(name, make)`, which no test may change."""
    base = tmp_path_factory.getbasetemp()
    shared = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "of-all-workers"
    shared.mkdir(exist_ok=True)

    def find(name, make):
        with FileLock(shared / f"{name}.lock"):
            if not (done := shared / f"{name}.done").exists():
                make(shared / name)
                done.touch()
        return shared / name

    return find


@pytest.fixture(scope="session")
def with_body(once):
    """Gives a project the default body as a first training leaves it."""
    known = Project(once("body", lambda folder: registry.get(TrainConfig().body).onnx(Project(folder))))

    def give(project):
        shutil.copytree(known.cache / "bodies", project.cache / "bodies")
        return project

    return give


@pytest.fixture(scope="session")
def trained(once, tmp_path_factory, with_body):
    """Trained once for all tests that only look."""

    def make(folder):
        project = with_body(Project(folder / "shapes"))
        import_images(project, write_drawings(folder / "source", 12))
        learn = Learner(project)
        learn.fit_one_cycle()
        learn.export()

    folder = tmp_path_factory.mktemp("trained")
    project = Project(shutil.copytree(once("trained", make) / "shapes", folder / "shapes"))
    (model,) = project.models.iterdir()
    return Trained(project, Learner(project).load("001/stage-1"), model)


@pytest.fixture(scope="session")
def small(once, tmp_path_factory):
    """As `trained`, of a body of 10,000 weights: for tests that need a model and not what it can."""

    def make(folder):
        project = Project(folder / "shapes")
        import_images(project, write_drawings(folder / "source", 12))
        learn = tiny_body.learner(project)
        learn.fit_one_cycle()
        learn.export()

    folder = tmp_path_factory.mktemp("small")
    project = Project(shutil.copytree(once("small", make) / "shapes", folder / "shapes"))
    (model,) = project.models.iterdir()
    return Trained(project, tiny_body.learner(project).load("001/stage-1"), model)


@pytest.fixture(scope="session")
def drawn(once, tmp_path_factory, with_body):
    """A project of 36 drawings with a frozen run; copied by tests that change it."""

    def make(folder):
        project = with_body(Project(folder / "shapes"))
        import_images(project, write_drawings(folder / "source", 12))
        Learner(project).fit_one_cycle(4)

    return Project(shutil.copytree(once("drawn", make) / "shapes", tmp_path_factory.mktemp("drawn") / "shapes"))


@pytest.fixture(scope="session")
def photographs(once, data, with_body):
    """Gives `folder` a project of the shared photographs of a name with their features, which take ten seconds."""

    def give(name, folder):
        def make(made):
            project = with_body(Project(made))
            import_images(project, data / name)
            extract_features(project, Catalog(project).images(), registry.get(TrainConfig().body), TrainConfig().views)

        return Project(shutil.copytree(once(name, make), folder))

    return give


@pytest.fixture(scope="session")
def confused(drawn, tmp_path_factory):
    """The same with a second run and three wrong labels in validation, so that its confusion matrix has mistakes."""
    project = Project(shutil.copytree(drawn.root, tmp_path_factory.mktemp("confused") / "shapes"))
    split, log = dataset.splits(Catalog(project)), DecisionLog(Catalog(project))
    wrong = [one for one in log.images() if split[one.image_id] == "valid" and one.label != "star"][:3]
    log.decide([DecisionRequest(one.image_id, "relabel", "star") for one in wrong], "chance", kind="quality")
    Learner(project).fit_one_cycle(4)
    return project


def calibrated(logits, predictor):
    """What a model gives, exported with its temperature, where training had given these logits (C,)."""
    return softmax(np.asarray(logits, np.float64) / predictor.config.info.temperature).tolist()


def close(predictor, at_least=1e-3):
    """How far a calibrated probability may be off: differences of logits grow as the temperature divides them."""
    return at_least * max(1, 1 / predictor.config.info.temperature)


@pytest.fixture
def bearkit_json(monkeypatch, capsys):
    """Runs a command in this process, as `bearkit ... --json`: its object, and its exit code (or codes) checked."""

    def call(*arguments, code=0):
        monkeypatch.setattr(sys, "argv", ["bearkit", *map(str, arguments), "--json"])
        with pytest.raises(SystemExit) as ended:
            run()
        codes = code if isinstance(code, tuple) else (code,)
        assert (ended.value.code or 0) in codes, capsys.readouterr().err
        return json.loads(capsys.readouterr().out)

    return call


@pytest.fixture
def shapes(drawn, tmp_path):
    """The same project for one test alone."""
    shutil.copytree(drawn.root, tmp_path / "shapes")
    return Project(tmp_path / "shapes")


@pytest.fixture
def small_shapes(small, tmp_path):
    """The same with the run of `small`: where it does not matter which network trains on."""
    shutil.copytree(small.project.root, tmp_path / "small" / "shapes")
    return Project(tmp_path / "small" / "shapes")


@pytest.fixture
def with_hub(tmp_path, monkeypatch):
    """Starts a Hub on this machine that the real huggingface_hub client asks, in this process and its children."""
    with ExitStack() as stack:

        def serve(datasets=(), token=TOKEN):
            server = stack.enter_context(hub(datasets))
            files = server.url + "/{repo_id}/resolve/{revision}/{filename}"
            monkeypatch.setattr(constants, "ENDPOINT", server.url)
            monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", files)
            monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub-cache"))
            monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "token"))
            monkeypatch.setenv("HF_ENDPOINT", server.url)
            if token:
                monkeypatch.setenv("HF_TOKEN", token)
            return server

        yield serve
