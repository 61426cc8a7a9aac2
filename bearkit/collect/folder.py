"""Pictures in a folder of folders."""

import os
from collections.abc import Collection, Iterator
from functools import partial
from pathlib import Path, PurePosixPath

from bearkit.collect.layout import Found, is_litter, places
from bearkit.images import read_file


def find(root: Path, leave_out: Collection[Path] = ()) -> list[Found]:
    """Every file below `root`, with what its folders say; folders in `leave_out` are not looked into."""
    paths = sorted(_walk(root, {folder.resolve() for folder in leave_out}))
    relative = [PurePosixPath(path.relative_to(root).as_posix()) for path in paths]
    kept = [(path, rel) for path, rel in zip(paths, relative, strict=True) if not is_litter(rel)]
    told = places([rel for _, rel in kept], root.name)
    return [
        Found(str(path), path.name, place.label, place.split, partial(read_file, path), place.problem)
        for (path, _), place in zip(kept, told, strict=True)
    ]


def _walk(folder: Path, seen: set[Path]) -> Iterator[Path]:
    """All files, through links to folders too, each folder once (a link may point upwards)."""
    real = folder.resolve()
    if real in seen:
        return
    seen.add(real)
    with os.scandir(folder) as entries:
        for entry in entries:
            path = Path(entry.path)
            if entry.is_dir():
                yield from _walk(path, seen)
            else:
                yield path
