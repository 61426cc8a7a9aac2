"""The seed of a project: whose split its screens show, and its data set is given away with."""

from bearkit import runs
from bearkit.catalog.catalog import Catalog
from bearkit.core.project import Project
from bearkit.errors import RunError

DEFAULT_SEED = 42  # of a project that was never trained with another one
KEY = "seed"  # in the catalogue


def project_seed(catalog: Catalog) -> int:
    """The seed of the project: the one of the training that finished last.

    A project of a bearkit that did not keep it has the seed of its newest finished run.
    """
    kept = catalog.setting(KEY)
    if kept is not None and kept.isdecimal():
        return int(kept)
    for run in reversed(runs.list_usable(catalog.project)):
        try:
            if run.finished:
                return int(run.config.get("seed", DEFAULT_SEED))
        except (RunError, TypeError, ValueError):  # a damaged run says nothing
            continue
    return DEFAULT_SEED


def resolve_seed(project: Project, seed: int | None) -> int:
    """The seed that was named, or else the project's, which may not be there yet."""
    if seed is not None:
        return seed
    return project_seed(Catalog(project)) if project.exists else DEFAULT_SEED


def store_seed(catalog: Catalog, seed: int) -> str:
    """Make this the project's seed: from now on its validation pictures are those that this seed sets aside.

    Returns:
        A sentence for people where it was another one.
    """
    before = project_seed(catalog)
    catalog.save_setting(KEY, str(seed))
    if seed == before:
        return ""
    return f"The project's seed is {seed} now; it was {before}. Its validation pictures are others than before."
