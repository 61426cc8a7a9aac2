"""Carry the decisions into the folders, and back: files move, and nothing is ever written over or deleted.

A file is first linked to its new place, then the catalogue says so, then the old name goes: killed at any point, the
catalogue names a whole file, and the next call tidies up. A name that any picture came with is kept free for it, so
that everything can go back.
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
from bearkit.core.project import Project, whole
from bearkit.errors import ImageError, ReviewError
from bearkit.sources.layout import file_name

BATCH = 64  # files a transaction


@dataclass(frozen=True)
class Moved:
    """What became of the files."""

    moved: int  # to another label's folder, or back
    trashed: int
    missing: list[str]  # that are not where the catalogue says, or where it says a place outside of the project

    def as_dict(self) -> dict[str, object]:
        """Plain values, as the command line prints them."""
        return vars(self)


def apply_decisions(project: Project) -> Moved:
    """Move deleted pictures to trash/ and relabelled ones to their labels' folders; what was undone goes back."""
    with filelock.FileLock(project.require().require_writable().files_lock):
        catalog = Catalog(project)
        labels = {image.image_id: image.label for image in DecisionLog(catalog).images()}
        return _Mover(catalog).go(labels)


def unapply_decisions(project: Project) -> Moved:
    """Move every file back to where it was when it came. The decisions stay; `apply` carries them out again."""
    with filelock.FileLock(project.require().require_writable().files_lock):
        catalog = Catalog(project)
        return _Mover(catalog).go({image.image_id: image.label for image in catalog.images()})


class _Mover:
    def __init__(self, catalog: Catalog) -> None:
        self.catalog, self.root = catalog, catalog.project.root
        self.images = catalog.images()
        self.places = moves = catalog.moves()
        self.home = {image.image_id: moves.get(image.image_id, (image.path, ""))[0] for image in self.images}
        self.taken = {path.casefold() for path in self.home.values()} | {image.path.casefold() for image in self.images}
        self.folders = {".", "images", "unlabelled"} | {str(PurePosixPath(home).parent) for home in self.home.values()}
        for image in self.images:  # a kill may have left a file under its old name too
            if image.image_id in moves and self._is_ours(image):
                self._tidy(moves[image.image_id][1], image.path)

    def go(self, labels: Mapping[str, str]) -> Moved:
        """Put each picture where one with its label belongs; one without an entry belongs in the trash."""
        files, missing, trashed = [], [], 0
        for image in self.images:
            if image.linked:
                continue  # not ours to move: the decision alone counts
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
        return Moved(len(files) - trashed, trashed, missing)

    def _is_ours(self, image: ImageRecord) -> bool:
        """Whether a picture's file is there and all of its places are in the project: a catalogue may name any."""
        places = self.home[image.image_id], *self.places.get(image.image_id, ())
        there = not image.linked and self.catalog.project.has_picture(image.path)
        return there and all(map(self._inside, places))

    def _inside(self, path: str) -> bool:
        try:
            self.catalog.project.picture(path)
        except ImageError:
            return False
        return not PurePosixPath(path).is_absolute()

    def _target(self, image: ImageRecord, label: str | None) -> str:
        """Where a picture belongs, relative to the project."""
        home = self.home[image.image_id]
        if label == image.label:
            return home
        project = self.catalog.project
        folder = _folder(project, image.label, label)
        own, now = PurePosixPath(home), PurePosixPath(image.path)
        names = own.name, f"{own.stem}-{image.image_id[:12]}{own.suffix}"
        inside = PurePosixPath(folder.relative_to(self.root).as_posix())
        if now.parent == inside and now.name in names:
            return image.path
        path = next(
            path
            for name in (*names, f"{image.image_id}{own.suffix}")
            if (path := str(inside / name)).casefold() not in self.taken and self._free(path, image.path)
        )
        self.taken.add(path.casefold())
        return path

    def _free(self, path: str, now: str) -> bool:
        """Whether nothing has this name, or only this very file, by a call that was cut off."""
        return not (self.root / path).exists() or _same(self.root / path, self.root / now)

    def _move(self, files: list[tuple[str, str, str]]) -> None:
        for _, old, new in files:
            _link(self.root / old, self.root / new)
        self.catalog.moved(files)
        for _, old, new in files:
            self._tidy(old, new)

    def _tidy(self, old: str, new: str) -> None:
        """Take the old name of a moved file away, and its folder if we made it and nothing is left in it."""
        was, now = self.root / old, self.root / new
        if old != new and was.is_file() and now.is_file() and _same(was, now):
            was.unlink()
        for folder in PurePosixPath(old).parents:
            ours = str(folder) not in self.folders and (self.root / folder).is_dir()
            if ours and not any((self.root / folder).iterdir()):
                (self.root / folder).rmdir()


def _folder(project: Project, came_with: str, label: str | None) -> Path:
    """Where pictures of a label lie; of none ("") in unlabelled/, and of those that were deleted (None) in trash/."""
    if label is None:
        return project.trash / file_name(came_with)
    return project.images / file_name(label) if label else project.unlabelled


def _link(old: Path, new: Path) -> None:
    """Give a file a second name, or, on a disk without such links, make a second file."""
    new.parent.mkdir(parents=True, exist_ok=True)
    if new.exists() and _same(old, new):
        return  # by a call that was cut off
    try:
        os.link(old, new)
    except FileExistsError as error:
        raise ReviewError(f"{new} is in the way of a picture that belongs there", hint="move that file away") from error
    except OSError:
        with whole(new) as part:
            shutil.copy2(old, part)


def _same(one: Path, other: Path) -> bool:
    if one.samefile(other):
        return True
    return one.stat().st_size == other.stat().st_size and one.read_bytes() == other.read_bytes()
