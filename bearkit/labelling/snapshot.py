"""What is known of a project's pictures at this moment, and what was worked out about them between pages."""

import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from bearkit import runs
from bearkit.bodies import registry
from bearkit.bodies.features import features
from bearkit.catalog.catalog import Catalog
from bearkit.catalog.decisions import DecisionLog
from bearkit.catalog.schema import Decision, ImageRecord
from bearkit.core.parallel import Progress, no_progress
from bearkit.core.project import Project
from bearkit.core.single_flight import SingleFlight
from bearkit.datasets import dataset
from bearkit.datasets.seed import project_seed
from bearkit.errors import ReviewError
from bearkit.evaluation.image_quality import problem
from bearkit.evaluation.leave_one_out import LeaveOneOut
from bearkit.labelling.image_stats import ImageStats, image_stats
from bearkit.training.config import TrainConfig


@dataclass(frozen=True)
class Snapshot:
    """N pictures, those that were deleted among them, and what people and heads say of each.

    Attributes:
        images: as they came, in the order of all the arrays.
        features: of the pretrained body, float32 (N, D).
        present: bool (N,); False for those that were deleted.
        labels: now, or when it was deleted; "" for none. str (N,).
        splits: "" for none, str (N,).
        vocab: the labels there are.
        targets: index of the label in vocab, int (N,); -1 for none.
        probs: out-of-fold probabilities, float32 (N, C); None with fewer than two labels, which leave nothing to learn.
        decisions: what counts at present, by image id.
    """

    images: list[ImageRecord]
    features: np.ndarray
    present: np.ndarray
    labels: np.ndarray
    splits: np.ndarray
    vocab: list[str]
    targets: np.ndarray
    probs: np.ndarray | None
    decisions: dict[str, Decision]

    @property
    def judged(self) -> np.ndarray:
        """The probabilities, where there are two labels to tell apart.

        Raises:
            ReviewError: there are fewer.
        """
        if self.probs is None:
            raise ReviewError(
                f"labels can be compared once there are two; the pictures have {len(self.vocab)}",
                hint="give some pictures another label (`bearkit review next --kind unlabelled`), or import more",
            )
        return self.probs

    @property
    def seen(self) -> np.ndarray:
        """The pictures that heads learn from, bool (N,)."""
        return self.present & (self.targets >= 0)

    @cached_property
    def row_of(self) -> dict[str, int]:
        """Where each picture is, by image id."""
        return {image.image_id: row for row, image in enumerate(self.images)}

    def rows_of(self, image_ids: Iterable[str]) -> np.ndarray:
        """Where these pictures are, int; -1 for one that is not here."""
        return np.array([self.row_of.get(image_id, -1) for image_id in image_ids], np.int64)

    def among(self, image_ids: Iterable[str]) -> np.ndarray:
        """Which pictures these are, bool (N,)."""
        result = np.zeros(len(self.images), dtype=bool)
        rows = self.rows_of(image_ids)
        result[rows[rows >= 0]] = True
        return result


class Pixels:
    """What was seen in the pixels of these pictures."""

    def __init__(self, images: Sequence[ImageRecord], found: ImageStats) -> None:
        self.images, self.looks = images, found

    @cached_property
    def pairs(self) -> list[tuple[str, str]]:
        """Near-duplicates, as image ids, the most alike first."""
        return self.looks.copies()

    @cached_property
    def problems(self) -> dict[str, str]:
        """What is wrong with the pictures that nobody can learn from, by image id."""
        size = {image.image_id: (image.width, image.height) for image in self.images}
        seen = zip(self.looks.image_ids, self.looks.measures, strict=True)
        told = {image_id: problem(measured, *size[image_id]) for image_id, measured in seen}
        return {image_id: what for image_id, what in told.items() if what}


class ReviewIndex:
    """Everything slow: features, heads, looks at pixels. Its methods may be called from several threads.

    Features are of the pretrained body, frozen: one that was trained on these labels has seen them.

    Args:
        project: whose pictures.
        progress: told while pictures are looked at for the first time.
    """

    def __init__(self, project: Project, progress: Progress = no_progress) -> None:
        self.project, self.progress = project.require(), progress
        self.catalog = Catalog(project)
        self.ledger = DecisionLog(self.catalog)
        self._lock = threading.RLock()
        self._shared: SingleFlight[Snapshot] = SingleFlight()
        self._images: list[ImageRecord] = []
        self._of: tuple[Any, ...] = ()  # which pictures and whose features those are
        self._features = np.empty((0, 0), np.float32)
        self._splits: tuple[frozenset[str], np.ndarray] | None = None
        self._heads: tuple[bytes, LeaveOneOut] | None = None
        self._state: Snapshot | None = None
        self._version: tuple[Any, ...] = ()
        self._pixels: Pixels | None = None

    def now(self) -> Snapshot:
        """The present state, heads relearned; worked out once for all who ask at the same time.

        Raises:
            NoImagesError: there are no pictures.
        """
        return self._shared.get("now", self._now)

    def _now(self) -> Snapshot:
        with self._lock:
            version = self.catalog.version(), self._config()
            if self._state is not None and self._version == version:
                return self._state
            self._take(*version)
            images, decisions = self._images, self.ledger.present()
            row_of = {image.image_id: row for row, image in enumerate(images)}
            present = np.ones(len(images), dtype=bool)
            labels = np.array([image.label for image in images], dtype=object)
            for image_id, decision in decisions.items():
                if (row := row_of.get(image_id)) is not None:
                    present[row] = decision.action != "delete"
                    labels[row] = (decision.to_label if present[row] else decision.from_label) or ""
            vocab = sorted(set(labels[present].tolist()) - {""})
            column = {label: n for n, label in enumerate(vocab)}
            targets = np.array([column.get(label, -1) for label in labels.tolist()], np.int64)
            unlabelled = {image.image_id for image in images if not image.label}
            splits = self._split(version[1][-1], unlabelled & set(decisions))
            for image_id, other in self.ledger.beside().items():
                if image_id in row_of and other in row_of:
                    splits[row_of[image_id]] = splits[row_of[other]]
            probs = self._probs(present & (targets >= 0), targets, vocab)
            self._version = version
            self._state = Snapshot(images, self._features, present, labels, splits, vocab, targets, probs, decisions)
            return self._state

    def look(self) -> Pixels:
        """Look at the pixels of every picture, once, for near-duplicates and for quality."""
        images, found = self.now().images, self._pixels
        ids = [image.image_id for image in images]
        if found is None or [image.image_id for image in found.images] != ids:
            found = Pixels(images, image_stats(self.project, images, self.progress))
            _ = found.pairs, found.problems  # here, and not while someone waits for a page
            self._pixels = found
        return found

    @property
    def looked(self) -> bool:
        """Whether the pixels were looked at."""
        return self._pixels is not None

    def _take(self, version: tuple[int, ...], config: tuple[str, str, int]) -> None:
        """The pictures and their features, when they are others than before; what was worked out for those goes."""
        *which, _, moved = version
        if (which, moved, config) == self._of:
            return
        every = self.catalog.images()
        dataset.store_split(self.catalog, config[-1])
        same = self._of and (which, config[:2]) == (self._of[0], self._of[2][:2])
        if same:  # files may have moved
            now = {image.image_id: image for image in every}
            self._images = [now[image.image_id] for image in self._images]
        else:
            body = registry.get(*config[:2])
            found = features(self.project, every, body, 1, self.progress)
            readable = set(found.image_ids)
            self._images = [image for image in every if image.image_id in readable]
            self._features, self._heads = found.values[:, 0], None
        self._of, self._splits = (which, moved, config), None

    def _split(self, seed: int, newly_labelled: set[str]) -> np.ndarray:
        """The split that each picture was assigned, str (N,), anew when pictures got their first label."""
        if self._splits is None or self._splits[0] != newly_labelled:
            kept = dataset.splits(self.catalog, seed)
            every = self.catalog.split(seed) | kept
            splits = np.array([every.get(image.image_id, "") for image in self._images], dtype=object)
            self._splits = frozenset(newly_labelled), splits
        return self._splits[1].copy()

    def _config(self) -> tuple[str, str, int]:
        """The body and its weights of the newest finished run, the default ones before the first; the split's seed."""
        finished = next((run for run in reversed(runs.every(self.project)) if run.finished), None)
        config = TrainConfig.from_dict(finished.config) if finished else TrainConfig()
        return config.body, config.weights, project_seed(self.catalog)

    def _probs(self, seen: np.ndarray, targets: np.ndarray, vocab: list[str]) -> np.ndarray | None:
        if len(vocab) < 2:
            return None
        if self._heads is None or self._heads[0] != seen.tobytes():
            self._heads = seen.tobytes(), LeaveOneOut(self._features, seen)
        return self._heads[1].probs(targets, len(vocab))
