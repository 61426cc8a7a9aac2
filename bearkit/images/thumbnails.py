"""Make small copies of images for the browser, stored in `cache/thumbnails`, which holds no other files."""

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

SIDE = 320  # pixels of a thumbnail's longer side
LARGE = 1280  # of the copy for the view of one image
OUR_NAMES = re.compile(
    r"[0-9a-f]{64}(-[0-9]+)?\.jpg|\.[0-9a-f]{12}\.part\.jpg"
)  # the second name is that of a file being written


def thumbnails_folder(project: Project) -> Path:
    """Return the folder of the thumbnails, the only folder of a project that a browser may read."""
    return writable_cache(project.cache / "thumbnails")


def clean_folder(project: Project) -> Path:
    """Delete everything in the thumbnails folder that bearkit has not made, since a browser may read it all.

    A project from elsewhere may hold any file there.

    Returns:
        The folder.

    Raises:
        ProjectError: the folder is a link out of the project.
    """
    folder = thumbnails_folder(project)
    if not folder.exists() and not folder.is_symlink():
        return folder
    home = project.root if folder.is_relative_to(project.root) else folder.parent  # the cache of a read-only project
    if not folder.exists() or not real(folder).is_relative_to(real(home)):
        reason = f"{folder} is a link out of the project: what is there could be read in the browser"
        raise ProjectError(reason, hint=f"remove the link; bearkit makes {folder.name} again")
    with os.scandir(folder) as entries:
        foreign = [e for e in entries if not (OUR_NAMES.fullmatch(e.name) and e.is_file(follow_symlinks=False))]
    for entry in foreign:
        if entry.is_dir(follow_symlinks=False):
            shutil.rmtree(entry.path)
        else:
            Path(entry.path).unlink()
    return folder


def thumbnails(project: Project, images: Sequence[tuple[str, str]], side: int = SIDE) -> list[Path | None]:
    """Return the thumbnails of images, and make those that are missing, in parallel.

    Args:
        project: the project.
        images: (image_id, path in the project) of each.
        side: the most pixels of the longer side.

    Returns:
        Path of each thumbnail; None if the image's file is gone or unreadable.
    """

    def make(image: tuple[str, str]) -> Path | None:
        image_id, path = image
        try:
            target = _target(project, image_id, side)
            if not _is_thumbnail(target):
                data = read_verified(project.picture(path), image_id)
                save_thumbnail(project, image_id, decode(data, at_least=side).image, side)
        except ImageError:
            return None
        return target

    return list(ordered_map(make, images))


def save_thumbnail(project: Project, image_id: str, image: Image.Image, side: int = SIDE) -> None:
    """Store the thumbnail of a decoded image, if there is none yet."""
    target = _target(project, image_id, side)
    if not _is_thumbnail(target):
        with atomic_write(target, durable=False) as part:
            part.write_bytes(small_jpeg(image, side))


def _is_thumbnail(target: Path) -> bool:
    """Check whether a file exists and is a JPEG of bearkit's; anything else is replaced."""
    try:
        if target.is_symlink() or not target.is_file():
            return False
        with target.open("rb") as file:
            return is_our_jpeg(file.read(16))
    except OSError:
        return False


def _target(project: Project, image_id: str, side: int) -> Path:
    if not image_id.isalnum():  # a catalogue from elsewhere may hold any text
        raise ImageError("its id is not one of a picture")
    return thumbnails_folder(project) / f"{image_id}{'' if side == SIDE else f'-{side}'}.jpg"
