"""A label is taken away again: a decision like others, that can be undone, exported and carried into the folders."""

import csv

import pytest

from bearkit import Project, import_images
from bearkit.catalog.catalog import Catalog
from bearkit.catalog.decision_types import DecisionRequest
from bearkit.catalog.decisions import DecisionLog
from bearkit.catalog.settings import catalog_name, label_order
from bearkit.catalog.statistics import curation_stats
from bearkit.datasets import dataset
from bearkit.datasets.export import export_dataset
from bearkit.errors import ReviewError
from bearkit.labelling.apply import apply_decisions, unapply_decisions
from bearkit.labelling.review_actions import decide_file, merge_labels, take_labels_away
from bearkit.labelling.review_queue import ReviewQueue
from bearkit.labelling.review_view import View
from tests.conftest import write_pictures


@pytest.fixture
def ledger(tmp_path, project):
    import_images(project, write_pictures(tmp_path / "photos", {"black": 3, "teddy": 2}))
    return DecisionLog(Catalog(project))


def labels(ledger):
    return [image.label for image in ledger.images()]


def test_a_label_is_taken_away_and_given_again(ledger):
    first = ledger.images()[0].image_id
    (row,) = ledger.decide([DecisionRequest(first, "unlabel")], "ann")
    assert (row.action, row.from_label, row.to_label) == ("unlabel", "black", "")
    assert labels(ledger) == ["", "black", "black", "teddy", "teddy"]
    assert dataset.counts(ledger.catalog)["black"]["train"] + dataset.counts(ledger.catalog)["black"]["valid"] == 2
    (row,) = ledger.decide([DecisionRequest(first, "relabel", "teddy")], "ann")
    assert (row.action, row.from_label) == ("label", "")
    ledger.undo(2, "ann")
    assert labels(ledger) == ["black"] * 3 + ["teddy"] * 2
    with pytest.raises(ReviewError, match="unknown action"):
        ledger.decide([DecisionRequest(first, "forget")], "ann")


def test_all_pictures_of_a_label_lose_it_in_one_step(ledger):
    project = ledger.catalog.project
    assert take_labels_away(project, ["black"], "ann") == 3
    assert labels(ledger) == ["", "", "", "teddy", "teddy"]
    assert (
        curation_stats(
            ledger.catalog, {image.image_id: image.label for image in ledger.images() if image.label}
        ).deleted
        == 0
    )
    with pytest.raises(ReviewError, match="no picture has these labels"):
        take_labels_away(project, ["black", ""], "ann")
    with pytest.raises(ReviewError, match="the new label is empty"):
        merge_labels(project, ["teddy"], " ", "ann")
    assert len(ledger.undo(1, "ann")) == 3
    assert labels(ledger) == ["black"] * 3 + ["teddy"] * 2


def test_its_file_goes_to_unlabelled_and_back(ledger):
    project = ledger.catalog.project
    first = ledger.images()[0]
    ledger.decide([DecisionRequest(first.image_id, "unlabel")], "ann")
    assert apply_decisions(project).moved == 1
    assert [path.name for path in project.unlabelled.iterdir()] == ["0.png"]
    assert apply_decisions(project).moved == 0
    assert unapply_decisions(project).moved == 1
    assert (project.root / first.path).is_file()


def test_a_table_of_decisions_tells_it_to_another_project(ledger, tmp_path):
    project = ledger.catalog.project
    first = ledger.images()[0].image_id
    ledger.decide([DecisionRequest(first, "unlabel")], "ann")
    export_dataset(project, tmp_path / "out", "csv")
    with (tmp_path / "out" / "decisions.csv").open() as file:
        assert [(row["image_id"], row["action"]) for row in csv.DictReader(file)] == [(first, "unlabel")]
    other = Project(tmp_path / "other")
    import_images(other, tmp_path / "photos")
    decide_file(other, tmp_path / "out" / "decisions.csv", "ben")
    assert labels(DecisionLog(Catalog(other))) == ["", "black", "black", "teddy", "teddy"]


def test_pictures_without_labels_can_be_looked_at_before_there_are_two_labels(tmp_path, project, with_body):
    import_images(with_body(project), write_pictures(tmp_path / "photos", {"some": 3}), labelled=False)
    queue = ReviewQueue(project)
    for n_labelled in (0, 1):
        page = queue.page(View("unlabelled"))
        assert len(page.suspects) == 3 - n_labelled
        assert {one.predicted for one in page.suspects} == {None}
        queue.index.decision_log.decide([DecisionRequest(page.suspects[0].image_id, "relabel", "bear")], "ann")
    with pytest.raises(ReviewError, match="labels can be compared once there are two"):
        queue.page(View("label"))


def test_a_label_keeps_its_place_whatever_comes_and_goes(ledger):
    catalog = ledger.catalog
    assert label_order(catalog, ["teddy", "black", ""]) == ["black", "teddy"]
    assert label_order(catalog, ["aardvark", "black", "teddy"]) == ["black", "teddy", "aardvark"]
    assert label_order(catalog, ["ape", "aardvark"]) == ["black", "teddy", "aardvark", "ape"]
    assert label_order(Catalog(catalog.project), []) == ["black", "teddy", "aardvark", "ape"]  # after a restart


def test_a_catalogue_has_a_name_that_neither_its_copy_nor_its_successor_has(ledger, tmp_path):
    project = ledger.catalog.project
    names = {catalog_name(ledger.catalog), catalog_name(Catalog(project))}
    assert len(names) == 1
    copy = Project(project.root.rename(tmp_path / "moved"))
    names.add(catalog_name(Catalog(copy)))
    import_images(project, tmp_path / "photos")
    names.add(catalog_name(Catalog(project)))
    assert len(names) == 3
