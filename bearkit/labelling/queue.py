"""What to look at next: suspects in an order that is relearned after every page, and how many are left."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from bearkit.catalog.schema import ImageRecord
from bearkit.core.parallel import Progress, no_progress
from bearkit.core.project import Project
from bearkit.core.single_flight import SingleFlight
from bearkit.errors import ReviewError
from bearkit.evaluation.label_noise import estimate_label_noise
from bearkit.labelling.candidate import KINDS, ORDERS, Candidate
from bearkit.labelling.rankers import FINDERS, Later, RankContext, copies
from bearkit.labelling.snapshot import ReviewIndex, Snapshot

PAGE = 20  # pictures
FEW = 5000  # pictures up to which outliers are counted for every page
CALM_PAGES = 2  # in a row without a change: the lecture's sign that the worst is over


@dataclass(frozen=True)
class View:
    """Which suspects: of one kind, and perhaps of one split or label only; `order` is that of wrong labels.

    Raises:
        ReviewError: there is no such kind, order or split.
    """

    kind: str = "label"
    split: str | None = None
    label: str | None = None
    order: str = "out-of-fold"

    def __post_init__(self) -> None:
        for name, known in (("kind", KINDS), ("order", ORDERS), ("split", (None, "train", "valid", "test"))):
            if getattr(self, name) not in known:
                words = ", ".join(word for word in known if word)
                raise ReviewError(f"there is no {name} `{getattr(self, name)}`", hint=f"--{name}: one of {words}")

    @property
    def name(self) -> str:
        """What was chosen to be seen, as decisions remember it."""
        return f"{self.split or ''}/{self.label or ''}"


@dataclass(frozen=True)
class Page:
    """What to look at now.

    Attributes:
        suspects: in order.
        remaining: how many there are in this view, these included.
        left: about how many wrong labels nobody has looked at yet, and the 95 % interval.
        calm: how many pictures in a row, the last ones, were looked at for their labels without a change.
        done: whether the worst is over: two pages in a row without a change, or nothing is left.
        labels: the labels there are.
    """

    suspects: list[Candidate]
    remaining: int
    left: tuple[float, list[int]]
    calm: int
    done: bool
    labels: list[str]

    def as_dict(self) -> dict[str, Any]:
        """Plain values, as the command line prints them."""
        return {
            "suspects": [suspect.as_dict() for suspect in self.suspects],
            "remaining": self.remaining,
            "left": self.left_as_dict(),
            "calm": self.calm,
            "done": self.done,
        }

    def left_as_dict(self) -> dict[str, Any]:
        """How many wrong labels are left."""
        estimate, interval = self.left
        return {"estimate": round(estimate, 1), "interval": interval}


class Queue:
    """The suspects of a project. Its methods may be called from several threads.

    Args:
        project: whose pictures.
        progress: told while pictures are looked at for the first time.
    """

    def __init__(self, project: Project, progress: Progress = no_progress) -> None:
        self.material = ReviewIndex(project, progress)
        self._pages: SingleFlight[Page] = SingleFlight()
        self._counts: SingleFlight[dict[str, int]] = SingleFlight()

    def page(self, view: View | None = None, n: int = PAGE) -> Page:
        """The next pictures to look at, relearned from what was decided so far.

        Raises:
            ReviewError: there is no such label, or nothing to compare.
        """
        view = view or View()
        return self._pages.get((view, n), lambda: self._page(view, n))

    def _page(self, view: View, n: int) -> Page:
        state = self.material.now()
        if view.label is not None and view.label not in state.vocab:
            raise ReviewError(f"there is no label `{view.label}`", hint=f"labels: {', '.join(state.vocab)}")
        found = self._find(view, state)
        calm = self._calm(view, n) if view.kind == "label" else 0
        done = view.kind == "label" and (calm >= CALM_PAGES * n or not found)
        left = self._left(view, state)
        return Page([word() for word in found[:n]], len(found), left, calm, done, state.vocab)

    def counts(self) -> dict[str, int]:
        """How many suspects of each kind there are, of those kinds where that is quickly told."""
        return dict(self._counts.get("counts", self._count))

    def _count(self) -> dict[str, int]:
        state = self.material.now()
        quick = {"duplicate": self.material.looked, "quality": self.material.looked, "outlier": len(state.images) < FEW}
        kinds = [kind for kind, is_quick in quick.items() if is_quick]
        result = {kind: len(self._find(View(kind), state)) for kind in kinds}
        result["unlabelled"] = int((state.present & (state.targets < 0)).sum())
        if state.probs is not None:
            result["label"] = self.doubted(View())
        return result

    def doubted(self, view: View) -> int:
        """How many labels of a view nobody looked at and a head that has not seen the picture would not give."""
        state = self.material.now()
        about = state.seen & ~self._decided("label", state) & (state.judged.argmax(axis=1) != state.targets)
        about &= (state.splits == view.split) if view.split else True
        about &= (state.labels == view.label) if view.label else True
        return int(about.sum())

    def duplicates(self) -> tuple[list[list[str]], dict[str, str]]:
        """Groups of near-duplicates, as image ids, and the split of each picture in them."""
        state = self.material.now()
        groups = copies(self.material, state)
        split = {state.images[row].image_id: str(state.splits[row]) for group in groups for row in group}
        return [[state.images[row].image_id for row in group] for group in groups], split

    def neighbours(self, image_id: str, n: int = 6) -> list[ImageRecord]:
        """The pictures that are most like this one."""
        state = self.material.now()
        (row,) = state.rows_of([image_id])
        if row < 0:
            return []
        alike = state.features @ state.features[row] / np.maximum(np.linalg.norm(state.features, axis=1), 1e-6)
        alike[row], alike[~state.present] = -np.inf, -np.inf
        nearest = np.argsort(-alike)[:n]
        return [state.images[other] for other in nearest if np.isfinite(alike[other])]

    def _find(self, view: View, state: Snapshot) -> list[Later]:
        wanted = state.present & ~self._decided(view.kind, state)
        if view.split is not None:
            wanted &= state.splits == view.split
        if view.label is not None:
            label = state.judged.argmax(axis=1) if view.kind == "unlabelled" else state.targets
            wanted &= label == state.vocab.index(view.label)
        return FINDERS[view.kind](RankContext(self.material, state, wanted, view.order))

    def _decided(self, kind: str, state: Snapshot) -> np.ndarray:
        """The pictures that someone decided about as this kind of suspect, bool (N,)."""
        return state.among(self.material.ledger.decided(kind))

    def _left(self, view: View, state: Snapshot) -> tuple[float, list[int]]:
        """About how many wrong labels nobody has looked at yet, in the split or of the label that is looked at."""
        looked_at = self.material.ledger.decided("label")
        decided = state.among(looked_at)
        changed = state.among(one for one, (_, was_changed) in looked_at.items() if was_changed)
        before = state.labels.copy()
        for image_id, (label, _) in looked_at.items():
            if image_id in state.row_of:
                before[state.row_of[image_id]] = label
        about = np.isin(before.astype(str), state.vocab)
        about &= state.present | decided  # that a picture was deleted as a copy says nothing of its label
        if view.split is not None:
            about &= state.splits == view.split
        if view.label is not None:
            about &= before == view.label
        rows = np.flatnonzero(about)
        if not len(rows) or state.probs is None:
            return 0.0, [0, 0]
        column = {label: n for n, label in enumerate(state.vocab)}
        given = state.probs[rows, [column[label] for label in before[rows].tolist()]]
        return estimate_label_noise(given, decided[rows], changed[rows])

    def _calm(self, view: View, n: int) -> int:
        """How many pictures in a row, the last ones of this view, were looked at for their labels without a change."""
        calm: set[str | None] = set()
        for look in self.material.ledger.looks("label", view.name, 4 * CALM_PAGES * n):
            if look.action != "keep" or look.to_label != look.from_label:
                break
            calm.add(look.image_id)
        return len(calm)
