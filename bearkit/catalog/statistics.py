"""Count the reviewed images and their licences, for the published cards."""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from bearkit.catalog.catalog import Catalog
from bearkit.catalog.decision_types import ABOUT_LABELS
from bearkit.catalog.decisions import RENAMED, DecisionLog


@dataclass(frozen=True)
class CurationStats:
    """Numbers of images.

    Attributes:
        reviewed: images that someone reviewed.
        relabelled: images that are used under another label than they were imported with.
        deleted: images that were left out.
        licenses: {licence: number of images}, most frequent first; "" for images without a known licence.
    """

    reviewed: int
    relabelled: int
    deleted: int
    licenses: dict[str, int]

    @property
    def summary(self) -> str:
        """A sentence about the review of the labels."""
        if not self.reviewed:
            return "Nobody has reviewed the labels: some are probably wrong."
        return (
            f"People looked at {self.reviewed} of the pictures; {self.relabelled} are used under another label than "
            f"the one they came with, and {self.deleted} were left out."
        )

    @property
    def license_summary(self) -> str:
        """A sentence about the licences of the images."""
        known = [f"{n} {license}" for license, n in self.licenses.items() if license]
        unknown = self.licenses.get("", 0)
        if not known:
            return f"No licence is known for any of the {unknown} pictures."
        rest = f"; unknown for {unknown}" if unknown else ""
        return f"Licences of the pictures: {', '.join(known)}{rest}."


def curation_stats(catalog: Catalog, used: Mapping[str, str], before: float | None = None) -> CurationStats:
    """Count how the images of a model or data set were reviewed.

    Args:
        catalog: the project's catalogue.
        used: {image_id: label} of the images that are used.
        before: ignore decisions from this time on, in seconds since 1970.
    """
    limit = datetime.fromtimestamp(before, UTC).isoformat(timespec="milliseconds") if before is not None else "~"
    imported = {image.image_id: image.label for image in catalog.images()}
    last_actions: dict[str, str] = {}  # {image_id: action of its last decision}
    for row in reversed(DecisionLog(catalog).history()):
        counts = row["action"] in ABOUT_LABELS and row["kind"] != RENAMED and not row["undone"]
        if counts and row["time"] < limit and row["image_id"] in imported:
            last_actions[row["image_id"]] = row["action"]
    deleted = [key for key, action in last_actions.items() if action in ("delete", "unlabel") and key not in used]
    return CurationStats(
        reviewed=sum(image_id in used for image_id in last_actions) + len(deleted),
        relabelled=sum(imported.get(image_id, label) not in ("", label) for image_id, label in used.items()),
        deleted=len(deleted),
        licenses=count_licenses(catalog, used),
    )


def count_licenses(catalog: Catalog, image_ids: Collection[str]) -> dict[str, int]:
    """Return {licence: number of these images}, most frequent first; "" for images without a known licence."""
    license_of: dict[str, str] = {}
    for source in catalog.origins():
        if source.license and source.image_id:
            license_of.setdefault(source.image_id, source.license)
    return dict(Counter(license_of.get(image_id, "") for image_id in image_ids).most_common())
