"""Find the project's own folders, and files in them that the user added, moved or renamed by hand."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from bearkit.catalog.catalog import Catalog
from bearkit.catalog.labels import clean_label
from bearkit.catalog.schema import ImageRecord
from bearkit.core.project import Project
from bearkit.images import content_id
from bearkit.sources.layout import file_name

CACHES = ("bodies", "features", "pixels", "looks", "thumbnails")
CARDS = (
    ", exported with bearkit",
    ", collected and cleaned with bearkit.",
)  # texts in the cards of data sets by bearkit
MAX_BYTES = 2**20  # of a card or config.json
THEIRS = "files of somebody's own lie in images"  # key of the catalogue's setting: "yes" or "no"


def own_folders(project: Project, named: Path | None = None) -> list[Path]:
    """List the folders and files that an import of the project's folder must skip.

    These are the project's own, and the models, data sets and Spaces that bearkit wrote there. A folder that only has
    the name of one of the project's own belongs to the user, and is not listed.

    Args:
        project: the project.
        named: the folder to import. If it is in a folder that bearkit wrote, that folder is not listed.
    """
    if not project.exists:
        return []
    tops = {image.path.partition("/")[0] for image in Catalog(project).images() if not image.linked}
    own = [folder for folder in (project.unlabelled, project.trash) if folder.name in tops]
    own += [project.images] if project.images.is_dir() else []
    own += [folder for folder in written_by_bearkit(project) if named is None or not named.is_relative_to(folder)]
    return [*own, project.files_lock, *project.root.glob("catalog*.db*"), *_made_by_training(project)]


def written_by_bearkit(project: Project) -> list[Path]:
    """List the models, data sets and Spaces in the project's folder that bearkit wrote, recognised by their files."""
    own = {project.images, project.unlabelled, project.trash, project.runs, project.cache}
    written: list[Path] = []
    remaining = [project.root] if project.exists else []
    while remaining:
        folder = remaining.pop()
        with suppress(OSError):
            inside = [path for path in folder.iterdir() if path.is_dir() and not path.is_symlink()]
            for path in inside:
                if path in own or path.name.startswith("."):
                    continue
                (written if _is_written(path) else remaining).append(path)
    return written


def _is_written(folder: Path) -> bool:
    """Return whether a folder is a model, a data set or a Space that bearkit wrote."""
    config = _read_start(folder / "config.json")
    if config is not None and '"bearkit"' in config and '"label_names"' in config:
        return True
    card = _read_start(folder / "README.md") or ""
    return any(words in card for words in CARDS) or ("\nsdk: " in card and "\n- bearkit\n" in card)


def _read_start(file: Path) -> str | None:
    """Read the first MAX_BYTES of a text file; None if it cannot be read."""
    with suppress(OSError), file.open("rb") as opened:
        return opened.read(MAX_BYTES).decode("utf-8", "replace")
    return None


def images_hold_user_files(catalog: Catalog) -> bool:
    """Return whether images/ held files of the user before the project was made. bearkit never changes these.

    This is decided once, at the first import. Files that an earlier project in this folder left do not count.
    """
    known = catalog.setting(THEIRS)
    if known is None:
        project = catalog.project
        fresh = not catalog.images() and not _was_a_project(project)
        known = "yes" if fresh and any(_files(project.images, project.unlabelled)) else "no"
        catalog.save_setting(THEIRS, known, first=True)
    return known == "yes"


def _made_by_training(project: Project) -> list[Path]:
    """List the folders of runs, models and caches that bearkit made."""
    folders = [folder for folder in (project.runs, project.models) if any(folder.glob("*/config.json"))]
    return folders + ([project.cache] if any((project.cache / name).is_dir() for name in CACHES) else [])


def _was_a_project(project: Project) -> bool:
    """Return whether the folder was a project earlier, whose catalogue was moved away."""
    database = project.catalog.name
    ours = {database, f"{database}-wal", f"{database}-shm"}
    return bool(_made_by_training(project)) or any(path.name not in ours for path in project.root.glob("*catalog*.db*"))


def label_in_images(project: Project, path: Path, labels: Iterable[str]) -> str | None:
    """Return the label of a file by its folder in images/; None if it has none, or its name cannot be a label."""
    if not path.is_relative_to(project.images):
        return None
    parts = path.relative_to(project.images).parts
    if len(parts) < 2:
        return None
    return next((label for label in labels if file_name(label) == parts[0]), clean_label(parts[0]) or None)


class StrayFiles:
    """Finds missing images among the files in images/ and unlabelled/ that the catalogue does not name."""

    def __init__(self, project: Project, images: Mapping[str, ImageRecord]) -> None:
        self._project, self._images = project, images
        self._by_size: dict[int, list[Path]] | None = None

    def find(self, image: ImageRecord) -> Path | None:
        """Return the file with the content of a missing image; None if there is none. No file is returned twice."""
        if self._by_size is None:
            named = {record.path for record in self._images.values()}
            self._by_size = {}
            for path in _files(self._project.images, self._project.unlabelled):
                if path.relative_to(self._project.root).as_posix() not in named:
                    self._by_size.setdefault(path.stat().st_size, []).append(path)
        candidates = self._by_size.get(image.bytes, [])
        match = next((path for path in candidates if content_id(path.read_bytes()) == image.image_id), None)
        if match is not None:
            candidates.remove(match)
        return match


def _files(*folders: Path) -> Iterable[Path]:
    """Yield the regular files below folders, without hidden ones."""
    return (
        path
        for folder in folders
        for path in folder.rglob("*")
        if path.is_file() and not path.is_symlink() and not path.name.startswith(".")
    )
