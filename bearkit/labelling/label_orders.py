"""Which images come next while labelling, in five orders.

`auto` shows the surest proposals first: most pages are then confirmed with one key. After each new label, and sometimes
later, it shows a group of images that resemble each other but no labelled image. So rare labels appear early. The
benchmark `benchmarks.label_from_nothing` measures every order.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from bearkit.evaluation.leave_one_out import LeaveOneOutRidge

EXPLORE_PAGES = 2  # pages of look-alikes after each page that brought a new label
EXPLORE_AGAIN = (4, 8, 16, 32, 64, 128, 256)  # pages after the last new label: look for another one
SEEDS = 2000  # images that may be the centre of a page of look-alikes
MEMORY = 4000  # labelled images that look-alikes are compared with
NEAREST = 12  # images that say how crowded a place is
CORE = 5  # images that say how alike the look-alikes of a page are
KNOWN = 0.7  # how much likeness to labelled images counts against a place, for each of its crowdedness
MIN_ALIKE = 6  # a page of look-alikes shows at least this many images, even if they are unlike
LIKENESS = 0.5  # of the core's: images that are less like the centre are left for another page
FIRST_LABELS = 3  # while there are fewer labels, pages of look-alikes are short, so that each costs one action
FIRST_MIN_ALIKE, FIRST_LIKENESS = 4, 0.65  # of these pages
SPREAD = 10  # the doubtful images that `spread` chooses from, for each image of the page


@dataclass(frozen=True, eq=False)
class LabelState:
    """N images at one moment: what they look like, what is labelled, and what is to label.

    Attributes:
        rows: short features (`reduce_features`), float32 (N, d).
        targets: index of the label in the vocab, int (N,); -1 for none.
        labelled: images whose label heads learn from, bool (N,).
        todo: images that may be shown, bool (N,).
        n_labels: C, the size of the vocab.
        pages_since_new: labelling steps since the last one that brought a new label.
        seed: of what is drawn at random.
    """

    rows: np.ndarray
    targets: np.ndarray
    labelled: np.ndarray
    todo: np.ndarray
    n_labels: int
    pages_since_new: int = 0
    seed: int = 0

    @cached_property
    def probs(self) -> np.ndarray | None:
        """The proposals: probabilities of each label, float32 (N, C); None with fewer than two labels.

        Those of labelled images are leave-one-out.
        """
        if self.n_labels < 2:
            return None
        return LeaveOneOutRidge(self.rows, self.labelled, standardize=False).probs(self.targets, self.n_labels)

    @property
    def random(self) -> np.random.Generator:
        """A generator that gives the same page again until something is labelled."""
        return np.random.default_rng([self.seed, int(self.labelled.sum()), int(self.todo.sum())])

    def candidates(self, label: int | None) -> np.ndarray:
        """The images to choose from, int (M,): all that are to do, or those whose proposal is this label."""
        rows = np.flatnonzero(self.todo)
        if label is None or self.probs is None:
            return rows
        proposed: np.ndarray = self.probs[rows].argmax(axis=1)
        return np.asarray(rows[proposed == label])

    def certainty(self, rows: np.ndarray) -> np.ndarray:
        """The probability of each image's proposal, float32; 0 without proposals."""
        return np.zeros(len(rows), np.float32) if self.probs is None else self.probs[rows].max(axis=1)


def surest(state: LabelState, rows: np.ndarray, n: int) -> np.ndarray:
    """Choose the images with the most probable proposals."""
    return rows[np.argsort(-state.certainty(rows), kind="stable")[:n]]


def most_uncertain(state: LabelState, rows: np.ndarray, n: int) -> np.ndarray:
    """Choose the images whose two most probable labels are closest (margin sampling)."""
    if state.probs is None:
        return at_random(state, rows, n)
    two = np.partition(state.probs[rows], -2, axis=1)[:, -2:]
    return rows[np.argsort(two[:, 1] - two[:, 0], kind="stable")[:n]]


def spread(state: LabelState, rows: np.ndarray, n: int) -> np.ndarray:
    """Choose uncertain images that differ from each other: each is the farthest from those chosen before.

    Farthest-first traversal (Gonzalez 1985) among the most uncertain ones.
    """
    pool = most_uncertain(state, rows, SPREAD * n)
    chosen: list[int] = []
    nearest = np.full(len(pool), -np.inf, np.float32)
    for _ in range(min(n, len(pool))):
        chosen.append(int(nearest.argmin()))
        nearest = np.maximum(nearest, state.rows[pool] @ state.rows[pool[chosen[-1]]])
        nearest[chosen] = np.inf
    return pool[chosen]


def at_random(state: LabelState, rows: np.ndarray, n: int) -> np.ndarray:
    """Choose images at random."""
    return state.random.permutation(rows)[:n]


def alike(state: LabelState, rows: np.ndarray, n: int) -> np.ndarray:
    """Choose images that are alike, from a crowded place that is unlike all labelled images.

    The centre is the image with the greatest difference between its similarity to the NEAREST unlabelled images and
    that to the labelled images most like it. The page ends early where the likeness falls, and sooner while there are
    few labels: then a label that is met soon is worth more than a long page.
    """
    if not len(rows):
        return rows
    random = state.random
    seeds = rows if len(rows) <= SEEDS else np.sort(random.choice(rows, SEEDS, replace=False))
    likeness = state.rows[seeds] @ state.rows[seeds].T
    crowd = _mean_of_highest(likeness, NEAREST)
    known = np.flatnonzero(state.labelled)
    if len(known):
        known = known if len(known) <= MEMORY else random.choice(known, MEMORY, replace=False)
        crowd = crowd - KNOWN * _mean_of_highest(state.rows[seeds] @ state.rows[known].T, CORE)
    ends = (FIRST_MIN_ALIKE, FIRST_LIKENESS) if state.n_labels < FIRST_LABELS else (MIN_ALIKE, LIKENESS)
    return like(state, rows, n, int(seeds[crowd.argmax()]), *ends)


def like(
    state: LabelState,
    rows: np.ndarray,
    n: int,
    centre: int,
    at_least: int = MIN_ALIKE,
    likeness_at_end: float = LIKENESS,
) -> np.ndarray:
    """Choose the images most like one image, as long as they are alike.

    Args:
        state: of now.
        rows: the images to choose from, int (M,).
        n: how many at most.
        centre: row of the one image.
        at_least: how many at least, however unlike they are.
        likeness_at_end: the least likeness of the others, as a share of that of the CORE images most like the centre.
    """
    likeness = (state.rows @ state.rows[centre])[rows]  # of all: `state.rows[rows]` would be a copy
    order = np.argsort(-likeness, kind="stable")[:n]
    core = float(likeness[order][1 : 1 + CORE].mean()) if len(order) > 1 else 1.0
    return rows[order[: max(at_least, int((likeness[order] >= likeness_at_end * core).sum()))]]


def is_exploring(state: LabelState) -> bool:
    """Return whether the order `auto` shows look-alikes now."""
    since = state.pages_since_new
    return state.probs is None or since < EXPLORE_PAGES or since in EXPLORE_AGAIN


def auto(state: LabelState, rows: np.ndarray, n: int) -> np.ndarray:
    """Choose look-alikes while labels are new and now and then later, else the surest proposals."""
    return (alike if is_exploring(state) else surest)(state, rows, n)


LABEL_ORDERS: dict[str, Callable[[LabelState, np.ndarray, int], np.ndarray]] = {
    "auto": auto,
    "alike": alike,
    "uncertain": most_uncertain,
    "spread": spread,
    "random": at_random,
}


def _mean_of_highest(values: np.ndarray, n: int) -> np.ndarray:
    """The mean of the n highest values of each row."""
    n = min(n, values.shape[1])
    highest: np.ndarray = np.partition(values, -n, axis=1)[:, -n:].mean(axis=1)
    return highest
