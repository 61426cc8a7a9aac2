"""A model folder may be anybody's: it is refused before it fills the memory, hangs, or reads other files."""

import io
import json
import os
import resource
import shutil
import sys

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

from bearkit import Predictor
from bearkit.errors import ImageError, ModelError
from bearkit.hub.model import write_model
from bearkit.inference.model_folder import FILES
from tests.conftest import encoded


@pytest.fixture
def model(small, tmp_path):
    """A copy of a model folder to break."""
    return shutil.copytree(small.model, tmp_path / "model")


def refused(model, match):
    """The hint of the refusal; the memory does not grow by it."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(ModelError, match=match) as told:
        Predictor(model)
    if sys.platform == "linux":
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000  # KB
    assert told.value.hint
    return told.value.hint


def graph_of(*nodes, opset=18):
    """An ONNX model of pictures to logits whose nodes are these."""
    pictures = helper.make_tensor_value_info("input", TensorProto.FLOAT, ["batch", 3, 224, 224])
    logits = helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", 3])
    graph = helper.make_graph(list(nodes), "g", [pictures], [logits])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)])


def body(name):
    """A network within the network: it hands a number on."""
    value = helper.make_tensor_value_info("inner", TensorProto.FLOAT, [1])
    constant = helper.make_node("Constant", [], ["inner"], value=helper.make_tensor("v", TensorProto.FLOAT, [1], [1.0]))
    return helper.make_graph([constant], name, [], [value])


def test_a_small_file_that_unpacks_to_gigabytes_is_not_unpacked(model):
    golden = dict(np.load(model / "golden.npz"))
    np.savez_compressed(model / "golden.npz", **golden | {"more": np.zeros(10**8, np.uint8)})
    assert (model / "golden.npz").stat().st_size < 1_000_000
    refused(model, r"golden.npz: \d arrays of 96 MiB once unpacked; the limit is 64 MiB")
    shutil.copy(model / "golden.npz", model / "thumbnails.npz")
    np.savez_compressed(model / "golden.npz", **golden)
    refused(model, "thumbnails.npz")


def test_arrays_with_code_in_them_are_not_loaded(model):
    np.savez(model / "golden.npz", pictures=np.array([{}, 1], object), logits=np.zeros((1, 3)))
    refused(model, "golden.npz: Object arrays cannot be loaded")


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"input_size": [3, 20_000, 20_000]}, "an input of 20000 x 20000 pixels; the limit is 2048"),
        ({"input_size": [3, 640, 640]}, "model.onnx takes inputs of .*32, 32.*, and config.json says 640 pixels"),
        ({"input_size": [3, -1, -1]}, "an input of -1"),
        ({"crop_pct": 1e-9}, "crop_pct 1e-09"),
        ({"std": [0, 1, 1]}, "mean and std"),
        ({"mean": [float("nan")] * 3}, "mean and std"),
        ({"interpolation": "magic"}, "interpolation `magic`"),
        ({"input_size": None}, "config.json"),
    ],
)
def test_a_preprocessing_that_cannot_be_is_refused(model, change, match):
    config = json.loads((model / "config.json").read_text())
    config["pretrained_cfg"] |= change
    (model / "config.json").write_text(json.dumps(config))
    refused(model, match)


@pytest.mark.parametrize("labels", [[], [1, 2, 3], None])
def test_labels_that_are_none_are_refused(model, labels):
    config = json.loads((model / "config.json").read_text())
    (model / "config.json").write_text(json.dumps(config | {"label_names": labels}))
    refused(model, "config.json")


def test_a_configuration_of_a_gigabyte_or_without_an_end_is_not_read(model):
    (model / "config.json").write_text("[" * 100_000)
    refused(model, "config.json")
    with (model / "config.json").open("wb") as file:
        file.truncate(2**30)
    refused(model, "config.json in .* has 1,024 MiB; the limit is 16 MiB")


@pytest.mark.skipif(os.name != "posix", reason="pipes in folders are POSIX")
@pytest.mark.parametrize("name", FILES)
def test_a_pipe_in_place_of_a_file_holds_up_nobody(model, name):
    (model / name).unlink()
    os.mkfifo(model / name)
    refused(model, f"{name} in .* is not a file, but a pipe")


@pytest.mark.skipif(os.name != "posix", reason="links need rights elsewhere")
def test_a_link_out_of_the_folder_is_not_followed_nor_published(model, tmp_path):
    (tmp_path / "secret.txt").write_text("a token")
    (model / "README.md").unlink()
    (model / "README.md").symlink_to(tmp_path / "secret.txt")
    assert "copy the file there" in refused(model, "README.md in .* is a link to .*secret.txt, out of the folder")
    with pytest.raises(ModelError, match="out of the folder"):
        write_model(model, tmp_path / "out", "me/model")
    assert not (tmp_path / "out" / "README.md").exists()
    (model / "README.md").unlink()
    (model / "README.md").symlink_to("/dev/zero")
    refused(model, "README.md in .* is not a file")


@pytest.mark.skipif(os.name != "posix", reason="links need rights elsewhere")
def test_a_folder_as_the_hubs_client_keeps_it_is_read(model, small, tmp_path):
    snapshot, blobs = tmp_path / "models--a--b" / "snapshots" / "1f", tmp_path / "models--a--b" / "blobs"
    snapshot.mkdir(parents=True)
    blobs.mkdir()
    for number, path in enumerate(model.iterdir()):
        shutil.move(path, blobs / str(number))
        (snapshot / path.name).symlink_to(f"../../blobs/{number}")
    picture = next(small.project.images.rglob("*.png"))
    assert Predictor(snapshot).predict(picture) == Predictor(small.model).predict(picture)


def test_a_network_that_may_never_end_is_not_run(model):
    condition = helper.make_node("Constant", [], ["yes"], value=helper.make_tensor("y", TensorProto.BOOL, [], [True]))
    loop = helper.make_node("Loop", ["", "yes"], ["n"], body=body("again"))
    onnx.save(graph_of(condition, loop), model / "model.onnx")
    refused(model, "model.onnx: its operator Loop runs a network again and again")
    once = helper.make_node(
        "If", ["yes"], ["n"], then_branch=body("a"), else_branch=helper.make_graph([loop], "b", [], [])
    )
    onnx.save(graph_of(condition, once), model / "model.onnx")
    refused(model, "its operator Loop")  # also where it is hidden in a branch
    once = helper.make_node("If", ["yes"], ["n"], then_branch=body("a"), else_branch=body("b"))
    onnx.save(graph_of(condition, once), model / "model.onnx")
    refused(model, "model.onnx")  # a branch alone ends; this one gives no logits


@pytest.mark.parametrize("packed", [True, False])
def test_a_network_that_asks_for_a_huge_array_is_not_run(model, packed):
    shape = np.array([100_000, 100_000], np.int64)
    tensor = numpy_helper.from_array(shape, "shape") if packed else helper.make_tensor("shape", 7, [2], shape.tolist())
    made = graph_of(helper.make_node("ConstantOfShape", ["shape"], ["n"]))
    made.graph.initializer.append(tensor)
    onnx.save(made, model / "model.onnx")
    refused(model, "its operator ConstantOfShape makes an array of 10,000,000,000 numbers")
    one = helper.make_node("Constant", [], ["one"], value=helper.make_tensor("1", TensorProto.FLOAT, [1], [1.0]))
    told = helper.make_node("Constant", [], ["shape"], value=tensor)
    onnx.save(graph_of(one, told, helper.make_node("Expand", ["one", "shape"], ["n"])), model / "model.onnx")
    refused(model, "its operator Expand makes an array")


def test_functions_and_weights_in_other_files_are_refused(model):
    whole = onnx.load(model / "model.onnx")
    function = helper.make_function("mine", "F", ["x"], ["y"], [helper.make_node("Relu", ["x"], ["y"])], [])
    with_function = onnx.ModelProto()
    with_function.CopyFrom(whole)
    with_function.functions.append(function)
    (model / "model.onnx").write_bytes(with_function.SerializeToString())
    refused(model, "it defines functions of its own")
    onnx.save(whole, model / "model.onnx", save_as_external_data=True, location="weights", size_threshold=0)
    refused(model, "its weights are in another file")
    for junk in (b"", b"\xff" * 100, b"just some words"):
        (model / "model.onnx").write_bytes(junk)
        refused(model, "model.onnx")


def test_what_is_no_picture_is_refused_with_what_would_be_one(small):
    predictor = Predictor(small.model)
    for thing in (np.zeros((10, 10, 3), np.uint8), [1, 2], None, 7):
        with pytest.raises(ImageError, match=r"give a path, bytes or a Pillow image; .* Image.fromarray\(array\)"):
            predictor.predict(thing)
    with pytest.raises(ImageError, match="has no pixels"):
        predictor.predict(Image.new("RGB", (0, 5)))
    with pytest.raises(ImageError, match="open as text"):
        predictor.predict(io.StringIO("words"))


def test_open_files_and_pillow_images_of_every_mode_are_pictures(small, tmp_path):
    predictor = Predictor(small.model)
    path = next(small.project.images.rglob("*.png"))
    expected = predictor.predict(path)
    assert (
        predictor.predict(io.BytesIO(path.read_bytes())) == predictor.predict(bytearray(path.read_bytes())) == expected
    )
    with path.open("rb") as file:
        assert predictor.predict(file) == expected
    with pytest.raises(ImageError, match="the open file cannot be read"):
        predictor.predict(file)
    for mode in (
        "1",
        "L",
        "P",
        "RGBA",
        "CMYK",
        "YCbCr",
        "LAB",
        "HSV",
        "I",
        "F",
        "LA",
        "PA",
        "RGBX",
        "RGBa",
        "La",
        "I;16",
    ):
        assert predictor.load_image(Image.new(mode, (9, 7))).mode == "RGB", mode
    clear = Image.open(io.BytesIO(encoded(Image.new("P", (9, 7)), transparency=0)))
    assert predictor.load_image(clear).getpixel((1, 1)) == (255, 255, 255)
