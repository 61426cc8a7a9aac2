"""The seed of a project. It chooses the validation images that screens show and data set exports contain."""

from bearkit import runs
from bearkit.catalog.catalog import Catalog
from bearkit.core.project import Project
from bearkit.errors import RunError

DEFAULT_SEED = 42  # of a project that was not trained yet
KEY = "seed"  # of the catalogue's setting


def project_seed(catalog: Catalog) -> int:
    """Return the seed of the training that finished last.

    Earlier versions of bearkit did not store it; their projects have the seed of the newest finished run.
    """
    stored = catalog.setting(KEY)
    if stored is not None and stored.isdecimal():
        return int(stored)
    for run in reversed(runs.list_usable(catalog.project)):
        try:
            if run.finished:
                return int(run.config.get("seed", DEFAULT_SEED))
        except (RunError, TypeError, ValueError):  # a damaged run is skipped
            continue
    return DEFAULT_SEED


def resolve_seed(project: Project, seed: int | None) -> int:
    """Return this seed, or the project's if it is None; the project may not exist yet."""
    if seed is not None:
        return seed
    return project_seed(Catalog(project)) if project.exists else DEFAULT_SEED


def store_seed(catalog: Catalog, seed: int) -> str:
    """Make this the project's seed, which changes its validation images.

    Returns:
        A sentence for people if the project had another seed; else an empty text.
    """
    before = project_seed(catalog)
    catalog.save_setting(KEY, str(seed))
    if seed == before:
        return ""
    return f"The project's seed is {seed} now; it was {before}. Its validation pictures are others than before."
