"""The layout of an exported data set, and the front matter that tells the package `datasets` how to read it.

`datasets` guesses what the front matter does not say: splits from folder names, types from values (`007` becomes a
number, `nan` a missing value, an empty column another type than a full one). So the front matter names the files of
each split and the type of each column, and metadata are JSON lines, whose texts stay texts.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import yaml

from bearkit.catalog.schema import ImageRecord
from bearkit.core.optional import import_optional
from bearkit.errors import ReviewError
from bearkit.images import content_id
from bearkit.sources.ingest import SUFFIX
from bearkit.sources.layout import file_name, folder_name

Row = dict[str, str]
HUB_SPLITS = {"train": "train", "valid": "validation", "test": "test"}  # the Hub's names
METADATA = "metadata.jsonl"
OLD_METADATA = "metadata.csv"  # by earlier versions; with both files `datasets` loads nothing
# `datasets` recognises images by file name only; for other formats, `.png` is put before their own suffix.
SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".dib", ".tif", ".tiff", ".ico", ".ppm", ".pgm", ".pbm",
            ".pnm", ".jp2", ".j2k", ".tga", ".pcx"}  # fmt: skip
DATE = re.compile(
    r"\d{4}-\d\d-\d\d([ T]\d\d(:?\d\d(:?\d\d)?)?(Z|[+-]\d\d(:?\d\d)?)?)?"
)  # texts that Arrow reads as a time


def label_folders(labels: Iterable[str]) -> dict[str, str]:
    """Choose a folder name for each label, {label: name}; no two names differ only in upper and lower case.

    >>> label_folders(["cat", "Cat", "a:b", "a?b", "__init__"])
    {'Cat': 'Cat', '__init__': '_init__', 'a:b': 'a_b', 'a?b': 'a_b-2', 'cat': 'cat-2'}
    """
    folders: dict[str, str] = {}
    taken: set[str] = set()
    for label in sorted(labels):
        plain = folder_name(label)
        numbers = iter(range(2, len(taken) + 3))
        name = plain
        while name.casefold() in taken:
            name = f"{plain}-{next(numbers)}"
        taken.add(name.casefold())
        folders[label] = name
    return folders


def check_folders_distinct(labels: Iterable[str]) -> None:
    """Check that each label has a folder name of its own.

    Raises:
        ReviewError: two labels would share a folder.
    """
    seen: dict[str, str] = {}
    for label in sorted(labels):
        other = seen.setdefault(file_name(label).casefold(), label)
        if other != label:
            raise ReviewError(
                f"labels `{other}` and `{label}` would share a folder",
                hint="--format imagefolder or csv keeps them apart; or relabel one of them",
            )


def place(image: ImageRecord, folder: str, split: str | None) -> PurePosixPath:
    """Return the path of an image in the exported folder.

    The name contains a part of the image's id, because two images may have the same file name.
    """
    own = PurePosixPath(image.path.replace("\\", "/"))
    suffix = own.suffix or f".{SUFFIX.get(image.format, image.format.lower())}"
    if suffix.lower() not in SUFFIXES:
        suffix = f".png{suffix}"
    stem = file_name(own.stem.replace(".", "_"))  # `datasets` looks at every suffix in a name
    inside = PurePosixPath(folder, f"{stem}-{image.image_id[:8]}{suffix}")
    return PurePosixPath(HUB_SPLITS[split]) / inside if split is not None else inside


def write_metadata(rows: Mapping[str, Sequence[Row]], to: Path) -> None:
    """Write the metadata of each split, {folder: rows}, into the folder of its images.

    The format is JSON lines, or parquet if a column of a split holds only dates: Arrow would read those as times.

    Raises:
        ImportSourceError: parquet is needed, and the package pyarrow is not installed.
    """
    dated = any(all(DATE.fullmatch(row[name]) for row in own) for own in rows.values() for name in own[0])
    for split, own in rows.items():
        if dated:
            table = import_optional("pyarrow", "hub").Table.from_pylist(list(own))
            import_optional("pyarrow.parquet", "hub").write_table(table, to / split / "metadata.parquet")
        else:
            lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in own)
            (to / split / METADATA).write_text(lines, encoding="utf-8", newline="\n")


def imagefolder_front(splits: Iterable[str], columns: Iterable[str]) -> dict[str, Any]:
    """Return the front matter for folders SPLIT/LABEL with metadata: files and column types."""
    files = [{"split": split, "path": f"{split}/**"} for split in HUB_SPLITS.values() if split in splits]
    names = [name for name in columns if name != "file_name"]
    features = [{"name": "image", "dtype": "image"}, *({"name": name, "dtype": "string"} for name in names)]
    return {
        "configs": [{"config_name": "default", "data_files": files}],
        "dataset_info": {"config_name": "default", "features": features},
    }


def folder_front(folders: Iterable[str]) -> dict[str, Any]:
    """Return the front matter for folders LABEL: all files are one split, also if a label is called like a split."""
    patterns = {"__*/*" if name.startswith("__") else "*/*" for name in folders}
    files = [{"split": "train", "path": sorted(patterns)}]
    return {"configs": [{"config_name": "default", "data_files": files, "drop_labels": False}]}


def tables_front(tables: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """Return the front matter for CSV tables, {name: columns}: one configuration each, the first is the default."""
    configs, info = [], []
    for name, columns in tables.items():
        files = [{"split": "train", "path": f"{name}.csv"}]
        configs.append({"config_name": name, "data_files": files, "keep_default_na": False})
        info.append({"config_name": name, "features": [{"name": column, "dtype": "string"} for column in columns]})
    configs[0]["default"] = True
    return {"configs": configs, "dataset_info": info}


def with_fingerprint(front: dict[str, Any], rows: Sequence[Row]) -> dict[str, Any]:
    """Add a hash of the rows to the front matter.

    `datasets` caches a folder under its name and front matter: without the hash, it would return the old data for
    another data set that is written into a folder of the same name later.
    """
    fingerprint = content_id(json.dumps(rows).encode())[:16]
    configs = [config | {"description": f"pictures and labels {fingerprint}"} for config in front["configs"]]
    return front | {"configs": configs}


def write_card(folder: Path, front: Mapping[str, Any], text: str) -> None:
    """Write README.md: the front matter for programs, then the text for people."""
    head = yaml.safe_dump(dict(front), sort_keys=False, allow_unicode=True)
    (folder / "README.md").write_text(f"---\n{head}---\n{text}", encoding="utf-8")
