"""The scikit-learn estimator, as scikit-learn uses it."""

import importlib
import sys

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.utils import estimator_checks

from bearkit.errors import ImageError, ShapeError, TooFewLabelsError
from bearkit.sklearn import ImageClassifier
from tests import tiny_body
from tests.conftest import write_drawings

CHECKS = (
    "check_estimator_cloneable", "check_estimator_repr", "check_estimator_tags_renamed", "check_get_params_invariance",
    "check_no_attributes_set_in_init", "check_parameters_default_constructible", "check_set_params",
    "check_valid_tag_types", "check_mixin_order",
)  # fmt: skip


@pytest.fixture(scope="module")
def drawings(tmp_path_factory):
    """Paths of 27 drawings, and their labels."""
    folder = write_drawings(tmp_path_factory.mktemp("sklearn") / "source", 9)
    paths = sorted(folder.rglob("*.png"))
    return np.array([str(path) for path in paths]), np.array([path.parent.name for path in paths])


@pytest.fixture
def classifier(tmp_path):
    tiny_body.register()
    return ImageClassifier(tiny_body.NAME, "none", epochs=40, lr=0.05, cache=tmp_path / "cache")


@pytest.mark.parametrize("name", CHECKS)
def test_scikit_learns_own_checks_pass(name):
    getattr(estimator_checks, name)("ImageClassifier", ImageClassifier())


def test_it_learns_and_predicts_the_labels_that_it_was_given(classifier, drawings):
    paths, labels = drawings
    assert classifier.fit(paths, labels) is classifier
    assert list(classifier.classes_) == ["disc", "square", "star"]
    probs = classifier.predict_proba(paths)
    assert probs.shape == (27, 3)
    assert probs.sum(axis=1) == pytest.approx(1)
    assert list(classifier.predict(paths)) == [classifier.classes_[n] for n in probs.argmax(1)]
    assert classifier.score(paths, labels) == np.mean(classifier.predict(paths) == labels)
    assert classifier.score(paths, labels) > 0.6
    assert clone(classifier).fit(paths, labels).predict_proba(paths) == pytest.approx(probs)


def test_it_works_in_a_cross_validation_and_in_a_pipeline(classifier, drawings):
    paths, labels = drawings
    assert cross_val_score(classifier, paths, labels, cv=3).shape == (3,)
    numbers = np.unique(labels, return_inverse=True)[1]
    assert set(make_pipeline(classifier).fit(list(paths), numbers).predict(list(paths))) <= {0, 1, 2}


def test_what_cannot_be_says_so(classifier, drawings, tmp_path):
    paths, labels = drawings
    with pytest.raises(NotFittedError):
        classifier.predict(paths)
    with pytest.raises(ShapeError, match="27 images and 3 labels"):
        classifier.fit(paths, labels[:3])
    with pytest.raises(TooFewLabelsError):
        classifier.fit(paths[:3], ["disc"] * 3)
    with pytest.raises(ValueError, match="dropout"):
        clone(classifier).set_params(dropout=3).fit(paths, labels)
    with pytest.raises(FileNotFoundError, match=r"gone.png"):
        classifier.fit([*paths, tmp_path / "gone.png"], [*labels, "star"])
    (tmp_path / "page.png").write_text("<!doctype html><html></html>")
    with pytest.raises(ImageError, match=r"page.png"):
        classifier.fit([*paths, tmp_path / "page.png"], [*labels, "star"])


def test_without_scikit_learn_the_error_says_what_to_install(monkeypatch):
    monkeypatch.delitem(sys.modules, "bearkit.sklearn")
    monkeypatch.setitem(sys.modules, "sklearn.base", None)
    with pytest.raises(ImportError, match="pip install scikit-learn"):
        importlib.import_module("bearkit.sklearn")
