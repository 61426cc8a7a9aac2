"""What all commands share: options, how results and errors are printed, progress bars."""

import json
import shlex
import sys
import traceback
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as ProgressBar

import bearkit
from bearkit.errors import BearkitError
from bearkit.parallel import Progress
from bearkit.project import Project

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
err = Console(stderr=True)

ProjectOption = Annotated[Path, typer.Option("--project", "-p", help="The project's folder.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]
ModelArgument = Annotated[Path, typer.Argument(help="A model folder, or the name of one in the project's models/.")]
RunOption = Annotated[str | None, typer.Option("--run", help="A run's id; the newest finished one if left out.")]


def run() -> None:
    """Run the command line. Exit code 0, 1 with an error object, or 2 for wrong usage."""
    warnings.filterwarnings("ignore", module=r"PIL\.", category=UserWarning)  # odd metadata of a picture that loads
    try:
        app()
    except BearkitError as error:
        _fail(error)
    except OSError as error:  # no room, no permission, a file where a folder should be
        where = f": {error.filename}" if error.filename else ""
        hint = "check the path, its permissions and the room on the disk; nothing that was there is lost"
        _fail(BearkitError(f"{error.strerror or error}{where}", hint))
    except Exception as error:
        traceback.print_exc()
        _fail(BearkitError(f"unexpected: {error!r}", hint="this is a bug in bearkit; please report the lines above"))
    except SystemExit as stop:
        if stop.code == 130:
            err.print("Stopped. What was done with the pictures is kept; the same command goes on from there.")
        raise


def _fail(error: BearkitError) -> None:
    """Word an error once for all commands."""
    if "--json" in sys.argv:
        print(json.dumps(error.as_dict(), allow_nan=False))
    else:
        err.print(f"[bold red]error:[/] {_plain(str(error))}", highlight=False)
        if error.hint:
            err.print(f"[bold]what helps:[/] {_plain(error.hint)}", highlight=False)
    sys.exit(1)


def _plain(text: str) -> str:
    return printable(text).replace("[", "\\[")


def printable(text: str) -> str:
    """Without what a file name could do to a terminal."""
    return "".join(char if char.isprintable() or char == "\n" else "\N{REPLACEMENT CHARACTER}" for char in text)


def place_of(project: Path) -> str:
    """How the next command names this project."""
    return "" if project == Path() else f" -p {shlex.quote(str(project))}"


def model_folder(model: Path, project: Path) -> Path:
    """A model folder by its path, or by its name in the project."""
    inside = Project(project).models / model
    return inside if inside.is_dir() and not model.exists() else model


def show(as_json: bool, result: dict[str, Any], text: str) -> None:
    """Print the result: as one JSON object, or as text."""
    print(json.dumps(result, allow_nan=False) if as_json else printable(text))


@contextmanager
def progress_bars() -> Iterator[Progress]:
    """Bars on stderr, one for each kind of work, where a person is looking."""
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with ProgressBar(*columns, console=err, transient=True, disable=not err.is_terminal) as bars:
        tasks: dict[str, Any] = {}

        def told(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(what, total=total)
            bars.update(tasks[what], completed=done, total=total)

        yield told


def _version(asked: bool) -> None:
    if asked:
        print(f"bearkit {bearkit.__version__}")
        raise typer.Exit


@app.callback()
def common(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print it.")] = False,
) -> None:
    """An image classifier of your own. Begin with `bearkit demo`, or with `bearkit import FOLDER`."""
