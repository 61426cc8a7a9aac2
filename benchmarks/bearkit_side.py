"""bearkit's side of the comparison: prints one JSON object.

python bearkit_side.py PROJECT SPLIT.json UNFROZEN_EPOCHS
"""

import json
import shutil
import statistics
import sys
import time
from pathlib import Path

import numpy as np
import torch

from bearkit import Interpretation, Learner, Predictor, Project
from bearkit.bodies.timm_import import import_timm
from bearkit.images import read_file
from bearkit.images.preprocessing import decode_for_body, preprocess

PART = 3  # layer groups that learn where not all do, the head among them


def labels_unlike_torch(predictor, folder, paths):
    """On how many pictures the Predictor's label differs from that of the exported weights in torch, loaded by timm."""
    network = import_timm().create_model(f"local-dir:{folder}", pretrained=True).eval()
    how = predictor.config.preprocessing
    differing = 0
    for path in paths:
        picture = preprocess(decode_for_body(read_file(path), how), how)
        with torch.no_grad():
            expected = int(network(torch.from_numpy(picture[None])).argmax())
        differing += predictor.predict(path).index != expected
    return differing


def unfrozen(learn, epochs):
    """The body learns too, all of it and then its last groups: median seconds of an epoch, and the errors after it."""
    if not epochs:
        return {}
    frozen, result = f"{learn.run.id}/stage-1", {}
    for name, groups in (("", 0), ("part_", PART)):
        learn.load(frozen).unfreeze(groups)
        trained = learn.fit_one_cycle(epochs)
        seconds = [row["seconds"] for row in trained.stages[-1]["epochs"]]
        result[f"{name}epoch_seconds"] = statistics.median(seconds)
        result[f"{name}unfrozen_error_rate"] = trained.error_rate
    return result


def main():
    project, split = Project(sys.argv[1]), json.loads(Path(sys.argv[2]).read_text())
    shutil.rmtree(project.cache, ignore_errors=True)
    import_timm()
    clock = time.perf_counter()
    learn = Learner(project, seed=split["seed"])
    learn.fit_one_cycle()
    trained = time.perf_counter() - clock
    interp = Interpretation.from_learner(learn)
    given = {str(project.root / path) for path in np.asarray(interp.predictions.paths)}
    assert given == {path for path, _ in split["valid"]}, "the two sides must be checked on the same pictures"
    predictor = Predictor(learn.export())
    result = {
        "seconds": trained,
        "error_rate": interp.error_rate,
        "model": str(predictor.folder),
        "labels_unlike_torch": labels_unlike_torch(predictor, predictor.folder, [path for path, _ in split["valid"]]),
    }
    print(json.dumps(result | unfrozen(learn, int(sys.argv[3]))))


if __name__ == "__main__":
    main()
