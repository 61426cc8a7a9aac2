"""Write a project's cleaned images as a data set for the Hub, with a card about their sources and their cleaning."""

import re
import zipfile
from functools import partial
from pathlib import Path, PurePath
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from huggingface_hub import metadata_load

from bearkit import runs
from bearkit.catalog.catalog import Catalog
from bearkit.catalog.decisions import DecisionLog
from bearkit.catalog.schema import ImageRecord
from bearkit.catalog.statistics import curation_stats
from bearkit.core.parallel import ordered_map
from bearkit.core.project import Project
from bearkit.core.text import count
from bearkit.datasets import dataset, layouts
from bearkit.datasets.export import export_dataset
from bearkit.datasets.layouts import Row
from bearkit.datasets.seed import DEFAULT_SEED
from bearkit.errors import BearkitError
from bearkit.export.model_card import cell
from bearkit.images import has_gps_position, read_verified, without_location

SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))
SECRET = re.compile(r"(?i)(sig|token|key|secret|credential|password|auth|policy|session)[^=&]*=")
CARD = """# {title}

{n} pictures with {n_labels} labels, collected and cleaned with bearkit.

| label | pictures |
|---|---|
{rows}

## Cleaning

{cleaned}

## Sources and licences

{whose} The file `metadata.jsonl` of each split lists for every picture its source (`origin`), its licence, creator and
page if its source names them, the label with which it was imported (`imported_as`), and whether a person reviewed it.
`label_set.json` says what each label means, and names pictures that show it well by the SHA-256 of their file
(`sha256`).

{places}

## Splits

{splits}

## Use

```python
from datasets import load_dataset

pictures = load_dataset("{repo}")
```

The `label` of each picture is a text. To convert it to a number, the same in all splits:

```python
from datasets import ClassLabel

pictures = pictures.cast_column("label", ClassLabel(names=sorted(set(pictures["train"]["label"]))))
```

Or with bearkit: `bearkit import hf://{repo}`.
"""

REWRITTEN = (
    " Their pixels, orientation and colour profile are unchanged. Notes of the camera's maker, films and further images"
    " in such a file were removed with the place. Their `image_id` is the SHA-256 of the file before that."
)


def whose_images(project: Project, keep_location: bool = False) -> str:
    """Describe the licences of the images that would be published, and what happens to the places of the photographs.

    Args:
        project: the project.
        keep_location: publish the places too; then the images that contain one are counted.
    """
    catalog = Catalog(project)
    images = [image for image in DecisionLog(catalog).images() if image.label and project.has_picture(image.path)]
    licences = curation_stats(catalog, {image.image_id: image.label for image in images}).license_summary
    if not keep_location:
        return f"{licences} Where a photograph was taken is removed from the published copy."
    located = sum(ordered_map(partial(_is_located, catalog), images))
    return licences + (f" At least {located} of the files contain the place where they were taken." if located else "")


def _is_located(catalog: Catalog, image: ImageRecord) -> bool:
    """Return whether the metadata of an image's file contain the place where it was taken."""
    path = catalog.path(image)
    try:
        if image.linked:  # the file may have been replaced by any other one
            read_verified(path, image.image_id)
        return has_gps_position(path)
    except Exception:  # a missing file is not published, and a damaged header contains no place
        return False


def write_dataset(
    project: Project,
    folder: Path,
    repo: str,
    license: str | None = None,
    seed: int | None = None,
    keep_location: bool = False,
) -> dict[str, Any]:
    """Write the images in the Hub's layout (see `export_dataset`), without the places of photographs, and a card.

    Args:
        project: the project.
        folder: a new folder.
        repo: USER/NAME on the Hub.
        license: the licence's id on the Hub, e.g. cc-by-4.0.
        seed: the seed of the split; by default the project's.
        keep_location: write the files as they are, with the places where they were taken.

    Returns:
        missing, unlabelled and seed, as `export_dataset` returns them; splits, a sentence about the split;
        places_removed, the number of files that had a place; left_out, the paths of images from whose files the place
        cannot be removed.

    Raises:
        NoImagesError: there are no images.
    """
    rewrite = _as_it_is if keep_location else without_location
    exported = export_dataset(project, folder, "imagefolder", seed, _without_private, rewrite)
    counts: dict[str, int] = exported["labels"]
    front = {
        "license": license.lower() if license else "unknown",
        "task_categories": ["image-classification"],
        "tags": ["image", "bearkit"],
        "size_categories": [next((size for limit, size in SIZES if exported["images"] < limit), "1M<n<10M")],
        **(metadata_load(folder / "README.md") or {}),
    }
    catalog = Catalog(project)
    splits = _describe_splits(catalog, exported["seed"])
    absent = {*exported["missing"], *exported["refused"]}
    published = [image for image in DecisionLog(catalog).images() if image.label and image.path not in absent]
    statistics = curation_stats(catalog, {image.image_id: image.label for image in published})
    text = CARD.format(
        title=repo.rpartition("/")[2], n=exported["images"], n_labels=len(counts), repo=repo,
        rows="\n".join(f"| {cell(label)} | {n} |" for label, n in counts.items()),
        cleaned=statistics.summary, whose=statistics.license_summary, splits=splits,
        places=_describe_places(exported["changed"], len(exported["refused"]), keep_location),
    )  # fmt: skip
    layouts.write_card(folder, front, text)
    result = {name: exported[name] for name in ("missing", "unlabelled", "seed")} | {"splits": splits}
    return result | {"places_removed": exported["changed"], "left_out": exported["refused"]}


def _as_it_is(data: bytes) -> bytes:
    return data


def _describe_places(n_changed: int, n_refused: int, keep_location: bool) -> str:
    """Say in the card whether files contain the places where they were taken, and what their ids mean."""
    if keep_location:
        return "The files are as they were imported: some may contain the place where the photograph was taken."
    text = f"The place where a photograph was taken is removed: {count(n_changed, 'file')} had one."
    if n_changed:
        text += REWRITTEN
    if n_refused:
        text += f" {count(n_refused, 'picture')} left out, because the place cannot be removed from the file."
    return text


def _describe_splits(catalog: Catalog, seed: int) -> str:
    """Describe which images are in validation, and how many of them the newest model was trained on."""
    text = f"Seed {seed} decided which pictures are in `validation`, unless their source has splits."
    newest = next((run for run in reversed(runs.list_usable(catalog.project)) if run.finished), None)
    valid = {image_id for image_id, split in dataset.splits(catalog, seed).items() if split == "valid"}
    if newest is None or not valid:
        return text
    try:
        predictions = newest.predictions().only("train")
    except (BearkitError, OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):  # a damaged run
        return text
    trained_on = set(predictions.image_ids.tolist())
    model = f"The newest model of these pictures (run {newest.id}, seed {newest.config.get('seed', DEFAULT_SEED)})"
    if seen := len(valid & trained_on):
        return f"{text} {model} was trained on {seen} of these {len(valid)} pictures: do not measure its error on them."
    return f"{text} {model} was trained on none of these {len(valid)} pictures."


def _without_private(row: Row) -> Row:
    """Return a row without the folders of this machine, login names, and secrets in URLs."""
    public = {name: without_secrets(row[name]) for name in ("origin", "page")}
    return row | public | {"reviewed_by": "a person" if row["reviewed_by"] else ""}


def without_secrets(origin: str) -> str:
    """Return a source without private parts: folders, user names, passwords and signatures.

    >>> without_secrets("/home/ann/bears/1.jpg"), without_secrets("https://ann:secret@x.org/1.jpg?w=9")
    ('1.jpg', 'https://x.org/1.jpg?w=9')
    >>> without_secrets("https://x.org/1.jpg?w=9&X-Amz-Signature=12ab")
    'https://x.org/1.jpg'
    """
    if "://" not in origin:
        return PurePath(origin).name
    try:
        parts = urlsplit(origin)
    except ValueError:
        return ""
    host = parts.netloc.rpartition("@")[2]
    query = "" if SECRET.search(parts.query) else parts.query
    return urlunsplit((parts.scheme, host, parts.path, query, ""))
