"""Whether a model knows what it does not know: models of bears and of flowers, asked about each other's pictures.

    python -m benchmarks.none_of_these [--data ../shared/data] [--seeds 42,1,2]

For each model, through the product's own export and Predictor: the share of its validation pictures that are known, the
share of the other data set and of the sample birds that are, and how well calibrated its probabilities are on pictures
that neither trained it nor set its temperature (the validation pictures, in two halves, each judged by the other).
"""

import argparse
import json
import tempfile
from pathlib import Path

import numpy as np

from bearkit import Learner, Predictor, Project, import_images, predict_files
from bearkit.evaluation.calibration import calibration_error, fit_temperature
from bearkit.sources.samples import project as sample_project


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--seeds", default="42,1,2")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        birds = Project(Path(folder) / "birds")
        sample_project.prepare_sample(birds)
        names = {"bears": args.data / "bears_web", "flowers": args.data / "flowers_ccby"}
        names["birds"] = sample_project.sample_folder(birds)
        for name in ("bears", "flowers"):
            project = Project(Path(folder) / name)
            import_images(project, names[name])
            for seed in map(int, args.seeds.split(",")):
                others = {other: path for other, path in names.items() if other != name}
                print(json.dumps({"model": name, "seed": seed, **measured(project, seed, others)}), flush=True)


def measured(project, seed, others):
    """One model: what it knows."""
    learn = Learner(project, seed=seed)
    learn.fit_one_cycle()
    predictor = Predictor(learn.export())
    valid = learn.run.predictions().only("valid")
    result = {"valid_known": known(predictor, [project.root / path for path in valid.paths.tolist()])}
    result |= {f"{other}_known": known(predictor, [path]) for other, path in others.items()}
    return result | calibrated(valid) | {"temperature": predictor.config.info.temperature}


def known(predictor, paths):
    rows = [row for row in predict_files(predictor, paths) if "error" not in row]
    return round(float(np.mean([row["known"] for row in rows])), 3)


def calibrated(valid):
    """The calibration error before and after a temperature of the other half."""
    logits = valid.logits
    half = np.random.default_rng(0).permutation(len(logits)) % 2 == 0
    powers = np.zeros_like(logits)
    for side in (half, ~half):
        powers[side] = np.exp(logits[side] / fit_temperature(logits[~side], valid.targets[~side]))
    after = powers / powers.sum(axis=1, keepdims=True)
    errors = calibration_error(valid.probs, valid.targets), calibration_error(after, valid.targets)
    return dict(zip(("calibration_error_before", "after"), (round(error, 3) for error in errors), strict=True))


if __name__ == "__main__":
    main()
