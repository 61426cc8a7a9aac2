"""Does everybody who loads a published model get the Predictor's answers? timm, transformers, and the static Space.

    python -m benchmarks.same_answers PICTURES [--n 200]

PICTURES is a folder of pictures, one folder a label. A model is trained on them and pushed to a Hub on this machine;
from there timm (hf-hub:) and transformers' pipeline load it, and the static Space runs in Chromium.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
from playwright.sync_api import sync_playwright

from bearkit import Learner, Predictor, Project, import_images, push_model, push_space
from bearkit.bodies.timm_import import import_timm
from tests.fake_hub import TOKEN, hub
from tests.studio import test_static_space

timm = import_timm()
import transformers  # noqa: E402  # after timm's torchvision, which it would otherwise import broken

FEW = 50  # pictures for those that are slow


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pictures", type=Path)
    parser.add_argument("--n", type=int, default=200)
    args = parser.parse_args()
    if "HF_ENDPOINT" in os.environ:
        with tempfile.TemporaryDirectory() as scratch:
            print(json.dumps(measured(args.pictures, args.n, Path(scratch)), indent=1))
        return
    with hub() as server, tempfile.TemporaryDirectory() as home:  # the client reads its environment when it is imported
        more = {"HF_TOKEN": TOKEN, "HF_HOME": home, "HF_HUB_DISABLE_XET": "1", "HF_ENDPOINT": server.url}
        words = [sys.executable, "-m", "benchmarks.same_answers", str(args.pictures), "--n", str(args.n)]
        subprocess.run(words, env=os.environ | more, check=True)


def measured(pictures, n, scratch):
    project = Project(scratch / "project")
    import_images(project, pictures)
    learn = Learner(project)
    learn.fit_one_cycle()
    model = learn.export()
    push_model(model, "me/model")
    push_space(model, "me/demo", "static", dry_run=scratch / "space")
    paths = sorted(project.images.rglob("*.*"))
    paths = paths[:: max(1, len(paths) // n)][:n]
    few = paths[:: max(1, len(paths) // FEW)][:FEW]
    predictor = Predictor(model)
    expected = [predictor.predict(path) for path in few]
    network = timm.create_model("hf-hub:me/model", pretrained=True).eval()
    with torch.no_grad():
        logits = network(torch.from_numpy(np.stack([predictor.to_input(path) for path in few])))
    probs = [dict(zip(predictor.vocab, row.tolist(), strict=True)) for row in logits.softmax(dim=1)]
    pipeline = transformers.pipeline("image-classification", model="me/model", device="cpu", top_k=None)
    said = [{row["label"]: row["score"] for row in pipeline(str(path))} for path in few]
    found = {"pictures": len(few), "timm": differences(probs, expected), "transformers": differences(said, expected)}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        data = [path.read_bytes() for path in paths]
        same, known, off = test_static_space.compared(browser, scratch / "space", model, data)
        browser.close()
    in_browser = {"pictures": len(paths), "same_label": same, "same_known": known, "mean_difference": off}
    return found | {"static_space": in_browser}


def differences(said, expected):
    """Share with the same label, and the largest difference of a probability."""
    pairs = list(zip(said, expected, strict=True))
    same = sum(max(probs, key=probs.get) == one.label for probs, one in pairs) / len(pairs)
    most = max(abs(probs[label] - p) for probs, one in pairs for label, p in one.probs.items())
    return {"same_label": same, "most_difference": most}


if __name__ == "__main__":
    main()
