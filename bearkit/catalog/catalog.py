"""The catalogue: SQLite (through SQLAlchemy Core), one file, safe against kill -9."""

import os
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert

from bearkit.catalog import database
from bearkit.catalog.backup import back_up
from bearkit.catalog.labels import clean_label, valid_label
from bearkit.catalog.schema import (
    SPLITS,
    ImageRecord,
    SourceRecord,
    decisions,
    images,
    meta,
    metadata,
    moves,
    read_images,
    read_sources,
    read_split,
    sources,
    splits,
)
from bearkit.core.atomic import atomic_write
from bearkit.core.project import Project
from bearkit.errors import ImportSourceError, ProjectError

FORMAT = 3  # 1 had no decisions and no receipts, 2 no credits; they are brought up to date when they are opened
ADDED = {"1": ("bytes", "address", "seconds", "license", "creator", "page"), "2": ("license", "creator", "page")}


def _is_remote() -> sa.ColumnElement[bool]:
    return sources.c.status.in_(("waiting", "saved", "failed")) | sources.c.address.is_not(None)


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
        if not create or os.path.lexists(project.catalog):
            project.require()
        self.project, self._writing = project, threading.local()
        if create and not project.exists:
            database.set_aside_remains(project.require_writable().catalog)
            with atomic_write(project.catalog) as part:  # a program that looks at this moment finds none, or all of it
                create_catalog_file(part)
        self._check_format()

    @contextmanager
    def connection(self, write: bool = False) -> Iterator[sa.Connection]:
        """One transaction; see `database.connection`.

        Inside of one that writes, every other call of this thread joins it: `with catalog.connection(write=True):`
        makes one transaction of several methods, also of a `Ledger` on this catalogue.
        """
        joined = getattr(self._writing, "connection", None)
        if joined is not None:
            yield joined
            return
        with database.connection(self.project, write) as connection:
            self._writing.connection = connection if write else None
            try:
                yield connection
            finally:
                self._writing.connection = None

    def _check_format(self) -> None:
        query = sa.select(meta.c.value).where(meta.c.key == "format")
        with self.connection() as connection:
            found = connection.scalar(query)
        if found in ADDED:
            self._bring_up_to_date(query)
        elif found is None:
            raise ProjectError(
                f"{self.project.catalog} is no catalogue of bearkit's: it does not say which format it has",
                hint=f"is it another program's? Move it away, or name another project with `-p`. "
                f"Else {database.recovery_hint(self.project)}",
            )
        elif found != str(FORMAT):
            raise ProjectError(
                f"{self.project.catalog} has format {found}; this bearkit reads format {FORMAT}",
                hint="upgrade bearkit: `pip install --upgrade bearkit`",
            )

    def _bring_up_to_date(self, query: sa.Select[Any]) -> None:
        self.project.require_writable("its catalogue is of an older bearkit, and has to be brought up to date")
        back_up(self.project.catalog)
        with self.connection(write=True) as connection:
            metadata.create_all(connection)
            for name in ADDED.get(str(connection.scalar(query)), ()):  # another program may have been quicker
                kind = sources.c[name].type.compile(connection.dialect)
                connection.exec_driver_sql(f"ALTER TABLE sources ADD COLUMN {name} {kind}")
            connection.execute(meta.update().where(meta.c.key == "format").values(value=str(FORMAT)))

    def record(self, new: Iterable[ImageRecord], seen: Iterable[SourceRecord]) -> None:
        """Store new pictures and what became of each file, all or nothing. A known picture stays as it is.

        A label that cannot be one is an ImportSourceError.
        """
        now = datetime.now(UTC).isoformat(timespec="seconds")
        new_rows = [
            asdict(image) | {"added": now, "label": valid_label(image.label, ImportSourceError)} for image in new
        ]
        seen_rows = [asdict(one) | {"seen": now, "label": one.label and clean_label(one.label)} for one in seen]
        with self.connection(write=True) as connection:
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
        with self.connection() as connection:
            return read_images(connection)

    def remote_sources(self) -> list[SourceRecord]:
        """Every address of the net, and what came of it; `waiting` are those that were not asked yet."""
        return self._sources(_is_remote())

    def failed(self) -> list[SourceRecord]:
        """Every address that gave no picture, with its reason."""
        return self._sources(sources.c.status == "failed")

    def count_remote_sources(self) -> list[tuple[str, str, str, int]]:
        """How many addresses of each label came to what: label, status, reason, how many."""
        columns = [sa.func.coalesce(sources.c.label, ""), sources.c.status, sources.c.reason]
        query = sa.select(*columns, sa.func.count()).where(_is_remote()).group_by(*columns).order_by(*columns)
        with self.connection() as connection:
            return [tuple(row) for row in connection.execute(query)]

    def sources(self) -> list[SourceRecord]:
        """Every file and address that was looked at."""
        return self._sources(sa.true())

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
                    sa.func.count(sa.func.nullif(sources.c.label, "").distinct()) > 1,
                    sa.func.count(sources.c.given_split.distinct()) > 1,
                )
            )
        )
        found: dict[str, list[SourceRecord]] = {}
        with self.connection() as connection:
            for source in read_sources(connection, sources.c.image_id.in_(several)):
                found.setdefault(str(source.image_id), []).append(source)
            used = {image.image_id: image for image in read_images(connection)} if found else {}
        return [
            {
                "image_id": image_id,
                "labels": sorted({one.label for one in seen if one.label}),
                "splits": sorted({one.given_split for one in seen if one.given_split}),
                "paths": [one.origin for one in seen],
                "kept_label": used[image_id].label,
            }
            for image_id, seen in found.items()
        ]

    def origins(self, image_id: str | None = None) -> list[SourceRecord]:
        """The files whose bytes are this picture, or any of the project's pictures."""
        return self._sources(sources.c.image_id == image_id if image_id else sources.c.image_id.is_not(None))

    def update_image(self, image_id: str, **values: str) -> None:
        """Say as what a picture came that had come without a label, in which split it was given, or where it is now.

        A label that cannot be one is an ImportSourceError.
        """
        values |= {"label": valid_label(values["label"], ImportSourceError)} if "label" in values else {}
        with self.connection(write=True) as connection:
            connection.execute(images.update().where(images.c.image_id == image_id).values(**values))

    def setting(self, key: str) -> str | None:
        """What is kept under this name about the project as a whole, if anything is."""
        with self.connection() as connection:
            return connection.scalar(sa.select(meta.c.value).where(meta.c.key == key))

    def save_setting(self, key: str, value: str, first: bool = False) -> None:
        """Keep something about the project as a whole; under one name the last stays, or the first."""
        row = insert(meta).values(key=key, value=value)
        last = row.on_conflict_do_update(["key"], set_={"value": value})
        with self.connection(write=True) as connection:
            connection.execute(row.on_conflict_do_nothing() if first else last)

    def split(self, seed: int) -> dict[str, str]:
        """The split that each picture was assigned under this seed, {image_id: split}."""
        with self.connection() as connection:
            return read_split(connection, seed)

    def assign(self, seed: int, assigned: Mapping[str, str]) -> dict[str, str]:
        """Keep assignments for good; who came first wins. Returns all of this seed's.

        Nothing is stored in a read-only project; the assignments are only returned.
        """
        stored = self.split(seed)
        new = {image_id: split for image_id, split in assigned.items() if image_id not in stored}
        if not new or database.is_read_only(self.project):
            return new | stored
        rows = [{"seed": seed, "image_id": image_id, "split": split} for image_id, split in new.items()]
        with self.connection(write=True) as connection:
            connection.execute(insert(splits).on_conflict_do_nothing(), rows)
            return read_split(connection, seed)

    def record_moves(self, files: Iterable[tuple[str, str, str]]) -> None:
        """Write down where files are now, all or nothing: (image_id, from, to), relative to the project."""
        now = datetime.now(UTC).isoformat(timespec="seconds")
        rows = [{"time": now, "image_id": one, "from_path": old, "to_path": new} for one, old, new in files]
        with self.connection(write=True) as connection:
            if rows:
                connection.execute(insert(moves), rows)
            for row in rows:
                where = images.c.image_id == row["image_id"]
                connection.execute(images.update().where(where).values(path=row["to_path"]))

    def moves(self) -> dict[str, tuple[str, str]]:
        """Of each picture whose file was moved: where it was first, and where it was before the last move."""
        found: dict[str, tuple[str, str]] = {}
        for row in self._rows(sa.select(moves.c.image_id, moves.c.from_path).order_by(moves.c.id)):
            first, _ = found.get(row["image_id"], (row["from_path"], ""))
            found[row["image_id"]] = first, row["from_path"]
        return found

    def change_counter(self) -> tuple[int, ...]:
        """Numbers that change whenever pictures come or move, or someone decides."""
        every = [sa.func.count(), sa.func.count().filter(images.c.label == "")]
        every += [sa.func.count().filter(images.c.given_split == name) for name in SPLITS]
        with self.connection() as connection:
            counts = connection.execute(sa.select(*every).select_from(images)).one()
            last = [connection.scalar(sa.select(sa.func.max(table.c.id))) or 0 for table in (decisions, moves)]
        return self.project.catalog.stat().st_ino, *counts, *last  # the file may have been replaced

    def path(self, image: ImageRecord) -> Path:
        """Where a picture's file is.

        Raises:
            ImageError: its row leads out of the project (`Project.picture`).
        """
        return self.project.picture(image.path)

    def _sources(self, where: sa.ColumnElement[bool]) -> list[SourceRecord]:
        with self.connection() as connection:
            return read_sources(connection, where)

    def _rows(self, query: sa.Select[Any]) -> list[dict[str, Any]]:
        with self.connection() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]


def create_catalog_file(path: Path) -> None:
    """Make an empty catalogue."""
    engine = database.new_engine(path)
    with engine.connect() as connection:  # readers and a writer at once; the file remembers it
        connection.exec_driver_sql("PRAGMA journal_mode=WAL")
    with engine.begin() as connection:
        metadata.create_all(connection)
        connection.execute(insert(meta).values(key="format", value=str(FORMAT)))
    engine.dispose()
