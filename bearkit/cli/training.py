"""Commands that train, and that look at trainings."""

from pathlib import Path
from typing import Annotated, Any

import typer

import bearkit
from bearkit import report
from bearkit.cli.common import JsonOption, ProjectOption, app, place_of, progress_bars, show
from bearkit.parallel import Progress
from bearkit.project import Project
from bearkit.training import diagnosis
from bearkit.training.config import TrainConfig

BodyOption = Annotated[str, typer.Option(help="efficientnet_lite0, resnet18, resnet34, resnet50, or a timm name.")]
WeightsOption = Annotated[str, typer.Option(metavar="FILE", help="The body's weights; `none` for random ones.")]
SeedOption = Annotated[
    int | None, typer.Option(help="Another seed sets other pictures aside; the project's if left out.")
]
GroupsOption = Annotated[int, typer.Option(min=0, help="Only so many of the last layer groups learn; 0: all.")]
LRUnfrozenOption = Annotated[str, typer.Option(metavar="A:B", help="Highest rates of the stem and of the head.")]


@app.command()
def train(
    epochs: Annotated[int, typer.Option(min=0, help="Times the head sees each picture.")] = TrainConfig.epochs,
    lr: Annotated[float, typer.Option(help="Highest learning rate.")] = TrainConfig.lr,
    unfreeze: Annotated[int, typer.Option(min=0, help="Then so many epochs in which the body learns too.")] = 0,
    lr_unfrozen: LRUnfrozenOption = "1e-5:1e-3",
    unfreeze_groups: GroupsOption = 0,
    sizes: Annotated[str, typer.Option(metavar="128,224", help="Picture sizes through the unfrozen epochs.")] = "",
    augment: Annotated[str, typer.Option(help="Random changes while unfrozen: none, light, strong.")] = "light",
    seed: SeedOption = None,
    body: BodyOption = TrainConfig.body,
    weights: WeightsOption = "",
    start: Annotated[str, typer.Option(metavar="RUN/STAGE", help="Begin with these weights.")] = "",
    views: Annotated[int, typer.Option(min=1, help="Crops of each picture for the head.")] = TrainConfig.views,
    weight_decay: Annotated[float, typer.Option("--wd", help="Weight decay.")] = TrainConfig.weight_decay,
    dropout: Annotated[float, typer.Option(help="Share of features left out at each step.")] = TrainConfig.dropout,
    label_smoothing: Annotated[float, typer.Option(help="Share of the target for all.")] = TrainConfig.label_smoothing,
    oversample: Annotated[bool, typer.Option("--oversample", help="Show rare labels as often.")] = False,
    batch_size: Annotated[int, typer.Option(min=1, help="Pictures a step, frozen.")] = TrainConfig.batch_size,
    unfrozen_batch_size: Annotated[int, typer.Option(min=1, help="The same, unfrozen.")] = 32,
    precision: Annotated[str, typer.Option(help="Of unfrozen epochs: auto, 32, bf16, 16.")] = "auto",
    patience: Annotated[int, typer.Option(min=0, help="End after so many epochs without gain; 0: never.")] = 0,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with a run that was cut off.")] = False,
    run: Annotated[str | None, typer.Option("--run", help="Which one to resume; the newest if left out.")] = None,
    project: ProjectOption = Path(),
    as_json: JsonOption = False,
) -> None:
    """Train a new head on the project's pictures; a fifth of them is set aside to check it. Then, if asked, the body.

    Example: bearkit train -p bears
    Example: bearkit train -p bears --unfreeze 6
    """
    if not epochs and not start:
        raise typer.BadParameter("--epochs must be at least 1 unless --start names a stage to begin with")
    options = {
        "epochs": epochs, "lr": lr, "unfreeze": unfreeze, "lr_unfrozen": _rates(lr_unfrozen), "sizes": _sizes(sizes),
        "unfreeze_groups": unfreeze_groups, "augment": augment, "weights": weights, "start": start, "views": views,
        "weight_decay": weight_decay, "dropout": dropout, "label_smoothing": label_smoothing, "oversample": oversample,
        "batch_size": batch_size, "unfrozen_batch_size": unfrozen_batch_size, "precision": precision,
        "patience": patience,
    }  # fmt: skip
    asked = options | {"body": body}
    if run is not None and not resume:
        raise typer.BadParameter("--run names the run to --resume; to begin with its weights: --start RUN/STAGE")
    if resume and (seed is not None or asked != {name: getattr(TrainConfig(), name) for name in asked}):
        raise typer.BadParameter("--resume goes on as the run was asked for: leave the other options out")
    with progress_bars() as progress:
        learn = _learner(project, progress, body, seed, {} if resume else options)
        result = (learn.resume(run) if resume else learn.train()).as_dict()
    show(as_json, result, report.trained(result, place_of(project)))


@app.command("lr-find")
def lr_find(
    unfrozen: Annotated[bool, typer.Option("--unfrozen", help="For epochs in which the body learns too.")] = False,
    run: Annotated[str | None, typer.Option("--run", help="RUN or RUN/STAGE to begin with.")] = None,
    lr_unfrozen: LRUnfrozenOption = "1e-5:1e-3",
    unfreeze_groups: GroupsOption = 0,
    batch_size: Annotated[int, typer.Option(min=0, help="Pictures a step; 0: as in training.")] = 0,
    body: BodyOption = TrainConfig.body,
    weights: WeightsOption = "",
    seed: SeedOption = None,
    project: ProjectOption = Path(),
    as_json: JsonOption = False,
) -> None:
    """Try a hundred rising learning rates, and suggest one. Nothing that was trained changes.

    Without --run it is for a new head; with --unfrozen, for the newest finished run.

    Example: bearkit lr-find -p bears
    """
    options: dict[str, Any] = {"weights": weights, "lr_unfrozen": _rates(lr_unfrozen)}
    if batch_size:
        options |= {"batch_size": batch_size, "unfrozen_batch_size": batch_size}
    with progress_bars() as progress:
        learn = _learner(project, progress, body, seed, options)
        if run is not None or unfrozen:
            learn.start_from(run)
        if unfrozen:
            learn.unfreeze(unfreeze_groups)
        curve = learn.lr_find()
    result = curve.as_dict() | {"plot": str(learn.lr_plot)}
    show(as_json, result, report.rates_found(result))


@app.command("learning-curve")
def learning_curve(
    body: BodyOption = TrainConfig.body,
    weights: WeightsOption = "",
    seed: SeedOption = None,
    project: ProjectOption = Path(),
    as_json: JsonOption = False,
) -> None:
    """Tell whether more pictures would help, and of which label: the error with a tenth to all of them.

    Example: bearkit learning-curve -p bears
    """
    with progress_bars() as progress:
        learn = _learner(project, progress, body, seed, {"weights": weights})
        curve = learn.learning_curve()
    result = {"points": curve.points, "verdict": curve.verdict, "plot": str(learn.learning_plot)}
    show(as_json, result, report.learning_curve(result))


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
    show(as_json, result, report.diagnosed(result))


def _learner(
    project: Path, progress: Progress, body: str, seed: int | None, options: dict[str, Any]
) -> "bearkit.Learner":
    def on_step(step: Any) -> None:
        progress(f"epoch {step.epoch + 1}", step.batch, step.batches)

    return bearkit.Learner(Project(project), body, seed, progress, on_step=on_step, **options)


def _rates(text: str) -> tuple[float, float]:
    """What `A:B` says; one number alone is the rate of all groups."""
    try:
        first, _, last = text.partition(":")
        return float(first), float(last or first)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is not two rates like 1e-5:1e-3") from error


def _sizes(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(size) for size in text.split(",") if size.strip())
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is not a list of sizes in pixels like 128,224") from error
