"""Pictures in a folder of folders."""

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

OWN = "it is the project's own"


def list_files(
    root: Path, leave_out: Collection[Path] = (), labelled: bool = True, tell: bool = False, links: bool = False
) -> list[SourceItem]:
    """Every file below `root`, at its place in it.

    Args:
        root: the folder.
        leave_out: folders that are not looked into, and files.
        labelled: whether the folders say labels; otherwise each file has the label "".
        tell: whether what is left out is in the list too.
        links: whether links may lead out of the folder.
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
    if not tell:
        return found
    own = [left_out_item(readable_path(str(path)), problem) for path, problem in listed if problem == OWN]
    return found + own + left_out_system_files(places, lambda place: readable_path(str(root / place)))


def single_file(path: Path, labelled: bool = True) -> SourceItem:
    """A file by itself.

    Raises:
        ImportSourceError: it is an archive of an unknown kind, or its label is asked for, and nothing says it.
    """
    if archive_problem(path.name):
        raise ImportSourceError(
            f"{path.name} is an archive that cannot be opened here",
            hint="unpack it and import the folder, or make a zip of that",
        )
    if labelled:
        raise ImportSourceError(
            f"{path.name} by itself says nothing of its label", hint="--label NAME, or --unlabelled if it has none yet"
        )
    return SourceItem(readable_path(str(path)), readable_path(path.name), "", None, partial(read_file, path))


def _walk(root: Path, left: set[Path], links: bool) -> Iterator[tuple[Path, str]]:
    """All files, through links to folders too, each folder once (a link may point upwards).

    Each comes with "", or with why it, or the folder, cannot be looked at.
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
    """Where a link leads, if that is outside of a folder; "" if not, and for links in a circle."""
    target = real(link)
    return "" if target.is_relative_to(home) else str(target)
