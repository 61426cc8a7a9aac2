"""How often the interval of `label accept` contains the true share of wrong labels, in simulated projects.

    python -m benchmarks.label_audit [--projects 200] [--first-seed 0]

A project has 200 to 400 images of two to five labels, which overlap more or less; the features are drawn at random and
there are no pixels. All else is real: people label pages in the order `auto`, label an audit, and the rest takes what
the model proposes, all of it or with `--min-probability 0.9`; at once, or after three more pages. It prints for each of
these in how many projects the interval contains the share of wrong labels among those that were accepted.
"""

import argparse
import hashlib
import json
import tempfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from bearkit.bodies import registry
from bearkit.bodies.features import feature_cache
from bearkit.catalog.catalog import Catalog
from bearkit.catalog.schema import ImageRecord
from bearkit.core.project import Project
from bearkit.core.text import table
from bearkit.labelling.label_actions import MODEL, accept_proposals, audit_proposals, label_images
from bearkit.labelling.label_queue import LabelQueue
from bearkit.training.config import TrainConfig

WIDTH = 24  # features
PAGES = 5  # labelled before the audit
LATER = 3  # labelled after it
AUDIT = 50  # images
CASES = [(later, least) for later in (0, LATER) for least in (0.0, 0.9)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--projects", type=int, default=200)
    parser.add_argument("--first-seed", type=int, default=0)
    args = parser.parse_args()
    found: dict[tuple[int, float], list[dict[str, float]]] = {case: [] for case in CASES}
    for seed in range(args.first_seed, args.first_seed + args.projects):
        with tempfile.TemporaryDirectory() as folder:
            for case, result in simulate(Path(folder), seed).items():
                found[case].append(result)
    rows = [summary(case, results) for case, results in found.items()]
    print("\n".join(table(list(rows[0]), [list(row.values()) for row in rows])))
    print(json.dumps(rows))


def summary(case: tuple[int, float], results: list[dict[str, float]]) -> dict[str, object]:
    """The figures of one case, over all projects where something was accepted and audited."""
    low, wrong, high = (np.array([one[name] for one in results]) for name in ("low", "wrong", "high"))
    return {
        "pages after the audit": case[0],
        "min probability": case[1],
        "projects": len(results),
        "holds": round(float(((low <= wrong) & (wrong <= high)).mean()), 3),
        "wrong": round(float(wrong.mean()), 3),
        "expected": round(float(np.mean([one["expected"] for one in results])), 3),
        "width": round(float((high - low).mean()), 3),
        "audited": round(float(np.mean([one["audited"] for one in results])), 1),
    }


def simulate(folder: Path, seed: int) -> dict[tuple[int, float], dict[str, float]]:
    """Label a project, audit it, and accept the rest.

    Returns:
        For each case where anything was accepted and audited: `low` and `high` of the interval, `expected`, the share
        that is really `wrong`, and the number of `audited` images that speak for it.
    """
    project, truth = simulated_project(folder, seed)
    queue, results = LabelQueue(project), {}

    def label_pages(n: int) -> None:
        for _ in range(n):
            label_images(project, {one.image_id: truth[one.image_id] for one in queue.page().images}, "ann")

    label_pages(PAGES)
    sample = [one["image_id"] for one in audit_proposals(queue, AUDIT)["images"]]
    label_images(project, {image_id: truth[image_id] for image_id in sample}, "ben")
    for later, least in CASES:
        if (later, least) == (LATER, CASES[0][1]):
            label_pages(LATER)
        snapshot = queue.index.snapshot()
        probs = queue.state(snapshot).probs
        if probs is None or not (probs[snapshot.unlabelled].max(axis=1, initial=0) >= least).any():
            continue
        answer = accept_proposals(queue, least)
        log = queue.index.decision_log
        given = {one.image_id: one.to_label for one in log.current().values() if one.reviewer == MODEL}
        log.undo(1, MODEL)
        if answer["audited"]:
            wrong = float(np.mean([label != truth[str(image_id)] for image_id, label in given.items()]))
            low, high = answer["interval"]
            row = {"low": low, "high": high, "wrong": wrong, "expected": answer["expected_error"]}
            results[later, least] = row | {"audited": answer["audited"]}
    return results


def simulated_project(folder: Path, seed: int) -> tuple[Project, Mapping[str, str]]:
    """A project of images without pixels and without labels, whose features are cached; and their true labels."""
    rng = np.random.default_rng(seed)
    n, n_labels, apart = int(rng.integers(200, 401)), int(rng.integers(2, 6)), rng.uniform(1.0, 2.5)
    targets = rng.choice(n_labels, n, p=rng.dirichlet(np.full(n_labels, 5.0)))
    features = rng.normal(size=(n, WIDTH)) + apart * np.eye(n_labels, WIDTH)[targets]
    ids = [hashlib.sha256(f"{seed}/{number}".encode()).hexdigest() for number in range(n)]
    project, config = Project(folder / "project"), TrainConfig()
    project.images.mkdir(parents=True)
    for image_id in ids:
        (project.images / f"{image_id}.png").touch()
    records = [ImageRecord(one, f"images/{one}.png", "", None, 1, 1, "PNG", 1) for one in ids]
    Catalog(project, create=True).record(records, [])
    cache = feature_cache(project, registry.get(config.body, config.weights), 1)
    cache.add(ids, features[:, None].astype(np.float32))
    return project, {image_id: f"label {target}" for image_id, target in zip(ids, targets.tolist(), strict=True)}


if __name__ == "__main__":
    main()
