"""What the review shows, and in which order: wrong labels, copies, strangers, poor pictures; and how many are left."""

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_predict

from bearkit import Learner, ReviewQueue, View, import_images
from bearkit.catalog.catalog import Catalog
from bearkit.catalog.decision_types import DecisionContext, DecisionRequest
from bearkit.catalog.decisions import DecisionLog
from bearkit.core.project import Project
from bearkit.datasets import dataset
from bearkit.errors import BearkitError, NoImagesError, ReviewError
from bearkit.evaluation import image_quality, outliers
from bearkit.evaluation.label_noise import estimate_label_noise
from bearkit.evaluation.leave_one_out import PENALTY, LeaveOneOutRidge, _unit_rows, leave_one_out_probs
from bearkit.evaluation.near_duplicates import groups, near_duplicates
from bearkit.images import decode, read_file
from bearkit.labelling.apply import apply_decisions
from bearkit.labelling.review_actions import find_duplicates
from tests.conftest import encoded, write_drawings


def blobs(n=300, n_labels=3, width=40, noise=1.0, seed=0):
    """Features of separable labels, float32 (N, D), and the labels."""
    rng = np.random.default_rng(seed)
    targets = rng.integers(0, n_labels, n)
    centres = rng.normal(0, 1, (n_labels, width))
    return (centres[targets] + noise * rng.normal(0, 1, (n, width))).astype(np.float32), targets


def flipped(targets, share, seed):
    """Targets of which a share is another label now, and which."""
    rng = np.random.default_rng(seed)
    n_labels = targets.max() + 1
    rows = rng.choice(len(targets), round(share * len(targets)), replace=False)
    result = targets.copy()
    result[rows] = (targets[rows] + rng.integers(1, n_labels, len(rows))) % n_labels
    return result, rows


def test_each_picture_is_judged_by_a_head_that_has_not_seen_it():
    """The closed form against fitting a ridge regression without the picture, for real."""
    features, targets = blobs()
    one_hot, x = np.eye(3)[targets], _unit_rows(features, np.ones(len(targets), bool)).astype(np.float64)
    heads = LeaveOneOutRidge(features)
    fitted = heads._z @ (heads._z.T @ one_hot)
    left_out = one_hot - (one_hot - fitted) / (1 - heads._leverage)[:, None]
    for row in (0, 17, 299):
        rest = np.arange(len(targets)) != row
        weights = np.linalg.solve(x[rest].T @ x[rest] + PENALTY * np.eye(x.shape[1]), x[rest].T @ one_hot[rest])
        assert left_out[row] == pytest.approx(x[row] @ weights, abs=1e-4)


def test_its_probabilities_are_as_good_as_cross_validated_logistic_regression():
    features, targets = blobs(noise=2.5)
    probs = leave_one_out_probs(features, targets, 3)
    other = cross_val_predict(LogisticRegression(C=0.1), features, targets, cv=10, method="predict_proba")
    rows = np.arange(len(targets))
    assert probs.sum(axis=1) == pytest.approx(np.ones(len(targets)), abs=1e-5)
    assert -np.log(probs[rows, targets]).mean() < 1.15 * -np.log(other[rows, targets]).mean()
    assert (probs.argmax(1) == targets).mean() > (other.argmax(1) == targets).mean() - 0.03


def test_a_picture_that_is_not_to_be_seen_changes_nothing_for_the_others():
    features, targets = blobs()
    seen = np.arange(300) < 250
    some = LeaveOneOutRidge(features, seen).probs(targets, 3)
    nonsense = targets.copy()
    nonsense[~seen] = 0
    assert some == pytest.approx(LeaveOneOutRidge(features, seen).probs(nonsense, 3))
    assert some[seen] == pytest.approx(LeaveOneOutRidge(features[seen]).probs(targets[seen], 3), abs=1e-4)
    assert (some[~seen].argmax(1) == targets[~seen]).mean() > 0.9


def test_the_interval_of_what_is_left_holds_the_truth():
    inside, widths = [], []
    for seed in range(20):
        features, targets = blobs(noise=2.0, seed=seed)
        given, rows = flipped(targets, 0.1, seed)
        probs = leave_one_out_probs(features, given, 3)
        p = probs[np.arange(300), given]
        for looked in (0, 20, 40, 80):
            decided = np.zeros(300, bool)
            decided[np.argsort(p)[:looked]] = True
            wrong = np.isin(np.arange(300), rows)
            estimate, (low, high) = estimate_label_noise(p, decided, wrong)
            inside.append(low <= (wrong & ~decided).sum() <= high)
            widths.append(high - low)
            assert low <= estimate <= high
    assert np.mean(inside) > 0.9
    assert np.mean(widths) < 100
    assert estimate_label_noise(p, np.ones(300, bool), wrong) == (0.0, [0, 0])


def photographs(data, n):
    paths = sorted((data / "flowers_ccby").glob("*/*.jpg"))
    return [decode(read_file(path)).image for path in paths[:: max(1, len(paths) // n)][:n]]


def sketch(image):
    return np.asarray(image.convert("L").resize((32, 32), Image.Resampling.BOX))


def test_resized_and_re_encoded_copies_are_found_and_nothing_else(data):
    """A hundred photographs, twenty of which are there once more, at another size, quality or format."""
    pictures = photographs(data, 100)
    copies = []
    for n, image in enumerate(pictures[:20]):
        smaller = image.resize((max(1, image.width // (1 + n % 3)), max(1, image.height // (1 + n % 3))))
        kind = ("JPEG", "WEBP", "PNG")[n % 3] if n % 3 else "JPEG"
        options = {"quality": 35} if kind != "PNG" else {}
        copies.append(decode(encoded(smaller, kind, **options)).image)
    pairs, alike = near_duplicates(np.stack([sketch(image) for image in pictures + copies]))
    planted = {(n, 100 + n) for n in range(20)}
    assert planted <= {tuple(pair) for pair in pairs.tolist()}
    assert len(pairs) == 20
    assert (np.diff(alike) <= 0).all()


@pytest.mark.slow
def test_a_copy_that_lost_its_transparency_is_found(tmp_path):
    """Programs that only take the colours put black, or anything, where nothing was."""
    drawing = Image.new("RGBA", (200, 200), (0, 0, 0, 0))
    pen = ImageDraw.Draw(drawing)
    pen.ellipse((40, 30, 150, 170), fill=(180, 120, 60, 255))
    pen.rectangle((80, 60, 110, 100), fill=(90, 40, 160, 255))
    source = write_drawings(tmp_path / "photos", 3)
    (source / "star" / "bear.png").write_bytes(encoded(drawing, "PNG"))
    (source / "disc" / "bear.jpg").write_bytes(encoded(drawing.convert("RGB").resize((120, 120)), "JPEG", quality=60))
    project = Project(tmp_path / "p")
    import_images(project, source)
    (suspect,) = ReviewQueue(project).page(View("duplicate")).suspects
    assert "bear." in suspect.path
    assert "bear." in suspect.reason


def test_many_pictures_are_compared_roughly_first_and_exactly_then(monkeypatch):
    rng = np.random.default_rng(0)
    sketches = rng.integers(0, 255, (600, 32, 32)).astype(np.uint8)
    sketches[300:320] = np.clip(sketches[:20] + rng.normal(0, 12, (20, 32, 32)), 0, 255)
    exact = near_duplicates(sketches)
    monkeypatch.setattr("bearkit.evaluation.near_duplicates.MANY", 100)
    monkeypatch.setattr("bearkit.evaluation.near_duplicates.BLOCK", 64)
    rough = near_duplicates(sketches)
    assert {tuple(pair) for pair in exact[0].tolist()} == {(n, 300 + n) for n in range(20)}
    assert (rough[0] == exact[0]).all()
    assert groups(np.array([[0, 1], [1, 2], [5, 6]]), 8) == [[0, 1, 2], [5, 6]]
    assert len(near_duplicates(sketches[:0])[0]) == 0


def test_plain_pictures_are_copies_where_they_have_one_grey_level():
    plain = np.stack([np.full((32, 32), level, np.uint8) for level in (10, 10, 200, 201)])
    assert near_duplicates(plain)[0].tolist() == [[0, 1]]


def test_pictures_that_nobody_can_learn_from_are_named(data):
    grey = [image.convert("L") for image in photographs(data, 60)]
    fine = [image_quality.quality_problem(image_quality.measure_quality(np.asarray(image)), 500, 400) for image in grey]
    assert sum(map(bool, fine)) <= 2
    image = grey[0].resize((320, 256))
    page = Image.new("L", (400, 300), 255)
    for line in range(12):
        ImageDraw.Draw(page).text((8, 8 + 24 * line), "The quick brown fox jumps over the lazy dog", 0, font_size=18)
    poor = {
        "blurred": image.filter(ImageFilter.GaussianBlur(4)),
        "almost black": image.point(lambda level: level // 12),
        "almost white": image.point(lambda level: 250 + level // 64),
        "hardly anything on it": Image.new("L", (300, 300), 120),
        "mostly text": page,
    }
    for word, bad in poor.items():
        assert image_quality.quality_problem(image_quality.measure_quality(np.asarray(bad)), 500, 400) == word
    assert (
        image_quality.quality_problem(image_quality.measure_quality(np.asarray(image)), 500, 40)
        == "tiny: 500 x 40 pixels"
    )
    assert image_quality.measure_quality(np.zeros((1, 1), np.uint8)).shape == (4,)


def test_a_stranger_among_alike_pictures_stands_out():
    features, targets = blobs(n=120, n_labels=2)
    features[5] = 8 * np.random.default_rng(9).normal(0, 1, features.shape[1])
    far = outliers.outlier_scores(features, targets)
    assert far.argmax() == 5
    assert far[5] > outliers.FAR
    assert (outliers.outlier_scores(features[:6], targets[:6]) == 0).all(), "too few to say anything"


@pytest.fixture
def queue(shapes):
    return ReviewQueue(shapes)


def test_a_wrong_label_comes_first_with_its_reason_and_goes_once_it_is_decided(shapes, queue):
    ledger = queue.index.decision_log
    disc = next(image for image in ledger.images() if image.label == "disc")
    ledger.decide([DecisionRequest(disc.image_id, "relabel", "star")], "ann", kind="outlier")
    page = queue.page()
    first = page.suspects[0]
    assert first.image_id == disc.image_id
    assert (first.given, first.predicted, first.kind) == ("star", "disc", "label")
    assert first.reason.startswith("given `star`, predicted `disc`")
    assert first.loss == pytest.approx(max(one.loss for one in page.suspects))
    ledger.decide([DecisionRequest(disc.image_id, "relabel", "disc")], "ann", kind="label")
    again = queue.page()
    assert disc.image_id not in {one.image_id for one in again.suspects}
    assert again.remaining == page.remaining - 1


def test_views_choose_by_split_label_kind_and_order(shapes, queue):
    every = queue.page(n=100)
    assert len(every.suspects) == 36
    assert queue.page(View(split="valid"), 100).suspects == [one for one in every.suspects if one.split == "valid"]
    assert {one.given for one in queue.page(View(label="disc"), 100).suspects} == {"disc"}
    by_model = queue.page(View(order="loss"), 100).suspects
    top = Learner(shapes).start_from().run.predictions()
    rows = np.arange(len(top.targets))
    losses = dict(zip(top.image_ids.tolist(), -np.log(top.probs[rows, top.targets]), strict=True))
    assert [one.image_id for one in by_model] == sorted(losses, key=lambda image_id: -losses[image_id])
    for wrong in ({"kind": "boredom"}, {"order": "random"}, {"split": "val"}):
        with pytest.raises(ReviewError) as caught:
            View(**wrong)
        assert caught.value.hint
    with pytest.raises(ReviewError, match="no label `unicorn`"):
        queue.page(View(label="unicorn"))


def test_the_worst_is_over_after_two_pages_without_a_change(queue):
    ledger = queue.index.decision_log
    page = queue.page(n=6)
    assert not page.done
    changed = page.suspects[0]
    seen = DecisionContext(kind="label", view="/")
    ledger.decide([DecisionRequest(changed.image_id, "delete")], "ann", context=seen)
    for _ in range(2):
        page = queue.page(n=6)
        assert not page.done
        ledger.decide([DecisionRequest(one.image_id, "keep", one.given) for one in page.suspects], "ann", context=seen)
    page = queue.page(n=6)
    assert page.done
    assert not queue.page(View(split="train"), 6).done, "that is another view"
    assert page.calm == 12
    assert page.left[1][0] <= page.left[0] <= page.left[1][1]
    ledger.undo()
    assert not queue.page(n=6).done


def copies_across_the_split(project):
    """Put copies of two training pictures among the validation pictures, and the reverse: smaller JPEGs."""
    data = dataset.load(Catalog(project))
    folder = project.root.parent / "copies"
    made = 0
    for split, other in (("train", "valid"), ("valid", "train")):
        for row in data.indices(split)[:2]:
            image = data.images[row]
            small = decode(read_file(project.root / image.path)).image.resize((90, 90))
            target = folder / other / image.label / f"copy{made}.jpg"
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(encoded(small, "JPEG", quality=80))
            made += 1
    import_images(project, folder)
    return made


def test_copies_across_the_split_are_shown_counted_and_mended(shapes):
    before = dataset.splits(Catalog(shapes))
    made = copies_across_the_split(shapes)
    queue = ReviewQueue(shapes)
    suspects = [one for one in queue.page(View("duplicate"), 100).suspects if "this one is in train" in one.reason]
    assert len(suspects) == made
    assert all(one.split == "train" for one in suspects), "what was set aside stays; the copy that trains goes"
    found = find_duplicates(queue, False, "ann")
    assert found["across_splits"] == made
    found = find_duplicates(queue, True, "ann")
    assert found["mended"] >= made
    assert find_duplicates(queue, False, "ann")["across_splits"] == 0
    after = dataset.splits(Catalog(shapes))
    assert all(after[picture] == "valid" for picture, split in before.items() if split == "valid")
    DecisionLog(Catalog(shapes)).undo()
    assert find_duplicates(queue, False, "ann")["across_splits"] == made


def test_keep_one_of_two_copies(shapes):
    made = copies_across_the_split(shapes)
    queue = ReviewQueue(shapes)
    before = queue.page(View("duplicate"), 100)
    suspect = before.suspects[0]
    queue.index.decision_log.decide([DecisionRequest(suspect.image_id, "delete")], "ann", kind="duplicate")
    after = queue.page(View("duplicate"), 100)
    assert after.remaining == before.remaining - 1
    assert made <= before.remaining
    assert queue.counts()["duplicate"] == after.remaining


def test_pictures_without_a_label_come_grouped_by_what_they_are_taken_for(shapes, tmp_path):
    source = write_drawings(tmp_path / "more", 14)  # twelve of each are known already
    report = import_images(shapes, source, labelled=False)
    assert report.unlabelled == 6
    assert all(image.path.startswith("unlabelled/") for image in Catalog(shapes).images() if not image.label)
    queue = ReviewQueue(shapes)
    page = queue.page(View("unlabelled"), 100)
    assert [one.given for one in page.suspects] == [None] * 6
    said = [one.predicted for one in page.suspects]
    assert said == sorted(said)
    assert all(one.predicted in one.path for one in page.suspects), "drawings are easy"
    assert queue.page(n=100).remaining == 36, "they have no label that could be wrong"
    data = dataset.load(Catalog(shapes))
    assert len(data.images) == 36
    queue.index.decision_log.decide(
        [DecisionRequest(one.image_id, "label", one.predicted) for one in page.suspects], "ann"
    )
    assert queue.page(View("unlabelled")).suspects == []
    assert len(dataset.load(Catalog(shapes)).images) == 42


def test_a_project_that_cannot_be_reviewed_says_why(project, tmp_path, with_body):
    with pytest.raises(BearkitError, match="not a bearkit project"):
        ReviewQueue(project)
    import_images(with_body(project), write_drawings(tmp_path / "all", 4) / "disc", label="disc")
    with pytest.raises(ReviewError, match="the pictures have 1"):
        ReviewQueue(project).page()
    assert ReviewQueue(project).page(View("duplicate")).suspects == [], "copies need no second label"
    for path in project.images.rglob("*.png"):
        path.unlink()
    with pytest.raises(NoImagesError):
        ReviewQueue(project).page()


@pytest.mark.slow
def test_planted_wrong_labels_are_found_as_published(photographs, tmp_path):
    """EXPERIMENTS.md has four draws of two data sets; this is one of them, through the product's own queue."""
    project = photographs("flowers_ccby", tmp_path / "flowers")
    queue = ReviewQueue(project)
    ledger = queue.index.decision_log
    images = ledger.images()
    vocab = sorted({image.label for image in images})
    targets = np.array([vocab.index(image.label) for image in images])
    given, rows = flipped(targets, 0.1, seed=0)
    ledger.decide(
        [DecisionRequest(images[row].image_id, "relabel", vocab[given[row]]) for row in rows], "chance", kind="quality"
    )
    planted = {images[row].image_id for row in rows}
    truth = {image.image_id: image.label for image in images}
    found, looked = [], 0
    while looked < 2 * len(planted):
        page = queue.page(n=25)
        looked += len(page.suspects)
        found += [one.image_id in planted for one in page.suspects]
        ledger.decide(
            [DecisionRequest(one.image_id, "relabel", truth[one.image_id]) for one in page.suspects],
            "ann",
            kind="label",
        )
    assert sum(found[: len(planted)]) >= 0.78 * len(planted)
    assert sum(found) >= 0.95 * len(planted)


def test_a_damaged_picture_does_not_stop_the_review(shapes):
    image = DecisionLog(Catalog(shapes)).images()[0]
    (shapes.root / image.path).write_bytes(b"broken")
    queue = ReviewQueue(shapes)
    queue.index.pixel_stats()
    assert queue.page(n=100).remaining in (35, 36)
    assert isinstance(queue.counts()["quality"], int)


def test_a_decision_reads_no_features_again_and_a_moved_file_is_known_at_once(shapes):
    queue = ReviewQueue(shapes)
    before = queue.index.snapshot()
    assert queue.index.snapshot() is before, "nothing changed"
    first, second, *_ = before.images
    queue.index.decision_log.decide([DecisionRequest(first.image_id, "relabel", "star")], "ann")
    decided = queue.index.snapshot()
    assert decided.labels[0] == "star"
    assert np.shares_memory(decided.features, before.features)
    assert queue.page(snapshot=before).remaining == queue.page(snapshot=decided).remaining + 1
    apply_decisions(shapes)
    moved = queue.index.snapshot()
    assert moved.images[moved.row_of[first.image_id]].path == "images/star/" + first.path.rpartition("/")[2]
    assert [image.image_id for image in moved.images] == [image.image_id for image in before.images]
    assert np.shares_memory(moved.features, before.features)
    assert moved.images[moved.row_of[second.image_id]] == second


def test_a_copy_shares_the_split_of_the_other_picture_until_that_is_undone(shapes):
    queue = ReviewQueue(shapes)
    now = queue.index.snapshot()
    one, other = (now.images[np.flatnonzero(now.splits == split)[0]].image_id for split in ("train", "valid"))
    queue.index.decision_log.decide([DecisionRequest(one, "beside", other)], "ann")
    joined = queue.index.snapshot()
    assert joined.splits[joined.row_of[one]] == "valid"
    queue.index.decision_log.undo()
    assert (queue.index.snapshot().splits == now.splits).all()


def test_neighbours_are_alike(queue):
    image = queue.index.decision_log.images()[0]
    near = queue.neighbours(image.image_id, 3)
    assert [one.label for one in near] == [image.label] * 3
    assert image.image_id not in {one.image_id for one in near}
    assert queue.neighbours("0" * 64) == []
