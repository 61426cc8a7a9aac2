"""However many ask for a page at once, it is worked out once or twice."""

import shutil
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from bearkit import apply_decisions, decide_one
from bearkit.core.single_flight import SingleFlight
from bearkit.labelling.review_queue import ReviewQueue
from bearkit.labelling.review_view import View


class _Key:
    """A key that tells how often a dictionary looked it up; `SingleFlight.get` does so twice before it waits."""

    def __init__(self) -> None:
        self.looked_up = threading.Semaphore(0)

    def __hash__(self) -> int:
        self.looked_up.release()
        return 1

    def wait_for(self, times: int) -> None:
        for _ in range(times):
            assert self.looked_up.acquire(timeout=30)


def test_twenty_who_ask_during_a_computation_share_the_next_one():
    shared, began, go_on, computed, key = SingleFlight(), threading.Event(), threading.Event(), [], _Key()

    def compute():
        computed.append(len(computed))
        began.set()
        assert go_on.wait(30)
        return computed[-1]

    with ThreadPoolExecutor(21) as pool:
        first = pool.submit(shared.get, key, compute)
        assert began.wait(30)
        key.wait_for(3)  # asked, and taken out of what comes next
        others = [pool.submit(shared.get, key, compute) for _ in range(20)]
        assert shared.get("another", lambda: "no waiting") == "no waiting"
        key.wait_for(40)  # all twenty have asked
        go_on.set()
        assert first.result() == 0  # none of the others got what was begun before they asked
        assert [other.result() for other in others] == [1] * 20
    assert computed == [0, 1]


def test_an_error_is_for_those_who_waited_and_not_for_who_comes_later():
    shared = SingleFlight()
    with pytest.raises(ZeroDivisionError):
        shared.get("page", lambda: 1 / 0)
    assert shared.get("page", lambda: 1) == 1


def test_pages_of_many_reviewers_are_those_of_one(trained):
    queue = ReviewQueue(trained.project)
    alone = queue.page(View("label"))
    with ThreadPoolExecutor(20) as pool:
        pages = list(pool.map(lambda _: queue.page(View("label")), range(20)))
    assert all(page == alone for page in pages)


def test_a_decision_does_not_read_the_features_again_and_a_new_path_is_noticed(shapes, tmp_path):
    queue = ReviewQueue(shapes)
    before = queue.index.snapshot()
    image = before.images[0]
    decide_one(shapes, image.image_id, "delete", "ann")
    after = queue.index.snapshot()
    assert not after.present[0]
    assert after.images[0] is before.images[0]
    assert np.shares_memory(after.features, before.features)
    apply_decisions(shapes)
    moved = queue.index.snapshot()
    assert np.shares_memory(moved.features, before.features)
    assert moved.images[0].path != image.path
    elsewhere = str(shutil.copy(shapes.root / moved.images[0].path, tmp_path / "elsewhere.jpg"))
    queue.index.catalog.update_image(image.image_id, path=elsewhere)
    assert queue.index.snapshot().images[0].path == elsewhere
