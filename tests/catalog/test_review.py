"""Decisions: rows that are only added, the state that follows from them, and the folders that follow that."""

import os
import subprocess
import sys
import threading
from dataclasses import replace

import pytest
import sqlalchemy as sa

from bearkit import import_images
from bearkit.catalog.catalog import Catalog
from bearkit.catalog.decision_types import DecisionContext, DecisionRequest
from bearkit.catalog.decisions import DecisionLog
from bearkit.catalog.file_format import ADDED
from bearkit.catalog.schema import decisions, metadata, moves
from bearkit.datasets import dataset
from bearkit.errors import BearkitError, ReviewError
from bearkit.labelling import apply
from bearkit.labelling.decision_history import decision_history
from tests.conftest import write_pictures


@pytest.fixture
def ledger(pictured, tmp_path):
    """The ledger of a project with ten black and ten teddy pictures, split."""
    project = pictured(tmp_path, "bears", {"black": 10, "teddy": 10})
    catalog = Catalog(project)
    dataset.load(catalog)
    return DecisionLog(catalog)


def ids(ledger, label):
    return [image.image_id for image in ledger.images() if image.label == label]


def labels(ledger):
    return {image.image_id: image.label for image in ledger.images()}


def tree(folder):
    """Every file below a folder, with its bytes and its time."""
    return {
        str(path.relative_to(folder)): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "catalog.db" not in path.name
    }


def test_the_latest_decision_wins_and_history_is_kept(ledger):
    first, *_ = ids(ledger, "black")
    ledger.decide([DecisionRequest(first, "relabel", "teddy")], "ann")
    ledger.decide([DecisionRequest(first, "keep")], "ben")
    assert labels(ledger)[first] == "teddy"
    ledger.decide([DecisionRequest(first, "delete")], "ben", context=DecisionContext(run="001", kind="outlier"))
    assert first not in labels(ledger)
    ledger.decide([DecisionRequest(first, "keep")], "ann")
    assert labels(ledger)[first] == "teddy", "it comes back with the label that it had"
    rows = [(row["reviewer"], row["action"], row["from_label"], row["to_label"]) for row in ledger.history()]
    assert rows == [
        ("ann", "keep", "teddy", "teddy"),
        ("ben", "delete", "teddy", None),
        ("ben", "keep", "teddy", "teddy"),
        ("ann", "relabel", "black", "teddy"),
    ]


def test_keep_means_the_label_that_the_reviewer_saw(ledger):
    first, *_ = ids(ledger, "black")
    ledger.decide([DecisionRequest(first, "relabel", "teddy")], "ann")
    ledger.decide([DecisionRequest(first, "keep", "black")], "ben")
    assert labels(ledger)[first] == "black"


def test_any_number_of_steps_is_undone_and_redone(ledger):
    before = labels(ledger)
    pictures = ids(ledger, "black")[:6]
    states = [before]
    for n, picture in enumerate(pictures):
        ledger.decide(
            [DecisionRequest(picture, "delete") if n % 2 else DecisionRequest(picture, "relabel", "teddy")], "ann"
        )
        states.append(labels(ledger))
    for state in reversed(states[:-1]):
        ledger.undo()
        assert labels(ledger) == state
    with pytest.raises(ReviewError, match="nothing to undo"):
        ledger.undo()
    for state in states[1:]:
        ledger.redo()
        assert labels(ledger) == state
    with pytest.raises(ReviewError, match="nothing to redo"):
        ledger.redo()
    assert len(ledger.undo(n=100)) == 6
    assert labels(ledger) == before
    ledger.decide([DecisionRequest(pictures[0], "delete")], "ann")
    with pytest.raises(ReviewError, match="nothing to redo"):
        ledger.redo()


def test_every_change_of_the_catalogue_changes_its_counter_and_reading_does_not(ledger):
    catalog, (one, *_) = ledger.catalog, ids(ledger, "black")
    image = next(image for image in catalog.images() if image.image_id == one)
    changes = [
        lambda: ledger.decide([DecisionRequest(one, "relabel", "teddy")], "ann"),
        ledger.undo,
        lambda: catalog.update_image(one, path="images/black/elsewhere.jpg"),
        lambda: catalog.update_image(one, label="teddy"),
        lambda: catalog.update_image(one, given_split="test"),
        lambda: catalog.record_moves([(one, "images/black/elsewhere.jpg", image.path)]),
        lambda: catalog.record([replace(image, image_id="0" * 64)], []),
    ]
    counters = [catalog.change_counter()]
    for change in changes:
        change()
        counters.append(catalog.change_counter())
        assert ledger.images() and catalog.change_counter() == counters[-1]
    assert len(set(counters)) == len(changes) + 1


def test_a_history_read_at_once_is_what_the_log_answers_one_by_one(ledger):
    one, two, three, four, *_ = ids(ledger, "black")
    page = DecisionContext(kind="label", view="/")
    ledger.decide([DecisionRequest(one, "relabel", "teddy")], "ann", context=page)
    ledger.decide([DecisionRequest(two, "delete"), DecisionRequest(three, "beside", four)], "ann", "duplicate")
    ledger.decide([DecisionRequest(one, "keep")], "ben", context=page)
    ledger.decide([DecisionRequest(four, "keep")], "ben")
    ledger.decide([DecisionRequest(two, "keep")], "ben")
    for change in (ledger.undo, ledger.undo, ledger.redo, lambda: None):
        history = decision_history(ledger.history())
        assert history.latest == ledger.current()
        assert history.same_split == ledger.same_split_as() == {three: four}
        assert history.newest_id == ledger.newest_id()
        for kind in ("label", "duplicate", "outlier"):
            assert history.reviewed(kind) == ledger.reviewed(kind)
            for limit in (1, 100):
                assert history.recent(kind, "/", limit) == ledger.recent(kind, "/", limit)
        change()


def test_what_one_call_decides_is_undone_at_once(ledger):
    before = labels(ledger)
    ledger.decide([DecisionRequest(picture, "delete") for picture in ids(ledger, "black")], "ann")
    assert set(labels(ledger).values()) == {"teddy"}
    assert len(ledger.undo()) == 10
    assert labels(ledger) == before


def test_a_reviewer_undoes_only_their_own_steps(ledger):
    one, two, *_ = ids(ledger, "black")
    ledger.decide([DecisionRequest(one, "delete")], "ann")
    ledger.decide([DecisionRequest(two, "delete")], "ben")
    ledger.undo(reviewer="ann")
    assert one in labels(ledger)
    assert two not in labels(ledger)
    with pytest.raises(ReviewError, match="nothing of ann to undo"):
        ledger.undo(reviewer="ann")
    ledger.redo(reviewer="ann")
    assert one not in labels(ledger)


def test_the_label_that_a_picture_has_already_is_kept(ledger):
    first, *_ = ids(ledger, "black")
    (row,) = ledger.decide([DecisionRequest(first, "relabel", " black ")], "ann")
    assert (row.action, row.to_label) == ("keep", "black")


def test_a_call_that_is_sent_again_is_stored_once(ledger):
    first, *_ = ids(ledger, "black")
    once = ledger.decide([DecisionRequest(first, "delete")], "ann", context=DecisionContext(token="abc"))
    again = ledger.decide([DecisionRequest(first, "delete")], "ann", context=DecisionContext(token="abc"))
    assert once == again
    assert len(ledger.history()) == 1


def test_what_is_only_implied_leaves_standing_what_others_said(ledger):
    one, two, *_ = ids(ledger, "black")
    since = ledger.newest_id()
    ledger.decide([DecisionRequest(one, "relabel", "teddy")], "ann")
    rows = ledger.decide([DecisionRequest(one, "keep", "black"), DecisionRequest(two, "keep", "black")], "ben", "label",
                         DecisionContext(unless_since=since))  # fmt: skip
    assert [row.image_id for row in rows] == [two]
    assert labels(ledger)[one] == "teddy"
    (mine,) = ledger.decide([DecisionRequest(one, "keep", "black")], "ben", "label")
    assert [row.reviewer for row in ledger.overruled([mine], since)] == ["ann"]


def test_all_or_nothing_of_a_call_is_stored(ledger):
    good = ids(ledger, "black")[0]
    for bad in (
        DecisionRequest("0" * 64, "keep"),
        DecisionRequest(good, "explode"),
        DecisionRequest(good, "relabel", " "),
        DecisionRequest(good, "beside"),
    ):
        with pytest.raises(ReviewError) as caught:
            ledger.decide([DecisionRequest(good, "delete"), bad], "ann")
        assert caught.value.hint
    with pytest.raises(ReviewError, match="needs a reviewer"):
        ledger.decide([DecisionRequest(good, "delete")], " ")
    assert ledger.history() == []


def test_many_people_at_once_lose_no_row(ledger):
    pictures = ids(ledger, "black")

    def decide(name):
        own = DecisionLog(Catalog(ledger.catalog.project))
        for picture in pictures:
            own.decide([DecisionRequest(picture, "relabel", name)], name)

    threads = [threading.Thread(target=decide, args=(f"reviewer {n}",)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    rows = ledger.history()
    assert len(rows) == 60
    assert len({row["step"] for row in rows}) == 60
    by = {(row["reviewer"], row["image_id"]) for row in rows}
    assert by == {(f"reviewer {n}", picture) for n in range(6) for picture in pictures}


def test_every_decision_that_was_told_survives_a_kill(ledger):
    """A process says which picture it decided about once it is stored; it is killed in the middle."""
    code = (
        "import sys; from bearkit import Project; from bearkit.catalog.catalog import Catalog\n"
        "from bearkit.catalog.decision_types import DecisionRequest\n"
        "from bearkit.catalog.decisions import DecisionLog\n"
        f"ledger = DecisionLog(Catalog(Project({str(ledger.catalog.project.root)!r})))\n"
        "while True:\n"
        "    for image in ledger.catalog.images():\n"
        "        print(ledger.decide([DecisionRequest(image.image_id, 'keep')], 'ann')[0].id, flush=True)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    told = [int(process.stdout.readline()) for _ in range(25)]
    process.kill()
    told += [int(line) for line in process.stdout.read().split()]
    process.wait()
    process.stdout.close()
    assert set(told) <= {row["id"] for row in ledger.history()}


def test_a_review_moves_no_picture_across_the_split(ledger):
    """fastai's cleaner changed the training set when the validation set was edited, and the reverse."""
    before = dataset.splits(ledger.catalog)
    valid = [picture for picture, split in before.items() if split == "valid"]
    ledger.decide([DecisionRequest(valid[0], "delete"), DecisionRequest(valid[1], "relabel", "grizzly")], "ann")
    ledger.decide([DecisionRequest(picture, "relabel", "grizzly") for picture in ids(ledger, "black")[:4]], "ann")
    after = dataset.load(ledger.catalog)
    assert {image.image_id: split for image, split in zip(after.images, after.splits, strict=True)} == {
        picture: split for picture, split in before.items() if picture != valid[0]
    }
    assert "grizzly" in after.vocab


def test_the_same_pictures_are_set_aside_when_the_review_comes_before_the_first_training(project, tmp_path):
    import_images(project, write_pictures(tmp_path / "bears", {"black": 10, "teddy": 10}))
    catalog = Catalog(project)
    before = dataset.splits(catalog)
    picture = next(picture for picture, split in before.items() if split == "valid")
    DecisionLog(catalog).decide([DecisionRequest(picture, "delete")], "ann")
    data = dataset.load(catalog)
    assert {image.image_id: split for image, split in zip(data.images, data.splits, strict=True)} == {
        other: split for other, split in before.items() if other != picture
    }


def test_a_copy_goes_where_its_original_is_under_every_seed(ledger):
    before, other = dataset.splits(ledger.catalog), dataset.splits(ledger.catalog, seed=7)
    picture = next(picture for picture, split in before.items() if split == "train")
    original = next(picture for picture, split in before.items() if split == "valid")
    ledger.decide([DecisionRequest(picture, "beside", original)], "ann")
    assert dataset.splits(ledger.catalog) == before | {picture: "valid"}
    assert dataset.splits(ledger.catalog, seed=7) == other | {picture: other[original]}
    ledger.decide([DecisionRequest(picture, "keep")], "ann")
    assert dataset.splits(ledger.catalog)[picture] == "valid", "keep is about the label"
    ledger.undo(n=2)
    assert dataset.splits(ledger.catalog) == before


@pytest.mark.parametrize("older", ADDED)
def test_a_catalogue_of_an_older_format_is_brought_up_to_date(ledger, older):
    with ledger.catalog.connection(write=True) as connection:
        if older == "1":
            metadata.drop_all(connection, [decisions, moves])
        for column in ADDED[older]:
            connection.exec_driver_sql(f"ALTER TABLE {column.table.name} DROP COLUMN {column.name}")
        connection.exec_driver_sql(f"UPDATE meta SET value = '{older}' WHERE key = 'format'")
    again = DecisionLog(Catalog(ledger.catalog.project))
    assert len(again.images()) == 20
    again.decide([DecisionRequest(again.images()[0].image_id, "delete")], "ann")
    assert len(again.images()) == 19
    assert all(source.license is None for source in again.catalog.sources())


def test_apply_moves_files_and_unapply_brings_them_back_byte_for_byte(ledger):
    project = ledger.catalog.project
    before = tree(project.root)
    gone, other, *_ = ids(ledger, "black")
    ledger.decide([DecisionRequest(gone, "delete"), DecisionRequest(other, "relabel", "polar bear")], "ann")
    assert tree(project.root) == before, "a decision touches no file"
    assert apply.apply_decisions(project).as_dict() == {"moved": 1, "trashed": 1, "missing": []}
    path = {image.image_id: image.path for image in ledger.catalog.images()}
    assert path[gone].startswith("trash/black/")
    assert path[other].startswith("images/polar bear/")
    assert all((project.root / image.path).is_file() for image in ledger.catalog.images())
    assert sorted(content for content, _ in tree(project.root).values()) == sorted(c for c, _ in before.values())
    assert apply.apply_decisions(project).as_dict() == {"moved": 0, "trashed": 0, "missing": []}
    assert apply.unapply_decisions(project).moved == 2
    assert tree(project.root) == before
    assert not (project.root / "trash").exists()
    assert not (project.images / "polar bear").exists()
    assert labels(ledger)[other] == "polar bear", "the decisions stay"
    apply.apply_decisions(project)
    ledger.undo()
    apply.apply_decisions(project)
    assert tree(project.root) == before, "what was undone goes back as well"


def test_relabelling_onto_an_existing_name_overwrites_nothing(project, tmp_path):
    """fastai's cleaner crashed, or wrote over the other picture (fastbook#490)."""
    source = tmp_path / "bears"
    write_pictures(source, {"black": 3}, start=0)
    write_pictures(source, {"teddy": 3}, start=10)
    for n, path in enumerate(sorted((source / "teddy").iterdir())):
        path.rename(path.with_name(f"{n}.png"))  # the same names in both folders
    import_images(project, source)
    ledger, before = DecisionLog(Catalog(project)), tree(project.root)
    swapped = [
        DecisionRequest(image.image_id, "relabel", "teddy" if image.label == "black" else "black")
        for image in ledger.images()
    ]
    ledger.decide(swapped, "ann")
    assert apply.apply_decisions(project).moved == 6
    files = tree(project.root)
    assert len(files) == len(before)
    assert sorted(content for content, _ in files.values()) == sorted(content for content, _ in before.values())
    now = {image.image_id: image for image in ledger.images()}
    assert all(image.path.split("/")[1] == image.label for image in now.values())
    apply.unapply_decisions(project)
    assert tree(project.root) == before


@pytest.mark.parametrize("kill_at", range(1, 8))
def test_killed_while_files_move_it_goes_on_and_can_go_back(ledger, kill_at, monkeypatch):
    project = ledger.catalog.project
    before = tree(project.root)
    ledger.decide([DecisionRequest(picture, "delete") for picture in ids(ledger, "black")[:3]], "ann")
    monkeypatch.setattr("bearkit.labelling.apply.BATCH", 1)
    calls = 0

    def dies(function):
        def called(*args, **kwargs):
            nonlocal calls
            calls += 1
            if calls == kill_at:
                raise KeyboardInterrupt
            return function(*args, **kwargs)

        return called

    with monkeypatch.context() as patch:
        patch.setattr(os, "link", dies(os.link))
        patch.setattr(Catalog, "record_moves", dies(Catalog.record_moves))
        patch.setattr(apply._Mover, "_remove_old_name", dies(apply._Mover._remove_old_name))
        with pytest.raises(KeyboardInterrupt):
            apply.apply_decisions(project)
    assert all((project.root / image.path).is_file() for image in ledger.catalog.images())
    apply.apply_decisions(project)
    assert len(tree(project.trash)) == 3
    apply.unapply_decisions(project)
    assert tree(project.root) == before


def test_a_name_that_a_moved_picture_came_with_stays_free_for_it(ledger, tmp_path):
    project = ledger.catalog.project
    gone = ledger.images()[0]
    before = tree(project.root)
    ledger.decide([DecisionRequest(gone.image_id, "delete")], "ann")
    apply.apply_decisions(project)
    name = gone.path.rpartition("/")[2]
    source = write_pictures(tmp_path / "other", {"black": 1}, start=99)
    (source / "black" / "99.png").rename(source / "black" / name)
    import_images(project, source)
    apply.unapply_decisions(project)
    after = tree(project.root)
    assert {path: after[path] for path in before} == before
    assert len(after) == len(before) + 1


def test_a_disk_without_links_and_a_missing_file_are_survived(ledger, monkeypatch):
    def no_links(*_):
        raise OSError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", no_links)
    project = ledger.catalog.project
    gone, other, *_ = ids(ledger, "black")
    path = {image.image_id: image.path for image in ledger.images()}
    (project.root / path[gone]).unlink()
    before = tree(project.root)
    ledger.decide([DecisionRequest(gone, "delete"), DecisionRequest(other, "delete")], "ann")
    assert apply.apply_decisions(project).as_dict() == {"moved": 0, "trashed": 1, "missing": [path[gone]]}
    apply.unapply_decisions(project)
    assert tree(project.root) == before


def test_what_is_wrong_with_the_ledgers_file_is_worded(ledger):
    with ledger.catalog.connection(write=True) as connection:
        connection.execute(sa.text("DROP TABLE decisions"))
    with pytest.raises(BearkitError) as caught:
        ledger.images()
    assert caught.value.hint
