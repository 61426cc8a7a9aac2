"""Write public example images: small copies without metadata."""

from collections.abc import Sequence
from pathlib import Path

from bearkit.errors import ImageError
from bearkit.images import decode, read_file, small_jpeg

SIDE = 1024  # pixels of the longer side: large enough to look at, smaller than most originals


def write_examples(images: Sequence[Path], folder: Path) -> list[str]:
    """Write images as JPEGs without metadata (photos of a phone contain the place), and return the file names.

    Raises:
        ImageError: a file is not an image.
    """
    names = []
    for number, path in enumerate(images):
        try:
            data = small_jpeg(decode(read_file(path), at_least=SIDE).image, SIDE)
        except ImageError as error:
            raise ImageError(f"the example {path}: {error}", hint=error.hint) from error
        names.append(f"example-{number + 1}.jpg")
        folder.mkdir(exist_ok=True)
        (folder / names[-1]).write_bytes(data)
    return names
