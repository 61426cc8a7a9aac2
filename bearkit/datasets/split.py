"""Split images into train, valid and test: a fifth of each label for validation, chosen by content and seed."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from bearkit.catalog.labels import TO_LABEL
from bearkit.catalog.schema import SPLITS, ImageRecord
from bearkit.core.text import count
from bearkit.errors import NoImagesError, TooFewImagesError, TooFewLabelsError

VALID_FRACTION = 0.2


def assign(images: Sequence[ImageRecord], earlier: Mapping[str, str], seed: int) -> dict[str, str]:
    """Assign each image to a split.

    Splits that images were imported with are used. If none of these is `valid`, a fifth of each label, and at least one
    image, goes to validation, except images given as `test`. An image keeps an earlier split, so that results before
    and after an import are about the same validation images; only a given `valid` or `test` moves it. Of the new
    images, those with the lowest hash of seed and content go to validation: the same images and seed give the same
    split.

    Args:
        images: all images of the project that have a label.
        earlier: splits that were assigned earlier under this seed, {image_id: split}.
        seed: chooses the validation images.

    Returns:
        {image_id: `train`, `valid` or `test`}.
    """
    valid_given = any(image.given_split == "valid" for image in images)
    result = {image.image_id: image.given_split for image in images if _is_given(image, valid_given, earlier)}
    by_label: dict[str, list[str]] = defaultdict(list)
    for image in images:
        if image.image_id not in result:
            by_label[image.label].append(image.image_id)
    for ids in by_label.values():
        result |= _split_label(ids, earlier, seed)
    return {image_id: str(split) for image_id, split in result.items()}


def _is_given(image: ImageRecord, valid_given: bool, earlier: Mapping[str, str]) -> bool:
    """Return whether the image's given split is used.

    `train` is ignored if no validation images were given, or if the image is already in validation.
    """
    if image.given_split == "train":
        return valid_given and earlier.get(image.image_id) != "valid"
    return image.given_split in SPLITS  # a foreign catalogue may have any text here


def _split_label(ids: Sequence[str], earlier: Mapping[str, str], seed: int) -> dict[str, str]:
    """Assign the images of one label: earlier splits stay, then new images fill the validation set up."""
    result = {image_id: earlier[image_id] for image_id in ids if image_id in earlier}
    fresh = sorted((i for i in ids if i not in result), key=lambda i: hashlib.sha256(f"{seed}:{i}".encode()).digest())
    wanted = max(1, round(VALID_FRACTION * len(ids))) if len(ids) > 1 else 0
    missing = max(0, wanted - Counter(result.values())["valid"])
    return result | {image_id: "valid" if n < missing else "train" for n, image_id in enumerate(fresh)}


def check_trainable(images: Sequence[ImageRecord], split: Mapping[str, str], n_unlabelled: int = 0) -> None:
    """Check that a classifier can be trained and validated on these images.

    Args:
        images: the images with a label.
        split: of each of them, {image_id: split}.
        n_unlabelled: images without a label, for the hints.

    Raises:
        NoImagesError: there are no images.
        TooFewLabelsError: they all have the same label, or none has one.
        TooFewImagesError: a label has no training images or only one image, or there are no validation images.
    """
    if not images and n_unlabelled:
        raise TooFewLabelsError(
            f"none of the {count(n_unlabelled, 'picture')} has a label; a classifier needs at least two labels",
            hint=f"{TO_LABEL}; pictures that are in a folder for each label: `bearkit import FOLDER`",
        )
    if not images:
        raise NoImagesError("the project has no pictures", hint="bring some in: `bearkit import FOLDER`")
    counts = Counter((image.label, split[image.image_id]) for image in images)
    labels = sorted({image.label for image in images})
    more = f"{TO_LABEL}; or " if n_unlabelled else ""
    if len(labels) < 2:
        which = "labelled pictures" if n_unlabelled else "pictures"
        raise TooFewLabelsError(
            f"all {len(images)} {which} have the label `{labels[0]}`; a classifier needs at least two labels",
            hint=f"{more}import another label's pictures: `bearkit import FOLDER`, with one folder a label in it",
        )
    single = [label for label in labels if sum(counts[label, s] for s in ("train", "valid", "test")) == 1]
    if single:
        raise TooFewImagesError(
            f"a single picture of {_quoted(single)}: one is needed to learn from and another to check on",
            hint=f"{more}add pictures of it; if a review made that label by a slip: `bearkit review undo`",
        )
    untaught = [label for label in labels if not counts[label, "train"]]
    if untaught:
        raise TooFewImagesError(
            f"no training pictures of {_quoted(untaught)}: all of them are in valid or test",
            hint=f"{more}add training pictures of it; if a review made that label: `bearkit review undo`",
        )
    if not any(counts[label, "valid"] for label in labels):
        raise TooFewImagesError(
            "no validation pictures are left to check on", hint="add pictures: `bearkit import FOLDER`"
        )


def _quoted(labels: Sequence[str]) -> str:
    return ", ".join(f"`{label}`" for label in labels)
