"""Small pictures to show in a browser: made once, kept in `cache/thumbnails`, and never anyone else's file."""

from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from bearkit.errors import ImageError
from bearkit.images import decode, read_unchanged, small_jpeg
from bearkit.parallel import ordered_map
from bearkit.project import Project, spare, whole

SIDE = 320  # pixels of a small picture
LARGE = 1280  # of one to look at


def folder(project: Project) -> Path:
    """Where they are: the one folder of a project that a browser may read."""
    return spare(project.cache / "thumbnails")


def thumbnails(project: Project, images: Sequence[tuple[str, str]], side: int = SIDE) -> list[Path | None]:
    """The thumbnail of each (image_id, path in the project); None where the file is gone or unreadable."""

    def one(image: tuple[str, str]) -> Path | None:
        image_id, path = image
        try:
            target = _target(project, image_id, side)
            if not _is_there(target):
                data = read_unchanged(project.picture(path), image_id)
                keep(project, image_id, decode(data, at_least=side).image, side)
        except ImageError:
            return None
        return target

    return list(ordered_map(one, images))


def keep(project: Project, image_id: str, image: Image.Image, side: int = SIDE) -> None:
    """Keep the thumbnail of a picture that is decoded anyway."""
    target = _target(project, image_id, side)
    if not _is_there(target):
        with whole(target, durable=False) as part:
            part.write_bytes(small_jpeg(image, side))


def _is_there(thumbnail: Path) -> bool:
    return thumbnail.exists() and thumbnail.stat().st_size > 0  # a power cut leaves empty files


def _target(project: Project, image_id: str, side: int) -> Path:
    if not image_id.isalnum():  # a catalogue of somebody else's may say anything
        raise ImageError("its id is not one of a picture")
    return folder(project) / f"{image_id}{'' if side == SIDE else f'-{side}'}.jpg"
