"""bearkit and fastai side by side: the same pictures, body, weights and validation pictures, one after the other.

    make bench                                     the demo's birds
    make bench ARGS="FOLDER --seeds 42 1 2"        your own folder, one folder a label in it

Each side runs in a fresh process. "trained" is from the pictures on disk to the trained frozen model, libraries
imported before the clock starts, bearkit with an empty cache (so with converting the body). "unfrozen" is what follows
on both sides; "part" is bearkit with the last layer groups alone.
"""

import argparse
import json
import math
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from bearkit.catalog.catalog import Catalog
from bearkit.core.project import Project
from bearkit.core.text import table
from bearkit.datasets import dataset
from bearkit.sources.importing import import_images
from bearkit.sources.samples.project import prepare_sample
from bearkit.sources.samples.project import sample_folder as sample_folder

HERE = Path(__file__).parent
FASTAI = HERE.parent / ".venv-fastai" / "bin" / "python"
TURNS = 3
N_PREDICT = 40  # pictures in the timing of one prediction at a time


def run(command):
    """Run one side; its figures."""
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stderr)
    return json.loads(done.stdout.splitlines()[-1])


def write_split(project, seed, path):
    """What fastai is to train on: the project's pictures, split as bearkit splits them under this seed."""
    data = dataset.load(Catalog(project), seed)
    rows = [[str(project.root / image.path), image.label] for image in data.images]
    split = {name: [rows[n] for n in data.indices(name)] for name in ("train", "valid")}
    path.write_text(json.dumps(split | {"seed": seed, "predict": [row[0] for row in split["valid"]][:N_PREDICT]}))


def compare(project, seeds, args):
    """One row a seed."""
    results = []
    for seed in seeds:
        split = project.root / f"split-{seed}.json"
        write_split(project, seed, split)
        ours = run([sys.executable, HERE / "bearkit_side.py", project.root, split, args.unfrozen])
        unfrozen = ["--unfrozen", args.epochs if args.unfrozen else 0]
        theirs = run([FASTAI, HERE / "fastai_side.py", split, "--epochs", args.epochs, *unfrozen])
        one_by_one(split, ours, theirs)
        results.append({"seed": seed, "bearkit": ours, "fastai": theirs})
        print(f"seed {seed}: {json.dumps(results[-1])}", file=sys.stderr, flush=True)
    return results


def one_by_one(split, ours, theirs):
    """Predict one picture at a time, both sides in turn, since the machine's speed changes within a minute."""
    turns = [
        (
            run([sys.executable, HERE / "predict_side.py", ours["model"], split])["predict_ms"],
            run([FASTAI, HERE / "fastai_side.py", split, "--predict"])["predict_ms"],
        )
        for _ in range(TURNS)
    ]
    ours["predict_ms"], theirs["predict_ms"] = (statistics.median(side) for side in zip(*turns, strict=True))


def summary(results):
    """The ratios of the means, and bearkit's agreement with the exported torch model."""

    def mean(side, key):
        return statistics.mean(row[side][key] for row in results)

    def times(ours, theirs):
        return round(mean("fastai", theirs) / mean("bearkit", ours), 1)

    ratios = {"trained": times("seconds", "seconds"), "predict": times("predict_ms", "predict_ms")}
    errors = {side: round(mean(side, "error_rate"), 4) for side in ("bearkit", "fastai")}
    result = {"times_faster": ratios, "error_rate": errors}
    if "epoch_seconds" in results[0]["fastai"]:
        ratios["unfrozen_epoch"] = times("epoch_seconds", "epoch_seconds")
        ratios["partly_unfrozen_epoch"] = times("part_epoch_seconds", "epoch_seconds")
        keys = ("bearkit", "unfrozen"), ("bearkit", "part_unfrozen"), ("fastai", "unfrozen")
        result["after_unfrozen"] = {" ".join(key): round(mean(key[0], f"{key[1]}_error_rate"), 4) for key in keys}
    differing = sum(row["bearkit"]["labels_unlike_torch"] for row in results)
    return {**result, "labels_unlike_torch": differing, "runs": results}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?", help="one folder a label; the demo's birds if left out")
    parser.add_argument("--seeds", type=int, nargs="+", default=[42, 1, 2])
    parser.add_argument("--epochs", type=int, default=4, help="fastai's, frozen and then unfrozen, as in the lecture")
    parser.add_argument("--unfrozen", type=int, default=6, help="bearkit's unfrozen epochs; 0 leaves both sides' out")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as root:
        project = Project(root)
        if args.folder is None:
            prepare_sample(project)
        import_images(project, args.folder or sample_folder(project))
        result = summary(compare(project, args.seeds, args))
    columns = {"trained s": "seconds", "predict ms": "predict_ms", "error": "error_rate",
               "epoch s": "epoch_seconds", "error then": "unfrozen_error_rate",
               "part s": "part_epoch_seconds", "error so": "part_unfrozen_error_rate"}  # fmt: skip
    rows = [
        (f"{side}, seed {row['seed']}", *(f"{row[side].get(key, math.nan):.3f}" for key in columns.values()))
        for row in result["runs"]
        for side in ("bearkit", "fastai")
    ]
    print("\n".join(table(("", *columns), rows)), file=sys.stderr)
    print(json.dumps({key: value for key, value in result.items() if key != "runs"}))


if __name__ == "__main__":
    main()
