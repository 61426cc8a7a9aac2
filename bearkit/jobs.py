"""A training in a process of its own, which outlives the page, and the studio, that started it."""

import json
import os
import signal
import subprocess
import sys
import threading
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
    threading.Thread(target=_wait, args=(process, run), daemon=True).start()


def _wait(process: "subprocess.Popen[bytes]", run: Run) -> None:
    """Leave no zombie, and write down what a process died of that could not say so itself."""
    code = process.wait()
    if run.state in ("finished", "failed", "stopped"):
        return
    said = (run.folder / "output.log").read_text(errors="replace").strip()[-LAST_LINES:]
    if code == -signal.SIGKILL:
        why = "its process was killed, which the system does when memory runs out"
    else:
        why = f"its process ended with {code}" + (f": {said.splitlines()[-1]}" if said else "")
    run.event("died", error=why, hint="go on from its last epoch: `bearkit train --resume`")


def find_lr(project: Project, config: TrainConfig, unfrozen: bool) -> dict[str, Any]:
    """Run the LR finder in a process of its own and wait for it: what `bearkit lr-find --json` prints.

    Raises:
        BearkitError: what that command says went wrong.
    """
    rates = ":".join(map(str, config.lr_unfrozen))
    command = [
        sys.executable, "-m", "bearkit", "lr-find", "--json", "-p", str(project.root), "--lr-unfrozen", rates,
        "--unfreeze-groups", str(config.unfreeze_groups), "--body", config.body, "--weights", config.weights,
        "--seed", str(config.seed), *(["--unfrozen"] if unfrozen else []),
        *(["--run", config.start] if config.start else []),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
    try:
        answer: dict[str, Any] = json.loads(done.stdout)
    except ValueError as error:
        raise BearkitError(f"the LR finder ended with {done.returncode}", done.stderr[-LAST_LINES:]) from error
    if "error" in answer:
        raise BearkitError(answer["error"], answer["hint"])
    return answer


def stop(run: Run) -> None:
    """Ask a running training to stop; it writes down that it was stopped."""
    run.event("stop")  # a process that only starts, or waits, reads it
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
