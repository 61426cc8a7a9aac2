"""The runs of a project: made, listed, found by their id."""

import json
import shutil
import uuid
from pathlib import Path
from typing import Any

from bearkit.core.project import Project
from bearkit.errors import RunError, RunNotFoundError
from bearkit.runs import files
from bearkit.runs.run import LIVE, RESUME, STARTING_SECONDS, Run, StopCheck, list_runs

__all__ = [
    "LIVE",
    "RESUME",
    "STARTING_SECONDS",
    "Run",
    "StopCheck",
    "create",
    "list_damaged",
    "list_usable",
    "find_finished",
    "find",
    "find_unfinished",
]


def create(project: Project, config: dict[str, Any]) -> Run:
    """A new run, numbered after the last one."""
    project.require_writable().runs.mkdir(parents=True, exist_ok=True)
    part = project.runs / f".{uuid.uuid4().hex[:12]}.part"
    part.mkdir()
    try:
        (part / "config.json").write_text(json.dumps({"format": files.FORMAT, **config}, indent=1))
        return _numbered(project, part)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _numbered(project: Project, part: Path) -> Run:
    """Give a run's folder the number after the last one."""
    number = max((int(run.id) for run in list_runs(project.runs)), default=0) + 1
    while True:
        folder = project.runs / f"{number:03d}"
        try:
            part.rename(folder)
            return Run(folder)
        except OSError:
            if not folder.exists():
                raise
            number += 1  # another process took it meanwhile


def list_usable(project: Project) -> list[Run]:
    """All runs that can be used, oldest first."""
    return [run for run in list_runs(project.runs) if not run.problem]


def list_damaged(project: Project) -> list[Run]:
    """The runs that cannot be used, oldest first; each one's `problem` says why."""
    return [run for run in list_runs(project.runs) if run.problem]


def find_finished(project: Project, run_id: str | None = None) -> Run:
    """The run of this id, or the newest finished one.

    Raises:
        RunError: there is no such run, or it never finished.
    """
    if run_id is None:
        done = [run for run in list_usable(project.require()) if run.finished]
        if not done:
            bad = "".join(f"; run {run.id} cannot be used: {run.problem}" for run in list_damaged(project)[-1:])
            raise RunError(f"nothing was trained here yet{bad}", hint="train first: `bearkit train`")
        return done[-1]
    run = find(project, run_id)
    if not run.finished:
        why = f": {run.failure}" if run.failure else ""
        raise RunError(f"run {run.id} is {run.state}{why}", hint="train again: `bearkit train`")
    return run


def find(project: Project, run_id: str) -> Run:
    """The run of this id, finished or not.

    Raises:
        RunError: there is no such run.
    """
    known = list_runs(project.require().runs)
    for run in known:
        if run.id == run_id or (run_id.isdecimal() and int(run.id) == int(run_id)):
            return run
    raise RunNotFoundError(
        f"there is no run `{run_id}`", hint=f"runs: {', '.join(run.id for run in known) or 'none yet'}"
    )


def find_unfinished(project: Project, run_id: str | None = None) -> Run:
    """The run of this id, or the newest one, to be taken up again.

    Raises:
        RunError: it finished, or is under way, or there is none.
        ReadOnlyError: the project may only be read.
    """
    project.require_writable()
    known = [find(project, run_id)] if run_id else list_usable(project.require())
    if not known or known[-1].finished:
        what = f"run {known[-1].id} finished" if known else "nothing was trained here yet"
        raise RunError(f"there is nothing to resume: {what}", hint="train again: `bearkit train`")
    if known[-1].state in LIVE:
        raise RunError(f"run {known[-1].id} is {known[-1].state}", hint="wait until it ends, or stop it")
    return known[-1]
