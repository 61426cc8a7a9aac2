"""Record what a training gives: `python -m tests.record_training` writes tests/data/training.json.

It was recorded with the code before callbacks (commit 246f5f6); a change of it changes everybody's results.
"""

import hashlib
import json
import sys
import tempfile
from pathlib import Path

from safetensors.numpy import load_file

from bearkit import Learner, Project, import_images
from tests import tiny_body
from tests.conftest import ROOT, write_drawings

RECORDED = ROOT / "tests" / "data" / "training.json"
TRAININGS = {
    "frozen, then unfrozen": {"epochs": 3, "unfreeze": 2, "views": 2, "oversample": True},
    "early stopping": {"epochs": 30, "patience": 2, "lr": 0.02},
    "growing sizes": {"epochs": 1, "unfreeze": 3, "sizes": (32, 48), "augment": "strong", "patience": 2},
}


def trained(folder, options):
    """Train once: the epochs of each stage without their seconds, and a fingerprint of each checkpoint's weights."""
    tiny_body.register()
    project = Project(folder / "shapes")
    import_images(project, write_drawings(folder / "source", 9))
    learn = Learner(project, body=tiny_body.NAME, weights="none")
    result = learn.train(**options)
    epochs = [
        [[row[name] for name in ("epoch", "train_loss", "valid_loss", "error_rate")] for row in stage["epochs"]]
        for stage in result.stages
    ]
    weights = {name: _fingerprint(learn.run.checkpoint(name)) for name in learn.run.checkpoints}
    return {"epochs": epochs, "weights": weights}


def _fingerprint(path):
    digest = hashlib.sha256()
    for name, tensor in sorted(load_file(path).items()):
        digest.update(name.encode() + tensor.tobytes())
    return digest.hexdigest()


def main():
    """Train each way, and write the file."""
    found = {}
    for name, options in TRAININGS.items():
        with tempfile.TemporaryDirectory() as folder:
            found[name] = trained(Path(folder), options)
    RECORDED.write_text(json.dumps(found, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
