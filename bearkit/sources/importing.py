"""Import images into a project: decode and check each file, and list every file that is left out with the reason."""

import os
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import filelock

from bearkit.catalog import label_set_file
from bearkit.catalog.catalog import Catalog
from bearkit.catalog.decisions import DecisionLog, labels_of
from bearkit.catalog.label_set import label_set
from bearkit.catalog.labels import clean_label, label_problem
from bearkit.core.parallel import Progress, cores, no_progress, ordered_map
from bearkit.core.paths import expand_user, is_there, resolve_path
from bearkit.core.project import Project
from bearkit.errors import BearkitError, ImportSourceError, NoImagesError
from bearkit.sources import archive
from bearkit.sources.decoded import DecodedSource, decode_source
from bearkit.sources.folder_names import split_of
from bearkit.sources.ingest import ImportReport, Ingestor
from bearkit.sources.label_notes import look_alike_notes, tidy_labels
from bearkit.sources.label_reading import read_labels
from bearkit.sources.layout import SourceItem, archive_problem, readable_path
from bearkit.sources.own_folder import label_in_images, own_folders
from bearkit.sources.plugins import find_importer
from bearkit.sources.preview import Preview, make_preview
from bearkit.sources.scheme import ReadingOptions
from bearkit.sources.zip_names import is_zip

MAX_READERS = 16  # files that are read and decoded at once
MAX_HELD = 4 * 2**20  # bytes; a larger file does not wait in memory until it is copied
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
    """Import the images of a folder, a zip, single files, or a data set on the Hub into a project.

    The layout is `LABEL/*` or `train|valid|test/LABEL/*` (see `bearkit.sources.label_reading`). If it can be read in
    several ways, nothing is copied and the error lists them; so for a flat folder or zip: one label, or none yet?
    Every file is decoded in full; files that are not images are listed with a reason. The same bytes are stored once.
    Importing again adds only what is new; after an interruption, it continues.

    Args:
        project: the project; created if it does not exist.
        source: a folder, a zip of a folder, a file, `hf://USER/NAME`, a source that an installed importer accepts (see
            `bearkit.sources.plugins`), or several of them.
        progress: called after each file.
        labelled: whether to read labels, from folders or tables. If not, the images get no label.
        label: one label for all images; nothing is read from folders.
        link: use the files where they are instead of copying them. A file in a zip cannot be linked.
        called: returns the origin to store for a file's path; the path itself if None.
        label_from: where labels are read from: "folder" (the outermost folder), "parent" (the folder that holds the
            file), "name" (the beginning of the file's name) or "metadata" (a table with the columns file_name and
            label); None to decide by the layout.
        splits: whether folders named train, valid, test and the like are splits; None to decide by the layout.
        understood: called with the labels and splits before anything is copied.

    Returns:
        Counts, and every file that was rejected or left out with the reason.

    Raises:
        ImportSourceError: `source` does not exist or cannot be read.
        AmbiguousLayoutError: the layout can be read in several ways.
        NoImagesError: no file of the source is a usable image.
    """
    if link:
        _refuse_archives(source)
    items, notes = _list_items(project, source, labelled, label, ReadingOptions(label_from, splits))
    items, described = _without_label_sets(items)
    if called is not None:
        items = [replace(item, origin=called(item.origin)) for item in items]
    if understood is not None:
        understood(make_preview(items, notes))
    project.require_writable().root.mkdir(parents=True, exist_ok=True)
    own = _own_labels(project) if described else set()
    with filelock.FileLock(project.files_lock):  # one import at a time; another one waits
        ingestor = Ingestor(project, link)
        try:
            for number, decoded in enumerate(ordered_map(_decode, items, min(cores(), MAX_READERS)), start=1):
                ingestor.add(decoded)
                progress("reading pictures", number, len(items))
        finally:
            report = ingestor.close()
    report.notes = [*notes, *report.notes]
    if labelled and label is None:
        report.notes += [note for item in described for note in _add_label_set(project, item, own)]
    if not report.imported and not report.duplicates:
        raise _with_missing(_no_usable_image(source, report), report)
    return report


def preview_import(
    project: Project,
    source: Source | Sequence[Source],
    labelled: bool = True,
    label: str | None = None,
    label_from: str | None = None,
    splits: bool | None = None,
) -> Preview:
    """Return what `import_images` would import. No file is opened or copied, and the project is not created.

    Args:
        project: the project, which need not exist.
        source: see `import_images`, as for the other arguments.
        labelled: whether to read labels.
        label: one label for all images.
        label_from: where labels are read from.
        splits: whether folders named train, valid, test and the like are splits.

    Raises:
        ImportSourceError: `source` does not exist or cannot be read.
        AmbiguousLayoutError: the layout can be read in several ways.
    """
    items, notes = _list_items(project, source, labelled, label, ReadingOptions(label_from, splits))
    return make_preview(_without_label_sets(items)[0], notes)


def _without_label_sets(items: Sequence[SourceItem]) -> tuple[list[SourceItem], list[SourceItem]]:
    """Return the items without the files that say what labels mean, and these files."""
    described = [item for item in items if item.place.name == label_set_file.NAME and not item.ignored]
    return [item for item in items if item not in described], described


def _own_labels(project: Project) -> set[str]:
    """Return the labels of a project; none before it exists."""
    return {row["label"] for row in label_set(Catalog(project))} if project.exists else set()


def _add_label_set(project: Project, item: SourceItem, own: set[str]) -> list[str]:
    """Add what a file of the source says about its labels. Returns sentences about it. See `add_label_set`."""
    try:
        return label_set_file.add_label_set(Catalog(project), item.read().decode("utf-8"), own)
    except (BearkitError, UnicodeDecodeError) as error:
        return [f"the descriptions of labels in {item.place} are not used: {error}"]


def _as_list(source: Source | Sequence[Source]) -> Sequence[Source]:
    return [source] if isinstance(source, str | os.PathLike) else source


def _refuse_archives(source: Source | Sequence[Source]) -> None:
    for path in map(Path, _as_list(source)):
        if "://" not in str(path) and is_there(path) and is_zip(expand_user(path)):
            raise ImportSourceError(
                f"{path} is an archive, and the files in an archive cannot be linked",
                hint="unpack it and import the folder with --link; or leave out --link, and its pictures are copied",
            )


def _list_items(
    project: Project, source: Source | Sequence[Source], labelled: bool, label: str | None, options: ReadingOptions
) -> tuple[list[SourceItem], list[str]]:
    """List every file of the sources with its label and split; also return sentences about how they were read."""
    if label is not None and not label.strip():
        raise ImportSourceError("the label is empty", hint="--label NAME, or --unlabelled for pictures without one")
    if problem := label_problem(label or ""):
        raise ImportSourceError(f"this cannot be a label: {problem}", hint="--label NAME, with visible characters")
    if options.label_from is not None and (label is not None or not labelled):
        raise ImportSourceError(
            f"--label-from {options.label_from} contradicts --label and --unlabelled",
            hint="leave out --label-from, or --label and --unlabelled",
        )
    items: list[SourceItem] = []
    notes: list[str] = []
    for path in _as_list(source):
        new, new_notes = _list_source(project, os.fspath(path), labelled and label is None, options)
        items += [item if label is None or item.ignored else replace(item, label=label) for item in new]
        notes += [note for note in new_notes if note not in notes]
    items, tidying = tidy_labels(items)
    labels = {item.label for item in items if item.label and not item.problem}
    return items, notes + tidying + look_alike_notes(project, labels)


def _list_source(
    project: Project, source: str, labelled: bool, options: ReadingOptions
) -> tuple[list[SourceItem], list[str]]:
    path = Path(source) if "://" in source else resolve_path(source, "what to import", ImportSourceError)
    source = source if "://" in source else str(expand_user(source))
    inside = path.is_relative_to(project.images)
    items = list(find_importer(source).find(source, labelled, () if inside else own_folders(project, path)))
    notes = [note] if is_zip(path) and (note := archive.unsure_names_note(path)) else []
    if not labelled:
        return [_with_split(item) for item in items] if options.splits else items, notes
    if inside and path.is_dir() and options == ReadingOptions() and project.exists:
        return _label_by_own_folders(project, items), notes
    root = "" if "://" in source else readable_path(path.stem if path.is_file() else path.name)
    known = labels_of(DecisionLog(Catalog(project)).images()) if project.exists else []
    items, reading_notes = read_labels(items, root if clean_label(root) else "", options, known)
    return items, notes + reading_notes


def _with_split(item: SourceItem) -> SourceItem:
    """Give a file without a label the split that a folder around it names."""
    dirs = item.inside.parts[:-1] if item.inside else ()
    return replace(item, split=next(filter(None, map(split_of, dirs)), item.split))


def _label_by_own_folders(project: Project, items: Sequence[SourceItem]) -> list[SourceItem]:
    """Label files in the project's own images/: the first folder there is the label, whatever its name."""
    labels = labels_of(DecisionLog(Catalog(project)).images())
    result = []
    for item in items:
        label = label_in_images(project, Path(item.origin), labels)
        problem = item.problem or ("" if label else "it is in no label's folder")
        result.append(replace(item, label=label, problem=problem))
    return result


def _decode(item: SourceItem) -> DecodedSource:
    """Read and decode a file. A large one is read again when it is copied, so that memory holds only a few."""
    decoded = decode_source(item)
    return replace(decoded, data=b"") if len(decoded.data) > MAX_HELD else decoded


def _with_missing(error: NoImagesError, report: ImportReport) -> NoImagesError:
    """Add to an error that files of the project are missing."""
    if not report.missing:
        return error
    n = len(report.missing)
    text = f"{error}; {n} picture {'file' if n == 1 else 'files'} of the project {'is' if n == 1 else 'are'} missing"
    return NoImagesError(text, report.hint, missing=report.missing, **error.details)


def _no_usable_image(source: Source | Sequence[Source], report: ImportReport) -> NoImagesError:
    names = ", ".join(map(str, _as_list(source)))
    hint = "put pictures into one folder for each label: black/1.jpg, teddy/2.jpg"
    if any(row["reason"] == archive_problem(".zip") for row in report.rejected):
        hint = "unpack it first, and import the zip or folder inside"
    if not report.rejected:
        return NoImagesError(f"{names} holds no files", hint)
    n = len(report.rejected)
    reason, count = Counter(row["reason"] for row in report.rejected).most_common(1)[0]
    text = f"no usable picture in {names}: all {n} files were rejected, {count} because: {reason}"
    return NoImagesError(text, hint, rejected=report.rejected)
