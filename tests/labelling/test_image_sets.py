"""Sets of images behind a figure: exactly the images that it counts, before and after corrections."""

import shutil
from collections import Counter

import numpy as np
import pytest
from sklearn.metrics import confusion_matrix

from bearkit import Interpretation, Project, ReviewQueue, View, import_images
from bearkit.catalog.catalog import Catalog
from bearkit.catalog.decision_types import DecisionContext, DecisionRequest
from bearkit.catalog.decisions import DecisionLog
from bearkit.datasets import dataset
from bearkit.errors import ReviewError, RunError
from bearkit.studio.image_sets import address, title
from bearkit.studio.mistakes import confusion_matrix as matrix_html
from tests.conftest import write_drawings


@pytest.fixture
def mistaken(confused, tmp_path):
    """The same for one test alone."""
    return Project(shutil.copytree(confused.root, tmp_path / "shapes"))


def ids(page):
    return [one.image_id for one in page.suspects]


def labels_now(project):
    return {image.image_id: image.label for image in DecisionLog(Catalog(project)).images()}


def matrix_now(project):
    return Interpretation(project, Interpretation.from_run(project).run, labels=labels_now(project)).confusion_matrix


def test_each_cell_of_the_matrix_is_the_set_of_images_that_it_counts(confused):
    run = Interpretation.from_run(confused)
    predictions, queue = run.predictions, ReviewQueue(confused)
    given, predicted = predictions.vocab[predictions.targets], predictions.vocab[predictions.probs.argmax(axis=1)]
    assert (run.confusion_matrix == confusion_matrix(given, predicted, labels=run.vocab)).all()
    assert run.confusion_matrix.sum() > run.confusion_matrix.trace()
    for row, label in enumerate(run.vocab):
        for column, other in enumerate(run.vocab):
            page = queue.page(View("mistake", "valid", label, predicted=other), 100)
            assert page.remaining == len(page.suspects) == run.confusion_matrix[row, column]
            assert {*ids(page)} == {*predictions.image_ids[(given == label) & (predicted == other)].tolist()}
            assert all((one.given, one.predicted) == (label, other) for one in page.suspects)


def test_all_mistakes_come_worst_first_and_correct_predictions_are_not_among_them(confused):
    run = Interpretation.from_run(confused)
    page = ReviewQueue(confused).page(View("mistake", "valid"), 100)
    top = [row for row in run.top_losses(1000) if row["given"] != row["predicted"]]
    assert ids(page) == [row["image_id"] for row in top] == [row["image_id"] for row in run.top_losses(1000, True)]
    assert [one.loss for one in page.suspects] == pytest.approx([row["loss"] for row in top])


def test_a_corrected_image_leaves_its_cell_and_the_matrix_follows(mistaken):
    queue, log = ReviewQueue(mistaken), DecisionLog(Catalog(mistaken))
    first = queue.page(View("mistake", "valid"), 1).suspects[0]
    cell = View("mistake", "valid", first.given, predicted=first.predicted)
    before, matrix = ids(queue.page(cell, 100)), matrix_now(mistaken)
    log.decide([DecisionRequest(first.image_id, "relabel", first.predicted)], "ann", kind=cell.decided_as)
    assert ids(queue.page(cell, 100)) == [one for one in before if one != first.image_id]
    change = matrix_now(mistaken) - matrix
    vocab = Interpretation.from_run(mistaken).vocab
    given, predicted = vocab.index(first.given), vocab.index(first.predicted)
    assert change[given, predicted] == -1
    assert change[predicted, predicted] == 1
    assert np.abs(change).sum() == 2
    assert (Interpretation.from_run(mistaken).confusion_matrix == matrix).all(), "the run itself stays as it was"
    log.undo()
    assert ids(queue.page(cell, 100)) == before


def test_a_set_keeps_what_was_confirmed_and_counts_it_as_reviewed(mistaken):
    queue, log = ReviewQueue(mistaken), DecisionLog(Catalog(mistaken))
    cell = View("mistake", "valid")
    page = queue.page(cell, 100)
    log.decide(
        [DecisionRequest(one.image_id, "keep", one.given) for one in page.suspects], "ann",
        context=DecisionContext(kind=cell.decided_as, view=cell.name),
    )  # fmt: skip
    assert ids(queue.page(cell, 100)) == ids(page)
    assert not {*ids(page)} & {*ids(queue.page(View(), 100))}, "their labels were checked"
    assert not queue.page(View(), 1).done, "looking at mistakes is not a walk through the suspicious labels"


def test_a_set_whose_last_image_has_left_is_empty_and_no_error(mistaken):
    queue, log = ReviewQueue(mistaken), DecisionLog(Catalog(mistaken))
    discs = [one.image_id for one in log.images() if one.label == "disc"]
    log.decide([DecisionRequest(one, "relabel", "square") for one in discs], "ann")
    assert queue.page(View("any", label="disc")).suspects == []
    with pytest.raises(ReviewError, match="no label `unicorn`"):
        queue.page(View("any", label="unicorn"))


def test_the_counts_of_labels_and_splits_are_sets(confused):
    queue = ReviewQueue(confused)
    for label, splits in dataset.counts(Catalog(confused)).items():
        for split, n in splits.items():
            page = queue.page(View("any", split, label), 100)
            assert page.remaining == n
            assert {(one.given, one.split) for one in page.suspects} <= {(label, split)}
    assert Counter(one.given for one in queue.page(View("any"), 100).suspects) == Counter(labels_now(confused).values())


def test_a_label_of_the_models_that_waits_is_in_no_counted_split(mistaken):
    log, split = DecisionLog(Catalog(mistaken)), dataset.splits(Catalog(mistaken))
    one = next(image for image in log.images() if split[image.image_id] == "valid")
    log.decide([DecisionRequest(one.image_id, "unlabel")], "ann")
    log.decide([DecisionRequest(one.image_id, "label", "disc")], "model", kind="accepted")
    counted = dataset.counts(Catalog(mistaken))["disc"]
    queue = ReviewQueue(mistaken)
    assert {name: queue.page(View("any", name, "disc")).remaining for name in counted} == counted


def test_deleted_images_are_shown_the_last_first_and_can_come_back(mistaken):
    queue, log = ReviewQueue(mistaken), DecisionLog(Catalog(mistaken))
    gone = [image.image_id for image in log.images()[:2]]
    for one in gone:
        log.decide([DecisionRequest(one, "delete")], "ann")
    page = queue.page(View("deleted"))
    assert ids(page) == gone[::-1]
    assert page.suspects[0].reason == "deleted by ann"
    log.decide([DecisionRequest(gone[0], "keep", page.suspects[1].given)], "ann")
    assert ids(queue.page(View("deleted"))) == gone[1:]
    assert gone[0] in labels_now(mistaken)


def test_images_that_came_with_two_labels_are_a_set(tmp_path, with_body):
    source = write_drawings(tmp_path / "photos", 4)
    twice = sorted((source / "disc").iterdir())[0]
    shutil.copy(twice, source / "star" / "again.png")
    project = with_body(Project(tmp_path / "shapes"))
    import_images(project, source)
    (one,) = ReviewQueue(project).page(View("conflict")).suspects
    assert one.reason == "imported as disc, star"
    with pytest.raises(RunError, match="train"):
        ReviewQueue(project).page(View("mistake"))


def test_a_conflict_that_a_later_import_finds_is_shown_at_once(tmp_path, with_body):
    source = write_drawings(tmp_path / "photos", 4)
    project = with_body(Project(tmp_path / "shapes"))
    import_images(project, source)
    queue = ReviewQueue(project)
    assert ids(queue.page(View("conflict"))) == []
    (tmp_path / "more" / "star").mkdir(parents=True)
    shutil.copy(sorted((source / "disc").iterdir())[0], tmp_path / "more" / "star" / "again.png")
    assert import_images(project, tmp_path / "more").duplicates == 1
    (one,) = queue.page(View("conflict")).suspects
    assert one.reason == "imported as disc, star"


def test_pages_of_a_set_follow_each_other(confused):
    queue, view = ReviewQueue(confused), View("any")
    whole = ids(queue.page(view, 100))
    assert [one for start in (0, 15, 30) for one in ids(queue.page(view, 15, start=start))] == whole


def test_a_view_says_which_filters_do_not_fit():
    with pytest.raises(ReviewError, match="not chosen by a run's predictions"):
        View("any", predicted="disc")


def test_the_command_line_reaches_a_cell_and_names_an_unknown_prediction(confused, bearkit_json):
    first = bearkit_json("review", "next", "--kind", "mistake", "--split", "valid", "-p", confused.root)["suspects"][0]
    cell = ("review", "next", "--label", first["given"], "--predicted", first["predicted"], "-p", confused.root)
    suspects = bearkit_json(*cell)["suspects"]
    assert first in suspects
    assert {(one["given"], one["predicted"], one["split"]) for one in suspects} == {
        (first["given"], first["predicted"], "valid")
    }
    assert bearkit_json(*cell, "--run", Interpretation.from_run(confused).run.id)["suspects"] == suspects
    error = bearkit_json("review", "next", "--predicted", "unicorn", "-p", confused.root, code=(1, 2))
    assert "has no label `unicorn`" in error["error"]


def test_links_name_their_set_and_hold_any_label():
    view = View("mistake", "valid", '<b>"&?', predicted="black bear", run="003")
    assert address(view) == "?tab=review&kind=mistake&run=003&split=valid&label=%3Cb%3E%22%26%3F&predicted=black+bear"
    assert title(View("mistake", "valid")) == "mistakes, valid"
    assert title(View("any")) == "all pictures"
    shown = matrix_html(["<b>", "owl"], [[5, 2], [0, 1]], "003", 1)
    assert 'aria-label="&lt;b&gt; predicted as owl: 2 pictures"' in shown
    assert 'aria-label="owl predicted as owl: 1 picture"' in shown
    assert "<b>" not in shown
    assert "1 picture was corrected since this training" in shown
