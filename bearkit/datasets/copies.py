"""Copy the files of images into an exported folder, as they are or changed for a publication."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath

from bearkit.catalog.catalog import Catalog
from bearkit.catalog.schema import ImageRecord
from bearkit.core.parallel import ordered_map
from bearkit.errors import ImageError
from bearkit.images import content_id, read_verified

Rewrite = Callable[[bytes], bytes]


@dataclass(frozen=True)
class Copies:
    """The copied files.

    Attributes:
        ids: {image id: id of the copy}, by the SHA-256 of their bytes.
        missing: paths of images whose file is gone, was changed, or lies outside of the project.
        refused: paths of images whose file must not be published.
    """

    ids: dict[str, str]
    missing: list[str]
    refused: list[str]

    @property
    def n_changed(self) -> int:
        """Return the number of copies that differ from their image."""
        return sum(image_id != copy_id for image_id, copy_id in self.ids.items())


def copy_files(
    catalog: Catalog,
    images: Sequence[ImageRecord],
    places: Mapping[str, PurePosixPath],
    to: Path | None,
    rewrite: Rewrite | None,
) -> Copies:
    """Copy the files of images.

    Args:
        catalog: the project's catalogue.
        images: the images.
        places: their paths in the folder, {image id: path}.
        to: the folder; None copies nothing, and only looks whether the files are there.
        rewrite: returns the bytes of a file as they are published, or raises an ImageError if they must not be.
    """
    copy_ids = list(ordered_map(partial(_copy, catalog, places, to, rewrite), images))
    pairs = list(zip(images, copy_ids, strict=True))
    return Copies(
        {image.image_id: copy_id for image, copy_id in pairs if copy_id},
        [image.path for image, copy_id in pairs if copy_id is None],
        [image.path for image, copy_id in pairs if copy_id == ""],
    )


def _copy(
    catalog: Catalog,
    places: Mapping[str, PurePosixPath],
    to: Path | None,
    rewrite: Rewrite | None,
    image: ImageRecord,
) -> str | None:
    """Copy an image's file. Returns the id of the copy, None if the file is missing, "" if it must not be published."""
    if to is None:
        return image.image_id if catalog.project.has_picture(image.path) else None
    try:
        data = read_verified(catalog.path(image), image.image_id)
    except ImageError:
        return None
    copy_id = image.image_id
    if rewrite:
        try:
            changed = rewrite(data)
        except ImageError:
            return ""
        if changed != data:
            data, copy_id = changed, content_id(changed)
    target = to / places[image.image_id]
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(data)
    return copy_id
