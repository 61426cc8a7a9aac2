"""The command line: each command is one call of the library, and prints text for people or, with --json, one object."""

import json
import shlex
import signal
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as ProgressBar

import bearkit
from bearkit import report, runs
from bearkit.catalog import Catalog
from bearkit.dataset import dataset
from bearkit.errors import BearkitError
from bearkit.parallel import Progress
from bearkit.project import DEMO_FOLDER, Project, default_project
from bearkit.training import diagnosis
from bearkit.training.config import TrainConfig

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
err = Console(stderr=True)

ProjectOption = Annotated[Path, typer.Option("--project", "-p", help="The project's folder.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]
RunOption = Annotated[str | None, typer.Option("--run", help="A run's id; the newest finished one if left out.")]


def main() -> None:
    """Run the command line. Exit code 0, 1 with an error object, or 2 for wrong usage."""
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
    return _printable(text).replace("[", "\\[")


def _printable(text: str) -> str:
    """Without what a file name could do to a terminal."""
    return "".join(char if char.isprintable() or char == "\n" else "\N{REPLACEMENT CHARACTER}" for char in text)


def _place(project: Path) -> str:
    """How the next command names this project."""
    return "" if project == Path() else f" -p {shlex.quote(str(project))}"


def _show(as_json: bool, result: dict[str, Any], text: str) -> None:
    """Print the result: as one JSON object, or as text."""
    print(json.dumps(result, allow_nan=False) if as_json else _printable(text))


@contextmanager
def _progress() -> Iterator[Progress]:
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


@app.command("import")
def import_(
    source: Annotated[Path, typer.Argument(help="A folder with one folder a label in it, or a zip of one.")],
    project: ProjectOption = Path(),
    as_json: JsonOption = False,
) -> None:
    """Copy pictures into the project, each checked by decoding it whole.

    Example: bearkit import photos -p bears
    """
    with _progress() as progress:
        result = bearkit.import_images(Project(project), source, progress)
    _show(as_json, result.as_dict(), report.imported(result.as_dict(), _place(project)))


@app.command()
def status(project: ProjectOption = Path(), as_json: JsonOption = False) -> None:
    """Tell what the project holds: pictures by label and split, runs, models."""
    place = Project(project)
    catalog = Catalog(place)
    result = {
        "images": len(catalog.images()),
        "labels": dataset.counts(catalog),
        "runs": [
            {
                "run": run.id,
                "state": run.state,
                "error_rate": run.result["error_rate"] if run.finished else None,
                "error": run.failure,
            }
            for run in runs.every(place)
        ],
        "models": sorted(str(config.parent) for config in place.models.glob("[!.]*/config.json")),
    }
    _show(as_json, result, report.status(result, _place(project)))


@app.command()
def train(
    epochs: Annotated[int, typer.Option(min=1, help="Times the head sees each picture.")] = TrainConfig.epochs,
    lr: Annotated[float, typer.Option(help="Highest learning rate.")] = TrainConfig.lr,
    seed: Annotated[int, typer.Option(help="Another seed sets other pictures aside.")] = TrainConfig.seed,
    body: Annotated[str, typer.Option(help="The pretrained network.")] = TrainConfig.body,
    views: Annotated[int, typer.Option(min=1, help="Crops of each picture to learn from.")] = TrainConfig.views,
    project: ProjectOption = Path(),
    as_json: JsonOption = False,
) -> None:
    """Train a new head on the project's pictures; a fifth of them is set aside to check it.

    Example: bearkit train -p bears
    """
    with _progress() as progress:
        learn = bearkit.Learner(Project(project), body=body, seed=seed, progress=progress)
        result = learn.fit_one_cycle(epochs, lr, views=views).as_dict()
    _show(as_json, result, report.trained(result, _place(project)))


@app.command()
def diagnose(
    table: Annotated[Path, typer.Argument(metavar="FILE.csv", help="epoch, train_loss, valid_loss, error_rate")],
    valid_images: Annotated[int | None, typer.Option(min=1, help="How many pictures the error is about.")] = None,
    project: ProjectOption = Path(),
    as_json: JsonOption = False,
) -> None:
    """Read a table of epochs, from any tool: was the learning rate too high, too low, were the epochs too few or many?

    Example: bearkit diagnose history.csv
    """
    result = diagnosis.diagnose(*diagnosis.read_table(table), valid_images).as_dict()
    _show(as_json, result, report.diagnosed(result))


@app.command()
def interpret(
    run: RunOption = None,
    split: Annotated[str, typer.Option(help="train, valid or test.")] = "valid",
    top: Annotated[int, typer.Option(min=1, help="How many top losses.")] = 9,
    project: ProjectOption = Path(),
    as_json: JsonOption = False,
) -> None:
    """Show what the model gets wrong: confusion matrix, most confused labels, top losses.

    Example: bearkit interpret -p bears
    """
    result = bearkit.Interpretation.from_run(Project(project), run, split).as_dict(top)
    _show(as_json, result, report.interpreted(result))


@app.command()
def export(
    folder: Annotated[Path | None, typer.Argument(metavar="[DIR]", help="Where to; models/RUN if left out.")] = None,
    run: RunOption = None,
    project: ProjectOption = Path(),
    as_json: JsonOption = False,
) -> None:
    """Write the trained model as a folder that bearkit, timm, transformers and onnxruntime load.

    Example: bearkit export my_model -p bears
    """
    result = {"model": str(bearkit.export_model(Project(project), folder, run))}
    _show(as_json, result, f"The model is in {result['model']}\nNext: bearkit predict {result['model']} PICTURE")


@app.command()
def predict(
    model: Annotated[Path, typer.Argument(help="A model folder, or the name of one in the project's models/.")],
    images: Annotated[list[Path], typer.Argument(metavar="IMAGE...", help="Pictures.")],
    project: ProjectOption = Path(),
    as_json: JsonOption = False,
) -> None:
    """Label pictures with an exported model. A bad file is a row with its error; the others are still answered.

    Example: bearkit predict bears/models/001 photo.jpg
    """
    inside = Project(project).models / model
    predictor = bearkit.Predictor(inside if inside.is_dir() and not model.exists() else model)
    result = {"predictions": predictor.predict_files(images)}
    _show(as_json, result, report.predicted(result))


@app.command()
def demo(
    folder: Annotated[Path | None, typer.Argument(metavar="[DIR]", help="Where to; bearkit-demo if left out.")] = None,
    project: Annotated[Path | None, typer.Option("--project", "-p", help="The same as DIR.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Run the whole loop on bird photographs with mistakes planted among them, in about half a minute."""
    place = Project(folder or project or DEMO_FOLDER)
    with _progress() as progress:
        result = bearkit.run_demo(place, progress)
    _show(as_json, result, report.demonstrated(result))


@app.command()
def studio(
    folder: Annotated[Path | None, typer.Argument(metavar="[PROJECT]", help="The project; here if left out.")] = None,
    port: Annotated[int, typer.Option(help="The first port to try.")] = 7860,
    browser: Annotated[bool, typer.Option(help="Open it in the browser.")] = True,
    project: Annotated[Path | None, typer.Option("--project", "-p", help="The same as PROJECT.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Open the project in the browser; without one here, the demo's.

    Example: bearkit studio bears
    """
    place = default_project(folder or project)
    page, url = bearkit.launch_studio(place, port=port, open_browser=browser)
    text = f"The studio of {place.root} is at {url} (Ctrl-C ends it; nothing is lost)"
    _show(as_json, {"project": str(place.root), "url": url}, text)
    sys.stdout.flush()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # end as Ctrl-C does, and take the uploads away
    page.block_thread()


def studio_main() -> None:
    """`python app.py ...` is `bearkit studio ...`."""
    sys.argv.insert(1, "studio")
    main()
