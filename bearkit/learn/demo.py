"""Run the whole loop on sample photographs, some of which get a wrong label on purpose."""

import time
from pathlib import Path
from typing import Any

from bearkit.catalog.catalog import Catalog
from bearkit.core.parallel import Progress, no_progress
from bearkit.core.project import Project
from bearkit.datasets import dataset
from bearkit.datasets.dataset import Dataset
from bearkit.inference.predictor import Predictor
from bearkit.labelling.review_candidate import Candidate
from bearkit.labelling.review_queue import ReviewQueue
from bearkit.learner import Learner
from bearkit.sources.importing import import_images
from bearkit.sources.samples import pictures
from bearkit.sources.samples.project import Planted, prepare_sample, sample_folder


def run_demo(project: Project, progress: Progress = no_progress) -> dict[str, Any]:
    """Import sample images, train, find the planted wrong labels, export, and predict.

    Args:
        project: a new project.
        progress: called while images are imported and go through the body.

    Returns:
        The figures that `bearkit demo` prints.
    """
    clock = time.perf_counter()
    planted = prepare_sample(project, progress)
    imported = import_images(project, sample_folder(project), progress)
    learn = Learner(project, progress=progress)
    result = learn.fit_one_cycle()
    page = ReviewQueue(project, progress=progress).page(n=2 * len(planted.wrong_labels))
    model = learn.export()
    data = dataset.load(Catalog(project))
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
        "planted_labels": _count_found(planted, page.suspects),
        "prediction": _predict_one(project, planted, data, model),
        "model": str(model),
        "credits": pictures.CREDITS if planted.kind == "photographs" else "",
        "seconds": round(time.perf_counter() - clock, 1),
    }


def _count_found(planted: Planted, suspects: list[Candidate]) -> dict[str, Any]:
    """Count how many planted labels are among the first candidates of the review."""
    page = len(planted.wrong_labels)
    hits = [suspect.image_id in planted.wrong_labels for suspect in suspects]
    first = [
        {"path": suspect.path, "given": suspect.given, "predicted": suspect.predicted, "planted": hit}
        for suspect, hit in zip(suspects[:page], hits, strict=False)
    ]
    in_first_page, in_two_pages = sum(hits[:page]), sum(hits)
    return {"page": page, "in_first_page": in_first_page, "in_two_pages": in_two_pages, "first": first}


def _predict_one(project: Project, planted: Planted, data: Dataset, model: Path) -> dict[str, Any]:
    """Predict a validation image with the exported model, and measure the time in milliseconds."""
    row = next(n for n in data.indices("valid") if data.images[n].image_id not in planted.wrong_labels)
    path = Catalog(project).path(data.images[row])
    predictor = Predictor(model)
    predictor.predict(path)  # the first call warms up
    clock = time.perf_counter()
    prediction = predictor.predict(path)
    milliseconds = round((time.perf_counter() - clock) * 1e3, 1)
    return {
        "path": data.images[row].path,
        "given": data.images[row].label,
        "label": prediction.label,
        "probability": prediction.probability,
        "milliseconds": milliseconds,
    }
