"""Commands that train, and that judge trainings."""

from pathlib import Path
from typing import Annotated, Any

import typer

import bearkit
from bearkit.cli import output
from bearkit.cli.common import JsonOption, ProjectOption, app, place_of, progress_bars, show
from bearkit.cli.train_options import train_options
from bearkit.core.parallel import Progress
from bearkit.core.project import Project
from bearkit.training import diagnosis


@app.command()
@train_options()
def train(
    chosen: dict[str, Any],
    resume: Annotated[bool, typer.Option("--resume", help="Continue a run that was interrupted.")] = False,
    run: Annotated[
        str | None, typer.Option("--run", metavar="RUN", help="The run to resume; by default the newest.")
    ] = None,
    project: ProjectOption = Path(),
    as_json: JsonOption = False,
) -> None:
    """Train a classifier on the project's pictures.

    A fifth of the pictures is set aside for validation. First only the head
    learns, in seconds; with --unfreeze the whole network learns after it, in
    minutes.

    Example: bearkit train -p bears
    Example: bearkit train -p bears --unfreeze 6
    """
    if chosen.get("epochs") == 0 and "start" not in chosen:
        raise typer.BadParameter("--epochs must be at least 1 unless --start names a stage to start from")
    if run is not None and not resume:
        raise typer.BadParameter("--run needs --resume; to start from the weights of a run: --start RUN/STAGE")
    if resume and chosen:
        raise typer.BadParameter("--resume continues with the options of the run: leave the other options out")
    with progress_bars() as progress:
        learn = _learner(project, progress, chosen)
        result = (learn.resume(run) if resume else learn.train()).as_dict()
    show(as_json, result, output.trained(result, place_of(project)))


@app.command("lr-find")
@train_options("lr_unfrozen", "unfreeze_groups", "body", "weights", "seed")
def lr_find(
    chosen: dict[str, Any],
    unfrozen: Annotated[bool, typer.Option("--unfrozen", help="For epochs with the body unfrozen.")] = False,
    run: Annotated[
        str | None, typer.Option("--run", metavar="RUN/STAGE", help="Start from the weights of this run or stage.")
    ] = None,
    batch_size: Annotated[
        int, typer.Option(min=0, metavar="N", help="Pictures per step; 0 for the number that training uses.")
    ] = 0,
    project: ProjectOption = Path(),
    as_json: JsonOption = False,
) -> None:
    """Suggest a learning rate.

    It tries a hundred rising rates and watches the loss. By default for a new
    head; with --unfrozen for the whole network of the newest finished run. No
    run changes.

    Example: bearkit lr-find -p bears
    Example: bearkit lr-find --unfrozen -p bears
    """
    groups = chosen.pop("unfreeze_groups", 0)
    if batch_size:
        chosen |= {"batch_size": batch_size, "unfrozen_batch_size": batch_size}
    with progress_bars() as progress:
        learn = _learner(project, progress, chosen)
        if run is not None or unfrozen:
            learn.start_from(run)
        if unfrozen:
            learn.unfreeze(groups)
        curve = learn.lr_find()
    result = curve.as_dict() | {"plot": str(learn.lr_plot)}
    show(as_json, result, output.rates_found(result))


@app.command("learning-curve")
@train_options("body", "weights", "seed")
def learning_curve(
    chosen: dict[str, Any],
    project: ProjectOption = Path(),
    as_json: JsonOption = False,
) -> None:
    """Estimate whether more pictures would help.

    It trains with a tenth of the pictures up to all of them, shows how the
    error falls, and names the label that needs more.

    Example: bearkit learning-curve -p bears
    """
    with progress_bars() as progress:
        learn = _learner(project, progress, chosen)
        curve = learn.learning_curve()
    result = {"points": curve.points, "verdict": curve.verdict, "plot": str(learn.learning_plot)}
    show(as_json, result, output.learning_curve(result))


@app.command()
def diagnose(
    table: Annotated[
        Path, typer.Argument(metavar="FILE.csv", help="A table with the losses and the error rate of each epoch.")
    ],
    valid_images: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="The number of validation pictures.")
    ] = None,
    project: ProjectOption = Path(),
    as_json: JsonOption = False,
) -> None:
    """Judge a training of any program by its table of epochs.

    It says whether the learning rate was too high or too low, and the epochs
    too many or too few. It reads CSV or JSON with the columns of fastai, Keras,
    timm, Lightning, YOLO or the Hugging Face Trainer.

    Example: bearkit diagnose history.csv
    """
    columns, notes = diagnosis.read_epochs(table)
    result = diagnosis.diagnose(*columns, valid_images).as_dict() | {"notes": notes}
    show(as_json, result, output.diagnosed(result))


def _learner(project: Path, progress: Progress, chosen: dict[str, Any]) -> "bearkit.Learner":
    def on_step(step: Any) -> None:
        progress(f"epoch {step.epoch + 1}", step.batch, step.batches)

    return bearkit.Learner(Project(project), progress=progress, on_step=on_step, **chosen)
