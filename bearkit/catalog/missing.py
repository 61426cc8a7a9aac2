"""Pictures whose files are not where the catalogue says."""

from bearkit.catalog.catalog import Catalog
from bearkit.catalog.ledger import Ledger
from bearkit.catalog.tables import ImageRecord


def missing_files(catalog: Catalog) -> list[ImageRecord]:
    """The pictures of the project, deleted ones left out, whose files are gone, by label, then path."""
    return [image for image in Ledger(catalog).images() if not catalog.project.has_picture(image.path)]
