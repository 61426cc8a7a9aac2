"""Processes of bearkit's own for tests, forked from one that has imported everything: each starts in no time."""

import asyncio
import io
import json
import multiprocessing
import os
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import chdir, redirect_stderr, redirect_stdout
from pathlib import Path

import requests

from bearkit.cli import main

forks = multiprocessing.get_context("forkserver")
forks.set_forkserver_preload(["tests.preloaded"])


def process(argv, out, err, cwd=None):
    """Begin `bearkit ...` in a process of its own; what it prints goes to two files."""
    arguments = ([str(word) for word in argv], str(out), str(err), str(cwd or Path.cwd()), dict(os.environ))
    begun = forks.Process(target=_run, args=arguments)
    begun.start()
    return begun


def bearkit(*argv, cwd=None):
    """Run a command in a process of its own: its exit code, its object (or text), and what went to stderr."""
    with tempfile.TemporaryDirectory() as folder:
        out, err = Path(folder) / "out", Path(folder) / "err"
        running = process(argv, out, err, cwd)
        running.join()
        text = out.read_text()
        return running.exitcode, json.loads(text) if "--json" in argv and text else text, err.read_text()


class Served:
    """`bearkit serve` of a model in a process of its own."""

    def __init__(self, model, *more):
        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder) / "out"
            self.process = process(("serve", model, "--json", "--port", "0", *more), out, Path(folder) / "err")
            while not (out.exists() and out.read_text().endswith("\n")) and self.process.is_alive():
                time.sleep(0.02)
            self.url = json.loads(out.read_text())["url"].rstrip("/")

    def end(self):
        self.process.terminate()
        self.process.join(20)
        self.process.kill()

    def post(self, **options):
        reply = requests.post(f"{self.url}/api/predict", timeout=60, **options)
        return reply.status_code, reply.json()


def wait_until(run, state):
    while run.state != state:
        assert run.state not in {"finished", "failed", "damaged"} - {state}
        time.sleep(0.02)


def here(*argv, cwd=None):
    """The same in this process, which is cheaper: where it is not about processes."""
    out, err, before = io.StringIO(), io.StringIO(), sys.argv
    sys.argv = ["bearkit", *map(str, argv)]
    try:
        with chdir(cwd or Path.cwd()), redirect_stdout(out), redirect_stderr(err):
            main()
        code = 0
    except SystemExit as ended:
        code = ended.code or 0
    finally:
        sys.argv = before
    text = out.getvalue()
    return code, json.loads(text) if "--json" in argv and text else text, err.getvalue()


def _run(argv, out, err, cwd, environ):
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(environ)
    for number, path in ((1, out), (2, err)):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), number)
    sys.argv = ["bearkit", *argv]
    main()


def run_async(coroutine):
    """Run a coroutine in a thread of its own: where browser tests ran before, this thread has a loop already."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, coroutine).result()
