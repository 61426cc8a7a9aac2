"""The split of any data set: the same for the same content, in proportion for each label, and stable."""

from collections import Counter
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from bearkit.catalog.schema import ImageRecord
from bearkit.datasets.split import assign
from bearkit.images import content_id

NONE = st.none()
GIVEN = st.sampled_from((None, "train", "valid", "test"))
SEEDS = st.integers(0, 2**32)


@st.composite
def data_sets(draw, given_splits=NONE):
    """Up to 60 different images of up to four labels."""
    labels = draw(st.lists(st.sampled_from("abcd"), max_size=60))
    return [
        ImageRecord(content_id(b"%d" % n), f"images/{label}/{n}.png", label, draw(given_splits), 8, 8, "PNG", 100)
        for n, label in enumerate(labels)
    ]


@given(data_sets(), SEEDS)
def test_a_fifth_of_each_label_is_set_aside_and_at_least_one(images, seed):
    split = assign(images, {}, seed)
    for label, n in Counter(image.label for image in images).items():
        counts = Counter(split[image.image_id] for image in images if image.label == label)
        n_valid = 0 if n == 1 else max(1, round(n / 5))
        assert counts == +Counter({"valid": n_valid, "train": n - n_valid})


@given(data_sets(GIVEN), SEEDS, st.randoms(use_true_random=False))
def test_each_image_has_one_split_in_any_order_under_any_path(images, seed, random):
    split = assign(images, {}, seed)
    assert split.keys() == {image.image_id for image in images}
    assert set(split.values()) <= {"train", "valid", "test"}
    others = [replace(image, path=f"/elsewhere/{n}", width=9, format="JPEG") for n, image in enumerate(images)]
    random.shuffle(others)
    assert assign(others, {}, seed) == split


@given(data_sets(GIVEN), SEEDS)
def test_images_given_for_validation_and_test_are_just_these(images, seed):
    split = assign(images, {}, seed)
    for image in images:
        if image.given_split in ("valid", "test"):
            assert split[image.image_id] == image.given_split
        else:
            assert split[image.image_id] != "test"


@given(data_sets(), SEEDS, st.data())
def test_no_image_changes_its_split_when_others_come_or_go(images, seed, data):
    first = data.draw(st.integers(0, len(images)))
    before = assign(images[:first], {}, seed)
    after = assign(images, before, seed)
    assert {image_id: after[image_id] for image_id in before} == before
    gone = data.draw(st.sets(st.integers(0, max(0, len(images) - 1))))
    left = [image for n, image in enumerate(images) if n not in gone]
    assert assign(left, after, seed).items() <= after.items()


@given(data_sets(GIVEN), SEEDS)
def test_what_was_assigned_is_assigned_again(images, seed):
    split = assign(images, {}, seed)
    assert assign(images, split, seed) == split
