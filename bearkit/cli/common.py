"""What all commands share: the app, common options, printing of results and errors, progress bars."""

import io
import json
import math
import shlex
import shutil
import signal
import sys
import traceback
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as ProgressBar
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

import bearkit
from bearkit.core.garbage import collect_garbage_rarely
from bearkit.core.parallel import Progress
from bearkit.core.paths import UNSET, is_there
from bearkit.core.project import Project
from bearkit.errors import BearkitError

F = TypeVar("F", bound=Callable[..., Any])


PANELS = {  # of `bearkit --help`: panels and commands in the order in which people need them, and each one's module
    "Start": {"demo": "start", "studio": "start"},
    "Data": {"import": "data", "search": "data", "collect": "data", "sources": "data", "export-dataset": "review"},
    "Train": {"train": "training", "lr-find": "training", "learning-curve": "training", "diagnose": "training"},
    "Label": {"label": "label", "labels": "label"},
    "Review": {"interpret": "review", "review": "review", "duplicates": "review", "compare": "review"},
    "Models": {"export": "models", "predict": "models", "serve": "models"},
    "Publish": {"push": "publishing", "push-dataset": "publishing", "space": "publishing", "preflight": "publishing"},
    "Learn": {"sgd": "learn"},
    "Project": {"status": "project", "doctor": "project"},
}
PANEL_OF = {command: panel for panel, commands in PANELS.items() for command in commands}
MODULE_OF = {command: module for commands in PANELS.values() for command, module in commands.items()}


class NonEmptyCommand(TyperCommand):
    """A command that refuses empty arguments: most are paths, and an empty path would mean the current folder."""

    def get_params(self, ctx: Any) -> list[Any]:
        """Return the parameters; a flag shows no type in the help."""
        return _without_flag_types(super().get_params(ctx))

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the arguments.

        Raises:
            BearkitError: an argument or option is empty although its default is not.
        """
        values = self.make_parser(ctx).parse_args(args=list(args))[0]
        for param in self.get_params(ctx):
            value = values.get(param.name or "")
            texts = value if isinstance(value, list | tuple) else [value]
            if param.default != "" and any(isinstance(text, str) and not text.strip() for text in texts):
                argument = getattr(param, "metavar", None) or param.name
                name = param.opts[0] if param.param_type_name == "option" else argument
                raise BearkitError(f"{name} is an empty text", hint=f"name it: {UNSET}")
        return super().parse_args(ctx, args)


class OrderedGroup(TyperGroup):
    """A group that lists its commands in the order of PANELS; commands that are not in it come last."""

    def get_params(self, ctx: Any) -> list[Any]:
        """Return the parameters; a flag shows no type in the help."""
        return _without_flag_types(super().get_params(ctx))

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names of the commands."""
        order = list(PANEL_OF)
        return sorted(super().list_commands(ctx), key=lambda name: order.index(name) if name in order else len(order))


def _without_flag_types(params: list[Any]) -> list[Any]:
    """Hide the type `<bool>` that Typer prints beside flags: it looks as if a flag took a value."""
    for param in params:
        if getattr(param, "is_flag", False):
            param.metavar = ""
    return params


class Commands(typer.Typer):
    """A Typer app whose commands refuse empty arguments and stand in their panel of the help."""

    def command(self, name: str | None = None, **options: Any) -> Callable[[F], F]:
        """See `typer.Typer.command`."""

        def register(function: F) -> F:
            options.setdefault("rich_help_panel", PANEL_OF.get(name or function.__name__))
            return super(Commands, self).command(name, cls=NonEmptyCommand, **options)(function)

        return register


app = Commands(cls=OrderedGroup, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
err = Console(stderr=True)

ProjectOption = Annotated[
    Path, typer.Option("--project", "-p", metavar="DIR", help="The project's folder.", show_default="this folder")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]
ModelArgument = Annotated[
    Path, typer.Argument(metavar="MODEL", help="A model folder, or the name of one in the project's models/.")
]
SplitSeedOption = Annotated[
    int | None,
    typer.Option("--seed", metavar="N", help="The seed of the split; by default that of the newest training."),
]
RunOption = Annotated[
    str | None, typer.Option("--run", metavar="RUN", help="The id of a run; by default the newest finished one.")
]
ReviewerOption = Annotated[
    str | None, typer.Option("--reviewer", metavar="NAME", help="The name of who decides; by default yours.")
]
PrivateOption = Annotated[
    bool, typer.Option("--allow-private", help="Allow downloads from servers in your own network.")
]
PortOption = Annotated[
    int,
    typer.Option(min=0, max=65535, metavar="PORT", help="The first port to try; 0 for any free one."),
]


def load_commands(*names: str) -> None:
    """Import the modules of some commands, which adds them to `app`; of all, if one of the names is no command.

    A command need not wait for the imports of the others.
    """
    known = names and all(name in MODULE_OF for name in names)
    for module in sorted({MODULE_OF[name] for name in (names if known else MODULE_OF)}):
        import_module(f"bearkit.cli.{module}")


@lru_cache(maxsize=1)
def _command_line(commands: int, groups: int) -> Any:
    """Make the command line of the `commands` and `groups` that are loaded: once for many runs in one process."""
    return get_command(app)


def run() -> None:
    """Run the command line. The exit code is 0, 1 after an error, or 2 for wrong usage."""
    collect_garbage_rarely()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # labels in letters that its encoding lacks stay distinct
    warnings.filterwarnings("ignore", module=r"PIL\.", category=UserWarning)  # odd metadata of an image that loads
    try:
        load_commands(*sys.argv[1:2])
        _command_line(len(app.registered_commands), len(app.registered_groups))()
    except BearkitError as error:
        _fail(error)
    except OSError as error:  # disk full, no permission, a file where a folder should be
        where = f": {error.filename}" if error.filename else ""
        hint = "check the path, its permissions and the free space on the disk; no existing file was lost"
        _fail(BearkitError(f"{error.strerror or error}{where}", hint))
    except UnicodeEncodeError as error:  # from a path: printed text never raises it
        letters = error.object[error.start : error.end]
        hint = "set PYTHONUTF8=1, or a UTF-8 locale: LC_ALL=C.UTF-8"
        _fail(BearkitError(f"this system's encoding ({error.encoding}) cannot write `{letters}`", hint))
    except Exception as error:
        traceback.print_exc()
        _fail(BearkitError(f"unexpected: {error!r}", hint="this is a bug in bearkit; please report the lines above"))
    except SystemExit as stop:
        if stop.code == 130:
            err.print("Stopped. Finished work is kept; run the same command again to continue.")
        raise


def _fail(error: BearkitError) -> None:
    """Print an error and its hint, as text or as an object, and exit with code 1."""
    if "--json" in sys.argv:
        with suppress(OSError):  # standard output itself may be what fails
            print(as_json_text(error.as_dict()), flush=True)
            sys.exit(1)
    err.print(f"[bold red]error:[/] {_plain(str(error))}", highlight=False, soft_wrap=True)
    if error.hint:
        err.print(f"[bold]hint:[/] {_plain(error.hint)}", highlight=False, soft_wrap=True)
    sys.exit(1)


def _plain(text: str) -> str:
    """Escape Rich's markup."""
    return printable(text).replace("[", "\\[")


def printable(text: str) -> str:
    """Replace control characters: a file name could hold commands for the terminal."""
    return "".join(char if char.isprintable() or char == "\n" else "\N{REPLACEMENT CHARACTER}" for char in text)


def place_of(project: Path) -> str:
    """Return the option that names this project in the next command."""
    return "" if project == Path() else f" -p {shlex.quote(str(project))}"


def program() -> str:
    """Return how to call bearkit again from here: `bearkit`, or its path if it is not on the PATH."""
    called, on_path = Path(sys.argv[0]), shutil.which("bearkit")
    if called.name == "__main__.py":
        return f"{_short(Path(sys.executable))} -m bearkit"
    if not called.is_file() or (on_path and Path(on_path).samefile(called)):
        return "bearkit"
    return _short(called)


def _short(path: Path) -> str:
    """Quote a path as one would type it from here; symbolic links stay, since Python in a venv is one."""
    path, here = path.absolute(), Path.cwd()
    return shlex.quote(str(path.relative_to(here) if path.is_relative_to(here) else path))


def model_folder(model: Path, project: Path) -> Path:
    """Return a model's folder: its path, or its name in the project's models/."""
    inside = Project(project).models / model
    return inside if is_there(inside) and inside.is_dir() and not is_there(model) else model


def show(as_json: bool, result: dict[str, Any], text: str) -> None:
    """Print the result: as one JSON object, or as text."""
    print(as_json_text(result) if as_json else printable(text), flush=True)


def as_json_text(result: Mapping[str, Any]) -> str:
    r"""Format one JSON object in ASCII; nan and inf become null, since they are no JSON.

    >>> as_json_text({"loss": float("nan"), "labels": ("Bär", 1.5)})
    '{"loss": null, "labels": ["B\\u00e4r", 1.5]}'
    """
    return json.dumps(_finite(result), allow_nan=False)


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: _finite(item) for key, item in value.items()}
    return [_finite(item) for item in value] if isinstance(value, list | tuple) else value


@contextmanager
def progress_bars() -> Iterator[Progress]:
    """Show progress bars on stderr, one for each kind of work, if stderr is a terminal."""
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with ProgressBar(*columns, console=err, transient=True, disable=not err.is_terminal) as bars:
        tasks: dict[str, Any] = {}

        def update(work: str, done: int, total: int) -> None:
            if work not in tasks:
                tasks[work] = bars.add_task(work, total=total)
            bars.update(tasks[work], completed=done, total=total)

        yield update


def wait_for_stop(page: Any) -> None:
    """Serve a page until Ctrl-C or SIGTERM."""
    sys.stdout.flush()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # end as with Ctrl-C, which deletes the uploads
    page.block_thread()


def _version(requested: bool) -> None:
    if requested:
        print(f"bearkit {bearkit.__version__}")
        raise typer.Exit


@app.callback()
def common(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Train an image classifier on your own pictures, clean its data, publish it.

    Start with `bearkit demo`: it takes half a minute and needs no pictures.

    With your own pictures, in a folder with one subfolder for each label:

    bearkit import photos -p bears
    bearkit train -p bears
    bearkit studio bears
    """
