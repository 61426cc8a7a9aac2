"""What all commands share: options, how results and errors are printed, progress bars."""

import io
import json
import math
import shlex
import shutil
import sys
import traceback
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as ProgressBar
from typer.core import TyperCommand

import bearkit
from bearkit.core.parallel import Progress
from bearkit.core.paths import UNSET, is_there
from bearkit.core.project import Project
from bearkit.errors import BearkitError

F = TypeVar("F", bound=Callable[..., Any])


class Command(TyperCommand):
    """A command that takes no empty texts: most are paths, and an empty one would be the current folder."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read what was typed.

        Raises:
            BearkitError: an argument or option is empty, and does not say that it may be.
        """
        said = self.make_parser(ctx).parse_args(args=list(args))[0]
        for param in self.get_params(ctx):
            given = said.get(param.name or "")
            every = given if isinstance(given, list | tuple) else [given]
            if param.default != "" and any(isinstance(one, str) and not one.strip() for one in every):
                named = getattr(param, "metavar", None) or param.name
                name = param.opts[0] if param.param_type_name == "option" else named
                raise BearkitError(f"{name} is an empty text", hint=f"name it: {UNSET}")
        return super().parse_args(ctx, args)


class Commands(typer.Typer):
    """Commands of the kind above."""

    def command(self, name: str | None = None, **how: Any) -> Callable[[F], F]:
        """See `typer.Typer.command`."""
        return super().command(name, cls=Command, **how)


app = Commands(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
err = Console(stderr=True)

ProjectOption = Annotated[Path, typer.Option("--project", "-p", help="The project's folder.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]
ModelArgument = Annotated[Path, typer.Argument(help="A model folder, or the name of one in the project's models/.")]
SplitSeedOption = Annotated[
    int | None, typer.Option("--seed", help="Whose split; the one of the last training if left out.")
]
RunOption = Annotated[str | None, typer.Option("--run", help="A run's id; the newest finished one if left out.")]


def run() -> None:
    """Run the command line. Exit code 0, 1 with an error object, or 2 for wrong usage."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # letters that its encoding lacks: labels stay apart
    warnings.filterwarnings("ignore", module=r"PIL\.", category=UserWarning)  # odd metadata of a picture that loads
    try:
        app()
    except BearkitError as error:
        _fail(error)
    except OSError as error:  # no room, no permission, a file where a folder should be
        where = f": {error.filename}" if error.filename else ""
        hint = "check the path, its permissions and the room on the disk; nothing that was there is lost"
        _fail(BearkitError(f"{error.strerror or error}{where}", hint))
    except UnicodeEncodeError as error:  # of a path: what is printed never raises it
        letters = error.object[error.start : error.end]
        hint = "set PYTHONUTF8=1, or a locale of UTF-8: LC_ALL=C.UTF-8"
        _fail(BearkitError(f"this system's encoding ({error.encoding}) cannot write `{letters}`", hint))
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
        with suppress(OSError):  # standard output itself may be what fails
            print(as_json_text(error.as_dict()), flush=True)
            sys.exit(1)
    err.print(f"[bold red]error:[/] {_plain(str(error))}", highlight=False, soft_wrap=True)
    if error.hint:
        err.print(f"[bold]what helps:[/] {_plain(error.hint)}", highlight=False, soft_wrap=True)
    sys.exit(1)


def _plain(text: str) -> str:
    return printable(text).replace("[", "\\[")


def printable(text: str) -> str:
    """Without what a file name could do to a terminal."""
    return "".join(char if char.isprintable() or char == "\n" else "\N{REPLACEMENT CHARACTER}" for char in text)


def place_of(project: Path) -> str:
    """How the next command names this project."""
    return "" if project == Path() else f" -p {shlex.quote(str(project))}"


def program() -> str:
    """How to call the command line again from here: `bearkit`, or its path where it is not on the PATH."""
    called, found = Path(sys.argv[0]), shutil.which("bearkit")
    if called.name == "__main__.py":
        return f"{_short(Path(sys.executable))} -m bearkit"
    if not called.is_file() or (found and Path(found).samefile(called)):
        return "bearkit"
    return _short(called)


def _short(path: Path) -> str:
    """A path as one would type it from here; links are kept, since a virtual environment's Python is one."""
    path, here = path.absolute(), Path.cwd()
    return shlex.quote(str(path.relative_to(here) if path.is_relative_to(here) else path))


def model_folder(model: Path, project: Path) -> Path:
    """A model folder by its path, or by its name in the project."""
    inside = Project(project).models / model
    return inside if is_there(inside) and inside.is_dir() and not is_there(model) else model


def show(as_json: bool, result: dict[str, Any], text: str) -> None:
    """Print the result: as one JSON object, or as text."""
    print(as_json_text(result) if as_json else printable(text), flush=True)


def as_json_text(result: Mapping[str, Any]) -> str:
    r"""One JSON object in ASCII; a number that is none (nan, inf) is null, which every reader understands.

    >>> as_json_text({"loss": float("nan"), "labels": ("Bär", 1.5)})
    '{"loss": null, "labels": ["B\\u00e4r", 1.5]}'
    """
    return json.dumps(_finite(result), allow_nan=False)


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: _finite(one) for key, one in value.items()}
    return [_finite(one) for one in value] if isinstance(value, list | tuple) else value


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
