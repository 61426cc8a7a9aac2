"""The format of the catalogue's file: create it, check it, and migrate older ones."""

from functools import cache
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite

from bearkit.catalog import database
from bearkit.catalog.backup import back_up
from bearkit.catalog.schema import meta, metadata, sources
from bearkit.core.project import Project
from bearkit.errors import ProjectError

FORMAT = 3  # 1 had no decisions and no download records, 2 no licences; opening such a catalogue migrates it
RIGHTS = (sources.c.license, sources.c.creator, sources.c.page)
ADDED = {"1": (sources.c.bytes, sources.c.address, sources.c.seconds, *RIGHTS), "2": RIGHTS}  # since each format


def create_catalog_file(path: Path) -> None:
    """Create an empty catalogue."""
    engine = database.new_engine(path)
    with engine.connect() as connection:  # readers do not block a writer; the file stores this mode
        connection.exec_driver_sql("PRAGMA journal_mode=WAL")
    with engine.begin() as connection:
        for statement in _schema():
            connection.exec_driver_sql(statement)
        connection.execute(sqlite.insert(meta).values(key="format", value=str(FORMAT)))
    engine.dispose()


@cache
def _schema() -> tuple[str, ...]:
    """Return the statements that create the tables and indexes of an empty catalogue."""
    statements: list[str] = []
    language = sqlite.dialect()
    engine = sa.create_mock_engine("sqlite://", lambda made, *_: statements.append(str(made.compile(dialect=language))))
    metadata.create_all(engine, checkfirst=False)
    return tuple(statements)


def check_format(project: Project) -> None:
    """Check the format of a catalogue, and migrate one of an older bearkit.

    Raises:
        ProjectError: the file is not a catalogue, or has a newer format.
    """
    query = sa.select(meta.c.value).where(meta.c.key == "format")
    with database.connection(project) as connection:
        stored_format = connection.scalar(query)
    if stored_format in ADDED:
        _migrate(project, query)
    elif stored_format is None:
        raise ProjectError(
            f"{project.catalog} is not a catalogue of bearkit's: its format is not recorded",
            hint=f"is it another program's? Move it away, or name another project with `-p`. "
            f"Else {database.recovery_hint(project)}",
        )
    elif stored_format != str(FORMAT):
        raise ProjectError(
            f"{project.catalog} has format {stored_format}; this bearkit reads format {FORMAT}",
            hint="upgrade bearkit: `pip install --upgrade bearkit`",
        )


def _migrate(project: Project, query: sa.Select[Any]) -> None:
    """Bring the tables of an older bearkit to the present format."""
    project.require_writable("its catalogue is of an older bearkit, and has to be brought up to date")
    back_up(project.catalog)
    with database.connection(project, write=True) as connection:
        metadata.create_all(connection)
        for column in ADDED.get(str(connection.scalar(query)), ()):  # empty if another program has just done it
            kind = column.type.compile(connection.dialect)
            connection.exec_driver_sql(f"ALTER TABLE {column.table.name} ADD COLUMN {column.name} {kind}")
        connection.execute(meta.update().where(meta.c.key == "format").values(value=str(FORMAT)))
