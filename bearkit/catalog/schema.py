"""The tables of a catalogue, and what a row of each is to the rest of bearkit."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import PurePath
from typing import Any, TypeVar

import sqlalchemy as sa

from bearkit.errors import ProjectError

SPLITS = ("train", "valid", "test")

metadata = sa.MetaData()
meta = sa.Table("meta", metadata, sa.Column("key", sa.String, primary_key=True), sa.Column("value", sa.String))
images = sa.Table(
    "images",
    metadata,
    sa.Column("image_id", sa.String(64), primary_key=True),
    sa.Column("path", sa.String, nullable=False),  # relative to the project, with /; absolute where it is linked
    sa.Column("label", sa.String, nullable=False, index=True),  # as imported; "" for none
    sa.Column("given_split", sa.String),  # what its folder said; null when it said nothing
    sa.Column("width", sa.Integer, nullable=False),
    sa.Column("height", sa.Integer, nullable=False),
    sa.Column("format", sa.String, nullable=False),
    sa.Column("bytes", sa.Integer, nullable=False),
    sa.Column("added", sa.String, nullable=False),
)
sources = sa.Table(
    "sources",
    metadata,
    sa.Column("origin", sa.String, primary_key=True),  # where the file was when we looked at it
    sa.Column("label", sa.String),
    sa.Column("given_split", sa.String),
    sa.Column("status", sa.String, nullable=False),  # imported, rejected; waiting, saved, failed; duplicate
    sa.Column("reason", sa.String, nullable=False),
    sa.Column("image_id", sa.String(64), index=True),
    sa.Column("seen", sa.String, nullable=False),
    sa.Column("bytes", sa.Integer),  # of what was fetched; null, as the two below, for files
    sa.Column("address", sa.String),  # where it came from in the end
    sa.Column("seconds", sa.Float),
    sa.Column("license", sa.String),  # whose it is, as far as its list or provider said
    sa.Column("creator", sa.String),
    sa.Column("page", sa.String),  # where it is shown
)
splits = sa.Table(
    "splits",
    metadata,
    sa.Column("seed", sa.Integer, primary_key=True),
    sa.Column("image_id", sa.String(64), primary_key=True),
    sa.Column("split", sa.String, nullable=False),
)
decisions = sa.Table(  # append-only
    "decisions",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("step", sa.Integer, nullable=False, index=True),  # what is undone at once; of an undo: which step
    sa.Column("time", sa.String, nullable=False),
    sa.Column("reviewer", sa.String, nullable=False),
    sa.Column("image_id", sa.String(64), index=True),  # null for undo and redo
    sa.Column("action", sa.String, nullable=False),
    sa.Column("from_label", sa.String),
    sa.Column("to_label", sa.String),  # of `beside`: the image id of the other picture
    sa.Column("run", sa.String),  # whose model the reviewer saw
    sa.Column("kind", sa.String),  # the kind of suspect that it was shown as; null: no matter which
    sa.Column("view", sa.String),  # what the reviewer had chosen to see; null: not a page
    sa.Column("token", sa.String, index=True),  # of one call: sent again, it is stored once
    sqlite_autoincrement=True,
)
sa.Index("decisions_of_reviewer", decisions.c.reviewer, decisions.c.step)
sa.Index("turns", decisions.c.step, sqlite_where=decisions.c.action.in_(["undo", "redo"]))
moves = sa.Table(  # append-only: where `apply` and `unapply` put files
    "moves",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("time", sa.String, nullable=False),
    sa.Column("image_id", sa.String(64), nullable=False, index=True),
    sa.Column("from_path", sa.String, nullable=False),
    sa.Column("to_path", sa.String, nullable=False),
    sqlite_autoincrement=True,
)


@dataclass(frozen=True)
class ImageRecord:
    """One picture of the project."""

    image_id: str
    path: str
    label: str
    given_split: str | None
    width: int
    height: int
    format: str
    bytes: int

    @property
    def linked(self) -> bool:
        """Whether it is a file of somebody else's, used where it stands and never touched."""
        return PurePath(self.path).is_absolute()


@dataclass(frozen=True)
class SourceRecord:
    """One file that was looked at, and what became of it."""

    origin: str
    label: str | None
    given_split: str | None
    status: str
    reason: str = ""
    image_id: str | None = None
    bytes: int | None = None
    address: str | None = None
    seconds: float | None = None
    license: str | None = None
    creator: str | None = None
    page: str | None = None
    seen: str | None = None  # when it was looked at last


@dataclass(frozen=True)
class Decision:
    """What someone decided about a picture: a row that never changes. `step` is what one undo takes back."""

    id: int
    step: int
    time: str
    reviewer: str
    image_id: str | None
    action: str
    from_label: str | None
    to_label: str | None
    run: str | None
    kind: str | None
    view: str | None
    token: str | None


R = TypeVar("R", ImageRecord, SourceRecord, Decision)
_right: set[tuple[type, ...]] = set()  # a record and the types of a row that makes one


def make_record(kind: type[R], row: Sequence[Any]) -> R:
    """A row of a table, in the order of the record's fields.

    Raises:
        ProjectError: a value is of another type, which SQLite allows and bearkit never writes.
    """
    types = (kind, *map(type, row))
    if types not in _right:
        for field, value in zip(fields(kind), row, strict=True):
            if not isinstance(value, field.type):  # type: ignore[arg-type]  # no annotation here is a string
                raise ProjectError(
                    f"the catalogue is damaged: a row of {kind.__name__} has {value!r} as its {field.name}",
                    hint="`bearkit doctor` names such rows, and `bearkit doctor --mend` leaves them out",
                )
        _right.add(types)
    return kind(*row)


def read_images(connection: sa.Connection) -> list[ImageRecord]:
    """Every picture, by label, then path, as a transaction sees them."""
    columns = [images.c[field] for field in ImageRecord.__dataclass_fields__]
    rows = connection.execute(sa.select(*columns).order_by(images.c.label, images.c.path))
    return [make_record(ImageRecord, row) for row in rows]


def read_sources(connection: sa.Connection, where: sa.ColumnElement[bool]) -> list[SourceRecord]:
    """The sources that a condition holds for, by their origin, as a transaction sees them."""
    columns = [sources.c[field] for field in SourceRecord.__dataclass_fields__]
    query = sa.select(*columns).where(where).order_by(sources.c.origin)
    return [make_record(SourceRecord, row) for row in connection.execute(query)]


def read_split(connection: sa.Connection, seed: int) -> dict[str, str]:
    """The split of each image that has one under a seed, as a transaction sees it."""
    query = sa.select(splits.c.image_id, splits.c.split).where(splits.c.seed == seed, splits.c.split.in_(SPLITS))
    return {image_id: split for image_id, split in connection.execute(query)}
