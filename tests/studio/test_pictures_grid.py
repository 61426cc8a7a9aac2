"""What the grid of the Data tab is answered: pages of pictures, ranges, the facts of one, decisions as one step."""

import shutil
from itertools import count

import pytest

from bearkit import Project
from bearkit.catalog.catalog import Catalog
from bearkit.catalog.decisions import DecisionLog
from bearkit.catalog.label_set import add_label, describe_label
from bearkit.studio.outbox import store
from bearkit.studio.pictures import Pictures
from bearkit.studio.server_functions import errors_as_answers
from bearkit.studio.shared_index import SharedIndex
from tests.gradio_parts import made

NUMBERS = count()  # each step has a token of its own


@pytest.fixture(scope="module")
def copied(drawn, tmp_path_factory):
    return Project(shutil.copytree(drawn.root, tmp_path_factory.mktemp("grid") / "shapes"))


@pytest.fixture
def project(copied):
    """36 drawings with the labels disc, square and star; what a test decides is taken back."""
    yield copied
    log = DecisionLog(Catalog(copied))
    log.undo(len(log.current()) + 9) if log.current() else None


@pytest.fixture
def grid(project):
    return made(Pictures, project, SharedIndex(project))


def decide(project, page, ids, action, to=None):
    choices = [{"image_id": one, "action": action, "to": to} for one in ids]
    step = {
        "project": page["project"],
        "reviewer": "ann",
        "token": f"step {next(NUMBERS)}",
        "since": page["since"],
        "choices": choices,
    }
    return store(project, step)


def ids(page):
    return [one["image_id"] for one in page["images"]]


def test_pages_together_are_all_pictures_and_each_has_a_thumbnail(grid):
    pages = [grid.pictures({"start": start, "n": 20}) for start in (0, 20, 40)]
    assert [len(page["images"]) for page in pages] == [20, 16, 0]
    assert {page["total"] for page in pages} == {36} == {pages[0]["all"]}
    assert len({*ids(pages[0]), *ids(pages[1])}) == 36
    assert all(one["url"].endswith(f"{one['image_id']}.jpg") for one in pages[0]["images"])
    assert pages[0]["labels"] == [["disc", 12], ["square", 12], ["star", 12]]
    assert pages[0]["sources"] == ["files"]


def test_the_place_of_a_picture_is_found_among_those_that_fit(grid):
    page = grid.pictures({"start": 0, "n": 36, "named": "star", "sort": "label"})
    assert grid.pictures({"start": 0, "n": 1, "named": "star", "sort": "label", "at": ids(page)[7]})["place"] == 7
    assert grid.pictures({"start": 0, "n": 1, "named": "disc", "at": ids(page)[7]})["place"] == -1


def test_a_range_names_pictures_that_were_not_loaded(grid):
    page = grid.pictures({"start": 0, "n": 36})
    assert grid.range_ids({"first": 5, "last": 30}) == {"ids": ids(page)[5:31], "version": page["version"]}


def test_a_bulk_decision_is_one_step_and_deleted_pictures_can_be_taken_back(project, grid):
    page = grid.pictures({"start": 0, "n": 36, "named": "disc"})
    decide(project, page, ids(page), "relabel", "circle")
    now = grid.pictures({"start": 0, "n": 36, "named": "circle"})
    assert sorted(ids(now)) == sorted(ids(page))
    assert now["version"] != page["version"]
    decide(project, now, ids(now)[:3], "delete")
    gone = grid.pictures({"start": 0, "n": 36, "show": "deleted"})
    assert sorted(ids(gone)) == sorted(ids(now)[:3])
    assert (gone["total"], gone["all"], gone["deleted"]) == (3, 33, 3)
    assert all(one["deleted"] and one["label"] == "circle" for one in gone["images"])
    decide(project, gone, ids(gone)[:1], "keep")
    assert grid.pictures({"start": 0, "n": 1, "named": "circle"})["total"] == 10
    answers = [grid.undo_or_redo({"action": "undo", "reviewer": "ann"})["message"] for _ in range(3)]
    assert answers[1:] == ["Undone: 3 deleted.", "Undone: 12 relabelled."]
    assert grid.pictures({"start": 0, "n": 1, "named": "disc"})["total"] == 12


def test_a_decision_in_the_grid_counts_for_every_kind_of_review(project, grid):
    page = grid.pictures({"start": 0, "n": 1})
    decide(project, page, ids(page), "delete")
    (row,) = DecisionLog(Catalog(project)).current().values()
    assert (row.kind, row.view, row.reviewer) == (None, None, "ann")


def test_the_facts_of_a_picture_name_its_file_its_source_and_each_decision(project, grid):
    page = grid.pictures({"start": 0, "n": 1, "named": "star"})
    (image_id,) = ids(page)
    before = dict(grid.details({"image_id": image_id})["facts"])
    assert before["label"] == before["imported as"] == "star"
    assert before["id"] == image_id
    assert before["split"] in ("train", "valid")
    assert before["from"].endswith(before["file"].rsplit("/", 1)[-1])
    decide(project, page, [image_id], "relabel", "comet")
    decide(project, page, [image_id], "delete")
    after = grid.details({"image_id": image_id})
    assert after["facts"][0] == ("label", "deleted")
    decisions = [text for name, text in after["facts"] if name == "decision"]
    assert decisions[0].startswith("relabelled `star` to `comet`, by ann, ")
    assert decisions[1].startswith("deleted, by ann, ")


def test_a_picture_that_is_gone_and_a_query_that_makes_no_sense_are_told(grid):
    ask = errors_as_answers(grid.details)
    assert ask({"image_id": "f" * 64}) == {
        "error": "this picture is no longer in the project",
        "hint": "reload the page",
    }
    assert errors_as_answers(grid.pictures)({"n": 1, "part": "dev"})["error"] == "there is no split `dev`"
    assert "cannot read" in errors_as_answers(grid.pictures)({"n": "many"})["error"]


def test_labels_without_pictures_are_offered_unless_they_are_retired(project, grid):
    add_label(Catalog(project), "comet")
    assert ["comet", 0] in grid.pictures({"start": 0, "n": 1})["labels"]
    describe_label(Catalog(project), "comet", retired=True)
    assert ["comet", 0] not in grid.pictures({"start": 0, "n": 1})["labels"]
