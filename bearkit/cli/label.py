"""Commands that label images from nothing, and that manage the set of labels."""

from pathlib import Path
from typing import Annotated

import typer

from bearkit.catalog.decisions import me
from bearkit.cli import label_output as output
from bearkit.cli.common import (
    PANEL_OF,
    Commands,
    JsonOption,
    OrderedGroup,
    ProjectOption,
    app,
    place_of,
    progress_bars,
    show,
)
from bearkit.core.project import Project
from bearkit.labelling import label_actions
from bearkit.labelling.label_queue import LABEL_PAGE, LabelQueue

label = Commands(cls=OrderedGroup, no_args_is_help=True, help="Label pictures that have no label yet, page by page.")
app.add_typer(label, name="label", rich_help_panel=PANEL_OF["label"])

ReviewerOption = Annotated[
    str | None, typer.Option("--reviewer", metavar="NAME", help="The name of who decides; by default yours.")
]


@label.command("next")
def next_(
    n: Annotated[int, typer.Option("--n", min=1, metavar="N", help="The number of pictures of a page.")] = LABEL_PAGE,
    order: Annotated[
        str,
        typer.Option(
            metavar="ORDER",
            help="auto: the surest proposals, and new kinds of pictures now and then; alike: pictures that look alike "
            "and unlike the labelled ones; uncertain; spread: uncertain and unlike each other; random.",
        ),
    ] = "auto",
    of: Annotated[
        str | None, typer.Option("--label", metavar="LABEL", help="Only pictures with this proposed label.")
    ] = None,
    similar_to: Annotated[
        str | None, typer.Option("--like", metavar="IMAGE_ID", help="The pictures most like this one.")
    ] = None,
    project: ProjectOption = Path(),
    as_json: JsonOption = False,
) -> None:
    """List the next pictures to label, with the label that is proposed for each.

    Example: bearkit label next -p bears
    """
    with progress_bars() as progress:
        page = LabelQueue(Project(project), progress).page(n, order, of, similar_to)
    result = page.as_dict()
    show(as_json, result, output.page(result, place_of(project)))


@label.command()
def decide(
    image: Annotated[
        str | None, typer.Argument(metavar="IMAGE_ID", help="The id of a picture, its beginning, or the path.")
    ] = None,
    name: Annotated[str | None, typer.Argument(metavar="LABEL", help="Its label.")] = None,
    table: Annotated[
        Path | None,
        typer.Option(
            "--from",
            metavar="FILE.csv",
            help="Read many labels from a table with the columns image_id or path, and label; an empty label leaves the "
            "picture for later.",
        ),
    ] = None,
    reviewer: ReviewerOption = None,
    project: ProjectOption = Path(),
    as_json: JsonOption = False,
) -> None:
    """Give a picture its label, or all pictures of a table theirs.

    `bearkit review undo` takes the last step back.

    Example: bearkit label decide 3f2a9c grizzly -p bears
    Example: bearkit label decide --from labels.csv -p bears
    """
    if (table is None) == (image is None) or (image is None) != (name is None):
        raise typer.BadParameter("give IMAGE_ID and LABEL, or --from FILE.csv")
    if table is not None:
        result = label_actions.label_from_table(Project(project), table, reviewer or me())
    else:
        result = label_actions.label_one(Project(project), str(image), str(name), reviewer or me())
    show(as_json, result, output.decided(result, place_of(project)))


@label.command()
def audit(
    n: Annotated[int, typer.Option("--n", min=1, metavar="N", help="The number of pictures of a new audit.")] = 50,
    new: Annotated[bool, typer.Option("--new", help="Draw a new audit although there is one.")] = False,
    project: ProjectOption = Path(),
    as_json: JsonOption = False,
) -> None:
    """Estimate how many proposals for the rest are wrong.

    It draws pictures at random. Label them without seeing a proposal, and run it again.

    Example: bearkit label audit -p bears
    """
    with progress_bars() as progress:
        result = label_actions.audit(LabelQueue(Project(project), progress), n, new)
    show(as_json, result, output.audit(result, place_of(project)))


@label.command()
def accept(
    min_probability: Annotated[
        float,
        typer.Option("--min-probability", min=0, max=1, metavar="P", help="Leave out less probable proposals."),
    ] = 0.0,
    project: ProjectOption = Path(),
    as_json: JsonOption = False,
) -> None:
    """Give all pictures without a label the one that is proposed.

    These labels are marked as the model's: they are never used for
    validation. `bearkit review undo` takes them back.

    Example: bearkit label accept --min-probability 0.9 -p bears
    """
    with progress_bars() as progress:
        result = label_actions.accept_rest(LabelQueue(Project(project), progress), min_probability)
    show(as_json, result, output.accepted(result, place_of(project)))
