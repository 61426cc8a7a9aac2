"""Commands about a project as a whole: what it holds, and whether it is in order."""

from pathlib import Path
from typing import Annotated, Any

import typer

import bearkit
from bearkit import runs
from bearkit.catalog.catalog import Catalog
from bearkit.catalog.decisions import DecisionLog
from bearkit.catalog.missing import missing_files, missing_hint
from bearkit.cli import output
from bearkit.cli.common import JsonOption, ProjectOption, app, place_of, progress_bars, show
from bearkit.cli.next_steps import next_steps
from bearkit.core.project import Project
from bearkit.datasets.seed import project_seed
from bearkit.doctor.problems import in_words, left_over
from bearkit.labelling.next_step import next_step, read_progress


@app.command()
def status(project: ProjectOption = Path(), as_json: JsonOption = False) -> None:
    """Show the pictures, runs and models of a project.

    Example: bearkit status -p bears
    """
    place = Project(project)
    catalog = Catalog(place)
    images, progress = DecisionLog(catalog).images(), read_progress(place)
    missing = missing_files(catalog)
    result: dict[str, Any] = {
        "project": str(place.root),
        "images": len(images),
        "unlabelled": progress.unlabelled,
        "by_model": progress.by_model,
        "labels": progress.labels,
        "seed": project_seed(catalog),
        "missing": [{"path": image.path, "label": image.label} for image in missing],
        "hint": missing_hint(missing, catalog),
        "runs": [
            {
                "run": run.id,
                "state": run.state,
                "error_rate": run.result["error_rate"] if run.finished else None,
                "error": run.failure,
            }
            for run in sorted([*runs.list_usable(place), *runs.list_damaged(place)], key=lambda run: int(run.id))
        ],
        "models": [str(folder) for folder in place.model_folders()],
        "next": next_step(progress).step,
    }
    text = output.status(result, place_of(project))
    if not result["missing"]:
        text += "\n" + "\n".join(next_steps(progress, place_of(project)))
    show(as_json, result, text)


@app.command()
def doctor(
    mend: Annotated[bool, typer.Option("--mend", help="Repair what can be repaired.")] = False,
    project: ProjectOption = Path(),
    as_json: JsonOption = False,
) -> None:
    """Check a project for damage, and repair it.

    It checks the catalogue, pictures, caches, runs and models. The exit code is
    1 if a problem is left, and 0 if everything is in order or was repaired.

    --mend replaces a damaged catalogue by its backup, catalog.db.bak.

    Example: bearkit doctor -p bears
    Example: bearkit doctor --mend -p bears
    """
    with progress_bars() as progress:
        result = bearkit.examine_project(Project(project), mend, progress)
    if result["ok"]:
        show(as_json, result, in_words(result, place_of(project)))
        return
    show(as_json, result | left_over(result, place_of(project)), in_words(result, place_of(project)))
    raise typer.Exit(1)
