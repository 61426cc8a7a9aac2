"""Import: bring pictures into the project, each checked, with a reason for every one that is left out."""

import os
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import filelock

from bearkit.collect.importers import importer_of
from bearkit.collect.intake import ImportReport, Intake, look
from bearkit.collect.layout import Found, label_of
from bearkit.errors import ImportSourceError, NoImagesError
from bearkit.parallel import Progress, no_progress, ordered_map
from bearkit.project import Project

Source = str | os.PathLike[str]


def import_images(
    project: Project,
    source: Source | Sequence[Source],
    progress: Progress = no_progress,
    labelled: bool = True,
    label: str | None = None,
    link: bool = False,
    called: Callable[[str], str] | None = None,
) -> ImportReport:
    """Bring the pictures of a folder, a zip, files or a data set on the Hub into the project.

    The layout is `label/*` or `train|valid|val|validation|test/label/*`. Every file is decoded whole; what is not a
    picture is listed with its reason, and the rest goes on. The same bytes count once. Doing it again adds only what
    is new; stopped half-way, the next call goes on.

    Args:
        project: where to; it is made when it is not there.
        source: a folder, a zip of one, a file, `hf://USER/NAME`, whatever an importer that is installed accepts, or
            several of them.
        progress: told after each file.
        labelled: whether folders are labels; otherwise the pictures have none yet, wherever they lie.
        label: the label of all of them, wherever they lie.
        called: what to call where each file was; its path, if left out.
        link: leave them where they are instead of copying them; only what is a file of its own can be linked.

    Raises:
        ImportSourceError: `source` does not exist or cannot be read.
        NoImagesError: there was not one usable picture in it.
    """
    every = [source] if isinstance(source, str | os.PathLike) else source
    found = [one for text in every for one in _find(project, os.fspath(text), labelled and label is None)]
    if label is not None:
        if not label.strip():
            raise ImportSourceError("the label is empty", hint="--label NAME, or --unlabelled for pictures without one")
        found = [replace(one, label=label_of(label)) for one in found]
    if called is not None:
        found = [replace(one, origin=called(one.origin)) for one in found]
    project.require_writable().root.mkdir(parents=True, exist_ok=True)
    with filelock.FileLock(project.files_lock):  # one import at a time; another one waits
        intake = Intake(project, link)
        try:
            for number, looked in enumerate(ordered_map(look, found), start=1):
                intake.take(looked)
                progress("reading pictures", number, len(found))
        finally:
            report = intake.finish()
    if not report.imported and not report.duplicates:
        raise _nothing_usable(", ".join(str(text) for text in every), report)
    return report


def _find(project: Project, source: str, labelled: bool) -> Sequence[Found]:
    source = source if "://" in source else str(Path(source).expanduser())
    inside = Path(source).resolve().is_relative_to(project.images)
    kept = (project.images, project.unlabelled, project.trash, project.cache, project.runs, project.models)
    return importer_of(source).find(source, labelled, () if inside else kept)


def _nothing_usable(source: str, report: ImportReport) -> NoImagesError:
    hint = "put pictures in one folder a label: black/1.jpg, teddy/2.jpg"
    if not report.rejected:
        return NoImagesError(f"{source} holds no files", hint)
    reason, count = Counter(row["reason"] for row in report.rejected).most_common(1)[0]
    text = f"no usable picture in {source}: all {len(report.rejected)} files were rejected, {count} because: {reason}"
    return NoImagesError(text, hint, rejected=report.rejected)
