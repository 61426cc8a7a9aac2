"""How many of the proposals for the rest are wrong: an audit, labelled blind.

An audit is a random sample of the images that had no label when it was drawn. People label it without seeing proposals.
A proposal is then wrong where a head that has not learned from the image proposes another label than the person gave.
From the sample follows an exact interval for all images that the sample was drawn from. Images that people labelled
since are known, and are taken out of it, so the estimate stays valid while labelling goes on.
"""

import json
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from bearkit.catalog.catalog import Catalog
from bearkit.catalog.decision_types import ABOUT_LABELS, ACCEPTED
from bearkit.evaluation.finite_sample import wrong_in_population
from bearkit.labelling.label_orders import LabelState
from bearkit.labelling.snapshot import Snapshot

SETTING = "audit"  # JSON, in the catalogue
FEW = 30  # images of an audit with fewer: its estimate rests on too little


@dataclass(frozen=True)
class Audit:
    """A sample of images to label blind.

    Attributes:
        sample: image ids, in the order in which they are to be labelled.
        newest_decision: the id of the newest decision when the sample was drawn.
        n_images: images of the project at that moment.
    """

    sample: list[str] = field(default_factory=list)
    newest_decision: int = 0
    n_images: int = 0

    def pending(self, snapshot: Snapshot) -> list[str]:
        """Return the images of the sample that no person has decided about since it was drawn."""
        latest = snapshot.history.latest
        answered = {
            image_id for image_id, one in latest.items() if one.id > self.newest_decision and one.kind != ACCEPTED
        }
        return [one for one in self.sample if one in snapshot.row_of and one not in answered]


@dataclass(frozen=True)
class RestEstimate:
    """How many of the proposals for some images are wrong.

    Attributes:
        images: images that the estimate is about.
        audited: images of the sample that speak for them.
        wrong: those among them whose proposal is wrong.
        expected_error: share of wrong proposals.
        interval: its 95 % interval; (0, 1) without an audit.
        note: what the reader must know about it; "" for nothing.
    """

    images: int
    audited: int
    wrong: int
    expected_error: float
    interval: tuple[float, float]
    note: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Return plain values, as the command line prints them."""
        return {**vars(self), "interval": list(self.interval)}


def read_audit(catalog: Catalog) -> Audit:
    """Return the audit that was drawn last; an empty one if there was none."""
    text = catalog.setting(SETTING)
    return Audit(**json.loads(text)) if text else Audit()


def draw_audit(catalog: Catalog, snapshot: Snapshot, n: int, seed: int) -> Audit:
    """Draw n images without a label at random, and store them as the project's audit."""
    rows = np.flatnonzero(snapshot.unlabelled)
    random = np.random.default_rng([seed, snapshot.history.newest_id, len(rows)])
    sample = [snapshot.images[row].image_id for row in random.permutation(rows)[:n].tolist()]
    audit = Audit(sample, snapshot.history.newest_id, len(snapshot.images))
    catalog.save_setting(SETTING, json.dumps(vars(audit)))
    return audit


def estimate_rest(audit: Audit, snapshot: Snapshot, state: LabelState, chosen: np.ndarray) -> RestEstimate:
    """Estimate how many of the proposals for the chosen images are wrong.

    Args:
        audit: as drawn before.
        snapshot: of now.
        state: of the same moment; its proposals are judged. It has at least two labels.
        chosen: which images of the project the estimate is about, whatever their label, bool (N,): such as all whose
            proposal has a probability of at least 0.9.
    """
    probs = state.probs
    assert probs is not None
    rest = chosen & (snapshot.unlabelled | snapshot.by_model)
    expected = float((1 - probs[rest].max(axis=1)).mean()) if rest.any() else 0.0
    if not audit.sample:
        return RestEstimate(int(rest.sum()), 0, 0, expected, (0.0, 1.0), "no audit: the model's own guess")
    if len(snapshot.images) > audit.n_images:
        note = "images were added since the audit: draw a new one"
        return RestEstimate(int(rest.sum()), 0, 0, expected, (0.0, 1.0), note)
    if waiting := audit.pending(snapshot):
        note = f"{len(waiting)} of the {len(audit.sample)} images of the audit have no answer yet"
        return RestEstimate(int(rest.sum()), 0, 0, expected, (0.0, 1.0), note)
    sample = snapshot.mask_of(audit.sample) & snapshot.present & chosen
    population = chosen & snapshot.present & _without_label_at(snapshot, audit.newest_decision)
    wrong = probs.argmax(axis=1) != snapshot.targets  # an image that was left for later counts as wrong
    n, k = int((sample & population).sum()), int((wrong & sample & population).sum())
    known = population & ~rest  # labelled by people since; the sample is part of it
    known_wrong, left = int((wrong & known).sum()), int((population & rest).sum())
    if not n or not left:
        return RestEstimate(left, n, k, expected, (0.0, 1.0), "" if n else "no image of the audit is among these")
    size = int(population.sum())
    low, high = (min(max((total - known_wrong) / left, 0.0), 1.0) for total in wrong_in_population(k, n, size))
    share = min(max((k / n * size - known_wrong) / left, low), high)
    note = "" if n >= FEW else f"it rests on {n} images only: audit more"
    return RestEstimate(left, n, k, share, (low, high), note)


def _without_label_at(snapshot: Snapshot, decision: int) -> np.ndarray:
    """The images that had no label when this decision was the newest, as far as decisions still count, bool (N,)."""
    label = {image.image_id: image.label for image in snapshot.images}
    for one in snapshot.history.decisions:
        if one.id <= decision and one.action in ABOUT_LABELS and one.image_id in label:
            label[str(one.image_id)] = one.to_label or ""
    return snapshot.mask_of(image_id for image_id, text in label.items() if not text)
