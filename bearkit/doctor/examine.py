"""Check everything in a project."""

from typing import Any

from bearkit.catalog.backup import backup_path
from bearkit.core.parallel import Progress, no_progress
from bearkit.core.project import Project
from bearkit.doctor.catalog import check_catalogue, check_pictures
from bearkit.doctor.files import check_caches, check_leftovers, check_models, check_runs
from bearkit.doctor.labels import check_labels, look_alikes_of
from bearkit.doctor.problems import Problem


def examine_project(project: Project, mend: bool = False, progress: Progress = no_progress) -> dict[str, Any]:
    """Check a project: catalogue, images, labels, caches, runs, models, and what killed programs left.

    Args:
        project: the project.
        mend: fix what can be fixed. No image, decision or run is ever deleted.
        progress: called while the image files are read.

    Returns:
        `ok` (whether no problem is left), `problems` (dicts of `what`, `where`, `hint` and `mended`), and `notes`
        (sentences about labels that look alike, which may be intended).

    Raises:
        ProjectError: there is no project.
        ReadOnlyError: `mend` is set, and the project may only be read.
    """
    if not backup_path(project.catalog).exists():
        project.require()
    if mend:
        project.require_writable()
    problems, notes = check_catalogue(project, mend), list[str]()
    if all(problem.mended for problem in problems):
        problems += check_pictures(project, mend, progress)
        problems += check_labels(project, mend)
        notes = look_alikes_of(project)
    problems += check_caches(project, mend) + check_runs(project, mend) + check_models(project)
    problems += check_leftovers(project, mend)
    return {"ok": _ok(problems), "problems": [problem.as_dict() for problem in problems], "notes": notes}


def _ok(problems: list[Problem]) -> bool:
    return all(problem.mended for problem in problems)
