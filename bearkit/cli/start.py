"""Commands to start with: the demo and the studio."""

from pathlib import Path
from typing import Annotated

import typer

import bearkit
from bearkit.cli import output
from bearkit.cli.common import JsonOption, PortOption, app, program, progress_bars, show, wait_for_stop
from bearkit.core.project import DEMO_FOLDER, Project, default_project


@app.command()
def demo(
    folder: Annotated[
        Path | None, typer.Argument(metavar="DIR", help=f"A new folder for the project; by default {DEMO_FOLDER}.")
    ] = None,
    project: Annotated[Path | None, typer.Option("--project", "-p", metavar="DIR", help="The same as DIR.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Try everything in half a minute, on photographs of birds.

    The demo imports the photographs, trains, finds labels that were made wrong
    on purpose, exports the model and predicts with it.

    Example: bearkit demo
    """
    place = Project(folder or project or DEMO_FOLDER)
    with progress_bars() as progress:
        result = bearkit.run_demo(place, progress)
    show(as_json, result, output.demonstrated(result, program()))


@app.command()
def studio(
    folder: Annotated[
        Path | None, typer.Argument(metavar="PROJECT", help="The project's folder; by default this folder.")
    ] = None,
    port: PortOption = 7860,
    browser: Annotated[bool, typer.Option(help="Open the page in the browser.")] = True,
    project: Annotated[Path | None, typer.Option("--project", "-p", metavar="DIR", help="The same as PROJECT.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Open a project in the browser.

    If this folder is no project, it opens the demo's.

    Example: bearkit studio bears
    """
    place = default_project(folder or project)
    page, url = bearkit.launch_studio(place, port=port, open_browser=browser)
    text = f"The studio of {place.root} is at {url} (stop it with Ctrl-C; everything is saved)"
    show(as_json, {"project": str(place.root), "url": url}, text)
    wait_for_stop(page)
