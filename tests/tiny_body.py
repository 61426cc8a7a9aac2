"""A body of 10,000 untrained weights for images of 32 pixels, added as a package adds one: see `register_body`."""

import importlib

from bearkit import Learner
from bearkit.bodies import weights
from bearkit.bodies.registry import Body, register_body
from bearkit.images.preprocessing import Preprocessing

NAME = "bearkit_tiny"


def network():
    """A small residual network of timm's class, without a classifier."""
    resnet = importlib.import_module("timm.models.resnet")
    return resnet.ResNet(
        resnet.BasicBlock, layers=(1, 1, 1, 1), channels=(8, 8, 8, 16), stem_type="deep", stem_width=8,
        zero_init_last=False, num_classes=0,
    )  # fmt: skip


def body():
    """What an entry point of the group `bearkit.bodies` names."""
    half = (0.5, 0.5, 0.5)
    preprocessing = Preprocessing(size=32, crop_pct=1.0, interpolation="bilinear", mean=half, std=half)
    return Body(NAME, NAME, preprocessing, weights.random(), create=network)


def register():
    """Let bearkit know the body in this process."""
    register_body(NAME, body)


def learner(project, **options):
    """A learner with this body."""
    register()
    return Learner(project, body=NAME, weights="none", **options)
