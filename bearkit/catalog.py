"""What is known about a project's pictures: SQLite (through SQLAlchemy Core), one file, safe against kill -9."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert

from bearkit.errors import BusyError, ProjectError
from bearkit.project import Project, whole

FORMAT = 1
BUSY_SECONDS = 30  # that one waits for another program's transaction
SPLITS = ("train", "valid", "test")

metadata = sa.MetaData()
meta = sa.Table("meta", metadata, sa.Column("key", sa.String, primary_key=True), sa.Column("value", sa.String))
images = sa.Table(
    "images",
    metadata,
    sa.Column("image_id", sa.String(64), primary_key=True),
    sa.Column("path", sa.String, nullable=False),  # relative to the project, with /
    sa.Column("label", sa.String, nullable=False, index=True),
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
    sa.Column("status", sa.String, nullable=False),  # imported, duplicate or rejected
    sa.Column("reason", sa.String, nullable=False),
    sa.Column("image_id", sa.String(64), index=True),
    sa.Column("seen", sa.String, nullable=False),
)
splits = sa.Table(
    "splits",
    metadata,
    sa.Column("seed", sa.Integer, primary_key=True),
    sa.Column("image_id", sa.String(64), primary_key=True),
    sa.Column("split", sa.String, nullable=False),
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


@dataclass(frozen=True)
class SourceRecord:
    """One file that was looked at, and what became of it."""

    origin: str
    label: str | None
    given_split: str | None
    status: str
    reason: str = ""
    image_id: str | None = None


def _engine(path: Path) -> sa.Engine:
    url = sa.URL.create("sqlite", database=str(path))
    return sa.create_engine(url, connect_args={"timeout": BUSY_SECONDS})


class Catalog:
    """A project's catalogue. Each method is one transaction.

    Args:
        project: whose catalogue; the file is made with `create=True`, and otherwise must be there.

    Raises:
        ProjectError: there is none, it is no catalogue, or it is of another version.
    """

    def __init__(self, project: Project, create: bool = False) -> None:
        if create:
            project.root.mkdir(parents=True, exist_ok=True)
        else:
            project.require()
        self.project = project
        if create and not project.exists:
            with whole(project.catalog) as part:  # so that whoever looks at this moment finds none, or all of it
                self._engine = _engine(part)
                self._make()
                self._engine.dispose()
        self._engine = _engine(project.catalog)
        with self._connection() as connection:
            self._check_format(connection)

    @contextmanager
    def _connection(self, write: bool = False) -> Iterator[sa.Connection]:
        """A connection, in a transaction when it writes; what SQLite says against it is worded here."""
        try:
            with self._engine.begin() if write else self._engine.connect() as connection:
                yield connection
        except sa.exc.OperationalError as error:  # locked, full or read-only: the file itself is in order
            raise BusyError(
                f"{self.project.catalog} cannot be used just now: {error.orig}",
                hint="is another program writing, the disk full or the folder read-only? Nothing is lost: try again",
            ) from error
        except sa.exc.DatabaseError as error:
            raise ProjectError(
                f"{self.project.catalog} cannot be read as a catalogue: {error.orig}",
                hint="move it away and import the pictures again; the pictures themselves are untouched in images/",
            ) from error

    def _make(self) -> None:
        with self._connection() as connection:  # readers and a writer at once; the file remembers it
            connection.exec_driver_sql("PRAGMA journal_mode=WAL")
        with self._connection(write=True) as connection:
            metadata.create_all(connection)
            connection.execute(insert(meta).values(key="format", value=str(FORMAT)))

    def _check_format(self, connection: sa.Connection) -> None:
        found = connection.scalar(sa.select(meta.c.value).where(meta.c.key == "format"))
        if found != str(FORMAT):
            raise ProjectError(
                f"{self.project.catalog} has format {found}; this bearkit reads format {FORMAT}",
                hint="upgrade bearkit: `pip install --upgrade bearkit`",
            )

    def record(self, new: Iterable[ImageRecord], seen: Iterable[SourceRecord]) -> None:
        """Store new pictures and what became of each file, all or nothing. A known picture stays as it is."""
        now = datetime.now(UTC).isoformat(timespec="seconds")
        new_rows = [asdict(image) | {"added": now} for image in new]
        seen_rows = [asdict(source) | {"seen": now} for source in seen]
        with self._connection(write=True) as connection:
            if new_rows:
                connection.execute(insert(images).on_conflict_do_nothing(), new_rows)
            if seen_rows:
                upsert = insert(sources)
                fresh = {column.name: upsert.excluded[column.name] for column in sources.columns}
                # A file seen again with the same bytes keeps the status it got the first time.
                changed = sa.or_(
                    sources.c.image_id.is_(None), sources.c.image_id.is_distinct_from(upsert.excluded.image_id)
                )
                connection.execute(upsert.on_conflict_do_update(["origin"], set_=fresh, where=changed), seen_rows)

    def images(self) -> list[ImageRecord]:
        """Every picture, by label, then path."""
        columns = [images.c[field] for field in ImageRecord.__dataclass_fields__]
        rows = self._rows(sa.select(*columns).order_by(images.c.label, images.c.path))
        return [ImageRecord(**row) for row in rows]

    def rejected(self) -> list[SourceRecord]:
        """Every file that is no usable picture, with its reason."""
        return self._sources(sources.c.status == "rejected")

    def conflicts(self) -> list[dict[str, Any]]:
        """Pictures whose bytes were found under two labels, or in two given splits, with what the project uses."""
        several = (
            sa.select(sources.c.image_id)
            .where(sources.c.image_id.is_not(None))
            .group_by(sources.c.image_id)
            .having(
                sa.or_(
                    sa.func.count(sources.c.label.distinct()) > 1,
                    sa.func.count(sources.c.given_split.distinct()) > 1,
                )
            )
        )
        found: dict[str, list[SourceRecord]] = {}
        for source in self._sources(sources.c.image_id.in_(several)):
            found.setdefault(str(source.image_id), []).append(source)
        used = {image.image_id: image for image in self.images()} if found else {}
        return [
            {
                "image_id": image_id,
                "labels": sorted({str(one.label) for one in seen}),
                "splits": sorted({one.given_split for one in seen if one.given_split}),
                "paths": [one.origin for one in seen],
                "kept_label": used[image_id].label,
            }
            for image_id, seen in found.items()
        ]

    def origins(self, image_id: str) -> list[SourceRecord]:
        """The files whose bytes are this picture."""
        return self._sources(sources.c.image_id == image_id)

    def set_given_split(self, image_id: str, split: str) -> None:
        """Say in which split a picture was given."""
        with self._connection(write=True) as connection:
            connection.execute(images.update().where(images.c.image_id == image_id).values(given_split=split))

    def split(self, seed: int) -> dict[str, str]:
        """The split that each picture was assigned under this seed, {image_id: split}."""
        rows = self._rows(sa.select(splits.c.image_id, splits.c.split).where(splits.c.seed == seed))
        return {row["image_id"]: row["split"] for row in rows}

    def assign(self, seed: int, assigned: Mapping[str, str]) -> dict[str, str]:
        """Keep assignments for good; who came first wins. Returns all of this seed's."""
        rows = [{"seed": seed, "image_id": image_id, "split": split} for image_id, split in assigned.items()]
        if rows:
            with self._connection(write=True) as connection:
                connection.execute(insert(splits).on_conflict_do_nothing(), rows)
        return self.split(seed)

    def path(self, image: ImageRecord) -> Path:
        """Where a picture's file is."""
        return self.project.root / image.path

    def _sources(self, where: sa.ColumnElement[bool]) -> list[SourceRecord]:
        columns = [sources.c[field] for field in SourceRecord.__dataclass_fields__]
        return [SourceRecord(**row) for row in self._rows(sa.select(*columns).where(where).order_by(sources.c.origin))]

    def _rows(self, query: sa.Select[Any]) -> list[dict[str, Any]]:
        with self._connection() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]
