"""The preprocessing of images of any size, against timm's own transforms."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from bearkit.bodies.timm_import import import_timm
from bearkit.images.pixels import MAX_ASPECT
from bearkit.images.preprocessing import Preprocessing, center_crop, preprocess, random_crop

SIDES = st.one_of(st.integers(1, 12), st.integers(1, 400))
COLOURS = st.tuples(*[st.floats(0.2, 0.6)] * 3)
HOW = st.builds(
    Preprocessing,
    size=st.sampled_from((32, 33, 64, 96)),
    crop_pct=st.sampled_from((0.875, 0.9, 0.904, 0.95, 1.0)),
    interpolation=st.sampled_from(("bilinear", "bicubic")),
    mean=COLOURS,
    std=COLOURS,
)


@pytest.fixture(scope="module")
def timm():
    return import_timm()


def noise(width, height, seed):
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    return Image.fromarray(pixels)


@settings(max_examples=60)
@given(width=SIDES, height=SIDES, how=HOW, seed=st.integers(0, 9))
def test_an_image_of_any_size_is_what_timm_makes_of_it(timm, width, height, how, seed):
    image = noise(width, height, seed)
    if max(width, height) > MAX_ASPECT * min(width, height):  # bearkit cuts the ends of such an image off
        assert preprocess(image, how).shape == (3, how.size, how.size)
        return
    config = how.as_timm() | {"input_size": (3, how.size, how.size)}
    transform = timm.data.create_transform(
        **{key: config[key] for key in ("input_size", "interpolation", "crop_pct", "mean", "std", "crop_mode")}
    )
    grey_levels = np.abs(preprocess(image, how) - transform(image).numpy()) * 255 * np.reshape(how.std, (3, 1, 1))
    assert grey_levels.max() < 2.01  # Pillow rounds twice, once for each direction
    assert (grey_levels > 0.01).mean() < 0.05
    assert grey_levels.mean() < 0.05


@given(how=HOW)
def test_timms_configuration_goes_round(how):
    assert Preprocessing.from_timm(how.as_timm()) == how


@given(width=SIDES, height=SIDES, how=HOW, seed=st.integers(0, 9))
def test_any_crop_has_the_size_and_the_colours_of_the_image(width, height, how, seed):
    image = Image.new("RGB", (width, height), (seed * 20, 100, 200))
    for crop in (center_crop(image, how), random_crop(image, how, np.random.default_rng(seed))):
        assert crop.size == (how.size, how.size)
        assert np.abs(np.asarray(crop, int) - (seed * 20, 100, 200)).max() <= 1
