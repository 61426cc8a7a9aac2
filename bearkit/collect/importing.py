"""Import: copy pictures into the project, each checked, with a reason for every one that is left out."""

import os
from collections import Counter
from pathlib import Path

import filelock

from bearkit.collect import archive, folder
from bearkit.collect.intake import ImportReport, Intake, look
from bearkit.collect.layout import Found
from bearkit.errors import ImportSourceError, NoImagesError
from bearkit.parallel import Progress, no_progress, ordered_map
from bearkit.project import Project


def import_images(
    project: Project, source: str | os.PathLike[str], progress: Progress = no_progress, labelled: bool = True
) -> ImportReport:
    """Copy the pictures of a folder or a zip into the project.

    The layout is `label/*` or `train|valid|val|validation|test/label/*`. Every file is decoded whole; what is not a
    picture is listed with its reason, and the rest goes on. The same bytes count once. Doing it again adds only what
    is new; stopped half-way, the next call goes on.

    Args:
        project: where to; it is made when it is not there.
        source: a folder, or a zip of one.
        progress: told after each file.
        labelled: whether folders are labels; otherwise the pictures have none yet, wherever they lie.

    Raises:
        ImportSourceError: `source` does not exist or is neither folder nor zip.
        NoImagesError: there was not one usable picture in it.
    """
    found = _find(project, Path(source).expanduser(), labelled)
    project.root.mkdir(parents=True, exist_ok=True)
    with filelock.FileLock(project.files_lock):  # one import at a time; another one waits
        intake = Intake(project)
        for number, looked in enumerate(ordered_map(look, found), start=1):
            intake.take(looked)
            progress("reading pictures", number, len(found))
        report = intake.finish()
    if not report.imported and not report.duplicates:
        raise _nothing_usable(Path(source), report)
    return report


def _find(project: Project, source: Path, labelled: bool) -> list[Found]:
    if source.is_dir():
        inside = source.resolve().is_relative_to(project.images)
        kept = (project.images, project.unlabelled, project.trash, project.cache, project.runs, project.models)
        own = () if inside else kept
        return folder.find(source.resolve(), own, labelled)
    if source.is_file():
        return archive.find(source.resolve(), labelled)
    raise ImportSourceError(
        f"{source} does not exist", hint="give a folder with one folder a label in it, or a zip of one"
    )


def _nothing_usable(source: Path, report: ImportReport) -> NoImagesError:
    hint = "put pictures in one folder a label: black/1.jpg, teddy/2.jpg"
    if not report.rejected:
        return NoImagesError(f"{source} holds no files", hint)
    reason, count = Counter(row["reason"] for row in report.rejected).most_common(1)[0]
    text = f"no usable picture in {source}: all {len(report.rejected)} files were rejected, {count} because: {reason}"
    return NoImagesError(text, hint, rejected=report.rejected)
