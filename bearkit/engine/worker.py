"""The program of a process that `bearkit.engine.jobs` starts: train a run, or find a learning rate.

It waits for its turn before it imports torch, so that a waiting training uses little memory.
"""

import json
import signal
import sys
import warnings
from contextlib import suppress
from typing import Any

import bearkit
from bearkit.core.garbage import collect_garbage_rarely
from bearkit.core.processes import this_process
from bearkit.core.project import Project
from bearkit.errors import BearkitError, StoppedError
from bearkit.runs import Run
from bearkit.training.config import TrainConfig

FIND_LR = "find-lr"


def main(root: str, run_id: str, request: str = "") -> None:
    """Train a run that was created, or answer a request of `jobs.find_lr`.

    Args:
        root: the project's folder.
        run_id: of the run, or FIND_LR.
        request: for FIND_LR, JSON with `config` and `unfrozen`.
    """
    collect_garbage_rarely()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    warnings.filterwarnings("ignore", module=r"PIL\.", category=UserWarning)  # as the command line does
    project = Project(root)
    if run_id == FIND_LR:
        print(json.dumps(_find_lr(project, json.loads(request)), allow_nan=False))
    else:
        _train(project, Run(project.runs / run_id))


def _train(project: Project, run: Run) -> None:
    """Train a run. After its event `job`, `jobs.stop` may interrupt this process."""
    run.event("job", **this_process())
    with suppress(StoppedError, KeyboardInterrupt), run.working() as stop_if_asked:
        bearkit.Learner(project).execute_run(run, stop_if_asked)


def _find_lr(project: Project, request: dict[str, Any]) -> dict[str, Any]:
    try:
        config = request["config"]
        learn = bearkit.Learner(project, **vars(TrainConfig.from_dict(config | {"start": ""})))
        if config["start"] or request["unfrozen"]:
            learn.start_from(config["start"] or None)
        if request["unfrozen"]:
            learn.unfreeze(config["unfreeze_groups"])
        return learn.lr_find().as_dict() | {"plot": str(learn.lr_plot)}
    except BearkitError as error:
        return error.as_dict()


if __name__ == "__main__":
    main(*sys.argv[1:])
