"""Start, resume and stop a training in a separate process, which continues after the page or the studio is closed."""

import json
import os
import subprocess
import sys
import threading
from typing import Any

from bearkit.core import processes
from bearkit.core.atomic import open_without_links
from bearkit.core.project import Project
from bearkit.engine.worker import FIND_LR
from bearkit.errors import BearkitError
from bearkit.runs import Run
from bearkit.training.config import TrainConfig
from bearkit.training.warm_start import create_run

# makes torch's threads sleep while they wait for each other: without it, a browser on the same machine makes a training
# several times slower; with it, a training alone is 6 % slower
ENVIRONMENT = {"OMP_WAIT_POLICY": "PASSIVE"}
LAST_LINES = 500  # characters of a dead process's output


def start(project: Project, config: TrainConfig) -> Run:
    """Create a run, and start a process that trains it. The run's events show its progress.

    Raises:
        DatasetError: the images cannot be trained on.
        BodyError: the body or its weights are not here.
        RunError: there is no such stage to start from.
    """
    run, _ = create_run(project, config)
    _launch(project, run)
    return run


def resume(project: Project, run: Run) -> None:
    """Resume a run that was stopped, failed or was interrupted, after its last saved epoch, in a process of its own."""
    run.event("resume")
    _launch(project, run)


def _launch(project: Project, run: Run) -> None:
    log = open_without_links(run.folder / "output.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    with os.fdopen(log, "a") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "bearkit.engine.worker", str(project.root), run.id],
            stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, start_new_session=True,
            env=os.environ | ENVIRONMENT,
        )  # fmt: skip
    threading.Thread(target=_wait, args=(process, run, _n_resumes(run)), daemon=True).start()


def _n_resumes(run: Run) -> int:
    return sum(event["event"] == "resume" for event in run.events())


def _wait(process: "subprocess.Popen[bytes]", run: Run, n_resumes: int) -> None:
    """Wait for a process, so that it leaves no zombie. If it died, write the cause as an event of its run."""
    code = process.wait()
    if run.state in ("finished", "failed", "stopped") or _n_resumes(run) > n_resumes:
        return
    output = (run.folder / "output.log").read_text(errors="replace").strip()[-LAST_LINES:]
    if code == -9:
        why = "its process was killed; the system does that when memory runs out"
    else:
        why = f"its process ended with {code}" + (f": {output.splitlines()[-1]}" if output else "")
    run.event("died", error=why, hint=f"go on from its last epoch: `bearkit train --resume --run {run.id}`")


def find_lr(project: Project, config: TrainConfig, unfrozen: bool) -> dict[str, Any]:
    """Run the LR finder in a process of its own, and wait for it.

    Args:
        project: the project with the images.
        config: what the next training begins with.
        unfrozen: whether the body learns too.

    Returns:
        `LRCurve.as_dict()`, and `plot`, the file of a drawing.

    Raises:
        BearkitError: the LR finder failed, or its process ended without an answer.
    """
    request = json.dumps({"config": config.as_dict(), "unfrozen": unfrozen})
    command = [sys.executable, "-m", "bearkit.engine.worker", str(project.root), FIND_LR, request]
    done = subprocess.run(
        command, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False, env=os.environ | ENVIRONMENT
    )
    try:
        answer: dict[str, Any] = json.loads(done.stdout)
    except ValueError as error:
        raise BearkitError(f"the LR finder ended with {done.returncode}", done.stderr[-LAST_LINES:]) from error
    if "error" in answer:
        raise BearkitError(answer["error"], answer["hint"])
    return answer


def stop(run: Run) -> None:
    """Ask a training to stop. It checks for this event at each step, and then writes the event `stopped`.

    A process that bearkit started for it is also interrupted, which is faster. A process that bearkit did not start is
    not: it may be a notebook, or run on another machine.
    """
    run.event("stop")
    jobs = [event for event in run.events() if event["event"] in ("job", "resume")]
    if jobs and jobs[-1]["event"] == "job" and run.state in ("running", "waiting"):
        processes.interrupt(jobs[-1])
