"""Commands that bring pictures in from the net, and tell what came of every address."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

import bearkit
from bearkit import report
from bearkit.catalog.catalog import Catalog
from bearkit.cli.common import JsonOption, ProjectOption, app, err, place_of, printable, progress_bars, show
from bearkit.project import Project


@app.command()
def collect(
    lists: Annotated[list[str], typer.Argument(metavar="LABEL=FILE...", help="Or FILE.csv with a column `label`.")],
    most: Annotated[int | None, typer.Option("--max", min=1, help="Only so many lines of each file.")] = None,
    workers: Annotated[int, typer.Option(min=0, help="Addresses at once; 0: one by one, errors as they come.")] = 32,
    timeout: Annotated[float, typer.Option(min=1, help="Seconds that one address may take in all.")] = 30,
    allow_private: Annotated[bool, typer.Option("--allow-private", help="Also servers of your own network.")] = False,
    ignore_robots: Annotated[
        bool, typer.Option("--ignore-robots", help="Also what asks not to be used for AI.")
    ] = False,
    retry_failed: Annotated[bool, typer.Option("--retry-failed", help="Ask those again that failed before.")] = False,
    project: ProjectOption = Path(),
    as_json: JsonOption = False,
) -> None:
    """Fetch pictures from lists of addresses, many at once; a receipt for each, and none is fetched twice.

    Example: bearkit collect black=urls_black.txt teddy=urls_teddy.txt -p bears
    """
    sources = [_source(text) for text in lists]

    def told(url: str, reason: str) -> None:
        if workers == 0:
            err.print(f"{printable(url)}: {printable(reason)}", markup=False, highlight=False)

    limits = bearkit.Limits(seconds=timeout, allow_private=allow_private, robots=not ignore_robots)
    with progress_bars() as progress:
        result = bearkit.collect_images(
            Project(project), sources, most, workers, limits, retry_failed, progress, told
        ).as_dict()
    show(as_json, result, report.collected(result, place_of(project)))


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
    show(as_json, {"sources": rows}, report.sources(rows))


def _source(text: str) -> tuple[str | None, Path]:
    """What LABEL=FILE, or FILE, says."""
    label, equals, path = text.partition("=")
    return (label.strip(), Path(path)) if equals and label.strip() else (None, Path(text))
