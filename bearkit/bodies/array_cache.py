"""What was computed from a picture once, and is kept: features, pixels, what comes out below a cut.

It lies in `cache/<kind>/<what made it>/` as pieces of up to SHARD_SIZE images: an array, and then a list of image ids,
each written whole under a name of its own. A killed or a second process can neither break them nor lose more than its
last piece. Arrays are mapped, not read: memory holds only what is looked at. Beside the ids stands a checksum of both;
a process checks a piece when it first opens it.
"""

import json
import uuid
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bearkit.catalog.missing import what_helps
from bearkit.catalog.schema import ImageRecord
from bearkit.core.parallel import Progress, ordered_map
from bearkit.core.project import Project, may_write, spare_of, whole
from bearkit.errors import ImageError, NoImagesError

SHARD_SIZE = 256  # pictures a file
LOOKING = "looking at pictures"
CHUNK = 2**20  # bytes that are read at once for a checksum
_checked: set[tuple[str, int, int, int, int]] = set()  # pieces that this process found in order


@dataclass(frozen=True)
class ArrayCache:
    """Arrays of one shape, one a picture, under its image id."""

    folder: Path

    @property
    def folders(self) -> list[Path]:
        """Where its pieces are: also in this user's own cache, where the project may only be read."""
        return [self.folder] if may_write(self.folder) else [self.folder, spare_of(self.folder)]

    def add(self, image_ids: Sequence[str], values: np.ndarray) -> None:
        """Keep the rows (n, ...) of these pictures in one piece."""
        piece = self.folders[-1] / f"{uuid.uuid4().hex}.npy"
        with whole(piece) as part:
            np.save(part, values)
        names = list(image_ids)
        with whole(piece.with_suffix(".json")) as part:
            part.write_text(json.dumps({"image_ids": names, "checksum": _checksum(piece, names)}))

    def shards(self) -> Iterator[tuple[list[str], np.ndarray]]:
        """Each piece's image ids and rows; one that cannot be read (a bad disk) is taken away and made anew."""
        for path in sorted(path for folder in self.folders for path in folder.glob("[!.]*.json")):
            try:
                yield read_shard(path)
            except (ValueError, TypeError, KeyError, EOFError, OSError):  # also: the cache may be deleted at any time
                with suppress(OSError):  # it may only be read
                    path.unlink(missing_ok=True)
                    path.with_suffix(".npy").unlink(missing_ok=True)

    def read(self, image_ids: Sequence[str]) -> dict[str, np.ndarray]:
        """The rows of those of these pictures that are here."""
        wanted = set(image_ids)
        return {
            image_id: row
            for ids, values in self.shards()
            for image_id, row in zip(ids, values, strict=True)
            if image_id in wanted
        }


def read_shard(names: Path) -> tuple[list[str], np.ndarray]:
    """The image ids and rows of a piece, by the file of its ids; those of an older bearkit have no checksum.

    Raises:
        ValueError, TypeError, KeyError, EOFError, OSError: it is damaged, or gone.
    """
    known = json.loads(names.read_text())
    file = names.with_suffix(".npy")
    image_ids = known["image_ids"] if isinstance(known, dict) else known
    if isinstance(known, dict):
        _check(file, image_ids, known["checksum"])
    values: np.ndarray = np.load(file, mmap_mode="r")
    if len(image_ids) != len(values):
        raise ValueError(f"it has {len(values)} rows for {len(image_ids)} pictures")
    return image_ids, values


def _check(file: Path, image_ids: Sequence[str], checksum: int) -> None:
    about, named = file.stat(), _of_names(image_ids)
    now = (str(file), about.st_mtime_ns, about.st_size, named, checksum)
    if now not in _checked:
        if _checksum(file, image_ids) != checksum:
            raise ValueError("its bytes are not those that were written")
        _checked.add(now)


def _checksum(file: Path, image_ids: Sequence[str]) -> int:
    """Of a file's bytes and the ids of its rows."""
    found = _of_names(image_ids)
    with file.open("rb") as opened:
        while chunk := opened.read(CHUNK):
            found = zlib.crc32(chunk, found)
    return found


def _of_names(image_ids: Sequence[str]) -> int:
    return zlib.crc32("\n".join(image_ids).encode())


@dataclass(frozen=True)
class CachedRows:
    """The rows of N pictures; `skipped` names those that are no longer there or readable, whose rows are left out."""

    image_ids: list[str]
    rows: list[np.ndarray]
    skipped: list[dict[str, str]]


def get_or_compute(
    project: Project,
    images: Sequence[ImageRecord],
    store: ArrayCache,
    make: Callable[[], Callable[[Path, str], np.ndarray]],
    progress: Progress,
) -> CachedRows:
    """The rows of these pictures: read back where they are kept, made and kept where not.

    Args:
        project: whose pictures.
        images: which.
        store: where they are kept.
        make: called only when something is missing, gives the function from (path, image id) to a row; that one is
            called from several threads, and raises ImageError where a file cannot be read.
        progress: told while they are made.

    Raises:
        NoImagesError: not one of the pictures can be read any more.
    """
    # A file that was deleted is not used, even where its row is kept.
    skipped = [_skipped(image, _why_not(project, image)) for image in images if not project.has_picture(image.path)]
    gone = {row["image_id"] for row in skipped}
    here = [image for image in images if image.image_id not in gone]
    found = store.read([image.image_id for image in here])
    if missing := [image for image in here if image.image_id not in found]:
        skipped += _fill(project, missing, store, make(), progress)
        found = store.read([image.image_id for image in here])
    image_ids = [image.image_id for image in here if image.image_id in found]
    if not image_ids:
        raise NoImagesError(
            f"none of the {len(images)} pictures can be read: {skipped[0]['path']}: {skipped[0]['reason']}",
            hint=f"were the files moved away? {what_helps(images)}",
        )
    return CachedRows(image_ids, [found[image_id] for image_id in image_ids], skipped)


def _fill(
    project: Project,
    images: Sequence[ImageRecord],
    store: ArrayCache,
    row_of: Callable[[Path, str], np.ndarray],
    progress: Progress,
) -> list[dict[str, str]]:
    """Stream pictures into the store; returns those that cannot be read."""
    skipped: list[dict[str, str]] = []
    piece: dict[str, np.ndarray] = {}

    def look(image: ImageRecord) -> np.ndarray | str:
        try:
            return row_of(project.picture(image.path), image.image_id)
        except ImageError as error:
            return str(error)

    def keep() -> None:
        if piece:
            store.add(list(piece), np.stack(list(piece.values())))
            piece.clear()

    for number, (image, looked) in enumerate(zip(images, ordered_map(look, images), strict=True), start=1):
        if isinstance(looked, str):
            skipped.append(_skipped(image, looked))
        else:
            piece[image.image_id] = looked
        if len(piece) >= SHARD_SIZE:
            keep()
        progress(LOOKING, number, len(images))
    keep()
    return skipped


def _why_not(project: Project, image: ImageRecord) -> str:
    """Why a picture that is not there cannot be used."""
    try:
        project.picture(image.path)
    except ImageError as error:
        return str(error)
    return "there is no such file"


def _skipped(image: ImageRecord, reason: str) -> dict[str, str]:
    return {"image_id": image.image_id, "path": image.path, "reason": reason}
