"""A Gradio Space tried out: installed into an environment of its own, started, and asked about the golden pictures."""

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
from bearkit.core.proxies import without_unusable
from bearkit.inference import model_folder
from bearkit.inference.predictor import softmax

INSTALL_SECONDS = 900
START_SECONDS = 120  # as long as a Space may take here; the Hub waits 30 minutes
PROBABILITY_TOLERANCE = 0.01
LINES = 8  # of a log, where no root cause is found in it
ERROR = re.compile(r"^(ERROR: .*|\w*(\.\w+)*(Error|Exception|Exit|Interrupt)(: .*)?)$")


@dataclass
class SandboxResult:
    """What came of it.

    Attributes:
        problems: each with its root cause, in words.
        start_seconds: from `python app.py` to the first prediction; None where it did not come so far, as below.
        memory_mb: what the app had taken at the most then.
        install_mb: the environment on the disk.
    """

    problems: list[str] = field(default_factory=list)
    start_seconds: float | None = None
    memory_mb: float | None = None
    install_mb: float | None = None


def tried(folder: Path, front: dict[str, Any], progress: Progress) -> SandboxResult:
    """Install a Gradio Space's folder, start it, and ask it about the golden pictures.

    Args:
        folder: the Space; it is copied, and stays as it is.
        front: its front matter.
        progress: told of each step.
    """
    found = SandboxResult()
    with tempfile.TemporaryDirectory(prefix="bearkit-preflight-") as scratch:
        place, app = Path(scratch) / "venv", Path(scratch) / "app"
        shutil.copytree(folder, app)  # as a clean checkout, that may write beside itself
        progress("preflight: installing", 0, 3)
        if problem := _install(place, app, front, progress):
            found.problems.append(problem)
            return found
        found.install_mb = round(sum(path.lstat().st_size for path in place.rglob("*") if path.is_file()) / 1e6)
        progress("preflight: starting", 1, 3)
        with _running(place, app, str(front.get("app_file", "app.py"))) as running, without_unusable():
            found.problems += _ask(running, app / "model", found, progress)
        progress("preflight: done", 3, 3)
    return found


def _install(place: Path, app: Path, front: dict[str, Any], progress: Progress) -> str:
    """Make an environment as the Hub does; what failed."""
    try:
        venv.create(place, with_pip=True, symlinks=os.name == "posix")
    except subprocess.CalledProcessError as error:
        said = root_cause(str(error.output or error))
        return f"no environment can be made here (on Debian: apt install python3-venv): {said}"
    words = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", f"gradio=={front['sdk_version']}"]
    if (app / "requirements.txt").is_file():
        words += ["-r", str(app / "requirements.txt")]
    log = app.parent / "pip.log"
    with log.open("w") as out, _process([_python(place), *words], app.parent, out, _environment()) as pip:
        ends = time.monotonic() + INSTALL_SECONDS
        while pip.poll() is None:
            progress("preflight: installing", 0, 3)
            if time.monotonic() > ends:
                return f"its requirements were not installed in {INSTALL_SECONDS} s"
            time.sleep(0.1)
    said = log.read_text(encoding="utf-8", errors="replace")
    return f"its requirements cannot be installed: {root_cause(said)}" if pip.returncode else ""


@contextmanager
def _process(
    words: list[str], cwd: Path, out: TextIO, environment: dict[str, str]
) -> Iterator["subprocess.Popen[str]"]:
    """A process that is gone at the end, whatever happens."""
    process = subprocess.Popen(words, cwd=cwd, env=environment, stdout=out, stderr=subprocess.STDOUT, text=True)
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


def _python(place: Path) -> str:
    return str(place / ("Scripts/python.exe" if os.name == "nt" else "bin/python"))


def _environment(**more: str) -> dict[str, str]:
    """This process's, without what would let the Space use packages, projects or tokens of this machine."""
    ours = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "HF_TOKEN", "SPACE_ID")
    kept = {key: value for key, value in os.environ.items() if key not in ours and not key.startswith("GRADIO_")}
    return kept | more


@dataclass
class _Running:
    process: "subprocess.Popen[str]"
    port: int
    log: Path
    began: float

    def said(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")


@contextmanager
def _running(place: Path, app: Path, start: str) -> Iterator[_Running]:
    """The Space's app, as `python app.py` in its own environment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = app.parent / "log"
    ours = {"GRADIO_SERVER_PORT": str(port), "GRADIO_SERVER_NAME": "127.0.0.1", "GRADIO_ANALYTICS_ENABLED": "False"}
    with log.open("w") as out, _process([_python(place), start], app, out, _environment(**ours)) as process:
        yield _Running(process, port, log, time.monotonic())


def _ask(running: _Running, model: Path, found: SandboxResult, progress: Progress) -> Iterator[str]:
    """Ask the app about the golden pictures; what is wrong."""
    while not _answers(running.port):
        progress("preflight: starting", 1, 3)
        if running.process.poll() is not None:
            yield f"app.py ended (code {running.process.returncode}): {root_cause(running.said())}"
            return
        if time.monotonic() - running.began > START_SECONDS:
            yield f"app.py did not answer in {START_SECONDS} s: {root_cause(running.said())}"
            return
        time.sleep(0.05)
    config, golden = model_folder.read_config(model), model_folder.read_golden(model)
    try:
        client = Client(f"http://127.0.0.1:{running.port}", verbose=False)
        for number, (picture, logits) in enumerate(zip(golden["pictures"], golden["logits"], strict=True)):
            path = running.log.with_name(f"golden-{number}.png")
            Image.fromarray(picture).save(path)
            answer = client.submit(handle_file(str(path)), api_name="/predict").result(timeout=START_SECONDS)
            if found.start_seconds is None:
                found.start_seconds = round(time.monotonic() - running.began, 2)
                found.memory_mb = _memory_mb(running.process.pid)
            yield from _compared(number, answer, config.vocab, logits)
    except Exception as error:  # the client raises whatever the app sent; the log knows more
        yield f"the app answers no golden picture ({type(error).__name__}): {root_cause(running.said() or str(error))}"


def _compared(number: int, answer: Sequence[Any], vocab: Sequence[str], logits: np.ndarray) -> Iterator[str]:
    said = {row["label"]: row["confidence"] for row in answer[1]["confidences"]}
    expected = dict(zip(vocab, softmax(logits[None])[0].tolist(), strict=True))
    off = max(abs(expected[label] - probability) for label, probability in said.items())
    if off > PROBABILITY_TOLERANCE:
        yield f"golden picture {number}: probabilities are off by up to {off:.2f} from those of the export"


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _memory_mb(pid: int) -> float | None:
    """What a process took at the most, in MB; None where the system does not tell (it does on Linux)."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return None
    peak = re.search(r"VmHWM:\s+(\d+) kB", status)
    return round(int(peak.group(1)) / 1000, 1) if peak else None


def root_cause(log: str) -> str:
    r"""The line of a log that says why: the last error in it, with what pip says of it; else its end.

    >>> root_cause("Traceback (most recent call last):\n  File x\nModuleNotFoundError: No module named 'torch'\n")
    "ModuleNotFoundError: No module named 'torch'"
    """
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    errors = [line for line in lines if ERROR.match(line)]
    if not errors:
        return " / ".join(lines[-LINES:]) or "it said nothing"
    pips = [line for line in errors if line.startswith("ERROR: ")]
    return " ".join(dict.fromkeys(pips[:2])) if pips else errors[-1]
