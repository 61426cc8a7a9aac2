"""Small pictures to show in a browser: made once, kept in `cache/thumbnails`, and never anyone else's file."""

from collections.abc import Sequence
from pathlib import Path

from bearkit.errors import ImageError
from bearkit.images import read_file, thumbnail
from bearkit.parallel import ordered_map
from bearkit.project import Project, whole


def folder(project: Project) -> Path:
    """Where they are: the one folder of a project that a browser may read."""
    return project.cache / "thumbnails"


def thumbnails(project: Project, images: Sequence[tuple[str, str]]) -> list[Path | None]:
    """The thumbnail of each (image_id, path in the project); None where the file is gone or unreadable."""

    def one(image: tuple[str, str]) -> Path | None:
        image_id, path = image
        target = folder(project) / f"{image_id}.jpg"
        try:
            if not target.exists():
                small = thumbnail(read_file(project.root / path))
                with whole(target) as part:
                    part.write_bytes(small)
        except ImageError:
            return None
        return target

    return list(ordered_map(one, images))
