"""What people did with a run's pictures before it was trained, and whose the pictures are: for its card."""

from collections import Counter
from typing import Any

from bearkit.catalog.catalog import Catalog
from bearkit.catalog.ledger import Ledger
from bearkit.project import Project
from bearkit.runs import Run


def cleaned(project: Project, run: Run) -> dict[str, Any]:
    """Counts: pictures that were looked at, that trained under another label than they came with, that were left out.

    Returns:
        looked_at, relabelled, deleted, and licenses: the pictures of each licence, "" for those that tell none.
    """
    told = run.predictions()
    trained_as = dict(zip(told.image_ids.tolist(), told.vocab[told.targets].tolist(), strict=True))
    catalog = Catalog(project)
    came_as = {image.image_id: image.label for image in catalog.images()}
    decided = Ledger(catalog).present()
    out = [one for one, decision in decided.items() if decision.action == "delete" and one not in trained_as]
    license_of = {source.image_id: source.license for source in catalog.origins() if source.license}
    return {
        "looked_at": len([one for one in decided if one in trained_as]) + len(out),
        "relabelled": sum(came_as.get(one, label) not in ("", label) for one, label in trained_as.items()),
        "deleted": len(out),
        "licenses": dict(Counter(license_of.get(one) or "" for one in trained_as).most_common()),
    }
