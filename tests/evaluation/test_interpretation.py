"""What a model gets right and wrong, against scikit-learn's and SciPy's answers."""

import numpy as np
import pytest
from scipy.stats import binomtest
from sklearn import metrics as reference

from bearkit import Interpretation, Project
from bearkit.errors import RunError, ShapeError
from bearkit.evaluation import figures, metrics
from bearkit.evaluation.label_issues import rank_label_issues
from bearkit.evaluation.losses import losses, top_losses


@pytest.fixture
def predictions():
    """Random probabilities of 4 labels for 200 pictures, and targets that they often miss; label 3 is never given."""
    rng = np.random.default_rng(0)
    probs = rng.dirichlet(np.ones(4), 200)
    return probs, np.where(rng.random(200) < 0.5, probs.argmax(1), rng.integers(0, 4, 200)) % 3


def test_counts_and_rates_are_scikit_learns(predictions):
    probs, targets = predictions
    predicted = probs.argmax(1)
    matrix = metrics.confusion_matrix(probs, targets)
    assert np.array_equal(matrix, reference.confusion_matrix(targets, predicted, labels=range(4)))
    assert metrics.error_rate(probs, targets) == pytest.approx(1 - reference.accuracy_score(targets, predicted))
    precision, recall, _, given = reference.precision_recall_fscore_support(
        targets, predicted, labels=range(4), zero_division=np.nan
    )
    ours = metrics.precision_recall(matrix)
    assert [p for p, _ in ours] == pytest.approx(precision.tolist())
    assert [r for _, r in ours][:3] == pytest.approx(recall.tolist()[:3])
    assert given[3] == 0
    assert ours[3][1] is None


def test_losses_are_scikit_learns(predictions):
    probs, targets = predictions
    assert losses(probs, targets).mean() == pytest.approx(reference.log_loss(targets, probs, labels=range(4)))


def test_an_impossible_label_has_a_large_finite_loss():
    assert 500 < losses(np.array([[1.0, 0.0]]), np.array([1]))[0] < 1000


@pytest.mark.parametrize(("wrong", "total"), [(0, 10), (4, 83), (10, 10), (37, 1000), (1, 1)])
def test_the_interval_is_the_exact_one(wrong, total):
    exact = binomtest(wrong, total).proportion_ci(method="exact")
    assert metrics.error_interval(wrong, total) == pytest.approx((exact.low, exact.high))


def test_most_confused_leaves_the_right_ones_out_and_begins_with_the_most_frequent():
    matrix = np.array([[50, 2, 0], [5, 40, 1], [0, 0, 9]])
    assert metrics.most_confused(matrix) == [(1, 0, 5), (0, 1, 2), (1, 2, 1)]
    assert metrics.most_confused(matrix, min_count=2) == [(1, 0, 5), (0, 1, 2)]


def test_top_losses_are_sorted_and_all_when_there_are_fewer(predictions):
    probs, targets = predictions
    indices, values = top_losses(probs, targets, 1000)
    assert sorted(indices) == list(range(200))
    assert (np.diff(values) <= 0).all()
    assert np.array_equal(indices, rank_label_issues(probs, targets))


def test_arrays_that_do_not_fit_are_refused():
    with pytest.raises(ShapeError, match=r"probs of shape \(2, 2\) and targets of shape \(3,\)"):
        top_losses(np.ones((2, 2)) / 2, np.zeros(3, int))


def test_interpretation_tells_of_the_validation_pictures_of_a_run(trained):
    interp = Interpretation.from_learner(trained.learn)
    data = interp.as_dict(3)
    assert data == Interpretation.from_run(trained.project).as_dict(3)
    assert data["vocab"] == ["disc", "square", "star"]
    assert np.sum(data["confusion_matrix"]) == 6  # 2 of each 12
    assert data["error_rate"] == pytest.approx(trained.learn.run.result["error_rate"])
    row = data["top_losses"][0]
    assert set(row) == {"image_id", "path", "given", "predicted", "loss", "probability"}
    assert (trained.project.root / row["path"]).is_file()
    assert row["path"].startswith(f"images/{row['given']}/")
    assert set(data["labels"]) == {"disc", "square", "star"}


def test_a_split_without_pictures_is_told(trained):
    with pytest.raises(RunError, match="no pictures in split `test`"):
        Interpretation.from_run(trained.project, split="test")


def test_figures_are_drawn(trained, tmp_path):
    interp = Interpretation.from_learner(trained.learn)
    interp.plot_confusion_matrix().savefig(tmp_path / "matrix.png")
    plate = interp.plot_top_losses(4)
    plate.savefig(tmp_path / "losses.png")
    titles = [axes.get_title() for axes in plate.axes]
    row = interp.top_losses(1)[0]
    assert titles[0] == f"{row['predicted']} / {row['given']} / {row['loss']:.2f} / {row['probability']:.2f}"
    assert len([title for title in titles if title]) == 4


def test_a_figure_of_a_picture_that_is_gone_says_so(tmp_path):
    row = {
        "image_id": "0" * 64,
        "path": "images/gone.jpg",
        "given": "a",
        "predicted": "b",
        "loss": 1.0,
        "probability": 0.5,
    }
    axes = figures.top_losses([row], Project(tmp_path)).axes[0]
    assert axes.texts[0].get_text() == "there is no such file"
