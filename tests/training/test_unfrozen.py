"""Training the body too: what is shown to it, how it is cut, and that nothing is lost on the way."""

import json
import time
from dataclasses import replace

import numpy as np
import pytest
import safetensors.torch
import torch
from torch import nn
from torch.nn import functional

from bearkit import Learner, Predictor, import_images, runs
from bearkit.bodies import registry
from bearkit.bodies.features import read_image
from bearkit.bodies.onnx_convert import convert
from bearkit.bodies.pixel_cache import load_pixels
from bearkit.bodies.timm_import import import_timm
from bearkit.catalog.catalog import Catalog
from bearkit.errors import BodyError, RunError
from bearkit.images import content_id
from bearkit.images.preprocessing import center_crop
from bearkit.inference.session import session
from bearkit.training import augment, precision
from bearkit.training.config import TrainConfig
from bearkit.training.cpu_speedups import DepthwiseIn32Bits, keep_freed_memory
from bearkit.training.loop import TrainSetup, fit, seeded
from bearkit.training.network import cut, layer_groups, lr_factors
from bearkit.training.optimizer import AdamW, Group
from bearkit.training.precision import Precision
from bearkit.training.sampling import epoch_order, epoch_size
from tests import tiny_body
from tests.conftest import calibrated, close, write_drawings
from tests.processes import bearkit, process

BODY = registry.get("efficientnet_lite0")
SMALL = {"sizes": (64,), "unfrozen_batch_size": 16}  # pictures of 64 pixels make an epoch a second


@pytest.mark.slow
def test_stages_go_on_from_each_other_and_each_can_be_gone_back_to(small_shapes):
    learn = tiny_body.learner(small_shapes).load("001/stage-1")
    frozen = learn.predict(small_shapes.root / "images/disc/disc00.png").probs
    learn.unfreeze()
    result = learn.fit_one_cycle(2, slice(1e-5, 1e-3), **SMALL)
    assert [stage["name"] for stage in result.stages] == ["unfrozen"]
    assert [row["epoch"] for row in result.stages[0]["epochs"]] == [0, 1]
    assert learn.run.id == "002"
    assert set(learn.run.checkpoints) == {"stage-2", "stage-2-best"}
    tuned = learn.predict(small_shapes.root / "images/disc/disc00.png").probs
    assert tuned != frozen
    learn.save("good")
    with pytest.raises(RunError, match="is reserved for stages"):
        learn.save("stage-1")
    learn.load("stage-1")  # of the run that this one went on from
    assert learn.run.id == "001"
    assert learn.predict(small_shapes.root / "images/disc/disc00.png").probs == frozen
    learn.load("002/good")
    assert learn.predict(small_shapes.root / "images/disc/disc00.png").probs == tuned
    learn.freeze()
    assert [stage["checkpoint"] for stage in learn.fit_one_cycle(2).stages] == ["stage-2"]
    predictions = learn.run.predictions()
    again = Predictor(learn.export())
    assert again.config.preprocessing.size == 64  # the body was tuned for it
    answer = again.predict(small_shapes.root / str(predictions.paths[0])).probs
    assert list(answer.values()) == pytest.approx(calibrated(predictions.logits[0], again), abs=close(again))
    with pytest.raises(RunError, match="has no stage `nowhere`"):
        learn.load("002/nowhere")
    with pytest.raises(RunError, match="cannot be a name"):
        learn.save("../elsewhere")


@pytest.mark.slow
def test_the_exported_tuned_model_is_what_was_trained(shapes, tmp_path):
    learn = Learner(shapes)
    result = learn.fine_tune(2, freeze_epochs=4, **SMALL)
    assert [stage["name"] for stage in result.stages] == ["frozen", "unfrozen"]
    folder = learn.export(tmp_path / "model")
    predictor = Predictor(folder)
    assert predictor.config.preprocessing.size == 64
    predictions = learn.run.predictions()
    theirs = import_timm().create_model(f"local-dir:{folder}", pretrained=True).eval()
    for path, logits in list(zip(predictions.paths, predictions.logits, strict=True))[::6]:
        ours = predictor.predict(shapes.root / str(path))
        expected = calibrated(logits, predictor)
        assert list(ours.probs.values()) == pytest.approx(expected, abs=close(predictor))
        from_timm = timm_probs(theirs, predictor, shapes.root / str(path))
        assert from_timm == pytest.approx(expected, abs=close(predictor))
    assert "fine-tuned" in (folder / "README.md").read_text()
    frozen = learn.load("stage-1").export(tmp_path / "frozen")
    assert Predictor(frozen).config.preprocessing.size == 224


@torch.no_grad()
def timm_probs(network, predictor, path):
    how = predictor.config.preprocessing
    image = center_crop(read_image(path, content_id(path.read_bytes()), how), how)
    inputs = (np.asarray(image, np.float32) / 255 - how.mean) / how.std
    logits = network(torch.from_numpy(inputs.astype(np.float32)).permute(2, 0, 1)[None])
    return functional.softmax(logits, dim=1)[0].tolist()


@pytest.mark.slow
def test_a_part_of_the_body_learns_and_the_rest_stands_still(small_shapes):
    learn = tiny_body.learner(small_shapes).load("001/stage-1")
    learn.unfreeze(2)
    learn.fit_one_cycle(2, 1e-3, augment="none")
    state = {name: tensor for name, tensor in checkpoint_of(learn).items() if name.startswith("body.")}
    before = registry.get(tiny_body.NAME, "none").network().state_dict()
    changed = {name for name, tensor in state.items() if not torch.equal(tensor, before[name.removeprefix("body.")])}
    assert changed
    assert all(name.startswith("body.layer4") for name in changed)
    assert not any("running" in name for name in changed)


@pytest.mark.slow
def test_a_whole_body_learns_and_batch_norm_keeps_its_statistics(small_shapes):
    learn = tiny_body.learner(small_shapes).load("001/stage-1")
    learn.unfreeze()
    learn.fit_one_cycle(1, 1e-3, **SMALL)
    state, before = checkpoint_of(learn), registry.get(tiny_body.NAME, "none").network().state_dict()
    for name, tensor in before.items():
        learnt = not torch.equal(state[f"body.{name}"], tensor)
        assert learnt != ("running" in name or "num_batches" in name), name


def checkpoint_of(learn):
    return safetensors.torch.load_file(learn.run.checkpoint(learn.run.stage))


TRAIN = ["train", "--epochs", "4", "--unfreeze", "3", "--sizes", "64", "--unfrozen-batch-size", "8"]


@pytest.mark.slow(10)
def test_killed_in_an_unfrozen_epoch_and_resumed_it_has_every_epoch_once_and_the_same_weights(shapes, tmp_path):
    where = ["-p", str(shapes.root), "--json"]
    begun = process([*TRAIN, *where], tmp_path / "out", tmp_path / "err")
    run = wait_for_epochs(shapes, 1)
    begun.kill()
    begun.join()
    assert run.state == "interrupted"
    code, result, err = bearkit("train", "--resume", *where)
    assert code == 0, err
    assert [[row["epoch"] for row in stage["epochs"]] for stage in result["stages"]] == [[0, 1, 2, 3], [0, 1, 2]]
    told = [(e["stage"], e["epoch"]) for e in run.events() if e["event"] == "epoch"]
    assert told == [("frozen", n) for n in range(4)] + [("unfrozen", n) for n in range(3)]
    assert not (run.folder / "resume.safetensors").exists()
    _, whole, _ = bearkit(*TRAIN, *where)
    losses = [[row["train_loss"] for row in r["stages"][1]["epochs"]] for r in (result, whole)]
    assert losses[0] == pytest.approx(losses[1], abs=1e-6)
    code, said, _ = bearkit("train", "--resume", *where)
    assert code == 1
    assert "nothing to resume" in said["error"]


def wait_for_epochs(project, n):
    """The newest run, once it has done so many unfrozen epochs."""
    while True:
        newest = runs.list_usable(project)[-1]
        if newest.id != "001":
            done = [e for e in newest.events() if e["event"] == "epoch" and e["stage"] == "unfrozen"]
            if len(done) >= n:
                return newest
        time.sleep(0.02)


def test_what_cannot_go_on_says_so(shapes, tmp_path):
    learn = Learner(shapes)
    learn.unfreeze()
    with pytest.raises(RunError, match="has not trained yet"):
        learn.fit_one_cycle(1)
    with pytest.raises(RunError, match="seed 1 sets aside"):
        Learner(shapes, seed=1, start="001/stage-1").train()
    with pytest.raises(RunError, match="is a efficientnet_lite0, not a resnet18"):
        Learner(shapes, body="resnet18", start="001/stage-1").train()
    write = write_drawings(tmp_path / "more", 4)
    (write / "disc").rename(write / "moon")
    for n, path in enumerate(sorted((write / "moon").iterdir())):
        path.write_bytes(path.read_bytes() + bytes([n]))  # other pictures than those that are known
    import_images(shapes, write)
    with pytest.raises(RunError, match="has the labels disc, square, star; the labels are now"):
        Learner(shapes).load("001/stage-1").fit_one_cycle(1)
    assert len(runs.list_usable(shapes)) == 1


def test_a_picture_that_was_changed_is_told_before_the_body_learns_from_wrong_rows(shapes):
    image = Catalog(shapes).images()[3]
    (shapes.root / image.path).write_bytes((shapes.root / image.path).read_bytes() + b"x")
    learn = Learner(shapes).load("001/stage-1")
    learn.unfreeze()
    with pytest.raises(RunError, match=r"1 of 36 pictures cannot be read any more: .* changed after it was imported"):
        learn.fit_one_cycle(1, **SMALL)


def test_a_run_of_the_first_bearkit_can_be_gone_on_from(shapes):
    run = runs.list_usable(shapes)[0]
    state = safetensors.torch.load_file(run.checkpoint("stage-1"))
    run.checkpoint("stage-1").write_bytes(safetensors.torch.save(state))  # it wrote nothing but tensors
    result = json.loads((run.folder / "result.json").read_text())
    for stage in result["stages"]:
        del stage["checkpoint"]
    (run.folder / "result.json").write_text(json.dumps(result))
    learn = Learner(shapes).start_from("001")
    assert learn.fit_one_cycle(2).diagnosis["verdict"] in ("fine", "cannot_tell")
    assert Predictor(Learner(shapes).load("001/stage-1").export()).vocab == ["disc", "square", "star"]


@pytest.mark.slow
def test_weights_that_were_replaced_are_told(shapes, tmp_path):
    first, second = (registry.get("resnet18", "none").network() for _ in range(2))
    nn.init.normal_(second.conv1.weight)
    torch.save(first.state_dict(), tmp_path / "w.pth")
    learn = Learner(shapes, body="resnet18", weights=str(tmp_path / "w.pth"))
    learn.fit_one_cycle(1)
    assert Learner(shapes).start_from("002").fit_one_cycle(1).run == "003"
    torch.save(second.state_dict(), tmp_path / "w.pth")
    with pytest.raises(RunError, match="no longer those that run 002 was trained with"):
        learn.export()


@pytest.mark.parametrize("groups", [1, 99])
def test_a_number_of_groups_that_there_are_not_is_told(shapes, groups):
    learn = Learner(shapes).load("001/stage-1")
    learn.unfreeze(groups)
    with pytest.raises(BodyError, match="9 layer groups") as raised:
        learn.fit_one_cycle(1)
    assert "between 2 and 9" in raised.value.hint


def test_the_stored_squares_hold_what_the_predictor_sees(shapes):
    images = Catalog(shapes).images()
    rows = load_pixels(shapes, images, BODY.preprocessing).rows
    for image, square in zip(images[::5], rows[::5], strict=True):
        seen = np.asarray(center_crop(read_image(shapes.root / image.path, image.image_id, BODY.preprocessing),
                                      BODY.preprocessing), int)  # fmt: skip
        assert square.shape == (256, 256, 3)
        assert np.abs(square[16:-16, 16:-16].astype(int) - seen).max() <= 1


def test_validation_pictures_are_not_changed_and_training_pictures_are():
    squares = torch.randint(0, 256, (4, 256, 256, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    plain = augment.augment_batch(squares, "none", 224, 224 / 256)
    assert torch.equal(plain, squares[:, 16:-16, 16:-16].permute(0, 3, 1, 2) / 255)
    for kind in ("light", "strong"):
        with seeded(0):
            first, second = (
                augment.augment_batch(squares, kind, 64, 0.875),
                augment.augment_batch(squares, kind, 64, 0.875),
            )
        assert first.shape == (4, 3, 64, 64)
        assert not torch.equal(first, second)
        assert 0 <= first.min() <= first.max() <= 1


def test_light_changes_keep_a_centred_mark_in_the_picture_and_mirror_half_of_them():
    squares = torch.zeros(200, 256, 256, 3, dtype=torch.uint8)
    squares[:, :, 128:, 0] = 255  # red on the right
    with seeded(0):
        pictures = augment.augment_batch(squares, "light", 32, 0.875)
    left, right = pictures[:, 0, :, :16].mean((1, 2)), pictures[:, 0, :, 16:].mean((1, 2))
    assert 0.35 < (left > right).float().mean() < 0.65


def test_rare_labels_are_shown_as_often_as_common_ones():
    labels = torch.tensor([0] * 50 + [2] * 7)
    order = epoch_order(labels, oversample=True)
    assert labels[order].bincount().tolist() == [50, 0, 50]
    assert len(order) == epoch_size(labels, oversample=True)
    assert len(set(order.tolist())) == 57
    assert sorted(epoch_order(labels, oversample=False).tolist()) == list(range(57))


def test_rates_of_the_groups_are_fastais_slice():
    assert lr_factors(4, 1e-6, 1e-3) == pytest.approx([1e-3, 1e-2, 1e-1, 1])
    assert lr_factors(1, 1e-6, 1e-3) == [1.0]
    assert lr_factors(3, 2e-3, 2e-3) == [1.0, 1.0, 1.0]


@pytest.mark.parametrize("name", ["resnet18", "mobilenetv3_small_100", "convnext_atto"])
def test_a_body_cut_in_two_gives_what_the_whole_gives(name):
    body = registry.get(name, "none").network()
    assert len(layer_groups(body)) > 3
    below, above = cut(body, 2, 96)
    pictures = torch.rand(2, 3, 96, 96)
    with torch.no_grad():
        assert torch.allclose(above(below(pictures)), body(pictures), atol=1e-4)
    shared = {id(p) for p in above.parameters()} & {id(p) for p in body.parameters()}
    assert shared == {id(p) for p in above.parameters()}


def test_a_body_that_is_no_chain_is_refused():
    body = registry.get("vit_tiny_patch16_224", "none").network()
    with pytest.raises(BodyError, match="cannot be cut") as raised:
        cut(body, 3, 224)
    assert "leave --unfreeze-groups out" in raised.value.hint


def net(seed=0):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Conv2d(3, 8, 3), nn.Conv2d(8, 8, 5, stride=2, groups=8), nn.Flatten(), nn.LazyLinear(3))


def trainee(model, precision=None, n=40):
    """A small network on random pictures."""
    pictures = torch.rand(n, 3, 15, 15, generator=torch.Generator().manual_seed(1))
    labels = torch.randint(0, 3, (n,), generator=torch.Generator().manual_seed(2))
    model(pictures)

    def batches(_):
        for rows in torch.randperm(n).split(16):
            yield pictures[rows], labels[rows]

    optimiser = AdamW([Group(list(model.parameters()), 0.01)])
    return TrainSetup(model, optimiser, batches, 3, None, 0.1, precision or Precision())


def test_a_batch_that_does_not_fit_is_split_and_gives_the_same_gradients():
    class Tight(nn.Module):
        def __init__(self, inner):
            super().__init__()
            self.inner = inner

        def forward(self, inputs):
            if len(inputs) > 5:
                raise torch.OutOfMemoryError("no room for so many")
            return self.inner(inputs)

    roomy = net()
    whole = trainee(roomy)
    tight = net()
    tight(torch.rand(1, 3, 15, 15))
    tight.load_state_dict(roomy.state_dict())
    split = trainee(tight)
    split.model = Tight(tight)
    with seeded(0):
        fit(whole, 2, 1e-2)
    with seeded(0):
        fit(split, 2, 1e-2)
    assert split.parts == 4
    for ours, theirs in zip(tight.parameters(), roomy.parameters(), strict=True):
        assert torch.allclose(ours, theirs, atol=1e-5)


def test_memory_that_never_suffices_is_told():
    class Full(nn.Module):
        def forward(self, inputs):
            raise torch.OutOfMemoryError("no room at all")

    learns = trainee(net())
    learns.model = Full()
    with pytest.raises(torch.OutOfMemoryError):
        fit(learns, 1, 1e-2)
    assert learns.parts == 16


def test_sixteen_bit_gradients_that_overflow_are_skipped_and_the_scale_shrinks():
    model = net()
    learns = trainee(model, Precision("cpu", torch.float16, 2.0**40))
    before = [p.clone() for p in model.parameters()]
    with seeded(0):
        batch = next(learns.batches(0.0))
        learns.step(batch, 1e-2, 0.9)
    assert learns.precision.scaler.get_scale() == 2.0**39
    assert all(torch.equal(a, b) for a, b in zip(before, model.parameters(), strict=True))
    learns.load(learns.state() | {"scale": torch.tensor(1024.0)})
    learns.step(batch, 1e-2, 0.9)
    assert learns.precision.scaler.get_scale() == 1024.0
    assert not torch.equal(before[0], next(iter(model.parameters())))


def test_a_scale_that_shrank_grows_again_also_after_a_restart():
    learns, goes_on = (trainee(net(), Precision("cpu", torch.float16, 1024.0)) for _ in range(2))
    with seeded(0):
        batch = next(learns.batches(0.0))
    learns.precision.scaler.set_growth_interval(3)
    learns.step(batch, 1e-2, 0.9)
    learns.step(batch, 1e-2, 0.9)
    assert learns.precision.scaler.get_scale() == 1024.0
    goes_on.precision.scaler.set_growth_interval(3)
    goes_on.load(learns.state())
    goes_on.step(batch, 1e-2, 0.9)
    assert goes_on.precision.scaler.get_scale() == 2048.0


def test_precision_is_what_the_word_says():
    assert precision.choose("32").dtype is None
    assert precision.choose("bf16").dtype == torch.bfloat16
    assert precision.choose("16").dtype == torch.float16
    assert precision.choose("auto").dtype in (None, torch.bfloat16, torch.float16)


def test_depthwise_gradients_in_32_bits_are_torchs_within_bfloat16():
    torch.manual_seed(0)
    conv = nn.Conv2d(16, 16, 5, stride=2, padding=2, groups=16)
    inputs = torch.randn(4, 16, 21, 21, requires_grad=True)

    def gradients(fast):
        for tensor in (inputs, *conv.parameters()):
            tensor.grad = None
        with torch.autocast("cpu", torch.bfloat16), DepthwiseIn32Bits() if fast else keep_freed_memory():
            result = conv(inputs)
        result.float().square().sum().backward()
        return [tensor.grad.clone() for tensor in (inputs, *conv.parameters())]

    exact = functional.conv2d(inputs, conv.weight, conv.bias, 2, 2, 1, 16).square().sum()
    truth = torch.autograd.grad(exact, [inputs, *conv.parameters()])
    for ours, theirs, true in zip(gradients(True), gradients(False), truth, strict=True):
        scale = true.abs().max()
        assert (ours - true).abs().max() / scale < 0.02
        assert (ours - true).norm() <= 1.05 * (theirs - true).norm()


def test_early_stopping_ends_a_stage(shapes):
    result = Learner(shapes).fit_one_cycle(50, patience=3)
    rows = result.stages[0]["epochs"]
    best = min(range(len(rows)), key=lambda n: rows[n]["error_rate"])
    assert len(rows) == best + 4


@pytest.mark.slow
def test_sizes_grow_through_the_epochs_and_the_last_one_is_the_models(small_shapes):
    learn = tiny_body.learner(small_shapes).load("001/stage-1")
    learn.unfreeze()
    learn.fit_one_cycle(2, 1e-4, sizes=(48, 96), unfrozen_batch_size=16, augment="strong", oversample=True)
    assert Predictor(learn.export()).config.preprocessing.size == 96


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"augment": "wild"}, "augment must be one of"),
        ({"precision": "8"}, "precision must be one of"),
        ({"sizes": (8,)}, "sizes must be at least 32"),
        ({"sizes": (64,), "unfreeze_groups": 2}, "exclude each other"),
        ({"dropout": 1.0}, "dropout must be at least 0 and below 1, not 1.0"),
        ({"weight_decay": -1.0}, "weight decay must be at least 0"),
        ({"patience": -1}, "patience must be at least 0"),
        ({"epochs": 0, "unfreeze": 1}, "without a stage to start from"),
        ({"epochs": 0}, "at least one epoch"),
        ({"lr_unfrozen": (0.0, 1.0)}, "lr unfrozen must be above 0, not 0.0"),
    ],
)
def test_options_that_cannot_work_are_refused(wrong, said):
    with pytest.raises(RunError, match=said):
        TrainConfig(**wrong)


def test_a_config_is_read_back_and_a_newer_one_is_refused():
    config = replace(TrainConfig(), sizes=(64, 128), lr_unfrozen=(1e-6, 1e-4), oversample=True)
    assert TrainConfig.from_dict(json.loads(json.dumps(config.as_dict()))) == config
    with pytest.raises(RunError, match="does not know wings"):
        TrainConfig.from_dict({"wings": 2})


def test_a_conversion_at_another_size_is_right(tmp_path):
    network, pictures = registry.get("mobilenetv3_small_100", "none").network(), torch.rand(2, 3, 64, 64)
    with torch.no_grad():
        expected = network(pictures).numpy()
    convert(network, 64, tmp_path / "x.onnx")
    found = session(tmp_path / "x.onnx", threads=1).run(None, {"input": pictures.numpy()})[0]
    assert np.abs(found - expected).max() < 1e-3
