"""Commands that look after a project."""

from pathlib import Path
from typing import Annotated

import typer

import bearkit
from bearkit.cli.common import JsonOption, ProjectOption, app, place_of, progress_bars, show
from bearkit.core.project import Project
from bearkit.doctor.problems import in_words, left_over


@app.command()
def doctor(
    mend: Annotated[bool, typer.Option("--mend", help="Mend what can be mended.")] = False,
    project: ProjectOption = Path(),
    as_json: JsonOption = False,
) -> None:
    """Look whether a project is in order: its catalogue, pictures, caches, runs and models.

    It ends with 1 where a problem is left, and with 0 where everything is in order or was mended.

    A copy of the catalogue is kept beside it (catalog.db.bak); --mend goes back to it where the catalogue is damaged.

    Example: bearkit doctor -p bears
    """
    with progress_bars() as progress:
        result = bearkit.examine_project(Project(project), mend, progress)
    if result["ok"]:
        show(as_json, result, in_words(result, place_of(project)))
        return
    show(as_json, result | left_over(result, place_of(project)), in_words(result, place_of(project)))
    raise typer.Exit(1)
