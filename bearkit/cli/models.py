"""Commands about models: write one as a folder, predict with it, serve it."""

from pathlib import Path
from typing import Annotated, Any

import typer

import bearkit
from bearkit.cli import output
from bearkit.cli.common import (
    JsonOption,
    ModelArgument,
    PortOption,
    PrivateOption,
    ProjectOption,
    RunOption,
    app,
    model_folder,
    progress_bars,
    show,
    wait_for_stop,
)
from bearkit.core.project import Project
from bearkit.core.streams import is_stdout
from bearkit.inference.model_folder import read_config


@app.command()
def export(
    folder: Annotated[
        Path | None, typer.Argument(metavar="DIR", help="A new folder for the model; by default models/RUN.")
    ] = None,
    run: RunOption = None,
    stage: Annotated[
        str | None, typer.Option(metavar="STAGE", help="One of the run's stages; by default the last one.")
    ] = None,
    int8: Annotated[
        bool, typer.Option("--int8", help="Store 8-bit weights if the error stays the same: a smaller file, as fast.")
    ] = False,
    thumbnails: Annotated[
        bool,
        typer.Option("--thumbnails", help="Add small copies of the training pictures, to show the most similar ones."),
    ] = False,
    project: ProjectOption = Path(),
    as_json: JsonOption = False,
) -> None:
    """Write a trained model into a folder of its own.

    bearkit, timm, transformers and onnxruntime load the model from there.

    Example: bearkit export -p bears
    Example: bearkit export my_model -p bears
    """
    model = bearkit.export_model(Project(project), folder, run, stage, thumbnails, int8)
    info = read_config(model).info  # the export has tested it
    result: dict[str, Any] = {"model": str(model), "warnings": list(info.warnings)}
    if info.int8:
        result["int8"] = info.int8.as_dict()
    show(as_json, result, output.model_written(result))


@app.command()
def predict(
    model: ModelArgument,
    paths: Annotated[
        list[str],
        typer.Argument(
            metavar="PATH", help="Pictures, folders or zips of them, web addresses; - reads a picture from stdin."
        ),
    ],
    csv: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write the rows into this CSV file too; - prints them and nothing else."),
    ] = None,
    top: Annotated[int, typer.Option(min=1, metavar="N", help="The number of labels in each row.")] = 3,
    allow_private: PrivateOption = False,
    project: ProjectOption = Path(),
    as_json: JsonOption = False,
) -> None:
    """Predict the labels of pictures with an exported model.

    Each picture gets a row. A file that cannot be read gets a row with its
    error.

    Example: bearkit predict bears/models/001 photo.jpg
    Example: bearkit predict bears/models/001 holiday/ --csv labels.csv
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
    host: Annotated[
        str, typer.Option(metavar="ADDRESS", help="The address to listen on; 0.0.0.0 for all of this machine.")
    ] = "127.0.0.1",
    port: PortOption = 7860,
    share: Annotated[bool, typer.Option("--share", help="Also create a public link to the page, through Gradio.")] = (
        False
    ),
    allow_private: PrivateOption = False,
    project: ProjectOption = Path(),
    as_json: JsonOption = False,
) -> None:
    """Serve a model over HTTP: a page and a REST API.

    Example: bearkit serve bears/models/001
    """
    page, url, public = bearkit.serve_model(model_folder(model, project), host, port, share, allow_private)
    text = f"The model is served at {url} (its API: {url}api; stop it with Ctrl-C)"
    show(as_json, {"url": url, "public_url": public}, text + (f"\nPublic link: {public}" if public else ""))
    wait_for_stop(page)
