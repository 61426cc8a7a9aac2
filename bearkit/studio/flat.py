"""Folders and zips whose pictures lie in no folder of a label: one has to say whether they have one label, or none."""

import zipfile
from contextlib import suppress
from pathlib import Path, PurePosixPath

from bearkit.images import suffixes


def name_of(source: str) -> str | None:
    """The name of the one folder that all pictures of a folder or zip lie in; None where folders name labels.

    Args:
        source: as it was typed; what is neither a folder nor a zip is not flat.
    """
    path = Path(source).expanduser()
    with suppress(OSError, zipfile.BadZipFile):
        if path.is_dir():
            path = path.resolve()
            names = [one.relative_to(path.parent).as_posix() for one in path.rglob("*") if one.is_file()]
        elif path.is_file() and path.suffix.lower() == ".zip":
            with zipfile.ZipFile(path) as zipped:
                names = [f"{path.stem}/{name}" for name in zipped.namelist() if not name.endswith("/")]
        else:
            return None
        folders = {one.parent for one in map(PurePosixPath, names) if _is_picture(one)}
        folder = folders.pop() if len(folders) == 1 else None
        if folder is not None and len(folder.parts) <= 2 - path.is_dir():
            return folder.name
    return None


def _is_picture(path: PurePosixPath) -> bool:
    litter = any(part.startswith((".", "__MACOSX")) for part in path.parts)
    return not litter and path.suffix.lower() in suffixes()
