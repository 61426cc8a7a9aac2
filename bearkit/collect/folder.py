"""Pictures in a folder of folders."""

from collections.abc import Collection, Iterator
from functools import partial
from pathlib import Path, PurePosixPath

from bearkit.collect.layout import Found, is_litter, places, readable
from bearkit.errors import ImportSourceError
from bearkit.images import read_file


def find(root: Path, leave_out: Collection[Path] = (), labelled: bool = True) -> list[Found]:
    """Every file below `root`, with what its folders say; folders in `leave_out` are not looked into."""
    listed = sorted(_walk(root, {folder.resolve() for folder in leave_out}))
    relative = [PurePosixPath(readable(path.relative_to(root).as_posix())) for path, _ in listed]
    kept = [(path, problem, rel) for (path, problem), rel in zip(listed, relative, strict=True) if not is_litter(rel)]
    told = places([rel for _, _, rel in kept], root.name, labelled)
    return [
        Found(
            readable(str(path)), rel.name, place.label, place.split, partial(read_file, path), problem or place.problem
        )
        for (path, problem, rel), place in zip(kept, told, strict=True)
    ]


def one(path: Path, labelled: bool = True) -> Found:
    """A file by itself.

    Raises:
        ImportSourceError: its label is asked for, and nothing says it.
    """
    if labelled:
        raise ImportSourceError(
            f"{path.name} by itself says nothing of its label", hint="--label NAME, or --unlabelled if it has none yet"
        )
    return Found(readable(str(path)), readable(path.name), "", None, partial(read_file, path))


def _walk(root: Path, seen: set[Path]) -> Iterator[tuple[Path, str]]:
    """All files, through links to folders too, each folder once (a link may point upwards).

    Each comes with "", or with why it, or the folder, cannot be looked at.
    """
    waiting = [root]
    while waiting:
        folder = waiting.pop()
        try:
            if (real := folder.resolve()) in seen:
                continue
            seen.add(real)
            for path in folder.iterdir():
                if path.is_dir():
                    waiting.append(path)
                else:
                    yield path, ""
        except (OSError, RuntimeError) as error:  # no permission, gone meanwhile, or a link in a circle
            yield folder, f"the folder cannot be read ({getattr(error, 'strerror', None) or error})"
