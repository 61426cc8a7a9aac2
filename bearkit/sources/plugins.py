"""Where pictures can be imported from. A package can add a source of its own: an entry point of this group.

    [project.entry-points."bearkit.importers"]
    scans = "my_package.scans:Scans"

names a class without arguments that is an `Importer`. It is asked before bearkit's own; bearkit's importer of sounds
(`bearkit.sources.audio`) is one that is registered in this very way.
"""

import re
from collections.abc import Collection, Sequence
from functools import lru_cache
from importlib.metadata import entry_points
from pathlib import Path
from typing import Protocol

from bearkit.core.paths import real
from bearkit.errors import ImportSourceError
from bearkit.sources import archive, folder
from bearkit.sources.hub_dataset import HubDataset
from bearkit.sources.layout import SourceItem
from bearkit.sources.zip_names import is_zip

GROUP = "bearkit.importers"


class Importer(Protocol):
    """A kind of source: it finds files, and says how the bytes of each become those of a picture."""

    def accepts(self, source: str) -> bool:
        """Whether this source is one of this kind; a quick look, nothing is read whole."""
        ...

    def find(self, source: str, labelled: bool, leave_out: Collection[Path]) -> Sequence[SourceItem]:
        """Every file of the source, with its label ("" for all of them if not `labelled`).

        A file without a label, and with its place `inside` the source, gets its label from the folders around it, as
        those of a folder do. Folders in `leave_out` are the project's own, and are not looked into.

        Raises:
            ImportSourceError: the source cannot be read.
        """
        ...


class Folder:
    """A folder of folders."""

    def accepts(self, source: str) -> bool:
        """See `Importer.accepts`."""
        return Path(source).is_dir()

    def find(self, source: str, labelled: bool, leave_out: Collection[Path]) -> Sequence[SourceItem]:
        """See `Importer.find`."""
        return folder.list_files(real(source), leave_out, labelled, tell=True)


class Archive:
    """A zip of a folder of folders."""

    def accepts(self, source: str) -> bool:
        """See `Importer.accepts`."""
        return is_zip(Path(source))

    def find(self, source: str, labelled: bool, leave_out: Collection[Path]) -> Sequence[SourceItem]:
        """See `Importer.find`."""
        return archive.list_files(real(source), labelled, tell=True)


class File:
    """A single picture, whose label must be given."""

    def accepts(self, source: str) -> bool:
        """See `Importer.accepts`."""
        return Path(source).is_file()

    def find(self, source: str, labelled: bool, leave_out: Collection[Path]) -> Sequence[SourceItem]:
        """See `Importer.find`."""
        return [folder.single_file(real(source), labelled)]


def find_importer(source: str) -> Importer:
    """Who can read this source.

    Raises:
        ImportSourceError: nobody.
    """
    for one in _importers():
        if one.accepts(source):
            return one
    if found := re.fullmatch(r"https?://huggingface\.co/datasets/([^/]+/[^/?#]+).*", source):
        raise ImportSourceError(
            f"{source} is the page of a data set", hint=f"bearkit import hf://{found[1]} takes the data set itself"
        )
    if "://" in source:
        raise ImportSourceError(
            f"{source} is an address, and import takes what is on this machine",
            hint="download it first, and import the file; for pictures' addresses: bearkit collect LABEL=urls.txt",
        )
    raise ImportSourceError(
        f"{source} does not exist",
        hint="give a folder with one folder a label in it, a zip of one, files, or hf://USER/NAME",
    )


@lru_cache(maxsize=1)
def _importers() -> list[Importer]:
    """Those that packages added, then our own.

    Raises:
        ImportSourceError: one that a package added cannot be loaded.
    """
    added: list[Importer] = []
    for entry in sorted(entry_points(group=GROUP), key=lambda entry: entry.name):
        try:
            added.append(entry.load()())
        except Exception as error:  # somebody else's code
            raise ImportSourceError(
                f"the importer `{entry.name}` ({entry.value}) cannot be loaded: {error}",
                hint="upgrade or uninstall the package that it belongs to",
            ) from error
    return [*added, HubDataset(), Folder(), Archive(), File()]
