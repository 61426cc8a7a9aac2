"""Commands that find wrong labels and duplicates, and that record and apply decisions about them."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

import bearkit
from bearkit.catalog.catalog import Catalog
from bearkit.catalog.decisions import DecisionLog, current_user
from bearkit.cli import output, review_output
from bearkit.cli.common import (
    PANEL_OF,
    Commands,
    JsonOption,
    OrderedGroup,
    ProjectOption,
    ReviewerOption,
    RunOption,
    SplitSeedOption,
    app,
    place_of,
    progress_bars,
    show,
)
from bearkit.cli.next_steps import next_steps
from bearkit.core.project import Project
from bearkit.labelling.next_step import read_progress

review = Commands(cls=OrderedGroup, no_args_is_help=True, help="List suspicious pictures, and decide about them.")
app.add_typer(review, name="review", rich_help_panel=PANEL_OF["review"])

StepsOption = Annotated[
    int, typer.Option("--n", min=1, metavar="N", help="The number of steps; all decisions of one command are one step.")
]
StepsOfOption = Annotated[
    str | None, typer.Option("--reviewer", metavar="NAME", help="Only steps of this reviewer; by default of anyone.")
]


@app.command()
def interpret(
    run: RunOption = None,
    split: Annotated[str, typer.Option(metavar="train|valid|test", help="The pictures to judge it by.")] = "valid",
    top: Annotated[int, typer.Option(min=1, metavar="N", help="The number of top losses to list.")] = 9,
    project: ProjectOption = Path(),
    as_json: JsonOption = False,
) -> None:
    """Show what the model gets wrong.

    It prints the confusion matrix, the labels most often confused, and the
    pictures with the highest losses.

    Example: bearkit interpret -p bears
    """
    result = bearkit.Interpretation.from_run(Project(project), run, split).as_dict(top)
    show(as_json, result, output.interpreted(result, place_of(project)))


@review.command("next")
def next_(
    n: Annotated[int, typer.Option("--n", min=1, metavar="N", help="The number of pictures to list.")] = 20,
    split: Annotated[
        str | None, typer.Option(metavar="train|valid|test", help="Only list pictures of this split.")
    ] = None,
    label: Annotated[str | None, typer.Option(metavar="LABEL", help="Only list pictures with this label.")] = None,
    kind: Annotated[
        str,
        typer.Option(
            metavar="KIND",
            help="label for likely wrong labels, duplicate for near-duplicates, outlier for unusual pictures, quality "
            "for bad pictures, unlabelled for pictures without a label; reviewed or not: any, mistake for wrong "
            "predictions of a model, conflict for several labels or splits, deleted.",
        ),
    ] = "label",
    predicted: Annotated[
        str | None,
        typer.Option(
            metavar="LABEL",
            help="Only list validation pictures that a model takes for this label; --label: of a cell of `interpret`.",
        ),
    ] = None,
    run: RunOption = None,
    order: Annotated[
        str,
        typer.Option(
            metavar="ORDER",
            help="Of likely wrong labels. out-of-fold: by models that were not trained on the picture; loss: by the "
            "trained model.",
        ),
    ] = "out-of-fold",
    project: ProjectOption = Path(),
    as_json: JsonOption = False,
) -> None:
    """List the pictures that most need a review.

    The list is computed again after every decision.

    Example: bearkit review next -p bears
    Example: bearkit review next --label black --predicted grizzly -p bears
    """
    with progress_bars() as progress:
        queue = bearkit.ReviewQueue(Project(project), progress=progress)
        if predicted is not None and kind == "label":
            kind, split = "mistake", split or "valid"
        result = queue.page(bearkit.View(kind, split, label, order, predicted, run), n).as_dict()
    then = [] if result["suspects"] else next_steps(read_progress(Project(project)), place_of(project))
    show(as_json, result, review_output.suspects(result, place_of(project), then))


@review.command()
def decide(
    image: Annotated[
        str | None, typer.Argument(metavar="IMAGE_ID", help="The id of a picture, its beginning, or the path.")
    ] = None,
    action: Annotated[
        str | None, typer.Argument(metavar="ACTION", help="keep, delete, unlabel or relabel:LABEL.")
    ] = None,
    table: Annotated[
        Path | None,
        typer.Option(
            "--from",
            metavar="FILE.csv",
            help="Read many decisions from a table with the columns image_id or path, and action or label; also "
            "tables of fastai, cleanlab and Label Studio.",
        ),
    ] = None,
    reviewer: ReviewerOption = None,
    project: ProjectOption = Path(),
    as_json: JsonOption = False,
) -> None:
    """Record a decision about a picture, or those of a table.

    No file moves before `bearkit review apply`.

    Example: bearkit review decide 3f2a9c delete -p bears
    Example: bearkit review decide --from cleaned.csv -p bears
    """
    if (table is None) == (image is None) or (image is None) != (action is None):
        raise typer.BadParameter("give IMAGE_ID and ACTION, or --from FILE.csv")
    if table is not None:
        result = bearkit.decide_file(Project(project), table, reviewer or current_user())
    else:
        result = bearkit.decide_one(Project(project), str(image), str(action), reviewer or current_user())
    show(as_json, result, review_output.decided(result, place_of(project)))


@review.command()
def rename(
    old: Annotated[list[str], typer.Argument(metavar="OLD", help="The labels to rename.")],
    new: Annotated[
        str, typer.Option("--to", metavar="NEW", help="The new label; an existing label merges them into it.")
    ],
    reviewer: ReviewerOption = None,
    project: ProjectOption = Path(),
    as_json: JsonOption = False,
) -> None:
    """Rename a label, or merge several labels into one.

    No file moves; `bearkit review undo` reverts it.

    Example: bearkit review rename Cat "cat." --to cat -p pets
    """
    result = bearkit.merge_labels(Project(project), old, new, reviewer or current_user())
    show(as_json, result, review_output.renamed(result, place_of(project)))


@review.command()
def undo(
    n: StepsOption = 1, reviewer: StepsOfOption = None, project: ProjectOption = Path(), as_json: JsonOption = False
) -> None:
    """Undo the last decisions.

    Example: bearkit review undo -p bears
    """
    rows = DecisionLog(Catalog(Project(project))).undo(n, reviewer, by=current_user())
    result = {"undone": [asdict(row) for row in rows]}
    show(as_json, result, review_output.undone_or_redone(result))


@review.command()
def redo(
    n: StepsOption = 1, reviewer: StepsOfOption = None, project: ProjectOption = Path(), as_json: JsonOption = False
) -> None:
    """Redo the decisions undone last, if none was made since.

    Example: bearkit review redo -p bears
    """
    rows = DecisionLog(Catalog(Project(project))).redo(n, reviewer, by=current_user())
    result = {"redone": [asdict(row) for row in rows]}
    show(as_json, result, review_output.undone_or_redone(result))


@review.command()
def history(
    last: Annotated[
        int | None, typer.Option("--n", min=1, metavar="N", help="The number of rows; by default all.")
    ] = None,
    project: ProjectOption = Path(),
    as_json: JsonOption = False,
) -> None:
    """List every decision, undo and redo, newest first.

    Example: bearkit review history --n 20 -p bears
    """
    result = {"decisions": DecisionLog(Catalog(Project(project))).history(last)}
    show(as_json, result, review_output.history(result))


@review.command("apply")
def apply_(project: ProjectOption = Path(), as_json: JsonOption = False) -> None:
    """Move the files as decided.

    Deleted pictures go into trash/, relabelled pictures into the folders of
    their labels. `bearkit review unapply` moves them back.

    Example: bearkit review apply -p bears
    """
    result = bearkit.apply_decisions(Project(project)).as_dict()
    show(as_json, result, review_output.moved(result))


@review.command()
def unapply(project: ProjectOption = Path(), as_json: JsonOption = False) -> None:
    """Move every file back to where it was imported.

    The decisions stay.

    Example: bearkit review unapply -p bears
    """
    result = bearkit.unapply_decisions(Project(project)).as_dict()
    show(as_json, result, review_output.moved(result))


@app.command()
def compare(
    run_a: Annotated[str, typer.Argument(metavar="RUN", help="The earlier run.")],
    run_b: Annotated[str, typer.Argument(metavar="RUN", help="The later run.")],
    project: ProjectOption = Path(),
    as_json: JsonOption = False,
) -> None:
    """Compare two runs on the same pictures.

    It says whether the model is better, or whether only labels of validation
    pictures were corrected.

    Example: bearkit compare 001 002 -p bears
    """
    result = bearkit.compare_runs(Project(project), run_a, run_b)
    show(as_json, result, review_output.compared(result))


@app.command()
def duplicates(
    mend: Annotated[
        bool, typer.Option("--mend", help="Move copies of validation pictures from training to validation.")
    ] = False,
    reviewer: ReviewerOption = None,
    project: ProjectOption = Path(),
    as_json: JsonOption = False,
) -> None:
    """Find near-duplicates: pictures resized or saved again.

    Copies of validation pictures in the training pictures make the measured
    error too low; --mend moves them.

    Example: bearkit duplicates --mend -p bears
    """
    with progress_bars() as progress:
        result = bearkit.find_duplicates(
            bearkit.ReviewQueue(Project(project), progress=progress), mend, reviewer or current_user()
        )
    show(as_json, result, review_output.duplicates(result, place_of(project)))


@app.command("export-dataset")
def export_dataset(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A new folder.")],
    form: Annotated[
        str,
        typer.Option(
            "--format",
            metavar="FORMAT",
            help="folder: one folder for each label; imagefolder: the layout of the Hugging Face Hub; csv: tables of "
            "labels and decisions, without pictures.",
        ),
    ] = "folder",
    seed: SplitSeedOption = None,
    project: ProjectOption = Path(),
    as_json: JsonOption = False,
) -> None:
    """Write the cleaned pictures into a new folder.

    A table names the source of each picture. The project stays as it is.

    Example: bearkit export-dataset cleaned --format imagefolder -p bears
    """
    result = bearkit.export_dataset(Project(project), folder, form, seed)
    show(as_json, result, review_output.exported(result))
