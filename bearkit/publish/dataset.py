"""A project's cleaned pictures as a data set for the Hub, with a card that says whose they are and what was done."""

import csv
from collections import Counter
from dataclasses import dataclass
from pathlib import Path, PurePath

import yaml
from PIL import ExifTags, Image

from bearkit.catalog.catalog import Catalog
from bearkit.catalog.ledger import Ledger
from bearkit.project import Project
from bearkit.review.export_dataset import export_dataset

SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))
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


@dataclass(frozen=True)
class Whose:
    """Whose a project's pictures are, as far as their sources told.

    Attributes:
        licenses: how many pictures of each licence, "" for not told.
        located: how many pictures say where they were taken.
    """

    licenses: dict[str, int]
    located: int

    @property
    def images(self) -> int:
        """How many pictures there are."""
        return sum(self.licenses.values())

    @property
    def in_words(self) -> str:
        """For the card, and for whoever is asked before they are published."""
        told = [f"{n} {license}" for license, n in self.licenses.items() if license]
        unknown = self.licenses.get("", 0)
        rest = f"; of {unknown} the source told none" if unknown else ""
        said = f"Licences of the pictures: {', '.join(told)}{rest}."
        if not told:
            said = f"Of none of the {self.images} pictures the source told a licence."
        return said + (f" {self.located} of the files say where they were taken." if self.located else "")


def whose_images(project: Project) -> Whose:
    """Whose the pictures are that would be published."""
    catalog = Catalog(project)
    license_of = {source.image_id: source.license for source in catalog.origins() if source.license}
    images = [image for image in Ledger(catalog).images() if image.label]
    located = sum(_is_located(catalog.path(image)) for image in images)
    return Whose(dict(Counter(license_of.get(image.image_id) or "" for image in images).most_common()), located)


def _is_located(path: Path) -> bool:
    """Whether a picture's file says where it was taken."""
    try:
        with Image.open(path) as image:
            return bool(image.getexif().get_ifd(ExifTags.IFD.GPSInfo))
    except Exception:  # a file that is gone, or a damaged header: it is not published, or says nothing
        return False


def write_dataset(project: Project, folder: Path, repo: str, license: str | None = None) -> None:
    """Write the pictures in the Hub's layout (see `export_dataset`), and a card.

    Raises:
        DatasetError: there are none.
    """
    export_dataset(project, folder, "imagefolder")
    for table in folder.rglob("metadata.csv"):
        _without_private(table)
    catalog = Catalog(project)
    images = [image for image in Ledger(catalog).images() if image.label]
    counts = Counter(image.label for image in images)
    front = {
        "license": license or "unknown",
        "task_categories": ["image-classification"],
        "tags": ["image", "bearkit"],
        "size_categories": [next((word for most, word in SIZES if len(images) < most), "1M<n<10M")],
    }
    cells = [(label.replace("|", "\\|"), n) for label, n in sorted(counts.items())]
    text = CARD.format(
        front=yaml.safe_dump(front, sort_keys=False), title=repo.rpartition("/")[2], n=len(images),
        n_labels=len(counts), rows="\n".join(f"| {label} | {n} |" for label, n in cells),
        cleaned=_cleaned(catalog), whose=whose_images(project).in_words, repo=repo,
    )  # fmt: skip
    (folder / "README.md").write_text(text, encoding="utf-8")


def _without_private(table: Path) -> None:
    """Take this machine's folders and people's login names out of a metadata.csv."""
    with table.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        if "://" not in row["origin"]:
            row["origin"] = PurePath(row["origin"]).name
        row["reviewed_by"] = "a person" if row["reviewed_by"] else ""
    with table.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def _cleaned(catalog: Catalog) -> str:
    decided = Ledger(catalog).present().values()
    if not decided:
        return "Nothing: nobody has reviewed the labels, and some are probably wrong."
    deleted = sum(one.action == "delete" for one in decided)
    relabelled = sum(one.action != "delete" and one.from_label not in (None, "", one.to_label) for one in decided)
    return (
        f"People looked at {len(decided)} pictures that a model doubted, or that they chose: {relabelled} were given "
        f"another label, {deleted} were left out."
    )
