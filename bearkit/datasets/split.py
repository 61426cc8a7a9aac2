"""Set pictures aside for validation: always the same ones, a fifth of each label, chosen by content and seed."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from bearkit.catalog.schema import SPLITS, ImageRecord
from bearkit.errors import NoImagesError, TooFewImagesError, TooFewLabelsError

VALID_FRACTION = 0.2


def assign(images: Sequence[ImageRecord], earlier: Mapping[str, str], seed: int) -> dict[str, str]:
    """Say for each picture whether it is `train`, `valid` or `test`, {image_id: split}.

    Given splits are respected; where no validation pictures were given, a fifth of each label is set aside (at least
    one), from the pictures that are not given for testing. A picture that was assigned before stays where it was, so
    that results before and after adding pictures are about the same validation pictures; only a given `valid` or `test`
    moves it. Among new ones, those whose hash of seed and content is lowest are set aside: the same pictures and seed
    always split alike.

    Args:
        images: every picture of the project.
        earlier: what was assigned before under this seed.
        seed: another seed, another split.
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
    """Whether a picture's given split counts. `train` does not where none are given for validation, since someone has

    to be set aside, nor for a picture that was set aside before it was given.
    """
    if image.given_split == "train":
        return valid_given and earlier.get(image.image_id) != "valid"
    return image.given_split in SPLITS  # a catalogue of somebody else's may say anything


def _split_label(ids: Sequence[str], earlier: Mapping[str, str], seed: int) -> dict[str, str]:
    """Assign the pictures of one label: the earlier ones as they were, then fill up the validation set."""
    result = {image_id: earlier[image_id] for image_id in ids if image_id in earlier}
    fresh = sorted((i for i in ids if i not in result), key=lambda i: hashlib.sha256(f"{seed}:{i}".encode()).digest())
    wanted = max(1, round(VALID_FRACTION * len(ids))) if len(ids) > 1 else 0
    missing = max(0, wanted - Counter(result.values())["valid"])
    return result | {image_id: "valid" if n < missing else "train" for n, image_id in enumerate(fresh)}


def check_trainable(images: Sequence[ImageRecord], split: Mapping[str, str]) -> None:
    """Make sure that a classifier can be trained and checked on these.

    Raises:
        NoImagesError: there are no pictures.
        TooFewLabelsError: they all have one label.
        TooFewImagesError: a label has nothing to learn from, or there is nothing to check on.
    """
    if not images:
        raise NoImagesError("the project has no pictures", hint="bring some in: `bearkit import FOLDER`")
    counts = Counter((image.label, split[image.image_id]) for image in images)
    labels = sorted({image.label for image in images})
    if len(labels) < 2:
        raise TooFewLabelsError(
            f"all {len(images)} pictures have the label `{labels[0]}`; a classifier needs at least two labels",
            hint="import another label's pictures: `bearkit import FOLDER`, with one folder a label in it",
        )
    single = [label for label in labels if sum(counts[label, s] for s in ("train", "valid", "test")) == 1]
    if single:
        raise TooFewImagesError(
            f"a single picture of {_quoted(single)}: one is needed to learn from and another to check on",
            hint="add pictures of it; if a review made that label by a slip: `bearkit review undo`",
        )
    untaught = [label for label in labels if not counts[label, "train"]]
    if untaught:
        raise TooFewImagesError(
            f"no training pictures of {_quoted(untaught)}: all of them are in valid or test",
            hint="add training pictures of it; if a review made that label: `bearkit review undo`",
        )
    if not any(counts[label, "valid"] for label in labels):
        raise TooFewImagesError(
            "no validation pictures are left to check on", hint="add pictures: `bearkit import FOLDER`"
        )


def _quoted(labels: Sequence[str]) -> str:
    return ", ".join(f"`{label}`" for label in labels)
