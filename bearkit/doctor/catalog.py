"""Check the catalogue's file, and that each image file is at its path and unchanged."""

from collections.abc import Iterator
from pathlib import Path

from bearkit.catalog import repair
from bearkit.catalog.backup import backup_path, backup_time
from bearkit.catalog.catalog import Catalog
from bearkit.catalog.schema import ImageRecord
from bearkit.core.parallel import Progress, ordered_map
from bearkit.core.project import Project
from bearkit.doctor.problems import Problem
from bearkit.errors import ImageError, ProjectError
from bearkit.images import content_id, read_file, suffixes

MISSING = "the file is missing"
OUTSIDE = "its path leads out of the project's folders of pictures"
MAX_NAMED = 3  # faults of the catalogue in one sentence


def check_catalogue(project: Project, mend: bool) -> list[Problem]:
    """Check the catalogue's file, and rebuild it if it is damaged and `mend` is set. Returns at most one problem."""
    faults = repair.find_faults(project) if project.catalog.exists() else ["it is missing"]
    if not faults:
        return []
    more = f", and {len(faults) - MAX_NAMED} more" if len(faults) > MAX_NAMED else ""
    problem = Problem(
        f"the catalogue is damaged: {'; '.join(faults[:MAX_NAMED])}{more}", str(project.catalog), _hint(project)
    )
    if not mend:
        return [problem]
    try:
        damaged = repair.rebuild(project)
    except ProjectError as error:
        return [Problem(problem.what, problem.where, error.hint)]
    return [problem.done(f"rebuilt from {_backup(project)}what could be read; the damaged file is {damaged.name} now")]


def _hint(project: Project) -> str:
    return f"`--mend` rebuilds it from {_backup(project)}what can still be read, and keeps the damaged file"


def _backup(project: Project) -> str:
    """Name the catalogue's backup for a sentence; an empty text if there is none."""
    when = backup_time(project.catalog)
    return f"its copy of {when:%Y-%m-%d %H:%M} ({backup_path(project.catalog).name}) and " if when else ""


def check_pictures(project: Project, mend: bool, progress: Progress) -> list[Problem]:
    """Find images whose files are missing or changed, and image files that the catalogue does not know.

    With `mend`, the catalogue gets the new path of a file that was moved inside the project.
    """
    catalog = Catalog(project)
    images = catalog.images()
    wrong = []
    for number, (image, why) in enumerate(zip(images, ordered_map(lambda i: _why(catalog, i), images), strict=True), 1):
        progress("checking pictures", number, len(images))
        if why:
            wrong.append((image, why))
    unknown = list(_unknown(project, {project.root / image.path for image in images}))
    gone = {image.image_id for image, why in wrong if why in (MISSING, OUTSIDE)}
    at = {image_id: path for path in unknown if gone and (image_id := _id_of(path)) in gone}
    problems = [_wrong(catalog, image, why, at.get(image.image_id), mend) for image, why in wrong]
    hint = "`bearkit import` takes it in, or move it away"
    left = [path for path in unknown if path not in at.values()]
    return problems + [Problem("the catalogue does not know this file", str(path), hint) for path in left]


def _why(catalog: Catalog, image: ImageRecord) -> str:
    """Say what is wrong with an image's file; an empty text if it is in order."""
    try:
        path = catalog.path(image)
    except ImageError:
        return OUTSIDE
    if not catalog.project.has_picture(image.path):
        return MISSING
    try:
        same = path.stat().st_size == image.bytes and content_id(read_file(path)) == image.image_id
    except (ImageError, OSError) as error:
        return f"the file cannot be read: {error}"
    return "" if same else "the file is not the one that was imported"


def _wrong(catalog: Catalog, image: ImageRecord, why: str, found_at: Path | None, mend: bool) -> Problem:
    where = str(catalog.project.root / image.path)
    if found_at is None:
        return Problem(why, where, "bring it back, or import the picture again; until then trainings leave it out")
    place = found_at.relative_to(catalog.project.root).as_posix()
    problem = Problem(why, where, f"it is at {place} now; `--mend` writes that path into the catalogue")
    if not mend:
        return problem
    catalog.update_image(image.image_id, path=place)
    return problem.done(f"the catalogue has its new path {place}")


def _unknown(project: Project, known: set[Path]) -> Iterator[Path]:
    """Yield the image files in the project's folders that are not among the known ones."""
    for folder in (project.images, project.unlabelled, project.trash):
        for path in sorted(folder.rglob("*")):
            hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
            if path.suffix.lower() in suffixes() and not hidden and path not in known and path.is_file():
                yield path


def _id_of(path: Path) -> str:
    """Return the image_id of a file; an empty text if it cannot be read."""
    try:
        return content_id(read_file(path))
    except (ImageError, OSError):
        return ""
