"""A training in a process of its own, which outlives the page, and the studio, that started it."""

import json
import os
import signal
import subprocess
import sys
import threading
import warnings
from contextlib import suppress
from typing import Any

from bearkit.errors import BearkitError
from bearkit.learner import Learner
from bearkit.project import Project
from bearkit.runs import Run
from bearkit.stages import create_run
from bearkit.training.config import TrainConfig

# torch's threads wait for each other without keeping the processor busy: a browser beside them no longer makes a
# training several times slower, which is worth the 6 % that it costs alone
ENVIRONMENT = {"OMP_WAIT_POLICY": "PASSIVE"}
FIND_LR = "find-lr"
LAST_LINES = 500  # characters of what a process said before it died


def start(project: Project, config: TrainConfig) -> Run:
    """Create a run and start a process that carries it out; follow it through the run's events.

    Raises:
        DatasetError: the pictures cannot be trained on; BodyError, RunError: see `create_run`.
    """
    run = create_run(project, config)
    _launch(project, run)
    return run


def resume(project: Project, run: Run) -> None:
    """Go on with a run that was stopped, failed or was cut off, from its last epoch, in a process of its own."""
    run.event("resume")
    _launch(project, run)


def _launch(project: Project, run: Run) -> None:
    with (run.folder / "output.log").open("a") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "bearkit.jobs", str(project.root), run.id],
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
    command = [sys.executable, "-m", "bearkit.jobs", str(project.root), FIND_LR, asked]
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


def _find_lr(project: Project, asked: dict[str, Any]) -> dict[str, Any]:
    """What the process of `find_lr` does."""
    try:
        config = asked["config"]
        learn = Learner(project, **vars(TrainConfig.from_dict(config | {"start": ""})))
        if config["start"] or asked["unfrozen"]:
            learn.start_from(config["start"] or None)
        if asked["unfrozen"]:
            learn.unfreeze(config["unfreeze_groups"])
        return learn.lr_find().as_dict() | {"plot": str(learn.lr_plot)}
    except BearkitError as error:
        return error.as_dict()


def stop(run: Run) -> None:
    """Ask a running training to stop; it writes down that it was stopped."""
    run.event("stop")  # a process that only starts, or waits, reads it
    pids = [event["pid"] for event in run.events() if event["event"] == "started"]
    if pids and run.state == "running":
        with suppress(ProcessLookupError):
            os.kill(pids[-1], signal.SIGTERM)


def main(root: str, run_id: str, asked: str = "") -> None:
    """What a process of its own does: carry out a run that was created, or find a learning rate."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    warnings.filterwarnings("ignore", module=r"PIL\.", category=UserWarning)  # as the command line does
    project = Project(root)
    if run_id == FIND_LR:
        print(json.dumps(_find_lr(project, json.loads(asked)), allow_nan=False))
    else:
        Learner(project).fit(Run(project.runs / run_id))


if __name__ == "__main__":
    main(*sys.argv[1:])
