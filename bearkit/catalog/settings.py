"""Settings that a project stores for its pages: its identity, and the order of its label keys."""

import hashlib
import json
import secrets
from collections.abc import Collection
from contextlib import suppress

from bearkit.catalog.catalog import Catalog
from bearkit.errors import BusyError

NAME = "name"  # random id of the catalogue
LABELS = "labels"  # JSON: all labels that ever had a key, in the order of the keys


def catalog_name(catalog: Catalog) -> str:
    """Return an id (16 hex digits) of this catalogue in this folder. A copy elsewhere, or a new catalogue, differs."""
    random_id = catalog.setting(NAME)
    if random_id is None:
        with suppress(BusyError):  # in a read-only project the id depends on the folder alone
            catalog.save_setting(NAME, secrets.token_hex(8), first=True)
            random_id = catalog.setting(NAME)
    folder = str(catalog.project.root)
    return hashlib.sha256(f"{random_id}\n{folder}".encode()).hexdigest()[:16]


def label_order(catalog: Catalog, labels: Collection[str], as_given: bool = False) -> list[str]:
    """Return all labels that this project ever had, in the order of their keys; new labels are added at the end.

    Args:
        catalog: the catalogue that stores the order.
        labels: the current labels; "" is ignored.
        as_given: whether new labels come in their order here; if not, they are sorted.
    """
    order, new = _order(catalog, labels, as_given)
    if new:
        with suppress(BusyError), catalog.connection(write=True):  # read-only: the order is computed again each time
            order, new = _order(catalog, labels, as_given)
            catalog.save_setting(LABELS, json.dumps(order + new, ensure_ascii=False))
    return order + new


def _order(catalog: Catalog, labels: Collection[str], as_given: bool) -> tuple[list[str], list[str]]:
    """Return the labels that have keys, and the new ones."""
    order: list[str] = json.loads(catalog.setting(LABELS) or "[]")
    known = {"", *order}
    new = [label for label in dict.fromkeys(labels) if label not in known]
    return order, new if as_given else sorted(new)
