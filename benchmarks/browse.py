"""How long the Data tab's grid takes to answer, without a browser: `python -m benchmarks.browse 20000`.

The project has rows and no files, so thumbnails are not part of the figures. They are milliseconds of processor time.
"""

import argparse
import hashlib
import random
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bearkit import Project
from bearkit.catalog.catalog import Catalog
from bearkit.catalog.decision_types import DecisionRequest
from bearkit.catalog.decisions import DecisionLog
from bearkit.catalog.schema import ImageRecord, SourceRecord
from bearkit.labelling.image_list import ImageList
from bearkit.labelling.image_query import ImageQuery

LABELS = [*(f"label {n:02}" for n in range(20)), ""]
QUERIES = {
    "newest first": ImageQuery(),
    "sorted by label": ImageQuery(sort="label"),
    "one label": ImageQuery(label="label 03"),
    "a search": ImageQuery(text="photo 12"),
    "one split, the first time": ImageQuery(split="valid"),
    "another split": ImageQuery(split="train"),
}


def make_project(folder: Path, n: int) -> Project:
    """Make a project of `n` images with 20 labels; every 21st has none, and no file exists."""
    project, choose = Project(folder / "many"), random.Random(1).choice
    images, sources = [], []
    for number in range(n):
        label, image_id = choose(LABELS), hashlib.sha256(str(number).encode()).hexdigest()
        images.append(ImageRecord(image_id, f"images/{number}.jpg", label, None, 640, 480, "JPEG", 1))
        origin = f"/home/me/pictures/{label}/photo {number}.jpg"
        sources.append(SourceRecord(origin, label, None, "imported", image_id=image_id))
    Catalog(project, create=True).record(images, sources)
    return project


def milliseconds(call: Callable[[], Any]) -> float:
    """Return the processor time of a call, of all threads."""
    began = time.process_time()
    call()
    return 1000 * (time.process_time() - began)


def measure(project: Project) -> dict[str, float]:
    """Return what each step takes, in the order in which a person meets them."""
    listed, log = ImageList(project, lambda: None), DecisionLog(Catalog(project))  # type: ignore[arg-type,return-value]
    found = {"the first time": milliseconds(listed.state)}
    for name, query in QUERIES.items():
        found[name] = milliseconds(lambda query=query: listed.order(query, listed.state()))
    found["scrolled: the same query"] = milliseconds(lambda: listed.order(ImageQuery(), listed.state()))
    many = [DecisionRequest(one, "relabel", "label 05") for one in list(listed.state().images)[:2000]]
    found["2,000 labels stored"] = milliseconds(lambda: log.decide(many, "me"))
    found["after a decision"] = milliseconds(lambda: listed.order(ImageQuery(), listed.state()))
    return found


def main() -> None:
    """Print the figures for the number of images that the command line names."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("images", type=int)
    with tempfile.TemporaryDirectory() as folder:
        for name, value in measure(make_project(Path(folder), parser.parse_args().images)).items():
            print(f"{name:28} {value:8.1f} ms")


if __name__ == "__main__":
    main()
