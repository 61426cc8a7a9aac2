"""Commands that bring pictures in, from this machine or the net, and tell what came of every file and address."""

from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

import bearkit
from bearkit.catalog.catalog import Catalog
from bearkit.cli import import_output, output
from bearkit.cli.common import JsonOption, ProjectOption, app, err, place_of, printable, progress_bars, show
from bearkit.core.paths import UNSET, is_there
from bearkit.core.project import Project
from bearkit.datasets import dataset
from bearkit.errors import ImportSourceError
from bearkit.sources.preview import Preview
from bearkit.sources.web.address_text import is_address


class LabelFrom(StrEnum):
    """What says the label."""

    folder = "folder"
    parent = "parent"
    name = "name"
    metadata = "metadata"


@app.command("import")
def import_(
    sources: Annotated[
        list[str],
        typer.Argument(
            metavar="SOURCE...", help="A folder with one folder a label, a zip of one, hf://USER/NAME, files."
        ),
    ],
    label: Annotated[str | None, typer.Option(help="The label of all of them, wherever they lie.")] = None,
    unlabelled: Annotated[
        bool, typer.Option("--unlabelled", help="They have no labels yet; folders are none.")
    ] = False,
    label_from: Annotated[
        LabelFrom | None,
        typer.Option(
            help="What says the label: the outermost folder, the parent folder of each file, the beginning of its "
            "name, or a table (metadata.csv) with the columns file_name,label."
        ),
    ] = None,
    splits: Annotated[
        bool | None, typer.Option("--splits/--no-splits", help="Whether train, valid and test are splits, or labels.")
    ] = None,
    link: Annotated[bool, typer.Option("--link", help="Leave the files where they are; nothing is copied.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show the labels and splits; copy nothing.")] = False,
    project: ProjectOption = Path(),
    as_json: JsonOption = False,
) -> None:
    """Bring pictures into the project, each checked by decoding it whole. Labels and splits are shown before.

    Example: bearkit import photos -p bears
    """
    place, how = Project(project), (label_from.value if label_from else None, splits)
    if dry_run:
        seen = bearkit.preview_import(place, sources, not unlabelled, label, *how)
        show(as_json, seen.as_dict(), import_output.previewed(seen.as_dict()))
        return
    with progress_bars() as progress:
        result = bearkit.import_images(
            place, sources, progress, not unlabelled, label, link, None, *how, understood=_tell_understood
        ).as_dict()
    show(as_json, result, import_output.imported(result, dataset.counts(Catalog(place)), place_of(project)))


def _collected(result: dict[str, Any], project: Path) -> str:
    steps = import_output.next_steps(dataset.counts(Catalog(Project(project))), 0, place_of(project))
    return "\n".join([output.collected(result, place_of(project)), *steps])


def _tell_understood(seen: Preview) -> None:
    """Say on stderr what is about to be copied."""
    err.print(printable(import_output.understood(seen.as_dict())), markup=False, highlight=False, soft_wrap=True)


MaxOption = Annotated[int, typer.Option("--max", min=1, help="So many pictures a label.")]
WorkersOption = Annotated[int, typer.Option(min=0, help="Addresses at once; 0: one by one, errors as they come.")]
TimeoutOption = Annotated[float, typer.Option(min=1, help="Seconds that one address may take in all.")]
PrivateOption = Annotated[bool, typer.Option("--allow-private", help="Also servers of your own network.")]
RobotsOption = Annotated[bool, typer.Option("--ignore-robots", help="Also what asks not to be used for AI.")]


@app.command()
def collect(
    lists: Annotated[
        list[str] | None,
        typer.Argument(metavar="LABEL=FILE...", help="Or FILE with columns `url` and `label`; none: what waits."),
    ] = None,
    most: Annotated[
        int | None, typer.Option("--max", min=1, help="Only so many lines of each label in each file.")
    ] = None,
    workers: WorkersOption = 32,
    timeout: TimeoutOption = 30,
    allow_private: PrivateOption = False,
    ignore_robots: RobotsOption = False,
    retry_failed: Annotated[bool, typer.Option("--retry-failed", help="Ask those again that failed before.")] = False,
    project: ProjectOption = Path(),
    as_json: JsonOption = False,
) -> None:
    """Fetch pictures from lists of addresses, many at once; a receipt for each, and none is fetched twice.

    Example: bearkit collect black=urls_black.txt teddy=urls_teddy.txt -p bears
    """
    limits = bearkit.Limits(seconds=timeout, allow_private=allow_private, robots=not ignore_robots)
    told = _told_one_by_one if workers == 0 else None
    with progress_bars() as progress:
        result = bearkit.collect_images(
            Project(project),
            [_source(text) for text in lists or []],
            most,
            workers,
            limits,
            retry_failed,
            progress,
            told,
        ).as_dict()
    show(as_json, result, _collected(result, project))


@app.command()
def search(
    queries: Annotated[
        list[str], typer.Argument(metavar='LABEL="QUERY"...', help="What to search for, label by label.")
    ],
    most: MaxOption = 150,
    providers: Annotated[
        list[str] | None,
        typer.Option("--provider", help="openverse, commons, ddgs, or NAME=ADDRESS; several are asked in this order."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only list what is found; download nothing.")] = False,
    workers: WorkersOption = 32,
    timeout: TimeoutOption = 30,
    allow_private: PrivateOption = False,
    ignore_robots: RobotsOption = False,
    project: ProjectOption = Path(),
    as_json: JsonOption = False,
) -> None:
    """Search the web for pictures and fetch them, with licence and creator where the provider tells them.

    Example: bearkit search black="black bear" teddy="teddy bear" -p bears --dry-run
    """
    limits = bearkit.Limits(seconds=timeout, allow_private=allow_private, robots=not ignore_robots)
    asked = [(label.strip(), query) for label, _, query in (text.partition("=") for text in queries)]
    with progress_bars() as progress:
        found = bearkit.search_images(asked, most, providers or (), limits, progress)
        for row in found.failed:
            err.print(f"{row['provider']}, {row['label']}: {printable(row['reason'])}", markup=False, highlight=False)
        result = found.as_dict(whole=dry_run)
        if not dry_run:
            told = _told_one_by_one if workers == 0 else None
            collected = bearkit.collect_images(
                Project(project), found.urls(), None, workers, limits, progress=progress, on_failure=told
            )
            result |= collected.as_dict()
    text = output.searched(result)
    if not dry_run:
        text += "\n" + _collected(result, project)
    show(as_json, result, text)


@app.command()
def sources(
    failed: Annotated[bool, typer.Option("--failed", help="Only those that gave no picture.")] = False,
    label: Annotated[str | None, typer.Option(help="Of this label only.")] = None,
    project: ProjectOption = Path(),
    as_json: JsonOption = False,
) -> None:
    """List where pictures came from: every file and address, with what became of it and why."""
    rows = [
        asdict(row)
        for row in Catalog(Project(project)).sources()
        if label in (None, row.label) and (not failed or row.status in ("failed", "rejected"))
    ]
    show(as_json, {"sources": rows}, output.sources(rows))


def _told_one_by_one(url: str, reason: str) -> None:
    err.print(f"{printable(url)}: {printable(reason)}", markup=False, highlight=False)


def _source(text: str) -> tuple[str | None, Path]:
    """What LABEL=FILE, or FILE, says: the first `=` after which a file is named ends the label.

    Raises:
        ImportSourceError: nothing follows the `=`.
    """
    pairs = [(text[:at].strip(), text[at + 1 :]) for at, char in enumerate(text) if char == "=" and at]
    there = [(label, Path(file)) for label, file in pairs if label and (file == "-" or is_there(file))]
    if there:
        return there[0]
    if is_address(text) or is_there(text) or not pairs:
        return None, Path(text)
    label, file = pairs[0]
    if not file.strip():
        raise ImportSourceError(f"`{text}` names no file after the `=`", hint=f"{label}=FILE: {UNSET}")
    return label, Path(file)
