"""One look at everything that a project holds."""

from typing import Any

from bearkit.catalog.backup import backup_path
from bearkit.core.parallel import Progress, no_progress
from bearkit.core.project import Project
from bearkit.doctor.catalog import check_catalogue, check_pictures
from bearkit.doctor.files import check_caches, check_leftovers, check_models, check_runs
from bearkit.doctor.labels import check_labels, look_alikes_of
from bearkit.doctor.problems import Problem


def examine_project(project: Project, mend: bool = False, progress: Progress = no_progress) -> dict[str, Any]:
    """Look whether a project is in order: catalogue, pictures, caches, runs, models, what killed programs left.

    Args:
        project: which.
        mend: mend what can be mended. No picture, decision or run is ever deleted.
        progress: told while the pictures are read.

    Returns:
        {"ok": whether nothing is wrong now, "problems": [{"what", "where", "hint", "mended"}], "notes": [sentences
        about labels that look alike, which may be meant]}

    Raises:
        ProjectError: there is no project.
        ReadOnlyError: it may only be read, and should be mended.
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
