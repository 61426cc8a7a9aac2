"""Published with the real huggingface_hub client to a Hub on this machine, and loaded again with what others have."""

import ast
import json
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest
import torch
import yaml
from huggingface_hub import ModelCard, snapshot_download
from PIL import Image

from bearkit import (
    Predictor,
    Project,
    collect_images,
    export_model,
    import_images,
    push_dataset,
    push_model,
    push_space,
    whose_images,
)
from bearkit.bodies.timm_import import import_timm
from bearkit.catalog.catalog import Catalog
from bearkit.catalog.decisions import DecisionLog
from bearkit.errors import DownloadError, ImageError, ModelError, PublishError
from bearkit.hub import client, preflight, sandbox, vendored_modules, web_runtime
from bearkit.hub import push as publishing
from bearkit.hub.client import Hub
from bearkit.images import read_file
from bearkit.images.preprocessing import decode_for_body
from bearkit.labelling.review_actions import decide_one
from bearkit.sources.web import verified
from bearkit.sources.web.fetch import Limits
from tests.conftest import ROOT, encoded
from tests.servers import serving

pytestmark = pytest.mark.usefixtures("no_waiting")


@pytest.fixture
def no_waiting(monkeypatch):
    """Between looks at whether a Hub took a commit after all."""
    monkeypatch.setattr(client, "LOOK_AGAIN", (0, 0))


def files_of(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def published(server, kind, name):
    """What is on the Hub, without what it puts there itself."""
    return {path: data for path, data in server.hub.of(kind, name).items() if path != ".gitattributes"}


def downloaded(tmp_path, repo, kind="model"):
    folder = tmp_path / f"downloaded-{kind}"
    snapshot_download(repo, repo_type=kind, local_dir=folder)
    shutil.rmtree(folder / ".cache")
    return folder


def front(text):
    return yaml.safe_load(text.split("---\n")[1])


@pytest.fixture(scope="module")
def drawings(small):
    return sorted(small.project.images.rglob("*.png"))


def test_a_model_comes_back_byte_for_byte(trained, tmp_path, with_hub, drawings):
    server = with_hub()
    result = push_model(trained.model, "me/shapes", license="cc-by-4.0", examples=drawings[:2])
    assert result["url"] == f"{server.url}/me/shapes"
    assert result["commit"] == server.hub.repos["model", "me/shapes"].commits[-1][0]
    assert len(server.hub.repos["model", "me/shapes"].commits) == 2  # the Hub's own, and ours
    there = downloaded(tmp_path, "me/shapes")
    assert sorted(result["files"]) == sorted(set(files_of(there)) - {".gitattributes"})
    for name in ("model.onnx", "model.safetensors", "config.json", "golden.npz", "confusion_matrix.png"):
        assert (there / name).read_bytes() == (trained.model / name).read_bytes()
    expected = Predictor(trained.model).predict(drawings[0]).probs
    assert Predictor(there).predict(drawings[0]).probs == pytest.approx(expected, abs=1e-6)
    assert not [name for name in files_of(there) if name.endswith((".bin", ".pkl", ".pt", ".pth"))]


@pytest.mark.slow
def test_timm_and_transformers_load_it_by_its_name(trained, with_hub, drawings):
    with_hub()
    push_model(trained.model, "me/shapes")
    predictor, timm = Predictor(trained.model), import_timm()
    network = timm.create_model("hf-hub:me/shapes", pretrained=True).eval()
    assert network.pretrained_cfg["label_names"] == predictor.vocab
    pictures = [decode_for_body(read_file(path), predictor.config.preprocessing) for path in drawings[:8]]
    with torch.no_grad():
        logits = network(torch.from_numpy(np.stack([predictor.to_input(picture) for picture in pictures]))).numpy()
    assert np.abs(logits - predictor.logits(pictures)).max() < 1e-3 * max(1, np.abs(logits).max())
    import transformers  # noqa: PLC0415  # after timm's torchvision, which it would otherwise import broken

    pipeline = transformers.pipeline("image-classification", model="me/shapes", device="cpu", top_k=3)
    for path in drawings:
        said = {row["label"]: row["score"] for row in pipeline(str(path))}
        assert said == pytest.approx(predictor.predict(path).probs, abs=1e-3)


def test_the_card_says_what_the_run_measured(small, with_hub, drawings):
    server = with_hub()
    push_model(small.model, "me/shapes", license="cc-by-4.0", examples=drawings[:1])
    text = published(server, "model", "me/shapes")["README.md"].decode()
    info = Predictor(small.model).config.info
    (result,) = ModelCard(text).data.eval_results
    assert result.metric_value == round(1 - info.error_rate, 4)
    meta = front(text)
    assert (meta["license"], meta["library_name"]) == ("cc-by-4.0", "timm")
    assert meta["model-index"][0]["name"] == "shapes"
    assert meta["widget"][0]["src"].endswith("/me/shapes/resolve/main/examples/example-1.jpg")
    assert 'pipeline("image-classification", "me/shapes")' in text
    assert "FOLDER" not in text
    assert "](confusion_matrix.png)" in text
    assert "Nobody has reviewed the labels" in text
    assert "| disc | 10 | 2 |" in text


def test_what_people_wrote_into_a_card_stays(small, tmp_path, with_hub):
    server = with_hub()
    model = shutil.copytree(small.model, tmp_path / "model")
    text = (model / "README.md").read_text()
    (model / "README.md").write_text(text.replace("## Data", "## Who made it\n\nAnn did.\n\n## Data"))
    push_model(model, "me/shapes")
    assert "Ann did." in published(server, "model", "me/shapes")["README.md"].decode()


def test_an_example_loses_where_it_was_taken(small, tmp_path, with_hub):
    server = with_hub()
    exif = Image.Exif()
    exif.get_ifd(0x8825)[1] = "N"
    (tmp_path / "p.jpg").write_bytes(encoded(Image.new("RGB", (2000, 1000), "red"), "JPEG", exif=exif))
    push_model(small.model, "me/shapes", examples=[tmp_path / "p.jpg"])
    data = published(server, "model", "me/shapes")["examples/example-1.jpg"]
    (tmp_path / "q.jpg").write_bytes(data)
    with Image.open(tmp_path / "q.jpg") as image:
        assert not image.getexif()
        assert image.size == (1024, 512)
    (tmp_path / "bad.jpg").write_bytes(b"<html>")
    with pytest.raises(ImageError, match=r"the example .*bad.jpg"):
        push_model(small.model, "me/shapes", examples=[tmp_path / "bad.jpg"])


@pytest.mark.parametrize("sdk", ["gradio", "static"])
def test_a_space_comes_back_byte_for_byte(small, tmp_path, with_hub, drawings, sdk):
    server = with_hub()
    result = push_space(small.model, "me/try", sdk, license="mit", examples=drawings[:2], try_first=False)
    assert result["url"] == f"{server.url}/spaces/me/try"
    assert server.hub.repos["space", "me/try"].sdk == sdk
    dry = push_space(small.model, "me/try", sdk, license="mit", examples=drawings[:2], dry_run=tmp_path / "dry")
    assert (dry["url"], dry["commit"]) == (None, None)
    assert dry["files"] == result["files"]
    there = files_of(downloaded(tmp_path, "me/try", "space"))
    there.pop(".gitattributes")
    assert there == files_of(tmp_path / "dry")
    meta = front(there["README.md"].decode())
    assert (meta["sdk"], meta["license"]) == (sdk, "mit")
    assert not any("pickle" in name or name.endswith(".pkl") for name in there)


def test_a_data_set_comes_back_with_where_it_came_from(shapes, tmp_path, with_hub):
    server = with_hub()
    images = Catalog(shapes).images()
    decide_one(shapes, images[0].image_id, "relabel:star", "ann")
    decide_one(shapes, images[1].image_id, "delete", "ann")
    with serving() as web:
        (tmp_path / "urls.csv").write_text(f"url,label,license,creator\n{web.url}/ok/77.png,disc,CC BY 4.0,Bob\n")
        collect_images(shapes, [(None, tmp_path / "urls.csv")], limits=Limits(allow_private=True))
    exif = Image.Exif()
    exif.get_ifd(0x8825)[1] = "N"
    (tmp_path / "more" / "disc").mkdir(parents=True)
    (tmp_path / "more" / "disc" / "a.jpg").write_bytes(encoded(Image.new("RGB", (90, 80), "red"), "JPEG", exif=exif))
    import_images(shapes, tmp_path / "more")
    result = push_dataset(shapes, "me/shapes", private=True, license="cc-by-4.0")
    assert result["url"] == f"{server.url}/datasets/me/shapes"
    assert server.hub.repos["dataset", "me/shapes"].private
    there = published(server, "dataset", "me/shapes")
    n = len(DecisionLog(Catalog(shapes)).images())
    assert n == len(images) + 1
    assert len([name for name in there if name.endswith((".png", ".jpg"))]) == n
    rows = [json.loads(line) for name in there if name.endswith(".jsonl") for line in there[name].splitlines()]
    assert len(rows) == n
    by_origin = {row["origin"]: row for row in rows}
    assert by_origin[f"{web.url}/ok/77.png"]["creator"] == "Bob"
    assert not any(str(tmp_path) in name or "/" in name for name in by_origin if "://" not in name)
    assert {row["reviewed_by"] for row in rows} == {"", "a person"}
    text = there["README.md"].decode()
    assert front(text)["license"] == "cc-by-4.0"
    assert f"1 CC BY 4.0; unknown for {n - 1}." in text
    assert "People looked at 2 of the pictures" in text
    located = "At least 1 of the files contain the place where they were taken."
    assert whose_images(shapes, keep_location=True).endswith(located)
    assert whose_images(shapes).endswith("Where a photograph was taken is removed from the published copy.")
    assert "1 are used under another label than the one they came with, and 1 were left out" in text
    again = Project(tmp_path / "again")
    report = import_images(again, "hf://me/shapes")
    assert report.imported == n
    assert {image.image_id for image in Catalog(again).images()} == {row["sha256"] for row in rows}
    assert len({row["sha256"] for row in rows} - {row["image_id"] for row in rows}) == 1, "the one with a place"


def test_a_hub_that_makes_a_repository_and_then_fails_holds_nothing(small, with_hub, monkeypatch):
    server = with_hub()
    made = []

    def fails(self, target):
        made.extend(server.hub.repos)
        raise PublishError("no answer", status=503)

    monkeypatch.setattr(Hub, "_head", fails)
    with pytest.raises(PublishError, match="no answer"):
        push_model(small.model, "me/shapes")
    assert made == [("model", "me/shapes")]
    assert server.hub.repos == {}


@pytest.mark.parametrize("broken", ["commit", "preupload", "lfs/"])
@pytest.mark.slow
def test_a_hub_that_fails_half_way_holds_nothing(small, with_hub, broken):
    server = with_hub()
    server.hub.fail[("PUT" if broken == "lfs/" else "POST", broken)] = 500 if broken == "commit" else 400  # no retries
    with pytest.raises(PublishError) as raised:
        push_model(small.model, "me/shapes")
    assert server.hub.repos == {}
    assert raised.value.hint
    server.hub.fail.clear()
    push_model(small.model, "me/shapes")
    before = list(server.hub.repos["model", "me/shapes"].commits)
    server.hub.fail["POST", "commit"] = 500
    with pytest.raises(PublishError, match="the Hub fails at the moment"):
        push_model(small.model, "me/shapes", license="mit")
    assert server.hub.repos["model", "me/shapes"].commits == before
    server.hub.fail.clear()
    push_model(small.model, "me/shapes", license="mit")
    assert len(server.hub.repos["model", "me/shapes"].commits) == len(before) + 1


@pytest.mark.parametrize("at", [1, 2])
def test_stopped_by_a_person_it_leaves_nothing(small, with_hub, at):
    """Before anything is sent, or when all is sent and only the commit is left."""
    server = with_hub()

    def push(stop_at, license=None):
        asked = []

        def progress(*_):
            asked.append(1)
            if len(asked) == stop_at:
                raise KeyboardInterrupt

        return push_model(small.model, "me/shapes", license=license, progress=progress)

    with pytest.raises(KeyboardInterrupt):
        push(at)
    assert server.hub.repos == {}
    push(0)
    before = list(server.hub.repos["model", "me/shapes"].commits)
    with pytest.raises(KeyboardInterrupt):
        push(at, "mit")
    assert server.hub.repos["model", "me/shapes"].commits == before


@pytest.mark.parametrize("new", [True, False])
def test_a_commit_that_was_taken_though_the_hub_did_not_say_so_is_published(small, with_hub, new):
    server = with_hub()
    if not new:
        push_model(small.model, "me/shapes", license="mit")
    server.hub.silent = True
    result = push_model(small.model, "me/shapes")
    assert result["commit"] == server.hub.repos["model", "me/shapes"].commits[-1][0]
    assert "model.onnx" in server.hub.of("model", "me/shapes")


def test_another_pushs_commit_does_not_pass_for_ours(small, with_hub, monkeypatch):
    server = with_hub()
    server.hub.silent = "another's"
    monkeypatch.setattr(client, "LOOK_AGAIN", (0, 0))
    with pytest.raises(PublishError, match=r"504|fails at the moment"):
        push_model(small.model, "me/shapes")
    repo = server.hub.repos["model", "me/shapes"]
    assert repo.titles[repo.commits[-1][0]] == client.MESSAGE
    assert "model.onnx" not in server.hub.of("model", "me/shapes")


def test_a_proxy_that_cannot_be_used_is_named(small, with_hub, monkeypatch):
    with_hub()
    monkeypatch.setenv("ALL_PROXY", "socks://127.0.0.1:9")
    with pytest.raises(PublishError, match="the proxy that ALL_PROXY names"):
        push_model(small.model, "me/shapes")


def test_whether_it_was_published_is_said_to_be_unknown_where_it_is(small, with_hub):
    """It takes the commit, answers with an error, and then does not answer at all."""
    server = with_hub()
    server.hub.silent = True
    server.hub.fail["GET", "commits"] = 501  # its client asks five times more after a 503, and waits 23 seconds
    with pytest.raises(PublishError, match="did not say whether it took the commit") as raised:
        push_model(small.model, "me/shapes")
    assert f"{server.url}/me/shapes" in raised.value.hint
    assert "model.onnx" in server.hub.of("model", "me/shapes")


def test_what_cannot_be_taken_away_is_told(small, with_hub):
    server = with_hub()
    server.hub.fail |= {("POST", "commit"): 403, ("DELETE", "repos"): 403}
    with pytest.raises(PublishError, match="could not be deleted") as raised:
        push_model(small.model, "me/shapes")
    assert "delete it in its settings" in raised.value.hint


def test_what_somebody_put_into_it_meanwhile_stays(small, with_hub):
    server = with_hub()

    def meanwhile(what, done, total):
        if done == 0:
            server.hub.repos["model", "me/shapes"].commit({"mine.txt": b"mine"})

    with pytest.raises(PublishError, match="somebody else has just changed"):
        push_model(small.model, "me/shapes", progress=meanwhile)
    assert server.hub.of("model", "me/shapes") == {"mine.txt": b"mine"}


def test_pictures_that_cannot_be_reached_stay_on_the_hub(shapes, with_hub):
    server = with_hub()
    push_dataset(shapes, "me/shapes")
    image = Catalog(shapes).images()[0]
    (shapes.root / image.path).unlink()
    assert push_dataset(shapes, "me/shapes")["missing"] == [image.path]
    assert any(image.image_id[:8] in name for name in server.hub.of("dataset", "me/shapes"))


@pytest.mark.parametrize("sdk", ["gradio", "static"])
def test_another_kind_of_space_leaves_nothing_of_the_first(small, with_hub, drawings, sdk):
    server = with_hub()
    other = {"gradio": "static", "static": "gradio"}[sdk]
    push_space(small.model, "me/try", other, examples=drawings[:1], try_first=False)
    result = push_space(small.model, "me/try", sdk, try_first=False)
    assert sorted(published(server, "space", "me/try")) == sorted(result["files"])


def test_what_an_earlier_push_left_over_goes_and_nothing_of_others(shapes, tmp_path, with_hub):
    server = with_hub()
    push_dataset(shapes, "me/shapes")
    repo = server.hub.repos["dataset", "me/shapes"]
    repo.commit(repo.commits[-1][1] | {"notes/mine.txt": b"mine"})
    gone, moved = Catalog(shapes).images()[:2]
    decide_one(shapes, gone.image_id, "delete", "ann")
    decide_one(shapes, moved.image_id, "relabel:other", "ann")
    push_dataset(shapes, "me/shapes")
    there = server.hub.of("dataset", "me/shapes")
    assert there["notes/mine.txt"] == b"mine"
    names = [name for name in there if name.endswith(".png")]
    assert len(names) == 35
    assert not any(gone.image_id[:8] in name for name in names)
    assert [name.split("/")[1] for name in names if moved.image_id[:8] in name] == ["other"]
    repo.commit(repo.commits[-1][1] | {"train/metadata.csv": b"file_name,label"})  # as an older bearkit wrote it
    (shapes.root / Catalog(shapes).images()[5].path).unlink()
    assert len(push_dataset(shapes, "me/shapes")["missing"]) == 1
    there = server.hub.of("dataset", "me/shapes")
    assert len([name for name in there if name.endswith(".png")]) == 35, "what cannot be reached stays"
    assert [name for name in there if "metadata" in name] == ["train/metadata.jsonl", "validation/metadata.jsonl"]
    push_dataset(shapes, "me/theirs")
    theirs = server.hub.repos["dataset", "me/theirs"]
    theirs.commit({"README.md": b"# Mine\n\nAs `bearkit import hf://me/theirs`.", "train/a/1.jpg": b"mine"})
    push_dataset(shapes, "me/theirs")
    assert server.hub.of("dataset", "me/theirs")["train/a/1.jpg"] == b"mine"


def test_a_repository_that_is_there_needs_no_right_to_make_one(small, with_hub):
    server = with_hub()
    push_space(small.model, "me/try", "gradio", try_first=False)
    server.hub.pro = False
    push_space(small.model, "me/try", "gradio", license="mit", try_first=False)
    assert b"license: mit" in server.hub.of("space", "me/try")["README.md"]


def test_the_thumbnails_only_go_along_when_that_is_said(small, tmp_path, with_hub):
    with_hub()
    model = export_model(small.project, tmp_path / "model", thumbnails=True)
    for number, (thumbnails, n) in enumerate([(False, 0), (True, 1)]):
        said = push_model(model, "me/a", thumbnails=thumbnails, dry_run=tmp_path / f"model-{number}")
        assert said["files"].count("thumbnails.npz") == n
        assert (
            "small copies of the training pictures" in (tmp_path / f"model-{number}" / "README.md").read_text()
        ) == n
        said = push_space(model, "me/a", "gradio", thumbnails=thumbnails, dry_run=tmp_path / f"space-{number}")
        assert said["files"].count("model/thumbnails.npz") == n


def test_a_picture_that_is_gone_is_neither_counted_nor_published(shapes, with_hub):
    server = with_hub()
    image = Catalog(shapes).images()[0]
    (shapes.root / image.path).unlink()
    assert push_dataset(shapes, "me/shapes")["missing"] == [image.path]
    assert "35 pictures with 3 labels" in server.hub.of("dataset", "me/shapes")["README.md"].decode()


def test_too_many_files_for_a_commit(shapes, with_hub, monkeypatch):
    server = with_hub()
    monkeypatch.setattr(publishing, "MAX_FILES", 30)
    with pytest.raises(PublishError, match="40 files are too many") as raised:
        push_dataset(shapes, "me/shapes")
    assert "upload-large-folder" in raised.value.hint
    assert server.hub.repos == {}


def test_without_a_subscription_the_static_space_is_offered(small, with_hub, bearkit_json):
    server = with_hub()
    server.hub.pro = False
    said = bearkit_json("space", small.model, "me/try", "--sdk", "gradio", "--no-preflight", code=1)
    assert "PRO" in said["error"]
    assert "--sdk static" in said["hint"]
    assert server.hub.repos == {}
    said = bearkit_json("space", small.model, "me/try", "--sdk", "static")
    assert set(said) == {"url", "files", "commit"}


@pytest.mark.parametrize(
    ("repo", "token", "fail", "error", "hint"),
    [
        ("me/a", None, None, "you are not signed in", "hf auth login"),
        ("me/a", "hf_other", None, "does not know you", "hf auth login"),
        ("you/a", "", None, "no write access to you/", "a repository of your own"),
        ("me/a", "", ("POST", "create", 404), "has no such user", "check USER/NAME"),
        ("me/a", "", ("POST", "commit", 409), "somebody else has just changed", "try again"),
        ("me/a", "", ("POST", "commit", 412), "somebody else has just changed", "try again"),
        ("me/a", "", ("GET", "whoami", 503), "fails at the moment (error 503)", "later"),
        ("me/a", "", ("POST", "create", 402), "requires a paid plan", "pricing"),
        ("me/a", "", ("POST", "create", 418), "error 418", ""),
        ("a", "", None, "not a valid name on the Hub", "USER/NAME"),
        ("me/a b", "", None, "not a valid name on the Hub", "USER/NAME"),
        ("me/a--b", "", None, "not a valid name on the Hub", "USER/NAME"),
    ],
)
def test_every_refusal_says_what_to_do(small, with_hub, bearkit_json, monkeypatch, repo, token, fail, error, hint):
    server = with_hub()
    if token is None:
        monkeypatch.delenv("HF_TOKEN")
    elif token:
        monkeypatch.setenv("HF_TOKEN", token)
    if fail:
        server.hub.fail[fail[:2]] = fail[2]
    said = bearkit_json("push", small.model, repo, code=1)
    assert error in said["error"]
    assert hint in said["hint"]
    assert server.hub.repos == {}
    assert "hf_o" not in json.dumps(said)  # no token


def test_without_a_network(small, with_hub, bearkit_json, monkeypatch):
    server = with_hub()
    monkeypatch.setenv("HF_ENDPOINT", server.url.rpartition(":")[0] + ":1")
    said = bearkit_json("push", small.model, "me/a", code=1)
    assert "cannot be reached" in said["error"]


def test_the_token_is_never_shown():
    assert "secret" not in repr(Hub("secret"))


def test_a_data_set_is_only_published_by_who_may(shapes, with_hub, bearkit_json, tmp_path):
    server = with_hub()
    said = bearkit_json("push-dataset", "me/shapes", "-p", shapes.root, code=1)
    assert "No licence is known for any of the 36 pictures" in said["error"]
    assert "--yes" in said["hint"]
    assert server.hub.repos == {}
    assert bearkit_json("push-dataset", "me/shapes", "-p", shapes.root, "--yes")["commit"]
    said = bearkit_json("push-dataset", "me/shapes", "-p", shapes.root, "--dry-run", tmp_path / "dry")
    assert said["folder"] == str(tmp_path / "dry")
    assert len(said["files"]) == 36 + 4


def test_bad_input_writes_nothing(small, tmp_path, with_hub):
    server = with_hub()
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("mine")
    with pytest.raises(PublishError, match="already exists"):
        push_model(small.model, "me/a", dry_run=tmp_path / "full")
    with pytest.raises(PublishError, match="no kind of Space"):
        push_space(small.model, "me/a", "docker")
    model = shutil.copytree(small.model, tmp_path / "model")
    (model / "model.onnx").write_bytes(b"broken")
    for publish in (push_model, lambda *words, **more: push_space(*words, "static", **more)):
        with pytest.raises(ModelError):
            publish(model, "me/a", dry_run=tmp_path / "dry")
    assert not (tmp_path / "dry").exists()
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []
    assert server.hub.repos == {}


# -- Spaces before they are pushed


@pytest.fixture
def gradio_space(trained, tmp_path):
    push_space(trained.model, "me/try", "gradio", dry_run=tmp_path / "space")
    return tmp_path / "space"


@pytest.mark.slow(25)
def test_a_gradio_space_installs_starts_and_answers(gradio_space, bearkit_json):
    found = bearkit_json("preflight", gradio_space)
    assert (found["ok"], found["problems"]) == (True, [])
    assert found["start_seconds"] > 0
    assert found["memory_mb"] < 400
    assert found["install_mb"] < 700
    pins = (gradio_space / "requirements.txt").read_text()
    assert "torch" not in pins
    assert all("==" in line for line in pins.splitlines() if not line.startswith("#"))


@pytest.mark.slow
def test_a_space_carries_all_that_it_imports(gradio_space):
    """In an interpreter that cannot see this checkout, nor torch."""
    code = (
        "import sys; sys.modules['torch'] = None; sys.argv = ['x']\n"
        "import runpy; runpy.run_path('app.py', run_name='loaded')\n"
        "import bearkit.inference.predictor as p; print(p.__file__, p.Predictor('model').vocab)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=gradio_space, capture_output=True, text=True, check=True)
    assert str(gradio_space) in done.stdout
    theirs = {"gradio", "numpy", "onnxruntime", "PIL"}
    theirs |= {"starlette", "uvicorn", "h11", "python_multipart", "filelock"}  # they come with gradio
    for path in gradio_space.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module] if isinstance(node, ast.ImportFrom) else []
            tops = {name.partition(".")[0] for name in names} - {"bearkit"} - sys.stdlib_module_names
            assert tops <= theirs, path
    assert "training" not in {
        path.parts[0] for path in vendored_modules.vendored_modules((gradio_space / "app.py").read_text())
    }


@pytest.mark.parametrize(
    ("break_it", "cause"),
    [
        ("requirements.txt", "No matching distribution found for no-such-package-of-anyone==9"),
        ("app.py", "ModuleNotFoundError: No module named 'fastai'"),
        ("model/golden.npz", "ModelError: the model in"),
    ],
)
@pytest.mark.slow
def test_preflight_shows_the_root_cause(gradio_space, bearkit_json, monkeypatch, break_it, cause):
    path = gradio_space / break_it
    if break_it == "requirements.txt":
        path.write_text("no-such-package-of-anyone==9\n")
    else:
        monkeypatch.setattr(sandbox, "_install", lambda *_: "")  # the packages of this environment do
        monkeypatch.setattr(sandbox, "_python", lambda _: sys.executable)
    if break_it == "app.py":
        path.write_text(path.read_text().replace("from pathlib", "import fastai\nfrom pathlib"))
    if break_it == "model/golden.npz":
        with np.load(path) as golden:
            changed = {**golden, "logits": golden["logits"] + 1}
        np.savez(path, **changed)
    found = bearkit_json("preflight", gradio_space, code=1)
    assert not found["ok"]
    assert cause in found["problems"][0]


def test_what_does_not_work_is_not_pushed(small, with_hub, monkeypatch):
    server = with_hub()
    monkeypatch.setattr(
        preflight, "run_in_sandbox", lambda *_: sandbox.SandboxResult(["app.py ended (code 1): KeyError: 'x'"])
    )
    with pytest.raises(PublishError, match=r"does not work, so nothing was published: app.py ended"):
        push_space(small.model, "me/try", "gradio")
    assert server.hub.repos == {}


@pytest.mark.parametrize(
    ("break_it", "problem"),
    [
        (lambda folder: (folder / "ort.wasm").unlink(), "missing: ort.wasm"),
        (lambda folder: (folder / "model.onnx").write_bytes(b"?"), "the model cannot be used"),
        (
            lambda folder: shutil.copy(folder / "golden-0.png", folder / "golden-1.png"),
            "golden-1.png: the model predicts",
        ),
        (lambda folder: _edit(folder, "sdk: static", "sdk: webby"), "sdk is 'webby'"),
        (lambda folder: _edit(folder, "index.html", "other.html"), "app_file other.html is not in the folder"),
    ],
)
def test_preflight_of_a_static_space(small, tmp_path, bearkit_json, break_it, problem):
    bearkit_json("space", small.model, "me/try", "--sdk", "static", "--dry-run", tmp_path / "space")
    assert bearkit_json("preflight", tmp_path / "space")["ok"]
    break_it(tmp_path / "space")
    assert problem in bearkit_json("preflight", tmp_path / "space", code=1)["problems"][0]


def _edit(folder, before, after):
    text = (folder / "README.md").read_text()
    (folder / "README.md").write_text(text.replace(before, after))


def test_preflight_of_no_space(tmp_path, bearkit_json):
    assert "is not a Space" in bearkit_json("preflight", tmp_path, code=1)["error"]
    (tmp_path / "README.md").write_text("# Hello")
    assert "no front matter" in bearkit_json("preflight", tmp_path, code=1)["error"]
    for text in (b"---\na: [\n---\n", b"---\n- sdk\n---\n", b"---\nsdk: \xff\n---\n"):
        (tmp_path / "README.md").write_bytes(text)
        assert "cannot be read" in bearkit_json("preflight", tmp_path, code=1)["error"]
    (tmp_path / "README.md").write_bytes(b"\xef\xbb\xbf---\r\nsdk: webby\r\n---\r\n# Saved by an editor of Windows")
    assert "sdk is 'webby'" in bearkit_json("preflight", tmp_path, code=1)["problems"][0]


@pytest.mark.parametrize(
    ("log", "cause"),
    [
        (
            "Collecting x\nERROR: Could not find a version of x\nERROR: No matching distribution found for x\n",
            "No matching",
        ),
        (
            "Traceback ...\n  File a\nValueError: bad\nDuring handling ...\nbearkit.errors.ModelError: worse\n",
            "ModelError",
        ),
        ("Traceback (most recent call last):\nKeyboardInterrupt\n", "KeyboardInterrupt"),
        ("hello\nworld\n", "hello / world"),
        ("", "nothing was printed"),
    ],
)
def test_the_root_cause_of_a_log(log, cause):
    assert cause in sandbox.root_cause(log)


def test_the_browsers_runtime_is_the_one_that_was_tested(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with serving(replay={"/file/ort.tgz": b"something else"}) as server:
        monkeypatch.setattr(web_runtime, "URL", f"{server.url}/file/ort.tgz")
        with pytest.raises(PublishError, match="not the file that bearkit was tested with"):
            web_runtime.web_runtime()
        with pytest.raises(DownloadError, match="404"):
            verified.download_verified(f"{server.url}/nothing", "", 100)
        with pytest.raises(DownloadError, match="cannot be downloaded"):
            verified.download_verified("http://127.0.0.1:1/x", "", 100)
    assert [*tmp_path.rglob("*")] == []


@pytest.mark.slow
def test_an_installed_wheel_writes_the_spaces(small, tmp_path):
    source = tmp_path / "source"  # building writes beside it
    for folder in ("bearkit", "spaces"):
        shutil.copytree(ROOT / folder, source / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "setup.py", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    python(tmp_path, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "-w", tmp_path, source)
    (wheel,) = tmp_path.glob("*.whl")
    python(tmp_path, "-m", "pip", "install", "--quiet", "--no-deps", "--target", tmp_path / "site", wheel)
    shutil.rmtree(source)
    words = ("-m", "bearkit", "space", small.model, "me/x", "--sdk", "gradio", "--dry-run", "s", "--no-preflight")
    python(tmp_path, *words, PYTHONPATH=str(tmp_path / "site"))
    assert (tmp_path / "s" / "app.py").read_text() == (ROOT / "spaces" / "gradio" / "app.py").read_text()
    theirs = {path.relative_to(tmp_path / "s" / "bearkit") for path in (tmp_path / "s" / "bearkit").rglob("*.*")}
    assert all((tmp_path / "site" / "bearkit" / path).is_file() for path in theirs)
    for path in (ROOT / "spaces").rglob("*.*"):
        assert (tmp_path / "site" / "bearkit" / "_spaces" / path.relative_to(ROOT / "spaces")).is_file()
    kinds = ("*.css", "*.js", "*.csv", "py.typed")
    files = [path.relative_to(ROOT) for kind in kinds for path in (ROOT / "bearkit").rglob(kind)]
    assert len(files) > 5
    assert [path for path in files if not (tmp_path / "site" / path).is_file()] == []


def python(folder, *words, **environment):
    """What a Python process prints."""
    done = subprocess.run(
        [sys.executable, *map(str, words)], cwd=folder, capture_output=True, text=True, env=os.environ | environment
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
