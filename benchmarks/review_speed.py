"""How long a page of the review takes to be relearned, and a decision to be stored, with many pictures.

    python -m benchmarks.review_speed 2000 20000 100000

The pictures are empty files; features and sketches are drawn at random: what is timed does not look at pixels. Each
size: the first page, the next look for copies and quality, pages after 50 relabelled and after 50 deleted pictures, and
single decisions once every picture was decided about; all as the Review tab asks for them.
"""

import hashlib
import json
import statistics
import sys
import tempfile
import time

import gradio as gr
import numpy as np

from bearkit.bodies import registry
from bearkit.bodies.array_cache import SHARD_SIZE, ArrayCache
from bearkit.bodies.features import feature_cache
from bearkit.catalog.catalog import Catalog
from bearkit.catalog.decision_types import DecisionRequest
from bearkit.catalog.decisions import DecisionLog
from bearkit.catalog.schema import ImageRecord
from bearkit.catalog.settings import catalog_name
from bearkit.core.project import Project
from bearkit.core.text import table
from bearkit.labelling.image_stats import RECIPE, SKETCH
from bearkit.studio.outbox import store
from bearkit.studio.review import ReviewTab

LABELS, WIDTH, PAGE = 5, 1280, 50


def synthetic(project, n, labelled=True):
    """A project of n pictures without pixels, whose features are cached already."""
    rng = np.random.default_rng(0)
    centres = rng.normal(0, 1, (LABELS, WIDTH))
    ids = [hashlib.sha256(str(number).encode()).hexdigest() for number in range(n)]
    targets = rng.integers(0, LABELS, n)
    project.images.mkdir(parents=True)
    for number in range(n):
        (project.images / f"{number}.jpg").touch()
    records = [
        ImageRecord(
            ids[number],
            f"images/{number}.jpg",
            f"label {targets[number]}" if labelled else "",
            None,
            400,
            300,
            "JPEG",
            10,
        )
        for number in range(n)
    ]
    Catalog(project, create=True).record(records, [])
    store = feature_cache(project, registry.get("efficientnet_lite0"), 1)
    for start in range(0, n, SHARD_SIZE):
        rows = slice(start, min(n, start + SHARD_SIZE))
        values = centres[targets[rows]] + 6 * rng.normal(0, 1, (rows.stop - rows.start, WIDTH))
        store.add(ids[rows], values[:, None].astype(np.float32))
        sketches = np.tile(rng.integers(0, 256, (len(values), SKETCH // 2)), 2).astype(np.float32)
        measured = np.tile(np.float32([120, 50, 100, 0]), (len(values), 1))
        ArrayCache(project.cache / "looks" / str(RECIPE)).add(ids[rows], np.concatenate([sketches, measured], axis=1))


def seconds(call):
    clock = time.perf_counter()
    result = call()
    return time.perf_counter() - clock, result


def measure(n):
    """The figures of one size."""
    with tempfile.TemporaryDirectory() as folder:
        project = Project(folder)
        synthetic(project, n)
        with gr.Blocks():
            tab = ReviewTab(project)
        ledger = DecisionLog(Catalog(project))
        asked = {"kind": "label", "split": "", "label": "", "order": "out-of-fold", "n": PAGE}
        result = {"pictures": n}
        result["first page"], page = seconds(lambda: tab.suspects(asked))
        result["copies, meanwhile"], _ = seconds(tab._pixels.join)
        for what, action, to in (("after 50 relabelled", "relabel", "label 0"), ("after 50 deleted", "delete", None)):
            ledger.decide([DecisionRequest(one["image_id"], action, to) for one in page["suspects"]], "ann", "label")
            result[what], page = seconds(lambda: tab.suspects(asked))
        every = [image.image_id for image in ledger.images()]
        ledger.decide([DecisionRequest(image_id, "keep") for image_id in every], "ann", "label")
        about = {
            "reviewer": "ann",
            "run": None,
            "kind": "label",
            "view": "/",
            "since": ledger.newest_id(),
            "project": catalog_name(ledger.catalog),
            "implied": False,
        }
        times = []
        for number, one in enumerate(every[:400:10]):
            entry = {"choices": [{"image_id": one, "action": "keep", "to": None}], "token": str(number), **about}
            times.append(seconds(lambda entry=entry: store(project, entry))[0])
        result["a decision, median ms"], result["worst ms"] = 1e3 * statistics.median(times), 1e3 * max(times)
        result["undo, ms"] = 1e3 * seconds(lambda: tab.undo_or_redo({"action": "undo", "reviewer": "ann"}))[0]
        return {name: round(value, 3) if isinstance(value, float) else value for name, value in result.items()}


def main():
    results = [measure(int(n)) for n in sys.argv[1:] or (2000, 20000)]
    print("\n".join(table(list(results[0]), [list(one.values()) for one in results])))
    print(json.dumps(results))


if __name__ == "__main__":
    main()
