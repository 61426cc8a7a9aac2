"""Commands that label images from nothing, and that manage the set of labels."""

from pathlib import Path
from typing import Annotated

import typer

import bearkit
from bearkit.catalog.catalog import Catalog
from bearkit.catalog.decisions import current_user
from bearkit.catalog.label_set import add_label, describe_label, label_set
from bearkit.cli import label_output as output
from bearkit.cli.common import (
    PANEL_OF,
    Commands,
    JsonOption,
    OrderedGroup,
    ProjectOption,
    ReviewerOption,
    app,
    place_of,
    progress_bars,
    show,
)
from bearkit.cli.next_steps import next_steps
from bearkit.core.project import Project
from bearkit.labelling.image_finder import find_images
from bearkit.labelling.next_step import read_progress

label = Commands(cls=OrderedGroup, no_args_is_help=True, help="Label pictures that have no label yet, page by page.")
app.add_typer(label, name="label", rich_help_panel=PANEL_OF["label"])


@label.command("next")
def next_(
    n: Annotated[int, typer.Option("--n", min=1, metavar="N", help="The number of pictures of a page.")] = 24,
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
        page = bearkit.LabelQueue(Project(project), progress).page(n, order, of, similar_to)
    result = page.as_dict()
    then = [] if result["images"] else _next_steps(project)
    show(as_json, result, output.page(result, place_of(project), then))


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
            help="Read many labels from a table with the columns image_id or path, and label; an empty label leaves "
            "the picture for later.",
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
        result = bearkit.label_from_table(Project(project), table, reviewer or current_user())
    else:
        result = bearkit.label_one(Project(project), str(image), str(name), reviewer or current_user())
    show(as_json, result, output.decided(result, place_of(project), _next_steps(project)))


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
        result = bearkit.audit_proposals(bearkit.LabelQueue(Project(project), progress), n, new)
    show(as_json, result, output.audit(result, place_of(project)))


@label.command()
def accept(
    min_probability: Annotated[
        float,
        typer.Option(
            "--min-probability", min=0, max=1, metavar="P", help="Leave out proposals that are less probable."
        ),
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
        result = bearkit.accept_proposals(bearkit.LabelQueue(Project(project), progress), min_probability)
    show(as_json, result, output.accepted(result, place_of(project)))


@label.command("map")
def map_(
    out: Annotated[
        Path | None,
        typer.Option("--output", metavar="FILE", help="An .svg or .png file: map.png by default, none with --json."),
    ] = None,
    project: ProjectOption = Path(),
    as_json: JsonOption = False,
) -> None:
    """Draw a map of all pictures: those that look alike lie together.

    A hollow dot has a label that is only proposed. --json prints the places.

    Example: bearkit label map --output bears.svg -p bears
    """
    file = out if out or as_json else Path("map.png")
    with progress_bars() as progress:
        result = bearkit.map_images(bearkit.LabelQueue(Project(project), progress), file, progress)
    show(as_json, result, output.drawn_map(result, place_of(project)))


labels = Commands(
    cls=OrderedGroup,
    invoke_without_command=True,
    help="List, add, describe, rename, merge or remove labels.\n\nExample: bearkit labels -p bears",
)
app.add_typer(labels, name="labels", rich_help_panel=PANEL_OF["labels"])


@labels.callback()
def list_labels(context: typer.Context, project: ProjectOption = Path(), as_json: JsonOption = False) -> None:
    """List the labels of a project, with what they mean.

    Example: bearkit labels -p bears
    """
    if context.invoked_subcommand is None:
        show_labels(project, as_json)


def show_labels(project: Path, as_json: bool) -> None:
    """Print the labels of a project."""
    result = {"labels": label_set(Catalog(Project(project)))}
    show(as_json, result, output.labels(result))


LabelArgument = Annotated[str, typer.Argument(metavar="LABEL", help="A label.")]
DescriptionOption = Annotated[
    str | None, typer.Option("--description", metavar="TEXT", help="What it means, for those who label.")
]
KeyOption = Annotated[str | None, typer.Option("--key", metavar="K", help="The key that gives it on the Label tab.")]
ColourOption = Annotated[str | None, typer.Option("--colour", metavar="COLOUR", help="Its colour, such as #0a7.")]


@labels.command()
def add(
    name: LabelArgument,
    description: DescriptionOption = None,
    key: KeyOption = None,
    colour: ColourOption = None,
    project: ProjectOption = Path(),
    as_json: JsonOption = False,
) -> None:
    """Add a label that no picture has yet.

    Example: bearkit labels add grizzly --description "brown, with a hump" -p bears
    """
    add_label(Catalog(Project(project)), name, **_given(description=description, key=key, colour=colour))
    show_labels(project, as_json)


@labels.command()
def describe(
    name: LabelArgument,
    description: DescriptionOption = None,
    key: KeyOption = None,
    colour: ColourOption = None,
    example: Annotated[
        list[str] | None,
        typer.Option(
            "--example", metavar="IMAGE_ID", help="A picture that shows it well: its id or path. Several: repeat it."
        ),
    ] = None,
    retired: Annotated[
        bool | None, typer.Option("--retired/--not-retired", help="Do not offer it any more; pictures keep it.")
    ] = None,
    project: ProjectOption = Path(),
    as_json: JsonOption = False,
) -> None:
    """Say what a label means, or change its key or its colour.

    Example: bearkit labels describe grizzly --description "brown, with a hump" -p bears
    """
    fields = _given(description=description, key=key, colour=colour, retired=retired)
    if example:
        fields["examples"] = find_images(Project(project), example)
    if not fields:
        raise typer.BadParameter("give --description, --key, --colour, --example or --retired")
    describe_label(Catalog(Project(project)), name, **fields)
    show_labels(project, as_json)


@labels.command()
def rename(
    old: Annotated[str, typer.Argument(metavar="OLD", help="The label to rename.")],
    new: Annotated[str, typer.Argument(metavar="NEW", help="Its new name, which no label has yet.")],
    reviewer: ReviewerOption = None,
    project: ProjectOption = Path(),
    as_json: JsonOption = False,
) -> None:
    """Rename a label, also on all its pictures.

    Example: bearkit labels rename grizly grizzly -p bears
    """
    bearkit.rename_label(Project(project), old, new, reviewer or current_user())
    show_labels(project, as_json)


@labels.command()
def merge(
    old: Annotated[list[str], typer.Argument(metavar="OLD", help="The labels to merge.")],
    new: Annotated[str, typer.Option("--to", metavar="LABEL", help="The label that their pictures get.")],
    reviewer: ReviewerOption = None,
    project: ProjectOption = Path(),
    as_json: JsonOption = False,
) -> None:
    """Merge labels into one.

    Example: bearkit labels merge "brown bear" "Grizzly" --to grizzly -p bears
    """
    bearkit.merge_labels(Project(project), old, new, reviewer or current_user())
    show_labels(project, as_json)


@labels.command()
def remove(
    name: LabelArgument, reviewer: ReviewerOption = None, project: ProjectOption = Path(), as_json: JsonOption = False
) -> None:
    """Take a label away from all its pictures, and out of the list.

    The pictures stay, without a label. `bearkit review undo` gives the label
    back to them.

    Example: bearkit labels remove photos -p bears
    """
    n = bearkit.remove_label(Project(project), name, reviewer or current_user())
    result = {"removed": name, "stored": n, "labels": label_set(Catalog(Project(project)))}
    show(as_json, result, output.removed(result, place_of(project)))


def _next_steps(project: Path) -> list[str]:
    """Say what to do next with a project."""
    return next_steps(read_progress(Project(project)), place_of(project))


def _given(**fields: object) -> dict[str, object]:
    """The options that were given."""
    return {name: value for name, value in fields.items() if value is not None}
