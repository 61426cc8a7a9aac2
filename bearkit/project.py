"""A project is a folder; this says where everything in it lives. Paths only: nothing here reads what is there."""

import io
import os
import shutil
import sys
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from bearkit.errors import ProjectError
from bearkit.parallel import ordered_map

SETTLERS = 16  # threads: they only wait, and the disk takes what waits at once
DEMO_FOLDER = "bearkit-demo"  # where the demo's project is, unless told otherwise


@dataclass(frozen=True, init=False)
class Project:
    """Where one project keeps its pictures, catalogue, features, runs and models.

    Args:
        root: the project's folder. It is made on the first write, so that looking at a folder never changes it.
    """

    root: Path

    def __init__(self, root: str | os.PathLike[str] = ".") -> None:
        object.__setattr__(self, "root", Path(root).expanduser().resolve())

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

    def require(self) -> "Project":
        """This project, if it is one.

        Raises:
            ProjectError: the folder holds no catalogue.
        """
        if not self.exists:
            raise ProjectError(
                f"{self.root} is not a bearkit project yet: it has no catalog.db",
                hint="put pictures in: `bearkit import FOLDER -p DIR`, or name another folder with `-p`",
            )
        return self


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
            _sync(part)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def settle(files: Iterable[Path]) -> None:
    """Make files durable that `whole` wrote without it: together it costs a tenth of one after the other."""
    for _ in ordered_map(_sync, files, SETTLERS):
        pass


def _sync(path: Path) -> None:
    with suppress(FileNotFoundError), path.open("rb" if os.name == "posix" else "rb+") as file:
        os.fsync(file.fileno())


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
    target = path.resolve()
    with whole(target) as part, part.open("w", newline="", encoding="utf-8") as file:
        yield file
        if there:
            shutil.copymode(target, part)


def is_taken(folder: Path) -> bool:
    """Whether something is there that must not be written over: a file, or a folder that is not empty."""
    return folder.exists() and (not folder.is_dir() or any(folder.iterdir()))


@contextmanager
def whole_folder(folder: Path) -> Iterator[Path]:
    """Write a folder so that it appears whole or not at all, as `whole` does a file; it is new, or empty."""
    folder = folder.resolve()
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
