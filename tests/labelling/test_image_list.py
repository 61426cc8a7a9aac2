"""The list of all images of a project: filters, search and order, and what is computed again after a change."""

import pytest

from bearkit import Project, import_images
from bearkit.catalog.catalog import Catalog
from bearkit.catalog.decision_types import ACCEPTED, DecisionContext, DecisionRequest
from bearkit.catalog.decisions import DecisionLog
from bearkit.catalog.schema import ImageRecord, SourceRecord
from bearkit.datasets import dataset
from bearkit.errors import ReviewError
from bearkit.labelling.image_index import ImageIndex
from bearkit.labelling.image_list import MAX_ORDERS, ImageList
from bearkit.labelling.image_query import ImageQuery
from tests.conftest import write_pictures

ROWS = (  # id, label, origin
    ("aa1", "grizzly", "/home/me/photos/Bär 10.jpg"),
    ("aa2", "grizzly", "/home/me/photos/Bär 9.jpg"),
    ("bb1", "black", "https://example.org/a/black-1.png"),
    ("bb2", "", "dropped/x1/unnamed.jpg"),
    ("cc1", "teddy", "camera/2026-11-26 10.00.00"),
    ("cc2", "teddy", "hf://me/bears@0123/teddy/7.jpg"),
)


@pytest.fixture
def bears(tmp_path):
    """A project with six rows and no files; each row was added in a transaction of its own."""
    project = Project(tmp_path / "bears")
    catalog = Catalog(project, create=True)
    for image_id, label, origin in ROWS:
        image = ImageRecord(image_id, f"images/{image_id}.jpg", label, None, 8, 8, "JPEG", 1)
        catalog.record([image], [SourceRecord(origin, label, None, "imported", image_id=image_id)])
    return project


def no_model():
    raise AssertionError("this order needs no model")


def found(project, **query):
    listed = ImageList(project, no_model)
    return listed.order(ImageQuery(**query), listed.state())


def decide(project, *requests, **context):
    DecisionLog(Catalog(project)).decide(
        [DecisionRequest(*one) for one in requests], "ann", context=DecisionContext(**context)
    )


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ({}, ["aa1", "aa2", "bb1", "bb2", "cc1", "cc2"]),
        ({"label": "grizzly"}, ["aa1", "aa2"]),
        ({"show": "unlabelled"}, ["bb2"]),
        ({"show": "deleted"}, []),
        ({"source": "web"}, ["bb1"]),
        ({"source": "hub"}, ["cc2"]),
        ({"source": "camera"}, ["cc1"]),
        ({"source": "dropped"}, ["bb2"]),
        ({"source": "files"}, ["aa1", "aa2"]),
        ({"text": "example.ORG"}, ["bb1"]),
        ({"text": "TEDDY"}, ["cc1", "cc2"]),
        ({"text": "teddy camera"}, ["cc1"]),
        ({"text": "teddy grizzly"}, []),
        ({"text": "ba\u0308r"}, ["aa1", "aa2"]),  # the letter and its dots as two characters
        ({"text": "cc"}, ["cc1", "cc2"]),
        ({"text": "c1"}, ["cc1"]),  # in the path, although no id begins so
        ({"label": "teddy", "source": "web"}, []),
    ],
)
def test_filters_and_words_narrow_the_list(bears, query, ids):
    assert sorted(found(bears, **query)) == ids


def test_names_are_sorted_as_people_count(bears):
    names = found(bears, sort="name")
    assert names.index("aa2") < names.index("aa1")  # 9 before 10
    assert found(bears, sort="name", label="grizzly") == ["aa2", "aa1"]


def test_pictures_without_a_label_are_last_in_the_order_of_labels(bears):
    labels = {image_id: label for image_id, label, _ in ROWS}
    assert [labels[one] for one in found(bears, sort="label")] == ["black", "grizzly", "grizzly", "teddy", "teddy", ""]


def test_the_newest_picture_is_first_or_last(bears):
    Catalog(bears).record([ImageRecord("dd1", "d.jpg", "", None, 8, 8, "JPEG", 1)], [])
    with Catalog(bears).connection(write=True) as connection:
        connection.exec_driver_sql("UPDATE images SET added = '2026-01-01' WHERE image_id != 'dd1'")
    assert found(bears)[0] == found(bears, sort="oldest")[-1] == "dd1"
    others = [one for one in found(bears, sort="name") if one != "dd1"]  # which came at the same time
    assert found(bears)[1:] == found(bears, sort="oldest")[:-1] == others


def test_a_decision_moves_a_picture_and_undo_brings_it_back(bears):
    decide(bears, ("aa1", "relabel", "black"), ("aa2", "delete"), ("cc1", "unlabel"))
    assert sorted(found(bears, label="black")) == ["aa1", "bb1"]
    assert sorted(found(bears, text="grizzly")) == []
    assert found(bears, show="deleted") == ["aa2"]
    assert found(bears, show="deleted", label="grizzly") == ["aa2"]  # the label that it had
    assert sorted(found(bears, show="unlabelled")) == ["bb2", "cc1"]
    DecisionLog(Catalog(bears)).undo(1, "ann")
    assert found(bears, show="deleted") == []
    assert sorted(found(bears, label="grizzly")) == ["aa1", "aa2"]


def test_one_list_follows_decisions_and_imports_and_counts_labels(bears):
    listed = ImageList(bears, no_model)
    first = listed.state()
    assert listed.state() is first
    assert first.counts == {"grizzly": 2, "black": 1, "teddy": 2, "": 1}
    decide(bears, ("aa1", "delete"))
    second = listed.state()
    assert second.images is first.images  # a decision does not let the images be read again
    assert second.version != first.version
    assert second.counts == {"grizzly": 1, "black": 1, "teddy": 2, "": 1}
    assert len(listed.order(ImageQuery(), second)) == 5
    Catalog(bears).record([ImageRecord("dd1", "d.jpg", "black", None, 8, 8, "JPEG", 1)], [])
    assert len(listed.order(ImageQuery(), listed.state())) == 6
    assert listed.state().counts["black"] == 2


def test_the_order_of_a_query_is_computed_once_and_few_are_kept(bears):
    listed = ImageList(bears, no_model)
    state = listed.state()
    kept = listed.order(ImageQuery(), state)
    assert listed.order(ImageQuery(), state) is kept
    for n in range(MAX_ORDERS):
        listed.order(ImageQuery(text=str(n)), state)
    assert listed.order(ImageQuery(), state) is not kept
    assert listed.order(ImageQuery(), state) == kept


def test_splits_are_those_of_the_next_training_also_after_decisions(tmp_path):
    project = Project(tmp_path / "pets")
    import_images(project, write_pictures(tmp_path / "labelled", {"cat": 10, "dog": 10}))
    import_images(project, write_pictures(tmp_path / "more", {"x": 6}, start=50) / "x", labelled=False)
    listed, catalog = ImageList(project, no_model), Catalog(project)
    cats = [one.image_id for one in catalog.images() if one.label == "cat"]
    new = [one.image_id for one in catalog.images() if not one.label]
    steps = (
        ([(cats[0], "relabel", "dog")], {}),
        ([(cats[1], "delete")], {}),
        ([(cats[1], "keep", "cat")], {}),
        ([(cats[2], "unlabel")], {}),
        ([(one, "label", "dog") for one in new], {}),
        ([(cats[3], "label", "cat")], {"kind": ACCEPTED}),
        ([(cats[4], "beside", cats[5])], {}),
    )
    for requests, context in steps:
        listed.state().splits  # noqa: B018 (so that something is kept)
        decide(project, *requests, **context)
        state = listed.state()
        assert state.splits == dataset.splits(catalog)
        valid = {one for one, split in dataset.splits(catalog).items() if split == "valid"}
        assert {*listed.order(ImageQuery(split="valid"), state)} == valid
        without = {*listed.order(ImageQuery(), state)} - {*dataset.splits(catalog)}
        assert {*listed.order(ImageQuery(split="none"), state)} == without


def test_doubtful_labels_and_look_alikes_come_first(shapes):
    index = ImageIndex(shapes)
    listed = ImageList(shapes, index.snapshot)
    star = next(one for one in DecisionLog(Catalog(shapes)).images() if one.label == "star")
    decide(shapes, (star.image_id, "relabel", "disc"))
    state = listed.state()
    doubtful = listed.order(ImageQuery(sort="doubt"), state)
    assert doubtful[0] == star.image_id
    assert sorted(doubtful) == sorted(state.images)
    alike = listed.order(ImageQuery(sort="likeness", near=star.image_id), state)
    assert alike[0] == star.image_id
    assert {state.label_of(one) for one in alike[1:6]} == {"star"}
    assert listed.order(ImageQuery(sort="doubt", label="square"), state) == [
        one for one in doubtful if state.label_of(one) == "square"
    ]


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        ({"sort": "colour"}, "there is no sort `colour`"),
        ({"split": "dev"}, "there is no split `dev`"),
        ({"show": "some"}, "there is no show `some`"),
        ({"source": "radio"}, "there is no source `radio`"),
        ({"sort": "likeness"}, "no picture is chosen to compare with"),
    ],
)
def test_a_query_that_makes_no_sense_says_what_would(wrong, text):
    with pytest.raises(ReviewError, match=text) as caught:
        ImageQuery(**wrong)
    assert caught.value.hint


def test_likeness_to_a_picture_that_is_not_there_is_told(shapes):
    listed = ImageList(shapes, ImageIndex(shapes).snapshot)
    with pytest.raises(ReviewError, match="the picture to compare with is not ready"):
        listed.order(ImageQuery(sort="likeness", near="f" * 64), listed.state())
