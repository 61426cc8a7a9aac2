"""The catalogue: SQLite (through SQLAlchemy Core), one file, safe against kill -9."""

import os
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert

from bearkit.catalog import database
from bearkit.catalog.file_format import check_format, create_catalog_file
from bearkit.catalog.labels import clean_label, valid_label
from bearkit.catalog.schema import (
    SPLITS,
    ImageRecord,
    SourceRecord,
    decisions,
    images,
    meta,
    moves,
    read_images,
    read_sources,
    read_split,
    sources,
    splits,
)
from bearkit.core.atomic import atomic_write
from bearkit.core.project import Project
from bearkit.errors import ImportSourceError

UPDATES = "updates"  # key in `meta`: how often images were updated


class ChangeCounter(NamedTuple):
    """Numbers that change with the catalogue; see `Catalog.change_counter`."""

    file: int  # inode of the catalogue, which another one may replace
    images: tuple[int, ...]  # number of images, of those without a label, of those of each given split; of updates
    move: int  # id of the newest move of a file
    decision: int  # id of the newest decision


def _is_remote() -> sa.ColumnElement[bool]:
    return sources.c.status.in_(("waiting", "saved", "failed")) | sources.c.address.is_not(None)


def _number(text: sa.ColumnElement[str]) -> sa.ColumnElement[int]:
    return sa.cast(text, sa.Integer)


class Catalog:
    """The catalogue of a project. Each method is one transaction.

    Args:
        project: the project.
        create: create the catalogue if the project has none yet.

    Raises:
        ProjectError: there is no catalogue, the file is not one, or it has another format.
    """

    def __init__(self, project: Project, create: bool = False) -> None:
        if create:
            project.root.mkdir(parents=True, exist_ok=True)
        if not create or os.path.lexists(project.catalog):
            project.require()
        self.project, self._writing = project, threading.local()
        if create and not project.exists:
            database.set_aside_remains(project.require_writable().catalog)
            with atomic_write(project.catalog) as part:  # other programs see no catalogue, or a complete one
                create_catalog_file(part)
        check_format(project)

    @contextmanager
    def connection(self, write: bool = False) -> Iterator[sa.Connection]:
        """Open one transaction; see `database.connection`.

        Within a writing transaction, all other calls of this thread join it. So `with catalog.connection(write=True):`
        makes one transaction of several methods, also of a `DecisionLog` on this catalogue.
        """
        current = getattr(self._writing, "connection", None)
        if current is not None:
            yield current
            return
        with database.connection(self.project, write) as connection:
            self._writing.connection = connection if write else None
            try:
                yield connection
            finally:
                self._writing.connection = None

    def record(self, new: Iterable[ImageRecord], seen: Iterable[SourceRecord]) -> None:
        """Add new images and the status of each source, all or nothing. Images that are known already stay as they are.

        Raises:
            ImportSourceError: a label is not valid.
        """
        now = datetime.now(UTC).isoformat(timespec="seconds")
        new_rows = [
            asdict(image) | {"added": now, "label": valid_label(image.label, ImportSourceError)} for image in new
        ]
        seen_rows = [asdict(row) | {"seen": now, "label": row.label and clean_label(row.label)} for row in seen]
        with self.connection(write=True) as connection:
            if new_rows:
                connection.execute(insert(images).on_conflict_do_nothing(), new_rows)
            if seen_rows:
                upsert = insert(sources)
                fresh = {column.name: upsert.excluded[column.name] for column in sources.columns}
                # A source that is imported again with the same bytes keeps its first status.
                changed = sa.or_(
                    sources.c.image_id.is_(None), sources.c.image_id.is_distinct_from(upsert.excluded.image_id)
                )
                connection.execute(upsert.on_conflict_do_update(["origin"], set_=fresh, where=changed), seen_rows)

    def images(self) -> list[ImageRecord]:
        """Return all images as they were imported, sorted by label, then path."""
        with self.connection() as connection:
            return read_images(connection)

    def remote_sources(self) -> list[SourceRecord]:
        """Return all sources that are URLs, with their status (`waiting`: not requested yet)."""
        return self._sources(_is_remote())

    def failed(self) -> list[SourceRecord]:
        """Return all URLs that gave no image, with the reason."""
        return self._sources(sources.c.status == "failed")

    def count_remote_sources(self) -> list[tuple[str, str, str, int]]:
        """Return the number of URLs by label, status and reason: rows (label, status, reason, number)."""
        columns = [sa.func.coalesce(sources.c.label, ""), sources.c.status, sources.c.reason]
        query = sa.select(*columns, sa.func.count()).where(_is_remote()).group_by(*columns).order_by(*columns)
        with self.connection() as connection:
            return [tuple(row) for row in connection.execute(query)]

    def sources(self) -> list[SourceRecord]:
        """Return all sources: files and URLs."""
        return self._sources(sa.true())

    def rejected(self) -> list[SourceRecord]:
        """Return all files that are not usable images, with the reason."""
        return self._sources(sources.c.status == "rejected")

    def conflicts(self) -> list[dict[str, Any]]:
        """Return the images whose bytes came with two labels, or in two given splits.

        Returns:
            One dict for each image: `image_id`, `labels`, `splits`, `paths`, and `kept_label`, the label that is used.
        """
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
        by_image: dict[str, list[SourceRecord]] = {}
        with self.connection() as connection:
            for source in read_sources(connection, sources.c.image_id.in_(several)):
                by_image.setdefault(str(source.image_id), []).append(source)
            known = {image.image_id: image for image in read_images(connection)} if by_image else {}
        return [
            {
                "image_id": image_id,
                "labels": sorted({source.label for source in group if source.label}),
                "splits": sorted({source.given_split for source in group if source.given_split}),
                "paths": [source.origin for source in group],
                "kept_label": known[image_id].label,
            }
            for image_id, group in by_image.items()
        ]

    def origins(self, image_id: str | None = None) -> list[SourceRecord]:
        """Return the sources whose bytes are this image, or those of all images."""
        return self._sources(sources.c.image_id == image_id if image_id else sources.c.image_id.is_not(None))

    def update_image(self, image_id: str, **values: str) -> None:
        """Update an image's imported label, given split or path.

        Args:
            image_id: the image.
            values: `label`, `given_split` or `path`.

        Raises:
            ImportSourceError: the label is not valid.
        """
        values |= {"label": valid_label(values["label"], ImportSourceError)} if "label" in values else {}
        with self.connection(write=True) as connection:
            connection.execute(images.update().where(images.c.image_id == image_id).values(**values))
            first = insert(meta).values(key=UPDATES, value="1")
            connection.execute(
                first.on_conflict_do_update(["key"], set_={"value": sa.cast(_number(meta.c.value) + 1, sa.String)})
            )

    def setting(self, key: str) -> str | None:
        """Return a setting of the project; None if it was never saved."""
        with self.connection() as connection:
            return connection.scalar(sa.select(meta.c.value).where(meta.c.key == key))

    def save_setting(self, key: str, value: str, first: bool = False) -> None:
        """Save a setting of the project.

        Args:
            key: name of the setting.
            value: its value.
            first: keep an earlier value, if there is one.
        """
        row = insert(meta).values(key=key, value=value)
        last = row.on_conflict_do_update(["key"], set_={"value": value})
        with self.connection(write=True) as connection:
            connection.execute(row.on_conflict_do_nothing() if first else last)

    def split(self, seed: int) -> dict[str, str]:
        """Return the split that was assigned to each image under this seed, {image_id: split}."""
        with self.connection() as connection:
            return read_split(connection, seed)

    def assign(self, seed: int, assigned: Mapping[str, str]) -> dict[str, str]:
        """Store splits for ever; an image that has a split under this seed keeps it.

        A read-only project stores nothing; the splits are only returned.

        Args:
            seed: the project's seed.
            assigned: {image_id: split}.

        Returns:
            The splits of all images under this seed, {image_id: split}.
        """
        earlier = self.split(seed)
        new = {image_id: split for image_id, split in assigned.items() if image_id not in earlier}
        if not new or database.is_read_only(self.project):
            return new | earlier
        rows = [{"seed": seed, "image_id": image_id, "split": split} for image_id, split in new.items()]
        with self.connection(write=True) as connection:
            connection.execute(insert(splits).on_conflict_do_nothing(), rows)
            return read_split(connection, seed)

    def record_moves(self, files: Iterable[tuple[str, str, str]]) -> None:
        """Record that files were moved, all or nothing.

        Args:
            files: (image_id, old path, new path), relative to the project.
        """
        now = datetime.now(UTC).isoformat(timespec="seconds")
        rows = [{"time": now, "image_id": image_id, "from_path": old, "to_path": new} for image_id, old, new in files]
        with self.connection(write=True) as connection:
            if rows:
                connection.execute(insert(moves), rows)
            for row in rows:
                where = images.c.image_id == row["image_id"]
                connection.execute(images.update().where(where).values(path=row["to_path"]))

    def moves(self) -> dict[str, tuple[str, str]]:
        """Return the old paths of images that were moved: {image_id: (first path, path before the last move)}."""
        old_paths: dict[str, tuple[str, str]] = {}
        for row in self._rows(sa.select(moves.c.image_id, moves.c.from_path).order_by(moves.c.id)):
            first, _ = old_paths.get(row["image_id"], (row["from_path"], ""))
            old_paths[row["image_id"]] = first, row["from_path"]
        return old_paths

    def change_counter(self) -> ChangeCounter:
        """Return numbers of which one changes with each change of an image or a decision. A key for caches."""
        columns = [sa.func.count(), sa.func.count().filter(images.c.label == "")]
        columns += [sa.func.count().filter(images.c.given_split == name) for name in SPLITS]
        with self.connection() as connection:
            counts = connection.execute(sa.select(*columns).select_from(images)).one()
            decision, move = (
                connection.scalar(sa.select(sa.func.max(table.c.id))) or 0 for table in (decisions, moves)
            )
            updates = connection.scalar(sa.select(_number(meta.c.value)).where(meta.c.key == UPDATES)) or 0
        return ChangeCounter(self.project.catalog.stat().st_ino, (*counts, updates), move, decision)

    def path(self, image: ImageRecord) -> Path:
        """Return the path of an image's file.

        Raises:
            ImageError: the image's row leads out of the project; see `Project.picture`.
        """
        return self.project.picture(image.path)

    def _sources(self, where: sa.ColumnElement[bool]) -> list[SourceRecord]:
        with self.connection() as connection:
            return read_sources(connection, where)

    def _rows(self, query: sa.Select[Any]) -> list[dict[str, Any]]:
        with self.connection() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]
