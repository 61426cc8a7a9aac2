"""Find images whose files are missing, and say what to do about them."""

import os
import shlex
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from bearkit.catalog.catalog import Catalog
from bearkit.catalog.decisions import DecisionLog
from bearkit.catalog.schema import ImageRecord


def missing_files(catalog: Catalog) -> list[ImageRecord]:
    """Return the project's images (without deleted ones) whose files are missing, by label, then path."""
    images = DecisionLog(catalog).images()
    there = catalog.project.existing_pictures(image.path for image in images)
    return [image for image in images if image.path not in there]


def missing_sentence(missing: Sequence[ImageRecord]) -> str:
    """Return a sentence with the number of missing files of each label; "" if none is missing."""
    if not missing:
        return ""
    counts = Counter(image.label for image in missing)
    by_label = ", ".join(f"{label or 'without a label'} {n}" for label, n in counts.items())
    return f"{len(missing)} picture {'file is' if len(missing) == 1 else 'files are'} not there: {by_label}"


def missing_hint(missing: Sequence[ImageRecord], catalog: Catalog | None = None) -> str:
    """Return a hint on what to do about missing files; "" if none is missing.

    Args:
        missing: the images.
        catalog: their catalogue; then the hint names the folder they came from, if it still exists.
    """
    linked = [image for image in missing if image.linked]
    copied = [image for image in missing if not image.linked]
    option = f" -p {shlex.quote(str(catalog.project.root))}" if catalog else ""
    parts = []
    if copied:
        source = _existing_source(copied, catalog) if catalog else ""
        parts.append(f"import them again: bearkit import {shlex.quote(source) if source else 'FOLDER'}{option}")
    if linked:
        folder = _common_folder([image.path for image in linked])
        parts.append(
            f"{len(linked)} of them are linked, in {folder}: bring that back, or import them from where they are now: "
            f"bearkit import FOLDER --link{option}"
        )
    return "; ".join([*parts, "or delete these pictures in the review"]) if parts else ""


def _existing_source(images: Sequence[ImageRecord], catalog: Catalog) -> str:
    """Return the folder or archive that images came from; "" if none of their source files exists."""
    ids, root = {image.image_id for image in images}, catalog.project.root
    origins = [source.origin for source in catalog.origins() if source.image_id in ids and "://" not in source.origin]
    files = [origin for origin in origins if Path(origin).is_file() and not Path(origin).is_relative_to(root)]
    archives = {name for origin in origins if Path(name := origin.partition("!")[0]).is_file() and name != origin}
    if files:
        return _common_folder(files)
    return archives.pop() if len(archives) == 1 else ""


def _common_folder(paths: Sequence[str]) -> str:
    """Return the folder that contains all files."""
    try:
        return os.path.commonpath([str(Path(path).parent) for path in paths])
    except ValueError:  # they are on several drives of Windows
        return str(Path(paths[0]).parent)
