"""Looks whether a catalogue's file is in order, and makes it anew from its copy and from what can still be read."""

import re
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from bearkit.catalog import database
from bearkit.catalog.backup import copy_of
from bearkit.catalog.catalog import make
from bearkit.catalog.decision_types import ACTIONS
from bearkit.catalog.schema import decisions, images, metadata
from bearkit.core.project import Project, whole
from bearkit.errors import BusyError, ProjectError

MOST = 5  # faults that are named
TURNS = ("undo", "redo")
IMAGE_ID = re.compile(r"[0-9a-f]{64}")


def faults(project: Project) -> list[str]:
    """What is wrong with a catalogue's file, in words; nothing where it is in order.

    Raises:
        BusyError: it cannot be looked at just now.
    """
    path = project.catalog
    if not path.is_file():
        return ["it is no file"]
    if not path.stat().st_size:
        return ["it is empty: 0 bytes"]
    try:
        with closing(_reader(path, database.mode_of(project))) as connection:
            found = [row[0].decode() for row in connection.execute(f"PRAGMA integrity_check({MOST})")]
            return [text for text in found if text != "ok"] or list(_wrong_rows(connection))
    except sqlite3.Error as error:
        wrong = database.worded(project, error)
        if isinstance(wrong, BusyError):  # it is not the file that is at fault
            raise wrong from error
        return [str(error)]


def _wrong_rows(connection: sqlite3.Connection) -> Iterator[str]:
    for table in metadata.sorted_tables:
        for number, row in _rows(connection, table):
            if why := _wrong(table, row):
                yield f"row {number} of {table.name}: {why}"
    if connection.execute("SELECT count(*) FROM meta WHERE key = 'format'").fetchone()[0] != 1:
        yield "it does not say which format it has"


def _rows(connection: sqlite3.Connection, table: sa.Table) -> Iterator[tuple[int, dict[str, Any]]]:
    """Every row, with its number; texts as bytes, since they may be none."""
    there = [row[1].decode() for row in connection.execute(f"PRAGMA table_info({table.name})")]
    columns = [column.name for column in table.columns if column.name in there]
    types = ", ".join(f"typeof({name})" for name in columns)
    for number, *values in connection.execute(f"SELECT rowid, {', '.join(columns)}, {types} FROM {table.name}"):  # noqa: S608
        kinds = [kind.decode() for kind in values[len(columns) :]]
        yield number, {name: _value(value, kind) for name, value, kind in zip(columns, values, kinds, strict=False)}


def _value(value: Any, kind: str) -> Any:
    """A text column as str; bytes that are not UTF-8 stay bytes."""
    if kind == "text":
        with suppress(UnicodeDecodeError):
            return value.decode()
    return value


def _wrong(table: sa.Table, row: dict[str, Any]) -> str:
    """Why bearkit cannot have written a row; "" where it can."""
    for name, value in row.items():
        column = table.columns[name]
        if not (isinstance(value, _types(column)) or (value is None and column.nullable)):
            return f"{name} is {value!r}"
    if lacking := [column.name for column in table.columns if not column.nullable and column.name not in row]:
        return f"{', '.join(lacking)} is missing"
    if table is images and not IMAGE_ID.fullmatch(row["image_id"]):
        return f"image_id is {row['image_id']!r}"
    if table is decisions and row["action"] not in (*ACTIONS, *TURNS):
        return f"action is {row['action']!r}"
    return ""


def _types(column: sa.Column[Any]) -> tuple[type, ...]:
    if isinstance(column.type, sa.Integer):
        return (int,)
    return (int, float) if isinstance(column.type, sa.Float) else (str,)


def rebuild(project: Project) -> Path:
    """Make a catalogue anew: its copy, and all rows of the damaged file that can still be read and are right.

    Returns:
        Where the damaged file is now.

    Raises:
        ProjectError: there is no copy, and no picture can be read from the damaged file.
    """
    path, copy = project.require_writable().catalog, copy_of(project.catalog)
    database.close_all()
    with whole(path) as part:
        make(part)
        with closing(sqlite3.connect(part)) as target:
            for file in (copy, path):
                _take_over(file, target)
            target.commit()
            if not target.execute("SELECT count(*) FROM images").fetchone()[0]:
                raise ProjectError(
                    f"{path} cannot be mended: no copy of it is there, and no picture can be read from it",
                    hint="move it away and import the pictures again: they are untouched in images/",
                )
        return _set_aside(path)


def _take_over(file: Path, target: sqlite3.Connection) -> None:
    """Copy every row that is right, over an older one of the same key; what cannot be read ends its table."""
    if not file.is_file():
        return
    with suppress(sqlite3.Error), closing(_reader(file, "ro")) as source:
        for table in metadata.sorted_tables:
            with suppress(sqlite3.Error):
                for _, row in _rows(source, table):
                    if not _wrong(table, row) and row.get("key") != "format":
                        _put(target, table, row)


def _put(target: sqlite3.Connection, table: sa.Table, row: dict[str, Any]) -> None:
    names, marks = ", ".join(row), ", ".join("?" * len(row))
    target.execute(f"INSERT OR REPLACE INTO {table.name} ({names}) VALUES ({marks})", [*row.values()])  # noqa: S608


def _set_aside(path: Path) -> Path:
    """Keep the damaged file, and what lies beside it, under another name."""
    damaged = path.with_name(f"{path.name}.damaged-{time.strftime('%Y%m%d-%H%M%S')}")
    for suffix in ("", *database.BESIDE):
        file = path.with_name(path.name + suffix)
        if file.exists():
            file.replace(damaged.with_name(damaged.name + suffix))
    return damaged


def _reader(path: Path, mode: str) -> sqlite3.Connection:
    connection = sqlite3.connect(database.address(path, mode), uri=True, timeout=database.BUSY_SECONDS)
    connection.text_factory = bytes
    return connection
