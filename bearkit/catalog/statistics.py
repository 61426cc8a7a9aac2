"""What people did with a project's pictures, and whose they are, in numbers: for the cards of what is published."""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from bearkit.catalog.catalog import Catalog
from bearkit.catalog.decision_types import ABOUT_LABELS
from bearkit.catalog.decisions import RENAMED, DecisionLog


@dataclass(frozen=True)
class CurationStats:
    """Counts of pictures.

    Attributes:
        looked_at: that somebody decided about, picture by picture.
        relabelled: that are used under another label than they came with.
        deleted: that were left out.
        licenses: of each licence, "" for those whose source told none.
    """

    looked_at: int
    relabelled: int
    deleted: int
    licenses: dict[str, int]

    @property
    def in_words(self) -> str:
        """A sentence of what was done with the labels."""
        if not self.looked_at:
            return "Nobody has reviewed the labels: some are probably wrong."
        return (
            f"People looked at {self.looked_at} of the pictures; {self.relabelled} are used under another label than "
            f"the one they came with, and {self.deleted} were left out."
        )

    @property
    def whose(self) -> str:
        """A sentence of whose the pictures are."""
        told = [f"{n} {license}" for license, n in self.licenses.items() if license]
        unknown = self.licenses.get("", 0)
        if not told:
            return f"Of none of the {unknown} pictures the source told a licence."
        rest = f"; of {unknown} the source told none" if unknown else ""
        return f"Licences of the pictures: {', '.join(told)}{rest}."


def curation_stats(catalog: Catalog, used: Mapping[str, str], before: float | None = None) -> CurationStats:
    """What was done with pictures.

    Args:
        catalog: of the project.
        used: the label that each picture is used under, by its id.
        before: decisions from then on do not count; seconds since 1970.
    """
    limit = datetime.fromtimestamp(before, UTC).isoformat(timespec="milliseconds") if before is not None else "~"
    came_as = {image.image_id: image.label for image in catalog.images()}
    decided: dict[str, str] = {}  # what was decided last about each picture, in time
    for row in reversed(DecisionLog(catalog).history()):
        counts = row["action"] in ABOUT_LABELS and row["kind"] != RENAMED and not row["undone"]
        if counts and row["time"] < limit and row["image_id"] in came_as:
            decided[row["image_id"]] = row["action"]
    out = [one for one, action in decided.items() if action in ("delete", "unlabel") and one not in used]
    return CurationStats(
        looked_at=sum(one in used for one in decided) + len(out),
        relabelled=sum(came_as.get(one, label) not in ("", label) for one, label in used.items()),
        deleted=len(out),
        licenses=count_licenses(catalog, used),
    )


def count_licenses(catalog: Catalog, image_ids: Collection[str]) -> dict[str, int]:
    """How many of these pictures have each licence, the most frequent first; "" where no source told one."""
    of: dict[str, str] = {}
    for source in catalog.origins():
        if source.license and source.image_id:
            of.setdefault(source.image_id, source.license)
    return dict(Counter(of.get(one, "") for one in image_ids).most_common())
