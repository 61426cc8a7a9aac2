"""The folder of a project: the path of everything in it. Nothing here reads the files."""

import os
import re
from collections import defaultdict
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePath

from bearkit.core.atomic import is_writable
from bearkit.core.paths import resolve_path
from bearkit.errors import ImageError, ProjectError, ProjectNotFoundError, ReadOnlyError

IMAGE_FOLDERS = ("images", "unlabelled", "trash")
DEMO_FOLDER = "bearkit-demo"  # the default folder of the demo's project


@dataclass(frozen=True, init=False)
class Project:
    """The paths of a project's images, catalogue, cache, runs and models.

    Args:
        root: the project's folder. The first write creates it; reading never changes a folder.
    """

    root: Path

    def __init__(self, root: str | os.PathLike[str] = ".") -> None:
        object.__setattr__(self, "root", resolve_path(root, "the project's folder", ProjectError))

    @property
    def name(self) -> str:
        """The name of the folder."""
        return self.root.name

    @property
    def images(self) -> Path:
        """Folder of the images, with one folder for each label."""
        return self.root / "images"

    @property
    def catalog(self) -> Path:
        """The catalogue of the images, an SQLite file."""
        return self.root / "catalog.db"

    @property
    def cache(self) -> Path:
        """Folder of features, converted bodies and thumbnails; it may be deleted at any time."""
        return self.root / "cache"

    @property
    def runs(self) -> Path:
        """Folder of the runs, with one folder for each training."""
        return self.root / "runs"

    @property
    def models(self) -> Path:
        """Folder of the exported model folders."""
        return self.root / "models"

    def model_folders(self) -> list[Path]:
        """List the model folders, sorted by number, so that the newest is the last."""
        folders = (config.parent for config in self.models.glob("[!.]*/config.json"))
        return sorted(folders, key=lambda path: _by_number(path.name))

    @property
    def unlabelled(self) -> Path:
        """Folder of the images that were imported without a label."""
        return self.root / "unlabelled"

    @property
    def trash(self) -> Path:
        """Folder of deleted images: `bearkit review apply` moves them here, `unapply` moves them back."""
        return self.root / "trash"

    @property
    def files_lock(self) -> Path:
        """Lock file, held while images are imported or moved."""
        return self.root / "import.lock"

    @property
    def exists(self) -> bool:
        """Whether the project has a catalogue."""
        return self.catalog.is_file()

    @property
    def read_only(self) -> bool:
        """Whether this user may not write into the project."""
        return not (is_writable(self.root) and is_writable(self.catalog))

    def require_writable(self, why: str = "") -> "Project":
        """Return this project if this user may write into it.

        Args:
            why: what has to be written; a part of the error.

        Raises:
            ReadOnlyError: this user may not write into it.
        """
        if self.read_only:
            raise ReadOnlyError(
                f"the project is read-only: {self.root}" + (f"; {why}" if why else ""),
                hint="copy it to a folder of yours, or ask for the permission to write there",
            )
        return self

    def picture(self, path: str) -> Path:
        """Return the path of an image's file. Everything that reads, moves or shows an image must get its path here.

        The catalogue may come from someone else and hold any path. A relative path must lead to images/, unlabelled/
        or trash/ after links are followed. An absolute path belongs to a linked image: `images.read_verified` checks
        its bytes, and bearkit never moves it.

        Args:
            path: the image's path in the catalogue.

        Raises:
            ImageError: the path leads out of these folders.
        """
        if PurePath(path).is_absolute():
            return Path(path)
        root, real = f"{str(self.root).rstrip(os.sep)}{os.sep}", ""
        with suppress(ValueError, OSError):  # the path may hold a NUL character, or be too long
            real = os.path.realpath(f"{root}{path}")  # strings, not `Path`, for speed: this runs for each image
        top = real.removeprefix(root).partition(os.sep)[0] if real.startswith(root) else ""
        if ".." in PurePath(path).parts or top not in IMAGE_FOLDERS:
            raise ImageError(
                "its path leads out of the project's folders of pictures",
                hint="was the catalogue made by somebody else? import the pictures again: `bearkit import FOLDER`",
            )
        return self.root / path

    def has_picture(self, path: str) -> bool:
        """Return whether the file of an image exists at an allowed path."""
        try:
            return self.picture(path).is_file()
        except (ImageError, ValueError, OSError):
            return False

    def existing_pictures(self, paths: Iterable[str]) -> set[str]:
        """Return the paths for which `has_picture` is true. Each folder is listed once, so it is quick for many."""
        by_folder: dict[str, list[str]] = defaultdict(list)
        for path in paths:
            by_folder[path.rpartition("/")[0]].append(path)
        found: set[str] = set()
        for folder, members in by_folder.items():
            # A file that is no link lies where its folder lies, so one look at the folder is enough for all of them.
            files = self._files(folder) if self._is_image_folder(folder) else set()
            found.update(path for path in members if path.rpartition("/")[2] in files or self.has_picture(path))
        return found

    def _is_image_folder(self, folder: str) -> bool:
        """Return whether images may lie in this folder of the project. See `picture`."""
        with suppress(ImageError):
            return not PurePath(folder).is_absolute() and bool(self.picture(folder))
        return False

    def _files(self, folder: str) -> set[str]:
        """The names of the files in a folder, without links; none if it cannot be read."""
        with suppress(ValueError, OSError), os.scandir(self.root / folder) as entries:
            return {entry.name for entry in entries if entry.is_file(follow_symlinks=False)}
        return set()

    def require(self) -> "Project":
        """Return this project if its folder is a project.

        Raises:
            ProjectError: the folder has no catalogue.
        """
        if not self.exists and os.path.lexists(self.catalog):
            raise ProjectError(
                f"{self.catalog} is not a file but {'a folder' if self.catalog.is_dir() else 'something else'}",
                hint="move it away, or name another project with `-p`: the catalogue is a file of that name",
            )
        if not self.exists:
            raise ProjectNotFoundError(
                f"{self.root} is not a bearkit project yet: it has no catalog.db",
                hint="put pictures in: `bearkit import FOLDER -p DIR`, or name another folder with `-p`",
            )
        return self


def _by_number(name: str) -> list[str | int]:
    """Return a sort key for names that puts 1000 after 999.

    >>> sorted(["1000", "999-stage-10", "999-stage-9", "999", "pets"], key=_by_number)
    ['999', '999-stage-9', '999-stage-10', '1000', 'pets']
    """
    return [int(part) if n % 2 else part for n, part in enumerate(re.split(r"([0-9]+)", name))]


def default_project(folder: Path | None) -> Project:
    """Return the project to open.

    It is the given folder, else the current folder if that is a project or this runs in a Space, else the demo's.
    """
    project = Project(folder if folder is not None else ".")
    use_it = folder is not None or project.exists or bool(os.environ.get("SPACE_ID"))
    return project if use_it else Project(DEMO_FOLDER)
