"""What is known about a project's images at one moment."""

import threading
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar, cast

import numpy as np

from bearkit.catalog.decisions import accepted_ids
from bearkit.catalog.labels import TO_LABEL
from bearkit.catalog.schema import ImageRecord
from bearkit.errors import ReviewError
from bearkit.evaluation.leave_one_out import LeaveOneOutRidge
from bearkit.labelling.decision_history import DecisionHistory

T = TypeVar("T")


class Results:
    """Results that depend on one snapshot only. Each is computed once, by the first thread that asks for it."""

    def __init__(self) -> None:
        self._mutex = threading.Lock()
        self._locks: dict[Hashable, threading.Lock] = {}
        self._values: dict[Hashable, Any] = {}

    def get(self, key: Hashable, compute: Callable[[], T]) -> T:
        """Return the result of this key. An error of `compute` is raised, and the next call computes again."""
        with self._mutex:
            lock = self._locks.setdefault(key, threading.Lock())
        with lock:
            if key not in self._values:
                self._values[key] = compute()
        return cast(T, self._values[key])


@dataclass(frozen=True, eq=False)
class Snapshot:
    """N images (deleted ones included), their labels, and what the model predicts for each. All of one moment.

    Attributes:
        images: as imported; all arrays follow this order.
        present: bool (N,); False for deleted images.
        labels: the current label, or the last one of a deleted image; "" for none. str (N,).
        vocab: the labels in use, sorted.
        targets: index of the label in `vocab`, int (N,); -1 for none.
        history: the decisions that count.
        run: id of the newest finished run; None before the first.
        features_version: changes with the images and their features.
        read_features: returns the features of the pretrained body, float32 (N, D).
        heads: returns heads fitted on the labelled images.
        assign_splits: returns train, valid, test, or "" for none, for each image, str (N,).
        results: what was computed from this snapshot: pages, counts.
    """

    images: list[ImageRecord]
    present: np.ndarray
    labels: np.ndarray
    vocab: list[str]
    targets: np.ndarray
    history: DecisionHistory
    run: str | None
    features_version: str
    read_features: Callable[[], np.ndarray] = field(repr=False)
    heads: Callable[[], LeaveOneOutRidge] = field(repr=False)
    assign_splits: Callable[[], np.ndarray] = field(repr=False)
    results: Results = field(default_factory=Results, repr=False)

    @property
    def features(self) -> np.ndarray:
        """The features of the pretrained body, float32 (N, D).

        They are read when they are first needed: 512 MB for 100,000 images. Labelling needs only the short ones.
        """
        return self.results.get("features", self.read_features)

    @property
    def splits(self) -> np.ndarray:
        """The split of each image: train, valid, test, or "" for none, str (N,). Computed when it is first needed."""
        return self.results.get("splits", self.assign_splits)

    @property
    def probs(self) -> np.ndarray | None:
        """The out-of-fold probabilities, float32 (N, C); None with fewer than two labels: nothing can be learned.

        They are computed when they are first needed: a review needs them, and labelling has heads of its own.
        """
        if len(self.vocab) < 2:
            return None
        return self.results.get("probs", lambda: self.heads().probs(self.targets, len(self.vocab)))

    @property
    def oof_probs(self) -> np.ndarray:
        """The out-of-fold probabilities, float32 (N, C).

        Raises:
            ReviewError: the images have fewer than two labels.
        """
        probs = self.probs
        if probs is None:
            raise ReviewError(
                f"labels can be compared once there are two; the pictures have {len(self.vocab)}",
                hint=f"{TO_LABEL}; or import more",
            )
        return probs

    @property
    def labelled(self) -> np.ndarray:
        """The images that heads learn from: present and with a label. bool (N,)."""
        return self.present & (self.targets >= 0)

    @property
    def unlabelled(self) -> np.ndarray:
        """The images that are present and have no label. bool (N,)."""
        return self.present & (self.targets < 0)

    @cached_property
    def by_model(self) -> np.ndarray:
        """The images whose label the model gave, and that nobody has confirmed. bool (N,)."""
        return self.mask_of(accepted_ids(self.history.latest))

    @cached_property
    def row_of(self) -> dict[str, int]:
        """The row of each image, by image id."""
        return {image.image_id: row for row, image in enumerate(self.images)}

    def rows_of(self, image_ids: Iterable[str]) -> np.ndarray:
        """The rows of these images, int; -1 for an unknown id."""
        return np.array([self.row_of.get(image_id, -1) for image_id in image_ids], np.int64)

    def likeness(self, row: int) -> np.ndarray:
        """The cosine similarity of each image's features with those of one image, times the latter's norm; (N,)."""
        features = self.features
        likeness: np.ndarray = features @ features[row] / np.maximum(np.linalg.norm(features, axis=1), 1e-6)
        return likeness

    def mask_of(self, image_ids: Iterable[str]) -> np.ndarray:
        """A mask of these images, bool (N,); unknown ids are ignored."""
        mask = np.zeros(len(self.images), dtype=bool)
        rows = self.rows_of(image_ids)
        mask[rows[rows >= 0]] = True
        return mask
