"""The pictures of a project as training sees them."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, replace

import numpy as np

from bearkit.catalog.catalog import Catalog
from bearkit.catalog.ledger import Ledger
from bearkit.catalog.tables import SPLITS, ImageRecord
from bearkit.dataset import split as splitting


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
        """The same pictures and vocab, less these; checked again."""
        keep = np.array([image.image_id not in image_ids for image in self.images], dtype=bool)
        images = [image for image, kept in zip(self.images, keep, strict=True) if kept]
        splits = self.splits[keep]
        splitting.check(images, dict(zip((i.image_id for i in images), splits, strict=True)))
        return make(images, {i.image_id: str(s) for i, s in zip(images, splits, strict=True)})


def make(images: list[ImageRecord], split: dict[str, str]) -> Dataset:
    """Put pictures and their splits into arrays."""
    vocab = sorted({image.label for image in images})
    index = {label: number for number, label in enumerate(vocab)}
    targets = np.array([index[image.label] for image in images], dtype=np.int64)
    return Dataset(images, vocab, targets, np.array([split[image.image_id] for image in images]))


def load(catalog: Catalog, seed: int = 42) -> Dataset:
    """Every picture of the project that has a label, as people left it, split for good under this seed.

    Raises:
        DatasetError: it cannot be trained on; the error says why and what would help.
    """
    images, split = _now(catalog, seed)
    splitting.check(images, split)
    keep_split(catalog, seed)
    images, split = _now(catalog, seed)  # what another process stored meanwhile wins
    return make(images, split)


def keep_split(catalog: Catalog, seed: int = 42) -> None:
    """Keep who is set aside for good, so that what is decided from now on cannot change it."""
    catalog.assign(seed, _assigned(catalog, seed, Ledger(catalog).images()))


def splits(catalog: Catalog, seed: int = 42) -> dict[str, str]:
    """The split of every picture, {image_id: split}, as the next training would see it; nothing is stored."""
    return _now(catalog, seed)[1]


def counts(catalog: Catalog, seed: int = 42) -> dict[str, dict[str, int]]:
    """Pictures per label and split, {label: {train, valid, test}}, as the next training would see them."""
    images, split = _now(catalog, seed)
    seen = Counter((image.label, split[image.image_id]) for image in images)
    return {label: {s: seen[label, s] for s in SPLITS} for label in sorted({label for label, _ in seen})}


def _now(catalog: Catalog, seed: int) -> tuple[list[ImageRecord], dict[str, str]]:
    """The pictures that have a label now, and the split of each."""
    ledger = Ledger(catalog)
    images = ledger.images()
    split = _assigned(catalog, seed, images)
    split |= {image_id: split[other] for image_id, other in ledger.beside().items() if other in split}
    labelled = [image for image in images if image.label]
    return labelled, {image.image_id: split[image.image_id] for image in labelled}


def _assigned(catalog: Catalog, seed: int, now: list[ImageRecord]) -> dict[str, str]:
    """Who is set aside: decided by the labels that pictures came with, so that a review moves nothing across.

    Only what came without a label counts under the one that it has `now`.
    """
    first = {image.image_id: image.label for image in now}
    every = [
        image if image.label else replace(image, label=first.get(image.image_id, "")) for image in catalog.images()
    ]
    return splitting.assign([image for image in every if image.label], catalog.split(seed), seed)
