"""A body of 10,000 weights that timm knows by name: a small residual network of untrained weights, for 32 pixels."""

import importlib

from bearkit.bodies.timm_import import import_timm

NAME = "bearkit_tiny"
default_cfgs = {
    NAME: {
        "url": "", "num_classes": 1000, "input_size": (3, 32, 32), "pool_size": (1, 1), "crop_pct": 1.0,
        "interpolation": "bilinear", "mean": (0.5, 0.5, 0.5), "std": (0.5, 0.5, 0.5), "first_conv": "conv1",
        "classifier": "fc",
    }
}  # fmt: skip


def bearkit_tiny(pretrained=False, **options):
    """What `timm.create_model("bearkit_tiny")` makes; timm reads `default_cfgs` beside it."""
    models = importlib.import_module("timm.models")
    how = {"block": models.resnet.BasicBlock, "layers": (1, 1, 1, 1), "channels": (8, 8, 8, 16)}
    how |= {"stem_type": "deep", "stem_width": 8, "zero_init_last": False}
    return models.build_model_with_cfg(models.ResNet, NAME, pretrained, **{**how, **options})


def register():
    """Let timm, and so bearkit, know the body."""
    if not import_timm().is_model(NAME):
        importlib.import_module("timm.models").register_model(bearkit_tiny)
