"""Run a Gradio Space in a virtual environment of its own, and compare its predictions for the golden images."""

import os
import re
import shutil
import socket
import subprocess
import tempfile
import time
import venv
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

import numpy as np
from gradio_client import Client, handle_file
from PIL import Image

from bearkit.core.parallel import Progress
from bearkit.core.proxies import usable_proxies
from bearkit.inference import model_folder
from bearkit.inference.predictor import softmax

INSTALL_SECONDS = 900
START_SECONDS = 120  # limit for the start of a Space here; the Hub waits 30 minutes
PROBABILITY_TOLERANCE = 0.01
LINES = 8  # of a log that are shown if no root cause is found in it
ERROR = re.compile(r"^(ERROR: .*|\w*(\.\w+)*(Error|Exception|Exit|Interrupt)(: .*)?)$")


@dataclass
class SandboxResult:
    """The result of running a Space. A value is None if the Space did not get so far.

    Attributes:
        problems: each with its root cause.
        start_seconds: from `python app.py` to the first prediction.
        memory_mb: the app's peak memory by then, in MB.
        install_mb: the size of the virtual environment, in MB.
    """

    problems: list[str] = field(default_factory=list)
    start_seconds: float | None = None
    memory_mb: float | None = None
    install_mb: float | None = None


def run_in_sandbox(folder: Path, front: dict[str, Any], progress: Progress) -> SandboxResult:
    """Install a Gradio Space, start it, and compare its predictions for the golden images.

    Args:
        folder: the Space; the app runs in a copy of it.
        front: its front matter.
        progress: called at each step.
    """
    result = SandboxResult()
    with tempfile.TemporaryDirectory(prefix="bearkit-preflight-") as scratch:
        environment, app = Path(scratch) / "venv", Path(scratch) / "app"
        shutil.copytree(folder, app)  # the app may write into its folder
        progress("preflight: installing", 0, 3)
        if problem := _install(environment, app, front, progress):
            result.problems.append(problem)
            return result
        result.install_mb = round(sum(path.lstat().st_size for path in environment.rglob("*") if path.is_file()) / 1e6)
        progress("preflight: starting", 1, 3)
        with _running(environment, app, str(front.get("app_file", "app.py"))) as running, usable_proxies():
            result.problems += _check_predictions(running, app / "model", result, progress)
        progress("preflight: done", 3, 3)
    return result


def _install(environment: Path, app: Path, front: dict[str, Any], progress: Progress) -> str:
    """Install the Space's requirements into a new virtual environment, and return the problem; "" if none."""
    try:
        venv.create(environment, with_pip=True, symlinks=os.name == "posix")
    except subprocess.CalledProcessError as error:
        cause = root_cause(str(error.output or error))
        return f"a virtual environment cannot be created (on Debian: apt install python3-venv): {cause}"
    arguments = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", f"gradio=={front['sdk_version']}"]
    if (app / "requirements.txt").is_file():
        arguments += ["-r", str(app / "requirements.txt")]
    log = app.parent / "pip.log"
    with log.open("w") as out, _process([_python(environment), *arguments], app.parent, out, _variables()) as pip:
        deadline = time.monotonic() + INSTALL_SECONDS
        while pip.poll() is None:
            progress("preflight: installing", 0, 3)
            if time.monotonic() > deadline:
                return f"the requirements were not installed in {INSTALL_SECONDS} s"
            time.sleep(0.1)
    text = log.read_text(encoding="utf-8", errors="replace")
    return f"the requirements cannot be installed: {root_cause(text)}" if pip.returncode else ""


@contextmanager
def _process(
    arguments: list[str], cwd: Path, out: TextIO, variables: dict[str, str]
) -> Iterator["subprocess.Popen[str]"]:
    """Run a process, and end it when the `with` block ends."""
    process = subprocess.Popen(arguments, cwd=cwd, env=variables, stdout=out, stderr=subprocess.STDOUT, text=True)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
        process.wait()


def _python(environment: Path) -> str:
    """Return the path of the environment's Python."""
    return str(environment / ("Scripts/python.exe" if os.name == "nt" else "bin/python"))


def _variables(**more: str) -> dict[str, str]:
    """Return this process's environment variables without those that point to packages or tokens of this machine."""
    excluded = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "HF_TOKEN", "SPACE_ID")
    inherited = {
        key: value for key, value in os.environ.items() if key not in excluded and not key.startswith("GRADIO_")
    }
    return inherited | more


@dataclass
class _RunningApp:
    """A Space's app that runs here; `started` is a time of `time.monotonic`."""

    process: "subprocess.Popen[str]"
    port: int
    log: Path
    started: float

    def output(self) -> str:
        """Return what the app has printed."""
        return self.log.read_text(encoding="utf-8", errors="replace")


@contextmanager
def _running(environment: Path, app: Path, app_file: str) -> Iterator[_RunningApp]:
    """Run the Space's app, as `python app.py`, in its environment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = app.parent / "log"
    gradio = {"GRADIO_SERVER_PORT": str(port), "GRADIO_SERVER_NAME": "127.0.0.1", "GRADIO_ANALYTICS_ENABLED": "False"}
    with log.open("w") as out, _process([_python(environment), app_file], app, out, _variables(**gradio)) as process:
        yield _RunningApp(process, port, log, time.monotonic())


def _check_predictions(running: _RunningApp, model: Path, result: SandboxResult, progress: Progress) -> Iterator[str]:
    """Compare the app's predictions for the golden images with those of the export, and yield the problems.

    The first prediction sets `start_seconds` and `memory_mb` of the result.
    """
    while not _is_listening(running.port):
        progress("preflight: starting", 1, 3)
        if running.process.poll() is not None:
            yield f"app.py ended (code {running.process.returncode}): {root_cause(running.output())}"
            return
        if time.monotonic() - running.started > START_SECONDS:
            yield f"app.py did not answer in {START_SECONDS} s: {root_cause(running.output())}"
            return
        time.sleep(0.05)
    config, golden = model_folder.read_config(model), model_folder.read_golden(model)
    try:
        client = Client(f"http://127.0.0.1:{running.port}", verbose=False)
        for number, (image, logits) in enumerate(zip(golden["pictures"], golden["logits"], strict=True)):
            path = running.log.with_name(f"golden-{number}.png")
            Image.fromarray(image).save(path)
            answer = client.submit(handle_file(str(path)), api_name="/predict").result(timeout=START_SECONDS)
            if result.start_seconds is None:
                result.start_seconds = round(time.monotonic() - running.started, 2)
                result.memory_mb = _memory_mb(running.process.pid)
            yield from _difference(number, answer, config.vocab, logits)
    except Exception as error:  # the client raises what the app sent; the log has the reason
        cause = root_cause(running.output() or str(error))
        yield f"the app cannot predict a golden picture ({type(error).__name__}): {cause}"


def _difference(number: int, answer: Sequence[Any], vocab: Sequence[str], logits: np.ndarray) -> Iterator[str]:
    """Yield a problem if the app's probabilities differ from those of the export.

    Args:
        number: of the golden image.
        answer: what the app sent.
        vocab: the labels.
        logits: of the export, float (n_labels,).
    """
    probs = {row["label"]: row["confidence"] for row in answer[1]["confidences"]}
    expected = dict(zip(vocab, softmax(logits[None])[0].tolist(), strict=True))
    off = max(abs(expected[label] - probability) for label, probability in probs.items())
    if off > PROBABILITY_TOLERANCE:
        yield f"golden picture {number}: probabilities differ by up to {off:.2f} from those of the export"


def _is_listening(port: int) -> bool:
    """Return whether a server listens on a port of this machine."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _memory_mb(pid: int) -> float | None:
    """Return the peak memory of a process in MB; None on systems other than Linux."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return None
    peak = re.search(r"VmHWM:\s+(\d+) kB", status)
    return round(int(peak.group(1)) / 1000, 1) if peak else None


def root_cause(log: str) -> str:
    r"""Return the line of a log that names the cause: pip's errors or else the last error; without one, its end.

    >>> root_cause("Traceback (most recent call last):\n  File x\nModuleNotFoundError: No module named 'torch'\n")
    "ModuleNotFoundError: No module named 'torch'"
    """
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    errors = [line for line in lines if ERROR.match(line)]
    if not errors:
        return " / ".join(lines[-LINES:]) or "nothing was printed"
    pip_errors = [line for line in errors if line.startswith("ERROR: ")]
    return " ".join(dict.fromkeys(pip_errors[:2])) if pip_errors else errors[-1]
