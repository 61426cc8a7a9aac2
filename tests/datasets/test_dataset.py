"""The validation set: the same pictures always, a fifth of each label, and clear errors where there can be none."""

import random
import shutil
import sqlite3
import threading
from collections import Counter
from dataclasses import replace

import pytest
import sqlalchemy as sa

from bearkit import Project
from bearkit.catalog.catalog import Catalog
from bearkit.catalog.schema import ImageRecord
from bearkit.datasets import dataset, split
from bearkit.errors import BusyError, NoImagesError, ProjectError, TooFewImagesError, TooFewLabelsError
from bearkit.images import content_id


def image(label, number, given=None):
    image_id = content_id(f"{label}{number}".encode())
    return ImageRecord(image_id, f"images/{label}/{number}.png", label, given, 8, 8, "PNG", 100)


def images(**counts):
    return [image(label, number) for label, n in counts.items() for number in range(n)]


def valid(assigned):
    return {image_id for image_id, where in assigned.items() if where == "valid"}


def test_a_fifth_of_each_label_is_set_aside():
    every = images(black=100, teddy=33, grizzly=2)
    assigned = split.assign(every, {}, 42)
    counts = Counter((one.label, assigned[one.image_id]) for one in every)
    assert counts == {
        ("black", "train"): 80, ("black", "valid"): 20, ("teddy", "train"): 26, ("teddy", "valid"): 7,
        ("grizzly", "train"): 1, ("grizzly", "valid"): 1,
    }  # fmt: skip


def test_the_same_pictures_and_seed_split_alike_in_any_order_and_another_seed_differently():
    every = images(black=50, teddy=50)
    shuffled = random.Random(3).sample(every, 100)
    assert split.assign(every, {}, 42) == split.assign(shuffled, {}, 42)
    assert valid(split.assign(every, {}, 42)) != valid(split.assign(every, {}, 1))


def test_validation_pictures_stay_when_others_are_added_and_new_labels_get_their_own():
    before = split.assign(images(black=50, teddy=50), {}, 42)
    after = split.assign(images(black=80, teddy=50, grizzly=10), before, 42)
    assert valid(before) <= valid(after)
    assert {i for i, where in before.items() if where == "train"} <= {i for i, w in after.items() if w == "train"}
    assert len(valid(after)) == 16 + 10 + 2


def test_validation_pictures_stay_when_others_go():
    every = images(black=50, teddy=50)
    before = split.assign(every, {}, 42)
    left = [one for one in every if one.image_id not in set(sorted(before)[::3])]
    after = split.assign(left, before, 42)
    assert all(before[image_id] == where for image_id, where in after.items())


def test_a_validation_picture_never_becomes_a_training_picture_because_it_is_given_later():
    plain = images(black=20, teddy=20)
    before = split.assign(plain, {}, 42)
    given = [replace(one, given_split="train") for one in plain] + [
        image("black", 90, "valid"),
        image("teddy", 90, "valid"),
    ]
    assert valid(before) < valid(split.assign(given, before, 42))


def test_given_splits_are_respected():
    every = [image("black", n, given) for n, given in enumerate(["train", "train", "valid", "test", None, None])]
    assigned = split.assign(every, {}, 42)
    assert [assigned[one.image_id] for one in every[:4]] == ["train", "train", "valid", "test"]
    assert Counter(assigned[one.image_id] for one in every[4:]) == {"train": 1, "valid": 1}


def test_train_and_test_alone_still_set_a_fifth_of_train_aside():
    every = [image("black", n, "train") for n in range(10)] + [image("black", 90 + n, "test") for n in range(5)]
    assert Counter(split.assign(every, {}, 42).values()) == {"train": 8, "valid": 2, "test": 5}


@pytest.mark.parametrize(
    ("every", "error", "text"),
    [
        ([], NoImagesError, "no pictures"),
        (images(black=9), TooFewLabelsError, "all 9 pictures have the label `black`"),
        (images(black=9, teddy=1), TooFewImagesError, "a single picture of `teddy`"),
        ([image("a", 1), image("a", 2), image("b", 3, "test"), image("b", 4, "test")], TooFewImagesError,
         "no training pictures of `b`"),
    ],
)  # fmt: skip
def test_what_cannot_be_trained_on_is_told_with_what_helps(every, error, text):
    with pytest.raises(error, match=text) as raised:
        split.check_trainable(every, split.assign(every, {}, 42))
    assert raised.value.hint


def test_the_catalogue_keeps_assignments_and_who_came_first_wins(project):
    catalog = Catalog(project, create=True)
    catalog.record(images(black=10, teddy=10), [])
    first = dataset.load(catalog, 42)
    assert catalog.assign(42, {first.images[0].image_id: "test"}) == {
        one.image_id: where for one, where in zip(first.images, first.splits, strict=True)
    }
    catalog.record(images(black=40, teddy=40), [])
    later = dataset.load(Catalog(project), 42)
    before = {one.image_id for one, where in zip(first.images, first.splits, strict=True) if where == "valid"}
    after = {one.image_id for one, where in zip(later.images, later.splits, strict=True) if where == "valid"}
    assert before < after
    assert dataset.counts(catalog)["black"] == {"train": 32, "valid": 8, "test": 0}


def test_a_dataset_is_in_vocab_order_and_can_leave_pictures_out(project):
    catalog = Catalog(project, create=True)
    catalog.record(images(teddy=5, black=5), [])
    data = dataset.load(catalog)
    assert data.vocab == ["black", "teddy"]
    assert data.targets.tolist() == [0] * 5 + [1] * 5
    gone = data.images[0].image_id
    less = data.without({gone})
    assert gone not in {one.image_id for one in less.images}
    assert len(less.targets) == len(less.splits) == 9


def test_a_label_that_lost_all_of_its_pictures_is_named_and_stops_the_training(project):
    catalog = Catalog(project, create=True)
    catalog.record(images(black=5, grizzly=6, teddy=5), [])
    data = dataset.load(catalog)
    grizzly = [one for one in data.images if one.label == "grizzly"]
    with pytest.raises(TooFewImagesError, match="none of the 6 files of the label `grizzly` can be read") as raised:
        data.without({one.image_id for one in grizzly})
    assert grizzly[0].path in str(raised.value)
    assert "bearkit import" in raised.value.hint
    assert data.without({one.image_id for one in grizzly[:3]}).vocab == ["black", "grizzly", "teddy"]
    with pytest.raises(TooFewImagesError, match="`black`, none of the 6 files of the label `grizzly`"):
        data.without({one.image_id for one in data.images if one.label != "teddy"})


def test_a_label_whose_folder_was_deleted_stops_train_and_the_vocabulary_stays(shapes, bearkit_json):
    shutil.rmtree(shapes.images / "star")
    failed = bearkit_json("train", "--epochs", "1", "-p", shapes.root, code=1)
    assert "none of the 12 files of the label `star` can be read" in failed["error"]
    assert "delete these pictures in the review" in failed["hint"]
    for image in Catalog(shapes).images():
        if image.label == "star":
            bearkit_json("review", "decide", image.image_id, "delete", "-p", shapes.root)
    assert bearkit_json("train", "--epochs", "1", "-p", shapes.root)["skipped"] == []


def test_no_picture_trains_without_a_stored_split_while_others_come_in(project):
    catalog = Catalog(project, create=True)
    catalog.record(images(black=10, teddy=10), [])

    looked = threading.Event()

    def bring():
        for number in range(10, 60):
            Catalog(project).record([image("black", number), image("teddy", number)], [])
            assert looked.wait(300)  # once before the last ones come, however slow that is

    coming = threading.Thread(target=bring)
    coming.start()
    seen, sizes = {}, set()
    while coming.is_alive() or len(seen) < 120:
        data = dataset.load(catalog)
        trained = {one.image_id: str(where) for one, where in zip(data.images, data.splits, strict=True)}
        stored = catalog.split(42)
        assert {image_id: stored.get(image_id) for image_id in trained} == trained
        assert {image_id: trained[image_id] for image_id in seen} == seen, "none moved across"
        seen = trained
        sizes.add(len(seen))
        looked.set()
    coming.join()
    assert len(sizes) > 1
    assert len(dataset.load(catalog).images) == 120


def test_a_split_is_decided_in_one_transaction_of_few_queries(project):
    catalog = Catalog(project, create=True)
    catalog.record(images(black=10, teddy=10), [])
    asked = []
    with catalog.connection() as connection:
        sa.event.listen(connection.engine, "before_cursor_execute", lambda *about: asked.append(about[2].split()[0]))
    dataset.load(catalog)
    assert asked.count("BEGIN") == 1
    assert len([word for word in asked if word != "PRAGMA"]) <= 9
    asked.clear()
    dataset.load(catalog)
    assert "INSERT" not in asked, "what is stored is not stored again"


def test_several_methods_can_be_one_transaction(project):
    catalog = Catalog(project, create=True)
    with pytest.raises(ZeroDivisionError), catalog.connection(write=True):
        catalog.record(images(black=1), [])
        catalog.save_setting("seed", "7")
        assert len(catalog.images()) == 1
        assert len(Catalog(project).images()) == 0, "nobody else sees half of it"
        _ = 1 / 0
    assert catalog.images() == []
    assert catalog.setting("seed") is None
    catalog.record(images(black=1), [])
    assert len(Catalog(project).images()) == 1


def test_a_catalogue_of_another_format_or_a_broken_one_is_refused_with_a_hint(project):
    with pytest.raises(ProjectError, match="not a bearkit project") as none:
        Catalog(project)
    assert "bearkit import" in none.value.hint
    Catalog(project, create=True)
    with sqlite3.connect(project.catalog) as connection:
        connection.execute("UPDATE meta SET value = '99' WHERE key = 'format'")
    connection.close()
    with pytest.raises(ProjectError, match="has format 99; this bearkit reads format 3") as newer:
        Catalog(project)
    assert "upgrade" in newer.value.hint
    with sqlite3.connect(project.catalog) as connection:
        connection.execute("UPDATE meta SET value = '1' WHERE key = 'format'")
    connection.close()
    for file in project.root.glob("catalog.db*"):
        file.unlink()
    project.catalog.write_bytes(b"this is no database" * 100)
    with pytest.raises(ProjectError, match="cannot be read as a catalogue"):
        Catalog(project)


def test_a_catalogue_that_is_in_use_is_not_called_broken(project, monkeypatch):
    monkeypatch.setattr("bearkit.catalog.database.BUSY_SECONDS", 0.1)
    catalog = Catalog(project, create=True)
    other = sqlite3.connect(project.catalog, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(BusyError, match="database is locked") as raised:
        catalog.record(images(black=1), [])
    assert "try again" in raised.value.hint
    other.close()
    catalog.record(images(black=1), [])


@pytest.mark.parametrize("name", ["what?x", "50%20", "a#b", "a b"])
def test_a_project_may_have_any_name(tmp_path, name):
    Catalog(Project(tmp_path / name), create=True).record(images(black=1), [])
    assert (tmp_path / name / "catalog.db").is_file()
    assert len(Catalog(Project(tmp_path / name)).images()) == 1
