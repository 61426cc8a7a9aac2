"""The seed of a project: whose split its screens show, and its data set is given away with."""

from bearkit import runs
from bearkit.catalog.catalog import Catalog

DEFAULT_SEED = 42  # of a project that was never trained with another one
KEY = "seed"  # in the catalogue


def project_seed(catalog: Catalog) -> int:
    """The seed of the project: the one of the training that finished last.

    A project of a bearkit that did not keep it has the seed of its newest finished run.
    """
    kept = catalog.setting(KEY)
    if kept is not None and kept.isdecimal():
        return int(kept)
    finished = next((run for run in reversed(runs.every(catalog.project)) if run.finished), None)
    return int(finished.config.get("seed", DEFAULT_SEED)) if finished else DEFAULT_SEED


def keep_seed(catalog: Catalog, seed: int) -> None:
    """Make this the project's seed: from now on its validation pictures are those that this seed sets aside."""
    catalog.keep_setting(KEY, str(seed))
