"""bearkit's side of the comparison: prints one JSON object.

python bearkit_side.py PROJECT SPLIT.json
"""

import json
import shutil
import sys
import time
from pathlib import Path

import numpy as np
import torch

from bearkit import Interpretation, Learner, Predictor, Project
from bearkit.images import read_file
from bearkit.preprocessing import decode_for, preprocess
from bearkit.training.timm_import import import_timm


def labels_unlike_torch(predictor, folder, paths):
    """On how many pictures the Predictor's label differs from that of the exported weights in torch, loaded by timm."""
    network = import_timm().create_model(f"local-dir:{folder}", pretrained=True).eval()
    how = predictor.config.preprocessing
    differing = 0
    for path in paths:
        picture = preprocess(decode_for(read_file(path), how), how)
        with torch.no_grad():
            expected = int(network(torch.from_numpy(picture[None])).argmax())
        differing += predictor.predict(path).index != expected
    return differing


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
    print(json.dumps(result))


if __name__ == "__main__":
    main()
