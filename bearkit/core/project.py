"""A project is a folder; this says where everything in it lives. Paths only: nothing here reads what is there."""

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePath

from bearkit.core.atomic import is_writable
from bearkit.core.paths import resolve_path
from bearkit.errors import ImageError, ProjectError, ProjectNotFoundError, ReadOnlyError

HOMES = ("images", "unlabelled", "trash")  # folders of pictures
DEMO_FOLDER = "bearkit-demo"  # where the demo's project is, unless told otherwise


@dataclass(frozen=True, init=False)
class Project:
    """Where one project keeps its pictures, catalogue, features, runs and models.

    Args:
        root: the project's folder. It is made on the first write, so that looking at a folder never changes it.
    """

    root: Path

    def __init__(self, root: str | os.PathLike[str] = ".") -> None:
        object.__setattr__(self, "root", resolve_path(root, "the project's folder", ProjectError))

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.root.name

    @property
    def images(self) -> Path:
        """Pictures, one folder a label."""
        return self.root / "images"

    @property
    def catalog(self) -> Path:
        """What is known about the pictures (SQLite)."""
        return self.root / "catalog.db"

    @property
    def cache(self) -> Path:
        """Features, converted bodies, thumbnails: may be deleted at any time."""
        return self.root / "cache"

    @property
    def runs(self) -> Path:
        """One folder a training."""
        return self.root / "runs"

    @property
    def models(self) -> Path:
        """Exported model folders."""
        return self.root / "models"

    @property
    def unlabelled(self) -> Path:
        """Pictures that came without a label."""
        return self.root / "unlabelled"

    @property
    def trash(self) -> Path:
        """Deleted pictures, once the decisions were carried into the folders; `unapply` brings them back."""
        return self.root / "trash"

    @property
    def files_lock(self) -> Path:
        """Held while picture files come or move."""
        return self.root / "import.lock"

    @property
    def exists(self) -> bool:
        """Whether something was ever put into this project."""
        return self.catalog.is_file()

    @property
    def read_only(self) -> bool:
        """Whether this user may not write into the project."""
        return not (is_writable(self.root) and is_writable(self.catalog))

    def require_writable(self, why: str = "") -> "Project":
        """This project, if this user may write into it.

        Args:
            why: what would have to be written, for the error.

        Raises:
            ReadOnlyError: the user may not.
        """
        if self.read_only:
            raise ReadOnlyError(
                f"the project may only be read: {self.root}" + (f"; {why}" if why else ""),
                hint="copy it to a folder of yours, or ask for the permission to write there",
            )
        return self

    def picture(self, path: str) -> Path:
        """Where a picture's file is, by its path in the catalogue. Whatever reads, moves or shows one asks here.

        A catalogue may be somebody else's, and say anything. So a relative path must lead to images/, unlabelled/ or
        trash/, links followed. An absolute path is a linked picture's: `images.read_unchanged` checks that its bytes
        are those of the picture, and nothing ever moves it.

        Raises:
            ImageError: the path leads elsewhere.
        """
        if PurePath(path).is_absolute():
            return Path(path)
        home, inside = str(self.root / ""), ""
        with suppress(ValueError, OSError):  # a name that cannot be one
            inside = os.path.realpath(f"{home}/{path}")  # as texts: it is asked for every picture
        top = inside.removeprefix(home).lstrip(os.sep).partition(os.sep)[0] if inside.startswith(home) else ""
        if ".." in PurePath(path).parts or top not in HOMES or not inside.startswith(f"{home.rstrip(os.sep)}{os.sep}"):
            raise ImageError(
                "its path leads out of the project's folders of pictures",
                hint="was the catalogue made by somebody else? import the pictures again: `bearkit import FOLDER`",
            )
        return self.root / path

    def has_picture(self, path: str) -> bool:
        """Whether a picture's file is where the catalogue says, and may be there."""
        try:
            return self.picture(path).is_file()
        except (ImageError, ValueError, OSError):
            return False

    def require(self) -> "Project":
        """This project, if it is one.

        Raises:
            ProjectError: the folder holds no catalogue.
        """
        if not self.exists and os.path.lexists(self.catalog):
            raise ProjectError(
                f"{self.catalog} is no file, but {'a folder' if self.catalog.is_dir() else 'something else'}",
                hint="move it away, or name another project with `-p`: a catalogue is a file of that name",
            )
        if not self.exists:
            raise ProjectNotFoundError(
                f"{self.root} is not a bearkit project yet: it has no catalog.db",
                hint="put pictures in: `bearkit import FOLDER -p DIR`, or name another folder with `-p`",
            )
        return self


def default_project(folder: Path | None) -> Project:
    """The project to open: the one that was named, else the one here, else the demo's; in a Space the one here."""
    here = Project(folder if folder is not None else ".")
    stay = folder is not None or here.exists or bool(os.environ.get("SPACE_ID"))
    return here if stay else Project(DEMO_FOLDER)
