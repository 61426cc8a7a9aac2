"""The tables of the catalogue, and their rows as dataclasses."""

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
    sa.Column("path", sa.String, nullable=False),  # relative to the project, with /; absolute if it is linked
    sa.Column("label", sa.String, nullable=False, index=True),  # as imported; "" for none
    sa.Column("given_split", sa.String),  # from its folder or table; null for none
    sa.Column("width", sa.Integer, nullable=False),
    sa.Column("height", sa.Integer, nullable=False),
    sa.Column("format", sa.String, nullable=False),
    sa.Column("bytes", sa.Integer, nullable=False),
    sa.Column("added", sa.String, nullable=False),
)
sources = sa.Table(
    "sources",
    metadata,
    sa.Column("origin", sa.String, primary_key=True),  # path or URL that was imported
    sa.Column("label", sa.String),
    sa.Column("given_split", sa.String),
    sa.Column("status", sa.String, nullable=False),  # imported, rejected; waiting, saved, failed; duplicate
    sa.Column("reason", sa.String, nullable=False),
    sa.Column("image_id", sa.String(64), index=True),
    sa.Column("seen", sa.String, nullable=False),
    sa.Column("bytes", sa.Integer),  # of the download; null for files, like `address` and `seconds`
    sa.Column("address", sa.String),  # final URL, after redirects
    sa.Column("seconds", sa.Float),  # of the download
    sa.Column("license", sa.String),  # from the URL list or the search provider, like `creator` and `page`
    sa.Column("creator", sa.String),
    sa.Column("page", sa.String),  # landing page: the web page that shows the image
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
    sa.Column("step", sa.Integer, nullable=False, index=True),  # rows of one step are undone together
    sa.Column("time", sa.String, nullable=False),
    sa.Column("reviewer", sa.String, nullable=False),
    sa.Column("image_id", sa.String(64), index=True),  # null for undo and redo
    sa.Column("action", sa.String, nullable=False),
    sa.Column("from_label", sa.String),
    sa.Column("to_label", sa.String),  # for `beside`: the id of the other image
    sa.Column("run", sa.String),  # run whose predictions the reviewer saw
    sa.Column("kind", sa.String),  # kind of candidate it was shown as; null: counts for every kind
    sa.Column("view", sa.String),  # the reviewer's filter of the page; null: not decided on a page
    sa.Column("token", sa.String, index=True),  # id of one call, which is stored once
    sqlite_autoincrement=True,
)
sa.Index("decisions_of_reviewer", decisions.c.reviewer, decisions.c.step)
sa.Index("turns", decisions.c.step, sqlite_where=decisions.c.action.in_(["undo", "redo"]))
moves = sa.Table(  # append-only: files that were moved, for example by `apply` and `unapply`
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
    """One image of the project."""

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
        """Whether the file is used in its own folder outside of the project; bearkit never changes such a file."""
        return PurePath(self.path).is_absolute()


@dataclass(frozen=True)
class SourceRecord:
    """One file or URL that was imported, and its status."""

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
    seen: str | None = None  # time of its last import, ISO 8601 in UTC


@dataclass(frozen=True)
class Decision:
    """One row of the decision log; it never changes. One undo reverts all rows with the same `step`."""

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
_valid: set[tuple[type, ...]] = set()  # (record class, types of the row's values) that were checked before


def make_record(kind: type[R], row: Sequence[Any]) -> R:
    """Make a record of a row, whose values are in the order of the record's fields.

    Raises:
        ProjectError: a value has a wrong type: SQLite stores any type in any column.
    """
    types = (kind, *map(type, row))
    if types not in _valid:
        for field, value in zip(fields(kind), row, strict=True):
            if not isinstance(value, field.type):  # type: ignore[arg-type]  # no annotation here is a string
                raise ProjectError(
                    f"the catalogue is damaged: a row of {kind.__name__} has {value!r} as its {field.name}",
                    hint="`bearkit doctor` names such rows, and `bearkit doctor --mend` leaves them out",
                )
        _valid.add(types)
    return kind(*row)


def read_images(connection: sa.Connection) -> list[ImageRecord]:
    """Read all images, sorted by label, then path."""
    rows = connection.execute(_select_images().order_by(images.c.label, images.c.path))
    return [make_record(ImageRecord, row) for row in rows]


def read_image(connection: sa.Connection, image_id: str) -> ImageRecord | None:
    """Read one image; None if there is none with this id."""
    row = connection.execute(_select_images().where(images.c.image_id == image_id)).one_or_none()
    return None if row is None else make_record(ImageRecord, row)


def _select_images() -> sa.Select[Any]:
    return sa.select(*(images.c[field] for field in ImageRecord.__dataclass_fields__))


def read_sources(connection: sa.Connection, where: sa.ColumnElement[bool]) -> list[SourceRecord]:
    """Read the sources that fulfil a condition, sorted by origin."""
    columns = [sources.c[field] for field in SourceRecord.__dataclass_fields__]
    query = sa.select(*columns).where(where).order_by(sources.c.origin)
    return [make_record(SourceRecord, row) for row in connection.execute(query)]


def read_split(connection: sa.Connection, seed: int) -> dict[str, str]:
    """Read the splits under a seed, {image_id: split}."""
    query = sa.select(splits.c.image_id, splits.c.split).where(splits.c.seed == seed, splits.c.split.in_(SPLITS))
    return {image_id: split for image_id, split in connection.execute(query)}


def read_added(connection: sa.Connection) -> dict[str, str]:
    """Read when each image was imported, ISO 8601 in UTC, {image_id: time}."""
    return {row.image_id: row.added for row in connection.execute(sa.select(images.c.image_id, images.c.added))}
