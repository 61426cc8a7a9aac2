"""Apply decisions to the image folders, and revert them: files move; no file is ever overwritten or deleted.

A file is first linked to its new path, then the catalogue stores that path, then the old name is removed. After a kill
at any point the catalogue names a complete file, and the next call cleans up. The path that an image was imported to
stays reserved for it, so that every file can move back.
"""

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import filelock

from bearkit.catalog.catalog import Catalog
from bearkit.catalog.decisions import DecisionLog
from bearkit.catalog.schema import ImageRecord
from bearkit.core.atomic import atomic_write
from bearkit.core.project import Project
from bearkit.errors import ImageError, ReviewError
from bearkit.sources.layout import file_name

BATCH = 64  # files per transaction


@dataclass(frozen=True)
class MovedFiles:
    """The result of moving files.

    Attributes:
        moved: the number of files moved to another label's folder, or back.
        trashed: the number of files moved to trash/.
        missing: catalogue paths without a file, and paths outside of the project.
    """

    moved: int
    trashed: int
    missing: list[str]

    def as_dict(self) -> dict[str, object]:
        """Return plain values, as the command line prints them."""
        return vars(self)


def apply_decisions(project: Project) -> MovedFiles:
    """Move deleted images to trash/ and relabelled ones to the folder of their label; undone decisions move back.

    Raises:
        ReadOnlyError: the project is read-only.
        ReviewError: another file has the path that an image must move to.
    """
    with filelock.FileLock(project.require().require_writable().files_lock):
        catalog = Catalog(project)
        labels = {image.image_id: image.label for image in DecisionLog(catalog).images()}
        return _Mover(catalog).move_all(labels)


def unapply_decisions(project: Project) -> MovedFiles:
    """Move every file back to the path it was imported to. The decisions stay; `apply_decisions` applies them again.

    Raises:
        ReadOnlyError: the project is read-only.
        ReviewError: another file has the path that an image must move to.
    """
    with filelock.FileLock(project.require().require_writable().files_lock):
        catalog = Catalog(project)
        return _Mover(catalog).move_all({image.image_id: image.label for image in catalog.images()})


class _Mover:
    """Moves the files of one project. The caller holds the project's lock on files."""

    def __init__(self, catalog: Catalog) -> None:
        self.catalog, self.root = catalog, catalog.project.root
        self.images = catalog.images()
        self.moves = moves = catalog.moves()  # {image id: (first path, path before the last move)}
        self.home = {image.image_id: moves.get(image.image_id, (image.path, ""))[0] for image in self.images}
        self.taken = {path.casefold() for path in self.home.values()} | {image.path.casefold() for image in self.images}
        self.folders = {".", "images", "unlabelled"} | {str(PurePosixPath(home).parent) for home in self.home.values()}
        for image in self.images:  # a kill may have left a file under its old name too
            if image.image_id in moves and self._is_ours(image):
                self._remove_old_name(moves[image.image_id][1], image.path)

    def move_all(self, labels: Mapping[str, str]) -> MovedFiles:
        """Move each image to the folder of its label.

        Args:
            labels: of each image by id, "" for none. An image that is missing here moves to the trash.
        """
        files, missing, trashed = [], [], 0
        for image in self.images:
            if image.linked:
                continue  # the file is not in the project: the decision counts, the file stays
            target = self._target(image, labels.get(image.image_id)) if self._is_ours(image) else None
            if target is None or not self._inside(target):
                missing.append(image.path)
                continue
            if target == image.path:
                continue
            files.append((image.image_id, image.path, target))
            trashed += image.image_id not in labels
        for start in range(0, len(files), BATCH):
            self._move(files[start : start + BATCH])
        return MovedFiles(len(files) - trashed, trashed, missing)

    def _is_ours(self, image: ImageRecord) -> bool:
        """Whether the file exists and all its paths are in the project. A foreign catalogue may hold any path."""
        paths = self.home[image.image_id], *self.moves.get(image.image_id, ())
        exists = not image.linked and self.catalog.project.has_picture(image.path)
        return exists and all(map(self._inside, paths))

    def _inside(self, path: str) -> bool:
        try:
            self.catalog.project.picture(path)
        except ImageError:
            return False
        return not PurePosixPath(path).is_absolute()

    def _target(self, image: ImageRecord, label: str | None) -> str:
        """The path where an image belongs, relative to the project. `label` is "" for none, None if it is deleted."""
        home = self.home[image.image_id]
        if label == image.label:
            return home
        project = self.catalog.project
        folder = _folder(project, image.label, label)
        first, current = PurePosixPath(home), PurePosixPath(image.path)
        names = first.name, f"{first.stem}-{image.image_id[:12]}{first.suffix}"
        parent = PurePosixPath(folder.relative_to(self.root).as_posix())
        if current.parent == parent and current.name in names:
            return image.path
        path = next(
            path
            for name in (*names, f"{image.image_id}{first.suffix}")
            if (path := str(parent / name)).casefold() not in self.taken and self._is_free(path, image.path)
        )
        self.taken.add(path.casefold())
        return path

    def _is_free(self, path: str, current: str) -> bool:
        """Whether no file has this path, or only this image's file, from a call that was killed."""
        return not (self.root / path).exists() or _same_file(self.root / path, self.root / current)

    def _move(self, files: list[tuple[str, str, str]]) -> None:
        for _, old, new in files:
            _link(self.root / old, self.root / new)
        self.catalog.record_moves(files)
        for _, old, new in files:
            self._remove_old_name(old, new)

    def _remove_old_name(self, old: str, new: str) -> None:
        """Remove the old name of a moved file, and its folder if bearkit made it and it is empty."""
        old_file, new_file = self.root / old, self.root / new
        if old != new and old_file.is_file() and new_file.is_file() and _same_file(old_file, new_file):
            old_file.unlink()
        for folder in PurePosixPath(old).parents:
            is_ours = str(folder) not in self.folders and (self.root / folder).is_dir()
            if is_ours and not any((self.root / folder).iterdir()):
                (self.root / folder).rmdir()


def _folder(project: Project, imported_label: str, label: str | None) -> Path:
    """The folder of a label: unlabelled/ for none (""), trash/ for deleted images (None)."""
    if label is None:
        return project.trash / file_name(imported_label)
    return project.images / file_name(label) if label else project.unlabelled


def _link(old: Path, new: Path) -> None:
    """Give a file a second name; on a file system without hard links, copy it.

    Raises:
        ReviewError: another file has this name.
    """
    new.parent.mkdir(parents=True, exist_ok=True)
    if new.exists() and _same_file(old, new):
        return  # linked by a call that was killed
    try:
        os.link(old, new)
    except FileExistsError as error:
        raise ReviewError(
            f"a picture must move to {new}, and another file is there", hint="move that file away"
        ) from error
    except OSError:
        with atomic_write(new) as part:
            shutil.copy2(old, part)


def _same_file(first: Path, second: Path) -> bool:
    """Whether both paths name one file, or files with the same bytes."""
    if first.samefile(second):
        return True
    return first.stat().st_size == second.stat().st_size and first.read_bytes() == second.read_bytes()
