"""Commands that look after a project."""

from pathlib import Path
from typing import Annotated

import typer

import bearkit
from bearkit.cli.common import JsonOption, ProjectOption, app, place_of, progress_bars, show
from bearkit.doctor.problems import in_words
from bearkit.project import Project


@app.command()
def doctor(
    mend: Annotated[bool, typer.Option("--mend", help="Mend what can be mended.")] = False,
    project: ProjectOption = Path(),
    as_json: JsonOption = False,
) -> None:
    """Look whether a project is in order: its catalogue, pictures, caches, runs and models.

    A copy of the catalogue is kept beside it (catalog.db.bak); --mend goes back to it where the catalogue is damaged.

    Example: bearkit doctor -p bears
    """
    with progress_bars() as progress:
        result = bearkit.examine_project(Project(project), mend, progress)
    show(as_json, result, in_words(result, place_of(project)))
