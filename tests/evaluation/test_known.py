""" "None of these" and calibrated probabilities: in numbers, in the model folder, and on real photographs."""

import csv
import shutil
import zipfile

import numpy as np
import onnxruntime
import pytest
from PIL import Image
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import NearestNeighbors

from bearkit import Learner, Predictor, import_images, predict_files
from bearkit.catalog.catalog import Catalog
from bearkit.catalog.decisions import DecisionLog
from bearkit.datasets import dataset
from bearkit.errors import ModelError
from bearkit.evaluation import ood
from bearkit.evaluation.calibration import calibration_error, fit_temperature
from tests.conftest import write_pictures


def softmax(logits):
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def drawn_logits(rng, n, sharpness):
    """Logits whose softmax is the truth, and then made sharper; the targets are drawn from the truth."""
    truth = rng.normal(size=(n, 4)) * 2
    targets = np.array([rng.choice(4, p=p) for p in softmax(truth)])
    return truth * sharpness, targets


@pytest.mark.parametrize("sharpness", [0.4, 1.0, 3.0])
def test_the_temperature_finds_how_sharp_logits_were_made(sharpness):
    logits, targets = drawn_logits(np.random.default_rng(0), 4000, sharpness)
    found = fit_temperature(logits, targets)
    assert found == pytest.approx(sharpness, rel=0.1)
    before, after = (calibration_error(softmax(logits / t), targets) for t in (1, found))
    assert after < 0.03
    assert after <= before + 0.005


def test_scikit_learns_own_fit_agrees():
    """A logistic regression of one feature, the difference of two logits, learns the same scale."""
    rng = np.random.default_rng(1)
    truth = rng.normal(size=3000) * 2
    targets = (rng.uniform(size=3000) < 1 / (1 + np.exp(-truth))).astype(int)
    logits = np.stack([np.zeros(3000), 2.5 * truth], axis=1)
    theirs = LogisticRegression(C=1e6, fit_intercept=False).fit(logits[:, 1:], targets).coef_[0, 0]
    assert 1 / fit_temperature(logits, targets) == pytest.approx(theirs, rel=0.01)


@pytest.mark.parametrize("n", [1, 10, 1000])
def test_without_a_mistake_nothing_is_certain(n):
    logits = np.tile([[30.0, 0.0, 0.0]], (n, 1))
    sure = softmax(logits / fit_temperature(logits, np.zeros(n, int)))[0, 0]
    assert 1 - 1.5 / (n + 2) < sure < 1


def test_no_pictures_no_temperature():
    assert fit_temperature(np.zeros((0, 3)), np.zeros(0, int)) == 1


def test_similarity_is_the_mean_cosine_with_the_nearest_two():
    rng = np.random.default_rng(2)
    train, valid, other = (np.abs(rng.normal(size=(n, 16))).astype(np.float32) for n in (200, 50, 30))
    measure = ood.fit_ood_detector(train, valid)
    cut = np.quantile(train, ood.CLIP_QUANTILE)
    theirs = NearestNeighbors(n_neighbors=2, metric="cosine").fit(np.minimum(train, cut))
    expected = 1 - theirs.kneighbors(np.minimum(other, cut))[0].mean(axis=1)
    assert measure.similarity(other) == pytest.approx(expected, abs=2e-3)
    assert 0.9 < (measure.similarity(valid) >= measure.threshold).mean() <= 1


def test_few_pictures_say_nothing():
    assert ood.fit_ood_detector(np.ones((10, 4), np.float32), np.ones((5, 4), np.float32)) is None
    assert ood.fit_ood_detector(np.ones((ood.NEAREST, 4), np.float32), np.ones((50, 4), np.float32)) is None


def test_only_so_many_are_kept():
    rng = np.random.default_rng(3)
    measure = ood.fit_ood_detector(
        np.abs(rng.normal(size=(ood.MAX_BANK + 500, 8))).astype(np.float32), np.zeros((0, 8), np.float32)
    )
    assert measure.bank.shape == (ood.MAX_BANK, 8)


def test_the_model_folder_tells_it_and_any_runtime_computes_it(trained):
    predictor = Predictor(trained.model)
    assert 0 < predictor.threshold < 1
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 255, (300, 300, 3), np.uint8))
    found = predictor.predict(noise)
    assert not found.known
    assert found.similarity < predictor.threshold
    assert found.as_dict()["threshold"] == predictor.threshold == predictor.config.info.threshold
    images = [trained.project.root / image.path for image in DecisionLog(Catalog(trained.project)).images()]
    said = [predictor.predict(path) for path in images]
    assert sum(one.known for one in said) >= 0.9 * len(said)
    session = onnxruntime.InferenceSession(trained.model / "model.onnx")
    assert [output.name for output in session.get_outputs()] == ["logits", "similarity", "cosines"]
    inputs = np.stack([predictor.to_input(path) for path in images[:4]])
    assert session.run(["similarity"], {"input": inputs})[0] == pytest.approx(
        [one.similarity for one in said[:4]], abs=1e-4
    )
    card = (trained.model / "README.md").read_text()
    assert "none of these" in card.lower()


def test_a_model_whose_similarity_changed_is_refused(trained, tmp_path):
    model = shutil.copytree(trained.model, tmp_path / "model")
    with np.load(model / "golden.npz") as file:
        arrays = dict(file)
    np.savez_compressed(model / "golden.npz", **arrays | {"similarity": arrays["similarity"] - 0.1})
    with pytest.raises(ModelError, match=r"similarities by 0.1"):
        Predictor(model)


def test_a_model_of_few_pictures_calls_everything_known(project, tmp_path, with_body):
    import_images(with_body(project), write_pictures(tmp_path / "s", {"black": 5, "teddy": 5}))
    learn = Learner(project)
    learn.fit_one_cycle(1)
    predictor = Predictor(learn.export())
    found = predictor.predict(Image.new("RGB", (300, 200), "pink"))
    assert (found.known, found.similarity, predictor.threshold) == (True, None, None)
    assert found.as_dict()["threshold"] is None


def test_folders_and_zips_become_rows_and_a_csv(trained, tmp_path, bearkit_json):
    pictures = sorted(trained.project.images.rglob("*.png"))[:3]
    with zipfile.ZipFile(tmp_path / "more.zip", "w") as archive:
        archive.writestr("deep/er/1.png", pictures[0].read_bytes())
        archive.writestr("deep/page.jpg", b"<html></html>")
    (tmp_path / "folder").mkdir()
    shutil.copy(pictures[1], tmp_path / "folder" / "2.png")
    out = tmp_path / "out" / "rows.csv"
    rows = bearkit_json(
        "predict", trained.model, tmp_path / "folder", tmp_path / "more.zip", pictures[2], "--csv", out, "--top", 2
    )["predictions"]
    inside = [f"{tmp_path / 'more.zip'}!deep/{name}" for name in ("er/1.png", "page.jpg")]
    assert [row["path"] for row in rows] == [str(tmp_path / "folder" / "2.png"), *inside, str(pictures[2])]
    assert [len(row.get("top", [])) for row in rows] == [2, 2, 0, 2]
    assert {"known", "similarity"} <= set(rows[0])
    with out.open() as file:
        table = list(csv.DictReader(file))
    assert [row["label"] for row in table] == [row.get("label", "") for row in rows]
    assert "web page" in table[2]["error"]
    assert sum(float(table[0][f"p({label})"]) for label in ("disc", "square", "star")) == pytest.approx(1, abs=1e-5)


@pytest.mark.slow(10)
def test_photographs_of_something_else_are_none_of_these(data, photographs, tmp_path):
    project = photographs("bears_web", tmp_path / "bears")
    learn = Learner(project)
    learn.fit_one_cycle()
    predictor = Predictor(learn.export())
    splits = dataset.splits(Catalog(project))
    valid = [
        project.root / image.path
        for image in DecisionLog(Catalog(project)).images()
        if splits[image.image_id] == "valid"
    ]
    flowers = sorted((data / "flowers_ccby").rglob("*.jpg"))[::5]
    bears, others = (predict_files(predictor, paths) for paths in (valid, flowers))
    assert np.mean([row["known"] for row in bears]) >= 0.93
    assert np.mean([row["known"] for row in others]) <= 0.05
