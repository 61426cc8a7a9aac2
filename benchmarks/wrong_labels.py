"""How many planted wrong labels are found by looking at so many pictures: bearkit, cleanlab and fastai side by side.

    python -m benchmarks.wrong_labels FOLDER ... [--draws 4] [--share 0.1] [--no-fastai]

A share of the labels is changed at random, and someone looks at as many pictures as were changed, and at twice as
many. bearkit's are those that `bearkit review next` lists, page by page, each page put right before the next one is
asked for; "one list" is its first order alone. cleanlab ranks the same features with its own probabilities; fastai is
trained on the same noisy labels and ranks by its losses. How often the interval of what is left held the truth is
counted too.
"""

import argparse
import json
import tempfile
from pathlib import Path

import numpy as np

from bearkit import ReviewQueue, import_images
from bearkit.catalog.decision_types import DecisionRequest
from bearkit.core.project import Project
from bearkit.core.text import table
from benchmarks.against_fastai import FASTAI, HERE, run

PAGE = 20


def plant(truth, share, seed):
    """The labels, of which a share is another one now; and which, bool (N,)."""
    rng = np.random.default_rng(seed)
    vocab, targets = np.unique(truth, return_inverse=True)
    rows = rng.choice(len(truth), round(share * len(truth)), replace=False)
    given = targets.copy()
    given[rows] = (targets[rows] + rng.integers(1, len(vocab), len(rows))) % len(vocab)
    return vocab[given], given != targets


def found(ranking, planted):
    """The shares of the planted ones among the first as many, and twice as many."""
    n = planted.sum()
    hits = planted[np.asarray(ranking)]
    return [float(hits[:n].sum() / n), float(hits[: 2 * n].sum() / n)]


def review(queue, truth, planted, covered):
    """Look at pages as a person who is always right; the order in which pictures were looked at."""
    ids = {image.image_id: row for row, image in enumerate(queue.index.catalog.images())}
    order = []
    while len(order) < 2 * planted.sum():
        page = queue.page(n=PAGE)
        left = planted.sum() - planted[order].sum()
        covered.append(page.left[1][0] <= left <= page.left[1][1])
        rows = [ids[one.image_id] for one in page.suspects]
        order += rows
        right = [
            DecisionRequest(one.image_id, "relabel", truth[row]) for one, row in zip(page.suspects, rows, strict=True)
        ]
        queue.index.decision_log.decide(right, "benchmark", kind="label")
    return order


def draw(project, queue, args, seed, covered):
    """One draw: {who: shares found}."""
    ledger, images = queue.index.decision_log, queue.index.catalog.images()
    truth = np.array([image.label for image in images])
    given, planted = plant(truth, args.share, seed)
    wrong = [DecisionRequest(images[row].image_id, "relabel", given[row]) for row in np.flatnonzero(planted)]
    ledger.decide(wrong, "chance", kind="quality")
    ids = {image.image_id: row for row, image in enumerate(images)}
    result = {"one list": found([ids[one.image_id] for one in queue.page(n=len(images)).suspects], planted)}
    state = queue.index.snapshot()
    np.savez(project.root / "features.npz", x=state.features, given=np.unique(given, return_inverse=True)[1])
    if FASTAI.exists():
        ranking = run([FASTAI, HERE / "cleanlab_side.py", project.root / "features.npz"])["ranking"]
        result["cleanlab"] = found(ranking, planted)
    if FASTAI.exists() and args.fastai:
        paths = [str(project.root / image.path) for image in images]
        split = {
            name: [[paths[row], str(given[row])] for row in np.flatnonzero(state.splits == name)]
            for name in ("train", "valid")
        }
        file = project.root / "noisy.json"
        file.write_text(json.dumps(split | {"seed": seed}))
        losses = run([FASTAI, HERE / "fastai_side.py", file, "--losses"])["losses"]
        result["fastai"] = found(np.argsort([-losses[path] for path in paths], kind="stable"), planted)
    result["bearkit"] = found(review(queue, truth, planted, covered), planted)
    ledger.undo(n=10_000)
    return result


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--draws", type=int, default=4)
    parser.add_argument("--share", type=float, default=0.1)
    parser.add_argument("--no-fastai", dest="fastai", action="store_false")
    args = parser.parse_args()
    for folder in args.folders:
        with tempfile.TemporaryDirectory() as place:
            project, covered = Project(place), []
            import_images(project, folder)
            queue = ReviewQueue(project)
            draws = []
            for seed in range(args.draws):
                draws.append(draw(project, queue, args, seed, covered))
                print(f"{folder.name}, draw {seed}: {json.dumps(draws[-1])}", flush=True)
        mean = {who: np.mean([one[who] for one in draws], axis=0).round(3).tolist() for who in draws[0]}
        print("\n".join(table((folder.name, "as many", "twice as many"), [(who, *both) for who, both in mean.items()])))
        print(json.dumps({"folder": folder.name, "found": mean, "left_covered": float(np.mean(covered))}))


if __name__ == "__main__":
    main()
