"""Labelling from nothing: pages, decisions, the audit, what is accepted, and what all that does to the split."""

import csv
import json
import shutil
import threading

import numpy as np
import pytest
from scipy.stats import hypergeom

from bearkit import Learner, Project, import_images
from bearkit.bodies import registry
from bearkit.bodies.features import compute_features
from bearkit.catalog.catalog import Catalog
from bearkit.catalog.decision_types import DecisionRequest
from bearkit.catalog.decisions import DecisionLog
from bearkit.catalog.schema import Decision, ImageRecord
from bearkit.datasets import dataset
from bearkit.datasets.export import export_dataset
from bearkit.errors import BodyError, ImageError, ReviewError
from bearkit.evaluation.finite_sample import wrong_in_population
from bearkit.evaluation.leave_one_out import LeaveOneOutRidge
from bearkit.labelling import background_features, label_actions
from bearkit.labelling.audit import Audit, estimate_rest
from bearkit.labelling.decision_history import DecisionHistory
from bearkit.labelling.label_orders import LABEL_ORDERS, LabelState
from bearkit.labelling.label_queue import LabelQueue
from bearkit.labelling.label_space import reduce_features, short_features
from bearkit.labelling.review_queue import ReviewQueue
from bearkit.labelling.review_view import View
from bearkit.labelling.snapshot import Snapshot
from bearkit.training.config import TrainConfig
from tests import tiny_body
from tests.conftest import write_drawings


@pytest.fixture(scope="module")
def drawings_without_labels(tmp_path_factory, with_body):
    """24 drawings of three kinds in one flat folder; their names say what they are."""
    folder = tmp_path_factory.mktemp("unlabelled")
    for path in write_drawings(folder / "source", 8).rglob("*.*"):
        (folder / "flat").mkdir(exist_ok=True)
        path.rename(folder / "flat" / f"{path.parent.name}-{path.name}")
    project = with_body(Project(folder / "project"))
    import_images(project, folder / "flat", labelled=False)
    LabelQueue(project).page()  # features are cached from here on
    return project


@pytest.fixture
def unlabelled(drawings_without_labels, tmp_path):
    """The same project for one test alone."""
    shutil.copytree(drawings_without_labels.root, tmp_path / "project")
    return Project(tmp_path / "project")


def kind_of(path):
    return path.rpartition("/")[2].partition("-")[0]


def truth(page):
    return {image.image_id: kind_of(image.path) for image in page.images}


def label_all_but(project, n):
    """Label pages until at most n images are left."""
    queue = LabelQueue(project)
    while (page := queue.page(6)).unlabelled > n:
        label_actions.label_images(project, truth(page), "ann")
    return queue


def test_pages_lead_from_no_label_to_all_of_them(unlabelled):
    queue, seen, steps = LabelQueue(unlabelled), set(), []
    while (page := queue.page(8)).images:
        ids = {image.image_id for image in page.images}
        assert not ids & seen, "a labelled image comes again"
        seen |= ids
        assert page.labelled + page.unlabelled == 24
        steps.append(label_actions.label_images(unlabelled, truth(page), "ann")["step"])
    assert len(seen) == 24
    assert page.labels == {"disc": 8, "square": 8, "star": 8}
    assert page.as_dict()["group"]["why"] == ""
    assert steps == list(range(1, len(steps) + 1)), "one step for each page"


def test_the_first_pages_look_alike_and_meet_each_kind(unlabelled):
    queue, met = LabelQueue(unlabelled), set()
    for _ in range(3):
        page = queue.page(6)
        kinds = [kind_of(image.path) for image in page.images]
        assert max(kinds.count(kind) for kind in kinds) >= 4, kinds
        met |= set(kinds)
        label_actions.label_images(unlabelled, truth(page), "ann")
    assert met == {"disc", "square", "star"}


def test_proposals_come_with_the_second_label_and_are_grouped(unlabelled):
    queue = LabelQueue(unlabelled)
    page = queue.page(6)
    assert {image.proposed for image in page.images} == {None}
    label_actions.label_images(unlabelled, truth(page), "ann")
    one_label = queue.page(6)
    assert len(one_label.labels) == 1 and {image.proposed for image in one_label.images} == {None}
    label_all_but(unlabelled, 10)
    page = queue.page(6)
    proposed = [image.proposed for image in page.images]
    assert proposed == sorted(proposed), "each label's images stand together"
    assert [image.proposed == kind_of(image.path) for image in page.images].count(True) >= 5
    assert page.proposed == (proposed[0] if len(set(proposed)) == 1 else None)
    only = queue.page(6, label="star")
    assert {image.proposed for image in only.images} <= {"star"}
    with pytest.raises(ReviewError, match="no image has the label `cube`"):
        queue.page(label="cube")
    with pytest.raises(ReviewError, match="there is no order `easy`"):
        queue.page(order="easy")


def test_an_image_that_is_left_for_later_comes_last(unlabelled):
    queue = LabelQueue(unlabelled)
    later = {image.image_id: "" for image in queue.page(4).images}
    label_actions.label_images(unlabelled, later, "ann")
    while (page := queue.page(8)).unlabelled > 4:
        assert not {image.image_id for image in page.images} & set(later)
        label_actions.label_images(unlabelled, truth(page), "ann")
    assert {image.image_id for image in page.images} == set(later)


def test_what_someone_else_looks_at_is_not_shown(unlabelled):
    queue = LabelQueue(unlabelled)
    first = {image.image_id for image in queue.page(8).images}
    second = {image.image_id for image in queue.page(8, exclude=first).images}
    assert second and not first & second


def test_images_like_one_of_them(unlabelled):
    queue = LabelQueue(unlabelled)
    image = queue.page(1, "random").images[0]
    page = queue.page(6, similar_to=image.image_id)
    assert image.image_id in {one.image_id for one in page.images}
    with pytest.raises(ReviewError, match="there is no image 0000"):
        queue.page(similar_to="0000")


def test_undo_takes_a_page_back(unlabelled):
    queue = LabelQueue(unlabelled)
    page = queue.page(6)
    label_actions.label_images(unlabelled, truth(page), "ann")
    DecisionLog(Catalog(unlabelled)).undo(1, "ann")
    again = queue.page(6)
    assert again == page


@pytest.mark.parametrize("order", LABEL_ORDERS)
def test_each_order_shows_every_image_once(order):
    rng = np.random.default_rng(0)
    targets = np.repeat([0, 1, 2], 30)
    rows = reduce_features((rng.normal(size=(90, 40)) + 3 * np.eye(3, 40)[targets]).astype(np.float32))
    labels, seen = np.full(90, -1), []
    while (labels < 0).any():
        state = LabelState(rows, labels, labels >= 0, labels < 0, len({*labels.tolist()} - {-1}), 0)
        chosen = LABEL_ORDERS[order](state, np.flatnonzero(state.todo), 8)
        assert 0 < len(set(chosen.tolist())) == len(chosen) <= 8
        seen += chosen.tolist()
        known = list(dict.fromkeys(targets[seen].tolist()))
        labels[seen] = [known.index(one) for one in targets[seen].tolist()]
    assert sorted(seen) == list(range(90))


def test_spread_never_shows_near_copies_of_one_doubt():
    rng = np.random.default_rng(1)
    doubts = np.repeat(np.eye(2, 20).sum(0)[None] + rng.normal(0, 0.3, (6, 20)), 8, axis=0)  # six, in 8 copies each
    sure = np.concatenate([np.tile(np.eye(20)[0], (20, 1)), np.tile(np.eye(20)[1], (20, 1))])
    rows = reduce_features(
        np.concatenate([sure, doubts]).astype(np.float32) + rng.normal(0, 1e-3, (88, 20)).astype(np.float32)
    )
    targets = np.r_[np.repeat([0, 1], 20), np.full(48, -1)]
    state = LabelState(rows, targets, targets >= 0, targets < 0, 2)
    chosen = LABEL_ORDERS["spread"](state, np.flatnonzero(state.todo), 6)
    assert len({(row - 40) // 8 for row in chosen.tolist()}) == 6
    copies = LABEL_ORDERS["uncertain"](state, np.flatnonzero(state.todo), 6)
    assert len({(row - 40) // 8 for row in copies.tolist()}) < 6


def test_short_features_keep_who_is_like_whom():
    rng = np.random.default_rng(2)
    features = rng.normal(size=(300, 400)).astype(np.float32)
    features[1] = features[0] + rng.normal(0, 0.05, 400)
    rows = reduce_features(features)
    assert rows.shape == (300, 256)
    assert np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)
    assert (rows[1:] @ rows[0]).argmax() == 0
    assert reduce_features(features[:1]).shape == (1, 1)
    assert np.isfinite(reduce_features(np.ones((3, 5), np.float32))).all()


def test_the_label_commands_keep_the_contract(unlabelled, tmp_path, bearkit_json):
    page = bearkit_json("label", "next", "--n", 6, "-p", unlabelled.root)
    assert set(page) == {"group", "images", "labels", "labelled", "unlabelled"}
    assert set(page["group"]) == {"id", "order", "proposed", "why"}
    assert set(page["images"][0]) == {"image_id", "path", "proposed", "probability"}
    first, second, third, *_ = page["images"]
    with (tmp_path / "labels.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["path", "label"], [first["path"], "disc"], [second["path"], ""]])
    assert bearkit_json("label", "decide", "--from", tmp_path / "labels.csv", "-p", unlabelled.root) == {
        "stored": 2, "step": 1, "unmatched": [],
    }  # fmt: skip
    assert bearkit_json("label", "decide", third["image_id"][:8], "star", "-p", unlabelled.root)["step"] == 2
    assert bearkit_json("label", "next", "-p", unlabelled.root)["labels"] == {"disc": 1, "star": 1}
    accepted = bearkit_json("label", "accept", "--min-probability", 0, "-p", unlabelled.root)
    assert accepted["accepted"] == 22
    assert accepted["interval"] == [0, 1], "nothing is known without an audit"
    assert "no audit" in accepted["note"]
    assert bearkit_json("label", "next", "-p", unlabelled.root)["images"] == []
    undone = bearkit_json("review", "undo", "-p", unlabelled.root)["undone"]
    assert len(undone) == 22 and {row["reviewer"] for row in undone} == {"model"}
    assert bearkit_json("label", "next", "-p", unlabelled.root)["unlabelled"] == 22


@pytest.mark.parametrize("label", ["007", "None", "a/b\\c", "..", "🐻 bär", "x" * 200, "nan", " two  words "])
def test_a_label_is_kept_as_typed(unlabelled, tmp_path, bearkit_json, label):
    image, other = bearkit_json("label", "next", "-p", unlabelled.root)["images"][:2]
    bearkit_json("label", "decide", image["image_id"], label, "-p", unlabelled.root)
    with (tmp_path / "labels.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([["image_id", "label"], [other["image_id"], label]])
    bearkit_json("label", "decide", "--from", tmp_path / "labels.csv", "-p", unlabelled.root)
    assert bearkit_json("label", "next", "-p", unlabelled.root)["labels"] == {" ".join(label.split()): 2}


def test_tables_of_labels_that_cannot_be_used(unlabelled, tmp_path, bearkit_json):
    image = bearkit_json("label", "next", "-p", unlabelled.root)["images"][0]["image_id"]
    for rows, error in (
        ([["file", "label"], [image, "disc"]], "has the columns file, label"),
        ([["image_id", "label"], [image, "disc"], [image, "star"]], "another line `disc`"),
        ([["image_id", "label"], ["nowhere", "disc"]], "no row of"),
        ([["image_id", "label"], [image, "a\x07b"]], "control character"),
    ):
        with (tmp_path / "bad.csv").open("w", newline="") as file:
            csv.writer(file).writerows(rows)
        found = bearkit_json("label", "decide", "--from", tmp_path / "bad.csv", "-p", unlabelled.root, code=1)
        assert error in found["error"], found
        assert found["hint"]
    assert DecisionLog(Catalog(unlabelled)).history() == []
    assert "no image `beef`" in bearkit_json("label", "decide", "beef", "disc", "-p", unlabelled.root, code=1)["error"]
    assert "nothing can be proposed" in bearkit_json("label", "accept", "-p", unlabelled.root, code=1)["error"]


def test_an_audit_is_drawn_once_and_labelled_blind(unlabelled):
    queue = label_all_but(unlabelled, 12)
    asked = label_actions.audit_proposals(queue, 5)
    assert len(asked["images"]) == 5
    assert asked["images"] == label_actions.audit_proposals(queue, 9)["images"], (
        "it goes on with the one that was drawn"
    )
    assert "no answer yet" in asked["estimate"]["note"]
    ids = {image["image_id"] for image in asked["images"]}
    assert not ids & {image.image_id for image in queue.page(24).images}, "they are not shown with a proposal"
    label_actions.label_images(unlabelled, {one["image_id"]: kind_of(one["path"]) for one in asked["images"]}, "ann")
    done = label_actions.audit_proposals(queue, 5)
    assert done["images"] == [] and done["estimate"]["audited"] == 5
    low, high = done["estimate"]["interval"]
    assert 0 <= low <= done["estimate"]["expected_error"] <= high <= 1
    assert "5 images only" in done["estimate"]["note"]
    assert len(label_actions.audit_proposals(queue, 3, new=True)["images"]) == 3


def test_no_view_of_the_review_shows_a_proposal_for_an_image_of_the_audit(unlabelled):
    queue = label_all_but(unlabelled, 12)
    review = ReviewQueue(unlabelled, index=queue.index)
    views = [View("any"), View("unlabelled"), View("quality")]
    before = [{one.image_id: one for one in review.page(view, 50).suspects} for view in views]
    assert all(one.predicted for page in before for one in page.values())
    audited = {image["image_id"] for image in label_actions.audit_proposals(queue, 5)["images"]}
    for view, page in zip(views, before, strict=True):
        suspects = review.page(view, 50).suspects
        assert {one.image_id for one in suspects} == {*page}, "they stay in the view"
        blind = [one for one in suspects if one.image_id in audited]
        assert {(one.predicted, one.probability) for one in blind} <= {(None, None)}
        assert not any("proposed" in one.reason for one in blind)
        assert [one for one in suspects if one not in blind] == [
            one for one in page.values() if one.image_id not in audited
        ], "all else is as before"
    assert {one.image_id for one in review.page(View("unlabelled"), 50).suspects[-5:]} == audited, "they come last"
    proposed = [review.page(View("unlabelled", label=label), 50).suspects for label in queue.index.snapshot().vocab]
    assert not audited & {one.image_id for page in proposed for one in page}, "the filter would tell the proposal"
    label_actions.label_images(unlabelled, dict.fromkeys(audited, "disc"), "ann")
    after = {one.image_id: one.predicted for one in review.page(View("any"), 50).suspects}
    assert all(after[one] for one in audited)


def test_the_models_labels_are_never_in_the_validation_set(unlabelled, tmp_path):
    queue = label_all_but(unlabelled, 10)
    catalog = Catalog(unlabelled)
    people = {image.image_id for image in DecisionLog(catalog).images() if image.label}
    assert label_actions.accept_proposals(queue)["accepted"] == 24 - len(people)
    data = dataset.load(catalog)
    assert len(data.images) == 24
    valid = {data.images[row].image_id for row in data.indices("valid")}
    assert valid and valid <= people
    learn = Learner(unlabelled)
    learn.fit_one_cycle(1)
    assert {one for one, split in dataset.splits(catalog).items() if split == "valid"} == valid
    suspects = ReviewQueue(unlabelled).page(View("label"), 24).suspects
    assert {one.image_id for one in suspects} - people, "the review looks at them again"
    # a validation picture whose label was taken away and then given by the model waits for a person
    waits = sorted(valid)[0]
    log = DecisionLog(catalog)
    log.undo(1, label_actions.MODEL)
    log.decide([DecisionRequest(waits, "unlabel")], "ann")
    label_actions.accept_proposals(LabelQueue(unlabelled))
    assert waits not in {image.image_id for image in dataset.load(catalog).images}
    written = export_dataset(unlabelled, tmp_path / "out", "csv")
    assert (written["images"], written["unconfirmed"], written["unlabelled"]) == (23, 1, 0)
    log.decide([DecisionRequest(waits, "keep")], "ann")
    assert dataset.splits(catalog)[waits] == "valid"


def test_the_interval_of_a_finite_sample_is_exact():
    rng = np.random.default_rng(0)
    for population, sampled, wrong in ((100, 50, 7), (30, 10, 0), (60, 20, 60), (400, 30, 12)):
        draws = rng.hypergeometric(wrong, population - wrong, sampled, 400)
        held = [low <= wrong <= high for low, high in (wrong_in_population(int(k), sampled, population) for k in draws)]
        assert np.mean(held) >= 0.93
    low, high = wrong_in_population(3, 20, 200)
    assert hypergeom.cdf(3, 200, high, 20) > 0.025 >= hypergeom.cdf(3, 200, high + 1, 20)
    assert hypergeom.sf(2, 200, low, 20) > 0.025 >= hypergeom.sf(2, 200, low - 1, 20)


def test_the_audits_interval_holds_the_true_share_also_after_more_was_labelled():
    held = [simulated_project(seed, later) for seed in range(60) for later in (0, 60)]
    assert np.mean(held) >= 0.93


def simulated_project(seed, later):
    """Whether the interval holds the share of wrong proposals for the rest, when the easy half was labelled first."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 3, 300)
    rows = reduce_features((rng.normal(size=(300, 12)) + 1.6 * np.eye(3, 12)[truth]).astype(np.float32))
    ids = [f"{number:064d}" for number in range(300)]
    images = [ImageRecord(one, one, "", None, 1, 1, "PNG", 1) for one in ids]
    labels = np.full(300, -1)

    def state():
        return LabelState(rows, labels, labels >= 0, labels < 0, 3)

    def label_surest(n):
        chosen = LABEL_ORDERS["auto"](state(), np.flatnonzero(labels < 0), n) if (labels >= 0).any() else np.arange(n)
        labels[chosen] = truth[chosen]

    for _ in range(6):
        label_surest(20)
    population = np.flatnonzero(labels < 0)
    sample = rng.choice(population, 40, replace=False)
    before = labels.copy()
    labels[sample] = truth[sample]
    for _ in range(later // 20):
        label_surest(20)
    history = DecisionHistory(
        [decision(n, ids[n], "abc"[truth[n]], 1 if before[n] >= 0 else 2) for n in np.flatnonzero(labels >= 0)], 2
    )
    snapshot = Snapshot(
        images, np.ones(300, bool), np.array(["abc"[n] if n >= 0 else "" for n in labels], object),
        ["a", "b", "c"], labels, history, None, "", lambda: rows, lambda: LeaveOneOutRidge(rows, labels >= 0),
        lambda: np.full(300, "train"),
    )  # fmt: skip
    audit = Audit([ids[n] for n in sample], 1, 300)
    estimate = estimate_rest(audit, snapshot, state(), np.ones(300, bool))
    rest = labels < 0
    wrong = float((state().probs[rest].argmax(axis=1) != truth[rest]).mean())
    low, high = estimate.interval
    assert estimate.audited == 40 and estimate.images == rest.sum()
    return low <= wrong <= high


def decision(number, image_id, label, row):
    return Decision(row, row, "", "ann", image_id, "label", "", label, None, "label", None, None)


def test_labels_are_described_renamed_and_merged(unlabelled, bearkit_json):
    def labels(*words, code=0):
        return bearkit_json("labels", *words, "-p", unlabelled.root, code=code)

    assert labels() == {"labels": []}
    labels("add", "disc", "--description", "round", "--key", "o")
    labels("add", "ball")
    disc, _ball = labels()["labels"]
    assert (disc["label"], disc["description"], disc["key"], disc["images"]) == ("disc", "round", "o", 0)
    assert "the key o is that of `disc`" in labels("describe", "ball", "--key", "o", code=1)["error"]
    assert "cannot be the key" in labels("describe", "ball", "--key", "u", code=1)["error"]
    assert "there is no label `cube`" in labels("describe", "cube", "--key", "c", code=1)["error"]
    page = bearkit_json("label", "next", "--n", 6, "-p", unlabelled.root)["images"]
    for image in page[:3]:
        bearkit_json("label", "decide", image["image_id"], "disc", "-p", unlabelled.root)
    bearkit_json("label", "decide", page[3]["image_id"], "ball", "-p", unlabelled.root)
    assert "there is a label `ball` already" in labels("rename", "disc", "ball", code=1)["error"]
    renamed = {row["label"]: row for row in labels("rename", "disc", "round thing")["labels"]}
    assert renamed["round thing"]["images"] == 3 and renamed["round thing"]["description"] == "round"
    assert "disc" not in renamed
    merged = labels("merge", "ball", "--to", "round thing")["labels"]
    assert [(row["label"], row["images"]) for row in merged] == [("round thing", 4)]
    assert labels("describe", "round thing", "--retired")["labels"][0]["retired"]
    bearkit_json("review", "undo", "--n", 2, "-p", unlabelled.root)
    assert {row["label"]: row["images"] for row in labels()["labels"] if row["images"]} == {"disc": 3, "ball": 1}


def test_the_first_images_are_labelled_while_features_of_the_others_are_computed(unlabelled, monkeypatch):
    for name, value in (("FIRST", 8), ("CHUNK", 4), ("GROWTH", 1.2)):
        monkeypatch.setattr(background_features, name, value)
    shutil.rmtree(unlabelled.cache / "features")
    images = Catalog(unlabelled).images()
    (unlabelled.root / images[-1].path).write_bytes(b"damaged")
    go_on = threading.Event()
    extract = background_features.extract_features

    def slow(*arguments):
        assert go_on.wait(60)
        return extract(*arguments)

    monkeypatch.setattr(background_features, "extract_features", slow)
    queue = LabelQueue(unlabelled, wait=False)
    page = queue.page(6, "random")
    assert (len(page.images), page.unlabelled, queue.index.waiting) == (6, 8, 16)
    label_actions.label_images(unlabelled, truth(page), "ann")
    assert queue.page(6).unlabelled == 2
    go_on.set()
    queue.index._background._thread.join(60)
    page = queue.page(24)
    assert (page.labelled, page.unlabelled, queue.index.waiting) == (6, 17, 0), "all but the damaged one"
    level = queue.index._background.level
    assert queue.page(24) == page
    assert queue.index._background.level == level, "a damaged file is not tried again and again"


@pytest.mark.parametrize("error", [BodyError("its weights are missing", hint=""), OSError(28, "No space left")])
def test_an_error_of_the_thread_reaches_who_asks_next(unlabelled, monkeypatch, error):
    def fail(*_):
        raise error

    monkeypatch.setattr(background_features, "FIRST", 8)
    shutil.rmtree(unlabelled.cache / "features")
    monkeypatch.setattr(background_features, "extract_features", fail)
    queue = LabelQueue(unlabelled, wait=False)
    assert queue.page(4).unlabelled == 8
    queue.index._background._thread.join(60)
    with pytest.raises(type(error), match=r"weights are missing|No space left"):
        queue.page(4)
    monkeypatch.undo()
    queue.page(4)
    queue.index._background._thread.join(60)
    assert (queue.page(4).unlabelled, queue.index.waiting) == (24, 0), "then it goes on"


def test_a_page_of_look_alikes_ends_sooner_while_there_are_few_labels():
    likeness = np.r_[1, np.full(9, 0.9), np.full(14, 0.5)]  # of each image to the first one
    rows = np.zeros((24, 25), np.float32)
    rows[:, 0] = likeness
    rows[np.arange(24), np.arange(24) + 1] = np.sqrt(1 - likeness**2)  # and all else is their own
    todo, none = np.ones(24, bool), np.zeros(24, bool)
    for n_labels, expected in ((0, 10), (2, 10), (3, 24)):
        state = LabelState(rows, np.full(24, -1), none, todo, n_labels)
        assert sorted(LABEL_ORDERS["alike"](state, np.arange(24), 24).tolist()) == list(range(expected))


def test_short_features_are_kept_for_the_newest_images_and_computed_again_when_they_are_damaged(tmp_path):
    project = Project(tmp_path)
    features = np.random.default_rng(0).normal(size=(50, 12)).astype(np.float32)
    ids = [f"{number:064d}" for number in range(50)]
    expected = reduce_features(features)
    for _ in range(2):
        assert (short_features(project, ids, "first", lambda: features) == expected).all()
    (kept,) = (project.cache / "short_features").iterdir()
    (stored,) = kept.glob("*.npy")
    np.save(stored, expected[:, ::-1])  # its checksum is wrong now
    assert (short_features(project, ids, "first", lambda: features) == expected).all()
    stored = next(kept.glob("*.npy"))
    np.save(stored, 2 * expected)
    stored.with_suffix(".json").write_text(json.dumps(ids))  # as of an old version, without a checksum
    read = []
    again = short_features(project, ids, "first", lambda: read.append("features"))
    assert (again == 2 * expected).all() and not read, "they are read from the cache; the long features are not"
    others = short_features(project, ids[:40], "fewer", lambda: features[:40])
    assert others.shape == (40, 12)
    assert (short_features(project, ids, "first", lambda: features) == expected).all(), "only the newest were kept"
    assert len([*(project.cache / "short_features").iterdir()]) == 1


def test_a_page_reads_no_features_that_its_short_features_were_made_from(unlabelled, caplog):
    first = LabelQueue(unlabelled)
    page, features = first.page(6), first.index.snapshot().features.copy()
    (shard,) = (unlabelled.cache / "features").rglob("*.npy")
    whole = shard.read_bytes()
    shard.write_bytes(whole[:-4] + b"\x7f\x00\x00\x00")
    queue = LabelQueue(unlabelled)
    assert queue.page(6) == page
    assert shard.exists() and not caplog.records, "nothing has read the damaged file"
    assert np.array_equal(queue.index.snapshot().features, features), "who needs the features gets them computed again"
    assert not shard.exists() and "is computed again" in caplog.text


def test_an_image_whose_features_and_file_are_damaged_is_left_out_of_the_next_snapshot(unlabelled):
    LabelQueue(unlabelled).page(6)
    (shard,) = (unlabelled.cache / "features").rglob("*.npy")
    shard.write_bytes(b"damaged")
    index = LabelQueue(unlabelled).index
    snapshot = index.snapshot()
    image = snapshot.images[3]
    (unlabelled.root / image.path).write_bytes(b"damaged")
    with pytest.raises(ImageError, match=f"the features of {image.path} are lost"):
        snapshot.features  # noqa: B018
    after = index.snapshot()
    assert len(after.images) == len(snapshot.images) - 1 == len(after.features)
    assert image.image_id not in after.row_of


def test_the_version_of_features_changes_with_the_images_and_the_body(unlabelled):
    images, usual = Catalog(unlabelled).images(), registry.get(TrainConfig.body)
    asked = [(images[:5], usual), (images[:6], usual), (images[:6], usual), (images[:6], tiny_body.body())]
    five, six, same, other = (compute_features(unlabelled, some, body)[1] for some, body in asked)
    assert six == same and len({five, six, other}) == 3
