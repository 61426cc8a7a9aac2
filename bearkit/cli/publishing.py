"""Commands that publish: a model, a data set, a demo; and the preflight of a demo."""

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

RepoArgument = Annotated[str, typer.Argument(metavar="USER/NAME", help="Where to on the Hugging Face Hub.")]
PrivateOption = Annotated[bool, typer.Option("--private", help="A new repository is yours alone.")]
LicenseOption = Annotated[
    str | None, typer.Option("--license", help="The Hub's word, such as apache-2.0 or cc-by-4.0.")
]
ExampleOption = Annotated[
    list[Path] | None, typer.Option("--example", help="A picture that everybody may see and try; give several.")
]
ThumbnailsOption = Annotated[
    bool, typer.Option("--thumbnails", help="With the small training pictures that the model may carry.")
]
DryRunOption = Annotated[
    Path | None, typer.Option("--dry-run", metavar="DIR", help="Write it into this new folder, and publish nothing.")
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
    """Publish a model with its card: timm, transformers and bearkit load it by its name then.

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
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask: I may publish these pictures.")] = False,
    dry_run: DryRunOption = None,
    seed: SplitSeedOption = None,
    project: ProjectOption = Path(),
    as_json: JsonOption = False,
) -> None:
    """Publish the cleaned pictures, with where each came from. It asks first: pictures have owners.

    Example: bearkit push-dataset me/bear-pictures --private -p bears
    """
    place = Project(project)
    if not (yes or dry_run):
        said = f"{bearkit.whose_images(place)} Whoever made a picture must allow that it is published."
        if as_json:
            raise PublishError(said, hint="--yes, if they do; --private keeps a new data set to yourself")
        typer.confirm(f"{said} Publish them as {repo}?", abort=True, err=True)
    with progress_bars() as progress:
        result = bearkit.push_dataset(place, repo, private, license, dry_run, progress=progress, seed=seed)
    show(as_json, result, publishing_output.published(result))


@app.command()
def space(
    model: ModelArgument,
    repo: RepoArgument,
    sdk: Annotated[str, typer.Option(help="static: free, in the visitor's browser; gradio: on a server of the Hub's.")],
    private: PrivateOption = False,
    license: LicenseOption = None,
    example: ExampleOption = None,
    thumbnails: ThumbnailsOption = False,
    dry_run: DryRunOption = None,
    preflight: Annotated[bool, typer.Option(help="See that it works before anything is published.")] = True,
    project: ProjectOption = Path(),
    as_json: JsonOption = False,
) -> None:
    """Publish a demo of a model, to try it on one's own picture.

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
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A Space, as `bearkit space --dry-run DIR` writes it.")],
    as_json: JsonOption = False,
) -> None:
    """Try a Space out as the Hub would: install it, start it, ask it about the golden pictures.

    Example: bearkit preflight which-bear
    """
    with progress_bars() as progress:
        result = bearkit.preflight(folder, progress)
    show(as_json, result, publishing_output.tried(result))
    if not result["ok"]:
        raise typer.Exit(1)
