"""Load the images of a project for training, with their targets and splits."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from bearkit.catalog.catalog import Catalog
from bearkit.catalog.decisions import DecisionLog, accepted_ids
from bearkit.catalog.missing import missing_hint
from bearkit.catalog.schema import SPLITS, ImageRecord
from bearkit.datasets import split as splitting
from bearkit.datasets.seed import project_seed
from bearkit.errors import TooFewImagesError


@dataclass(frozen=True)
class Dataset:
    """N labelled images with their targets and splits.

    Attributes:
        images: the images.
        vocab: the labels, sorted.
        targets: int64 (N,), index of each image's label in `vocab`.
        splits: str (N,), train | valid | test.
    """

    images: list[ImageRecord]
    vocab: list[str]
    targets: np.ndarray
    splits: np.ndarray

    def indices(self, split: str) -> np.ndarray:
        """Return the row numbers of one split, int (n,)."""
        return np.flatnonzero(self.splits == split)

    def without(self, image_ids: Collection[str]) -> "Dataset":
        """Return the data set without these images, with the same vocab.

        Raises:
            TooFewImagesError: a label lost all of its images.
            DatasetError: the rest cannot be trained on; see `split.check_trainable`.
        """
        keep = np.array([image.image_id not in image_ids for image in self.images], dtype=bool)
        images = [image for image, is_kept in zip(self.images, keep, strict=True) if is_kept]
        splits = self.splits[keep]
        if lost := sorted(set(self.vocab) - {image.label for image in images}):
            raise self._without_files(lost)
        splitting.check_trainable(images, dict(zip((i.image_id for i in images), splits, strict=True)))
        return make_dataset(images, {i.image_id: str(s) for i, s in zip(images, splits, strict=True)})

    def _without_files(self, labels: Sequence[str]) -> TooFewImagesError:
        """Make the error for labels without a readable image file."""
        counts = Counter(image.label for image in self.images)
        files = ", ".join(f"none of the {counts[label]} files of the label `{label}`" for label in labels)
        first = next(image.path for image in self.images if image.label == labels[0])
        return TooFewImagesError(
            f"{files} can be read (the first is {first})",
            hint=missing_hint([image for image in self.images if image.label in labels]),
        )


def make_dataset(images: list[ImageRecord], split: dict[str, str]) -> Dataset:
    """Make a data set of labelled images and their splits, {image_id: split}."""
    vocab = sorted({image.label for image in images})
    index = {label: number for number, label in enumerate(vocab)}
    targets = np.array([index[image.label] for image in images], dtype=np.int64)
    return Dataset(images, vocab, targets, np.array([split[image.image_id] for image in images]))


def load(catalog: Catalog, seed: int | None = None) -> Dataset:
    """Load all images that have a label after the review, and store their splits for good.

    This is one transaction: an image that another program imports meanwhile is either in this data set with its split
    stored, or in the next one. In a project that may only be read, no split is stored.

    Args:
        catalog: of the project.
        seed: chooses the validation images; the project's seed if left out.

    Raises:
        DatasetError: the images cannot be trained on; the error says why, and its hint what helps.
    """
    with catalog.connection(write=not catalog.project.read_only):
        plan = _plan(catalog, seed)
        splitting.check_trainable(plan.images, plan.split, plan.n_unlabelled)
        plan.store(catalog)
    return make_dataset(plan.images, plan.split)


def store_split(catalog: Catalog, seed: int | None = None) -> None:
    """Store the splits of all images for good, so that later decisions cannot change them."""
    if not catalog.project.read_only and _plan(catalog, seed).new:
        with catalog.connection(write=True):
            _plan(catalog, seed).store(catalog)


def splits(catalog: Catalog, seed: int | None = None) -> dict[str, str]:
    """Return the split that each labelled image has in the next training, {image_id: split}, without storing it."""
    return _plan(catalog, seed).split


def counts(catalog: Catalog, seed: int | None = None) -> dict[str, dict[str, int]]:
    """Count the images of the next training by label and split, {label: {train, valid, test}}."""
    plan = _plan(catalog, seed)
    pairs = Counter((image.label, plan.split[image.image_id]) for image in plan.images)
    return {label: {split: pairs[label, split] for split in SPLITS} for label in sorted({label for label, _ in pairs})}


@dataclass(frozen=True)
class _Plan:
    """The splits of a project's images under a seed.

    Attributes:
        seed: chooses the validation images.
        images: the images that have a label now.
        split: of each of them, {image_id: split}.
        new: the splits that are not stored yet, of all images.
        n_unlabelled: images that have no label now.
    """

    seed: int
    images: list[ImageRecord]
    split: dict[str, str]
    new: dict[str, str]
    n_unlabelled: int

    def store(self, catalog: Catalog) -> None:
        """Store the splits that are not stored yet."""
        if self.new:
            catalog.assign(self.seed, self.new)


def _plan(catalog: Catalog, seed: int | None) -> _Plan:
    """Compute the splits of all images under a seed; the project's seed if it is None.

    An image with the decision `beside` has the split of the image that it is a near-duplicate of. A training
    uses an image with a label of the model. If that image belongs to validation or test, it waits until a person
    confirms the label.
    """
    seed = project_seed(catalog) if seed is None else seed
    ledger, imported, earlier = DecisionLog(catalog), catalog.images(), catalog.split(seed)
    current = ledger.current()
    now = ledger.images(imported, current)
    accepted = accepted_ids(current)
    assigned = _assign([image for image in imported if image.image_id not in accepted], now, earlier, seed)
    same_split = ledger.same_split_as()
    moved = {image_id: assigned[other] for image_id, other in same_split.items() if other in assigned}
    new = {image_id: name for image_id, name in assigned.items() if image_id not in earlier}
    by_model = {
        image.image_id: "train"
        for image in imported
        if image.image_id in accepted
        and {image.given_split, earlier.get(image.image_id), moved.get(image.image_id)} <= {None, "train"}
    }
    split = {image_id: name for image_id, name in (assigned | moved).items() if image_id not in accepted} | by_model
    labelled = [image for image in now if image.label and image.image_id in split]
    n_unlabelled = sum(not image.label for image in now)
    return _Plan(seed, labelled, {image.image_id: split[image.image_id] for image in labelled}, new, n_unlabelled)


def _assign(
    imported: Sequence[ImageRecord], now: Sequence[ImageRecord], earlier: Mapping[str, str], seed: int
) -> dict[str, str]:
    """Assign splits by the labels that the images were imported with, so that a review moves no image between splits.

    An image that was imported without a label counts under its label of `now`.
    """
    labels = {image.image_id: image.label for image in now if image.label}
    labelled = [image for image in imported if image.label or image.image_id in labels]
    images = [image if image.label else replace(image, label=labels[image.image_id]) for image in labelled]
    return splitting.assign(images, earlier, seed)
