"""Commands that publish a model, a data set or a demo on the Hugging Face Hub, and that test a demo."""

from pathlib import Path
from typing import Annotated

import typer

import bearkit
from bearkit.cli import publishing_output
from bearkit.cli.common import (
    JsonOption,
    ModelArgument,
    ProjectOption,
    SplitSeedOption,
    app,
    model_folder,
    progress_bars,
    show,
)
from bearkit.core.project import Project
from bearkit.errors import PublishError

RepoArgument = Annotated[str, typer.Argument(metavar="USER/NAME", help="The name on the Hugging Face Hub.")]
PrivateOption = Annotated[bool, typer.Option("--private", help="Create the repository as private.")]
LicenseOption = Annotated[
    str | None,
    typer.Option("--license", metavar="ID", help="The licence by its id on the Hub, e.g. apache-2.0 or cc-by-4.0."),
]
ExampleOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--example", metavar="FILE", help="A picture for visitors to try; public. Give the option several times."
    ),
]
ThumbnailsOption = Annotated[
    bool, typer.Option("--thumbnails", help="Publish the model's small copies of training pictures too.")
]
DryRunOption = Annotated[
    Path | None, typer.Option("--dry-run", metavar="DIR", help="Write the files into this new folder; publish nothing.")
]


@app.command()
def push(
    model: ModelArgument,
    repo: RepoArgument,
    private: PrivateOption = False,
    license: LicenseOption = None,
    example: ExampleOption = None,
    thumbnails: ThumbnailsOption = False,
    dry_run: DryRunOption = None,
    project: ProjectOption = Path(),
    as_json: JsonOption = False,
) -> None:
    """Publish a model with its card.

    Afterwards timm, transformers and bearkit load it by its name. Log in first:
    hf auth login

    Example: bearkit push bears/models/001 me/bears --license apache-2.0
    """
    folder = model_folder(model, project)
    with progress_bars() as progress:
        result = bearkit.push_model(
            folder, repo, private, license, example or (), thumbnails, dry_run, progress=progress
        )
    show(as_json, result, publishing_output.published(result))


@app.command("push-dataset")
def push_dataset(
    repo: RepoArgument,
    private: PrivateOption = False,
    license: LicenseOption = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask: I have the right to publish these pictures.")] = False,
    dry_run: DryRunOption = None,
    seed: SplitSeedOption = None,
    keep_location: Annotated[
        bool, typer.Option("--keep-location", help="Publish the places where the pictures were taken too.")
    ] = False,
    project: ProjectOption = Path(),
    as_json: JsonOption = False,
) -> None:
    """Publish the cleaned pictures as a data set.

    It names the source of each picture, and removes from the published copies
    the place where they were taken. It asks before it publishes, since
    pictures have owners.

    Example: bearkit push-dataset me/bear-pictures --private -p bears
    """
    place = Project(project)
    if not (yes or dry_run):
        rights = f"{bearkit.whose_images(place, keep_location)} The owner of each picture must allow its publication."
        if as_json:
            raise PublishError(rights, hint="add --yes if they do; --private creates the data set as private")
        typer.confirm(f"{rights} Publish them as {repo}?", abort=True, err=True)
    with progress_bars() as progress:
        result = bearkit.push_dataset(
            place, repo, private, license, dry_run, progress=progress, seed=seed, keep_location=keep_location
        )
    show(as_json, result, publishing_output.published(result))


@app.command()
def space(
    model: ModelArgument,
    repo: RepoArgument,
    sdk: Annotated[
        str,
        typer.Option(
            metavar="static|gradio",
            help="static runs in the visitor's browser and is free; gradio runs on a server of the Hub.",
        ),
    ],
    private: PrivateOption = False,
    license: LicenseOption = None,
    example: ExampleOption = None,
    thumbnails: ThumbnailsOption = False,
    dry_run: DryRunOption = None,
    preflight: Annotated[bool, typer.Option(help="Test the demo before it is published.")] = True,
    project: ProjectOption = Path(),
    as_json: JsonOption = False,
) -> None:
    """Publish a demo: a page to try a model on.

    Example: bearkit space bears/models/001 me/which-bear --sdk static
    """
    folder = model_folder(model, project)
    with progress_bars() as progress:
        result = bearkit.push_space(
            folder, repo, sdk, private, license, example or (), thumbnails, dry_run, preflight, progress=progress
        )
    show(as_json, result, publishing_output.published(result))


@app.command()
def preflight(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="The folder of a Space, written by `bearkit space --dry-run DIR`.")
    ],
    as_json: JsonOption = False,
) -> None:
    """Test the folder of a demo before it is published.

    It runs the demo as the Hub would, and compares its predictions with those
    of the exported model.

    Example: bearkit preflight which-bear
    """
    with progress_bars() as progress:
        result = bearkit.preflight(folder, progress)
    show(as_json, result, publishing_output.preflighted(result))
    if not result["ok"]:
        raise typer.Exit(1)
