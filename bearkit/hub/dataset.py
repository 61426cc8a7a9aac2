"""A project's cleaned pictures as a data set for the Hub, with a card that says whose they are and what was done."""

import re
import zipfile
from functools import partial
from pathlib import Path, PurePath
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from bearkit import runs
from bearkit.catalog.catalog import Catalog
from bearkit.catalog.decisions import DecisionLog
from bearkit.catalog.schema import ImageRecord
from bearkit.catalog.statistics import cleaned
from bearkit.core.parallel import ordered_map
from bearkit.core.project import Project
from bearkit.datasets import dataset, layouts
from bearkit.datasets.export import export_dataset
from bearkit.datasets.layouts import Row
from bearkit.datasets.seed import DEFAULT_SEED
from bearkit.errors import BearkitError
from bearkit.export.model_card import cell
from bearkit.hub.front_matter import front_matter
from bearkit.images import is_located, read_verified

SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))
SECRET = re.compile(r"(?i)(sig|token|key|secret|credential|password|auth|policy|session)[^=&]*=")
CARD = """# {title}

{n} pictures with {n_labels} labels, collected and cleaned with bearkit.

| label | pictures |
|---|---|
{rows}

## What was cleaned

{cleaned}

## Where the pictures came from

{whose} `metadata.jsonl` beside the pictures of each split names, for every picture, where it came from (`origin`), its
licence, its creator and the page that shows it as far as its source told, the label that it came with (`imported_as`),
and whether somebody reviewed it.

## The splits

{splits}

## Use

```python
from datasets import load_dataset

pictures = load_dataset("{repo}")
```

Each picture's `label` is a text. As a number with a name, the same one in each split:

```python
from datasets import ClassLabel

pictures = pictures.cast_column("label", ClassLabel(names=sorted(set(pictures["train"]["label"]))))
```

Or with bearkit: `bearkit import hf://{repo}`.
"""


def whose_images(project: Project) -> str:
    """Whose the pictures are that would be published, and how many say where they were taken; for whoever is asked."""
    catalog = Catalog(project)
    images = [image for image in DecisionLog(catalog).images() if image.label and project.has_picture(image.path)]
    located = sum(ordered_map(partial(_is_located, catalog), images))
    said = cleaned(catalog, {image.image_id: image.label for image in images}).whose
    return said + (f" At least {located} of the files say where they were taken." if located else "")


def _is_located(catalog: Catalog, picture: ImageRecord) -> bool:
    """Whether the head of a picture's file says where it was taken."""
    path = catalog.path(picture)
    try:
        if picture.linked:  # any file, as far as the catalogue goes
            read_verified(path, picture.image_id)
        return is_located(path)
    except Exception:  # a file that is gone, or a damaged header: it is not published, or says nothing
        return False


def write_dataset(
    project: Project, folder: Path, repo: str, license: str | None = None, seed: int | None = None
) -> dict[str, Any]:
    """Write the pictures in the Hub's layout (see `export_dataset`), and a card.

    Returns:
        missing, unlabelled and seed, as `export_dataset` gives them; and in a sentence, whose splits these are.

    Raises:
        DatasetError: there are none.
    """
    done = export_dataset(project, folder, "imagefolder", seed, _without_private)
    counts: dict[str, int] = done["labels"]
    front = {
        "license": license.lower() if license else "unknown",
        "task_categories": ["image-classification"],
        "tags": ["image", "bearkit"],
        "size_categories": [next((word for most, word in SIZES if done["images"] < most), "1M<n<10M")],
        **(front_matter((folder / "README.md").read_text(encoding="utf-8")) or {}),
    }
    catalog = Catalog(project)
    splits = _of_splits(catalog, done["seed"])
    out = set(done["missing"])
    given = [image for image in DecisionLog(catalog).images() if image.label and image.path not in out]
    of_card = cleaned(catalog, {image.image_id: image.label for image in given})
    text = CARD.format(
        title=repo.rpartition("/")[2], n=done["images"], n_labels=len(counts), repo=repo,
        rows="\n".join(f"| {cell(label)} | {n} |" for label, n in counts.items()),
        cleaned=of_card.in_words, whose=of_card.whose, splits=splits,
    )  # fmt: skip
    layouts.write_card(folder, front, text)
    return {name: done[name] for name in ("missing", "unlabelled", "seed")} | {"splits": splits}


def _of_splits(catalog: Catalog, seed: int) -> str:
    """Who was set aside, and how many of them the newest model was trained on."""
    text = f"Seed {seed} decided which pictures are in `validation`, unless their source did."
    newest = next((run for run in reversed(runs.every(catalog.project)) if run.finished), None)
    valid = {image_id for image_id, split in dataset.splits(catalog, seed).items() if split == "valid"}
    if newest is None or not valid:
        return text
    try:
        told = newest.predictions().only("train")
    except (BearkitError, OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):  # a damaged run says nothing
        return text
    learnt = set(told.image_ids.tolist())
    model = f"The newest model of these pictures (run {newest.id}, seed {newest.config.get('seed', DEFAULT_SEED)})"
    if seen := len(valid & learnt):
        return f"{text} {model} was trained on {seen} of these {len(valid)} pictures: its error on them says little."
    return f"{text} {model} was trained on none of these {len(valid)} pictures."


def _without_private(row: Row) -> Row:
    """A row without this machine's folders, people's login names and secrets in addresses."""
    public = {name: without_secrets(row[name]) for name in ("origin", "page")}
    return row | public | {"reviewed_by": "a person" if row["reviewed_by"] else ""}


def without_secrets(origin: str) -> str:
    """Where something came from, as everybody may know it: no folders, names, passwords or signatures.

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
