"""Check the catalogue's file for damage, and rebuild it from its backup and from the rows that can still be read."""

import re
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from bearkit.catalog import database
from bearkit.catalog.backup import backup_path
from bearkit.catalog.decision_types import ACTIONS
from bearkit.catalog.file_format import create_catalog_file
from bearkit.catalog.schema import decisions, images, metadata
from bearkit.core.atomic import atomic_write
from bearkit.core.project import Project
from bearkit.errors import BusyError, ProjectError

MAX_FAULTS = 5  # faults that SQLite lists
UNDO_REDO = ("undo", "redo")
IMAGE_ID = re.compile(r"[0-9a-f]{64}")


def find_faults(project: Project) -> list[str]:
    """Return sentences about what is wrong with a catalogue's file; an empty list if nothing is.

    Raises:
        BusyError: the file cannot be checked at the moment.
    """
    path = project.catalog
    if not path.is_file():
        return ["it is not a file"]
    if not path.stat().st_size:
        return ["it is empty: 0 bytes"]
    try:
        with closing(_reader(path, database.open_mode(project))) as connection:
            messages = [row[0].decode() for row in connection.execute(f"PRAGMA integrity_check({MAX_FAULTS})")]
            return [text for text in messages if text != "ok"] or list(_bad_rows(connection))
    except sqlite3.Error as error:
        translated = database.translate_error(project, error)
        if isinstance(translated, BusyError):  # the file itself is in order
            raise translated from error
        return [str(error)]


def _bad_rows(connection: sqlite3.Connection) -> Iterator[str]:
    for table in metadata.sorted_tables:
        for number, row in _rows(connection, table):
            if why := _fault(table, row):
                yield f"row {number} of {table.name}: {why}"
    if connection.execute("SELECT count(*) FROM meta WHERE key = 'format'").fetchone()[0] != 1:
        yield "its format is not recorded"


def _rows(connection: sqlite3.Connection, table: sa.Table) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield all rows of a table with their rowids. A text that is not UTF-8 stays bytes."""
    existing = [row[1].decode() for row in connection.execute(f"PRAGMA table_info({table.name})")]
    columns = [column.name for column in table.columns if column.name in existing]
    types = ", ".join(f"typeof({name})" for name in columns)
    for number, *values in connection.execute(f"SELECT rowid, {', '.join(columns)}, {types} FROM {table.name}"):  # noqa: S608
        kinds = [kind.decode() for kind in values[len(columns) :]]
        yield number, {name: _value(value, kind) for name, value, kind in zip(columns, values, kinds, strict=False)}


def _value(value: Any, kind: str) -> Any:
    """Decode a text value; bytes that are not UTF-8 stay bytes."""
    if kind == "text":
        with suppress(UnicodeDecodeError):
            return value.decode()
    return value


def _fault(table: sa.Table, row: dict[str, Any]) -> str:
    """Return why bearkit cannot have written a row; "" if it can."""
    for name, value in row.items():
        column = table.columns[name]
        if not (isinstance(value, _types(column)) or (value is None and column.nullable)):
            return f"{name} is {value!r}"
    if lacking := [column.name for column in table.columns if not column.nullable and column.name not in row]:
        return f"{', '.join(lacking)} is missing"
    if table is images and not IMAGE_ID.fullmatch(row["image_id"]):
        return f"image_id is {row['image_id']!r}"
    if table is decisions and row["action"] not in (*ACTIONS, *UNDO_REDO):
        return f"action is {row['action']!r}"
    return ""


def _types(column: sa.Column[Any]) -> tuple[type, ...]:
    """Return the Python types that bearkit stores in a column."""
    if isinstance(column.type, sa.Integer):
        return (int,)
    return (int, float) if isinstance(column.type, sa.Float) else (str,)


def rebuild(project: Project) -> Path:
    """Rebuild a damaged catalogue from its backup and from all valid rows that can still be read.

    Returns:
        The new path of the damaged file.

    Raises:
        ProjectError: there is no backup, and no image can be read from the damaged file.
    """
    path, copy = project.require_writable().catalog, backup_path(project.catalog)
    database.close_all()
    with atomic_write(path) as part:
        create_catalog_file(part)
        with closing(sqlite3.connect(part)) as target:
            for file in (copy, path):
                _copy_rows(file, target)
            target.commit()
            if not target.execute("SELECT count(*) FROM images").fetchone()[0]:
                raise ProjectError(
                    f"{path} cannot be repaired: it has no backup, and no picture can be read from it",
                    hint="move it away and import the pictures again: they are untouched in images/",
                )
        return _set_aside(path)


def _copy_rows(file: Path, target: sqlite3.Connection) -> None:
    """Copy all valid rows, replacing rows of the same key. A table is copied up to its first unreadable row."""
    if not file.is_file():
        return
    with suppress(sqlite3.Error), closing(_reader(file, "ro")) as source:
        for table in metadata.sorted_tables:
            with suppress(sqlite3.Error):
                for _, row in _rows(source, table):
                    if not _fault(table, row) and row.get("key") != "format":
                        _insert(target, table, row)


def _insert(target: sqlite3.Connection, table: sa.Table, row: dict[str, Any]) -> None:
    names, marks = ", ".join(row), ", ".join("?" * len(row))
    target.execute(f"INSERT OR REPLACE INTO {table.name} ({names}) VALUES ({marks})", [*row.values()])  # noqa: S608


def _set_aside(path: Path) -> Path:
    """Rename the damaged file and its side files. Returns the new path."""
    damaged = path.with_name(f"{path.name}.damaged-{time.strftime('%Y%m%d-%H%M%S')}")
    for suffix in ("", *database.SIDE_FILES):
        file = path.with_name(path.name + suffix)
        if file.exists():
            file.replace(damaged.with_name(damaged.name + suffix))
    return damaged


def _reader(path: Path, mode: str) -> sqlite3.Connection:
    connection = sqlite3.connect(database.sqlite_uri(path, mode), uri=True, timeout=database.BUSY_SECONDS)
    connection.text_factory = bytes
    return connection
