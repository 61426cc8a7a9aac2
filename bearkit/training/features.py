"""Features: a picture goes through the body once, and what came out is kept.

They lie in `cache/features/<what made them>/` as pieces of up to PIECE pictures, each written whole under a name of its
own: a killed or a second process can neither break them nor lose more than its last piece.
"""

import uuid
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bearkit.catalog import ImageRecord
from bearkit.errors import ImageError, NoImagesError
from bearkit.images import content_id, read_file
from bearkit.onnx_session import session
from bearkit.parallel import Progress, no_progress, ordered_map
from bearkit.preprocessing import Preprocessing, centre_crop, decode_for, normalise, random_crop
from bearkit.project import Project, whole
from bearkit.training.bodies import Body

VIEWS_RECIPE = 1  # counts up when `views` changes what it gives
PIECE = 256  # pictures a file


@dataclass(frozen=True)
class Features:
    """Features of N pictures, float32 (N, V, D): view 0 is the middle of the picture, the others random crops.

    `skipped` names pictures that are no longer there or no longer readable; their rows are left out.
    """

    image_ids: list[str]
    values: np.ndarray
    skipped: list[dict[str, str]]


class FeatureStore:
    """The kept features of one body, preprocessing and number of views."""

    def __init__(self, project: Project, body: Body, n_views: int) -> None:
        how = body.preprocessing
        made_by = f"{body.name}-{body.weights_id}-{how.size}px-{n_views}views-{VIEWS_RECIPE}"
        self.folder: Path = project.cache / "features" / made_by

    def add(self, image_ids: Sequence[str], values: np.ndarray) -> None:
        """Keep the features of these pictures, float32 (n, V, D), in one piece."""
        with whole(self.folder / f"{uuid.uuid4().hex}.npz") as part:
            np.savez(part, image_ids=np.array(image_ids), values=values.astype(np.float32))

    def pieces(self) -> Iterator[tuple[list[str], np.ndarray]]:
        """Each piece's image ids and features; one that cannot be read (a bad disk) is taken away and made anew."""
        for path in sorted(self.folder.glob("[!.]*.npz")):
            try:
                with path.open("rb") as file, np.load(file) as piece:  # np.load itself leaves a damaged file open
                    yield piece["image_ids"].tolist(), piece["values"]
            except FileNotFoundError:  # the cache may be deleted at any time
                continue
            except (ValueError, KeyError, EOFError, zipfile.BadZipFile):
                path.unlink(missing_ok=True)

    def read(self, image_ids: Sequence[str]) -> dict[str, np.ndarray]:
        """The features (V, D) of those of these pictures that are here."""
        wanted = set(image_ids)
        return {
            image_id: row
            for ids, values in self.pieces()
            for image_id, row in zip(ids, values, strict=True)
            if image_id in wanted
        }


def features(
    project: Project,
    images: Sequence[ImageRecord],
    body: Body,
    n_views: int = 1,
    progress: Progress = no_progress,
) -> Features:
    """The features of these pictures: read back where they are kept, made and kept where not.

    Memory does not grow with the number of pictures while features are made, only with what is returned.

    Raises:
        BodyError: the body's weights are not here.
        NoImagesError: not one of the pictures can be read any more.
    """
    store = FeatureStore(project, body, n_views)
    here: list[ImageRecord] = []
    skipped: list[dict[str, str]] = []
    for image in images:
        if (project.root / image.path).is_file():
            here.append(image)
        else:  # a file that was deleted is not trained on, even where its features are kept
            skipped.append(_skipped(image, "there is no such file"))
    found = store.read([image.image_id for image in here])
    missing = [image for image in here if image.image_id not in found]
    skipped += _make(project, missing, body, n_views, found, store, progress) if missing else []
    image_ids = [image.image_id for image in images if image.image_id in found]
    if not image_ids:
        raise NoImagesError(
            f"none of the {len(images)} pictures can be read: {skipped[0]['path']}: {skipped[0]['reason']}",
            hint="were the files moved away? import them again: `bearkit import FOLDER`",
        )
    return Features(image_ids, np.stack([found[image_id] for image_id in image_ids]), skipped)


def _make(
    project: Project,
    images: Sequence[ImageRecord],
    body: Body,
    n_views: int,
    found: dict[str, np.ndarray],
    store: FeatureStore,
    progress: Progress,
) -> list[dict[str, str]]:
    """Stream pictures through the body into the store, and into `found`; returns those that cannot be read.

    Each thread decodes a picture and runs the body on it alone: no thread waits for another, which is faster here than
    batches on all cores (EXPERIMENTS.md).
    """
    network = session(body.onnx(project), threads=1)
    skipped: list[dict[str, str]] = []
    piece: dict[str, np.ndarray] = {}  # image_id -> features (V, D)

    def look(image: ImageRecord) -> np.ndarray | str:
        try:
            inputs = views(project.root / image.path, image.image_id, body.preprocessing, n_views)
        except ImageError as error:
            return str(error)
        return np.concatenate([network.run(None, {"input": view[None]})[0] for view in inputs])

    def keep() -> None:
        if piece:
            store.add(list(piece), np.stack(list(piece.values())))
            piece.clear()

    for number, (image, looked) in enumerate(zip(images, ordered_map(look, images), strict=True), start=1):
        if isinstance(looked, str):
            skipped.append(_skipped(image, looked))
        else:
            piece[image.image_id] = found[image.image_id] = looked
        if len(piece) == PIECE:
            keep()
        progress("looking at pictures", number, len(images))
    keep()
    return skipped


def _skipped(image: ImageRecord, reason: str) -> dict[str, str]:
    return {"image_id": image.image_id, "path": image.path, "reason": reason}


def views(path: Path, image_id: str, how: Preprocessing, n_views: int) -> list[np.ndarray]:
    """The middle of the picture, and `n_views - 1` random crops that are always the same for this picture.

    Raises:
        ImageError: the file is gone, has changed, or is damaged.
    """
    data = read_file(path)
    if content_id(data) != image_id:
        raise ImageError("the file was changed after it was imported", hint="import it again")
    image = decode_for(data, how)
    rng = np.random.default_rng(int(image_id[:16], 16))
    crops = [centre_crop(image, how), *(random_crop(image, how, rng) for _ in range(n_views - 1))]
    return [normalise(crop, how) for crop in crops]
