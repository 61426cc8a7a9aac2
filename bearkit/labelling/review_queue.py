"""Candidates for review, in an order that is relearned after every page; and how many label errors remain."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from bearkit.catalog.schema import ImageRecord
from bearkit.core.parallel import Progress, no_progress
from bearkit.core.project import Project
from bearkit.errors import ReviewError
from bearkit.evaluation.label_noise import estimate_label_noise
from bearkit.labelling.audit import read_audit
from bearkit.labelling.image_index import ImageIndex
from bearkit.labelling.image_sets import SETS
from bearkit.labelling.review_candidate import Candidate
from bearkit.labelling.review_rankers import RANKERS, LazyCandidate, RankContext, duplicate_groups
from bearkit.labelling.review_view import View
from bearkit.labelling.snapshot import Snapshot

REVIEW_PAGE = 20  # images
OUTLIER_COUNT_LIMIT = 5000  # images; with more, counting outliers for every page takes too long
OF_LABELS = ("label", "outlier")  # kinds of candidates that are chosen by their label
CLEAN_PAGES = 2  # pages in a row without a change: the course's sign that few label errors remain


@dataclass(frozen=True)
class ReviewPage:
    """The next candidates of a view.

    Attributes:
        suspects: the candidates, in order.
        remaining: the number of candidates in this view, these included.
        left: the estimated number of label errors among images that nobody reviewed, and its 95 % interval.
        calm: how many of the last reviewed labels in a row were right.
        done: whether few label errors remain: two pages in a row without a change, or no candidate is left.
        labels: the labels in use.
    """

    suspects: list[Candidate]
    remaining: int
    left: tuple[float, list[int]]
    calm: int
    done: bool
    labels: list[str]

    def as_dict(self) -> dict[str, Any]:
        """Return plain values, as the command line prints them."""
        return {
            "suspects": [candidate.as_dict() for candidate in self.suspects],
            "remaining": self.remaining,
            "left": self.left_as_dict(),
            "calm": self.calm,
            "done": self.done,
        }

    def left_as_dict(self) -> dict[str, Any]:
        """Return the estimated number of remaining label errors, and its interval."""
        estimate, interval = self.left
        return {"estimate": round(estimate, 1), "interval": interval}


class ReviewQueue:
    """The candidates of a project. Its methods may be called from several threads.

    Each method answers for the current moment. A caller that needs several answers of one moment passes the same
    `snapshot` (from `queue.index.snapshot()`) to all of them.

    Args:
        project: whose images.
        progress: called while images are read for the first time.
        index: an index of the project that others use too; one of its own if left out.
    """

    def __init__(self, project: Project, progress: Progress = no_progress, index: ImageIndex | None = None) -> None:
        self.index = index or ImageIndex(project, progress)

    def page(
        self, view: View | None = None, n: int = REVIEW_PAGE, snapshot: Snapshot | None = None, start: int = 0
    ) -> ReviewPage:
        """Return the next candidates of a view, relearned from all decisions.

        Args:
            view: which candidates; suspected label errors if left out.
            n: the number of candidates.
            snapshot: the moment to answer for; now if left out.
            start: how many candidates to pass over: images of a set stay in it after a decision.

        Raises:
            ReviewError: there is no such label, or there are fewer than two labels to compare.
        """
        view, now = view or View(), snapshot or self.index.snapshot()
        blind = self._blind(now)
        if view.kind == "conflict":  # an import of images that are known already adds some, and changes no snapshot
            return self._page(view, n, now, start, blind)
        return now.results.get(("page", view, n, start, blind), lambda: self._page(view, n, now, start, blind))

    def _page(self, view: View, n: int, snapshot: Snapshot, start: int, blind: frozenset[str]) -> ReviewPage:
        if view.label is not None and view.label not in (_labels_ever(snapshot) if view.is_set else snapshot.vocab):
            raise ReviewError(f"there is no label `{view.label}`", hint=f"labels: {', '.join(snapshot.vocab)}")
        candidates = self._rank(view, snapshot, blind)
        calm = _clean_streak(view, n, snapshot) if view.kind == "label" else 0
        done = view.kind == "label" and (calm >= CLEAN_PAGES * n or not candidates)
        left = _label_errors_left(view, snapshot)
        shown = [make() for make in candidates[start : start + n]]
        shown = [_without_proposal(one) if one.image_id in blind else one for one in shown]
        return ReviewPage(shown, len(candidates), left, calm, done, snapshot.vocab)

    def counts(self, snapshot: Snapshot | None = None) -> dict[str, int]:
        """Count the candidates of each kind; kinds that take long to count are left out."""
        now, has_pixels = snapshot or self.index.snapshot(), self.index.has_pixel_stats
        return dict(now.results.get(("counts", has_pixels), lambda: self._count(now, has_pixels)))

    def _count(self, snapshot: Snapshot, has_pixels: bool) -> dict[str, int]:
        quick = {
            "duplicate": has_pixels,
            "quality": has_pixels,
            "outlier": len(snapshot.images) < OUTLIER_COUNT_LIMIT,
        }
        result = {kind: len(self._rank(View(kind), snapshot)) for kind, is_quick in quick.items() if is_quick}
        result["unlabelled"] = int(snapshot.unlabelled.sum())
        result |= {"any": int(snapshot.present.sum()), "deleted": int((~snapshot.present).sum())}
        if snapshot.probs is not None:
            result["label"] = self.doubted(View(), snapshot)
        return result

    def doubted(self, view: View, snapshot: Snapshot | None = None) -> int:
        """Count the labels that nobody reviewed and that differ from the out-of-fold prediction."""
        snapshot = snapshot or self.index.snapshot()
        mask = snapshot.labelled & ~_reviewed("label", snapshot)
        mask &= (snapshot.oof_probs.argmax(axis=1) != snapshot.targets) & ~snapshot.mask_of(self._blind(snapshot))
        if view.split:
            mask &= snapshot.splits == view.split
        if view.label:
            mask &= snapshot.labels == view.label
        return int(mask.sum())

    def duplicates(self) -> tuple[list[list[str]], dict[str, str]]:
        """Return groups of near-duplicates, as image ids, and the split of each image in them."""
        snapshot = self.index.snapshot()
        groups = duplicate_groups(self.index, snapshot)
        split = {snapshot.images[row].image_id: str(snapshot.splits[row]) for group in groups for row in group}
        return [[snapshot.images[row].image_id for row in group] for group in groups], split

    def neighbours(self, image_id: str, n: int = 6, snapshot: Snapshot | None = None) -> list[ImageRecord]:
        """Return the `n` most similar images (cosine similarity of features), the most similar first."""
        snapshot = snapshot or self.index.snapshot()
        (row,) = snapshot.rows_of([image_id])
        if row < 0:
            return []
        similarity = snapshot.likeness(row)
        similarity[row], similarity[~snapshot.present] = -np.inf, -np.inf
        nearest = np.argsort(-similarity)[:n]
        return [snapshot.images[other] for other in nearest if np.isfinite(similarity[other])]

    def _blind(self, snapshot: Snapshot) -> frozenset[str]:
        """The ids of the images of an audit that wait for an answer; it may be drawn while the snapshot stays."""
        return frozenset(read_audit(self.index.catalog).pending(snapshot))

    def _rank(self, view: View, snapshot: Snapshot, blind: frozenset[str] = frozenset()) -> list[LazyCandidate]:
        if view.is_set:
            return SETS[view.kind](RankContext(self.index, snapshot, _members(view, snapshot), view, blind))
        wanted = snapshot.present & ~_reviewed(view.kind, snapshot)
        if view.label is not None or view.kind in OF_LABELS:  # else the view would tell what is proposed for these
            wanted &= ~snapshot.mask_of(blind)
        if view.split is not None:
            wanted &= snapshot.splits == view.split
        if view.label is not None:
            label = snapshot.oof_probs.argmax(axis=1) if view.kind == "unlabelled" else snapshot.targets
            wanted &= label == snapshot.vocab.index(view.label)
        return RANKERS[view.kind](RankContext(self.index, snapshot, wanted, view, blind))


Queue = ReviewQueue  # its name before there was a `LabelQueue`; scripts may use it


def _without_proposal(candidate: Candidate) -> Candidate:
    """Take away what the model says about an image: its proposal, and a label that it gave."""
    reason = "" if candidate.kind == "any" else candidate.reason
    return replace(candidate, given=None, predicted=None, probability=None, loss=None, reason=reason)


def _members(view: View, snapshot: Snapshot) -> np.ndarray:
    """The images that a set may hold, bool (N,): those with its label and split. A run has splits of its own."""
    members = ~snapshot.present if view.kind == "deleted" else snapshot.present.copy()
    if view.split is not None and view.kind != "mistake":
        members &= snapshot.splits == view.split
        if view.split != "train":  # such images wait until a person confirms the model's label
            members &= ~snapshot.by_model
    return members if view.label is None else members & (snapshot.labels == view.label)


def _labels_ever(snapshot: Snapshot) -> set[str]:
    """The labels that images have or had: a set of images stays a set when its last image gets another label."""
    given = {str(one.to_label) for one in snapshot.history.decisions if one.to_label and one.action != "beside"}
    return given | {image.label for image in snapshot.images}


def _reviewed(kind: str, snapshot: Snapshot) -> np.ndarray:
    """The images that someone decided about as candidates of this kind, bool (N,)."""
    return snapshot.results.get(("reviewed", kind), lambda: snapshot.mask_of(snapshot.history.reviewed(kind)))


def _label_errors_left(view: View, snapshot: Snapshot) -> tuple[float, list[int]]:
    """Estimate how many label errors remain in a view's split and label, with a 95 % interval."""
    reviewed = snapshot.history.reviewed("label")
    decided = snapshot.mask_of(reviewed)
    changed = snapshot.mask_of(image_id for image_id, (_, was_changed) in reviewed.items() if was_changed)
    before = snapshot.labels.copy()  # the label before a review: what the estimate learns from
    for image_id, (label, _) in reviewed.items():
        if image_id in snapshot.row_of:
            before[snapshot.row_of[image_id]] = label
    mask = np.isin(before.astype(str), snapshot.vocab)
    mask &= snapshot.present | decided  # an image deleted as a near-duplicate says nothing about its label
    if view.split is not None:
        mask &= snapshot.splits == view.split
    if view.label is not None:
        mask &= before == view.label
    rows = np.flatnonzero(mask)
    if not len(rows) or snapshot.probs is None:
        return 0.0, [0, 0]
    column = {label: n for n, label in enumerate(snapshot.vocab)}
    prob_of_label = snapshot.probs[rows, [column[label] for label in before[rows].tolist()]]
    return estimate_label_noise(prob_of_label, decided[rows], changed[rows])


def _clean_streak(view: View, n: int, snapshot: Snapshot) -> int:
    """Count the images, back from the last decision of this view, whose label was reviewed and not changed."""
    unchanged: set[str | None] = set()
    for decision in snapshot.history.recent("label", view.name, 4 * CLEAN_PAGES * n):
        if decision.action != "keep" or decision.to_label != decision.from_label:
            break
        unchanged.add(decision.image_id)
    return len(unchanged)
