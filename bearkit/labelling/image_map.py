"""The map of a project's images: kept in the cache, and computed in a thread while people look at the last one."""

import hashlib
import threading
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from bearkit.core.atomic import atomic_write, writable_cache
from bearkit.core.log import logger
from bearkit.core.parallel import Progress, no_progress
from bearkit.datasets.seed import project_seed
from bearkit.labelling.label_queue import LabelQueue
from bearkit.labelling.map_layout import flat_layout, map_layout, place_beside
from bearkit.labelling.snapshot import Snapshot

RECIPE = 1  # version of the layout: increase it when `map_layout` gives another map
AGAIN = 0.1  # of the images on a map: when more images than these are new, the map is computed again


@dataclass(frozen=True, eq=False)
class ComputedMap:
    """A map as it was computed: the ids of N images, bytes (N,), sorted, and their positions, float32 (N, 2)."""

    image_ids: np.ndarray
    positions: np.ndarray


@dataclass(frozen=True, eq=False)
class Positions:
    """Where the images of a snapshot lie.

    Attributes:
        values: float32 (N, 2), in the unit square.
        version: changes when an image comes or moves.
        new: the number of images that are on no computed map.
    """

    values: np.ndarray
    version: str
    new: int


class ImageMap:
    """The map of a project. Its methods may be called from several threads.

    Args:
        queue: of the project.
        progress: called while a map is computed.
        wait: whether `positions` computes the map; False returns positions at once, and a thread computes the map.
    """

    def __init__(self, queue: LabelQueue, progress: Progress = no_progress, wait: bool = True) -> None:
        self.queue, self._report, self._wait = queue, progress, wait
        self.news = ""  # how far the computation of a map is; "" if none runs
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._known: tuple[Path, ComputedMap] | None = None
        self._last: tuple[np.ndarray, ComputedMap | None, Positions] | None = None  # short features, map, result

    def positions(self, snapshot: Snapshot) -> Positions:
        """Return the positions of all images of a snapshot, the deleted ones included.

        Before there is a map, these are the first two principal components. An image that came later lies beside the
        one that it is most like; when a tenth of the images is new, the map is computed again.
        """
        with self._lock:
            file, rows = self._file(), self.queue.reduced(snapshot)
            known = self._read(file)
            if self._last is None or self._last[0] is not rows or self._last[1] is not known:
                self._last = rows, known, _place(_ids(snapshot), rows, known)
            now = self._last[2]
            if now.new and self._wait:
                self._compute(file, _ids(snapshot), rows)
                known = self._read(file)
                self._last = rows, known, _place(_ids(snapshot), rows, known)
            elif now.new > AGAIN * (len(rows) - now.new) and not (self._thread and self._thread.is_alive()):
                self.news = "The map is being computed …"
                arguments = (file, _ids(snapshot), rows)
                self._thread = threading.Thread(target=self._compute, args=arguments, daemon=True)
                self._thread.start()
            return self._last[2]

    def _file(self) -> Path:
        """Where the map is kept: one for each kind of features and each seed."""
        index = self.queue.index
        name = f"{index.features_name()}-seed{project_seed(index.catalog)}-{RECIPE}.npz"
        return writable_cache(index.project.cache / "map" / name)

    def _read(self, file: Path) -> ComputedMap | None:
        """Return the last map that was computed; None if there is none, or its file is damaged."""
        if self._known and self._known[0] == file:
            return self._known[1]
        if not file.is_file():
            return None
        try:
            with file.open("rb") as opened, np.load(opened) as content:
                found = ComputedMap(content["image_ids"], content["positions"])
            if found.positions.shape != (len(found.image_ids), 2) or not np.isfinite(found.positions).all():
                raise ValueError("it is not a map")
        except (ValueError, KeyError, TypeError, EOFError, OSError, BadZipFile) as error:
            logger.warning("%s cannot be read, and the map is computed again: %s", file, error)
            return None
        self._known = file, found
        return found

    def _compute(self, file: Path, ids: np.ndarray, rows: np.ndarray) -> None:
        order = np.argsort(ids)  # so the map does not depend on the order in which the images came
        try:
            positions = map_layout(rows[order], project_seed(self.queue.index.catalog), self._follow)
        finally:
            self.news = ""
        self._known = file, ComputedMap(ids[order], positions)
        with atomic_write(file, durable=False) as part:
            np.savez(part, image_ids=ids[order], positions=positions)

    def _follow(self, what: str, done: int, total: int) -> None:
        if done:  # before the first step, all neighbours are looked for
            self.news = f"The map is being computed: {100 * done // total} % …"
        self._report(what, done, total)


def _ids(snapshot: Snapshot) -> np.ndarray:
    return np.array([image.image_id for image in snapshot.images], dtype="S")


def _place(ids: np.ndarray, rows: np.ndarray, known: ComputedMap | None) -> Positions:
    """Return the positions of images, those that are on no computed map included."""
    on_map = np.zeros(len(ids), bool) if known is None else np.isin(ids, known.image_ids)
    if known is None or not on_map.any():
        values = flat_layout(rows)
    else:
        values = np.zeros((len(ids), 2), np.float32)
        values[on_map] = known.positions[np.searchsorted(known.image_ids, ids[on_map])]
        values = place_beside(rows, values, on_map)
    version = hashlib.sha256(ids.tobytes() + values.tobytes()).hexdigest()[:16]
    return Positions(values, version, int((~on_map).sum()))
