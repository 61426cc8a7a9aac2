"""Computes snapshots of a project, and reuses every slow part whose inputs did not change."""

import threading
from collections.abc import Callable, Hashable, Sequence
from functools import cached_property
from typing import Any, NamedTuple, TypeVar, cast

import numpy as np

from bearkit import runs
from bearkit.bodies import registry
from bearkit.bodies.features import compute_features, feature_cache, read_features
from bearkit.bodies.registry import Body
from bearkit.catalog.catalog import Catalog
from bearkit.catalog.decision_types import ACCEPTED
from bearkit.catalog.decisions import DecisionLog
from bearkit.catalog.schema import ImageRecord
from bearkit.core.parallel import Progress, no_progress
from bearkit.core.project import Project
from bearkit.core.single_flight import SingleFlight
from bearkit.datasets import dataset
from bearkit.datasets.seed import project_seed
from bearkit.errors import ImageError, NoImagesError
from bearkit.evaluation.image_quality import quality_problem
from bearkit.evaluation.leave_one_out import LeaveOneOutRidge
from bearkit.labelling.background_features import BackgroundFeatures
from bearkit.labelling.decision_history import DecisionHistory, decision_history
from bearkit.labelling.image_stats import ImageStats, image_stats
from bearkit.labelling.snapshot import Snapshot
from bearkit.training.config import TrainConfig

T = TypeVar("T")


class _Versions(NamedTuple):
    """Values that change when an input of a snapshot changes. A key is made of those that a result depends on."""

    file: int  # these four are the fields of `ChangeCounter`
    images: tuple[int, ...]
    move: int
    decision: int
    run: str | None  # the newest finished run
    body: str
    weights: str
    seed: int
    features: int  # how often features of more images became available, or could not be read


class _Memo:
    """The last result of each computation, with the key it was computed for."""

    def __init__(self) -> None:
        self._results: dict[str, tuple[Hashable, Any]] = {}

    def get(self, name: str, key: Hashable, compute: Callable[[], T]) -> T:
        """Return the result for this key; compute it if the last one had another key."""
        known = self._results.get(name)
        if known is None or known[0] != key:
            known = self._results[name] = key, compute()
        return cast(T, known[1])

    def __contains__(self, name: str) -> bool:
        return name in self._results


class PixelStats:
    """Near-duplicates and low-quality images, found by their pixels."""

    def __init__(self, images: Sequence[ImageRecord], stats: ImageStats) -> None:
        self.images, self.stats = images, stats

    @cached_property
    def pairs(self) -> list[tuple[str, str]]:
        """Near-duplicates as pairs of image ids, the most similar first."""
        return self.stats.near_duplicates()

    @cached_property
    def problems(self) -> dict[str, str]:
        """Why an image has low quality, by image id; images without a problem are left out."""
        size = {image.image_id: (image.width, image.height) for image in self.images}
        measured = zip(self.stats.image_ids, self.stats.measures, strict=True)
        found = {image_id: quality_problem(measures, *size[image_id]) for image_id, measures in measured}
        return {image_id: reason for image_id, reason in found.items() if reason}


class ImageIndex:
    """A project's features, heads and pixel statistics. Its methods may be called from several threads.

    Features come from the pretrained, frozen body: a body that was fine-tuned on these labels has seen them.

    Args:
        project: whose images.
        progress: called while images are read for the first time.
        wait: compute the features of all images first; False begins with the images that have some, and computes the
            others in a thread.

    Raises:
        ProjectError: there is no project.
    """

    def __init__(self, project: Project, progress: Progress = no_progress, wait: bool = True) -> None:
        self.project, self.progress = project.require(), progress
        self._background = None if wait else BackgroundFeatures(project, progress)
        self.catalog = Catalog(project)
        self.decision_log = DecisionLog(self.catalog)
        self._memo = _Memo()
        self._snapshots: SingleFlight[Snapshot] = SingleFlight()  # which runs one computation at a time
        self._pixels_lock = threading.Lock()
        self._lost = 0  # how often features could not be read any more

    @property
    def waiting(self) -> int:
        """The number of images that have no features yet, and are in no snapshot."""
        return self._background.waiting if self._background else 0

    def features_name(self) -> str:
        """The name of the features of a snapshot: of their body, its weights and its preprocessing."""
        now = self._versions()
        return feature_cache(self.project, registry.get(now.body, now.weights), 1).folder.name

    def snapshot(self, complete: bool = False) -> Snapshot:
        """The current state, with heads relearned; computed once for all callers that ask at the same time.

        Args:
            complete: wait until the images that are computed in a thread have their features too.

        Raises:
            NoImagesError: the project has no images.
        """
        snapshot = self._snapshots.get("snapshot", self._current)
        while complete and self._background and self._background.waiting:
            self._background.finish()
            snapshot = self._snapshots.get("snapshot", self._current)
        return snapshot

    def _current(self) -> Snapshot:
        versions = self._versions()
        return self._memo.get("snapshot", versions, lambda: self._compute(versions))

    def _versions(self) -> _Versions:
        """The body is that of the newest finished run, the default before the first."""
        finished = next((run for run in reversed(runs.list_usable(self.project)) if run.finished), None)
        config = TrainConfig.from_dict(finished.config) if finished else TrainConfig()
        seed = project_seed(self.catalog)
        run = finished.id if finished else None
        available = self._background.level if self._background else 0
        return _Versions(*self.catalog.change_counter(), run, config.body, config.weights, seed, available + self._lost)

    def _compute(self, now: _Versions) -> Snapshot:
        records = self._memo.get("records", (now.file, now.images, now.move), self._records)
        features_key = (now.file, now.images, now.body, now.weights, now.features)

        def body() -> Body:  # the same one each time, since its file of weights is read to name its features
            return self._memo.get("body", features_key, lambda: registry.get(now.body, now.weights))

        image_ids, version = self._memo.get("features", features_key, lambda: self._with_features(records, body()))
        images = [records[image_id] for image_id in image_ids]
        history = decision_history(self.decision_log.history())
        present, labels = _current_labels(images, history)
        vocab = sorted(set(labels[present].tolist()) - {""})
        column = {label: n for n, label in enumerate(vocab)}
        targets = np.array([column.get(label, -1) for label in labels.tolist()], np.int64)
        labelled = present & (targets >= 0)

        def read() -> np.ndarray:
            return self._memo.get("values", (features_key, version), lambda: self._read(images, body()))

        def heads() -> LeaveOneOutRidge:
            key = (features_key, version, labelled.tobytes())
            return self._memo.get("heads", key, lambda: LeaveOneOutRidge(read(), labelled))

        def assign_splits() -> np.ndarray:
            splits = self._splits(now, records, history)
            return np.array([splits.get(image.image_id, "") for image in images], dtype=object)

        return Snapshot(images, present, labels, vocab, targets, history, now.run, version, read, heads, assign_splits)

    def _records(self) -> dict[str, ImageRecord]:
        return {image.image_id: image for image in self.catalog.images()}

    def _with_features(self, records: dict[str, ImageRecord], body: Body) -> tuple[list[str], str]:
        """The ids of the images that have features, and the version of these. See `compute_features`."""
        images = list(records.values())
        if self._background:
            images = self._background.available(images, body)
        return compute_features(self.project, images, body, self.progress)

    def _read(self, images: Sequence[ImageRecord], body: Body) -> np.ndarray:
        try:
            return read_features(self.project, images, body, self.progress)
        except (ImageError, NoImagesError):
            self._lost += 1  # the next snapshot is without the images that cannot be read
            raise

    def _splits(self, now: _Versions, records: dict[str, ImageRecord], history: DecisionHistory) -> dict[str, str]:
        """The split of each image that has one, by image id.

        New images get one, and so do images without a label once a person has labelled them.
        """
        newly_labelled = frozenset(
            (image_id, one.kind == ACCEPTED)
            for image_id, one in history.latest.items()
            if image_id in records and not records[image_id].label
        )
        key = (now.file, now.images, now.seed, newly_labelled)
        assigned = self._memo.get("splits", key, lambda: self._assigned(now.seed))
        same = {image_id: assigned[other] for image_id, other in history.same_split.items() if other in assigned}
        return assigned | same

    def _assigned(self, seed: int) -> dict[str, str]:
        dataset.store_split(self.catalog, seed)
        return dataset.splits(self.catalog, seed) | self.catalog.split(seed)  # all are stored, if they can be

    def pixel_stats(self) -> PixelStats:
        """Read the pixels of every image, once, to find near-duplicates and low quality."""
        images = self.snapshot().images
        with self._pixels_lock:
            return self._memo.get("pixels", tuple(image.image_id for image in images), lambda: self._pixels(images))

    def _pixels(self, images: Sequence[ImageRecord]) -> PixelStats:
        pixels = PixelStats(images, image_stats(self.project, images, self.progress))
        _ = pixels.pairs, pixels.problems  # computed now, and not while someone waits for a page
        return pixels

    @property
    def has_pixel_stats(self) -> bool:
        """Whether the pixels were read: `pixel_stats` returns quickly unless images were added."""
        return "pixels" in self._memo


def _current_labels(images: Sequence[ImageRecord], history: DecisionHistory) -> tuple[np.ndarray, np.ndarray]:
    """Which images are not deleted, bool (N,), and their labels, str (N,)."""
    present = np.ones(len(images), dtype=bool)
    labels = np.array([image.label for image in images], dtype=object)
    for row, image in enumerate(images):
        if decision := history.latest.get(image.image_id):
            present[row] = decision.action != "delete"
            labels[row] = (decision.to_label if present[row] else decision.from_label) or ""
    return present, labels
