"""The project's own folders, and what people did in them by hand: files of theirs, files that they moved or renamed."""

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
CARDS = (", exported with bearkit", ", collected and cleaned with bearkit.")  # what the cards of its data sets say
MOST_READ = 2**20  # bytes of a card or config.json
THEIRS = "files of somebody's own lie in images"  # a key of the catalogue: "yes" or "no"


def own_folders(project: Project, named: Path | None = None) -> list[Path]:
    """The folders and files that really are the project's own; another folder of the same name is the user's.

    What bearkit wrote for others is left out, unless it is itself what was `named` to be imported.
    """
    if not project.exists:
        return []
    tops = {image.path.partition("/")[0] for image in Catalog(project).images() if not image.linked}
    own = [folder for folder in (project.unlabelled, project.trash) if folder.name in tops]
    own += [project.images] if project.images.is_dir() else []
    own += [folder for folder in written_by_bearkit(project) if named is None or not named.is_relative_to(folder)]
    return [*own, project.files_lock, *project.root.glob("catalog*.db*"), *_made_by_training(project)]


def written_by_bearkit(project: Project) -> list[Path]:
    """Folders in the project's that bearkit wrote for others: models, data sets and Spaces, by what is in them."""
    own = {project.images, project.unlabelled, project.trash, project.runs, project.cache}
    found: list[Path] = []
    waiting = [project.root] if project.exists else []
    while waiting:
        folder = waiting.pop()
        with suppress(OSError):
            inside = [path for path in folder.iterdir() if path.is_dir() and not path.is_symlink()]
            for path in inside:
                if path in own or path.name.startswith("."):
                    continue
                (found if _is_written(path) else waiting).append(path)
    return found


def _is_written(folder: Path) -> bool:
    """Whether a folder is a model, a data set or a Space that bearkit wrote."""
    about = _begin(folder / "config.json")
    if about is not None and '"bearkit"' in about and '"label_names"' in about:
        return True
    card = _begin(folder / "README.md") or ""
    return any(words in card for words in CARDS) or ("\nsdk: " in card and "\n- bearkit\n" in card)


def _begin(file: Path) -> str | None:
    """The beginning of a text file; None where there is none."""
    with suppress(OSError), file.open("rb") as opened:
        return opened.read(MOST_READ).decode("utf-8", "replace")
    return None


def images_hold_user_files(catalog: Catalog) -> bool:
    """Whether images/ held files of somebody's own before it became the project's: they are never touched.

    Decided once, when the first pictures come. What an earlier project of this folder left is no longer somebody's.
    """
    known = catalog.setting(THEIRS)
    if known is None:
        project = catalog.project
        fresh = not catalog.images() and not _was_a_project(project)
        known = "yes" if fresh and any(_files(project.images, project.unlabelled)) else "no"
        catalog.save_setting(THEIRS, known, first=True)
    return known == "yes"


def _made_by_training(project: Project) -> list[Path]:
    folders = [folder for folder in (project.runs, project.models) if any(folder.glob("*/config.json"))]
    return folders + ([project.cache] if any((project.cache / name).is_dir() for name in CACHES) else [])


def _was_a_project(project: Project) -> bool:
    """Whether there are traces of an earlier project, whose catalogue was moved away."""
    database = project.catalog.name
    ours = {database, f"{database}-wal", f"{database}-shm"}
    return bool(_made_by_training(project)) or any(path.name not in ours for path in project.root.glob("*catalog*.db*"))


def label_in_images(project: Project, path: Path, labels: Iterable[str]) -> str | None:
    """The label of the folder in images/ that a file lies in; None where it lies in none, or its name is no label."""
    if not path.is_relative_to(project.images):
        return None
    parts = path.relative_to(project.images).parts
    if len(parts) < 2:
        return None
    return next((label for label in labels if file_name(label) == parts[0]), clean_label(parts[0]) or None)


class StrayFiles:
    """Files in images/ that the catalogue does not name there: where missing pictures may be now."""

    def __init__(self, project: Project, images: Mapping[str, ImageRecord]) -> None:
        self._project, self._images = project, images
        self._by_size: dict[int, list[Path]] | None = None

    def find(self, image: ImageRecord) -> Path | None:
        """Where a missing picture's file is now."""
        if self._by_size is None:
            named = {one.path for one in self._images.values()}
            self._by_size = {}
            for path in _files(self._project.images, self._project.unlabelled):
                if path.relative_to(self._project.root).as_posix() not in named:
                    self._by_size.setdefault(path.stat().st_size, []).append(path)
        same = self._by_size.get(image.bytes, [])
        found = next((path for path in same if content_id(path.read_bytes()) == image.image_id), None)
        if found is not None:
            same.remove(found)
        return found


def _files(*folders: Path) -> Iterable[Path]:
    return (
        path
        for folder in folders
        for path in folder.rglob("*")
        if path.is_file() and not path.is_symlink() and not path.name.startswith(".")
    )
