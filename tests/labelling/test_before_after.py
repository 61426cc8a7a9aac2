"""What a review was worth, told honestly; decisions from other tools; the cleaned pictures for others."""

import csv
import json
import shutil

import numpy as np
import pytest
from scipy.stats import binomtest

from bearkit import Learner, Project, compare_runs, decide_file, decide_one, export_dataset, import_images
from bearkit.catalog.catalog import Catalog
from bearkit.catalog.decision_types import DecisionRequest
from bearkit.catalog.decisions import DecisionLog
from bearkit.datasets import dataset
from bearkit.errors import ReviewError, RunError, ShapeError
from bearkit.evaluation.paired_tests import (
    BETTER,
    CANNOT_TELL,
    ONLY_LABELS,
    WORSE,
    bootstrap_interval,
    compare_predictions,
    mcnemar,
)
from bearkit.labelling.image_finder import ImageFinder
from tests.conftest import write_drawings, write_pictures


def labels(text):
    return np.array(list(text))


def test_mcnemar_is_the_exact_binomial_test():
    for gained, lost in ((0, 0), (6, 0), (0, 5), (9, 3), (20, 18)):
        n = gained + lost
        expected = binomtest(gained, n, 0.5).pvalue if n else 1.0
        assert mcnemar(gained, lost) == pytest.approx(expected)


def test_the_bootstrap_interval_is_that_of_resampled_pictures():
    rng = np.random.default_rng(1)
    change = np.repeat([-1, 1, 0], [12, 4, 84])
    means = [change[rng.integers(0, 100, 100)].mean() for _ in range(10_000)]
    assert bootstrap_interval(12, 4, 100) == pytest.approx(np.quantile(means, [0.025, 0.975]), abs=0.011)


def test_verdicts_of_crafted_models():
    truth = labels("abab" * 10)
    wrong_10 = truth.copy()
    wrong_10[:10] = np.where(truth[:10] == "a", "b", "a")
    assert compare_predictions(wrong_10, truth, truth, truth).verdict == BETTER
    assert compare_predictions(truth, wrong_10, truth, truth).verdict == WORSE
    only_labels = compare_predictions(truth, truth, wrong_10, truth)
    assert only_labels.verdict == ONLY_LABELS
    assert only_labels.table == [[0.25, 0.0], [0.25, 0.0]]
    assert "25.0 %" in only_labels.sentence
    wrong_2 = truth.copy()
    wrong_2[:2] = ["b", "a"]
    assert compare_predictions(truth, truth, wrong_2, truth).verdict == CANNOT_TELL
    assert compare_predictions(wrong_2, truth, truth, truth).verdict == CANNOT_TELL
    assert compare_predictions(truth, truth, truth, truth).interval == (0.0, 0.0)
    with pytest.raises(ShapeError):
        compare_predictions(truth, truth[1:], truth, truth)
    with pytest.raises(ShapeError):
        compare_predictions(truth[:0], truth[:0], truth[:0], truth[:0])


def noisy(project, share, split, seed=0):
    """Relabel a share of one split at random; the choices that put it right again."""
    catalog = Catalog(project)
    data = dataset.load(catalog)
    rng = np.random.default_rng(seed)
    rows = rng.choice(data.indices(split), round(share * len(data.indices(split))), replace=False)
    wrong = [
        DecisionRequest(
            data.images[row].image_id, "relabel", rng.choice([v for v in data.vocab if v != data.images[row].label])
        )
        for row in rows
    ]
    DecisionLog(catalog).decide(wrong, "chance")
    return [DecisionRequest(data.images[row].image_id, "relabel", data.images[row].label) for row in rows]


@pytest.fixture(scope="module")
def flowers(photographs, tmp_path_factory):
    """The flower photographs, looked at once; copied by tests."""
    return photographs("flowers_ccby", tmp_path_factory.mktemp("flowers") / "flowers")


def retrained(project, right):
    """Train with the noise, put it right, train again, and compare."""
    Learner(project).fit_one_cycle()
    DecisionLog(Catalog(project)).decide(right, "ann")
    Learner(project).fit_one_cycle()
    return compare_runs(project, "001", "002")


def copy_of(project, tmp_path):
    shutil.copytree(project.root, tmp_path / "copy")
    return Project(tmp_path / "copy")


@pytest.mark.slow
def test_corrected_validation_labels_earn_the_model_no_credit(flowers, tmp_path):
    project = copy_of(flowers, tmp_path)
    found = retrained(project, noisy(project, 0.2, "valid"))
    assert found["verdict"] == ONLY_LABELS
    assert found["table"][0][1] < found["table"][0][0] - 0.1
    assert found["relabelled"] == 20
    assert found["p_value"] > 0.05


@pytest.mark.slow
def test_corrected_training_labels_do(flowers, tmp_path):
    project = copy_of(flowers, tmp_path)
    found = retrained(project, noisy(project, 0.5, "train"))
    assert found["verdict"] == BETTER
    assert found["relabelled"] == 0
    assert found["interval"][1] < 0
    assert found["images"] == 100


@pytest.mark.slow
def test_a_change_of_two_pictures_cannot_be_told(flowers, tmp_path):
    project = copy_of(flowers, tmp_path)
    found = retrained(project, noisy(project, 0.02, "valid"))
    assert found["relabelled"] == 2
    assert found["verdict"] == CANNOT_TELL


def test_runs_that_have_no_picture_in_common_are_not_compared(shapes):
    def aside(seed):
        return {picture for picture, split in dataset.splits(Catalog(shapes), seed).items() if split == "valid"}

    other = next(seed for seed in range(1000) if not aside(seed) & aside(42))
    Learner(shapes, seed=other).fit_one_cycle(2)
    with pytest.raises(RunError, match="no validation picture in common") as caught:
        compare_runs(shapes, "001", "002")
    assert "--seed" in caught.value.hint
    with pytest.raises(RunError, match="no run `009`"):
        compare_runs(shapes, "001", "009")


def test_a_renamed_label_is_no_mistake_of_the_old_model(shapes):
    ledger = DecisionLog(Catalog(shapes))
    stars = [image.image_id for image in ledger.images() if image.label == "star"]
    ledger.decide([DecisionRequest(one, "relabel", "sea star") for one in stars], "ann")
    Learner(shapes).fit_one_cycle()
    found = compare_runs(shapes, "001", "002")
    assert found["renamed"] == 2
    assert found["verdict"] == CANNOT_TELL


@pytest.fixture
def bears(project, tmp_path):
    """Ten black and ten teddy pictures of a folder named bears."""
    import_images(project, write_pictures(tmp_path / "bears", {"black": 10, "teddy": 10}))
    return project


def rows_of(path):
    with path.open() as file:
        return list(csv.DictReader(file))


def now(project):
    return {image.path.removeprefix("images/"): image.label for image in DecisionLog(Catalog(project)).images()}


def write(path, text):
    path.write_text(text)
    return path


def test_a_picture_is_named_by_its_id_the_beginning_of_it_or_a_path(bears):
    image, other, third, *_ = DecisionLog(Catalog(bears)).images()
    decide_one(bears, image.image_id, "delete", "ann")
    result = decide_one(bears, other.image_id[:10], "relabel:polar bear", "ann")
    decide_one(bears, third.path, "relabel: teddy", "ann")
    assert result["new_labels"] == ["polar bear"]
    after = now(bears)
    assert image.path.removeprefix("images/") not in after
    assert after[other.path.removeprefix("images/")] == "polar bear"
    assert after[third.path.removeprefix("images/")] == "teddy"
    assert ImageFinder(Catalog(bears))("teddy/0.png") is None, "0.png is a black bear"
    for name, action in (("nothing.png", "keep"), ("", "keep"), (third.path, "relabel"), (third.path, "relabel:"),
                         (third.path, "burn"), (third.path, "keep:teddy")):  # fmt: skip
        with pytest.raises(ReviewError) as caught:
            decide_one(bears, name, action, "ann")
        assert caught.value.hint


def test_our_own_csv_comes_back_as_it_went(bears, tmp_path):
    images = DecisionLog(Catalog(bears)).images()
    decide_one(bears, images[0].image_id, "delete", "ann")
    decide_one(bears, images[1].image_id, "relabel:teddy", "ben")
    decide_one(bears, images[2].image_id, "keep", "ben")
    export_dataset(bears, tmp_path / "tables", "csv")
    rows = rows_of(tmp_path / "tables" / "labels.csv")
    assert len(rows) == 19
    changed = next(row for row in rows if row["image_id"] == images[1].image_id)
    assert (changed["label"], changed["imported_as"], changed["reviewed_by"]) == ("teddy", "black", "ben")
    expected = now(bears)
    DecisionLog(Catalog(bears)).undo(n=9)
    result = decide_file(bears, tmp_path / "tables" / "decisions.csv", "carl")
    assert len(result["stored"]) == 3
    assert now(bears) == expected


def test_csvs_of_other_tools_are_read(bears, tmp_path):
    fastai = write(tmp_path / "cleaned.csv", "name,label\nblack/0.png,teddy\nblack/1.png,black\n")
    result = decide_file(bears, fastai, "ann")
    assert (len(result["stored"]), result["absent"]) == (1, 18), "a row with the label that it has says nothing new"
    assert now(bears)["black/0.png"] == "teddy"
    cleanlab = write(
        tmp_path / "issues.csv",
        "path,is_label_issue,label_quality,given_label,predicted_label\n"
        f"{tmp_path}/bears/black/2.png,True,0.01,black,teddy\n{tmp_path}/bears/black/3.png,False,0.9,black,black\n",
    )
    assert len(decide_file(bears, cleanlab, "ann")["stored"]) == 1
    assert now(bears)["black/2.png"] == "teddy"
    studio = write(
        tmp_path / "project-1.csv",
        "image,id,choice,annotator\n/data/upload/1/1a2b3c4d-4.png,1,teddy,7\n"
        '/data/local-files/?d=bears/black/5.png,2,"{""choices"": [""teddy""]}",7\nelsewhere/999.png,3,black,7\n',
    )
    result = decide_file(bears, studio, "ann")
    assert now(bears)["black/4.png"] == now(bears)["black/5.png"] == "teddy"
    assert result["unmatched"] == ["elsewhere/999.png"]


def test_a_csv_that_makes_no_sense_changes_nothing(bears, tmp_path):
    before = now(bears)
    for name, text in {
        "columns": "colour,size\nred,5\n",
        "empty": "",
        "action": "path,action\nblack/0.png,delete\nblack/1.png,explode\n",
        "strangers": "path,action\nnot/here.png,delete\n",
        "binary": b"\xff\xfe\x00".decode("latin-1"),
    }.items():
        path = tmp_path / f"{name}.csv"
        path.write_bytes(text.encode("latin-1"))
        with pytest.raises(ReviewError) as caught:
            decide_file(bears, path, "ann")
        assert caught.value.hint
    with pytest.raises(ReviewError, match="cannot be read"):
        decide_file(bears, tmp_path / "missing.csv", "ann")
    assert now(bears) == before


def test_the_cleaned_pictures_are_a_folder_that_trains_alike(bears, tmp_path):
    images = DecisionLog(Catalog(bears)).images()
    decide_one(bears, images[0].image_id, "delete", "ann")
    decide_one(bears, images[1].image_id, "relabel:teddy", "ann")
    result = export_dataset(bears, tmp_path / "cleaned")
    assert result == {
        "folder": str(tmp_path / "cleaned"), "images": 19, "missing": [], "unlabelled": 0, "unconfirmed": 0,
        "labels": {"black": 8, "teddy": 11}, "renamed": {}, "seed": 42,
    }  # fmt: skip
    again = Project(tmp_path / "again")
    assert import_images(again, tmp_path / "cleaned").labels == {"black": 8, "teddy": 11}
    theirs = {image.image_id: image.label for image in DecisionLog(Catalog(again)).images()}
    assert theirs == {image.image_id: image.label for image in DecisionLog(Catalog(bears)).images()}
    with pytest.raises(ReviewError, match="is there already"):
        export_dataset(bears, tmp_path / "cleaned")
    with pytest.raises(ReviewError, match="no format `parquet`"):
        export_dataset(bears, tmp_path / "other", "parquet")


def test_the_hubs_layout_keeps_splits_and_provenance(bears, tmp_path):
    dataset.load(Catalog(bears))
    export_dataset(bears, tmp_path / "hub", "imagefolder")
    counted = {}
    for split in ("train", "validation"):
        lines = (tmp_path / "hub" / split / "metadata.jsonl").read_text(encoding="utf-8").splitlines()
        rows = [json.loads(line) for line in lines]
        counted[split] = len(rows)
        for row in rows:
            assert (tmp_path / "hub" / split / row["file_name"]).is_file()
            assert row["file_name"].startswith(row["label"])
            assert row["origin"].startswith(str(tmp_path / "bears"))
    assert counted == {"train": 16, "validation": 4}
    again = Project(tmp_path / "again")
    import_images(again, tmp_path / "hub")
    assert dataset.splits(Catalog(again)) == dataset.splits(Catalog(bears))


def test_the_review_on_the_command_line(shapes, bearkit_json, tmp_path):
    page = bearkit_json("review", "next", "--n", "3", "-p", shapes.root)
    assert set(page["left"]) == {"estimate", "interval"}
    assert [set(one) for one in page["suspects"]] == [
        {"image_id", "path", "split", "given", "predicted", "probability", "loss", "kind", "reason", "twin"}
    ] * 3
    first = page["suspects"][0]["image_id"]
    stored = bearkit_json("review", "decide", first, "delete", "--reviewer", "ann", "-p", shapes.root)["stored"]
    assert (stored[0]["image_id"], stored[0]["action"], stored[0]["reviewer"]) == (first, "delete", "ann")
    assert bearkit_json("status", "-p", shapes.root)["images"] == 35
    assert bearkit_json("review", "undo", "-p", shapes.root)["undone"][0]["image_id"] == first
    assert bearkit_json("review", "redo", "-p", shapes.root)["redone"][0]["image_id"] == first
    actions = [row["action"] for row in bearkit_json("review", "history", "-p", shapes.root)["decisions"]]
    assert actions == ["redo", "undo", "delete"]
    assert bearkit_json("review", "apply", "-p", shapes.root) == {"moved": 0, "trashed": 1, "missing": []}
    assert bearkit_json("train", "--epochs", "2", "-p", shapes.root)["run"] == "002"
    compared = bearkit_json("compare", "001", "002", "-p", shapes.root)
    assert np.shape(compared["table"]) == (2, 2)
    assert compared["verdict"] == CANNOT_TELL
    assert {"p_value", "interval", "sentence"} <= set(compared)
    assert bearkit_json("review", "unapply", "-p", shapes.root)["moved"] == 1
    found = bearkit_json("duplicates", "-p", shapes.root)
    assert found == {"groups": [], "across_splits": 0, "mended": 0}
    for kind in ("duplicate", "outlier", "quality", "unlabelled"):
        assert bearkit_json("review", "next", "--kind", kind, "-p", shapes.root)["suspects"] == []
    assert bearkit_json("export-dataset", tmp_path / "out", "-p", shapes.root)["images"] == 35
    assert json.dumps(bearkit_json("review", "history", "--n", "1", "-p", shapes.root))
    failed = bearkit_json("review", "decide", "nothing", "keep", "-p", shapes.root, code=1)
    assert set(failed) == {"error", "hint"}


def test_drawings_without_labels_are_imported_on_request(bearkit_json, tmp_path, with_body):
    with_body(Project(tmp_path / "p"))
    write_drawings(tmp_path / "photos", 3)
    bearkit_json("import", tmp_path / "photos", "-p", tmp_path / "p")
    write_drawings(tmp_path / "more", 4)
    report = bearkit_json("import", tmp_path / "more", "--unlabelled", "-p", tmp_path / "p")
    assert (report["imported"], report["unlabelled"]) == (3, 3)
    page = bearkit_json("review", "next", "--kind", "unlabelled", "-p", tmp_path / "p")
    assert [one["given"] for one in page["suspects"]] == [None] * 3
