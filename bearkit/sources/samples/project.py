"""Make a project of sample images, some of them with mistakes on purpose."""

import json
import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from bearkit.core.atomic import atomic_write
from bearkit.core.parallel import Progress, no_progress
from bearkit.core.project import Project
from bearkit.errors import ProjectError, SampleError
from bearkit.images import content_id
from bearkit.sources.samples import pictures as sample
from bearkit.sources.samples.pictures import Picture

N_WRONG = 8  # planted wrong labels
PAGE = b"<!DOCTYPE html><html><body><h1>404 Not Found</h1>This picture was moved.</body></html>"


@dataclass(frozen=True)
class Planted:
    """The planted mistakes, stored in `sample.json` so that the demo can be run again.

    Attributes:
        kind: photographs or drawings.
        why: the reason for drawings; empty for photographs.
        wrong_labels: {image_id: [true label, planted label]}.
    """

    kind: str
    why: str
    wrong_labels: dict[str, list[str]]


def sample_folder(project: Project) -> Path:
    """Return the folder of the sample images, from which they are imported."""
    return project.root / "sample"


def prepare_sample(project: Project, progress: Progress = no_progress) -> Planted:
    """Download (or draw) the sample images and plant the mistakes, unless that was done before.

    Raises:
        ProjectError: the folder holds something else.
    """
    note = project.root / "sample.json"
    if note.exists():
        return Planted(**json.loads(note.read_text()))
    ours = {"cache", "sample", "CREDITS.md"}  # left by a preparation that was killed
    if project.root.exists() and {path.name for path in project.root.iterdir()} - ours:
        raise ProjectError(f"{project.root} is not empty", hint="name a new folder: `bearkit demo NEW_FOLDER`")
    progress("fetching the sample pictures", 0, 1)
    try:
        (pictures, credits), kind, why = sample.bird_photographs(), "photographs", ""
    except SampleError as error:
        pictures, credits, kind, why = list(sample.drawings()), "", "drawings", str(error)
    part = project.cache / f"sample-{uuid.uuid4().hex[:12]}"
    planted = Planted(kind, why, _plant(pictures, part))
    if not sample_folder(project).exists():
        part.rename(sample_folder(project))
    if credits:
        (project.root / "CREDITS.md").write_text(credits, encoding="utf-8")
    with atomic_write(note) as file:
        file.write_text(json.dumps(asdict(planted), indent=1))
    progress("fetching the sample pictures", 1, 1)
    return planted


def _plant(pictures: Sequence[Picture], folder: Path) -> dict[str, list[str]]:
    """Write the images as LABEL/FILE: some with a wrong label, one twice, one cut off, and one web page.

    Returns:
        The wrong labels, {image_id: [true label, planted label]}.
    """
    rng = np.random.default_rng(7)
    labels = sorted({label for label, _, _ in pictures})
    chosen = set(rng.choice(len(pictures), N_WRONG, replace=False).tolist())
    wrong: dict[str, list[str]] = {}
    for number, (label, name, data) in enumerate(pictures):
        given = label
        if number in chosen:
            given = str(rng.choice([other for other in labels if other != label]))
            wrong[content_id(data)] = [label, given]
        _write(folder / given / name, data)
    label, name, data = next(picture for n, picture in enumerate(pictures) if n not in chosen)
    _write(folder / label / f"copy-of-{name}", data)
    _write(folder / label / f"cut-off-{name}", data[: len(data) // 2])
    _write(folder / label / "really-a-web-page.jpg", PAGE)
    return wrong


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
