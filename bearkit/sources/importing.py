"""Import: bring pictures into the project, each checked, with a reason for every one that is left out."""

import os
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import filelock

from bearkit.catalog.catalog import Catalog
from bearkit.catalog.decisions import DecisionLog, labels_of
from bearkit.catalog.labels import label_of, label_problem
from bearkit.core.parallel import Progress, cores, no_progress, ordered_map
from bearkit.core.paths import is_there, located, written_out
from bearkit.core.project import Project
from bearkit.errors import ImportSourceError, NoImagesError
from bearkit.sources import archive
from bearkit.sources.decoded import DecodedSource, decode_source
from bearkit.sources.folder_names import split_of
from bearkit.sources.ingest import ImportReport, Ingestor
from bearkit.sources.label_notes import alike, tidied
from bearkit.sources.label_reading import understand
from bearkit.sources.layout import SourceItem, archive_problem, readable
from bearkit.sources.own_folder import label_in_images, own_folders
from bearkit.sources.plugins import importer_of
from bearkit.sources.preview import Preview, preview_of
from bearkit.sources.scheme import How
from bearkit.sources.zip_names import is_zip

READERS = 16  # files that are read and decoded at once, at the most
HELD = 4 * 2**20  # bytes: a larger file does not wait in memory for being copied
Source = str | os.PathLike[str]


def import_images(
    project: Project,
    source: Source | Sequence[Source],
    progress: Progress = no_progress,
    labelled: bool = True,
    label: str | None = None,
    link: bool = False,
    called: Callable[[str], str] | None = None,
    label_from: str | None = None,
    splits: bool | None = None,
    understood: Callable[[Preview], None] | None = None,
) -> ImportReport:
    """Bring the pictures of a folder, a zip, files or a data set on the Hub into the project.

    The layout is `label/*` or `train|valid|test/label/*` (see `bearkit.sources.label_reading`); where it can be read in
    several ways, nothing is copied and the error names them. Every file is decoded whole; what is not a picture is
    listed with its reason, and the rest goes on. The same bytes count once. Doing it again adds only what is new;
    stopped half-way, the next call goes on.

    Args:
        project: where to; it is made when it is not there.
        source: a folder, a zip of one, a file, `hf://USER/NAME`, whatever an importer that is installed accepts, or
            several of them.
        progress: told after each file.
        labelled: whether folders are labels; otherwise the pictures have none yet, wherever they lie.
        label: the label of all of them, wherever they lie.
        called: what to call where each file was; its path, if left out.
        link: leave them where they are instead of copying them; only what is a file of its own can be linked.
        label_from: what says the label: "folder" (the outermost one), "parent" (the folder right around each file),
            "name" (what the file's name begins with) or "metadata" (a table with the columns file_name and label).
        splits: whether folders named train, valid, test and the like are splits.
        understood: told the labels and splits before anything is copied.

    Raises:
        ImportSourceError: `source` does not exist, cannot be read, or can be read in several ways.
        NoImagesError: there was not one usable picture in it.
    """
    if link:
        _refuse_archives(source)
    found, notes = _understood(project, source, labelled, label, How(label_from, splits))
    if called is not None:
        found = [replace(one, origin=called(one.origin)) for one in found]
    if understood is not None:
        understood(preview_of(found, notes))
    project.require_writable().root.mkdir(parents=True, exist_ok=True)
    with filelock.FileLock(project.files_lock):  # one import at a time; another one waits
        intake = Ingestor(project, link)
        try:
            for number, looked in enumerate(ordered_map(_look, found, min(cores(), READERS)), start=1):
                intake.take(looked)
                progress("reading pictures", number, len(found))
        finally:
            report = intake.finish()
    report.notes = [*notes, *report.notes]
    if not report.imported and not report.duplicates:
        raise _with_missing(_nothing_usable(source, report), report)
    return report


def preview_import(
    project: Project,
    source: Source | Sequence[Source],
    labelled: bool = True,
    label: str | None = None,
    label_from: str | None = None,
    splits: bool | None = None,
) -> Preview:
    """What `import_images` would make of its sources: nothing is copied, and the project is not made.

    Raises:
        ImportSourceError: `source` does not exist, cannot be read, or can be read in several ways.
    """
    return preview_of(*_understood(project, source, labelled, label, How(label_from, splits)))


def _refuse_archives(source: Source | Sequence[Source]) -> None:
    every = [source] if isinstance(source, str | os.PathLike) else source
    for path in map(Path, every):
        if "://" not in str(path) and is_there(path) and is_zip(written_out(path)):
            raise ImportSourceError(
                f"{path} is an archive, and what is in it cannot be linked",
                hint="unpack it and import the folder with --link; or leave out --link: its pictures are copied then",
            )


def _understood(
    project: Project, source: Source | Sequence[Source], labelled: bool, label: str | None, how: How
) -> tuple[list[SourceItem], list[str]]:
    """Every file of the sources with its label and split, and what there is to say about them."""
    if label is not None and not label.strip():
        raise ImportSourceError("the label is empty", hint="--label NAME, or --unlabelled for pictures without one")
    if problem := label_problem(label or ""):
        raise ImportSourceError(f"this cannot be a label: {problem}", hint="--label NAME, with letters you can see")
    if how.label_from is not None and (label is not None or not labelled):
        raise ImportSourceError(
            f"labels are either given for all of them, or read from `{how.label_from}`",
            hint="leave out --label-from, or --label and --unlabelled",
        )
    found, notes = [], []
    for text in [source] if isinstance(source, str | os.PathLike) else source:
        every, said = _find(project, os.fspath(text), labelled and label is None, how)
        found += [one if label is None or one.aside else replace(one, label=label) for one in every]
        notes += [one for one in said if one not in notes]
    found, said = tidied(found)
    return found, notes + said + alike(project, {one.label for one in found if one.label and not one.problem})


def _find(project: Project, source: str, labelled: bool, how: How) -> tuple[list[SourceItem], list[str]]:
    path = Path(source) if "://" in source else located(source, "what to import", ImportSourceError)
    source = source if "://" in source else str(written_out(source))
    inside = path.is_relative_to(project.images)
    found = list(importer_of(source).find(source, labelled, () if inside else own_folders(project, path)))
    notes = [text] if is_zip(path) and (text := archive.unsure_names(path)) else []
    if not labelled:
        return [_in_its_split(one) for one in found] if how.splits else found, notes
    if inside and path.is_dir() and how == How() and project.exists:
        return _in_own_images(project, found), notes
    root = "" if "://" in source else readable(path.stem if path.is_file() else path.name)
    found, said = understand(found, root if label_of(root) else "", how)
    return found, notes + said


def _in_its_split(one: SourceItem) -> SourceItem:
    """A file that needs no label, with the split that a folder around it says."""
    dirs = one.inside.parts[:-1] if one.inside else ()
    return replace(one, split=next(filter(None, map(split_of, dirs)), one.split))


def _in_own_images(project: Project, found: Sequence[SourceItem]) -> list[SourceItem]:
    """Files in the project's own images/: the first folder there is the label, whatever it is called."""
    labels = labels_of(DecisionLog(Catalog(project)).images())
    result = []
    for one in found:
        label = label_in_images(project, Path(one.origin), labels)
        problem = one.problem or ("" if label else "it is in no label's folder")
        result.append(replace(one, label=label, problem=problem))
    return result


def _look(found: SourceItem) -> DecodedSource:
    """Read and decode a file; a large one is read again when it is copied, so that few of them are in memory."""
    looked = decode_source(found)
    return replace(looked, data=b"") if len(looked.data) > HELD else looked


def _with_missing(error: NoImagesError, report: ImportReport) -> NoImagesError:
    """The same error, with the pictures of the project whose files are gone."""
    if not report.missing:
        return error
    n = len(report.missing)
    said = f"{error}; {n} picture {'file' if n == 1 else 'files'} of the project {'is' if n == 1 else 'are'} not there"
    return NoImagesError(said, report.hint, missing=report.missing, **error.details)


def _nothing_usable(sources: Source | Sequence[Source], report: ImportReport) -> NoImagesError:
    every = [sources] if isinstance(sources, str | os.PathLike) else sources
    source, hint = ", ".join(map(str, every)), "put pictures in one folder a label: black/1.jpg, teddy/2.jpg"
    if any(row["reason"] == archive_problem(".zip") for row in report.rejected):
        hint = "unpack it first and import the zip or folder inside"
    if not report.rejected:
        return NoImagesError(f"{source} holds no files", hint)
    reason, count = Counter(row["reason"] for row in report.rejected).most_common(1)[0]
    text = f"no usable picture in {source}: all {len(report.rejected)} files were rejected, {count} because: {reason}"
    return NoImagesError(text, hint, rejected=report.rejected)
