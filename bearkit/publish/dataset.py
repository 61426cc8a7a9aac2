"""A project's cleaned pictures as a data set for the Hub, with a card that says whose they are and what was done."""

import csv
import re
from collections import Counter
from pathlib import Path, PurePath
from urllib.parse import urlsplit, urlunsplit

import yaml

from bearkit.card import cell
from bearkit.catalog.catalog import Catalog
from bearkit.catalog.cleaned import cleaned
from bearkit.catalog.ledger import Ledger
from bearkit.images import is_located
from bearkit.parallel import ordered_map
from bearkit.project import Project
from bearkit.review.export_dataset import export_dataset

SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))
SECRET = re.compile(r"(?i)(sig|token|key|secret|credential|password|auth|policy|session)[^=&]*=")
CARD = """---
{front}---
# {title}

{n} pictures with {n_labels} labels, collected and cleaned with bearkit.

| label | pictures |
|---|---|
{rows}

## What was cleaned

{cleaned}

## Where the pictures came from

{whose} `metadata.csv` beside the pictures of each split names, for every picture, where it came from (`origin`), its
licence, its creator and the page that shows it as far as its source told, the label that it came with (`imported_as`),
and whether somebody reviewed it.

## Use

```python
from datasets import load_dataset

pictures = load_dataset("{repo}")
```

Or with bearkit: `bearkit import hf://{repo}`.
"""


def whose_images(project: Project) -> str:
    """Whose the pictures are that would be published, and how many say where they were taken; for whoever is asked."""
    catalog = Catalog(project)
    images = [image for image in Ledger(catalog).images() if image.label and catalog.path(image).is_file()]
    located = sum(ordered_map(_is_located, [catalog.path(image) for image in images]))
    said = cleaned(catalog, {image.image_id: image.label for image in images}).whose
    return said + (f" At least {located} of the files say where they were taken." if located else "")


def _is_located(path: Path) -> bool:
    """Whether the head of a picture's file says where it was taken."""
    try:
        return is_located(path)
    except Exception:  # a file that is gone, or a damaged header: it is not published, or says nothing
        return False


def write_dataset(project: Project, folder: Path, repo: str, license: str | None = None) -> list[str]:
    """Write the pictures in the Hub's layout (see `export_dataset`), and a card.

    Returns:
        The paths of pictures that are left out, since their files are gone.

    Raises:
        DatasetError: there are none.
    """
    missing: list[str] = export_dataset(project, folder, "imagefolder")["missing"]
    rows = [row for table in sorted(folder.rglob("metadata.csv")) for row in _without_private(table)]
    counts = Counter(row["label"] for row in rows)
    front = {
        "license": license.lower() if license else "unknown",
        "task_categories": ["image-classification"],
        "tags": ["image", "bearkit"],
        "size_categories": [next((word for most, word in SIZES if len(rows) < most), "1M<n<10M")],
    }
    done = cleaned(Catalog(project), {row["image_id"]: row["label"] for row in rows})
    text = CARD.format(
        front=yaml.safe_dump(front, sort_keys=False), title=repo.rpartition("/")[2], n=len(rows),
        n_labels=len(counts), rows="\n".join(f"| {cell(label)} | {n} |" for label, n in sorted(counts.items())),
        cleaned=done.in_words, whose=done.whose, repo=repo,
    )  # fmt: skip
    (folder / "README.md").write_text(text, encoding="utf-8")
    return missing


def _without_private(table: Path) -> list[dict[str, str]]:
    """Take this machine's folders, people's login names and secrets in addresses out of a metadata.csv; its rows."""
    with table.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        row["origin"], row["page"] = without_secrets(row["origin"]), without_secrets(row["page"])
        row["reviewed_by"] = "a person" if row["reviewed_by"] else ""
    with table.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return rows


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
