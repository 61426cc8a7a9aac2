"""Make the lecture's mistakes on purpose, on several data sets and seeds, and see what the diagnosis calls them.

python -m benchmarks.diagnosis_battery FOLDER...        each with one folder a label in it
"""

import sys
import tempfile
from collections import Counter
from pathlib import Path

from bearkit.bodies import registry
from bearkit.bodies.features import extract_features
from bearkit.catalog.catalog import Catalog
from bearkit.core.project import Project
from bearkit.core.text import table
from bearkit.datasets import dataset
from bearkit.sources.importing import import_images
from bearkit.training.config import TrainConfig
from bearkit.training.diagnosis import ADVICE, diagnose
from bearkit.training.head import TrainValidFeatures, train_head

SEEDS = (42, 1, 2, 3)
BARE = {"dropout": 0, "weight_decay": 0, "label_smoothing": 0}
PLANTED = {
    "fine": ({}, {"lr": 1e-3}, {"lr": 1e-2}, {"epochs": 8}, {"epochs": 40}, {"label_smoothing": 0}),
    "lr_too_high": ({"lr": 0.5}, {"lr": 1.0}, {"lr": 5.0}),
    "lr_too_low": ({"lr": 1e-5}, {"lr": 3e-6}, {"lr": 1e-6}),
    "too_few_epochs": ({"epochs": 1}, {"epochs": 1, "lr": 1e-3}),
    "overfitting": ({"epochs": 200, "lr": 3e-2, **BARE}, {"epochs": 400, "lr": 1e-2, **BARE}),
}


def verdicts(project):
    """(planted, found) of every run on one data set."""
    catalog = Catalog(project)
    found = extract_features(project, catalog.images(), registry.get(TrainConfig.body)).values
    for seed in SEEDS:
        data = dataset.load(catalog, seed)
        train, valid = data.indices("train"), data.indices("valid")
        sides = TrainValidFeatures(
            found[train], data.targets[train], found[valid, 0], data.targets[valid], len(data.vocab)
        )
        for planted, configs in PLANTED.items():
            for config in configs:
                rows = []
                train_head(sides, TrainConfig(**{"seed": seed, **config}), rows.append)
                columns = ([getattr(r, name) for r in rows] for name in ("train_loss", "valid_loss", "error_rate"))
                yield planted, diagnose(*columns, valid_images=len(valid)).verdict


def main():
    for folder in map(Path, sys.argv[1:]):
        with tempfile.TemporaryDirectory() as root:
            project = Project(root)
            import_images(project, folder)
            counts = Counter(verdicts(project))
        rows = [(planted, *(counts[planted, found] for found in ADVICE)) for planted in PLANTED]
        print(folder.name, *table(("planted", *ADVICE), rows), "", sep="\n")


if __name__ == "__main__":
    main()
