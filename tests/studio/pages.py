"""What the browser tests have in common: a studio in a process of its own, and what one does on its page."""

import json
import os
import subprocess
import sys

from bearkit import jobs, runs
from bearkit.runs import LIVE
from tests.conftest import ROOT

SECONDS = 60_000  # milliseconds that a step may take on a busy machine


class Studio:
    """A studio of a project in a process of its own."""

    def __init__(self, project, port=0):
        self.project = project
        command = [
            sys.executable,
            str(ROOT / "app.py"),
            str(project.root),
            "--no-browser",
            "--json",
            "--port",
            str(port),
        ]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.url = json.loads(self.process.stdout.readline())["url"]

    def end(self):
        """Stop it, and its trainings, which would outlive it."""
        for run in runs.every(self.project):
            if run.state in LIVE:
                jobs.stop(run)
        self.process.terminate()
        self.process.wait()
        self.process.stdout.close()


def is_outside(url):
    return not url.startswith(("http://127.0.0.1", "http://localhost", "data:", "blob:"))


def shoot(page, name):
    """Keep a screenshot where BEARKIT_SCREENSHOTS says."""
    if folder := os.environ.get("BEARKIT_SCREENSHOTS"):
        page.screenshot(path=f"{folder}/{name}.png", full_page=True)


def import_folder(page, folder):
    page.get_by_label("Folder or zip on this machine").fill(str(folder))
    page.get_by_role("button", name="Import", exact=True).click()
