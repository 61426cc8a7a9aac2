"""Example pictures that everybody may see: copies of which nothing but what one sees is kept."""

from collections.abc import Sequence
from pathlib import Path

from bearkit.errors import ImageError
from bearkit.images import decode, read_file, small_jpeg

SIDE = 1024  # pixels of the longer side: large enough to look at, and nobody's original


def write_examples(pictures: Sequence[Path], folder: Path) -> list[str]:
    """Write them as JPEGs without metadata (a phone's say where it was); their names.

    Raises:
        ImageError: one is no picture.
    """
    names = []
    for number, path in enumerate(pictures):
        try:
            data = small_jpeg(decode(read_file(path), at_least=SIDE).image, SIDE)
        except ImageError as error:
            raise ImageError(f"the example {path}: {error}", hint=error.hint) from error
        names.append(f"example-{number + 1}.jpg")
        folder.mkdir(exist_ok=True)
        (folder / names[-1]).write_bytes(data)
    return names
