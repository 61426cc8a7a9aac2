"""The pictures of a project as training sees them."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from bearkit.catalog.catalog import Catalog
from bearkit.catalog.decisions import DecisionLog
from bearkit.catalog.missing import missing_hint
from bearkit.catalog.schema import SPLITS, ImageRecord
from bearkit.datasets import split as splitting
from bearkit.datasets.seed import project_seed
from bearkit.errors import TooFewImagesError


@dataclass(frozen=True)
class Dataset:
    """N pictures with their targets and splits; `vocab` is the ordered labels."""

    images: list[ImageRecord]
    vocab: list[str]
    targets: np.ndarray  # int64 (N,), index into vocab
    splits: np.ndarray  # str (N,), train | valid | test

    def indices(self, split: str) -> np.ndarray:
        """Row numbers of one split, int (n,)."""
        return np.flatnonzero(self.splits == split)

    def without(self, image_ids: Collection[str]) -> "Dataset":
        """The same pictures and vocab, less these; checked again.

        Raises:
            DatasetError: it cannot be trained on any more; a label that lost all of its pictures is named.
        """
        keep = np.array([image.image_id not in image_ids for image in self.images], dtype=bool)
        images = [image for image, kept in zip(self.images, keep, strict=True) if kept]
        splits = self.splits[keep]
        if lost := sorted(set(self.vocab) - {image.label for image in images}):
            raise self._without_files(lost)
        splitting.check_trainable(images, dict(zip((i.image_id for i in images), splits, strict=True)))
        return make_dataset(images, {i.image_id: str(s) for i, s in zip(images, splits, strict=True)})

    def _without_files(self, labels: Sequence[str]) -> TooFewImagesError:
        """The error for labels that have no picture left whose file can be read."""
        of = Counter(image.label for image in self.images)
        told = ", ".join(f"none of the {of[label]} files of the label `{label}`" for label in labels)
        first = next(image.path for image in self.images if image.label == labels[0])
        return TooFewImagesError(
            f"{told} can be read (the first is {first})",
            hint=missing_hint([image for image in self.images if image.label in labels]),
        )


def make_dataset(images: list[ImageRecord], split: dict[str, str]) -> Dataset:
    """Put pictures and their splits into arrays."""
    vocab = sorted({image.label for image in images})
    index = {label: number for number, label in enumerate(vocab)}
    targets = np.array([index[image.label] for image in images], dtype=np.int64)
    return Dataset(images, vocab, targets, np.array([split[image.image_id] for image in images]))


def load(catalog: Catalog, seed: int | None = None) -> Dataset:
    """Every picture of the project that has a label, as people left it, split for good under this seed.

    One transaction: a picture that another program brings in meanwhile is in the next data set, or in this one with
    its split stored. Where the project may only be read, nothing is stored.

    Args:
        catalog: of the project.
        seed: whose split; the project's if left out.

    Raises:
        DatasetError: it cannot be trained on; the error says why and what would help.
    """
    with catalog.connection(write=not catalog.project.read_only):
        plan = _plan(catalog, seed)
        splitting.check_trainable(plan.images, plan.split)
        plan.keep(catalog)
    return make_dataset(plan.images, plan.split)


def store_split(catalog: Catalog, seed: int | None = None) -> None:
    """Keep who is set aside for good, so that what is decided from now on cannot change it."""
    if not catalog.project.read_only and _plan(catalog, seed).new:  # nothing is written where there is nothing to keep
        with catalog.connection(write=True):
            _plan(catalog, seed).keep(catalog)


def splits(catalog: Catalog, seed: int | None = None) -> dict[str, str]:
    """The split of every picture, {image_id: split}, as the next training would see it; nothing is stored."""
    return _plan(catalog, seed).split


def counts(catalog: Catalog, seed: int | None = None) -> dict[str, dict[str, int]]:
    """Pictures per label and split, {label: {train, valid, test}}, as the next training would see them."""
    plan = _plan(catalog, seed)
    seen = Counter((image.label, plan.split[image.image_id]) for image in plan.images)
    return {label: {s: seen[label, s] for s in SPLITS} for label in sorted({label for label, _ in seen})}


@dataclass(frozen=True)
class _Plan:
    """Who is set aside under a seed."""

    seed: int
    images: list[ImageRecord]  # that have a label now
    split: dict[str, str]  # of each of them
    new: dict[str, str]  # what was assigned and is not stored yet, of every picture

    def keep(self, catalog: Catalog) -> None:
        """Store what is new."""
        if self.new:
            catalog.assign(self.seed, self.new)


def _plan(catalog: Catalog, seed: int | None) -> _Plan:
    seed = project_seed(catalog) if seed is None else seed
    ledger, came, earlier = DecisionLog(catalog), catalog.images(), catalog.split(seed)
    now = ledger.images(came)
    assigned = _assigned(came, now, earlier, seed)
    beside = {image_id: assigned[other] for image_id, other in ledger.same_split_as().items() if other in assigned}
    labelled = [image for image in now if image.label]
    split = assigned | beside
    new = {image_id: where for image_id, where in assigned.items() if image_id not in earlier}
    return _Plan(seed, labelled, {image.image_id: split[image.image_id] for image in labelled}, new)


def _assigned(
    came: Sequence[ImageRecord], now: Sequence[ImageRecord], earlier: Mapping[str, str], seed: int
) -> dict[str, str]:
    """Who is set aside: decided by the labels that pictures came with, so that a review moves nothing across.

    Only what came without a label counts under the one that it has `now`.
    """
    first = {image.image_id: image.label for image in now}
    every = [image if image.label else replace(image, label=first.get(image.image_id, "")) for image in came]
    return splitting.assign([image for image in every if image.label], earlier, seed)
