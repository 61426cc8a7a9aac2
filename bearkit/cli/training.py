"""Commands that train, and that look at trainings."""

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
    resume: Annotated[bool, typer.Option("--resume", help="Go on with a run that was cut off.")] = False,
    run: Annotated[str | None, typer.Option("--run", help="Which one to resume; the newest if left out.")] = None,
    project: ProjectOption = Path(),
    as_json: JsonOption = False,
) -> None:
    """Train a new head on the project's pictures; a fifth of them is set aside to check it. Then, if asked, the body.

    Example: bearkit train -p bears
    Example: bearkit train -p bears --unfreeze 6
    """
    if chosen.get("epochs") == 0 and "start" not in chosen:
        raise typer.BadParameter("--epochs must be at least 1 unless --start names a stage to begin with")
    if run is not None and not resume:
        raise typer.BadParameter("--run names the run to --resume; to begin with its weights: --start RUN/STAGE")
    if resume and chosen:
        raise typer.BadParameter("--resume goes on as the run was asked for: leave the other options out")
    with progress_bars() as progress:
        learn = _learner(project, progress, chosen)
        result = (learn.resume(run) if resume else learn.train()).as_dict()
    show(as_json, result, output.trained(result, place_of(project)))


@app.command("lr-find")
@train_options("lr_unfrozen", "unfreeze_groups", "body", "weights", "seed")
def lr_find(
    chosen: dict[str, Any],
    unfrozen: Annotated[bool, typer.Option("--unfrozen", help="For epochs in which the body learns too.")] = False,
    run: Annotated[str | None, typer.Option("--run", help="RUN or RUN/STAGE to begin with.")] = None,
    batch_size: Annotated[int, typer.Option(min=0, help="Pictures a step; 0: as in training.")] = 0,
    project: ProjectOption = Path(),
    as_json: JsonOption = False,
) -> None:
    """Try a hundred rising learning rates, and suggest one. Nothing that was trained changes.

    Without --run it is for a new head; with --unfrozen, for the newest finished run.

    Example: bearkit lr-find -p bears
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
    """Tell whether more pictures would help, and of which label: the error with a tenth to all of them.

    Example: bearkit learning-curve -p bears
    """
    with progress_bars() as progress:
        learn = _learner(project, progress, chosen)
        curve = learn.learning_curve()
    result = {"points": curve.points, "verdict": curve.verdict, "plot": str(learn.learning_plot)}
    show(as_json, result, output.learning_curve(result))


@app.command()
def diagnose(
    table: Annotated[Path, typer.Argument(metavar="FILE.csv", help="Losses and an error rate, a row an epoch.")],
    valid_images: Annotated[int | None, typer.Option(min=1, help="How many pictures the error is about.")] = None,
    project: ProjectOption = Path(),
    as_json: JsonOption = False,
) -> None:
    """Read a table of epochs: was the learning rate too high, too low, were the epochs too few or many?

    It knows the columns of fastai, Keras, timm, Lightning, YOLO and the Hugging Face Trainer, as CSV or JSON.

    Example: bearkit diagnose history.csv
    """
    columns, notes = diagnosis.read_epochs(table)
    result = diagnosis.diagnose(*columns, valid_images).as_dict() | {"notes": notes}
    show(as_json, result, output.diagnosed(result))


def _learner(project: Path, progress: Progress, chosen: dict[str, Any]) -> "bearkit.Learner":
    def on_step(step: Any) -> None:
        progress(f"epoch {step.epoch + 1}", step.batch, step.batches)

    return bearkit.Learner(Project(project), progress=progress, on_step=on_step, **chosen)
