"""Small pictures to show in a browser: made once, kept in `cache/thumbnails`, and never anyone else's file."""

import os
import re
import shutil
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from bearkit.core.atomic import atomic_write, writable_cache
from bearkit.core.parallel import ordered_map
from bearkit.core.paths import real
from bearkit.core.project import Project
from bearkit.errors import ImageError, ProjectError
from bearkit.images import decode, is_our_jpeg, read_verified, small_jpeg

SIDE = 320  # pixels of a small picture
LARGE = 1280  # of one to look at
OUR_NAMES = re.compile(r"[0-9a-f]{64}(-[0-9]+)?\.jpg|\.[0-9a-f]{12}\.part\.jpg")  # the second while one is written


def thumbnails_folder(project: Project) -> Path:
    """Where they are: the one folder of a project that a browser may read."""
    return writable_cache(project.cache / "thumbnails")


def clean_folder(project: Project) -> Path:
    """The folder, without what we did not make: the project may be anybody's, and a browser may read all that is there.

    Raises:
        ProjectError: it is a link to somewhere else.
    """
    place = thumbnails_folder(project)
    if not place.exists() and not place.is_symlink():
        return place
    home = project.root if place.is_relative_to(project.root) else place.parent  # of a project that may only be read
    if not place.exists() or not real(place).is_relative_to(real(home)):
        why = f"{place} is a link out of the project: what is there could be read in the browser"
        raise ProjectError(why, hint=f"remove the link; bearkit makes {place.name} anew")
    with os.scandir(place) as entries:
        strange = [e for e in entries if not (OUR_NAMES.fullmatch(e.name) and e.is_file(follow_symlinks=False))]
    for entry in strange:
        if entry.is_dir(follow_symlinks=False):
            shutil.rmtree(entry.path)
        else:
            Path(entry.path).unlink()
    return place


def thumbnails(project: Project, images: Sequence[tuple[str, str]], side: int = SIDE) -> list[Path | None]:
    """The thumbnail of each (image_id, path in the project); None where the file is gone or unreadable."""

    def one(image: tuple[str, str]) -> Path | None:
        image_id, path = image
        try:
            target = _target(project, image_id, side)
            if not _is_kept(target):
                data = read_verified(project.picture(path), image_id)
                save_thumbnail(project, image_id, decode(data, at_least=side).image, side)
        except ImageError:
            return None
        return target

    return list(ordered_map(one, images))


def save_thumbnail(project: Project, image_id: str, image: Image.Image, side: int = SIDE) -> None:
    """Keep the thumbnail of a picture that is decoded anyway."""
    target = _target(project, image_id, side)
    if not _is_kept(target):
        with atomic_write(target, durable=False) as part:
            part.write_bytes(small_jpeg(image, side))


def _is_kept(target: Path) -> bool:
    """Whether a thumbnail is there, and a JPEG as we make them; anything else is made anew."""
    try:
        if target.is_symlink() or not target.is_file():
            return False
        with target.open("rb") as file:
            return is_our_jpeg(file.read(16))
    except OSError:
        return False


def _target(project: Project, image_id: str, side: int) -> Path:
    if not image_id.isalnum():  # a catalogue of somebody else's may say anything
        raise ImageError("its id is not one of a picture")
    return thumbnails_folder(project) / f"{image_id}{'' if side == SIDE else f'-{side}'}.jpg"
