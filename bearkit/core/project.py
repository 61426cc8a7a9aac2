"""A project is a folder; this says where everything in it lives. Paths only: nothing here reads what is there."""

import getpass
import hashlib
import io
import os
import shutil
import sys
import tempfile
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import TextIO

from bearkit.core.parallel import ordered_map
from bearkit.core.paths import located
from bearkit.errors import ImageError, ProjectError, ProjectNotFoundError, ReadOnlyError

SETTLERS = 16  # threads: they only wait, and the disk takes what waits at once
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
        object.__setattr__(self, "root", located(root, "the project's folder", ProjectError))

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
        return not (may_write(self.root) and may_write(self.catalog))

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


def may_write(path: Path) -> bool:
    """Whether this user may write to a file or into a folder; if there is none yet, whether it may be made."""
    while not path.exists() and path != path.parent:
        path = path.parent
    return os.access(path, os.W_OK, effective_ids=os.access in os.supports_effective_ids)


def spare(path: Path) -> Path:
    """Where a cache is written: in its place, or in this user's own cache where that may only be read."""
    return path if may_write(path) else spare_of(path)


def spare_of(path: Path) -> Path:
    """Its place in this user's own cache."""
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    if not may_write(home):
        home = Path(tempfile.gettempdir()) / f"cache-{getpass.getuser()}"
    return home / "bearkit" / hashlib.sha256(os.fsencode(path.parent)).hexdigest()[:16] / path.name


@contextmanager
def whole(path: Path, durable: bool = True) -> Iterator[Path]:
    """Write a file so that it appears whole or not at all: yields a temporary name, renamed to `path` at the end.

    A link of that name is replaced, not followed: in somebody else's project it may lead anywhere. For a file that a
    person names there is `named`.

    Args:
        path: the file; its folder is made when it is not there.
        durable: also after a power cut, which costs a few milliseconds. Not for what is made again at no cost, nor for
            many files at once, which `settle` makes durable together.

    >>> import tempfile
    >>> target = Path(tempfile.mkdtemp()) / "a" / "b.txt"
    >>> with whole(target) as part:
    ...     _ = part.write_text("done")
    ...     target.exists()
    False
    >>> target.read_text()
    'done'
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{uuid.uuid4().hex[:12]}.part{path.suffix}")
    try:
        yield part
        if durable:
            to_disk(part)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def to_disk(file: Path) -> None:
    """Wait until a file's content is on the disk."""
    with suppress(FileNotFoundError), file.open("rb" if os.name == "posix" else "rb+") as opened:
        os.fsync(opened.fileno())


def no_link(path: Path, flags: int) -> int:
    """Open a file that bearkit writes into, and not what a link of its name leads to: the project may be anybody's.

    Raises:
        OSError: it is a link, or cannot be opened.
    """
    return os.open(path, flags | getattr(os, "O_NOFOLLOW", 0), 0o666)


def settle(files: Iterable[Path]) -> None:
    """Make files durable that `whole` wrote without it: together it costs a tenth of one after the other."""
    for _ in ordered_map(to_disk, files, SETTLERS):
        pass


def is_stdout(path: Path) -> bool:
    """Whether a person means standard output.

    >>> is_stdout(Path("-")), is_stdout(Path("rows.csv"))
    (True, False)
    """
    return str(path) in ("-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1")


@contextmanager
def named(path: Path) -> Iterator[TextIO]:
    """Write a text file (UTF-8) under a name that a person gave: yields it, open.

    A file appears whole, as with `whole`, and keeps its permissions. A link is followed. What is no file (a device, a
    pipe) is written to. `-` is standard output.

    Raises:
        OSError: it cannot be written.
    """
    if is_stdout(path):
        text = io.StringIO(newline="")
        yield text
        sys.stdout.flush()
        if hasattr(sys.stdout, "buffer"):
            sys.stdout.buffer.write(text.getvalue().encode())
        else:  # a notebook's
            sys.stdout.write(text.getvalue())
        sys.stdout.flush()
        return
    there = path.exists()
    if there and (not path.is_file() or path.absolute().parts[1] in ("dev", "proc")):  # also where that is a file now
        with path.open("w", newline="", encoding="utf-8") as file:
            yield file
        return
    target = located(path, "the file to write")
    with whole(target) as part, part.open("w", newline="", encoding="utf-8") as file:
        yield file
        if there:
            shutil.copymode(target, part)


def is_taken(folder: Path) -> bool:
    """Whether something is there that must not be written over: a file, or a folder that is not empty."""
    folder = located(folder, "the folder to write")
    return folder.exists() and (not folder.is_dir() or any(folder.iterdir()))


@contextmanager
def whole_folder(folder: Path) -> Iterator[Path]:
    """Write a folder so that it appears whole or not at all, as `whole` does a file; it is new, or empty."""
    folder = located(folder, "the folder to write")
    folder.parent.mkdir(parents=True, exist_ok=True)
    part = folder.parent / f".{uuid.uuid4().hex[:12]}.part"
    part.mkdir()
    try:
        yield part
        settle(path for path in part.rglob("*") if path.is_file())
        if folder.exists():
            folder.rmdir()
        part.rename(folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def default_project(folder: Path | None) -> Project:
    """The project to open: the one that was named, else the one here, else the demo's; in a Space the one here."""
    here = Project(folder if folder is not None else ".")
    stay = folder is not None or here.exists or bool(os.environ.get("SPACE_ID"))
    return here if stay else Project(DEMO_FOLDER)
