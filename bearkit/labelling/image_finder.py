"""Find an image by the name that a person or another tool uses for it."""

import bisect
import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from pathlib import PurePosixPath
from urllib.parse import unquote

from bearkit.catalog.catalog import Catalog
from bearkit.core.project import Project
from bearkit.errors import ReviewError
from bearkit.sources.image_names import label_studio_path

MIN_ID_CHARACTERS = 6
PATH_ENDS = (1, 2, 3)  # the number of last parts of a path that an image can be found by


class ImageFinder:
    """Finds an image by its id, at least six characters of it, its path, or the end of its path.

    Paths are those in the project and those that the image was imported from. A name with a folder never matches a file
    of the same name in another folder.
    """

    def __init__(self, catalog: Catalog) -> None:
        images = catalog.images()
        self._ids = sorted(image.image_id for image in images)
        self._by_end: dict[tuple[str, ...], set[str]] = defaultdict(set)
        names = [(image.path, image.image_id) for image in images]
        names += [(source.origin, str(source.image_id)) for source in catalog.origins()]
        for name, image_id in names:
            parts = _parts(name)
            for n in {*PATH_ENDS, len(parts)}:
                self._by_end[parts[-n:]].add(image_id)

    def __call__(self, name: str) -> str | None:
        """Return the id of the image with this name; None if no image or several match."""
        name = name.strip()
        return self._by_id(name) or self._by_path(name)

    def _by_id(self, name: str) -> str | None:
        if len(name) < MIN_ID_CHARACTERS:
            return None
        first = bisect.bisect_left(self._ids, name)
        matches = [image_id for image_id in self._ids[first : first + 2] if image_id.startswith(name)]
        return matches[0] if len(matches) == 1 else None

    def _by_path(self, name: str) -> str | None:
        path = label_studio_path(name)
        for parts in dict.fromkeys((_parts(path), _parts(unquote(path)))):
            for n in (len(parts), 3, 2):  # never by the file name alone where the name has a folder
                matches = self._by_end.get(parts[-n:], set()) if n <= len(parts) else set()
                if len(matches) == 1:
                    return next(iter(matches))
        return None


def find_images(project: Project, names: Iterable[str]) -> tuple[str, ...]:
    """Return the ids of the images with these names.

    Args:
        project: whose images.
        names: of each image its id, the beginning of its id, or its path.

    Raises:
        ReviewError: no image has one of the names, or several do.
    """
    find, ids = ImageFinder(Catalog(project)), []
    for name in names:
        image_id = find(name)
        if image_id is None:
            raise ReviewError(
                f"there is no image `{name}`, or more than one",
                hint="give its id, at least six characters of it, or its path",
            )
        ids.append(image_id)
    return tuple(ids)


def _parts(name: str) -> tuple[str, ...]:
    return PurePosixPath(unicodedata.normalize("NFC", name).replace("\\", "/")).parts
