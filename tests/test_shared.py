"""However many ask for a page at once, it is worked out once or twice."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from bearkit.review.queue import Queue, View
from bearkit.review.shared import Shared


def test_twenty_who_ask_during_a_computation_share_the_next_one():
    shared, began, go_on, computed = Shared(), threading.Event(), threading.Event(), []

    def compute():
        computed.append(len(computed))
        began.set()
        assert go_on.wait(30)
        return computed[-1]

    arrived = threading.Barrier(21)

    def ask():
        arrived.wait(30)
        return shared.get("page", compute)

    with ThreadPoolExecutor(21) as pool:
        first = pool.submit(shared.get, "page", compute)
        assert began.wait(30)
        others = [pool.submit(ask) for _ in range(20)]
        arrived.wait(30)
        assert shared.get("another", lambda: "no waiting") == "no waiting"
        go_on.set()
        assert first.result() == 0
        results = [other.result() for other in others]
    assert set(results) <= set(computed)
    assert min(results) > 0  # none got what was begun before it asked
    assert len(computed) <= 10  # two, unless some were slow to ask


def test_an_error_is_for_those_who_waited_and_not_for_who_comes_later():
    shared = Shared()
    with pytest.raises(ZeroDivisionError):
        shared.get("page", lambda: 1 / 0)
    assert shared.get("page", lambda: 1) == 1


def test_pages_of_many_reviewers_are_those_of_one(trained):
    queue = Queue(trained.project)
    alone = queue.page(View("label"))
    with ThreadPoolExecutor(20) as pool:
        pages = list(pool.map(lambda _: queue.page(View("label")), range(20)))
    assert all(page == alone for page in pages)
