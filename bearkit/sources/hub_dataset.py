"""Pictures of a data set on the Hugging Face Hub: `hf://USER/NAME`, as a folder of pictures or as parquet files.

The commit that was read is part of each picture's origin, so that its provenance is exact.
"""

import json
import os
import threading
from collections.abc import Collection, Sequence
from dataclasses import replace
from functools import lru_cache, partial
from pathlib import Path, PurePosixPath
from typing import Any

from bearkit.core.optional import import_optional
from bearkit.errors import ImageError, ImportSourceError
from bearkit.images import suffixes
from bearkit.sources import folder
from bearkit.sources.folder_names import SPLIT_FOLDERS
from bearkit.sources.label_tables import HUB_TABLES
from bearkit.sources.layout import SourceItem

SCHEME = "hf://"
METADATA = "metadata.parquet"  # what is known of pictures that lie beside it; it holds none itself
IMAGE_COLUMNS = ("image", "img", "picture", "pixel_values")
LABEL_COLUMNS = ("label", "labels", "class", "fine_label", "category")
HELP = "hf://USER/NAME of a public data set, or of a private one after `hf auth login`; @REVISION for another commit"


class HubDataset:
    """A data set on the Hub, in the layouts that its viewer understands."""

    def accepts(self, source: str) -> bool:
        """See `Importer.accepts`."""
        return source.startswith(SCHEME)

    def find(self, source: str, labelled: bool, leave_out: Collection[Path]) -> Sequence[SourceItem]:
        """Fetch the data set into the Hub's own cache, and list its pictures.

        Raises:
            ImportSourceError: there is no such data set, it cannot be reached, or it holds no pictures.
        """
        repo, _, revision = source.removeprefix(SCHEME).removeprefix("datasets/").strip("/").partition("@")
        root, commit = _fetched(repo, revision or None)
        tables = sorted(path for path in root.rglob("*.parquet") if path.name != METADATA)
        if tables:
            found = [one for table in tables for one in _rows(table, root, labelled)]
        else:
            found = folder.list_files(root, labelled=labelled, links=True)  # the cache is made of links
        prefix = f"{SCHEME}{repo}@{commit}"
        return [replace(one, origin=f"{prefix}/{one.origin.removeprefix(str(root)).lstrip('/')}") for one in found]


def _fetched(repo: str, revision: str | None) -> tuple[Path, str]:
    """The data set's pictures and tables on this machine, and the commit that they are of."""
    hub = import_optional("huggingface_hub", "hub")
    token = False if os.environ.get("SPACE_ID") else None  # a Space lends its visitors no token; here: yours, if any
    try:
        info = hub.HfApi(token=token).dataset_info(repo, revision=revision)
        names = [file.rfilename for file in info.siblings or []]
        tables = [n for n in names if n.endswith(".parquet") and PurePosixPath(n).name != METADATA]
        if tables:
            import_optional("pyarrow.parquet", "hub")  # now, and not after the download
        wanted = tables or [name for name in names if PurePosixPath(name).suffix.lower() in suffixes()]
        if wanted and not tables:
            wanted += [name for name in names if PurePosixPath(name).name in HUB_TABLES]
        if not wanted:
            raise ImportSourceError(
                f"{SCHEME}{repo} holds neither pictures nor parquet",
                hint="download it yourself and import the folder",
            )
        local = hub.snapshot_download(
            repo, repo_type="dataset", revision=info.sha, allow_patterns=[_literal(w) for w in wanted], token=token
        )
    except ImportSourceError:
        raise
    except Exception as error:  # the client's own, its HTTP library's, the disk's: no common base
        raise ImportSourceError(f"{SCHEME}{repo} cannot be had: {_first_line(error)}", hint=HELP) from error
    return Path(local), str(info.sha)


def _rows(table: Path, root: Path, labelled: bool) -> list[SourceItem]:
    """The pictures of a parquet file; their bytes are read when they are asked for."""
    arrow, parquet = import_optional("pyarrow", "hub"), import_optional("pyarrow.parquet", "hub")
    name = table.relative_to(root).as_posix()
    try:
        file = parquet.ParquetFile(table)
        columns = file.schema_arrow.names
        image, label = _first(IMAGE_COLUMNS, columns), _first(LABEL_COLUMNS, columns)
        if image is None or (label is None and labelled):
            raise ImportSourceError(
                f"{name} has no column of {'pictures' if image is None else 'labels'}; it has: {', '.join(columns)}",
                hint="--unlabelled, if it has none" if image else "import it as a folder",
            )
        given = file.read([label]).column(0).to_pylist() if labelled else [""] * file.metadata.num_rows
        names = _class_names(file.schema_arrow.metadata, str(label))
    except (arrow.ArrowException, OSError) as error:
        raise ImportSourceError(f"{name} cannot be read as parquet: {error}", hint=HELP) from error
    split = next((SPLIT_FOLDERS[part] for part in _words(name) if part in SPLIT_FOLDERS), None)
    sizes = [file.metadata.row_group(group).num_rows for group in range(file.num_row_groups)]
    places = ((group, row) for group, size in enumerate(sizes) for row in range(size))
    pictures = _Pictures(file, image)
    found = []
    for number, (value, (group, row)) in enumerate(zip(given, places, strict=True)):
        text = names[value] if names and isinstance(value, int) and 0 <= value < len(names) else value
        problem = "" if text is not None and text != -1 else "it has no label"
        read = partial(pictures.read, group, row)
        found.append(
            SourceItem(f"{name}#{number}", f"{table.stem}-{number:06}", str(text).strip(), split, read, problem)
        )
    return found


class _Pictures:
    """The column of pictures, a row group at a time: threads that read in order need one or two of them."""

    def __init__(self, file: Any, column: str) -> None:
        self._file, self._column, self._lock = file, column, threading.Lock()
        self._group = lru_cache(maxsize=2)(self._load)

    def _load(self, group: int) -> Any:
        return self._file.read_row_group(group, columns=[self._column]).column(0).combine_chunks()

    def read(self, group: int, row: int) -> bytes:
        """The bytes of one picture."""
        try:
            with self._lock:
                value = self._group(group)[row].as_py()
        except Exception as error:  # from any of parquet's decompressors
            raise ImageError(f"the file is damaged here ({error})") from error
        data = value.get("bytes") if isinstance(value, dict) else value
        if not isinstance(data, bytes):
            raise ImageError("its row holds no bytes of a picture")
        return data


def _class_names(metadata: dict[bytes, bytes] | None, label: str) -> list[str]:
    """The names of a ClassLabel column, as the datasets library writes them into the file."""
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
    """A pattern that only this file's name fits."""
    return "".join(f"[{char}]" if char in "*?[" else char for char in name)


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
