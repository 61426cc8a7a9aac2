"""What is known of a project's pictures at this moment, and what was worked out about them between pages."""

import threading
from dataclasses import dataclass

import numpy as np

from bearkit import runs
from bearkit.catalog.catalog import Catalog
from bearkit.catalog.ledger import Ledger
from bearkit.catalog.tables import Decision, ImageRecord
from bearkit.dataset import dataset
from bearkit.errors import ReviewError
from bearkit.interpretation.duplicates import near_duplicates
from bearkit.interpretation.out_of_fold import LeaveOneOut
from bearkit.parallel import Progress, no_progress
from bearkit.project import Project
from bearkit.review.looks import Looks, looks
from bearkit.training import bodies
from bearkit.training.config import TrainConfig
from bearkit.training.features import features


@dataclass(frozen=True)
class State:
    """N pictures, those that were deleted among them, and what people and heads say of each.

    Attributes:
        images: as they came, in the order of all the arrays.
        features: of the pretrained body, float32 (N, D).
        present: bool (N,); False for those that were deleted.
        labels: now, or when it was deleted; "" for none. str (N,).
        splits: "" for none, str (N,).
        vocab: the labels there are.
        targets: index of the label in vocab, int (N,); -1 for none.
        probs: out-of-fold probabilities, float32 (N, C).
        decisions: what counts at present, by image id.
    """

    images: list[ImageRecord]
    features: np.ndarray
    present: np.ndarray
    labels: np.ndarray
    splits: np.ndarray
    vocab: list[str]
    targets: np.ndarray
    probs: np.ndarray
    decisions: dict[str, Decision]

    @property
    def seen(self) -> np.ndarray:
        """The pictures that heads learn from, bool (N,)."""
        return self.present & (self.targets >= 0)

    def rows_of(self, image_ids: list[str]) -> np.ndarray:
        """Where these pictures are, int; -1 for one that is not here."""
        row_of = {image.image_id: row for row, image in enumerate(self.images)}
        return np.array([row_of.get(image_id, -1) for image_id in image_ids], np.int64)


class Material:
    """Everything slow: features, heads, looks at pixels. Its methods may be called from several threads.

    Features are of the pretrained body, frozen: one that was trained on these labels has seen them.

    Args:
        project: whose pictures.
        seed: whose split.
        progress: told while pictures are looked at for the first time.
    """

    def __init__(self, project: Project, seed: int = TrainConfig.seed, progress: Progress = no_progress) -> None:
        self.project, self.seed, self.progress = project.require(), seed, progress
        self.catalog = Catalog(project)
        self.ledger = Ledger(self.catalog)
        self._lock = threading.RLock()
        self._images: list[ImageRecord] = []
        self._known: list[str] = []  # the body, and all pictures of the project, readable or not
        self._features = np.empty((0, 0), np.float32)
        self._heads: tuple[bytes, LeaveOneOut] | None = None
        self._looks: Looks | None = None
        self._near: np.ndarray | None = None

    def now(self) -> State:
        """The present state, heads relearned.

        Raises:
            ReviewError: there are fewer than two labels, so there is nothing to compare.
            NoImagesError: there are no pictures.
        """
        with self._lock:
            self._take(self.catalog.images())
            images, decisions = self._images, self.ledger.present()
            label_now = {image.image_id: image.label for image in self.ledger.images()}
            split_now = dataset.splits(self.catalog, self.seed)
            present = np.array([image.image_id in label_now for image in images])
            last = {image_id: one.from_label or "" for image_id, one in decisions.items()}  # of deleted ones
            labels = np.array(
                [label_now.get(image.image_id, last.get(image.image_id, image.label)) for image in images]
            )
            vocab = sorted(set(labels[present].tolist()) - {""})
            column = {label: n for n, label in enumerate(vocab)}
            targets = np.array([column.get(label, -1) for label in labels.tolist()], np.int64)
            splits = np.array([split_now.get(image.image_id, "") for image in images])
            probs = self._probs(present & (targets >= 0), targets, vocab)
            return State(images, self._features, present, labels, splits, vocab, targets, probs, decisions)

    def look(self) -> Looks:
        """Look at the pixels of every picture, once, for near-duplicates and for quality."""
        with self._lock:
            self._take(self.catalog.images())
            images, found = list(self._images), self._looks
        if found is None:
            found = looks(self.project, images, self.progress)
            with self._lock:
                if [image.image_id for image in images] == [image.image_id for image in self._images]:
                    self._looks = found
        return found

    @property
    def looked(self) -> bool:
        """Whether the pixels were looked at."""
        return self._looks is not None

    def near(self, state: State) -> np.ndarray:
        """Pairs of present pictures that are near-duplicates, as rows of the state, int (P, 2)."""
        found = self.look()
        with self._lock:
            if self._near is None:
                self._near = near_duplicates(found.sketches)[0]
            pairs = state.rows_of(found.image_ids)[self._near]
        pairs = pairs[(pairs >= 0).all(axis=1)]
        present: np.ndarray = pairs[state.present[pairs].all(axis=1)]
        return present

    def _take(self, every: list[ImageRecord]) -> None:
        """When there are other pictures than before, their features; what was worked out for the others goes."""
        finished = [run for run in runs.every(self.project) if run.finished]
        config = TrainConfig.from_dict(finished[-1].config) if finished else TrainConfig()
        known = [config.body, config.weights, *(image.image_id for image in every)]
        if known == self._known:
            path = {image.image_id: image for image in every}  # files may have moved
            self._images = [path[image.image_id] for image in self._images]
            return
        dataset.keep_split(self.catalog, self.seed)
        found = features(self.project, every, bodies.get(config.body, config.weights), 1, self.progress)
        readable = set(found.image_ids)
        self._images = [image for image in every if image.image_id in readable]
        self._features, self._known = found.values[:, 0], known
        self._looks = self._near = self._heads = None

    def _probs(self, seen: np.ndarray, targets: np.ndarray, vocab: list[str]) -> np.ndarray:
        if len(vocab) < 2:
            raise ReviewError(
                f"there are pictures of {len(vocab)} label{'s' * (len(vocab) != 1)}: nothing to compare",
                hint="import another label's pictures: `bearkit import FOLDER`",
            )
        if self._heads is None or self._heads[0] != seen.tobytes():
            self._heads = seen.tobytes(), LeaveOneOut(self._features, seen)
        return self._heads[1].probs(targets, len(vocab))
