"""A training in a process of its own, which outlives the page, and the studio, that started it."""

import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress

from bearkit.learner import Learner, create_run
from bearkit.project import Project
from bearkit.runs import Run
from bearkit.training.config import TrainConfig


def start(project: Project, config: TrainConfig) -> Run:
    """Create a run and start a process that carries it out; follow it through the run's events.

    Raises:
        DatasetError: the pictures cannot be trained on.
    """
    run = create_run(project, config)
    with (run.folder / "output.log").open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "bearkit.jobs", str(project.root), run.id],
            stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
    threading.Thread(target=process.wait, daemon=True).start()  # so that it leaves no zombie
    return run


def stop(run: Run) -> None:
    """Ask a running training to stop; it writes down that it was stopped."""
    run.event("stop")  # a process that only starts reads it
    pids = [event["pid"] for event in run.events() if event["event"] == "started"]
    if pids and run.state == "running":
        with suppress(ProcessLookupError):
            os.kill(pids[-1], signal.SIGTERM)


def main(root: str, run_id: str) -> None:
    """Carry out a run that was created; what a job process does."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    project = Project(root)
    Learner(project).fit(Run(project.runs / run_id))


if __name__ == "__main__":
    main(*sys.argv[1:])
