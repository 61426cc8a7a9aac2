"""Import a data set from the Hugging Face Hub: `hf://USER/NAME`, as image files or as parquet files.

The commit is part of each image's origin, so that its provenance is exact.
"""

import json
import os
import threading
from collections.abc import Collection, Sequence
from dataclasses import replace
from functools import lru_cache, partial
from pathlib import Path, PurePosixPath
from typing import Any

from bearkit.catalog import label_set_file
from bearkit.core.optional import import_optional
from bearkit.errors import ImageError, ImportSourceError
from bearkit.images import suffixes
from bearkit.sources import folder
from bearkit.sources.folder_names import SPLIT_FOLDERS
from bearkit.sources.label_tables import HUB_TABLES
from bearkit.sources.layout import SourceItem
from bearkit.sources.scheme import ONE_OR_NONE, NoLabelsError

SCHEME = "hf://"
METADATA = "metadata.parquet"  # a table about image files in the same folder; it holds no images
IMAGE_COLUMNS = ("image", "img", "picture", "pixel_values")
LABEL_COLUMNS = ("label", "labels", "class", "fine_label", "category")
HELP = "hf://USER/NAME of a public data set, or of a private one after `hf auth login`; @REVISION for another commit"


class HubDataset:
    """A data set on the Hub, in one of the layouts that the Hub's viewer can show."""

    def accepts(self, source: str) -> bool:
        """See `Importer.accepts`."""
        return source.startswith(SCHEME)

    def find(self, source: str, labelled: bool, leave_out: Collection[Path]) -> Sequence[SourceItem]:
        """Download the data set into the Hub client's cache, and list its images.

        Raises:
            ImportSourceError: the data set does not exist, cannot be reached, or holds no images.
        """
        repo, _, revision = source.removeprefix(SCHEME).removeprefix("datasets/").strip("/").partition("@")
        root, commit = _download(repo, revision or None)
        tables = sorted(path for path in root.rglob("*.parquet") if path.name != METADATA)
        if tables:
            items = _read_tables(tables, root, labelled)
        else:
            items = folder.list_files(root, labelled=labelled, links=True)  # the cache is made of links
        prefix = f"{SCHEME}{repo}@{commit}"
        return [replace(item, origin=f"{prefix}/{item.origin.removeprefix(str(root)).lstrip('/')}") for item in items]


def _download(repo: str, revision: str | None) -> tuple[Path, str]:
    """Download the image files and tables of a data set; return their folder and the commit."""
    hub = import_optional("huggingface_hub", "hub")
    token = False if os.environ.get("SPACE_ID") else None  # in a Space, visitors must not use its owner's token
    try:
        info = hub.HfApi(token=token).dataset_info(repo, revision=revision)
        names = [file.rfilename for file in info.siblings or []]
        tables = [n for n in names if n.endswith(".parquet") and PurePosixPath(n).name != METADATA]
        if tables:
            import_optional("pyarrow.parquet", "hub")  # fail before the download if it is missing
        wanted = tables or [name for name in names if PurePosixPath(name).suffix.lower() in suffixes()]
        if wanted and not tables:
            wanted += [name for name in names if PurePosixPath(name).name in HUB_TABLES or name == label_set_file.NAME]
        if not wanted:
            raise ImportSourceError(
                f"{SCHEME}{repo} holds neither pictures nor parquet",
                hint="download it and import the folder",
            )
        local = hub.snapshot_download(
            repo, repo_type="dataset", revision=info.sha, allow_patterns=[_literal(w) for w in wanted], token=token
        )
    except ImportSourceError:
        raise
    except Exception as error:  # errors of the client, its HTTP library and the disk have no common base
        raise ImportSourceError(f"{SCHEME}{repo} cannot be downloaded: {_first_line(error)}", hint=HELP) from error
    return Path(local), str(info.sha)


def _read_tables(tables: Sequence[Path], root: Path, labelled: bool) -> list[SourceItem]:
    """List the images of parquet files; a file without labels is all right if another one has some.

    Raises:
        ImportSourceError: a file cannot be read, or holds no images.
        NoLabelsError: labels are asked for, and no file has any.
    """
    missing: list[NoLabelsError] = []
    items: list[SourceItem] = []
    for table in tables:
        try:
            items += _read_rows(table, root, labelled)
        except NoLabelsError as error:
            missing.append(error)
            items += _read_rows(table, root, labelled=False)
    if len(missing) == len(tables):
        raise missing[0]
    return items


def _read_rows(table: Path, root: Path, labelled: bool) -> list[SourceItem]:
    """List the images of a parquet file. Their bytes are read later, when `read` is called."""
    arrow, parquet = import_optional("pyarrow", "hub"), import_optional("pyarrow.parquet", "hub")
    name = table.relative_to(root).as_posix()
    try:
        file = parquet.ParquetFile(table)
        columns = file.schema_arrow.names
        image, label = _first(IMAGE_COLUMNS, columns), _first(LABEL_COLUMNS, columns)
        if image is None:
            raise ImportSourceError(
                f"{name} has no column of pictures; it has: {', '.join(columns)}",
                hint="download it, and import a folder of images",
            )
        if label is None and labelled:
            raise NoLabelsError(f"{name} has no column of labels; it has: {', '.join(columns)}", hint=ONE_OR_NONE)
        given = file.read([label]).column(0).to_pylist() if labelled else [""] * file.metadata.num_rows
        names = _class_names(file.schema_arrow.metadata, str(label))
    except (arrow.ArrowException, OSError) as error:
        raise ImportSourceError(f"{name} cannot be read as parquet: {error}", hint=HELP) from error
    split = next((SPLIT_FOLDERS[part] for part in _words(name) if part in SPLIT_FOLDERS), None)
    sizes = [file.metadata.row_group(group).num_rows for group in range(file.num_row_groups)]
    places = ((group, row) for group, size in enumerate(sizes) for row in range(size))
    images = _ImageColumn(file, image)
    items = []
    for number, (value, (group, row)) in enumerate(zip(given, places, strict=True)):
        text = names[value] if names and isinstance(value, int) and 0 <= value < len(names) else value
        written = "" if text is None or text == -1 else str(text).strip()  # -1: the datasets library's "no label"
        read = partial(images.read, group, row)
        items.append(SourceItem(f"{name}#{number}", f"{table.stem}-{number:06}", written, split, read))
    return items


class _ImageColumn:
    """The column of images. Two row groups are held in memory: threads that read in order need no more."""

    def __init__(self, file: Any, column: str) -> None:
        self._file, self._column, self._lock = file, column, threading.Lock()
        self._group = lru_cache(maxsize=2)(self._load)

    def _load(self, group: int) -> Any:
        return self._file.read_row_group(group, columns=[self._column]).column(0).combine_chunks()

    def read(self, group: int, row: int) -> bytes:
        """Return the bytes of one image.

        Raises:
            ImageError: the file is damaged, or the row holds no bytes.
        """
        try:
            with self._lock:
                value = self._group(group)[row].as_py()
        except Exception as error:  # the decompressors of parquet raise many kinds of error
            raise ImageError(f"the file is damaged here ({error})") from error
        data = value.get("bytes") if isinstance(value, dict) else value
        if not isinstance(data, bytes):
            raise ImageError("its row holds no image")
        return data


def _class_names(metadata: dict[bytes, bytes] | None, label: str) -> list[str]:
    """Return the names of a ClassLabel column, as the datasets library writes them; [] if there are none."""
    try:
        about = json.loads((metadata or {}).get(b"huggingface", b"{}"))
        names = about["info"]["features"][label]["names"]
        return [str(name) for name in names]
    except (ValueError, KeyError, TypeError):
        return []


def _first(names: Sequence[str], there: Sequence[str]) -> str | None:
    return next((name for name in names if name in there), None)


def _words(name: str) -> list[str]:
    return name.lower().replace("-", "/").replace("_", "/").replace(".", "/").split("/")


def _literal(name: str) -> str:
    """Escape a file name for use as a glob pattern."""
    return "".join(f"[{char}]" if char in "*?[" else char for char in name)


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
