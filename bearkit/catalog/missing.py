"""Pictures whose files are not where the catalogue says, and what helps."""

import os
import shlex
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from bearkit.catalog.catalog import Catalog
from bearkit.catalog.decisions import DecisionLog
from bearkit.catalog.schema import ImageRecord


def missing_files(catalog: Catalog) -> list[ImageRecord]:
    """The pictures of the project, deleted ones left out, whose files are gone, by label, then path."""
    return [image for image in DecisionLog(catalog).images() if not catalog.project.has_picture(image.path)]


def missing_sentence(missing: Sequence[ImageRecord]) -> str:
    """How many files are not there, label by label; "" where all are."""
    if not missing:
        return ""
    of = ", ".join(f"{label or 'without a label'} {n}" for label, n in Counter(one.label for one in missing).items())
    return f"{len(missing)} picture {'file is' if len(missing) == 1 else 'files are'} not there: {of}"


def missing_hint(missing: Sequence[ImageRecord], catalog: Catalog | None = None) -> str:
    """What to do about pictures whose files are gone; "" where there are none.

    Args:
        missing: the pictures.
        catalog: whose; then the hint says where their files came from, and looks whether they are still there.
    """
    linked, own = [one for one in missing if one.linked], [one for one in missing if not one.linked]
    place = f" -p {shlex.quote(str(catalog.project.root))}" if catalog else ""
    parts = []
    if own:
        came = _still_there(own, catalog) if catalog else ""
        parts.append(f"import them again: bearkit import {shlex.quote(came) if came else 'FOLDER'}{place}")
    if linked:
        folder = _around([one.path for one in linked])
        parts.append(
            f"{len(linked)} of them are linked, in {folder}: bring that back, or tell where they are now: "
            f"bearkit import FOLDER --link{place}"
        )
    return "; ".join([*parts, "or delete these pictures in the review"]) if parts else ""


def _still_there(images: Sequence[ImageRecord], catalog: Catalog) -> str:
    """The folder or archive that the files came from, if one of them is still there."""
    ids, root = {one.image_id for one in images}, catalog.project.root
    origins = [source.origin for source in catalog.origins() if source.image_id in ids and "://" not in source.origin]
    files = [origin for origin in origins if Path(origin).is_file() and not Path(origin).is_relative_to(root)]
    archives = {name for origin in origins if Path(name := origin.partition("!")[0]).is_file() and name != origin}
    if files:
        return _around(files)
    return archives.pop() if len(archives) == 1 else ""


def _around(paths: Sequence[str]) -> str:
    """The folder around files."""
    try:
        return os.path.commonpath([str(Path(path).parent) for path in paths])
    except ValueError:  # on several drives
        return str(Path(paths[0]).parent)
