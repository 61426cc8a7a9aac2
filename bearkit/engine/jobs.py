"""A training in a process of its own, which outlives the page, and the studio, that started it."""

import json
import os
import subprocess
import sys
import threading
from typing import Any

from bearkit.core import processes
from bearkit.core.project import Project, no_link
from bearkit.engine.worker import FIND_LR
from bearkit.errors import BearkitError
from bearkit.runs import Run
from bearkit.training.config import TrainConfig
from bearkit.training.warm_start import create_run

# torch's threads wait for each other without keeping the processor busy: a browser beside them no longer makes a
# training several times slower, which is worth the 6 % that it costs alone
ENVIRONMENT = {"OMP_WAIT_POLICY": "PASSIVE"}
LAST_LINES = 500  # characters of what a process said before it died


def start(project: Project, config: TrainConfig) -> Run:
    """Create a run and start a process that carries it out; follow it through the run's events.

    Raises:
        DatasetError: the pictures cannot be trained on; BodyError, RunError: see `create_run`.
    """
    run, _ = create_run(project, config)
    _launch(project, run)
    return run


def resume(project: Project, run: Run) -> None:
    """Go on with a run that was stopped, failed or was cut off, from its last epoch, in a process of its own."""
    run.event("resume")
    _launch(project, run)


def _launch(project: Project, run: Run) -> None:
    log = no_link(run.folder / "output.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    with os.fdopen(log, "a") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "bearkit.engine.worker", str(project.root), run.id],
            stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, start_new_session=True,
            env=os.environ | ENVIRONMENT,
        )  # fmt: skip
    threading.Thread(target=_wait, args=(process, run, _taken_up(run)), daemon=True).start()


def _taken_up(run: Run) -> int:
    return sum(event["event"] == "resume" for event in run.events())


def _wait(process: "subprocess.Popen[bytes]", run: Run, taken_up: int) -> None:
    """Leave no zombie, and write down what a process died of that could not say so itself."""
    code = process.wait()
    if run.state in ("finished", "failed", "stopped") or _taken_up(run) > taken_up:
        return
    said = (run.folder / "output.log").read_text(errors="replace").strip()[-LAST_LINES:]
    if code == -9:
        why = "its process was killed, which the system does when memory runs out"
    else:
        why = f"its process ended with {code}" + (f": {said.splitlines()[-1]}" if said else "")
    run.event("died", error=why, hint=f"go on from its last epoch: `bearkit train --resume --run {run.id}`")


def find_lr(project: Project, config: TrainConfig, unfrozen: bool) -> dict[str, Any]:
    """Run the LR finder in a process of its own and wait for it: a curve's `as_dict()`, and "plot".

    Raises:
        BearkitError: what went wrong there.
    """
    asked = json.dumps({"config": config.as_dict(), "unfrozen": unfrozen})
    command = [sys.executable, "-m", "bearkit.engine.worker", str(project.root), FIND_LR, asked]
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
    """Ask a training to stop; it writes down that it was stopped.

    Whoever trains looks for it at each step. A process that we started for it is interrupted as well, which is quicker;
    no other one: it may be somebody's notebook, or another machine's.
    """
    run.event("stop")
    jobs = [event for event in run.events() if event["event"] in ("job", "resume")]
    if jobs and jobs[-1]["event"] == "job" and run.state in ("running", "waiting"):
        processes.interrupt(jobs[-1])
