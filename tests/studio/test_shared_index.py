"""The Label and the Review tab read one index: each image's features are held once, and both see every change."""

import shutil
import threading

import numpy as np
import pytest

from bearkit import Project, import_images
from bearkit.catalog.catalog import Catalog
from bearkit.catalog.decision_types import DecisionRequest
from bearkit.catalog.decisions import DecisionLog
from bearkit.labelling.background_features import FIRST
from bearkit.labelling.image_index import ImageIndex
from bearkit.studio.label import LabelTab
from bearkit.studio.review import ReviewTab
from bearkit.studio.shared_index import SharedIndex
from tests.conftest import write_drawings
from tests.gradio_parts import made

LABEL_PAGE = {"reviewer": "ann", "by": "auto", "proposed": "", "like": "", "many": "12", "audit": ""}
REVIEW_PAGE = {"kind": "any", "split": "", "label": "", "order": "out-of-fold", "n": "100"}


@pytest.fixture
def tabs(shapes):
    index = SharedIndex(shapes)
    return index, made(LabelTab, shapes, index), made(ReviewTab, shapes, index)


def test_both_tabs_show_what_either_changes_from_one_index(shapes, tabs):
    index, label, review = tabs
    assert label.next_page(LABEL_PAGE)["labelled"] == review.suspects(REVIEW_PAGE)["total"] == 36
    features = index.get().snapshot().features
    log = DecisionLog(Catalog(shapes))
    one, other = log.images()[:2]
    log.decide([DecisionRequest(one.image_id, "unlabel"), DecisionRequest(other.image_id, "delete")], "ann")
    page = label.next_page(LABEL_PAGE)
    assert [image["image_id"] for image in page["images"]] == [one.image_id]
    assert review.suspects(REVIEW_PAGE)["total"] == 35
    assert np.shares_memory(index.get().snapshot().features, features), "a decision needs no new features"


def test_threads_that_ask_at_once_get_the_same_index_and_a_new_catalogue_another(shapes, tmp_path):
    index, found = SharedIndex(shapes), []
    threads = [threading.Thread(target=lambda: found.append(index.get())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({id(one) for one in found}) == 1
    shutil.rmtree(shapes.root)
    assert index.get() is None
    import_images(shapes, write_drawings(tmp_path / "few", 2))
    assert index.get() is not found[0]
    assert len(index.get().snapshot().images) == 6


def test_the_review_waits_for_features_that_labelling_does_not_wait_for(tmp_path, with_body):
    project = with_body(Project(tmp_path / "shapes"))
    import_images(project, write_drawings(tmp_path / "photos", 40))
    index = ImageIndex(project, wait=False)
    assert FIRST <= len(index.snapshot().images) < 120
    assert len(index.snapshot(complete=True).images) == 120
    assert index.waiting == 0
