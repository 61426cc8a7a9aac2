"""What a project remembers for its pages: which project it is, and which key stands for which label."""

import hashlib
import json
import secrets
from collections.abc import Collection
from contextlib import suppress
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert

from bearkit.catalog.catalog import Catalog
from bearkit.catalog.tables import meta
from bearkit.errors import BusyError

NAME = "name"  # drawn at random, of the catalogue
LABELS = "labels"  # JSON: every label that had a key, in the order of the keys


def name_of(catalog: Catalog) -> str:
    """A name for this catalogue at this place. A copy of the project, or a new catalogue here, has another."""
    drawn = _remembered(catalog, NAME)
    if drawn is None:
        with suppress(BusyError):  # read-only: then the place alone is the name
            with catalog.connection(write=True) as connection:
                row = {"key": NAME, "value": secrets.token_hex(8)}
                connection.execute(insert(meta).on_conflict_do_nothing(), row)
            drawn = _remembered(catalog, NAME)
    place = str(catalog.project.root.resolve())
    return hashlib.sha256(f"{drawn}\n{place}".encode()).hexdigest()[:16]


def label_order(catalog: Catalog, labels: Collection[str]) -> list[str]:
    """Every label that this project ever had, in the order of their keys; those that are new come last, and stay there.

    Args:
        catalog: whose labels.
        labels: those that there are now; "" is none.
    """
    order: list[str] = json.loads(_remembered(catalog, LABELS) or "[]")
    if new := sorted(set(labels) - {""} - set(order)):
        with suppress(BusyError):  # read-only: the same order comes out next time
            with catalog.connection(write=True) as connection:
                stored = json.loads(connection.scalar(_query(LABELS)) or "[]")
                order = stored + sorted(set(labels) - {""} - set(stored))
                upsert = insert(meta).values(key=LABELS, value=json.dumps(order, ensure_ascii=False))
                connection.execute(upsert.on_conflict_do_update(["key"], set_={"value": upsert.excluded.value}))
            return order
    return order + new


def _remembered(catalog: Catalog, key: str) -> str | None:
    with catalog.connection() as connection:
        found: str | None = connection.scalar(_query(key))
        return found


def _query(key: str) -> sa.Select[Any]:
    return sa.select(meta.c.value).where(meta.c.key == key)
