"""The torch room, checked against closed forms and second implementations."""

import json
import shutil
import time

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss

from bearkit import Learner, import_images, runs
from bearkit.bodies import array_cache, registry
from bearkit.bodies.features import extract_features, feature_cache
from bearkit.bodies.onnx_convert import convert
from bearkit.catalog.catalog import Catalog
from bearkit.errors import BodyError, NoImagesError, RunError
from bearkit.evaluation.leave_one_out import leave_one_out_probs
from bearkit.inference.session import session
from bearkit.training.config import TrainConfig
from bearkit.training.head import TrainValidFeatures, fuse_standardisation, predict_probs, train_head
from bearkit.training.learning_curve import folds
from bearkit.training.optimizer import AdamW, Group
from bearkit.training.schedule import one_cycle
from tests import tiny_body
from tests.conftest import write_drawings
from tests.processes import forks, here
from tests.samples import blobs

BODY = registry.get("efficientnet_lite0")


def their_loss(targets, probs):
    """scikit-learn's cross-entropy; it insists on rows that sum to 1 in float64."""
    exact = probs.astype(float)
    return log_loss(targets, exact / exact.sum(axis=1, keepdims=True))


def fit(config, n=200, n_views=1, rows=None):
    values, targets = blobs(n, n_views)
    valid_values, valid_targets = blobs(100, seed=1)
    on_epoch = rows.append if rows is not None else None
    return train_head(TrainValidFeatures(values, targets, valid_values[:, 0], valid_targets, 3), config, on_epoch)


def test_one_cycle_has_its_closed_form_at_the_turning_points():
    assert one_cycle(0, 1.0) == pytest.approx((1 / 25, 0.95))
    assert one_cycle(0.125, 1.0) == pytest.approx(((1 + 1 / 25) / 2, 0.90))
    assert one_cycle(0.25, 1.0) == pytest.approx((1.0, 0.85))
    assert one_cycle(0.625, 1.0) == pytest.approx(((1 + 1e-5) / 2, 0.90))
    assert one_cycle(1 - 1e-9, 1.0) == pytest.approx((1e-5, 0.95))


def test_one_cycle_follows_torchs_own_scheduler():
    parameter = torch.nn.Parameter(torch.zeros(1))
    optimiser = torch.optim.AdamW([parameter], lr=1.0, betas=(0.95, 0.99))
    n = 4000
    scheduler = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, max_lr=3e-3, total_steps=n + 1, pct_start=0.25, div_factor=25, final_div_factor=1e5 / 25,
        base_momentum=0.85, max_momentum=0.95,
    )  # fmt: skip
    for step in range(n):
        lr, momentum = one_cycle(step / n, 3e-3)
        assert lr == pytest.approx(optimiser.param_groups[0]["lr"], abs=5e-6)
        assert momentum == pytest.approx(optimiser.param_groups[0]["betas"][0], abs=2e-4)
        optimiser.step()
        scheduler.step()


@pytest.mark.parametrize(("fused", "off"), [(True, 0), (False, 1e-6)])  # in one kernel, or in sums that round otherwise
def test_the_optimiser_steps_as_torchs_class_does(fused, off):
    torch.manual_seed(0)
    ours, theirs = torch.nn.Linear(5, 3), torch.nn.Linear(5, 3)
    theirs.load_state_dict(ours.state_dict())
    mine = AdamW([Group([ours.weight], 0.1), Group([ours.bias], 0.1, lr_factor=0.3)])  # a bias is spared weight decay
    groups = [{"params": [theirs.weight], "weight_decay": 0.1}, {"params": [theirs.bias], "weight_decay": 0.0}]
    reference = torch.optim.AdamW(groups, eps=1e-5, fused=fused)
    for step in range(20):
        batch = torch.randn(7, 5)
        lr, momentum = one_cycle(step / 20, 0.05)
        for group, factor in zip(reference.param_groups, (1, 0.3), strict=True):
            group["lr"], group["betas"] = lr * factor, (momentum, 0.99)
        ours(batch).square().sum().backward()
        theirs(batch).square().sum().backward()
        mine.step(lr, momentum)
        reference.step()
        reference.zero_grad()
        assert torch.allclose(ours.weight, theirs.weight, rtol=0, atol=off)
        assert torch.allclose(ours.bias, theirs.bias, rtol=0, atol=off)


def test_the_head_finds_the_optimum_that_scikit_learn_finds():
    values, targets = blobs(300, spread=1.5)
    plain = TrainConfig(epochs=300, lr=0.05, dropout=0, weight_decay=0, label_smoothing=0)
    head = train_head(TrainValidFeatures(values, targets, values[:, 0], targets, 3), plain)
    reference = LogisticRegression(C=1e6, max_iter=5000).fit(values[:, 0], targets)
    ours = their_loss(targets, predict_probs(head, values[:, 0]))
    theirs = log_loss(targets, reference.predict_proba(values[:, 0]))
    assert ours == pytest.approx(theirs, abs=2e-3)


def test_the_table_reports_what_the_head_does():
    rows = []
    head = fit(TrainConfig(epochs=4, label_smoothing=0), rows=rows)
    values, targets = blobs(100, seed=1)
    probs = predict_probs(head, values[:, 0])
    assert [row.epoch for row in rows] == [0, 1, 2, 3]
    assert rows[-1].error_rate == pytest.approx((probs.argmax(1) != targets).mean())
    assert rows[-1].valid_loss == pytest.approx(their_loss(targets, probs), abs=1e-4)
    assert rows[-1].train_loss < rows[0].train_loss
    assert all(row.seconds > 0 for row in rows)


def test_the_same_seed_gives_the_same_head_and_leaves_torchs_generator_alone():
    torch.manual_seed(7)
    before = torch.random.get_rng_state()
    first, second, other = (fit(TrainConfig(epochs=3, seed=seed), n_views=2).state_dict() for seed in (5, 5, 6))
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert not torch.equal(first["linear.weight"], other["linear.weight"])
    assert torch.equal(before, torch.random.get_rng_state())


def test_folding_the_standardisation_changes_nothing():
    head = fit(TrainConfig(epochs=3))
    weight, bias = fuse_standardisation(head.state_dict())
    values = torch.from_numpy(blobs()[0][:, 0])
    assert torch.allclose(head(values), values @ weight.T + bias, atol=1e-4)


def test_tiny_and_constant_data_train_without_breaking():
    values = np.ones((3, 1, 8), np.float32)
    rows = []
    targets = np.array([0, 1, 1])
    head = train_head(
        TrainValidFeatures(values, targets, values[:, 0], targets, 2), TrainConfig(batch_size=2), rows.append
    )
    assert np.isfinite(predict_probs(head, values[:, 0])).all()
    assert all(np.isfinite([row.train_loss, row.valid_loss]).all() for row in rows)


def test_folds_are_even_within_each_label():
    targets = np.repeat([0, 1, 2], [50, 23, 7])
    fold = folds(targets, 5, seed=1)
    for label in range(3):
        sizes = np.bincount(fold[targets == label], minlength=5)
        assert sizes.max() - sizes.min() <= 1


def test_out_of_fold_probabilities_do_not_know_the_picture():
    rng = np.random.default_rng(0)
    values, targets = rng.normal(size=(120, 1, 300)).astype(np.float32), rng.integers(0, 2, 120)
    learnt_by_heart = predict_probs(
        train_head(TrainValidFeatures(values, targets, values[:, 0], targets, 2)), values[:, 0]
    )
    honest = leave_one_out_probs(values[:, 0], targets, 2)
    assert (learnt_by_heart.argmax(1) == targets).mean() > 0.95  # labels are pure chance here
    assert 0.3 < (honest.argmax(1) == targets).mean() < 0.7


@pytest.mark.parametrize(
    "wrong",
    [{"epochs": 0}, {"views": 0}, {"batch_size": 0}, {"lr": 0}, {"lr": float("nan")}, {"seed": -1}, {"seed": 10**20}],
)
def test_numbers_that_cannot_train_are_refused(wrong):
    with pytest.raises(RunError, match="must be"):
        TrainConfig(**wrong)


def test_an_unknown_body_is_told_with_those_that_there_are():
    with pytest.raises(BodyError, match="no body `resnet9000`") as raised:
        registry.get("resnet9000")
    assert "efficientnet_lite0" in raised.value.hint


def test_the_converted_body_gives_torchs_features(trained):
    batch = torch.randn(5, 3, 224, 224, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        expected = BODY.network()(batch).numpy()
    found = session(BODY.onnx(trained.project), threads=2).run(None, {"input": batch.numpy()})[0]
    assert found.shape == (5, 1280)
    assert np.abs(found - expected).max() < 1e-4


def test_a_conversion_that_goes_wrong_is_found_out(tmp_path):
    class BatchInTheGraph(torch.nn.Module):
        def forward(self, pictures):
            return pictures.mean((2, 3)) + torch.arange(pictures.shape[0]).float()[:, None]

    with pytest.raises(BodyError, match=r"onnxruntime cannot run this body|differs from torch"):
        convert(BatchInTheGraph().eval(), 32, tmp_path / "x.onnx")


@pytest.fixture
def drawings(tmp_path, project, with_body):
    """A project of twelve drawings."""
    import_images(with_body(project), write_drawings(tmp_path / "source", 4))
    return project


def test_features_are_made_once_and_new_pictures_only_add_theirs(tmp_path, drawings):
    told = []
    images = Catalog(drawings).images()
    first = extract_features(drawings, images, BODY, 2, lambda *args: told.append(args))
    assert first.values.shape == (12, 2, 1280)
    assert told[-1] == ("looking at pictures", 12, 12)
    told.clear()
    again = extract_features(drawings, images[::-1], BODY, 2, lambda *args: told.append(args))
    assert told == []
    assert np.array_equal(again.values, first.values[::-1])
    import_images(drawings, write_drawings(tmp_path / "more", 5))
    more = extract_features(drawings, Catalog(drawings).images(), BODY, 2, lambda *args: told.append(args))
    assert told[-1] == ("looking at pictures", 3, 3)
    assert more.values.shape == (15, 2, 1280)


def test_view_0_is_what_the_predictor_sees_and_does_not_depend_on_the_number_of_views(drawings):
    images = Catalog(drawings).images()
    one, three = (extract_features(drawings, images, BODY, n).values for n in (1, 3))
    assert np.abs(one[:, 0] - three[:, 0]).max() < 1e-5
    assert np.abs(three[:, 1] - three[:, 2]).max() > 0.1


def test_pictures_that_are_gone_or_changed_are_left_out_with_the_reason(drawings):
    images = Catalog(drawings).images()
    (drawings.root / images[0].path).unlink()
    (drawings.root / images[1].path).write_bytes((drawings.root / images[2].path).read_bytes())
    result = Learner(drawings).fit_one_cycle(2)
    assert [row["reason"] for row in result.skipped] == [
        "there is no such file", "the file was changed after it was imported",
    ]  # fmt: skip
    shutil.rmtree(drawings.images)
    shutil.rmtree(drawings.cache / "features")
    with pytest.raises(NoImagesError, match="none of the 12 pictures can be read"):
        Learner(drawings).fit_one_cycle(2)


@pytest.mark.parametrize("damage", ["cut off", "zeroed", "other numbers", "another type", "other names", "empty"])
def test_a_damaged_piece_of_the_cache_is_made_anew(drawings, damage, caplog):
    images = Catalog(drawings).images()
    first = extract_features(drawings, images, BODY)
    (piece,) = feature_cache(drawings, BODY, 1).folder.glob("*.npy")
    names, whole, values = piece.with_suffix(".json"), piece.read_bytes(), np.load(piece)
    damaged = {
        "cut off": whole[:1000],
        "zeroed": whole[:128] + bytes(len(whole) - 128),
        "another type": whole.replace(b"<f4", b"<i4", 1),
        "empty": b"",
    }
    if damage == "other numbers":
        np.save(piece, values[::-1])
    elif damage == "other names":
        about = json.loads(names.read_text())
        names.write_text(json.dumps(about | {"image_ids": about["image_ids"][::-1]}))
    else:
        piece.write_bytes(damaged[damage])
    assert np.array_equal(extract_features(drawings, images, BODY).values, first.values)
    assert not piece.exists()
    (record,) = [record for record in caplog.records if record.name == "bearkit"]
    assert f"{names} cannot be read and is computed again" in record.getMessage()


def test_a_piece_of_an_older_bearkit_without_a_checksum_is_used(drawings):
    images = Catalog(drawings).images()
    first = extract_features(drawings, images, BODY)
    (names,) = feature_cache(drawings, BODY, 1).folder.glob("*.json")
    names.write_text(json.dumps(json.loads(names.read_text())["image_ids"]))
    assert np.array_equal(extract_features(drawings, images, BODY).values, first.values)
    assert names.exists()


def train_in_small_pieces(folder):
    """Train until killed, with features that are kept two at a time."""
    array_cache.SHARD_SIZE = 2
    here("train", "-p", folder)


@pytest.mark.slow
def test_training_killed_at_any_moment_goes_on_and_breaks_nothing(drawings):
    store = feature_cache(drawings, BODY, 1)
    kept = 0
    for at_least in (1, 3):  # pieces on the disk
        process = forks.Process(target=train_in_small_pieces, args=(drawings.root,))
        process.start()
        while process.is_alive() and len(list(store.folder.glob("[!.]*.json"))) < at_least:
            time.sleep(0.002)
        process.kill()
        process.join()
        kept = len(store.read([image.image_id for image in Catalog(drawings).images()]))
        assert kept >= 2 * at_least
    told = []
    Learner(drawings, progress=lambda *args: told.append(args)).fit_one_cycle(2)
    assert told == [] if kept == 12 else told[-1] == ("looking at pictures", 12 - kept, 12 - kept)
    states = [run.state for run in runs.list_usable(drawings)]
    assert states[-1] == "finished"
    assert set(states[:-1]) <= {"interrupted", "finished"}


def test_a_rate_that_is_far_too_high_says_so():
    with pytest.raises(RunError, match="the learning rate 1e\\+30 is too high"):
        fit(TrainConfig(lr=1e30))


def test_an_option_that_cannot_work_leaves_no_run_behind(drawings):
    with pytest.raises(BodyError):
        Learner(drawings, body="resnet9000").fit_one_cycle()
    assert runs.list_usable(drawings) == []


def test_a_learner_that_has_not_trained_says_so(drawings):
    with pytest.raises(RunError, match="has not trained yet") as raised:
        Learner(drawings).export()
    assert "fit_one_cycle" in raised.value.hint


@pytest.mark.parametrize(
    ("damage", "digest"),
    [(lambda data: data[:-9] + b"\0" * 9, True), (lambda data: b"", True), (lambda data: data[:1000], False)],
)
@pytest.mark.slow
def test_a_converted_body_that_was_damaged_is_made_anew(small_shapes, damage, digest, caplog):
    (body,) = (small_shapes.cache / "bodies").glob("*.onnx")
    if not digest:  # as an older bearkit left it
        body.with_name(f"{body.name}.sha256").unlink()
    whole = body.read_bytes()
    body.write_bytes(damage(whole))
    shutil.rmtree(small_shapes.cache / "features")
    data, probs = tiny_body.learner(small_shapes).out_of_fold_probs()
    assert len(probs) == len(data.images) == 36
    assert len(body.read_bytes()) == len(whole)
    assert f"{body} is damaged and is converted again" in caplog.text
