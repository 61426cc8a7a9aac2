"""The features and labels of a project's images, held once for all tabs that show images in a grid."""

import threading

from bearkit.catalog.catalog import Catalog
from bearkit.catalog.settings import catalog_name
from bearkit.core.project import Project
from bearkit.labelling.image_index import ImageIndex


class SharedIndex:
    """Gives the tabs the index of the project's present catalogue. Its methods may be called from several threads.

    The index itself sees every change of the catalogue; see `ImageIndex`. New images are read in a thread.

    Attributes:
        progress: how far the task is that pages wait for; "" if there is none.
    """

    def __init__(self, project: Project) -> None:
        self.project, self.progress = project, ""
        self._lock = threading.Lock()
        self._index: ImageIndex | None = None
        self._name = ""  # of the catalogue that the index reads

    def get(self) -> ImageIndex | None:
        """Return the index; None if there is no project."""
        with self._lock:
            if not self.project.exists:
                return None
            name = catalog_name(Catalog(self.project))
            if self._index is None or self._name != name:  # the project's folder may hold a new catalogue
                self._index, self._name = ImageIndex(self.project, self._follow, wait=False), name
            return self._index

    def _follow(self, what: str, done: int, total: int) -> None:
        self.progress = f"{what}: {done} of {total} …" if done < total else ""
