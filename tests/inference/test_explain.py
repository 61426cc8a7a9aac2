"""Why: the heat map is where the evidence was put, and the nearest training pictures are the nearest."""

import json

import numpy as np
import pytest
from PIL import Image

from bearkit import Learner, Predictor, export_model
from bearkit.catalog.catalog import Catalog
from bearkit.catalog.decisions import DecisionLog
from bearkit.errors import ModelError
from bearkit.export.export import add_thumbnails
from bearkit.images import decode
from bearkit.inference.model_folder import read_thumbnails, write_thumbnails
from bearkit.inference.occlusion import PLACES, occlusion_map
from bearkit.labelling.review_actions import decide_one, merge_labels
from tests.conftest import encoded


def drawing(trained, label):
    return Image.open(sorted((trained.project.images / label).glob("*.png"))[0]).convert("RGB")


@pytest.mark.parametrize(("left", "top"), [(0, 0), (1, 0), (0, 1), (1, 1)])
@pytest.mark.slow
def test_the_heat_is_where_the_drawing_is(trained, left, top):
    """A drawing in one quarter of a plain picture is what spoke for its label."""
    predictor = Predictor(trained.model)
    small = drawing(trained, "star").resize((112, 112))
    picture = Image.new("RGB", (256, 256), small.getpixel((0, 0)))
    picture.paste(small, (16 + 112 * left, 16 + 112 * top))
    found = occlusion_map(predictor, encoded(picture, "PNG"))
    assert found.evidence.shape == (PLACES, PLACES)
    half = PLACES // 2
    heat = np.maximum(found.evidence, 0)
    quarter = heat[half * top : half * (top + 1), half * left : half * (left + 1)]
    assert quarter.sum() > 0.5 * heat.sum()
    assert found.prediction.probs == pytest.approx(predictor.predict(encoded(picture, "PNG")).probs, abs=1e-5)


def test_the_evidence_is_what_hiding_takes_away(trained):
    predictor = Predictor(trained.model)
    picture = drawing(trained, "disc")
    found = occlusion_map(predictor, picture)
    row, column = np.unravel_index(found.evidence.argmax(), found.evidence.shape)
    whole = predictor.to_input(picture)
    size = whole.shape[1]
    hidden = whole.copy()
    ranges = [
        slice(max(0, round((place + 0.5) * size / 8 - 1.75 * size / 8)), round((place + 2.25) * size / 8))
        for place in (row, column)
    ]
    hidden[:, ranges[0], ranges[1]] = whole.mean(axis=(1, 2), keepdims=True)
    before, after = (one.probs[found.prediction.label] for one in predictor.predict_inputs(np.stack([whole, hidden])))
    odds = [np.log(p / (1 - p)) for p in (before, after)]
    assert odds[0] - odds[1] == pytest.approx(found.evidence.max(), abs=1e-2)


def test_the_heat_map_is_what_the_model_saw(trained):
    found = occlusion_map(Predictor(trained.model), drawing(trained, "disc"))
    image = decode(found.as_jpeg()).image
    assert image.size == found.seen.size == (224, 224)
    assert np.abs(np.asarray(image, float) - np.asarray(found.heat_map(), float)).mean() < 12


@pytest.mark.slow
def test_the_nearest_training_pictures_only_where_the_user_said_so(trained, tmp_path):
    assert not (trained.model / "thumbnails.npz").exists()
    images = sorted(trained.project.images.rglob("*.png"))
    assert Predictor(trained.model).nearest(images[0]) == []
    model = export_model(trained.project, tmp_path / "model", thumbnails=True)
    predictor = Predictor(model)
    told = trained.learn.run.predictions()
    train = [trained.project.root / path for path in told.only("train").paths.tolist()]
    near = predictor.nearest(train[0], 4)
    assert len(near) == 4
    assert [one.cosine for one in near] == sorted((one.cosine for one in near), reverse=True)
    assert near[0].cosine == pytest.approx(1, abs=1e-3)
    assert near[0].label == train[0].parent.name
    with Image.open(train[0]) as image:
        expected = np.asarray(image.convert("RGB").resize((32, 32)), float)
    assert np.abs(np.asarray(decode(near[0].thumbnail).image.resize((32, 32)), float) - expected).mean() < 10
    with np.load(model / "thumbnails.npz") as file:  # without pickle, which is the default
        assert set(file.files) == {"labels", "sizes", "data"}
    again = export_model(trained.project, tmp_path / "model")
    assert not (again / "thumbnails.npz").exists()
    (again / "README.md").write_text("Ann made it.")
    before = {path.name: path.read_bytes() for path in again.iterdir()}
    add_thumbnails(trained.project, again)
    assert Predictor(again).nearest(train[0], 1)[0].label == train[0].parent.name
    assert {path.name: path.read_bytes() for path in again.iterdir() if path.name != "thumbnails.npz"} == before


def test_thumbnails_of_other_pictures_are_not_added(shapes, tmp_path):
    model = export_model(shapes, tmp_path / "model")
    (shapes.root / Catalog(shapes).images()[0].path).unlink()
    with pytest.raises(ModelError, match="that this model was trained on are missing"):
        add_thumbnails(shapes, model)
    assert not (model / "thumbnails.npz").exists()


def test_damaged_thumbnails_are_told(trained, tmp_path):
    model = export_model(trained.project, tmp_path / "model", thumbnails=True)
    (model / "thumbnails.npz").write_bytes(b"broken")
    with pytest.raises(ModelError, match=r"thumbnails.npz"):
        read_thumbnails(model)


@pytest.mark.slow
def test_8_bits_are_kept_only_where_they_are_no_worse(trained, tmp_path, bearkit_json, monkeypatch):
    said = bearkit_json("export", tmp_path / "small", "--int8", "-p", trained.project.root)["int8"]
    assert said["kept"]
    assert said["error_rate"] <= said["float_error_rate"]
    assert said["bytes"] == (tmp_path / "small" / "model.onnx").stat().st_size < 0.5 * said["float_bytes"]
    small, whole = Predictor(tmp_path / "small"), Predictor(trained.model)
    for path in sorted(trained.project.images.rglob("*.png")):
        ours, theirs = small.predict(path), whole.predict(path)
        assert ours.label == theirs.label
        assert ours.probs == pytest.approx(theirs.probs, abs=0.2)
        assert ours.similarity == pytest.approx(theirs.similarity, abs=0.03)
    assert "Most of its weights are 8-bit integers" in (tmp_path / "small" / "README.md").read_text()
    assert sorted(path.name for path in (tmp_path / "small").iterdir()) == sorted(
        path.name for path in trained.model.iterdir()
    )
    monkeypatch.setattr("bearkit.export.quantize.FEW", -1)  # nothing is spared, and hardly a bit is left:
    monkeypatch.setattr("bearkit.export.quantize.LEVELS", 1)
    said = bearkit_json("export", tmp_path / "bad", "--int8", "-p", trained.project.root)["int8"]
    assert not said["kept"]
    assert "validation pictures would be" in said["why"]
    assert (tmp_path / "bad" / "model.onnx").read_bytes() == (trained.model / "model.onnx").read_bytes()


def test_the_card_says_what_was_cleaned(shapes, tmp_path):
    images = DecisionLog(Catalog(shapes)).images()
    decide_one(shapes, images[0].image_id, "keep", "ann")
    told = [image for image in images if image.label == "disc"]
    decide_one(shapes, told[3].image_id, "relabel:star", "ann")
    decide_one(shapes, told[4].image_id, "delete", "ann")
    learn = Learner(shapes)
    learn.fit_one_cycle(2)
    decide_one(shapes, told[5].image_id, "delete", "ann")  # too late for this run
    merge_labels(shapes, ["disc"], "ball", "ann")
    text = (learn.export(tmp_path / "model") / "README.md").read_text()
    assert "People looked at 3 of the pictures; 1 are used under another label than the one they came with" in text
    assert "and 1 were left out" in text
    assert json.loads((tmp_path / "model" / "config.json").read_text())["num_classes"] == 3


def test_a_model_that_compares_with_nothing_keeps_no_thumbnails(tmp_path):
    write_thumbnails(tmp_path, [])
    assert read_thumbnails(tmp_path) == []
    write_thumbnails(tmp_path, [("disc", b""), ("star", b"")])
    assert read_thumbnails(tmp_path) == [("disc", b""), ("star", b"")]
