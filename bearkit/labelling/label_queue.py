"""Pages of images to label. Each page follows from what is labelled at that moment; nothing else is remembered."""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np

from bearkit.catalog.decision_types import ACCEPTED
from bearkit.catalog.schema import Decision
from bearkit.core.parallel import Progress, no_progress
from bearkit.core.project import Project
from bearkit.core.text import whole_percent
from bearkit.errors import ReviewError
from bearkit.labelling.audit import read_audit
from bearkit.labelling.image_index import ImageIndex
from bearkit.labelling.label_orders import LABEL_ORDERS, LabelState, is_exploring, like
from bearkit.labelling.label_space import reduce_features, short_features
from bearkit.labelling.snapshot import Snapshot

LABEL_PAGE = 24  # images


@dataclass(frozen=True)
class Proposal:
    """An image to label, and the label that the heads propose.

    Attributes:
        image_id: sha256 of the file.
        path: relative to the project; absolute for a linked file.
        proposed: the most probable label, or the label that people gave the image; None before there are two labels.
        probability: of the most probable label; None without a proposal.
    """

    image_id: str
    path: str
    proposed: str | None
    probability: float | None


@dataclass(frozen=True)
class LabelPage:
    """A page of images that belong together.

    Attributes:
        order: the order that was asked for.
        proposed: the label of the whole page: the one proposed for each of its images; None if they differ.
        why: why these images are shown, for people.
        images: grouped by proposed label, the surest first; empty if no image is left to label.
        labels: the number of images of each label.
        labelled: images with a label.
        unlabelled: images without one.
    """

    order: str
    proposed: str | None
    why: str
    images: list[Proposal]
    labels: dict[str, int]
    labelled: int
    unlabelled: int

    def as_dict(self) -> dict[str, Any]:
        """Return plain values, as the command line prints them."""
        ids = "\n".join(image.image_id for image in self.images)
        digest = hashlib.sha256(ids.encode()).hexdigest()[:12]
        return {
            "group": {"id": digest, "order": self.order, "proposed": self.proposed, "why": self.why},
            "images": [vars(image) for image in self.images],
            "labels": self.labels,
            "labelled": self.labelled,
            "unlabelled": self.unlabelled,
        }


class LabelQueue:
    """The images of a project that are to label, in an order that is computed again after every page.

    Args:
        project: whose images.
        progress: called while images go through the body for the first time.
        wait: see `ImageIndex`.
        index: an index of the project that others use too; one of its own if left out.

    Raises:
        ProjectError: there is no project.
    """

    def __init__(
        self,
        project: Project,
        progress: Progress = no_progress,
        wait: bool = True,
        index: ImageIndex | None = None,
    ) -> None:
        self.index = index or ImageIndex(project, progress, wait)
        self._reduced: tuple[str, np.ndarray] | None = None  # the features' version and what they were reduced to

    def page(
        self,
        n: int = LABEL_PAGE,
        order: str = "auto",
        label: str | None = None,
        similar_to: str | None = None,
        exclude: Collection[str] = (),
    ) -> LabelPage:
        """Choose the next images to label.

        Args:
            n: how many at most.
            order: one of `LABEL_ORDERS`.
            label: only images with this proposal.
            similar_to: the id of an image; those most like it are shown.
            exclude: ids of images that someone else looks at now.

        Raises:
            ReviewError: the order or the label is unknown, or there is no such image.
            NoImagesError: the project has no images.
        """
        if order not in LABEL_ORDERS:
            raise ReviewError(f"there is no order `{order}`", hint=f"--order takes {', '.join(LABEL_ORDERS)}")
        snapshot = self.index.snapshot()
        if label is not None and label not in snapshot.vocab:
            known = ", ".join(f"`{one}`" for one in snapshot.vocab) or "none yet"
            raise ReviewError(f"no image has the label `{label}`", hint=f"the labels so far: {known}")
        state = self.state(snapshot, exclude)
        rows = state.candidates(None if label is None else snapshot.vocab.index(label))
        if similar_to is None:
            chosen = LABEL_ORDERS[order](state, rows, n)
            why = _why(state, order)
        else:
            (centre,) = snapshot.rows_of([similar_to]).tolist()
            if centre < 0:
                raise ReviewError(f"there is no image {similar_to}", hint="give the id of an image of this project")
            chosen, why = like(state, rows, n, centre), "the images most like the chosen one"
        return self._page(snapshot, state, chosen, order, why)

    def page_of(self, image_ids: Collection[str], why: str, n: int | None = None) -> LabelPage:
        """Return a page of these images with what is proposed for each; unknown and deleted ones are left out.

        Args:
            image_ids: which images, whatever their label.
            why: why these images are shown, for people.
            n: how many at most, first those that people have not labelled; None for all.

        Raises:
            NoImagesError: the project has no images.
        """
        snapshot = self.index.snapshot()
        rows = np.flatnonzero(snapshot.mask_of(image_ids) & snapshot.present)
        state = self.state(snapshot)
        return self._page(snapshot, state, _grouped(snapshot, state, rows)[:n], "chosen", why)

    def state(self, snapshot: Snapshot, exclude: Collection[str] = ()) -> LabelState:
        """Return what a page depends on; images that were left for later come back when nothing else is left."""
        pending = read_audit(self.index.catalog).pending(snapshot)
        todo = snapshot.unlabelled & ~snapshot.mask_of(exclude) & ~snapshot.mask_of(pending)
        later = snapshot.mask_of(
            image_id for image_id, one in snapshot.history.latest.items() if one.action == "keep" and not one.to_label
        )
        return LabelState(
            self.reduced(snapshot),
            snapshot.targets,
            snapshot.labelled & ~snapshot.by_model,
            todo & ~later if (todo & ~later).any() else todo,
            len(snapshot.vocab),
            pages_since_new_label(snapshot),
        )

    def reduced(self, snapshot: Snapshot) -> np.ndarray:
        """Return the short features of a snapshot's images, float32 (N, d); computed again when images came."""
        reduced = self._reduced  # another thread may replace it with that of another snapshot
        version = snapshot.features_version
        if reduced is None or reduced[0] != version:
            if self.index.waiting:  # they are computed again soon, and need not be kept
                rows = reduce_features(snapshot.features)
            else:
                ids = [image.image_id for image in snapshot.images]
                rows = short_features(self.index.project, ids, version, lambda: snapshot.features)
            reduced = self._reduced = version, rows
        return reduced[1]

    def _page(self, snapshot: Snapshot, state: LabelState, rows: np.ndarray, order: str, why: str) -> LabelPage:
        images, probs = [], state.probs
        for row in _grouped(snapshot, state, rows).tolist():
            image = snapshot.images[row]
            proposed = snapshot.vocab[int(probs[row].argmax())] if probs is not None else None
            if state.labelled[row]:
                proposed = snapshot.vocab[int(snapshot.targets[row])]
            probability = float(probs[row].max()) if probs is not None else None
            images.append(Proposal(image.image_id, image.path, proposed, probability))
        common = {image.proposed for image in images}
        counts = np.bincount(snapshot.targets[snapshot.labelled], minlength=len(snapshot.vocab)).tolist()
        return LabelPage(
            order,
            next(iter(common)) if len(common) == 1 else None,
            why if images else "",
            images,
            dict(zip(snapshot.vocab, counts, strict=True)),
            int(snapshot.labelled.sum()),
            int(snapshot.unlabelled.sum()),
        )


def _grouped(snapshot: Snapshot, state: LabelState, rows: np.ndarray) -> np.ndarray:
    """Sort images: by proposal, the surest first; then those that people labelled, by label."""
    done = state.labelled[rows]
    best = np.zeros(len(rows), np.int64) if state.probs is None else state.probs[rows].argmax(axis=1)
    return rows[np.lexsort((-state.certainty(rows), np.where(done, snapshot.targets[rows], best), done))]


def pages_since_new_label(snapshot: Snapshot) -> int:
    """Count the labelling steps since the last one that brought a label that no image had before."""
    known = {image.label for image in snapshot.images}
    steps: dict[int, list[Decision]] = {}
    for one in snapshot.history.decisions:
        if one.action in ("label", "relabel") and one.kind != ACCEPTED:
            steps.setdefault(one.step, []).append(one)
    since = 0
    for step in steps.values():
        given = {str(one.to_label) for one in step}
        if any(one.action == "label" for one in step):
            since = since + 1 if given <= known else 0
        known |= given
    return since


def _why(state: LabelState, order: str) -> str:
    """Say why a page shows what it shows."""
    if order == "alike" or (order == "auto" and is_exploring(state)):
        return "they look alike, and unlike everything that has a label" if state.labelled.any() else "they look alike"
    if order == "auto":
        rows = np.flatnonzero(state.todo)
        return f"the surest proposals, up to {whole_percent(float(state.certainty(rows).max()))}" if len(rows) else ""
    if state.probs is None:
        return "at random: two labels are needed before anything can be proposed"
    reasons = {
        "uncertain": "the two most probable labels are close",
        "spread": "uncertain, and unlike each other",
        "random": "at random",
    }
    return reasons.get(order, order)
