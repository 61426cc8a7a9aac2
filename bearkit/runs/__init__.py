"""Create, list and find the runs of a project."""

import json
import shutil
import uuid
from contextlib import suppress
from pathlib import Path
from typing import Any

from bearkit.catalog.catalog import Catalog
from bearkit.catalog.decisions import DecisionLog
from bearkit.catalog.labels import TO_LABEL
from bearkit.core.project import Project
from bearkit.errors import ProjectError, RunError, RunNotFoundError
from bearkit.runs import files
from bearkit.runs.run import LIVE, RESUME, STARTING_SECONDS, Run, StopCheck, list_runs

__all__ = [
    "LIVE",
    "RESUME",
    "STARTING_SECONDS",
    "Run",
    "StopCheck",
    "create",
    "find",
    "find_finished",
    "find_unfinished",
    "list_damaged",
    "list_usable",
]


def create(project: Project, config: dict[str, Any]) -> Run:
    """Create a run with the number after the last one.

    Args:
        project: the project.
        config: the options of the training, written to `config.json`.

    Raises:
        ReadOnlyError: the project is read-only.
    """
    project.require_writable().runs.mkdir(parents=True, exist_ok=True)
    part = project.runs / f".{uuid.uuid4().hex[:12]}.part"
    part.mkdir()
    try:
        (part / "config.json").write_text(json.dumps({"format": files.FORMAT, **config}, indent=1))
        return _rename_to_number(project, part)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _rename_to_number(project: Project, part: Path) -> Run:
    """Rename a run's temporary folder to the number after the last run."""
    number = max((int(run.id) for run in list_runs(project.runs)), default=0) + 1
    while True:
        folder = project.runs / f"{number:03d}"
        try:
            part.rename(folder)
            return Run(folder)
        except OSError:
            if not folder.exists():
                raise
            number += 1  # another process has just taken it


def list_usable(project: Project) -> list[Run]:
    """Return the runs whose files can be read, oldest first; finished or not."""
    return [run for run in list_runs(project.runs) if not run.problem]


def list_finished(project: Project) -> list[Run]:
    """Return the runs that have finished, oldest first."""
    return [run for run in list_usable(project) if run.finished]


def list_damaged(project: Project) -> list[Run]:
    """Return the runs with a damaged file, oldest first; `Run.problem` says what is wrong."""
    return [run for run in list_runs(project.runs) if run.problem]


def find_finished(project: Project, run_id: str | None = None) -> Run:
    """Return a finished run.

    Args:
        project: the project.
        run_id: id of the run; the newest finished run if left out.

    Raises:
        RunError: there is no such run, or it is not finished.
        ProjectError: there is no project.
    """
    if run_id is None:
        finished = list_finished(project.require())
        if not finished:
            damaged = "".join(f"; run {run.id} cannot be used: {run.problem}" for run in list_damaged(project)[-1:])
            raise RunError(f"nothing was trained here yet{damaged}", hint=_what_first(project))
        return finished[-1]
    run = find(project, run_id)
    if not run.finished:
        reason = f": {run.failure}" if run.failure else ""
        raise RunError(f"run {run.id} is {run.state}{reason}", hint="train again: `bearkit train`")
    return run


def _what_first(project: Project) -> str:
    """Say what helps where nothing was trained: a training, or labels if images have none."""
    with suppress(ProjectError):  # whatever is wrong with the catalogue, a training will say it
        images = DecisionLog(Catalog(project)).images()
        if images and not any(image.label for image in images):
            return TO_LABEL
    return "train first: `bearkit train`"


def find(project: Project, run_id: str) -> Run:
    """Return the run with this id, finished or not; zeros in front do not matter: `3` is `003`.

    Raises:
        RunNotFoundError: there is no such run.
        ProjectError: there is no project.
    """
    runs = list_runs(project.require().runs)
    for run in runs:
        if run.id == run_id or (run_id.isdecimal() and int(run.id) == int(run_id)):
            return run
    raise RunNotFoundError(
        f"there is no run `{run_id}`", hint=f"runs: {', '.join(run.id for run in runs) or 'none yet'}"
    )


def find_unfinished(project: Project, run_id: str | None = None) -> Run:
    """Return a run that can be resumed.

    Args:
        project: the project.
        run_id: id of the run; the newest run if left out.

    Raises:
        RunError: the run is finished or under way, or there is none.
        ReadOnlyError: the project is read-only.
    """
    project.require_writable()
    runs = [find(project, run_id)] if run_id else list_usable(project.require())
    if not runs or runs[-1].finished:
        reason = f"run {runs[-1].id} finished" if runs else "nothing was trained here yet"
        raise RunError(f"there is nothing to resume: {reason}", hint="train again: `bearkit train`")
    if runs[-1].state in LIVE:
        raise RunError(f"run {runs[-1].id} is {runs[-1].state}", hint="wait until it ends, or stop it")
    return runs[-1]
