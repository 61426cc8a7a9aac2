"""How a data set lies in a folder that is given away, and the card that tells `datasets` how to read it.

`datasets` guesses what it is not told: splits from the names of folders, types from values (`007` is a number, `nan`
nothing, an empty column another type than a full one). So the card names the files of each split and the type of each
column, and what is known of pictures is in JSON lines, whose texts stay texts.
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
HUB_SPLITS = {"train": "train", "valid": "validation", "test": "test"}  # the Hub's words
METADATA = "metadata.jsonl"
OLD_METADATA = "metadata.csv"  # what bearkit wrote before; beside the new one nothing could be loaded
# `datasets` takes a file for a picture by its name alone; another format gets one of these before its own ending.
SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".dib", ".tif", ".tiff", ".ico", ".ppm", ".pgm", ".pbm",
            ".pnm", ".jp2", ".j2k", ".tga", ".pcx"}  # fmt: skip
DATE = re.compile(r"\d{4}-\d\d-\d\d([ T]\d\d(:?\d\d(:?\d\d)?)?(Z|[+-]\d\d(:?\d\d)?)?)?")  # what Arrow reads as a time


def label_folders(labels: Iterable[str]) -> dict[str, str]:
    """A folder for each label, {label: name}; no two are one, also where upper and lower case are the same.

    >>> label_folders(["cat", "Cat", "a:b", "a?b", "__init__"])
    {'Cat': 'Cat', '__init__': '_init__', 'a:b': 'a_b', 'a?b': 'a_b-2', 'cat': 'cat-2'}
    """
    found: dict[str, str] = {}
    taken: set[str] = set()
    for label in sorted(labels):
        plain = folder_name(label)
        numbers = iter(range(2, len(taken) + 3))
        name = plain
        while name.casefold() in taken:
            name = f"{plain}-{next(numbers)}"
        taken.add(name.casefold())
        found[label] = name
    return found


def check_folders_distinct(labels: Iterable[str]) -> None:
    """See that labels can be told apart by their folders alone.

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
    """Where a picture goes. Part of its id is in the name: names of two pictures may be the same."""
    own = PurePosixPath(image.path.replace("\\", "/"))
    suffix = own.suffix or f".{SUFFIX.get(image.format, image.format.lower())}"
    if suffix.lower() not in SUFFIXES:
        suffix = f".png{suffix}"
    stem = file_name(own.stem.replace(".", "_"))  # `datasets` counts every ending in a name
    inside = PurePosixPath(folder, f"{stem}-{image.image_id[:8]}{suffix}")
    return PurePosixPath(HUB_SPLITS[split]) / inside if split is not None else inside


def write_metadata(rows: Mapping[str, Sequence[Row]], to: Path) -> None:
    """Write what is known of the pictures of each split, {folder: rows}, beside them.

    JSON lines, or parquet where a column holds nothing but dates in a split: Arrow takes those for times.

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
    """What a card's front matter says of SPLIT/LABEL/ with metadata: files and types."""
    files = [{"split": split, "path": f"{split}/**"} for split in HUB_SPLITS.values() if split in splits]
    names = [name for name in columns if name != "file_name"]
    features = [{"name": "image", "dtype": "image"}, *({"name": name, "dtype": "string"} for name in names)]
    return {
        "configs": [{"config_name": "default", "data_files": files}],
        "dataset_info": {"config_name": "default", "features": features},
    }


def folder_front(folders: Iterable[str]) -> dict[str, Any]:
    """The same of LABEL/ alone: all of it is one split, whatever a label is called, and folders are labels."""
    patterns = {"__*/*" if name.startswith("__") else "*/*" for name in folders}
    files = [{"split": "train", "path": sorted(patterns)}]
    return {"configs": [{"config_name": "default", "data_files": files, "drop_labels": False}]}


def tables_front(tables: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """The same of CSV tables, {name: columns}, each a configuration of its own; the first is the default one."""
    configs, info = [], []
    for name, columns in tables.items():
        files = [{"split": "train", "path": f"{name}.csv"}]
        configs.append({"config_name": name, "data_files": files, "keep_default_na": False})
        info.append({"config_name": name, "features": [{"name": column, "dtype": "string"} for column in columns]})
    configs[0]["default"] = True
    return {"configs": configs, "dataset_info": info}


def with_fingerprint(front: dict[str, Any], rows: Sequence[Row]) -> dict[str, Any]:
    """The same front matter, of no other pictures and labels.

    `datasets` keeps what it loaded from a folder under the folder's name and what the card says, and would give it
    again for another data set that is written there later.
    """
    told = content_id(json.dumps(rows).encode())[:16]
    configs = [config | {"description": f"pictures and labels {told}"} for config in front["configs"]]
    return front | {"configs": configs}


def write_card(folder: Path, front: Mapping[str, Any], text: str) -> None:
    """Write README.md: what programs read, then what people read."""
    head = yaml.safe_dump(dict(front), sort_keys=False, allow_unicode=True)
    (folder / "README.md").write_text(f"---\n{head}---\n{text}", encoding="utf-8")
