"""Commands of the review: what to look at next, decisions, and what comes of them."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

import bearkit
from bearkit.catalog.catalog import Catalog
from bearkit.catalog.decisions import DecisionLog, me
from bearkit.cli.common import Commands, JsonOption, ProjectOption, SplitSeedOption, app, place_of, progress_bars, show
from bearkit.core.project import Project
from bearkit.labelling import report

review = Commands(no_args_is_help=True, help="Clean the data: suspects, decisions, and folders that follow them.")
app.add_typer(review, name="review")

ReviewerOption = Annotated[str | None, typer.Option("--reviewer", help="Who decides; you if left out.")]
StepsOption = Annotated[int, typer.Option("--n", min=1, help="How many steps. What one call decided is one step.")]
WhoseOption = Annotated[str | None, typer.Option("--reviewer", help="Only this one's steps; anyone's if left out.")]


@review.command("next")
def next_(
    n: Annotated[int, typer.Option("--n", min=1, help="How many.")] = 20,
    split: Annotated[str | None, typer.Option(help="train, valid or test only.")] = None,
    label: Annotated[str | None, typer.Option(help="Of this label only.")] = None,
    kind: Annotated[str, typer.Option(help="label, duplicate, outlier, quality or unlabelled.")] = "label",
    order: Annotated[
        str, typer.Option(help="out-of-fold: by heads that have not seen the picture; loss: by the trained model.")
    ] = "out-of-fold",
    project: ProjectOption = Path(),
    as_json: JsonOption = False,
) -> None:
    """List the pictures that are most worth a look, relearned from every decision so far.

    Example: bearkit review next -p bears
    """
    with progress_bars() as progress:
        queue = bearkit.Queue(Project(project), progress=progress)
        result = queue.page(bearkit.View(kind, split, label, order), n).as_dict()
    show(as_json, result, report.suspects(result, place_of(project)))


@review.command()
def decide(
    image: Annotated[
        str | None, typer.Argument(metavar="[IMAGE_ID", help="Or the beginning of one, or a path.")
    ] = None,
    action: Annotated[str | None, typer.Argument(metavar="ACTION]", help="keep, delete or relabel:LABEL")] = None,
    table: Annotated[
        Path | None, typer.Option("--from", metavar="FILE.csv", help="Many: image_id or path, and action or label.")
    ] = None,
    reviewer: ReviewerOption = None,
    project: ProjectOption = Path(),
    as_json: JsonOption = False,
) -> None:
    """Store a decision about a picture, or those of a CSV (also fastai's, cleanlab's, Label Studio's). No file moves.

    Example: bearkit review decide 3f2a9c delete -p bears
    Example: bearkit review decide --from cleaned.csv -p bears
    """
    if (table is None) == (image is None) or (image is None) != (action is None):
        raise typer.BadParameter("give IMAGE_ID and ACTION, or --from FILE.csv")
    if table is not None:
        result = bearkit.decide_file(Project(project), table, reviewer or me())
    else:
        result = bearkit.decide_one(Project(project), str(image), str(action), reviewer or me())
    show(as_json, result, report.decided(result, place_of(project)))


@review.command()
def rename(
    old: Annotated[list[str], typer.Argument(metavar="OLD...", help="Labels as they are now.")],
    new: Annotated[str, typer.Option("--to", metavar="NEW", help="Their name from now on; one there is merges them.")],
    reviewer: ReviewerOption = None,
    project: ProjectOption = Path(),
    as_json: JsonOption = False,
) -> None:
    """Give all pictures of some labels one label. No file moves; one undo takes it back.

    Example: bearkit review rename Cat "cat." --to cat -p pets
    """
    result = bearkit.merge_labels(Project(project), old, new, reviewer or me())
    show(as_json, result, report.renamed(result, place_of(project)))


@review.command()
def undo(
    n: StepsOption = 1, reviewer: WhoseOption = None, project: ProjectOption = Path(), as_json: JsonOption = False
) -> None:
    """Take back the last decisions."""
    rows = DecisionLog(Catalog(Project(project))).undo(n, reviewer, by=me())
    result = {"undone": [asdict(row) for row in rows]}
    show(as_json, result, report.undone_or_redone(result))


@review.command()
def redo(
    n: StepsOption = 1, reviewer: WhoseOption = None, project: ProjectOption = Path(), as_json: JsonOption = False
) -> None:
    """Bring the decisions again that were taken back last, until something else is decided."""
    rows = DecisionLog(Catalog(Project(project))).redo(n, reviewer, by=me())
    result = {"redone": [asdict(row) for row in rows]}
    show(as_json, result, report.undone_or_redone(result))


@review.command()
def history(
    last: Annotated[int | None, typer.Option("--n", min=1, help="Only so many rows, the newest.")] = None,
    project: ProjectOption = Path(),
    as_json: JsonOption = False,
) -> None:
    """List every decision, undo and redo, the newest first."""
    result = {"decisions": DecisionLog(Catalog(Project(project))).history(last)}
    show(as_json, result, report.history(result))


@review.command("apply")
def apply_(project: ProjectOption = Path(), as_json: JsonOption = False) -> None:
    """Move the files as decided: deleted ones to trash/, relabelled ones to their labels' folders."""
    result = bearkit.apply_decisions(Project(project)).as_dict()
    show(as_json, result, report.moved(result))


@review.command()
def unapply(project: ProjectOption = Path(), as_json: JsonOption = False) -> None:
    """Move every file back to where it was when it came. The decisions stay."""
    result = bearkit.unapply_decisions(Project(project)).as_dict()
    show(as_json, result, report.moved(result))


@app.command()
def compare(
    run_a: Annotated[str, typer.Argument(help="The run before.")],
    run_b: Annotated[str, typer.Argument(help="The run after.")],
    project: ProjectOption = Path(),
    as_json: JsonOption = False,
) -> None:
    """Tell whether a model is better, or only its validation labels were corrected.

    Example: bearkit compare 001 002 -p bears
    """
    result = bearkit.compare_runs(Project(project), run_a, run_b)
    show(as_json, result, report.compared(result))


@app.command()
def duplicates(
    mend: Annotated[bool, typer.Option("--mend", help="Put copies of validation pictures into validation.")] = False,
    reviewer: ReviewerOption = None,
    project: ProjectOption = Path(),
    as_json: JsonOption = False,
) -> None:
    """Find near-duplicates: resized, re-encoded, saved once more. Those across splits flatter the model.

    Example: bearkit duplicates --mend -p bears
    """
    with progress_bars() as progress:
        result = bearkit.find_duplicates(bearkit.Queue(Project(project), progress=progress), mend, reviewer or me())
    show(as_json, result, report.duplicates(result, place_of(project)))


@app.command("export-dataset")
def export_dataset(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A new folder.")],
    form: Annotated[str, typer.Option("--format", help="folder, imagefolder (the Hub's) or csv.")] = "folder",
    seed: SplitSeedOption = None,
    project: ProjectOption = Path(),
    as_json: JsonOption = False,
) -> None:
    """Write the cleaned pictures, with where each came from, or the decisions as a table.

    Example: bearkit export-dataset cleaned --format imagefolder -p bears
    """
    result = bearkit.export_dataset(Project(project), folder, form, seed)
    show(as_json, result, report.exported(result))
