"""Tables of labels among the pictures: the Hub's metadata.csv and metadata.jsonl, and CSVs that are like them."""

from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

from bearkit import text_table
from bearkit.collect.folder_names import split_of
from bearkit.collect.layout import Found
from bearkit.collect.scheme import Files, Place
from bearkit.errors import ImageError, ImportSourceError

HUB_TABLES = ("metadata.csv", "metadata.jsonl")
ENDINGS = (".csv", ".tsv", ".jsonl")
MOST = 50  # tables that are looked at
FILE_COLUMNS = ("file_name", "filename", "file", "image_path", "path", "image_name", "image", "image_id", "id", "name")
LABEL_COLUMNS = ("label", "class", "class_name", "category", "species", "breed", "target")


def tables_of(found: Sequence[Found], files: Files, wide: bool) -> tuple[dict[PurePosixPath, Place], list[str]]:
    """The labels that tables give to the pictures, and the names of those tables.

    Args:
        found: the files of the source, tables among them.
        files: the same files.
        wide: any CSV counts that names pictures and labels; otherwise only the Hub's metadata files.
    """
    pictures = {path for path, counts in zip(files.paths, files.counted, strict=True) if counts}
    by_name: dict[str, list[PurePosixPath]] = {}
    for path in pictures if wide else ():
        for name in {path.name, path.stem}:
            by_name.setdefault(name, []).append(path)
    result: dict[PurePosixPath, Place] = {}
    names = []
    for one in [one for one in found if _is_table(one, wide)][:MOST]:
        taken = len(result)
        for name, label, split in _rows(one):
            path = one.place.parent / name.replace("\\", "/").removeprefix("./")
            if path not in pictures and "/" not in name.replace("\\", "/"):  # a path names no other folder's file
                same = by_name.get(PurePosixPath(name).name, [])
                path = same[0] if len(same) == 1 else path
            if path in pictures:
                place = Place(label, split_of(split), "" if label else f"{one.place} gives it no label")
                other = result.setdefault(path, place)
                if other.label != label:
                    result[path] = Place(None, None, f"it has two labels in the table: `{other.label}` and `{label}`")
        if len(result) > taken:
            names.append(str(one.place))
    return result, names


def _is_table(one: Found, wide: bool) -> bool:
    name = one.place.name.casefold()
    return name.endswith(ENDINGS) if wide else name in HUB_TABLES


def _rows(one: Found) -> Iterator[tuple[str, str, str]]:
    """File, label and split of each row, where it is clear which columns they are; none where it is no table."""
    try:
        table = text_table.table(text_table.decoded(one.read()), Path(one.place))
    except (ImageError, ImportSourceError, ValueError):
        return
    file, labels = table.first(FILE_COLUMNS), [name for name in LABEL_COLUMNS if name in table.columns]
    if file is None or not labels or (len(labels) > 1 and "label" not in labels):
        return
    for row in table.rows:
        if name := row.cells[file]:
            yield name, row.cells[labels[0]], row.cells.get("split", "")
