"""The whole loop on real photographs, with mistakes planted to be found: what a newcomer sees first."""

import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bearkit.catalog import Catalog
from bearkit.collect import sample
from bearkit.collect.importing import import_images
from bearkit.collect.sample import Picture
from bearkit.dataset.dataset import Dataset
from bearkit.errors import ProjectError, SampleError
from bearkit.images import content_id
from bearkit.interpretation.label_issues import rank_label_issues
from bearkit.learner import Learner
from bearkit.parallel import Progress, no_progress
from bearkit.predict import Predictor
from bearkit.project import Project, whole

N_WRONG = 8
PAGE = b"<!DOCTYPE html><html><body><h1>404 Not Found</h1>This picture was moved.</body></html>"


@dataclass(frozen=True)
class Planted:
    """What was put wrong on purpose, kept in `sample.json` so that the demo can be run again."""

    kind: str  # photographs or drawings
    why: str  # why drawings, when it is drawings
    wrong_labels: dict[str, list[str]]  # image_id -> [true label, planted label]


def sample_folder(project: Project) -> Path:
    """Where the sample pictures lie before they are imported."""
    return project.root / "sample"


def prepare(project: Project, progress: Progress = no_progress) -> Planted:
    """Fetch (or draw) the sample pictures and plant the mistakes, unless they are there already.

    Raises:
        ProjectError: the folder holds something else.
    """
    note = project.root / "sample.json"
    if note.exists():
        return Planted(**json.loads(note.read_text()))
    if project.root.exists() and any(project.root.iterdir()) and not sample_folder(project).exists():
        raise ProjectError(f"{project.root} is not empty", hint="name a new folder: `bearkit demo NEW_FOLDER`")
    progress("fetching the sample pictures", 0, 1)
    try:
        (pictures, credits), kind, why = sample.bird_photographs(), "photographs", ""
    except SampleError as error:
        pictures, credits, kind, why = list(sample.drawings()), "", "drawings", str(error)
    planted = Planted(kind, why, _plant(pictures, sample_folder(project)))
    if credits:
        (project.root / "CREDITS.md").write_text(credits, encoding="utf-8")
    with whole(note) as part:
        part.write_text(json.dumps(asdict(planted), indent=1))
    progress("fetching the sample pictures", 1, 1)
    return planted


def _plant(pictures: Sequence[Picture], folder: Path) -> dict[str, list[str]]:
    """Write the pictures as label/file: some under a wrong label, one twice, one cut off, and a web page among them."""
    rng = np.random.default_rng(7)
    labels = sorted({label for label, _, _ in pictures})
    chosen = set(rng.choice(len(pictures), N_WRONG, replace=False).tolist())
    wrong: dict[str, list[str]] = {}
    for number, (label, name, data) in enumerate(pictures):
        under = label
        if number in chosen:
            under = str(rng.choice([other for other in labels if other != label]))
            wrong[content_id(data)] = [label, under]
        _write(folder / under / name, data)
    label, name, data = next(picture for n, picture in enumerate(pictures) if n not in chosen)
    _write(folder / label / f"copy-of-{name}", data)
    _write(folder / label / f"cut-off-{name}", data[: len(data) // 2])
    _write(folder / label / "really-a-web-page.jpg", PAGE)
    return wrong


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def run_demo(project: Project, progress: Progress = no_progress) -> dict[str, Any]:
    """Run the loop: import, train, find the planted labels, export, predict. Returns the figures of the report."""
    clock = time.perf_counter()
    planted = prepare(project, progress)
    imported = import_images(project, sample_folder(project), progress)
    learn = Learner(project, progress=progress)
    result = learn.fit_one_cycle()
    data, probs = learn.out_of_fold_probs()
    model = learn.export()
    return {
        "project": str(project.root),
        "pictures": planted.kind,
        "pictures_why": planted.why,
        "images": len(data.images),
        **imported.as_dict(),
        "run": result.run,
        "error_rate": result.error_rate,
        "error_interval": list(result.error_interval),
        "valid_images": result.valid_images,
        "features_seconds": result.features_seconds,
        "train_seconds": sum(stage["seconds"] for stage in result.stages),
        "planted_labels": _found(planted, data, probs),
        "prediction": _one_prediction(project, planted, data, model),
        "model": str(model),
        "credits": sample.CREDITS if planted.kind == "photographs" else "",
        "seconds": round(time.perf_counter() - clock, 1),
    }


def _found(planted: Planted, data: Dataset, probs: np.ndarray) -> dict[str, Any]:
    """How many planted labels the out-of-fold ranking put among its first pictures."""
    page = len(planted.wrong_labels)
    ranked = rank_label_issues(probs, data.targets)
    hits = [data.images[row].image_id in planted.wrong_labels for row in ranked]
    first = [
        {
            "path": data.images[row].path,
            "given": data.images[row].label,
            "predicted": data.vocab[int(probs[row].argmax())],
            "planted": hit,
        }
        for row, hit in zip(ranked[:page], hits, strict=False)
    ]
    in_first_page, in_two_pages = sum(hits[:page]), sum(hits[: 2 * page])
    return {"page": page, "in_first_page": in_first_page, "in_two_pages": in_two_pages, "first": first}


def _one_prediction(project: Project, planted: Planted, data: Dataset, model: Path) -> dict[str, Any]:
    """What the exported model says of a validation picture, with the milliseconds that it took."""
    row = next(n for n in data.indices("valid") if data.images[n].image_id not in planted.wrong_labels)
    path = Catalog(project).path(data.images[row])
    predictor = Predictor(model)
    predictor.predict(path)  # the first call warms up
    clock = time.perf_counter()
    found = predictor.predict(path)
    milliseconds = round((time.perf_counter() - clock) * 1e3, 1)
    return {
        "path": data.images[row].path,
        "given": data.images[row].label,
        "label": found.label,
        "probability": found.probability,
        "milliseconds": milliseconds,
    }
