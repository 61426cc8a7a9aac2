"""How many epochs and how many views? The mean error and loss over eight splits, for EXPERIMENTS.md.

python -m benchmarks.choose_defaults FOLDER...        each with one folder a label in it
"""

import statistics
import sys
import tempfile
import time
from pathlib import Path

from bearkit.bodies import registry
from bearkit.bodies.features import extract_features
from bearkit.catalog.catalog import Catalog
from bearkit.core.project import Project
from bearkit.core.text import table
from bearkit.datasets import dataset
from bearkit.sources.importing import import_images
from bearkit.training.config import TrainConfig
from bearkit.training.head import TrainValidFeatures, train_head

SEEDS = (42, 1, 2, 3, 4, 5, 6, 7)
EPOCHS = (4, 8, 10, 15, 20, 30, 60)
VIEWS = (1, 2, 4)


def measure(project, views, epochs):
    """Mean error rate, validation loss and seconds of a head over the seeds."""
    catalog = Catalog(project)
    found = extract_features(project, catalog.images(), registry.get(TrainConfig.body), views).values
    last, seconds = [], []
    for seed in SEEDS:
        data = dataset.load(catalog, seed)
        train, valid, rows = data.indices("train"), data.indices("valid"), []
        sides = TrainValidFeatures(
            found[train], data.targets[train], found[valid, 0], data.targets[valid], len(data.vocab)
        )
        clock = time.perf_counter()
        train_head(sides, TrainConfig(epochs=epochs, seed=seed), rows.append)
        seconds.append(time.perf_counter() - clock)
        last.append(rows[-1])
    error, loss = (statistics.mean(getattr(row, name) for row in last) for name in ("error_rate", "valid_loss"))
    return f"{error:.4f}", f"{loss:.4f}", f"{statistics.median(seconds):.2f}"


def main():
    for folder in map(Path, sys.argv[1:]):
        with tempfile.TemporaryDirectory() as root:
            project = Project(root)
            import_images(project, folder)
            rows = [(views, epochs, *measure(project, views, epochs)) for views in VIEWS for epochs in EPOCHS]
        print(folder.name, *table(("views", "epochs", "error rate", "valid loss", "seconds"), rows), "", sep="\n")


if __name__ == "__main__":
    main()
