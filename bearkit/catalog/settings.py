"""What a project remembers for its pages: which project it is, and which key stands for which label."""

import hashlib
import json
import secrets
from collections.abc import Collection
from contextlib import suppress

from bearkit.catalog.catalog import Catalog
from bearkit.errors import BusyError

NAME = "name"  # drawn at random, of the catalogue
LABELS = "labels"  # JSON: every label that had a key, in the order of the keys


def catalog_name(catalog: Catalog) -> str:
    """A name for this catalogue at this place. A copy of the project, or a new catalogue here, has another."""
    drawn = catalog.setting(NAME)
    if drawn is None:
        with suppress(BusyError):  # read-only: then the place alone is the name
            catalog.save_setting(NAME, secrets.token_hex(8), first=True)
            drawn = catalog.setting(NAME)
    place = str(catalog.project.root)
    return hashlib.sha256(f"{drawn}\n{place}".encode()).hexdigest()[:16]


def label_order(catalog: Catalog, labels: Collection[str]) -> list[str]:
    """Every label that this project ever had, in the order of their keys; those that are new come last, and stay there.

    Args:
        catalog: whose labels.
        labels: those that there are now; "" is none.
    """
    order, new = _order(catalog, labels)
    if new:
        with suppress(BusyError), catalog.connection(write=True):  # read-only: the same order comes out next time
            order, new = _order(catalog, labels)
            catalog.save_setting(LABELS, json.dumps(order + new, ensure_ascii=False))
    return order + new


def _order(catalog: Catalog, labels: Collection[str]) -> tuple[list[str], list[str]]:
    """The labels that have keys, and those that get some."""
    order: list[str] = json.loads(catalog.setting(LABELS) or "[]")
    return order, sorted(set(labels) - {""} - set(order))
