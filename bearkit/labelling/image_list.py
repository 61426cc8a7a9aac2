"""The images of a project as a list to look through: their order for a query is computed once, and kept as ids."""

import threading
from collections import Counter, OrderedDict
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from bearkit.catalog.catalog import Catalog, ChangeCounter
from bearkit.catalog.decision_queries import current_label
from bearkit.catalog.decision_types import ACCEPTED
from bearkit.catalog.decisions import DecisionLog
from bearkit.catalog.schema import Decision, read_added, read_images, read_sources, sources
from bearkit.core.project import Project
from bearkit.datasets import dataset
from bearkit.datasets.seed import project_seed
from bearkit.errors import ReviewError
from bearkit.evaluation.label_issues import rank_label_issues
from bearkit.labelling.image_query import (
    BY_MODEL,
    SOURCES,
    ImageQuery,
    ListedImage,
    by_number,
    folded,
    in_order,
    matching,
    source_of,
)
from bearkit.labelling.snapshot import Snapshot

MAX_ORDERS = 8  # queries whose order is kept


@dataclass(frozen=True, eq=False)
class ListState:
    """All images of one moment.

    Attributes:
        counter: changes with each change of an image or a decision.
        images: by image id, sorted by name, deleted ones included.
        latest: the decision that counts for each image that has one, by image id.
        read_splits: returns the split of the images that have one, by image id.
    """

    counter: ChangeCounter
    images: dict[str, ListedImage]
    latest: Mapping[str, Decision]
    read_splits: Callable[[], Mapping[str, str]] = field(repr=False)

    @cached_property
    def decided_labels(self) -> dict[str, str]:
        """The present label of the images that a decision was made about; of a deleted one, that before."""
        return {
            image_id: current_label(decision, self.images[image_id].label)
            for image_id, decision in self.latest.items()
            if image_id in self.images
        }

    @cached_property
    def deleted(self) -> set[str]:
        """The ids of the deleted images."""
        return {image_id for image_id, decision in self.latest.items() if decision.action == "delete"}

    @cached_property
    def splits(self) -> Mapping[str, str]:
        """The split of the images that have one, by image id."""
        return self.read_splits()

    @cached_property
    def counts(self) -> Counter[str]:
        """The number of images of each label that are not deleted; those without a label under ""."""
        return Counter(self.label_of(one) for one in self.images if one not in self.deleted)

    @property
    def version(self) -> str:
        """The counter as a text, for a page."""
        return "-".join(map(str, (self.counter.file, *self.counter.images, self.counter.move, self.counter.decision)))

    @cached_property
    def sources(self) -> list[str]:
        """The ways in which the images came, in the order of `SOURCES`."""
        found = {one.source for one in self.images.values()}
        return [one for one in SOURCES if one in found]

    def label_of(self, image_id: str) -> str:
        """Return the present label of an image, "" for none."""
        return self.decided_labels.get(image_id, self.images[image_id].label)


class ImageList:
    """Reads the images of a project again when its catalogue has changed. Several threads may call its methods.

    Args:
        project: whose images.
        snapshot: returns what the model knows of the images, for the orders `doubt` and `likeness`.
    """

    def __init__(self, project: Project, snapshot: Callable[[], Snapshot]) -> None:
        self.project, self._snapshot = project, snapshot
        self._lock = threading.Lock()
        self._state: ListState | None = None
        self._assigned: tuple[Hashable, Mapping[str, str]] | None = None  # splits, and what they depend on
        self._orders: OrderedDict[tuple[ImageQuery, ChangeCounter], tuple[Snapshot | None, list[str]]] = OrderedDict()

    def state(self) -> ListState:
        """Return all images as they are now.

        Raises:
            ProjectError: there is no project.
        """
        catalog = Catalog(self.project)
        with self._lock:
            counter = catalog.change_counter()
            known = self._state
            if known is None or known.counter != counter:
                same = known is not None and known.counter[:-1] == counter[:-1]  # only a decision is new
                images = known.images if known is not None and same else _read_images(catalog)
                latest = DecisionLog(catalog).current()
                known = ListState(counter, images, latest, lambda: self._splits(catalog, counter, images, latest))
                self._state = known
                self._orders.clear()
            return known

    def order(self, query: ImageQuery, state: ListState) -> list[str]:
        """Return the ids of the images that fit a query, in its order.

        Args:
            query: filters, search and sort.
            state: the images to choose from.

        Raises:
            ReviewError: the sort needs a model, and there are fewer than two labels; or the image that others are
                compared with has no features.
        """
        snapshot = self._snapshot() if query.sort in BY_MODEL else None
        key = query, state.counter
        with self._lock:
            known = self._orders.get(key)
        if known is not None and known[0] is snapshot:
            return known[1]
        found = matching(query, state.images.values(), state.decided_labels, state.deleted, lambda: state.splits)
        if snapshot is not None:
            ordered = _by_model(query, [one.image_id for one in found], snapshot)
        else:
            ordered = [one.image_id for one in in_order(query.sort, found, state.decided_labels)]
        with self._lock:
            self._orders[key] = snapshot, ordered
            while len(self._orders) > MAX_ORDERS:
                self._orders.popitem(last=False)
        return ordered

    def _splits(
        self,
        catalog: Catalog,
        counter: ChangeCounter,
        images: Mapping[str, ListedImage],
        latest: Mapping[str, Decision],
    ) -> Mapping[str, str]:
        """Return the split of each image; computed again only if something can have changed one.

        A picture that was imported with a label stays in its split when it gets another one.
        """
        seed, beside = project_seed(catalog), DecisionLog(catalog).same_split_as()
        matter = frozenset(
            (image_id, decision.action, decision.kind == ACCEPTED)
            for image_id, decision in latest.items()
            if decision.kind == ACCEPTED
            or not current_label(decision, "")
            or decision.action == "delete"
            or (image_id in images and not images[image_id].label)
        )
        key = (counter[:-1], seed, frozenset(beside.items()), matter)
        known = self._assigned
        if known is None or known[0] != key:
            known = self._assigned = key, dataset.splits(catalog, seed)
        return known[1]


def _read_images(catalog: Catalog) -> dict[str, ListedImage]:
    """Read all images, sorted by name."""
    with catalog.connection() as connection:
        records, added = read_images(connection), read_added(connection)
        origins_read = read_sources(connection, sources.c.image_id.is_not(None))
    origins: dict[str, list[str]] = {}
    for source in origins_read:
        origins.setdefault(str(source.image_id), []).append(source.origin)
    listed = []
    for image in records:
        came = origins.get(image.image_id) or [image.path]
        name = came[0].rstrip("/").rsplit("/", 1)[-1]
        searched = folded("\n".join([image.path, *came]))
        when = added.get(image.image_id, "")
        listed.append(ListedImage(image.image_id, image.path, image.label, name, source_of(came[0]), when, searched))
    listed.sort(key=lambda one: (by_number(one.name), one.image_id))
    return {one.image_id: one for one in listed}


def _by_model(query: ImageQuery, ids: list[str], now: Snapshot) -> list[str]:
    """Sort images by what the model knows of them; those that it has not seen come last.

    Args:
        query: its sort is `doubt`: the highest out-of-fold loss first, then images without a label, the most uncertain
            first; or `likeness`: the features most like those of the image `near` first.
        ids: the images to sort.
        now: labels, probabilities and features.

    Raises:
        ReviewError: see `ImageList.order`.
    """
    rows = now.rows_of(ids)
    seen = rows[rows >= 0]
    ranked = _doubtful(now, seen) if query.sort == "doubt" else _alike(now, seen, query.near)
    return [now.images[row].image_id for row in ranked] + [
        one for one, row in zip(ids, rows.tolist(), strict=True) if row < 0
    ]


def _doubtful(now: Snapshot, rows: np.ndarray) -> list[int]:
    probs = now.oof_probs
    labelled, rest = rows[now.targets[rows] >= 0], rows[now.targets[rows] < 0]
    ranked = labelled[rank_label_issues(probs[labelled], now.targets[labelled])]
    return [*ranked.tolist(), *rest[np.argsort(probs[rest].max(axis=1), kind="stable")].tolist()]


def _alike(now: Snapshot, rows: np.ndarray, near: str) -> list[int]:
    (row,) = now.rows_of([near])
    if row < 0:
        raise ReviewError("the picture to compare with is not ready", hint="wait a moment, or choose another one")
    similarity = now.likeness(row)[rows]
    similarity[rows == row] = np.inf
    ranked: list[int] = rows[np.argsort(-similarity, kind="stable")].tolist()
    return ranked
