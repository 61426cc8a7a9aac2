"""Features of new images, computed in a thread, so that people can label the first images meanwhile."""

import threading
from collections.abc import Sequence

from bearkit.bodies.features import extract_features, feature_cache
from bearkit.bodies.registry import Body
from bearkit.catalog.schema import ImageRecord
from bearkit.core.parallel import Progress
from bearkit.core.project import Project
from bearkit.errors import NoImagesError

FIRST = 48  # images that a first page waits for
CHUNK = 64  # images computed at once, and one shard of the cache
GROWTH = 1.5  # more images become available once their number has grown by this factor


class BackgroundFeatures:
    """Says which images have features, and computes those of the others in a thread.

    Args:
        project: whose images.
        progress: called while images go through the body.
    """

    def __init__(self, project: Project, progress: Progress) -> None:
        self.project, self.progress = project, progress
        self.level = 0  # grows whenever more images become available
        self.waiting = 0  # images without features
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._error: Exception | None = None
        self._tried: set[str] = set()  # images that the thread looked at; those without features cannot be read
        self._tried_for = ""  # the body's features that it looked at them for

    def available(self, images: Sequence[ImageRecord], body: Body) -> list[ImageRecord]:
        """Return the images that have features; the first ones are computed now, the others in a thread.

        Raises:
            Exception: the thread of an earlier call ended with this error.
        """
        with self._lock:
            if self._error:
                error, self._error = self._error, None
                raise error
            cache = feature_cache(self.project, body, 1)
            if cache.folder.name != self._tried_for:
                self._tried, self._tried_for = set(), cache.folder.name
            cached = set().union(*cache.contents().values())
            ready = [image for image in images if image.image_id in cached]
            known = cached | self._tried  # once: for 50,000 images it takes a millisecond
            missing = [image for image in images if image.image_id not in known]
            n_first = max(0, FIRST - len(ready))
            ready, missing = ready + missing[:n_first], missing[n_first:]
            self.waiting = len(missing)
            if missing and not (self._thread and self._thread.is_alive()):
                arguments = (missing, body, len(ready), len(images))
                self._thread = threading.Thread(target=self._compute, args=arguments, daemon=True)
                self._thread.start()
            return ready

    def finish(self) -> None:
        """Wait until the thread has computed the images that it has; `available` then counts those that are left."""
        if self._thread:
            self._thread.join()

    def _compute(self, images: Sequence[ImageRecord], body: Body, n_ready: int, n_images: int) -> None:
        shown, part = n_ready, images[:0]
        try:
            for start in range(0, len(images), CHUNK):
                part = images[start : start + CHUNK]
                self._tried = self._tried | {image.image_id for image in part}  # others may read the old set
                try:
                    extract_features(self.project, part, body)
                except NoImagesError:
                    continue  # none of these can be read; the others may be
                done = n_ready + start + len(part)
                self.progress("looking at pictures", done, n_images)
                if done >= GROWTH * shown:
                    shown, self.level = done, self.level + 1
        except Exception as error:  # whatever it is, such as a full disk: the next call of `available` raises it
            self._error, self._tried = error, self._tried - {image.image_id for image in part}
        finally:
            self.level += 1
