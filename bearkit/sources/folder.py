"""List the files of a folder, and of the folders inside it."""

from collections.abc import Collection, Iterator
from functools import partial
from pathlib import Path, PurePosixPath

from bearkit.core.paths import real
from bearkit.errors import ImportSourceError
from bearkit.images import read_file
from bearkit.sources.layout import (
    SourceItem,
    archive_problem,
    is_system_file,
    left_out_item,
    left_out_system_files,
    readable_path,
)
from bearkit.sources.scheme import ONE_OR_NONE

OWN = "it is the project's own"


def list_files(
    root: Path,
    leave_out: Collection[Path] = (),
    labelled: bool = True,
    include_left_out: bool = False,
    links: bool = False,
) -> list[SourceItem]:
    """List every file below `root`, with its place in it.

    Args:
        root: the folder.
        leave_out: folders and files to leave out: those of the project itself.
        labelled: whether folder names are read as labels later; otherwise each file gets the label "".
        include_left_out: also list what is left out, as items with `ignored` set and a reason.
        links: whether to follow links that lead out of the folder.

    Returns:
        The files, sorted by path. A file or folder that cannot be read is an item with a `problem`.
    """
    listed = sorted(_walk(root, {real(folder) for folder in leave_out}, links), key=lambda row: row[0])
    places = [PurePosixPath(readable_path(path.relative_to(root).as_posix())) for path, _ in listed]
    found = [
        SourceItem(
            readable_path(str(path)),
            place.name,
            None if labelled else "",
            None,
            partial(read_file, path),
            problem or archive_problem(place.name),
            place,
        )
        for (path, problem), place in zip(listed, places, strict=True)
        if not is_system_file(place) and problem != OWN
    ]
    if not include_left_out:
        return found
    own_files = [left_out_item(readable_path(str(path)), problem) for path, problem in listed if problem == OWN]
    return found + own_files + left_out_system_files(places, lambda place: readable_path(str(root / place)))


def single_file(path: Path, labelled: bool = True) -> SourceItem:
    """Return a single file as an item without a label.

    Raises:
        ImportSourceError: it is an archive that cannot be read, or `labelled` is set and the file has no label.
    """
    if archive_problem(path.name):
        raise ImportSourceError(
            f"{path.name} is an archive of a kind that cannot be read; only zip files can",
            hint="unpack it, and import the folder or a zip of the folder",
        )
    if labelled:
        raise ImportSourceError(
            f"{path.name} is a single file, and no folder gives it a label",
            hint=ONE_OR_NONE,
        )
    return SourceItem(readable_path(str(path)), readable_path(path.name), "", None, partial(read_file, path))


def _walk(root: Path, left: set[Path], links: bool) -> Iterator[tuple[Path, str]]:
    """List all files, also in linked folders, and visit each folder once: a link may point upwards.

    Yields:
        A file with "", or a file or folder that is not read with the reason.
    """
    waiting, seen, home = [root], set[Path](), real(root)
    files = {path for path in left if path.is_file()}
    while waiting:
        folder = waiting.pop()
        try:
            if (place := real(folder)) in left:
                yield folder, OWN
                continue
            if place in seen:
                continue
            seen.add(place)
            for path in folder.iterdir():
                if not links and path.is_symlink() and (outside := _leads_out(path, home)):
                    yield path, f"it is a link that leaves the folder, to {readable_path(outside)}"
                elif path.is_dir():
                    waiting.append(path)
                else:
                    yield path, OWN if path in files else ""
        except OSError as error:  # no permission, gone meanwhile, or a link in a circle
            yield folder, f"the folder cannot be read ({error.strerror or error})"


def _leads_out(link: Path, home: Path) -> str:
    """Return the target of a link that leaves the folder `home`; "" for links inside it and for circular links."""
    target = real(link)
    return "" if target.is_relative_to(home) else str(target)
