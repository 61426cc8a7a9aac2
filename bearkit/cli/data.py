"""Commands that bring pictures in, from this machine or from the web, and list where each came from."""

from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

import bearkit
from bearkit.catalog.catalog import Catalog
from bearkit.cli import import_output, output
from bearkit.cli.common import (
    JsonOption,
    PrivateOption,
    ProjectOption,
    app,
    err,
    place_of,
    printable,
    progress_bars,
    show,
)
from bearkit.cli.next_steps import next_steps
from bearkit.core.paths import UNSET, is_there
from bearkit.core.project import Project
from bearkit.errors import ImportSourceError
from bearkit.labelling.next_step import read_progress
from bearkit.sources.preview import Preview
from bearkit.sources.web.address_text import is_address

SEARCH_HINT = 'LABEL="what to search for"; or "what to search for" with --unlabelled'


class LabelFrom(StrEnum):
    """Where an import finds the label of a picture."""

    folder = "folder"
    parent = "parent"
    name = "name"
    metadata = "metadata"


@app.command("import")
def import_(
    sources: Annotated[
        list[str],
        typer.Argument(
            metavar="SOURCE",
            help="A folder with one subfolder for each label, a zip of such a folder, picture files, or hf://USER/NAME "
            "for a data set on the Hugging Face Hub.",
        ),
    ],
    label: Annotated[
        str | None, typer.Option(metavar="LABEL", help="Give all pictures this label; ignore folder names.")
    ] = None,
    unlabelled: Annotated[
        bool, typer.Option("--unlabelled", help="Import without labels; ignore folder names.")
    ] = False,
    label_from: Annotated[
        LabelFrom | None,
        typer.Option(
            help="Where the labels are: the outermost folder, the parent folder of each file, the start of its name, "
            "or a table (metadata.csv) with the columns file_name,label. By default bearkit finds out, or asks.",
        ),
    ] = None,
    splits: Annotated[
        bool | None,
        typer.Option("--splits/--no-splits", help="Read folders named train, valid and test as splits, or as labels."),
    ] = None,
    link: Annotated[
        bool, typer.Option("--link", help="Use the files where they are, instead of copying them.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show the labels and splits that would be imported; copy nothing.")
    ] = False,
    project: ProjectOption = Path(),
    as_json: JsonOption = False,
) -> None:
    """Import pictures from folders, zips, files or the Hub.

    Every file is decoded in full; files that are not pictures are listed with a
    reason. Identical files count once.

    Example: bearkit import photos -p bears
    Example: bearkit import photos -p bears --dry-run
    """
    place, reading = Project(project), (label_from.value if label_from else None, splits)
    if dry_run:
        preview = bearkit.preview_import(place, sources, not unlabelled, label, *reading).as_dict()
        show(as_json, preview, import_output.previewed(preview))
        return
    with progress_bars() as progress:
        result = bearkit.import_images(
            place, sources, progress, not unlabelled, label, link, None, *reading, understood=_print_preview
        ).as_dict()
    show(as_json, result, import_output.imported(result, read_progress(place), place_of(project)))


def _collected(result: dict[str, Any], project: Path) -> str:
    """Describe downloads, and what to do next."""
    steps = next_steps(read_progress(Project(project)), place_of(project))
    return "\n".join([output.collected(result, place_of(project)), *steps])


def _print_preview(preview: Preview) -> None:
    """Print to stderr which labels and splits are about to be imported."""
    err.print(printable(import_output.understood(preview.as_dict())), markup=False, highlight=False, soft_wrap=True)


UnlabelledOption = Annotated[
    bool, typer.Option("--unlabelled", help="Give the pictures no label yet: leave out LABEL=.")
]
MaxOption = Annotated[int, typer.Option("--max", min=1, metavar="N", help="Maximum number of pictures per label.")]
WorkersOption = Annotated[
    int,
    typer.Option(
        min=0, metavar="N", help="Downloads at the same time; 0 for one by one, with each error as it occurs."
    ),
]
TimeoutOption = Annotated[
    float, typer.Option(min=1, metavar="SECONDS", help="Maximum time for one download, redirects included.")
]
RobotsOption = Annotated[
    bool, typer.Option("--ignore-robots", help="Also use pictures whose server asks that they are not used for AI.")
]


@app.command()
def collect(
    lists: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="LABEL=FILE",
            help="A file with one web address in each line; or FILE, a table with the columns url and label. Without "
            "one, download what an earlier command left.",
        ),
    ] = None,
    unlabelled: UnlabelledOption = False,
    most: Annotated[
        int | None,
        typer.Option("--max", min=1, metavar="N", help="Read at most N addresses of each label from each file."),
    ] = None,
    workers: WorkersOption = 32,
    timeout: TimeoutOption = 30,
    allow_private: PrivateOption = False,
    ignore_robots: RobotsOption = False,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Try addresses again that failed before.")
    ] = False,
    project: ProjectOption = Path(),
    as_json: JsonOption = False,
) -> None:
    """Download pictures from lists of web addresses.

    It downloads many at a time, and no address twice. `bearkit sources` lists
    the result of each.

    Example: bearkit collect black=urls_black.txt teddy=urls_teddy.txt -p bears
    Example: bearkit collect urls.txt --unlabelled -p bears
    """
    lists_read = [("", Path(text)) if unlabelled else _source(text) for text in lists or []]
    limits = bearkit.Limits(seconds=timeout, allow_private=allow_private, robots=not ignore_robots)
    on_failure = _print_failure if workers == 0 else None
    with progress_bars() as progress:
        result = bearkit.collect_images(
            Project(project), lists_read, most, workers, limits, retry_failed, progress, on_failure
        ).as_dict()
    show(as_json, result, _collected(result, project))


@app.command()
def search(
    queries: Annotated[list[str], typer.Argument(metavar='LABEL="QUERY"', help="What to search for, for each label.")],
    unlabelled: UnlabelledOption = False,
    most: MaxOption = 150,
    providers: Annotated[
        list[str] | None,
        typer.Option(
            "--provider",
            metavar="NAME",
            help="openverse, commons or ddgs; NAME=ADDRESS for another server of one of them. Give the option several "
            "times to ask several, in this order.",
        ),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="List the pictures found; download nothing.")] = False,
    workers: WorkersOption = 32,
    timeout: TimeoutOption = 30,
    allow_private: PrivateOption = False,
    ignore_robots: RobotsOption = False,
    project: ProjectOption = Path(),
    as_json: JsonOption = False,
) -> None:
    """Search the web for pictures and download them.

    Each picture is recorded with its licence and creator if the provider names
    them. Check the licences before you use or publish the pictures.

    Example: bearkit search black="black bear" teddy="teddy bear" -p bears --dry-run
    Example: bearkit search "bear" --unlabelled -p bears
    """
    searches = [_query(text, unlabelled) for text in queries]
    limits = bearkit.Limits(seconds=timeout, allow_private=allow_private, robots=not ignore_robots)
    with progress_bars() as progress:
        hits = bearkit.search_images(searches, most, providers or (), limits, progress)
        for row in hits.failed:
            about = f"{row['provider']}, {row['label'] or 'no label'}"
            err.print(f"{about}: {printable(row['reason'])}", markup=False, highlight=False)
        result = hits.as_dict(whole=dry_run)
        if not dry_run:
            on_failure = _print_failure if workers == 0 else None
            collected = bearkit.collect_images(
                Project(project), hits.urls(), None, workers, limits, progress=progress, on_failure=on_failure
            )
            result |= collected.as_dict()
    text = output.searched(result)
    if not dry_run:
        text += "\n" + _collected(result, project)
    show(as_json, result, text)


@app.command()
def sources(
    failed: Annotated[bool, typer.Option("--failed", help="Only list sources that gave no picture.")] = False,
    label: Annotated[str | None, typer.Option(metavar="LABEL", help="Only list sources of this label.")] = None,
    project: ProjectOption = Path(),
    as_json: JsonOption = False,
) -> None:
    """List every imported file and address, with its result.

    Example: bearkit sources --failed -p bears
    """
    rows = [
        asdict(row)
        for row in Catalog(Project(project)).sources()
        if label in (None, row.label) and (not failed or row.status in ("failed", "rejected"))
    ]
    show(as_json, {"sources": rows}, output.sources(rows))


def _query(text: str, unlabelled: bool) -> tuple[str, str]:
    """Split LABEL=QUERY; or QUERY alone, for pictures without a label.

    Raises:
        ImportSourceError: the label or the query is empty.
    """
    label, _, query = ("", "", text) if unlabelled else text.partition("=")
    if not query.strip() or not (label.strip() or unlabelled):
        raise ImportSourceError("there is nothing to search for", hint=SEARCH_HINT)
    return label.strip(), query


def _print_failure(url: str, reason: str) -> None:
    err.print(f"{printable(url)}: {printable(reason)}", markup=False, highlight=False)


def _source(text: str) -> tuple[str | None, Path]:
    """Split LABEL=FILE, or FILE alone: the label ends at the first `=` that an existing file follows.

    Raises:
        ImportSourceError: nothing follows the `=`.
    """
    pairs = [(text[:at].strip(), text[at + 1 :]) for at, char in enumerate(text) if char == "=" and at]
    existing = [(label, Path(file)) for label, file in pairs if label and (file == "-" or is_there(file))]
    if existing:
        return existing[0]
    if is_address(text) or is_there(text) or not pairs:
        return None, Path(text)
    label, file = pairs[0]
    if not file.strip():
        raise ImportSourceError(f"`{text}` names no file after the `=`", hint=f"{label}=FILE: {UNSET}")
    return label, Path(file)
