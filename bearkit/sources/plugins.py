'''The kinds of source that `bearkit import` can read, and how a package adds one.

An importer is a class that is created without arguments and has the two methods of `Importer`. This one imports
`swatch://red,green` as one plain square for each colour, labelled with the colour's name:

    >>> import io
    >>> from functools import partial
    >>> from PIL import Image
    >>> from bearkit.sources.layout import SourceItem
    >>> def draw(colour: str) -> bytes:
    ...     file = io.BytesIO()
    ...     Image.new("RGB", (64, 64), colour).save(file, "PNG")
    ...     return file.getvalue()
    >>> class Swatches:
    ...     """Plain squares: swatch://COLOUR,COLOUR."""
    ...     def accepts(self, source):
    ...         return source.startswith("swatch://")
    ...     def find(self, source, labelled, leave_out):
    ...         for colour in source.removeprefix("swatch://").split(","):
    ...             yield SourceItem(
    ...                 origin=f"{source}#{colour}",      # where it comes from; unique, stored in the catalogue
    ...                 name=f"{colour}.png",             # the name of the file in the project
    ...                 label=colour if labelled else "",
    ...                 split=None,                       # or "train", "valid", "test"
    ...                 read=partial(draw, colour),       # called in a thread; returns the bytes of an image file
    ...             )
    >>> [item.label for item in Swatches().find("swatch://red,green", labelled=True, leave_out=())]
    ['red', 'green']

Register it in the pyproject.toml of your package. Once the package is installed, `bearkit import swatch://red,green`
works:

    [project.entry-points."bearkit.importers"]
    swatches = "my_package.swatches:Swatches"

Importers of packages are asked before bearkit's own. `bearkit.sources.audio` is registered in this way; it is an
example of an importer that converts files.
'''

import re
from collections.abc import Collection, Iterable
from functools import lru_cache
from importlib.metadata import entry_points
from pathlib import Path
from typing import Protocol

from bearkit.core.paths import real
from bearkit.errors import ImportSourceError, SourceNotFoundError
from bearkit.sources import archive, folder
from bearkit.sources.extensions import load_extension
from bearkit.sources.hub_dataset import HubDataset
from bearkit.sources.layout import SourceItem
from bearkit.sources.zip_names import is_zip

GROUP = "bearkit.importers"


class Importer(Protocol):
    """A kind of source. It lists the files of a source, and each file knows how to read its bytes."""

    def accepts(self, source: str) -> bool:
        """Return whether this importer can read the source. It must be fast: it is called for every source."""
        ...

    def find(self, source: str, labelled: bool, leave_out: Collection[Path]) -> Iterable[SourceItem]:
        """List every file of the source.

        Args:
            source: as the user wrote it.
            labelled: whether the files get labels. If not, give each of them the label "". If so, give a file its
                label, or None and its place `inside` the source: then it gets its label from the folders around it.
            leave_out: folders and files of the project itself, which are not listed.

        Raises:
            ImportSourceError: the source cannot be read.
        """
        ...


class Folder:
    """A folder with one folder for each label."""

    def accepts(self, source: str) -> bool:
        """See `Importer.accepts`."""
        return Path(source).is_dir()

    def find(self, source: str, labelled: bool, leave_out: Collection[Path]) -> Iterable[SourceItem]:
        """See `Importer.find`."""
        return folder.list_files(real(source), leave_out, labelled, include_left_out=True)


class Archive:
    """A zip of such a folder."""

    def accepts(self, source: str) -> bool:
        """See `Importer.accepts`."""
        return is_zip(Path(source))

    def find(self, source: str, labelled: bool, leave_out: Collection[Path]) -> Iterable[SourceItem]:
        """See `Importer.find`."""
        return archive.list_files(real(source), labelled, include_left_out=True)


class File:
    """A single image file. Its label must be given by the user."""

    def accepts(self, source: str) -> bool:
        """See `Importer.accepts`."""
        return Path(source).is_file()

    def find(self, source: str, labelled: bool, leave_out: Collection[Path]) -> Iterable[SourceItem]:
        """See `Importer.find`."""
        return [folder.single_file(real(source), labelled)]


def find_importer(source: str) -> Importer:
    """Return the importer for a source.

    Raises:
        ImportSourceError: no importer accepts it, or an importer of a package cannot be loaded.
    """
    for importer in _importers():
        if importer.accepts(source):
            return importer
    if page := re.fullmatch(r"https?://huggingface\.co/datasets/([^/]+/[^/?#]+).*", source):
        raise ImportSourceError(
            f"{source} is the web page of a data set", hint=f"import the data set: bearkit import hf://{page[1]}"
        )
    if "://" in source:
        raise ImportSourceError(
            f"{source} is an address, but `import` reads files on this machine",
            hint="download it first, and import the file; for addresses of images: bearkit collect LABEL=urls.txt",
        )
    raise SourceNotFoundError(
        f"{source} does not exist",
        hint="give a folder that holds one folder for each label, a zip of one, image files, or hf://USER/NAME",
    )


@lru_cache(maxsize=1)
def _importers() -> list[Importer]:
    """Every importer: first those of packages, in the order of their names, then bearkit's own."""
    added = [load_extension(entry, "importer") for entry in sorted(entry_points(group=GROUP), key=lambda e: e.name)]
    return [*added, HubDataset(), Folder(), Archive(), File()]
