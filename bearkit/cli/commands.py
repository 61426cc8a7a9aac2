"""Commands around the training: pictures in, what there is, what it gets wrong, models out, the studio."""

import signal
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

import bearkit
from bearkit import runs
from bearkit.catalog.catalog import Catalog
from bearkit.catalog.decisions import DecisionLog
from bearkit.catalog.missing import missing_files, what_helps
from bearkit.cli import import_output, output
from bearkit.cli.common import (
    JsonOption,
    ModelArgument,
    ProjectOption,
    RunOption,
    app,
    model_folder,
    place_of,
    program,
    progress_bars,
    show,
)
from bearkit.core.project import DEMO_FOLDER, Project, default_project, is_stdout
from bearkit.datasets import dataset
from bearkit.datasets.seed import project_seed
from bearkit.inference import model_folder as bundle


@app.command()
def status(project: ProjectOption = Path(), as_json: JsonOption = False) -> None:
    """Tell what the project holds: pictures by label and split, runs, models."""
    place = Project(project)
    catalog = Catalog(place)
    images = DecisionLog(catalog).images()
    missing = missing_files(catalog)
    result: dict[str, Any] = {
        "project": str(place.root),
        "images": len(images),
        "unlabelled": sum(not image.label for image in images),
        "labels": dataset.counts(catalog),
        "seed": project_seed(catalog),
        "missing": [{"path": image.path, "label": image.label} for image in missing],
        "hint": what_helps(missing, catalog),
        "runs": [
            {
                "run": run.id,
                "state": run.state,
                "error_rate": run.result["error_rate"] if run.finished else None,
                "error": run.failure,
            }
            for run in sorted([*runs.every(place), *runs.damaged(place)], key=lambda run: int(run.id))
        ],
        "models": [str(folder) for folder in bundle.models(place.models)],
    }
    text = output.status(result, place_of(project))
    if not result["missing"] and not (result["runs"] and result["labels"]):
        text += "\n" + "\n".join(import_output.next_steps(result["labels"], result["unlabelled"], place_of(project)))
    show(as_json, result, text)


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
    show(as_json, result, output.interpreted(result))


@app.command()
def export(
    folder: Annotated[Path | None, typer.Argument(metavar="[DIR]", help="Where to; models/RUN if left out.")] = None,
    run: RunOption = None,
    stage: Annotated[str | None, typer.Option(help="One of the run's stages; the last one if left out.")] = None,
    int8: Annotated[
        bool, typer.Option("--int8", help="With 8-bit integers: smaller and faster, kept only where no worse.")
    ] = False,
    thumbnails: Annotated[
        bool, typer.Option("--thumbnails", help="With small copies of training pictures, to show those most alike.")
    ] = False,
    project: ProjectOption = Path(),
    as_json: JsonOption = False,
) -> None:
    """Write the trained model as a folder that bearkit, timm, transformers and onnxruntime load.

    Example: bearkit export my_model -p bears
    """
    model = bearkit.export_model(Project(project), folder, run, stage, thumbnails, int8)
    about = bundle.read_config(model).about  # it was tried out when it was written
    result: dict[str, Any] = {"model": str(model), "warnings": about["warnings"]}
    if int8:
        result["int8"] = about["int8"]
    show(as_json, result, output.model_written(result))


@app.command()
def predict(
    model: ModelArgument,
    paths: Annotated[
        list[str],
        typer.Argument(metavar="PATH...", help="Pictures, folders or zips of them, https addresses; -: from a pipe."),
    ],
    csv: Annotated[Path | None, typer.Option(help="Write the rows into this file too; -: print only them.")] = None,
    top: Annotated[int, typer.Option(min=1, help="How many labels each row names.")] = 3,
    allow_private: Annotated[
        bool, typer.Option("--allow-private", help="Fetch pictures from servers of your own network too.")
    ] = False,
    project: ProjectOption = Path(),
    as_json: JsonOption = False,
) -> None:
    """Label pictures with an exported model. A bad file is a row with its error; the others are still answered.

    Example: bearkit predict bears/models/001 photo.jpg
    """
    print_csv = csv is not None and is_stdout(csv)
    if print_csv and as_json:
        raise typer.BadParameter("--json and --csv - would both print to standard output: leave one of them out")
    predictor = bearkit.Predictor(model_folder(model, project))
    with progress_bars() as progress:
        result = {"predictions": bearkit.predict_files(predictor, paths, top, csv, progress, allow_private)}
    if not print_csv:
        show(as_json, result, output.predicted(result))


@app.command()
def serve(
    model: ModelArgument,
    host: Annotated[str, typer.Option(help="The address to listen on; 0.0.0.0: all of this machine's.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="The first port to try; 0: any.")] = 7860,
    share: Annotated[bool, typer.Option("--share", help="Also make Gradio's public link to this page.")] = False,
    allow_private: Annotated[
        bool, typer.Option("--allow-private", help="Fetch pictures from servers of your own network too.")
    ] = False,
    project: ProjectOption = Path(),
    as_json: JsonOption = False,
) -> None:
    """Serve a model: a page to try it on, and POST /api/predict.

    Example: bearkit serve bears/models/001
    """
    page, url, public = bearkit.serve_model(model_folder(model, project), host, port, share, allow_private)
    text = f"The model answers at {url} (its API: {url}api; Ctrl-C ends it)"
    show(as_json, {"url": url, "public_url": public}, text + (f"\nfor everybody: {public}" if public else ""))
    _until_stopped(page)


@app.command()
def demo(
    folder: Annotated[Path | None, typer.Argument(metavar="[DIR]", help="Where to; bearkit-demo if left out.")] = None,
    project: Annotated[Path | None, typer.Option("--project", "-p", help="The same as DIR.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Run the whole loop on bird photographs with mistakes planted among them, in about half a minute."""
    place = Project(folder or project or DEMO_FOLDER)
    with progress_bars() as progress:
        result = bearkit.run_demo(place, progress)
    show(as_json, result, output.demonstrated(result, program()))


@app.command()
def studio(
    folder: Annotated[Path | None, typer.Argument(metavar="[PROJECT]", help="The project; here if left out.")] = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="The first port to try; 0: any.")] = 7860,
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
    show(as_json, {"project": str(place.root), "url": url}, text)
    _until_stopped(page)


def _until_stopped(page: Any) -> None:
    """Wait for Ctrl-C."""
    sys.stdout.flush()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # end as Ctrl-C does, and take the uploads away
    page.block_thread()
