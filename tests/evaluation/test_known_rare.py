"""A rare label's own pictures are called "none of these" hardly more often than a common one's."""

import numpy as np
import onnx
import onnxruntime
import pytest

from bearkit.evaluation import ood
from bearkit.export.onnx_graph import write_onnx


def drawn_features(rng, counts, spread):
    """Pictures of each label around a direction of its own, `spread` apart; and strangers around other directions."""
    middles = np.abs(np.random.default_rng(7).normal(size=(len(counts) + 3, 64))) ** 2
    groups = [middles[n] + rng.normal(size=(count, 64)) * spread[n] for n, count in enumerate(counts)]
    strangers = np.concatenate([middles[-n] + rng.normal(size=(20, 64)) * spread[0] for n in (1, 2, 3)])
    values = [np.maximum(group, 0).astype(np.float32) for group in (np.concatenate(groups), strangers)]
    return values[0], np.repeat(np.arange(len(counts)), counts), values[1]


@pytest.mark.parametrize("n_rare", [12, 40])
def test_a_rare_label_is_called_unknown_hardly_more_often_than_a_common_one(n_rare):
    """Its pictures vary three times as much. Measured on new ones, over five makings."""
    refused, of_common, let_in = [], [], []
    for making in range(5):
        rng = np.random.default_rng(making)
        train, targets, strangers = drawn_features(rng, (400, n_rare), (0.1, 0.3))
        valid, of_valid, _ = drawn_features(rng, (80, max(1, n_rare // 5)), (0.1, 0.3))
        new, of_new, _ = drawn_features(rng, (100, 100), (0.1, 0.3))
        measure = ood.fit_ood_detector(train, valid, (targets, of_valid))
        unknown = measure.similarity(new) < measure.threshold
        refused.append(unknown[of_new == 1].mean())
        of_common.append(unknown[of_new == 0].mean())
        let_in.append((measure.similarity(strangers) >= measure.threshold).mean())
        assert measure.similarity(train).max() <= 1.002
    assert np.mean(refused) < 0.15
    assert np.mean(of_common) < 0.08
    assert np.mean(let_in) < 0.05


@pytest.mark.parametrize("n_rare", [1, 2])
def test_the_few_pictures_of_a_label_are_known_themselves(n_rare):
    """One or two that were trained on, in five makings; of one that was held out too little is known to let it in."""
    known_ones = []
    for making in range(5):
        rng = np.random.default_rng(making)
        train, targets, strangers = drawn_features(rng, (400, n_rare), (0.1, 0.3))
        valid, of_valid, _ = drawn_features(rng, (80, 1), (0.1, 0.3))
        measure = ood.fit_ood_detector(train, valid, (targets, of_valid))
        known_ones += (measure.similarity(train[targets == 1]) >= measure.threshold).tolist()
        assert (measure.similarity(strangers) < measure.threshold).mean() > 0.95
    assert all(known_ones)


@pytest.mark.parametrize("n_rare", [2, 3])
def test_a_few_odd_pictures_of_a_label_do_not_open_the_door_for_everything(n_rare):
    """They are hardly like each other; strangers that look a little like them stay out, in five makings."""
    let_in, own = [], []
    for making in range(5):
        rng = np.random.default_rng(making)
        train, targets, others = drawn_features(rng, (60, n_rare), (0.4, 1.0))
        strangers = 0.6 * others + 0.4 * train[targets == 1].mean(axis=0)
        measure = ood.fit_ood_detector(train, train[:0], (targets, targets[:0]))
        let_in.append((measure.similarity(strangers) >= measure.threshold).mean())
        own += (measure.similarity(train[targets == 1]) >= measure.threshold).tolist()
    assert np.mean(let_in) < 0.25
    assert all(own)


def test_one_threshold_for_labels_that_are_alike_is_as_it_was():
    """Two halves of one label: their allowances hardly differ, and a twentieth of new pictures is unknown at most."""
    rng = np.random.default_rng(5)
    values, _, strangers = drawn_features(rng, (600,), (0.1,))
    targets = np.arange(600) % 2
    measure = ood.fit_ood_detector(values[:400], values[400:500], (targets[:400], targets[400:500]))
    assert np.ptp(measure.allowance) < 0.01
    assert (measure.similarity(values[500:]) < measure.threshold).mean() <= 0.05
    assert (measure.similarity(strangers) < measure.threshold).all()


def test_of_many_pictures_a_rare_label_keeps_all_of_its_own():
    rng = np.random.default_rng(6)
    values, targets, _ = drawn_features(rng, (ood.MAX_BANK + 500, 14), (0.1, 0.1))
    measure = ood.fit_ood_detector(values, values[:0], (targets, targets[:0]))
    assert len(measure.rows) == ood.MAX_BANK
    assert (targets[measure.rows] == 1).sum() == 14


def test_the_graph_computes_what_the_measure_says(tmp_path):
    """Allowances included, and the cosines without them."""
    rng = np.random.default_rng(8)
    values, targets, _ = drawn_features(rng, (60, 1), (0.1, 0.3))
    measure = ood.fit_ood_detector(values, values[:20], (targets, targets[:20]))
    assert measure.rows.tolist().count(60) == 2  # alone for its label: twice, so that it can be the nearest two
    shape = ["batch", 64]
    floats = onnx.TensorProto.FLOAT
    ends = [onnx.helper.make_tensor_value_info(name, floats, shape) for name in ("input", "features")]
    graph = onnx.helper.make_graph(
        [onnx.helper.make_node("Identity", ["input"], ["features"])], "g", ends[:1], ends[1:]
    )
    onnx.save(
        onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 18)], ir_version=9), tmp_path / "b"
    )
    write_onnx(tmp_path / "b", np.zeros((2, 64), np.float32), np.zeros(2, np.float32), measure, tmp_path / "m.onnx")
    session = onnxruntime.InferenceSession(tmp_path / "m.onnx")
    similarity, cosines = session.run(["similarity", "cosines"], {"input": values})
    assert similarity == pytest.approx(measure.similarity(values), abs=1e-4)
    assert cosines.max() == pytest.approx(1, abs=2e-3)
    assert cosines[60, -1] == pytest.approx(1, abs=2e-3)
