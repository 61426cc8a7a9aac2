"""A cache on disk of one array an image: features, pixels, feature maps of a part of a body.

It lies in `cache/<kind>/<recipe>/` as shards of up to SHARD_SIZE images. A shard is an .npy file of rows and a .json
file with their image ids and a checksum of both. Each file has a unique name and appears whole, so a killed or a
concurrent process can neither damage a shard nor lose more than its last one. Arrays are memory-mapped: only the rows
that are used are read. A process verifies a shard's checksum when it first opens it.
"""

import json
import uuid
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bearkit.catalog.missing import missing_hint
from bearkit.catalog.schema import ImageRecord
from bearkit.core.atomic import atomic_write, is_writable, user_cache
from bearkit.core.log import logger
from bearkit.core.parallel import Progress, ordered_map
from bearkit.core.project import Project
from bearkit.errors import ImageError, NoImagesError

SHARD_SIZE = 256  # images a shard
PROGRESS_LABEL = "looking at pictures"
CHUNK = 2**20  # bytes read at once for a checksum
_verified: set[tuple[str, int, int, int, int]] = set()  # shards whose checksum this process has verified


@dataclass(frozen=True)
class ArrayCache:
    """Arrays of one shape, one an image, stored under the image id."""

    folder: Path

    @property
    def folders(self) -> list[Path]:
        """The folders with shards: the project's, and this user's own cache if the project is read-only."""
        return [self.folder] if is_writable(self.folder) else [self.folder, user_cache(self.folder)]

    def add(self, image_ids: Sequence[str], values: np.ndarray) -> None:
        """Write the rows (n, ...) of these n images as one shard."""
        shard = self.folders[-1] / f"{uuid.uuid4().hex}.npy"
        with atomic_write(shard) as part:
            np.save(part, values)
        ids = list(image_ids)
        with atomic_write(shard.with_suffix(".json")) as part:
            part.write_text(json.dumps({"image_ids": ids, "checksum": _checksum(shard, ids)}))

    def shards(self) -> Iterator[tuple[list[str], np.ndarray]]:
        """Yield the image ids and rows of each shard. A damaged shard is deleted, so that it is computed again."""
        for path in sorted(path for folder in self.folders for path in folder.glob("[!.]*.json")):
            try:
                yield read_shard(path)
            except (ValueError, TypeError, KeyError, EOFError, OSError) as error:  # also: it may be deleted at any time
                logger.warning("%s cannot be read and is computed again: %s", path, error)
                with suppress(OSError):  # the folder may be read-only
                    path.unlink(missing_ok=True)
                    path.with_suffix(".npy").unlink(missing_ok=True)

    def contents(self) -> dict[str, list[str]]:
        """Return the image ids of each shard, by the shard's name, which no other shard ever has.

        It is quick, since it reads no rows: these may be damaged.
        """
        found: dict[str, list[str]] = {}
        for path in sorted(path for folder in self.folders for path in folder.glob("[!.]*.json")):
            with suppress(ValueError, TypeError, KeyError, OSError):  # `shards` warns and deletes it
                if path.with_suffix(".npy").stat().st_size:
                    found[path.stem] = _read_ids(path)[0]
        return found

    def read(self, image_ids: Sequence[str]) -> dict[str, np.ndarray]:
        """Return the cached rows by image id; images that are not in the cache are left out."""
        wanted = set(image_ids)
        return {
            image_id: row
            for ids, values in self.shards()
            for image_id, row in zip(ids, values, strict=True)
            if image_id in wanted
        }


def read_shard(ids_file: Path) -> tuple[list[str], np.ndarray]:
    """Read the image ids and rows of a shard and verify its checksum; shards of older versions have none.

    Args:
        ids_file: the shard's .json file.

    Raises:
        ValueError: the checksum or the number of rows is wrong, or a file is damaged.
        TypeError: the .json file has another content.
        KeyError: the .json file lacks an entry.
        EOFError: the .npy file is empty.
        OSError: a file is gone or cannot be read.
    """
    rows_file = ids_file.with_suffix(".npy")
    image_ids, checksum = _read_ids(ids_file)
    if checksum is not None:
        _verify(rows_file, image_ids, checksum)
    values: np.ndarray = np.load(rows_file, mmap_mode="r")
    if len(image_ids) != len(values):
        raise ValueError(f"it has {len(values)} rows for {len(image_ids)} images")
    return image_ids, np.asarray(values)  # still mapped, and its rows are quicker to make than those of a memmap


def _read_ids(ids_file: Path) -> tuple[list[str], int | None]:
    """Read the image ids of a shard and its checksum. See `read_shard`."""
    content = json.loads(ids_file.read_text())
    return (content["image_ids"], content["checksum"]) if isinstance(content, dict) else (content, None)


def _verify(file: Path, image_ids: Sequence[str], checksum: int) -> None:
    stat, ids_checksum = file.stat(), _ids_checksum(image_ids)
    key = (str(file), stat.st_mtime_ns, stat.st_size, ids_checksum, checksum)
    if key not in _verified:
        if _checksum(file, image_ids) != checksum:
            raise ValueError("the checksum is wrong")
        _verified.add(key)


def _checksum(file: Path, image_ids: Sequence[str]) -> int:
    """Compute the CRC-32 of the image ids followed by the bytes of the file of rows."""
    checksum = _ids_checksum(image_ids)
    with file.open("rb") as opened:
        while chunk := opened.read(CHUNK):
            checksum = zlib.crc32(chunk, checksum)
    return checksum


def _ids_checksum(image_ids: Sequence[str]) -> int:
    return zlib.crc32("\n".join(image_ids).encode())


@dataclass(frozen=True)
class CachedRows:
    """The rows of N images.

    Attributes:
        image_ids: ids of the images that have a row, in the order that was asked for.
        rows: one array for each of them.
        skipped: id, path and reason of each image that is missing or unreadable; it has no row.
    """

    image_ids: list[str]
    rows: list[np.ndarray]
    skipped: list[dict[str, str]]


def get_or_compute(
    project: Project,
    images: Sequence[ImageRecord],
    cache: ArrayCache,
    make_compute: Callable[[], Callable[[Path, str], np.ndarray]],
    progress: Progress,
) -> CachedRows:
    """Read the rows of these images from the cache; compute and store the rows that are missing.

    Args:
        project: the project that the images belong to.
        images: the images.
        cache: where the rows are stored.
        make_compute: called only if a row is missing; returns the function from (path, image id) to a row. That
            function is called from several threads, and raises ImageError for a file that it cannot read.
        progress: called after each computed row.

    Raises:
        NoImagesError: none of the images can be read.
    """
    image_ids, skipped, _ = fill(project, images, cache, make_compute, progress)
    rows = cache.read(image_ids)
    if lost := {*image_ids} - rows.keys():  # their shard is damaged
        again = [image for image in images if image.image_id in lost]
        skipped += _compute(project, again, cache, make_compute(), progress)
        rows = cache.read(image_ids)
    image_ids = [image_id for image_id in image_ids if image_id in rows]
    return CachedRows(image_ids, [rows[image_id] for image_id in image_ids], skipped)


def fill(
    project: Project,
    images: Sequence[ImageRecord],
    cache: ArrayCache,
    make_compute: Callable[[], Callable[[Path, str], np.ndarray]],
    progress: Progress,
) -> tuple[list[str], list[dict[str, str]], list[str]]:
    """Compute and store the rows that are missing. The rows of the others are not read, so this is quick for many.

    The arguments and the error are those of `get_or_compute`.

    Returns:
        `image_ids` and `skipped`, as in `CachedRows`; and the names of the cache's shards.
    """
    # An image whose file was deleted is not used, even if its row is in the cache.
    there = project.existing_pictures(image.path for image in images)
    skipped = [_skipped(image, _why_missing(project, image)) for image in images if image.path not in there]
    shards = cache.contents()
    cached = set().union(*shards.values())
    if uncached := [image for image in images if image.path in there and image.image_id not in cached]:
        skipped += _compute(project, uncached, cache, make_compute(), progress)
        shards = cache.contents()
    unusable = {row["image_id"] for row in skipped}
    image_ids = [image.image_id for image in images if image.image_id not in unusable]
    if not image_ids:
        raise NoImagesError(
            f"none of the {len(images)} pictures can be read: {skipped[0]['path']}: {skipped[0]['reason']}",
            hint=f"were the files moved away? {missing_hint(images)}",
        )
    return image_ids, skipped, list(shards)


def _compute(
    project: Project,
    images: Sequence[ImageRecord],
    cache: ArrayCache,
    compute: Callable[[Path, str], np.ndarray],
    progress: Progress,
) -> list[dict[str, str]]:
    """Compute the rows of images and write them to the cache, a shard at a time; return the unreadable images."""
    skipped: list[dict[str, str]] = []
    shard: dict[str, np.ndarray] = {}

    def row_or_reason(image: ImageRecord) -> np.ndarray | str:
        try:
            return compute(project.picture(image.path), image.image_id)
        except ImageError as error:
            return str(error)

    def write_shard() -> None:
        if shard:
            cache.add(list(shard), np.stack(list(shard.values())))
            shard.clear()

    for number, (image, row) in enumerate(zip(images, ordered_map(row_or_reason, images), strict=True), start=1):
        if isinstance(row, str):
            skipped.append(_skipped(image, row))
        else:
            shard[image.image_id] = row
        if len(shard) >= SHARD_SIZE:
            write_shard()
        progress(PROGRESS_LABEL, number, len(images))
    write_shard()
    return skipped


def _why_missing(project: Project, image: ImageRecord) -> str:
    """Return the reason why an image without a file cannot be used."""
    try:
        project.picture(image.path)
    except ImageError as error:
        return str(error)
    return "there is no such file"


def _skipped(image: ImageRecord, reason: str) -> dict[str, str]:
    return {"image_id": image.image_id, "path": image.path, "reason": reason}
