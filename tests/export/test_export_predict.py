"""The model folder: others can load it, it answers as training did, and it notices when it does not."""

import json
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from PIL import Image

from bearkit import Predictor, export_model, predict_files
from bearkit.bodies.timm_import import import_timm
from bearkit.errors import ImageError, ModelError, RunError
from bearkit.images import read_file
from bearkit.images.preprocessing import decode_for_body, preprocess
from bearkit.inference.model_folder import FILES, golden_pictures
from tests.conftest import calibrated, close


@pytest.fixture
def model(trained, tmp_path):
    """A copy of the model folder that a test may break."""
    return shutil.copytree(trained.model, tmp_path / "model")


def edit_config(model, **changes):
    config = json.loads((model / "config.json").read_text())
    for key, value in changes.items():
        part = config["bearkit"] if key == "format" else config
        part[key] = value
    (model / "config.json").write_text(json.dumps(config))


def test_the_predictor_gives_the_probabilities_that_training_saw_calibrated(trained):
    predictor = Predictor(trained.model)
    told = trained.learn.run.predictions()
    assert predictor.vocab == told.vocab.tolist()
    for path, logits in zip(told.paths, told.logits, strict=True):
        found = predictor.predict(trained.project.root / str(path))
        assert list(found.probs.values()) == pytest.approx(calibrated(logits, predictor), abs=close(predictor, 2e-4))
        assert found.label == predictor.vocab[found.index] == max(found.probs, key=found.probs.get)
        assert found.probability == max(found.probs.values())


def test_timm_loads_the_folder_and_gives_the_same_logits(trained):
    predictor = Predictor(trained.model)
    network = import_timm().create_model(f"local-dir:{trained.model}", pretrained=True).eval()
    assert network.pretrained_cfg["label_names"] == predictor.vocab
    how = predictor.config.preprocessing
    pictures = [decode_for_body(read_file(p), how) for p in sorted(trained.project.images.rglob("*.png"))[:8]]
    with torch.no_grad():
        expected = network(torch.from_numpy(np.stack([preprocess(p, how) for p in pictures]))).numpy()
    assert np.abs(predictor.logits(pictures) - expected).max() < 1e-3


def test_timms_own_transform_from_the_config_gives_the_same_input(trained):
    timm = import_timm()
    network = timm.create_model(f"local-dir:{trained.model}", pretrained=True)
    transform = timm.data.create_transform(**timm.data.resolve_model_data_config(network), is_training=False)
    image = Image.fromarray(golden_pictures()[0])
    ours = preprocess(image, Predictor(trained.model).config.preprocessing)
    difference = np.abs(transform(image).numpy() - ours)
    assert difference.max() < 1.01 / 127.5  # a grey level
    assert difference.mean() < 1e-5


def test_the_folder_holds_what_it_should_and_no_pickle(trained):
    assert {path.name for path in trained.model.iterdir()} == {*FILES, "confusion_matrix.png"}
    card = (trained.model / "README.md").read_text()
    assert "Tells `disc`, `square`, `star` apart" in card
    assert re.search(r"\*\*\d of 6 validation pictures wrong: error rate .* %, likely between .* and .* %\.\*\*", card)
    config = json.loads((trained.model / "config.json").read_text())
    assert config["architecture"] == "tf_efficientnet_lite0"
    assert config["num_classes"] == 3
    assert "model_args" not in config


def test_paths_bytes_and_pillow_images_get_the_same_answer(trained):
    predictor = Predictor(trained.model)
    path = next(trained.project.images.rglob("*.png"))
    with Image.open(path) as image:
        assert predictor.predict(path) == predictor.predict(path.read_bytes()) == predictor.predict(image)


def test_a_bad_file_is_a_row_and_the_others_are_answered(trained, tmp_path):
    good = next(trained.project.images.rglob("*.png"))
    (tmp_path / "page.jpg").write_text("<html></html>")
    rows = predict_files(Predictor(trained.model), [tmp_path / "gone.jpg", good, tmp_path / "page.jpg"])
    assert [("error" in row, "label" in row) for row in rows] == [(True, False), (False, True), (True, False)]
    assert "web page" in rows[2]["error"]
    with pytest.raises(ImageError, match="no such file"):
        Predictor(trained.model).predict(tmp_path / "gone.jpg")


def test_many_threads_get_the_answers_of_one(trained):
    predictor = Predictor(trained.model)
    paths = sorted(trained.project.images.rglob("*.png"))[::3]
    alone = [predictor.predict(path).probs for path in paths]
    with ThreadPoolExecutor(8) as pool:
        together = [found.probs for found in pool.map(predictor.predict, paths * 3)]
    for one, other in zip(together, alone * 3, strict=True):
        assert list(one.values()) == pytest.approx(list(other.values()), abs=1e-6)


def test_predicting_needs_neither_torch_nor_gradio(trained):
    path = next(trained.project.images.rglob("*.png"))
    code = (
        "import sys; from bearkit import Predictor\n"
        f"print(Predictor({str(trained.model)!r}).predict({str(path)!r}).label)\n"
        "print(sorted({'torch', 'gradio', 'timm', 'torchvision', 'matplotlib'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[1] == "[]"


def test_a_model_that_answers_differently_is_refused(model):
    with np.load(model / "golden.npz") as file:
        pictures, logits = file["pictures"], file["logits"]
    np.savez(model / "golden.npz", pictures=pictures, logits=logits[:, ::-1] + np.arange(3))
    with pytest.raises(ModelError, match="gives other outputs for its golden pictures") as raised:
        Predictor(model)
    assert "bearkit export" in raised.value.hint


def test_a_changed_preprocessing_is_noticed(model):
    config = json.loads((model / "config.json").read_text())
    config["pretrained_cfg"]["mean"] = [0.1, 0.1, 0.1]
    (model / "config.json").write_text(json.dumps(config))
    with pytest.raises(ModelError, match="golden pictures"):
        Predictor(model)


@pytest.mark.parametrize("name", ["model.onnx", "golden.npz", "config.json"])
def test_a_missing_or_cut_off_file_is_told(model, name):
    (model / name).write_bytes((model / name).read_bytes()[:100])
    with pytest.raises(ModelError, match=r"is damaged \("):
        Predictor(model)
    (model / name).unlink()
    with pytest.raises(ModelError, match=r"is damaged \(|not a model folder"):
        Predictor(model)


def test_a_model_of_another_format_is_refused_with_a_hint(model):
    edit_config(model, format=99)
    with pytest.raises(ModelError, match="has format 99; this bearkit reads format 2") as raised:
        Predictor(model)
    assert "upgrade" in raised.value.hint


def test_labels_that_do_not_fit_the_outputs_are_noticed(model):
    edit_config(model, label_names=["one", "two"])
    with pytest.raises(ModelError, match="damaged"):
        Predictor(model)


def test_an_older_model_is_replaced_and_anything_else_is_left_alone(trained, tmp_path):
    folder = tmp_path / "here" / "model"
    assert export_model(trained.project, folder) == folder
    assert export_model(trained.project, folder) == folder
    (folder / "notes.txt").write_text("mine")
    with pytest.raises(ModelError, match="is there already and is not a model folder"):
        export_model(trained.project, folder)
    assert (folder / "notes.txt").read_text() == "mine"
    assert [path.name for path in folder.parent.iterdir()] == ["model"]


@pytest.mark.parametrize("name", ["README.md", "config.json"])
def test_a_folder_of_ones_own_is_never_taken_for_a_model(trained, tmp_path, name):
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / name).write_text("my notes")
    with pytest.raises(ModelError, match="is not a model folder"):
        export_model(trained.project, tmp_path / "thesis")
    assert (tmp_path / "thesis" / name).read_text() == "my notes"


def test_a_run_that_is_not_there_is_told(trained, tmp_path):
    with pytest.raises(RunError, match="there is no run `7`") as raised:
        export_model(trained.project, tmp_path / "m", "7")
    assert "001" in raised.value.hint


def test_a_batch_gives_what_each_image_gives_alone(trained):
    predictor = Predictor(trained.model)
    paths = sorted((trained.project.root / "images").rglob("*.png"))[:9]
    alone = [predictor.predict(path) for path in paths]
    batch = predictor.predict_batch([paths[0].read_bytes(), *paths[1:]])
    assert [prediction.label for prediction in batch] == [prediction.label for prediction in alone]
    probs = predictor.predict_proba(iter(paths))
    assert probs.shape == (9, 3)
    assert probs == pytest.approx(np.array([list(prediction.probs.values()) for prediction in alone]), abs=1e-4)
    assert predictor.predict_batch([]) == []
    assert predictor.predict_proba([]).shape == (0, 3)
    assert repr(predictor) == f"Predictor('{trained.model}'): 3 labels, 224 px"
